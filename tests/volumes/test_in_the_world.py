"""The same components in the real World: through the API, its validation and admission, and after a fork."""

from __future__ import annotations

from k8slab.clock import SECOND_US
from k8slab.cluster import api, deletion, dispatch
from k8slab.cluster.assembly import bootstrap, storage_class
from k8slab.cluster.queue import next_event
from k8slab.cluster.world import World
from tests.scheduler.cluster import node, pod
from tests.volumes.play import COMPONENTS, claim, with_claim

ADMIN = api.Actor("admin", ("system:masters",), "kubectl")


def run_for(world: World, seconds: float) -> None:
    end_us = world.now_us + int(seconds * SECOND_US)
    event = next_event(world)
    while event is not None and event.at_us <= end_us:
        dispatch.step(world)
        event = next_event(world)
    world.now_us = end_us


def small_cluster() -> World:
    world = World(COMPONENTS)
    bootstrap(world)
    for number in range(3):
        obj = node(f"n{number}", labels={"topology.kubernetes.io/zone": f"z{number}"})
        obj["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
        api.create(world, ADMIN, "Node", obj)
        # A new node is tainted until the node controller has seen it; here nobody else would.
        api.patch_merge(world, ADMIN, "Node", ("", f"n{number}"), {"spec": {"taints": None}})
    api.create(world, ADMIN, "StorageClass", storage_class("late", binding_mode="WaitForFirstConsumer"))
    for name, class_name in (("now", "standard"), ("later", "late")):
        body = claim(name, storageClass=class_name)
        del body["status"]
        api.create(world, ADMIN, "PersistentVolumeClaim", body)
    volumes = with_claim("now") + [{**with_claim("later")[0], "name": "more"}]
    api.create(world, ADMIN, "ServiceAccount", service_account())
    api.create(world, ADMIN, "Pod", pod("web", volumes=volumes))
    return world


def service_account() -> dict[str, object]:
    metadata = {"name": "default", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def story(world: World) -> list[str]:
    """Everything that was said, in order."""
    return [
        f"{event['involvedObject']['name']} {event['reason']}: {event['message']}"
        for event in world.list("Event")
    ]


def test_life_of_two_volumes() -> None:
    world = small_cluster()
    run_for(world, 12)
    web = world.get("Pod", ("default", "web"))
    assert web is not None and web["spec"]["nodeName"]
    assert not world.failures
    assert [one["status"]["attached"] for one in world.list("VolumeAttachment")] == [True, True]
    deletion.delete(world, ADMIN, "Pod", ("default", "web"), deletion.DeleteOptions(grace_seconds=0))
    for name in ("now", "later"):
        key = ("default", name)
        deletion.delete(world, ADMIN, "PersistentVolumeClaim", key, deletion.DeleteOptions())
    run_for(world, 12)
    for kind in ("PersistentVolumeClaim", "PersistentVolume", "VolumeAttachment", "Disk"):
        assert not world.list(kind), kind


def test_fork_tells_the_same_story() -> None:
    world = small_cluster()
    run_for(world, 1)
    twin = world.copy()
    run_for(world, 12)
    run_for(twin, 12)
    assert story(world) == story(twin)
