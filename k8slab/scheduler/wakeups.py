"""Which waiting Pods are worth another try after a change.

Upstream asks each plugin that refused a Pod for a hint. Here the same is
decided from the kept answers of the Pod's class: a node that got room wakes
the Pods that it could now take; what the cluster-wide rules refused is woken
by what those rules look at.

Models pkg/scheduler/eventhandlers.go and the QueueingHintFn of each plugin, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import nsmallest

from k8slab.api.meta import Key, Obj
from k8slab.components import Watch
from k8slab.scheduler.cluster_state import NAME, ClusterState
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import NodeInfo, PodInfo
from k8slab.scheduler.node_search import answers_for
from k8slab.store.aspects import CREATED, ENDED, LABELS, REMOVED, SPEC, UNBOUND
from k8slab.store.view import Change, View

_TERMINAL = ("Succeeded", "Failed")

MOST_WOKEN = 1_000
"""How many Pods one change wakes at most, so that one free place doesn't set a whole queue trying."""


def _ended(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") in _TERMINAL


def after_pod(change: Change, view: View) -> Iterable[Key]:
    """A Pod changed: itself, if it waits; those that wait for its place or its company, if not."""
    old, new = change.old, change.new
    if new is None:
        assert old is not None, "a change has an object before or after"
        if not old["spec"].get("nodeName"):
            return (change.key,)
        return () if _ended(old) else _place_freed(view, old["spec"]["nodeName"])
    node = new["spec"].get("nodeName")
    if not node:
        return (change.key,) if old is None or _worth_retrying(old, new) else ()
    if old is None or not old["spec"].get("nodeName"):
        return _company_changed(view)
    if _ended(new):
        return () if _ended(old) else _place_freed(view, node)
    labels, before = new["metadata"].get("labels"), old["metadata"].get("labels")
    if labels is not before and labels != before:
        return _company_changed(view)
    if new["spec"] is not old["spec"] and new["spec"] != old["spec"]:
        return _place_freed(view, node)
    return ()


def _worth_retrying(old: Obj, new: Obj) -> bool:
    """Whether a waiting Pod's own update might let it be scheduled. Its status alone does not."""
    if new["spec"] is not old["spec"] and new["spec"] != old["spec"]:
        return True
    if (new["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {}):
        return True
    before, now = old.get("status") or {}, new.get("status") or {}
    return bool(before.get("nominatedNodeName") and not now.get("nominatedNodeName"))


def in_queue_order(pods: Iterable[PodInfo]) -> list[Key]:
    """The more important first, and of equals the older; no more than one change may wake.

    The order is one of the Pods alone, and not of the tables that they are found in:
    these differ in order after a fork.
    """
    return [pod.key for pod in nsmallest(MOST_WOKEN, pods, key=_place_in_queue)]


def _place_in_queue(pod: PodInfo) -> tuple[int, str, Key]:
    return (-pod.priority, pod.obj["metadata"].get("creationTimestamp") or "", pod.key)


def _looks_around(pod: PodInfo) -> bool:
    """Whether other Pods decide where this one may go."""
    return bool(pod.traits.spread) or any(pod.terms)


def _company_changed(view: View) -> Iterable[Key]:
    """A Pod came to a node or changed its labels: that can only help Pods with rules about other Pods."""
    cluster: ClusterState = view.cache(NAME)
    if not cluster.attentive:
        return ()
    return in_queue_order(pod for pod in cluster.attentive.values() if _looks_around(pod))


def _place_freed(view: View, name: str) -> Iterable[Key]:
    """A Pod has left a node."""
    cluster: ClusterState = view.cache(NAME)
    if not cluster.refused:
        return ()
    fits = _by_class(view, cluster, cluster.nodes.get(name), empty=False)
    # Where Pods keep others away, any that leaves may let any other in.
    everybody = any(terms.required_anti for terms in cluster.affinity_groups)
    found = dict(cluster.attentive)
    found.update((key, pod) for key, pod in cluster.nominated.get(name, {}).items() if not pod.fresh)
    for of_class in cluster.refused.values():
        if everybody or fits(next(iter(of_class.values()))):
            found.update(of_class)
    return in_queue_order(found.values())


def _by_class(
    view: View, cluster: ClusterState, node: NodeInfo | None, *, empty: bool
) -> Callable[[PodInfo], bool]:
    """Whether a node can take a Pod, by the kept answers of its class; `empty`: if it had no Pods."""
    cycle = Cycle(view, cluster, 0)
    known: dict[bytes, bool] = {}

    def fits(pod: PodInfo) -> bool:
        if node is None:
            return False
        answer = known.get(pod.traits.signature)
        if answer is None:
            answers = answers_for(cycle, pod)
            if empty:
                answer = bool(answers.willing & node.bit) and _large_enough(pod, node)
            else:
                answer = bool(answers.fits & node.bit)
            known[pod.traits.signature] = answer
        return answer

    return fits


def _large_enough(pod: PodInfo, node: NodeInfo) -> bool:
    requests = pod.traits.requests
    return (
        requests.cpu <= node.cpu
        and requests.memory <= node.memory
        and requests.storage <= node.storage
        and all(amount <= node.scalars.get(name, 0) for name, amount in requests.scalars)
    )


def after_node(change: Change, view: View) -> Iterable[Key]:
    """A node came, went or changed in a way that filters look at."""
    old, new = change.old, change.new
    if new is not None and old is not None and not _node_differs(old, new):
        return ()
    cluster: ClusterState = view.cache(NAME)
    if not cluster.refused:
        return ()
    fits = _by_class(view, cluster, cluster.nodes.get(change.key[1]), empty=True)
    found = {key: pod for key, pod in cluster.attentive.items() if pod.traits.spread}
    for of_class in cluster.refused.values():
        if fits(next(iter(of_class.values()))):
            found.update(of_class)
    return in_queue_order(found.values())


def _node_differs(old: Obj, new: Obj) -> bool:
    spec, before = new.get("spec"), old.get("spec")
    if spec is not before and spec != before:
        return True
    if new["metadata"].get("labels") != old["metadata"].get("labels"):
        return True
    status, status_before = new.get("status") or {}, old.get("status") or {}
    for field in ("allocatable", "declaredFeatures"):
        value, value_before = status.get(field), status_before.get(field)
        if value is not value_before and value != value_before:
            return True
    return False


def after_claim(change: Change, view: View) -> Iterable[Key]:
    """A claim came or changed: the waiting Pods that use it."""
    cluster: ClusterState = view.cache(NAME)
    return sorted(cluster.unassigned_claims.get(change.key, ()))


def after_volume(change: Change, view: View) -> Iterable[Key]:
    """A volume changed: the Pods that use its claim, or for a free one all that wait for a claim."""
    cluster: ClusterState = view.cache(NAME)
    if not cluster.unassigned_claims:
        return ()
    claim = (((change.new or change.old) or {}).get("spec") or {}).get("claimRef")
    if claim is not None:
        key = (claim.get("namespace", ""), claim["name"])
        return sorted(cluster.unassigned_claims.get(key, ()))
    return after_storage(change, view)


def after_storage(change: Change, view: View) -> Iterable[Key]:
    """Something changed that decides where volumes can be: all Pods that wait with a claim."""
    cluster: ClusterState = view.cache(NAME)
    return in_queue_order(pod for pod in cluster.attentive.values() if pod.traits.claims)


def after_device_claim(change: Change, view: View) -> Iterable[Key]:
    """A ResourceClaim changed: its Pods; and where devices are free now, all that wait for some."""
    cluster: ClusterState = view.cache(NAME)
    waiting = [pod for pod in cluster.pending.values() if pod.obj["spec"].get("resourceClaims")]
    if not waiting:
        return ()
    old, new = change.old, change.new
    freed = old is not None and _has_devices(old) and (new is None or not _has_devices(new))
    return in_queue_order(waiting if freed else [pod for pod in waiting if _uses(pod, change)])


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
    """Devices or classes of them came, changed or went: all Pods that were refused with claims to some."""
    cluster: ClusterState = view.cache(NAME)
    return in_queue_order(pod for pod in cluster.attentive.values() if pod.obj["spec"].get("resourceClaims"))


def after_namespace(change: Change, view: View) -> Iterable[Key]:
    """A namespace's labels may decide what affinity terms are about."""
    return _company_changed(view)


_OF_SCHEDULING = CREATED | REMOVED | SPEC | LABELS | ENDED | UNBOUND
"""What of a Pod the scheduler's queue is moved by."""

WATCHES = (
    Watch("Pod", after_pod, delay="scheduling", aspects=_OF_SCHEDULING),
    Watch("Node", after_node),
    Watch("PersistentVolumeClaim", after_claim),
    Watch("PersistentVolume", after_volume),
    Watch("StorageClass", after_storage),
    Watch("CSINode", after_storage),
    Watch("CSIStorageCapacity", after_storage),
    Watch("VolumeAttachment", after_storage),
    Watch("Namespace", after_namespace),
    Watch("ResourceClaim", after_device_claim),
    Watch("ResourceSlice", after_devices),
    Watch("DeviceClass", after_devices),
)
