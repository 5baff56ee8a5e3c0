"""The volume binder: cases of upstream's persistentvolume binder_test and index_test, under their numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from k8slab.api.meta import Obj, annotations_of, dig
from k8slab.components import Record
from k8slab.controllers.persistentvolume_binder import find_best_match, plan
from tests.scheduler.cluster import Cluster
from tests.volumes.play import claim, storage_class, volume

BOUND_BY = "pv.kubernetes.io/bound-by-controller"
COMPLETED = "pv.kubernetes.io/bind-completed"
BOTH = (BOUND_BY, COMPLETED)
LABELS = {"foo": "true", "bar": "false"}


def vol(
    name: str, size: str = "1Gi", uid: str = "", to: str = "", phase: str = "Available", **more: Any
) -> Obj:
    """A volume, bound to the claim `to` with this uid."""
    notes = dict.fromkeys(more.pop("notes", ()), "yes")
    metadata = {"annotations": notes, **more.pop("metadata", {})}
    if to or uid:
        more["claimRef"] = {"namespace": "default", "name": to, **({"uid": uid} if uid else {})}
    return volume(name, size, metadata=metadata, status={"phase": phase}, **more)


def pvc(
    size: str = "1Gi", to: str = "", phase: str = "Pending", notes: tuple[str, ...] = (), **more: Any
) -> Obj:
    """The claim `c` with uid `u`, bound to the volume `to`."""
    if to:
        more["volumeName"] = to
    annotations = {**dict.fromkeys(notes, "yes"), **more.pop("annotations", {})}
    metadata = {"uid": "u", "annotations": annotations}
    return claim("c", size, metadata=metadata, status={"phase": phase}, **more)


class Expected(NamedTuple):
    """What is stored afterwards: the claim, the volumes' phases and claims, and the reasons of Events."""

    phase: str
    to: str = ""
    notes: tuple[str, ...] = ()
    volumes: tuple[tuple[str, str, str], ...] = ()
    events: tuple[str, ...] = ()


BOUND_V = (("v", "Bound", "u"),)
FREE_V = (("v", "Available", ""),)

CLAIMS: list[tuple[str, list[Obj], Obj, Expected]] = [
    ("1-1 successful bind", [vol("v")], pvc(), Expected("Bound", "v", BOTH, BOUND_V)),
    ("1-2 noop", [vol("v")], pvc("10Gi"), Expected("Pending", volumes=FREE_V, events=("FailedBinding",))),
    ("1-3 reset to Pending", [vol("v")], pvc("10Gi", phase="Bound"),
     Expected("Pending", volumes=FREE_V, events=("FailedBinding",))),
    ("1-4 smallest volume", [vol("big", "10Gi"), vol("v")], pvc(),
     Expected("Bound", "v", BOTH, (("big", "Available", ""), *BOUND_V))),
    ("1-5 prebound volume by name", [vol("v", "10Gi", to="c"), vol("w")], pvc(),
     Expected("Bound", "v", BOTH, (*BOUND_V, ("w", "Available", "")))),
    ("1-6 prebound volume by uid", [vol("v", "10Gi", "u", "c"), vol("w")], pvc(),
     Expected("Bound", "v", BOTH, (*BOUND_V, ("w", "Available", "")))),
    ("1-7 prebound to a different claim", [vol("v", "10Gi", "other", "c")], pvc(),
     Expected("Pending", volumes=(("v", "Available", "other"),), events=("FailedBinding",))),
    ("1-8 after a crash: volume bound", [vol("v", uid="u", to="c", notes=(BOUND_BY,))], pvc(),
     Expected("Bound", "v", BOTH, BOUND_V)),
    ("1-9 after a crash: volume's status saved",
     [vol("v", uid="u", to="c", phase="Bound", notes=(BOUND_BY,))], pvc(),
     Expected("Bound", "v", BOTH, BOUND_V)),
    ("1-10 after a crash: claim bound", [vol("v", uid="u", to="c", phase="Bound", notes=(BOUND_BY,))],
     pvc(to="v", notes=BOTH), Expected("Bound", "v", BOTH, BOUND_V)),
    ("1-11 selector matches", [vol("v", metadata={"labels": LABELS})], pvc(selector={"matchLabels": LABELS}),
     Expected("Bound", "v", BOTH, BOUND_V)),
    ("1-12 selector doesn't match", [vol("v")], pvc(selector={"matchLabels": LABELS}),
     Expected("Pending", volumes=FREE_V, events=("FailedBinding",))),
    ("1-13 delayed binding", [vol("v", storageClassName="wait")], pvc(storageClass="wait"),
     Expected("Pending", volumes=FREE_V, events=("WaitForFirstConsumer",))),
    ("1-14 delayed binding, prebound volume", [vol("v", to="c", storageClassName="wait")],
     pvc(storageClass="wait"), Expected("Bound", "v", BOTH, BOUND_V)),
    ("1-15 prebound claim", [vol("v", "10Gi"), vol("w")], pvc(to="v"),
     Expected("Bound", "v", (COMPLETED,), (*BOUND_V, ("w", "Available", "")))),
    ("1-16 prebound claim, other access mode", [vol("v")], pvc(to="v", accessModes=["ReadWriteMany"]),
     Expected("Pending", "v", volumes=FREE_V, events=("VolumeMismatch",))),
    ("1-17 only available volumes", [vol("a", phase="Pending"), vol("b", phase="Failed"),
                                     vol("d", phase="Released"), vol("e", phase="")], pvc(),
     Expected("Pending", volumes=(("a", "Pending", ""), ("b", "Failed", ""), ("d", "Released", ""),
                                  ("e", "", "")), events=("FailedBinding",))),
    ("1-18 volume made for a chosen node", [vol("v", uid="u", to="c", storageClassName="wait")],
     pvc(storageClass="wait", annotations={"volume.kubernetes.io/selected-node": "n"}),
     Expected("Bound", "v", BOTH, BOUND_V)),
    ("2-1 prebound to a missing volume", [], pvc(to="v"), Expected("Pending", "v")),
    ("2-2 prebound to a missing volume: reset", [], pvc(to="v", phase="Bound"), Expected("Pending", "v")),
    ("2-3 prebound to an unbound volume", [vol("v")], pvc(to="v"),
     Expected("Bound", "v", (COMPLETED,), BOUND_V)),
    ("2-4 prebound to each other by name", [vol("v", to="c")], pvc(to="v"),
     Expected("Bound", "v", (COMPLETED,), BOUND_V)),
    ("2-5 prebound to each other by uid", [vol("v", uid="u", to="c")], pvc(to="v"),
     Expected("Bound", "v", (COMPLETED,), BOUND_V)),
    ("2-6 prebound to a volume of another claim", [vol("v", uid="x", to="other", phase="Bound")],
     pvc(to="v", phase="Bound"),
     Expected("Pending", "v", volumes=(("v", "Bound", "x"),), events=("FailedBinding",))),
    ("2-8 prebound, the selector doesn't matter", [vol("v")], pvc(to="v", selector={"matchLabels": LABELS}),
     Expected("Bound", "v", (COMPLETED,), BOUND_V)),
    ("2-9 prebound to a volume that is too small", [vol("v")], pvc("2Gi", to="v", phase="Bound"),
     Expected("Pending", "v", volumes=FREE_V, events=("VolumeMismatch",))),
    ("2-10 prebound to a volume of another class", [vol("v", storageClassName="gold")],
     pvc(to="v", phase="Bound"), Expected("Pending", "v", volumes=FREE_V, events=("VolumeMismatch",))),
    ("3-1 bound without a volume's name", [], pvc(phase="Bound", notes=BOTH),
     Expected("Lost", notes=BOTH, events=("ClaimLost",))),
    ("3-2 bound to a missing volume", [], pvc(to="v", phase="Bound", notes=BOTH),
     Expected("Lost", "v", BOTH, events=("ClaimLost",))),
    ("3-3 bound to an unbound volume", [vol("v")], pvc(to="v", notes=BOTH),
     Expected("Bound", "v", BOTH, BOUND_V)),
    ("3-4 bound, the volume is another claim's", [vol("v", uid="x", to="c")], pvc(to="v", notes=BOTH),
     Expected("Lost", "v", BOTH, (("v", "Available", "x"),), ("ClaimMisbound",))),
    ("3-5 bound to a bound volume", [vol("v", uid="u", to="c")], pvc(to="v", notes=(COMPLETED,)),
     Expected("Bound", "v", (COMPLETED,), BOUND_V)),
]  # fmt: skip


def reasons(cluster: Cluster) -> tuple[str, ...]:
    return tuple(action.reason for action in cluster.actions if isinstance(action, Record))


@pytest.mark.parametrize(
    ("volumes", "given", "expected"), [case[1:] for case in CLAIMS], ids=[case[0] for case in CLAIMS]
)
def test_sync_claim(volumes: list[Obj], given: Obj, expected: Expected) -> None:
    cluster = Cluster([storage_class("wait", "WaitForFirstConsumer"), *volumes, given])
    done = cluster.run(plan(cluster, ("default", "c"), cluster.now_us, None))
    assert not done.error
    stored = cluster.get("PersistentVolumeClaim", ("default", "c"))
    assert stored is not None
    notes = tuple(sorted(note for note in annotations_of(stored) if note.startswith("pv.")))
    found = tuple(
        (one["metadata"]["name"], dig(one, "status", "phase", default=""),
         dig(one, "spec", "claimRef", "uid", default=""))
        for one in cluster.list("PersistentVolume")
    )  # fmt: skip
    assert Expected(
        stored["status"]["phase"], stored["spec"].get("volumeName", ""), notes, found, reasons(cluster)
    ) == expected._replace(notes=tuple(sorted(expected.notes)))


def test_claim_of_the_controller_on_another_claims_volume_is_an_error() -> None:
    """Case 2-7."""
    given = pvc(to="v", phase="Bound", notes=(BOUND_BY,))
    cluster = Cluster([vol("v", uid="x", to="other", phase="Bound"), given])
    done = cluster.run(plan(cluster, ("default", "c"), cluster.now_us, None))
    assert done.error == (
        'invalid binding of claim "default/c" to volume "v": volume already claimed by "default/other"'
    )


VOLUMES: list[tuple[str, Obj, Obj | None, str, str | None, tuple[str, ...]]] = [
    ("4-1 pending volume", vol("v"), None, "Available", None, ()),
    ("4-2 pending prebound volume", vol("v", to="c"), None, "Available", "c", ()),
    ("4-3 volume bound to a missing claim: Retain", vol("v", uid="x", to="gone", phase="Bound"), None,
     "Released", "gone", ()),
    ("4-4 volume bound to a new claim of that name", vol("v", uid="x", to="c", phase="Bound"), pvc(),
     "Released", "c", ()),
    ("4-5 volume bound to an unbound claim", vol("v", uid="u", to="c"), pvc(), "Available", "c", ()),
    ("4-6 volume and claim bound", vol("v", uid="u", to="c"), pvc(to="v", phase="Bound"), "Bound", "c", ()),
    ("4-7 the controller's volume, the claim bound elsewhere",
     vol("v", uid="u", to="c", phase="Bound", notes=(BOUND_BY,)), pvc(to="w", phase="Bound"),
     "Available", None, ()),
    ("4-8 a user's volume, the claim bound elsewhere", vol("v", uid="u", to="c", phase="Bound"),
     pvc(to="w", phase="Bound"), "Available", "c", ()),
    ("5-1 modes differ", vol("v", uid="u", to="c", volumeMode="Block"), pvc(), "Available", "c",
     ("VolumeMismatch", "VolumeMismatch")),
    ("6-1 Delete without a deleter",
     vol("v", uid="x", to="gone", phase="Bound", persistentVolumeReclaimPolicy="Delete", nfs={"path": "/"}),
     None, "Failed", "gone", ("VolumeFailedDelete",)),
    ("6-2 Delete of a path outside /tmp",
     vol("v", uid="x", to="gone", phase="Bound", persistentVolumeReclaimPolicy="Delete"), None, "Failed",
     "gone", ("VolumeFailedDelete",)),
    ("6-3 Recycle without a recycler",
     vol("v", uid="x", to="gone", phase="Bound", persistentVolumeReclaimPolicy="Recycle", csi={}), None,
     "Failed", "gone", ("VolumeFailedRecycle",)),
    ("6-4 unknown policy", vol("v", uid="x", to="gone", phase="Bound", persistentVolumeReclaimPolicy="Odd"),
     None, "Failed", "gone", ("VolumeUnknownReclaimPolicy",)),
    ("6-5 a driver's volume is left to its driver",
     vol("v", uid="x", to="gone", phase="Bound", persistentVolumeReclaimPolicy="Delete",
         metadata={"annotations": {"pv.kubernetes.io/provisioned-by": "csi.example.com"}}), None, "Released",
     "gone", ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "its_claim", "phase", "reference", "events"),
    [case[1:] for case in VOLUMES],
    ids=[case[0] for case in VOLUMES],
)
def test_sync_volume(
    given: Obj, its_claim: Obj | None, phase: str, reference: str | None, events: tuple[str, ...]
) -> None:
    cluster = Cluster([given] if its_claim is None else [given, its_claim])
    cluster.run(plan(cluster, ("", "v"), cluster.now_us, None))
    stored = cluster.get("PersistentVolume", ("", "v"))
    assert stored is not None
    assert dig(stored, "status", "phase") == phase
    assert dig(stored, "spec", "claimRef", "name") == reference
    assert reasons(cluster) == events


def test_host_path_under_tmp_is_deleted() -> None:
    given = vol(
        "v", uid="x", to="gone", phase="Bound", persistentVolumeReclaimPolicy="Delete", path="/tmp/data"
    )
    cluster = Cluster([given])
    cluster.run(plan(cluster, ("", "v"), cluster.now_us, None))
    assert cluster.get("PersistentVolume", ("", "v")) is None


def test_recycled_volume_is_offered_again() -> None:
    given = vol(
        "v", uid="x", to="gone", phase="Bound", persistentVolumeReclaimPolicy="Recycle", notes=(BOUND_BY,)
    )
    cluster = Cluster([given])
    done = cluster.run(plan(cluster, ("", "v"), cluster.now_us, None))
    assert done.look_again_us
    cluster.now_us += done.look_again_us
    cluster.run(plan(cluster, ("", "v"), cluster.now_us, done.memory))
    stored = cluster.get("PersistentVolume", ("", "v"))
    assert stored is not None and dig(stored, "status", "phase") == "Available"
    assert reasons(cluster) == ("VolumeRecycled",)


RWO, ROX, RWX = "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"
POOL = [
    vol("gce001", "10Gi", accessModes=[RWO, ROX]),
    vol("gce002", "20Gi", accessModes=[RWO, ROX]),
    vol("nfs001", "1Gi", accessModes=[RWO, ROX, RWX]),
    vol("nfs002", "5Gi", accessModes=[RWO, ROX, RWX]),
    vol("gold", "2Gi", accessModes=[RWO], storageClassName="gold"),
    vol("block", "1Gi", accessModes=[RWO], volumeMode="Block"),
    vol("going", "1Gi", accessModes=[RWO], metadata={"deletionTimestamp": "2026-01-05T09:00:00Z"}),
]

MATCHES: list[tuple[str, Obj, str | None]] = [
    ("the fewest modes that suffice", pvc("8Gi", accessModes=[RWO]), "gce001"),
    ("two modes", pvc("8Gi", accessModes=[RWO, ROX]), "gce001"),
    ("the smallest that is large enough", pvc("12Gi", accessModes=[ROX]), "gce002"),
    ("a mode that only some have", pvc("1Gi", accessModes=[RWX]), "nfs001"),
    ("a mode and a size", pvc("3Gi", accessModes=[RWX]), "nfs002"),
    ("nothing is large enough", pvc("6Gi", accessModes=[RWX]), None),
    ("a class", pvc("1Gi", accessModes=[RWO], storageClass="gold"), "gold"),
    ("a class in which nothing is large enough", pvc("3Gi", accessModes=[RWO], storageClass="gold"), None),
    ("a block device", pvc("1Gi", accessModes=[RWO], volumeMode="Block"), "block"),
    ("a mode that nobody has", pvc("1Gi", accessModes=["ReadWriteOncePod"]), None),
]


@pytest.mark.parametrize(("given", "name"), [case[1:] for case in MATCHES], ids=[case[0] for case in MATCHES])
def test_find_best_match(given: Obj, name: str | None) -> None:
    found = find_best_match(given, POOL, delayed=False)
    assert (None if found is None else found["metadata"]["name"]) == name


def test_claim_without_a_class_gets_the_default() -> None:
    default = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    cluster = Cluster([storage_class("standard", metadata=default), pvc()])
    cluster.run(plan(cluster, ("default", "c"), cluster.now_us, None))
    stored = cluster.get("PersistentVolumeClaim", ("default", "c"))
    assert stored is not None and stored["spec"]["storageClassName"] == "standard"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", 'storageclass.storage.k8s.io "missing" not found'),
        ("none", "no volume plugin matched name: kubernetes.io/no-provisioner"),
    ],
)
def test_class_that_cannot_provision(name: str, message: str) -> None:
    given = storage_class("none", provisioner="kubernetes.io/no-provisioner")
    cluster = Cluster([given, pvc(storageClass=name)])
    cluster.run(plan(cluster, ("default", "c"), cluster.now_us, None))
    (said,) = [action for action in cluster.actions if isinstance(action, Record)]
    assert (said.reason, said.message) == ("ProvisioningFailed", message)
