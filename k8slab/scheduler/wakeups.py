"""Which waiting Pods are worth another try after a change.

Each rule that refused a Pod is asked for a hint (see `hints`). Pods that no rule can
tell apart are asked about once, together.

Models pkg/scheduler/eventhandlers.go and pkg/scheduler/backend/queue/scheduling_queue.go
(MoveAllToActiveOrBackoffQueue, Update), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest

from k8slab.api.meta import Key, Obj, labels_of
from k8slab.components import Watch
from k8slab.scheduler.cluster_state import NAME, ClusterState, RefusedSlot, node_info
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import PodInfo
from k8slab.scheduler.hints import (
    ALLOCATABLE,
    CHANGED,
    CREATED,
    FEATURES,
    LABELS,
    OF_ONE_NODE,
    REMOVED,
    SCALED_DOWN,
    TAINTS,
    TOLERATIONS,
    UNGATED,
    Happening,
    worth_another_try,
)
from k8slab.scheduler.node_search import answers_for
from k8slab.scheduler.rejectors import rejectors_of
from k8slab.store import aspects
from k8slab.store.view import Change, View

_TERMINAL = ("Succeeded", "Failed")

MOST_WOKEN = 1_000
"""How many Pods one change wakes at most."""

_MOST_IN_VAIN = 50
"""Where more Pods than this would be woken by a place that got free, only so many of those that fit are, so
that one free place doesn't set a whole queue trying."""


def _ended(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") in _TERMINAL


def after_pod(change: Change, view: View) -> Iterable[Key]:
    """A Pod changed: itself, if it waits; those that wait for its place or its company, if not."""
    old, new = change.old, change.new
    if new is None:
        assert old is not None, "a change has an object before or after"
        if not old["spec"].get("nodeName"):
            return (change.key, *_nomination_gone(view, old))
        return () if _ended(old) else _pod_left(view, old)
    node = new["spec"].get("nodeName")
    if not node:
        if old is None:
            return (change.key,)
        own = (change.key,) if _worth_retrying(view, old, new) else ()
        return (*own, *_nomination_gone(view, old, new))
    if old is None or not old["spec"].get("nodeName"):
        return () if _ended(new) else _pod_came(view, new)
    if _ended(new):
        return () if _ended(old) else _pod_left(view, old)
    return _pod_changed(view, old, new)


def _actions(view: View, old: Obj, new: Obj) -> frozenset[str]:
    """What is different about a Pod, in the words of hints (`PodSchedulingPropertiesChange`)."""
    actions = [CHANGED]
    labels, before = new["metadata"].get("labels"), old["metadata"].get("labels")
    if labels is not before and (labels or {}) != (before or {}):
        actions.append(LABELS)
    spec, spec_before = new["spec"], old["spec"]
    if spec is not spec_before:
        if len(spec.get("tolerations") or ()) != len(spec_before.get("tolerations") or ()):
            actions.append(TOLERATIONS)
        if spec_before.get("schedulingGates") and not spec.get("schedulingGates"):
            actions.append(UNGATED)
        if _asks_for_less(view, spec_before, spec):
            actions.append(SCALED_DOWN)
    return frozenset(actions)


def _asks_for_less(view: View, before: Obj, after: Obj) -> bool:
    cluster: ClusterState = view.cache(NAME)
    old, new = cluster.reader.traits(before).requests, cluster.reader.traits(after).requests
    if old is new:
        return False
    scalars = dict(new.scalars)
    return (
        new.cpu < old.cpu
        or new.memory < old.memory
        or new.storage < old.storage
        or any(scalars.get(name, 0) < amount for name, amount in old.scalars)
    )


def _worth_retrying(view: View, old: Obj, new: Obj) -> bool:
    """Whether a waiting Pod's own update might let it be scheduled. Its status alone does not."""
    cluster: ClusterState = view.cache(NAME)
    pod = cluster.pending.get((new["metadata"].get("namespace", ""), new["metadata"]["name"]))
    if pod is None:
        return True
    if "deletionTimestamp" in new["metadata"] and "deletionTimestamp" not in old["metadata"]:
        return False
    actions = _actions(view, old, new)
    if UNGATED in actions:
        return True
    if new["spec"] is old["spec"] and LABELS not in actions:
        return False
    happening = Happening("Pod", actions, old, new, cluster.reader.pod(old), pod)
    return worth_another_try(pod, rejectors_of(pod), happening)


def in_queue_order(pods: Iterable[PodInfo]) -> list[Key]:
    """The more important first, and of equals the older; no more than one change may wake.

    The order is one of the Pods alone, and not of the tables that they are found in:
    these differ in order after a fork.
    """
    return [pod.key for pod in nsmallest(MOST_WOKEN, pods, key=_place_in_queue)]


def _place_in_queue(pod: PodInfo) -> tuple[int, str, Key]:
    return (-pod.priority, pod.obj["metadata"].get("creationTimestamp") or "", pod.key)


def _helped(cluster: ClusterState, happening: Happening) -> dict[RefusedSlot, list[PodInfo]]:
    """The refused Pods that a change may help, by class."""
    found: dict[RefusedSlot, list[PodInfo]] = {}
    for slot, of_class in cluster.refused.items():
        rejectors = slot[2]
        if rejectors <= OF_ONE_NODE:
            first = next(iter(of_class.values()))
            helped = list(of_class.values()) if worth_another_try(first, rejectors, happening) else []
        else:
            helped = [pod for pod in of_class.values() if worth_another_try(pod, rejectors, happening)]
        if helped:
            found[slot] = helped
    return found


def _woken(cluster: ClusterState, happening: Happening) -> list[Key]:
    found = _helped(cluster, happening)
    return in_queue_order(pod for pods in found.values() for pod in pods)


def _pod_came(view: View, new: Obj) -> Iterable[Key]:
    """A Pod came to a node: that can only help Pods with rules about other Pods."""
    cluster: ClusterState = view.cache(NAME)
    if not cluster.attentive:
        return ()
    return _attentive(
        cluster, Happening("Pod", frozenset((CREATED,)), None, new, None, cluster.reader.pod(new))
    )


def _attentive(cluster: ClusterState, happening: Happening) -> list[Key]:
    """Those of the Pods with rules about more than one node that a change may help."""
    pods = cluster.attentive.values()
    return in_queue_order(pod for pod in pods if worth_another_try(pod, rejectors_of(pod), happening))


def _pod_changed(view: View, old: Obj, new: Obj) -> Iterable[Key]:
    """A Pod on a node changed: its labels may matter to others, and it may ask for less than before."""
    same_labels = new["metadata"].get("labels") is old["metadata"].get("labels")
    if same_labels and new["spec"] is old["spec"]:
        return ()
    cluster: ClusterState = view.cache(NAME)
    if not cluster.refused:
        return ()
    actions = _actions(view, old, new)
    happening = Happening("Pod", actions, old, new, cluster.reader.pod(old), cluster.reader.pod(new))
    if SCALED_DOWN in actions:
        return _woken(cluster, happening)
    return _attentive(cluster, happening) if LABELS in actions else ()


def _pod_left(view: View, old: Obj) -> Iterable[Key]:
    """A Pod has left a node."""
    cluster: ClusterState = view.cache(NAME)
    if not cluster.refused:
        return ()
    gone = cluster.reader.pod(old)
    found = _helped(cluster, Happening("Pod", frozenset((REMOVED,)), old, None, gone, None))
    if sum(map(len, found.values())) > _MOST_IN_VAIN:
        return in_queue_order(_of_a_crowd(view, cluster, old["spec"]["nodeName"], found))
    return in_queue_order(pod for pods in found.values() for pod in pods)


def _of_a_crowd(
    view: View, cluster: ClusterState, name: str, found: dict[RefusedSlot, list[PodInfo]]
) -> list[PodInfo]:
    """The first of the Pods that a node can take now, and those of which nobody can tell without a try."""
    node = cluster.nodes.get(name)
    cycle = Cycle(view, cluster, 0)
    fitting: list[PodInfo] = []
    uncertain: list[PodInfo] = []
    for (_, _, rejectors), pods in found.items():
        if not rejectors <= OF_ONE_NODE:
            uncertain += pods
        elif node is not None and answers_for(cycle, pods[0]).fits & node.bit:
            fitting += pods
    return uncertain + nsmallest(_MOST_IN_VAIN, fitting, key=_place_in_queue)


def _nomination_gone(view: View, old: Obj, new: Obj | None = None) -> Iterable[Key]:
    """A node is no longer kept free for a Pod: that may help those that are not more important."""
    nominated = (old.get("status") or {}).get("nominatedNodeName")
    if not nominated or (new is not None and (new.get("status") or {}).get("nominatedNodeName") == nominated):
        return ()
    cluster: ClusterState = view.cache(NAME)
    if not cluster.refused:
        return ()
    gone = cluster.reader.pod(old)
    found = _helped(cluster, Happening("Pod", frozenset((REMOVED,)), old, None, gone, None))
    pods = (pod for pods in found.values() for pod in pods)
    return in_queue_order(pod for pod in pods if pod.priority <= gone.priority and pod.key != gone.key)


def after_node(change: Change, view: View) -> Iterable[Key]:
    """A node came, went or changed in a way that rules look at."""
    actions = _of_node(change.old, change.new)
    cluster: ClusterState = view.cache(NAME)
    if not actions or not cluster.refused:
        return ()
    before, after = node_info(change.old), node_info(change.new)
    return _woken(cluster, Happening("Node", actions, change.old, change.new, None, None, before, after))


def _of_node(old: Obj | None, new: Obj | None) -> frozenset[str]:
    """What is different about a node, in the words of hints (`NodeSchedulingPropertiesChange`)."""
    if old is None or new is None:
        return frozenset((CREATED if old is None else REMOVED,))
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    status, status_before = new.get("status") or {}, old.get("status") or {}
    uncordoned = bool(before.get("unschedulable")) and not spec.get("unschedulable")
    differences = (
        (TAINTS, uncordoned or (spec.get("taints") or []) != (before.get("taints") or [])),
        (LABELS, labels_of(new) != labels_of(old)),
        (ALLOCATABLE, status.get("allocatable") != status_before.get("allocatable")),
        (FEATURES, (status.get("declaredFeatures") or []) != (status_before.get("declaredFeatures") or [])),
    )
    return frozenset(action for action, differs in differences if differs)


def _of_storage(change: Change) -> Happening:
    action = CREATED if change.old is None else REMOVED if change.new is None else CHANGED
    return Happening(change.kind, frozenset((action,)), change.old, change.new)


def after_claim(change: Change, view: View) -> Iterable[Key]:
    """A claim came or changed: the waiting Pods that use it."""
    cluster: ClusterState = view.cache(NAME)
    happening = _of_storage(change)
    users = cluster.unassigned_claims.get(change.key, ())
    return sorted(key for key in users if _may_help(cluster.pending[key], happening))


def _may_help(pod: PodInfo, happening: Happening) -> bool:
    """Whether a change may help a Pod. One to which a node was promised waits for its volumes there."""
    return bool(pod.nominated) or worth_another_try(pod, rejectors_of(pod), happening)


def after_storage(change: Change, view: View) -> Iterable[Key]:
    """Something changed that decides where volumes can be: the Pods that wait with a claim."""
    cluster: ClusterState = view.cache(NAME)
    happening = _of_storage(change)
    waiting = (pod for pod in cluster.attentive.values() if pod.traits.claims)
    return in_queue_order(pod for pod in waiting if _may_help(pod, happening))


def after_device_claim(change: Change, view: View) -> Iterable[Key]:
    """A ResourceClaim came or changed: its Pods; and where devices are free now, all that lack some."""
    old, new = change.old, change.new
    cluster: ClusterState = view.cache(NAME)
    waiting = [pod for pod in cluster.pending.values() if pod.obj["spec"].get("resourceClaims")]
    if new is None or not waiting:
        return ()
    freed = old is not None and _has_devices(old) and not _has_devices(new)
    told = old is None or old.get("status") != new.get("status")
    return in_queue_order(
        pod for pod in waiting if _lacks_devices(pod) and (freed or (told and _uses(pod, change)))
    )


def _lacks_devices(pod: PodInfo) -> bool:
    """Whether a Pod waits because of its claims, or is not known to wait for anything else."""
    rejectors = rejectors_of(pod)
    return not rejectors or "DynamicResources" in rejectors


def _has_devices(claim: Obj) -> bool:
    return bool((claim.get("status") or {}).get("allocation"))


def _uses(pod: PodInfo, change: Change) -> bool:
    """Whether a Pod names a claim, or owns it."""
    namespace, name = change.key
    if pod.namespace != namespace:
        return False
    if any(one.get("resourceClaimName") == name for one in pod.obj["spec"]["resourceClaims"]):
        return True
    claim = change.new if change.new is not None else change.old
    owners = claim["metadata"].get("ownerReferences") or () if claim is not None else ()
    return any(owner["uid"] == pod.uid for owner in owners)


def after_devices(change: Change, view: View) -> Iterable[Key]:
    """Devices or classes of them came, changed or went: the Pods that were refused for lack of some."""
    cluster: ClusterState = view.cache(NAME)
    return _attentive(cluster, _of_storage(change))


_OF_SCHEDULING = (
    aspects.CREATED | aspects.REMOVED | aspects.SPEC | aspects.LABELS | aspects.ENDED | aspects.UNBOUND
)
"""What of a Pod the scheduler's queue is moved by."""

WATCHES = (
    Watch("Pod", after_pod, delay="scheduling", aspects=_OF_SCHEDULING),
    Watch("Node", after_node),
    Watch("PersistentVolumeClaim", after_claim),
    Watch("PersistentVolume", after_storage),
    Watch("StorageClass", after_storage),
    Watch("CSINode", after_storage),
    Watch("CSIStorageCapacity", after_storage),
    Watch("VolumeAttachment", after_storage),
    Watch("ResourceClaim", after_device_claim),
    Watch("ResourceSlice", after_devices),
    Watch("DeviceClass", after_devices),
)
