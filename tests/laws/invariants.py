"""What must hold after every change, whatever the user does and whatever breaks.

Each invariant is a function of the World and the change just made; it raises
AssertionError with a sentence.
"""

from __future__ import annotations

from k8slab.api.meta import condition_is, controller_of, is_terminating
from k8slab.cluster.world import World
from k8slab.store.view import Change


def ordinal(name: str) -> int:
    return int(name.rpartition("-")[2])


def ordered_pods_wait_for_their_predecessors(world: World, change: Change) -> None:
    """An ordered StatefulSet makes a Pod only once every lower one is Running and Ready."""
    pod = change.new
    if change.kind != "Pod" or change.old is not None or pod is None:
        return
    owner = controller_of(pod)
    if owner is None or owner["kind"] != "StatefulSet":
        return
    workload = world.get("StatefulSet", (change.key[0], owner["name"]))
    if workload is None or workload["spec"].get("podManagementPolicy") == "Parallel":
        return
    start = (workload["spec"].get("ordinals") or {}).get("start", 0)
    for number in range(start, ordinal(change.key[1])):
        before = world.get("Pod", (change.key[0], f"{owner['name']}-{number}"))
        assert before is not None, f"{change.key[1]} was created, but there is no {owner['name']}-{number}"
        assert condition_is(before, "Ready"), (
            f"{change.key[1]} was created before {before['metadata']['name']} was Ready"
        )
        assert not is_terminating(before), f"{change.key[1]} was created while a lower Pod was Terminating"


def ordered_pods_go_last_first(world: World, change: Change) -> None:
    """Scaling down an ordered StatefulSet deletes a Pod only once every higher one is gone."""
    old, new = change.old, change.new
    if change.kind != "Pod" or old is None or new is None:
        return
    if is_terminating(old) or not is_terminating(new):
        return
    cause = world.causes[change.cause]
    owner = controller_of(new)
    if cause.component != "statefulset-controller" or owner is None:
        return
    workload = world.get("StatefulSet", (change.key[0], owner["name"]))
    if workload is None or workload["spec"].get("podManagementPolicy") == "Parallel":
        return
    wanted = workload["spec"].get("replicas", 1)
    mine = ordinal(change.key[1])
    if mine < wanted:
        return
    for pod in world.list("Pod", owner=workload["metadata"]["uid"]):
        assert ordinal(pod["metadata"]["name"]) <= mine, (
            f"{change.key[1]} goes before {pod['metadata']['name']}"
        )


def claims_are_kept(world: World, change: Change) -> None:
    """Nobody but the user deletes a claim whose StatefulSet retains it."""
    old, new = change.old, change.new
    if change.kind != "PersistentVolumeClaim" or old is None:
        return
    if new is not None and (is_terminating(old) or not is_terminating(new)):
        return
    if is_terminating(old):
        return
    component = world.causes[change.cause].component
    assert component in ("", "user"), f"claim {change.key[1]} was deleted by {component}"


def one_identity_runs_once(world: World, change: Change) -> None:
    """A Pod's object is removed only when nothing can still run under its name, unless it was forced."""
    old = change.old
    if change.kind != "Pod" or change.new is not None or old is None:
        return
    owner = controller_of(old)
    if owner is None or owner["kind"] != "StatefulSet" or not old["spec"].get("nodeName"):
        return
    machine = world.get("Machine", ("", old["spec"]["nodeName"]))
    silent = machine is not None and (machine["spec"]["power"], machine["spec"]["network"]) != ("On", "Up")
    component = world.causes[change.cause].component
    forced = component in ("", "user") or old["metadata"].get("deletionGracePeriodSeconds") == 0
    finished = (old.get("status") or {}).get("phase") in ("Failed", "Succeeded")
    if silent and not finished:
        assert forced, f"{change.key[1]} was removed by {component} while its node was silent"


def volumes_are_attached_once(world: World, change: Change) -> None:
    """A ReadWriteOnce volume is attached to no second node while the first attachment stands."""
    new = change.new
    if change.kind != "VolumeAttachment" or change.old is not None or new is None:
        return
    volume = new["spec"]["source"]["persistentVolumeName"]
    stored = world.get("PersistentVolume", ("", volume))
    if stored is None or stored["spec"]["accessModes"] != ["ReadWriteOnce"]:
        return
    for other in world.list("VolumeAttachment"):
        if other["spec"]["source"]["persistentVolumeName"] == volume:
            assert other["spec"]["nodeName"] == new["spec"]["nodeName"], (
                f"{volume} is attached to {other['spec']['nodeName']} and to {new['spec']['nodeName']}"
            )


def resource_versions_rise(world: World, change: Change) -> None:
    """A write's resourceVersion is above the one before it, and is the revision of the write."""
    if change.old is None or change.new is None or "resourceVersion" not in change.new["metadata"]:
        return
    before, after = (int(obj["metadata"]["resourceVersion"]) for obj in (change.old, change.new))
    assert before < after == change.revision, f"{change.kind} {change.key[1]}: {before}, then {after}"


def final_phases_are_final(world: World, change: Change) -> None:
    """A Pod that has finished never runs again, and an identity never changes its uid."""
    if change.kind != "Pod" or change.old is None or change.new is None:
        return
    assert change.old["metadata"]["uid"] == change.new["metadata"]["uid"]
    before, after = ((obj.get("status") or {}).get("phase") for obj in (change.old, change.new))
    if before in ("Failed", "Succeeded"):
        assert after == before, f"Pod {change.key[1]} was {before} and became {after}"


def bound_pods_stay(world: World, change: Change) -> None:
    """Once bound, a Pod never changes its node."""
    if change.kind != "Pod" or change.old is None or change.new is None:
        return
    before = change.old["spec"].get("nodeName")
    assert not before or before == change.new["spec"].get("nodeName"), f"Pod {change.key[1]} moved"


EVERYWHERE = (volumes_are_attached_once, resource_versions_rise, final_phases_are_final, bound_pods_stay)
"""Laws of every cluster, whatever runs on it."""

AFTER_EVERY_CHANGE = (
    ordered_pods_wait_for_their_predecessors,
    ordered_pods_go_last_first,
    claims_are_kept,
    one_identity_runs_once,
)


def everything_owned_has_an_owner(world: World) -> None:
    """Once the cluster has settled, nothing owned outlives its last owner."""
    uids = {
        obj["metadata"]["uid"]
        for kind in list(world.store._objects)
        for obj in world.list(kind)
        if obj["metadata"].get("uid")
    }
    for kind in list(world.store._objects):
        for obj in world.list(kind):
            owners = obj["metadata"].get("ownerReferences") or ()
            if owners and not obj["metadata"].get("finalizers"):
                alive = any(owner["uid"] in uids for owner in owners)
                assert alive, f"{kind} {obj['metadata']['name']} outlives its owners"
