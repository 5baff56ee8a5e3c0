"""A volume's life from claim to removal, told by what users see of it."""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of
from k8slab.components import Delete
from tests.scheduler.cluster import node, pod
from tests.volumes.play import Play, claim, storage_class, volume, with_claim

READY = {"type": "Ready", "status": "True"}
DEFAULT = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}


def ready(name: str, **fields: object) -> Obj:
    obj = node(name, **fields)
    obj["status"]["conditions"] = [READY]
    return obj


def uid(play: Play, kind: str, name: str, namespace: str = "default") -> str:
    obj = play.get(kind, (namespace, name))
    assert obj is not None
    text: str = obj["metadata"]["uid"]
    return text


def test_immediate_claim_gets_a_volume_of_its_own() -> None:
    play = Play([storage_class("standard", metadata=DEFAULT), claim("data", "5Gi")])
    play.run_for(5)

    made = f"pvc-{uid(play, 'PersistentVolumeClaim', 'data')}"
    stored = play.get("PersistentVolumeClaim", ("default", "data"))
    assert stored is not None
    assert stored["spec"]["storageClassName"] == "standard"
    assert stored["spec"]["volumeName"] == made
    assert annotations_of(stored) == {
        "pv.kubernetes.io/bind-completed": "yes",
        "pv.kubernetes.io/bound-by-controller": "yes",
        "volume.beta.kubernetes.io/storage-provisioner": "csi.example.com",
        "volume.kubernetes.io/storage-provisioner": "csi.example.com",
    }
    assert stored["status"] == {
        "phase": "Bound",
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "5Gi"},
    }
    assert play.events("data") == [
        "ExternalProvisioning: Waiting for a volume to be created either by the external provisioner "
        "'csi.example.com' or manually by the system administrator. If volume creation is delayed, please "
        "verify that the provisioner is running and correctly registered.",
        'Provisioning: External provisioner is provisioning volume for claim "default/data"',
        f"ProvisioningSucceeded: Successfully provisioned volume {made}",
    ]
    pv = play.get("PersistentVolume", ("", made))
    assert pv is not None
    assert pv["status"]["phase"] == "Bound"
    assert pv["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"] == "csi.example.com"
    assert sorted(pv["metadata"]["finalizers"]) == [
        "external-provisioner.volume.kubernetes.io/finalizer",
        "kubernetes.io/pv-protection",
    ]
    disk = play.get("Disk", ("", made))
    assert disk is not None and disk["spec"] == {"files": {}}


def test_deleted_claim_takes_its_volume_and_its_files_along() -> None:
    play = Play([storage_class("standard"), claim("data", storageClass="standard")])
    play.run_for(5)
    made = f"pvc-{uid(play, 'PersistentVolumeClaim', 'data')}"
    play.act(Delete("PersistentVolumeClaim", ("default", "data")))
    play.run_for(0.1)
    assert play.phase("PersistentVolumeClaim", ("default", "data")) == "gone"
    assert play.phase("PersistentVolume", ("", made)) == "Released"
    play.run_for(5)
    assert play.phase("PersistentVolume", ("", made)) == "gone"
    assert play.get("Disk", ("", made)) is None


def test_retained_volume_stays_released_until_somebody_clears_it() -> None:
    play = Play([volume("disk", storageClassName="manual"), claim("data", storageClass="manual")])
    play.run_for(16)
    assert play.phase("PersistentVolumeClaim", ("default", "data")) == "Bound"
    play.act(Delete("PersistentVolumeClaim", ("default", "data")))
    play.run_for(1)
    assert play.phase("PersistentVolume", ("", "disk")) == "Released"
    play.add(claim("data", storageClass="manual"))
    play.run_for(20)
    assert play.phase("PersistentVolumeClaim", ("default", "data")) == "Pending"
    play.change("PersistentVolume", ("", "disk"), "spec", "claimRef", None)
    play.run_for(20)
    assert play.phase("PersistentVolumeClaim", ("default", "data")) == "Bound"


def test_first_consumer_decides_where_the_volume_is_made() -> None:
    zones = {f"n{i}": f"z{i}" for i in range(3)}
    nodes = [ready(name, labels={"topology.kubernetes.io/zone": zone}) for name, zone in zones.items()]
    play = Play([storage_class("late", "WaitForFirstConsumer"), claim("data", storageClass="late"), *nodes])
    play.run_for(1)
    assert play.phase("PersistentVolumeClaim", ("default", "data")) == "Pending"
    assert play.events("data") == [
        "WaitForFirstConsumer: waiting for first consumer to be created before binding"
    ]
    play.add(pod("web", volumes=with_claim("data")))
    play.run_for(10)

    web = play.get("Pod", ("default", "web"))
    stored = play.get("PersistentVolumeClaim", ("default", "data"))
    assert web is not None and stored is not None
    chosen = web["spec"]["nodeName"]
    assert annotations_of(stored)["volume.kubernetes.io/selected-node"] == chosen
    assert stored["status"]["phase"] == "Bound"
    pv = play.get("PersistentVolume", ("", stored["spec"]["volumeName"]))
    assert pv is not None
    assert pv["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"] == [
        {
            "matchExpressions": [
                {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zones[chosen]]}
            ]
        }
    ]
    assert f"Scheduled: Successfully assigned default/web to {chosen}" in play.events("web")


def test_volume_on_one_node_holds_its_pod_there() -> None:
    play = Play(
        [
            storage_class("local", "WaitForFirstConsumer", "rancher.io/local-path"),
            claim("data", storageClass="local"),
            ready("n0"),
            ready("n1"),
            pod("web", volumes=with_claim("data")),
        ]
    )
    play.run_for(10)
    web = play.get("Pod", ("default", "web"))
    assert web is not None
    home = web["spec"]["nodeName"]
    play.remove("Pod", ("default", "web"))
    play.change("Node", ("", home), "spec", "unschedulable", True)
    play.add(pod("web", volumes=with_claim("data")))
    play.run_for(10)
    assert (
        "FailedScheduling: 0/2 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity, "
        "1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/2 nodes are available: 2 "
        "Preemption is not helpful for scheduling."
    ) in play.events("web")


def test_disk_is_attached_before_use_and_detached_after() -> None:
    play = Play(
        [
            storage_class("standard"),
            claim("data", storageClass="standard"),
            ready("n0"),
            pod("web", volumes=with_claim("data")),
        ]
    )
    play.run_for(10)
    made = f"pvc-{uid(play, 'PersistentVolumeClaim', 'data')}"
    (attachment,) = play.list("VolumeAttachment")
    assert attachment["spec"] == {
        "attacher": "csi.example.com",
        "nodeName": "n0",
        "source": {"persistentVolumeName": made},
    }
    assert attachment["status"] == {"attached": True}
    assert attachment["metadata"]["name"].startswith("csi-") and len(attachment["metadata"]["name"]) == 68
    n0 = play.get("Node", ("", "n0"))
    assert n0 is not None
    assert n0["status"]["volumesAttached"] == [
        {"name": f"kubernetes.io/csi/csi.example.com^{made}", "devicePath": ""}
    ]
    said = f'SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "{made}" '
    assert play.events("web")[-1] == said

    play.remove("Pod", ("default", "web"))
    play.run_for(5)
    assert not play.list("VolumeAttachment")
    n0 = play.get("Node", ("", "n0"))
    assert n0 is not None and not n0["status"].get("volumesAttached")


def _two_nodes_want_one_disk(**fields: object) -> tuple[Play, str]:
    play = Play(
        [
            storage_class("standard"),
            claim("data", storageClass="standard", **fields),
            ready("n0"),
            ready("n1"),
            pod("one", volumes=with_claim("data"), node="n0"),
        ]
    )
    play.run_for(10)
    play.add(pod("two", volumes=with_claim("data"), node="n1"))
    play.run_for(10)
    return play, f"pvc-{uid(play, 'PersistentVolumeClaim', 'data')}"


def test_second_node_must_wait_for_a_disk_of_one_node() -> None:
    play, made = _two_nodes_want_one_disk()
    assert play.events("two") == [
        f'FailedAttachVolume: Multi-Attach error for volume "{made}" Volume is already used by pod(s) one'
    ]
    play.remove("Pod", ("default", "one"))
    play.run_for(10)
    assert [one["spec"]["nodeName"] for one in play.list("VolumeAttachment")] == ["n1"]
    assert play.events("two")[-1] == (
        f'SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "{made}" '
    )


def test_shared_disk_is_attached_to_both_nodes() -> None:
    play, _ = _two_nodes_want_one_disk(accessModes=["ReadWriteMany"])
    assert [one["spec"]["nodeName"] for one in play.list("VolumeAttachment")] == ["n0", "n1"]


def test_lost_node_keeps_its_mounted_disk_for_six_minutes() -> None:
    play, made = _two_nodes_want_one_disk()
    play.change("Node", ("", "n0"), "status", "volumesInUse", [f"kubernetes.io/csi/csi.example.com^{made}"])
    play.change("Node", ("", "n0"), "status", "conditions", [{"type": "Ready", "status": "Unknown"}])
    play.remove("Pod", ("default", "one"))
    play.run_for(355)
    assert [one["spec"]["nodeName"] for one in play.list("VolumeAttachment")] == ["n0"]
    play.run_for(15)
    assert [one["spec"]["nodeName"] for one in play.list("VolumeAttachment")] == ["n1"]


def test_lost_node_that_had_unmounted_its_disk_gives_it_up_at_once() -> None:
    play, _ = _two_nodes_want_one_disk()
    play.change("Node", ("", "n0"), "status", "conditions", [{"type": "Ready", "status": "Unknown"}])
    play.remove("Pod", ("default", "one"))
    play.run_for(10)
    assert [one["spec"]["nodeName"] for one in play.list("VolumeAttachment")] == ["n1"]


def test_node_that_is_out_of_service_gives_its_disk_up_at_once() -> None:
    play, made = _two_nodes_want_one_disk()
    play.change("Node", ("", "n0"), "status", "volumesInUse", [f"kubernetes.io/csi/csi.example.com^{made}"])
    play.change("Node", ("", "n0"), "status", "conditions", [{"type": "Ready", "status": "Unknown"}])
    play.remove("Pod", ("default", "one"))
    play.run_for(30)
    taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
    play.change("Node", ("", "n0"), "spec", "taints", [taint])
    play.run_for(10)
    assert [one["spec"]["nodeName"] for one in play.list("VolumeAttachment")] == ["n1"]


def test_mounted_disk_is_not_detached_from_a_healthy_node() -> None:
    play, made = _two_nodes_want_one_disk()
    name = f"kubernetes.io/csi/csi.example.com^{made}"
    play.change("Node", ("", "n0"), "status", "volumesInUse", [name])
    play.remove("Pod", ("default", "one"))
    play.run_for(60)
    assert [one["spec"]["nodeName"] for one in play.list("VolumeAttachment")] == ["n0"]
    play.change("Node", ("", "n0"), "status", "volumesInUse", [])
    play.run_for(10)
    assert [one["spec"]["nodeName"] for one in play.list("VolumeAttachment")] == ["n1"]


def test_claim_in_use_is_kept_until_its_pod_is_gone() -> None:
    play = Play(
        [
            storage_class("standard"),
            claim("data", storageClass="standard"),
            ready("n0"),
            pod("web", volumes=with_claim("data")),
        ]
    )
    play.run_for(10)
    play.act(Delete("PersistentVolumeClaim", ("default", "data")))
    play.run_for(10)
    kept = play.get("PersistentVolumeClaim", ("default", "data"))
    assert kept is not None and kept["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    play.remove("Pod", ("default", "web"))
    play.run_for(10)
    assert play.phase("PersistentVolumeClaim", ("default", "data")) == "gone"
    assert not play.list("PersistentVolume")
    assert not play.list("VolumeAttachment")


def test_larger_request_grows_the_volume() -> None:
    play = Play([storage_class("standard"), claim("data", "1Gi", storageClass="standard")])
    play.run_for(5)
    play.change(
        "PersistentVolumeClaim", ("default", "data"), "spec", "resources", {"requests": {"storage": "3Gi"}}
    )
    play.run_for(0.5)
    growing = play.get("PersistentVolumeClaim", ("default", "data"))
    assert growing is not None and growing["status"]["conditions"][0]["type"] == "Resizing"
    play.run_for(5)
    grown = play.get("PersistentVolumeClaim", ("default", "data"))
    assert grown is not None
    assert grown["status"]["capacity"] == {"storage": "3Gi"}
    assert "conditions" not in grown["status"]
    (pv,) = play.list("PersistentVolume")
    assert pv["spec"]["capacity"] == {"storage": "3Gi"}
