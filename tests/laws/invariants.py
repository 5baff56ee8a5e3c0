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
