"""What Deployments, ReplicaSets, ReplicationControllers and DaemonSets promise.

Laws of a change take the World after it and the change; laws of a settled
cluster take the World. They are stated as upstream's own end-to-end tests
state them: by what the controller decides, so that a user's scaling doesn't
break them. Models test/e2e/framework/deployment and test/utils/deployment.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.meta import Obj, annotations_of, controller_of, is_terminating, key_of
from k8slab.api.selectors import from_label_selector, matches
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.cluster.world import World
from k8slab.store.view import Change

REVISION = "deployment.kubernetes.io/revision"
DESIRED = "deployment.kubernetes.io/desired-replicas"


def phase(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def is_finished(pod: Obj) -> bool:
    return phase(pod) in ("Failed", "Succeeded")


def is_active(pod: Obj) -> bool:
    return not is_terminating(pod) and not is_finished(pod)


def is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def amount(value: Any, whole: int, *, round_up: bool) -> int:
    """An absolute number or a percentage of a whole."""
    if isinstance(value, int):
        return value
    product = whole * int(value.removesuffix("%"))
    return -(-product // 100) if round_up else product // 100


def surge_and_unavailable(deployment: Obj) -> tuple[int, int]:
    """maxSurge and maxUnavailable as numbers: not both 0, and none of them for Recreate."""
    replicas = deployment["spec"].get("replicas", 1)
    strategy = deployment["spec"]["strategy"]
    if strategy["type"] != "RollingUpdate":
        return 0, 0
    surge = amount(strategy["rollingUpdate"]["maxSurge"], replicas, round_up=True)
    unavailable = amount(strategy["rollingUpdate"]["maxUnavailable"], replicas, round_up=False)
    return surge, min(unavailable or (0 if surge else 1), replicas)


def _by_deployment_controller(world: World, change: Change) -> Obj | None:
    """The Deployment whose controller changed one of its ReplicaSets; None for any other change."""
    obj = change.new or change.old
    if change.kind != "ReplicaSet" or obj is None:
        return None
    if world.causes[change.cause].component != "deployment-controller":
        return None
    owner = controller_of(obj)
    return None if owner is None else world.get("Deployment", (change.key[0], owner["name"]))


def _sizes(change: Change) -> tuple[int, int]:
    before, after = (0 if obj is None else obj["spec"].get("replicas", 1) for obj in (change.old, change.new))
    return before, after


def surge_is_bounded(world: World, change: Change) -> None:
    """A Deployment asks for more Pods only up to replicas + maxSurge."""
    deployment = _by_deployment_controller(world, change)
    before, after = _sizes(change) if deployment is not None else (0, 0)
    if deployment is None or after <= before:
        return
    sets = world.list("ReplicaSet", owner=deployment["metadata"]["uid"])
    asked = sum(one["spec"].get("replicas", 1) for one in sets)
    most = deployment["spec"].get("replicas", 1) + surge_and_unavailable(deployment)[0]
    assert asked <= most, f"ReplicaSets ask for {asked} Pods where {most} are allowed"


def enough_stay_available(world: World, change: Change) -> None:
    """A rolling update takes no Pod away that the minimum of available ones needs.

    Stated by the statuses that the controller sees: it may be a moment behind.
    """
    deployment = _by_deployment_controller(world, change)
    if deployment is None or change.old is None or change.new is None:
        return
    before, after = _sizes(change)
    replicas = deployment["spec"].get("replicas", 1)
    scaling = annotations_of(change.old).get(DESIRED) != str(replicas)
    if after >= before or scaling or deployment["spec"]["strategy"]["type"] != "RollingUpdate":
        return
    least = replicas - surge_and_unavailable(deployment)[1]
    sets = world.list("ReplicaSet", owner=deployment["metadata"]["uid"])
    available = sum(_available(one) for one in sets)
    taken = max(0, before - after - max(0, before - _available(change.new)))
    assert available - taken >= least or not taken, (
        f"{available - taken} stay available where {least} are due"
    )


def enough_pods_are_available(world: World, change: Change) -> None:
    """A rolling update takes no available Pod away that the minimum needs, whatever the statuses say.

    Counted by the Pods: each ReplicaSet keeps as many available ones as it has
    and wants, for unready ones go first. It holds where Pods fail only by
    what the Deployment's user does.
    """
    deployment = _by_deployment_controller(world, change)
    if deployment is None or change.old is None or change.new is None:
        return
    before, after = _sizes(change)
    replicas = deployment["spec"].get("replicas", 1)
    scaling = annotations_of(change.old).get(DESIRED) != str(replicas)
    if after >= before or scaling or deployment["spec"]["strategy"]["type"] != "RollingUpdate":
        return
    least = replicas - surge_and_unavailable(deployment)[1]
    kept = kept_before = 0
    for one in world.list("ReplicaSet", owner=deployment["metadata"]["uid"]):
        pods = [pod for pod in world.list("Pod", owner=one["metadata"]["uid"]) if is_active(pod)]
        there = sum(_has_been_ready(pod, deployment, world.now_us) for pod in pods)
        wanted = one["spec"].get("replicas", 1)
        kept += min(there, wanted)
        kept_before += min(there, before if key_of(one) == change.key else wanted)
    assert kept >= least or kept == kept_before, f"{kept} Pods stay available where {least} are due"


def _has_been_ready(pod: Obj, deployment: Obj, now_us: int) -> bool:
    """Whether a Pod has been ready for minReadySeconds."""
    seconds: int = deployment["spec"].get("minReadySeconds", 0)
    for one in (pod.get("status") or {}).get("conditions") or ():
        if one["type"] == "Ready" and one["status"] == "True":
            return parse_timestamp(one["lastTransitionTime"]) + seconds * SECOND_US <= now_us
    return False


def _available(replica_set: Obj) -> int:
    return int((replica_set.get("status") or {}).get("availableReplicas", 0))


def templates_have_one_replica_set(world: World, change: Change) -> None:
    """A Deployment makes no second ReplicaSet for a template, and a new one's revision is the highest."""
    deployment = _by_deployment_controller(world, change)
    if deployment is None or change.new is None:
        return
    sets = world.list("ReplicaSet", owner=deployment["metadata"]["uid"])
    hashes = [one["metadata"]["labels"]["pod-template-hash"] for one in sets]
    assert len(hashes) == len(dict.fromkeys(hashes)), f"two ReplicaSets of {hashes}"
    revision = int(annotations_of(change.new).get(REVISION, 0))
    old = 0 if change.old is None else int(annotations_of(change.old).get(REVISION, 0))
    assert revision >= old, f"the revision of {change.key[1]} fell from {old} to {revision}"
    if revision > old:
        others = [int(annotations_of(one).get(REVISION, 0)) for one in sets if key_of(one) != change.key]
        assert revision > max(others, default=0), f"revision {revision} is not the newest of {others}"


def recreate_waits(world: World, change: Change) -> None:
    """Recreate starts no new Pod while an old one runs."""
    deployment = _by_deployment_controller(world, change)
    if deployment is None or change.old is not None or deployment["spec"]["strategy"]["type"] != "Recreate":
        return
    for other in world.list("ReplicaSet", owner=deployment["metadata"]["uid"]):
        if key_of(other) == change.key:
            continue
        alive = [pod for pod in world.list("Pod", owner=other["metadata"]["uid"]) if not is_finished(pod)]
        assert not alive, f"{change.key[1]} was made while {alive[0]['metadata']['name']} was there"


def scale_down_takes_the_unready_first(world: World, change: Change) -> None:
    """A ReplicaSet deletes a ready Pod only where it has no active unready one left."""
    old, new = change.old, change.new
    if change.kind != "Pod" or old is None or is_terminating(old) or world.fault is not None:
        return
    if new is not None and not is_terminating(new):
        return
    component = world.causes[change.cause].component
    owner = controller_of(old)
    if component not in ("replicaset-controller", "replicationcontroller") or owner is None:
        return
    if not is_ready(old) or phase(old) in ("Failed", "Succeeded"):
        return
    for other in world.list("Pod", owner=owner["uid"]):
        if is_active(other) and key_of(other) != change.key:
            assert is_ready(other), (
                f"{change.key[1]} goes, {other['metadata']['name']} is not ready and stays"
            )


def pods_on_a_node_are_single(world: World, change: Change) -> None:
    """A DaemonSet makes no Pod for a node that has one, save to surge over an old revision."""
    pod = change.new
    if change.kind != "Pod" or change.old is not None or pod is None:
        return
    owner = controller_of(pod)
    if owner is None or owner["kind"] != "DaemonSet":
        return
    workload = world.get("DaemonSet", (change.key[0], owner["name"]))
    if workload is None:
        return
    node = target_node(pod)
    there = [
        other
        for other in world.list("Pod", owner=owner["uid"])
        if target_node(other) == node
        and key_of(other) != change.key
        and not (is_terminating(other) and is_finished(other))
    ]
    rolling = workload["spec"]["updateStrategy"].get("rollingUpdate") or {}
    surges = rolling.get("maxSurge", 0) not in (0, "0%")
    assert surges or not there, f"{node} gets {change.key[1]} and has {there[0]['metadata']['name']}"
    revision = pod["metadata"]["labels"]["controller-revision-hash"]
    same = [one for one in there if one["metadata"]["labels"]["controller-revision-hash"] == revision]
    assert not [one for one in same if not is_terminating(one)], (
        f"{node} gets two Pods of revision {revision}"
    )


def target_node(pod: Obj) -> str:
    """The node a daemon's Pod is meant for: bound, or in its affinity."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {"nodeSelectorTerms": []}
    for term in affinity["nodeSelectorTerms"]:
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name":
                return str(field["values"][0])
    return ""


OF_DEPLOYMENTS = (
    surge_is_bounded,
    enough_stay_available,
    templates_have_one_replica_set,
    recreate_waits,
    scale_down_takes_the_unready_first,
)
OF_REPLICA_SETS = (scale_down_takes_the_unready_first,)
OF_DAEMON_SETS = (pods_on_a_node_are_single,)


def replicas_are_exact(world: World) -> None:
    """Settled, each ReplicaSet and ReplicationController has as many Pods as it asks for, all ready."""
    for kind in ("ReplicaSet", "ReplicationController"):
        for workload in world.list(kind):
            pods = [pod for pod in world.list("Pod", owner=workload["metadata"]["uid"]) if is_active(pod)]
            name, wanted = workload["metadata"]["name"], workload["spec"].get("replicas", 1)
            assert len(pods) == wanted, f"{kind} {name} has {len(pods)} of {wanted} Pods"
            status = workload["status"]
            counts = [status.get(field, 0) for field in ("replicas", "readyReplicas", "availableReplicas")]
            assert counts == [wanted] * 3, f"{kind} {name} says {counts} of {wanted}"


def orphans_are_adopted(world: World) -> None:
    """Settled, no active Pod that a ReplicaSet selects is without a controller."""
    for workload in world.list("ReplicaSet"):
        selector = from_label_selector(workload["spec"]["selector"])
        for pod in world.list("Pod", namespace=workload["metadata"]["namespace"]):
            if is_active(pod) and matches(selector, pod["metadata"].get("labels") or {}):
                assert controller_of(pod) is not None, f"{pod['metadata']['name']} was not adopted"


def deployments_are_complete(world: World) -> None:
    """Settled, all Pods of a Deployment are of its newest template, and old ReplicaSets keep to the limit."""
    for deployment in world.list("Deployment"):
        wanted, status = deployment["spec"].get("replicas", 1), deployment["status"]
        names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        counts = [status.get(name, 0) for name in names]
        assert counts == [wanted] * 4, f"{deployment['metadata']['name']} says {counts} of {wanted}"
        assert not status.get("unavailableReplicas"), "none is unavailable"
        sets = world.list("ReplicaSet", owner=deployment["metadata"]["uid"])
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        assert len(sets) <= limit + 1, f"{len(sets)} ReplicaSets are kept, the limit is {limit}"


def fits(workload: Obj, node: Obj, effects: tuple[str, ...]) -> bool:
    """Whether a node has the selector's labels and no taint with one of these effects."""
    spec = workload["spec"]["template"]["spec"]
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(name) != value for name, value in (spec.get("nodeSelector") or {}).items()):
        return False
    return not any(
        taint["effect"] in effects and taint["key"] == "colour" for taint in node["spec"].get("taints") or ()
    )


def every_fitting_node_has_its_daemon(world: World) -> None:
    """Settled, each fitting node has one ready daemon; one may stay on where NoSchedule came later."""
    for workload in world.list("DaemonSet"):
        pods = world.list("Pod", owner=workload["metadata"]["uid"])
        nodes, lasting = (
            sorted(node["metadata"]["name"] for node in world.list("Node") if fits(workload, node, effects))
            for effects in (("NoSchedule", "NoExecute"), ("NoExecute",))
        )
        there = sorted(target_node(pod) for pod in pods if is_active(pod))
        assert len(there) == len(dict.fromkeys(there)), f"two daemons on a node: {there}"
        assert set(nodes) <= set(there) <= set(lasting), f"daemons are on {there}, and {nodes} fit"
        assert all(is_ready(pod) for pod in pods), "all daemons are ready"
        status = workload["status"]
        misplaced = [name for name in there if name not in nodes]
        expected = {
            "desiredNumberScheduled": len(nodes),
            "currentNumberScheduled": len(nodes),
            "numberReady": len(nodes),
            "numberAvailable": len(nodes),
            "numberMisscheduled": len(misplaced),
        }
        counts = {name: status.get(name, 0) for name in expected}
        assert counts == expected, f"{counts}, where {nodes} fit and daemons are on {there}"
