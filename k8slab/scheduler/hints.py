"""Queueing hints: what each rule says to a change when it is asked whether a Pod that it refused may go now.

A rule names the changes that it wants to hear of. For some a function looks closer;
without one every such change counts.

Models the EventsToRegister and QueueingHintFn of the plugins in pkg/scheduler/framework/plugins,
pkg/scheduler/framework/events.go and pkg/scheduler/scheduler.go (buildQueueingHintMap), v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.declared_features import needed_to_run
from k8slab.api.meta import Obj, annotations_of, dig, labels_of
from k8slab.api.placement import ports_conflict, tolerates, untolerated_taint
from k8slab.api.selectors import matches
from k8slab.scheduler.framework import AffinityTerm, NodeInfo, PodInfo, SpreadConstraint
from k8slab.scheduler.nodes import matches_required_affinity
from k8slab.scheduler.plugins.pod_topology_spread import constraints_of
from k8slab.scheduler.plugins.volume_restrictions import shares_disk
from k8slab.scheduler.plugins.volume_zone import PLACE_LABELS
from k8slab.scheduler.traits import claim_names
from k8slab.scheduler.volumes import DELAYED

CREATED = "created"
REMOVED = "removed"
CHANGED = "changed"
"""The object changed, in whatever way."""
LABELS = "labels"
TAINTS = "taints"
"""A node's taints changed, or it is no longer unschedulable."""
ALLOCATABLE = "allocatable"
FEATURES = "features"
"""A node declares other features."""
SCALED_DOWN = "scaled down"
"""A Pod asks for less of something."""
TOLERATIONS = "tolerations"
UNGATED = "ungated"
"""The last of a Pod's scheduling gates is gone."""


class Happening(NamedTuple):
    """A change as hints see it: what it was, and the object before and after.

    Of a Pod or a node there is also what scheduling reads of it.
    """

    kind: str
    actions: frozenset[str]
    old: Obj | None
    new: Obj | None
    old_pod: PodInfo | None = None
    new_pod: PodInfo | None = None
    old_node: NodeInfo | None = None
    new_node: NodeInfo | None = None


Hint = Callable[[PodInfo, Happening], bool]


class Interest(NamedTuple):
    """Which changes of a kind a rule wants to hear of, and how it judges them; without `hint` all count."""

    kind: str
    actions: frozenset[str]
    hint: Hint | None = None


def worth_another_try(pod: PodInfo, rejectors: frozenset[str], happening: Happening) -> bool:
    """Whether a change may help a Pod that these rules refused (`isPodWorthRequeuing`)."""
    if not rejectors:
        return True
    return any(
        interest.kind == happening.kind
        and not interest.actions.isdisjoint(happening.actions)
        and (interest.hint is None or interest.hint(pod, happening))
        for name in rejectors
        for interest in INTERESTS.get(name, ())
    )


def _own(pod: PodInfo, happening: Happening) -> bool:
    """Whether it is the waiting Pod itself that changed."""
    return happening.new_pod is not None and happening.new_pod.uid == pod.uid


# Nodes.


def _cordon_taint() -> Obj:
    return {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def _uncordoned(pod: PodInfo, happening: Happening) -> bool:
    old, new = happening.old_node, happening.new_node
    return new is not None and not new.unschedulable and (old is None or old.unschedulable)


def _tolerates_cordon(pod: PodInfo, happening: Happening) -> bool:
    return _own(pod, happening) and tolerates(pod.traits.tolerations, _cordon_taint())


def _tolerated_now(pod: PodInfo, happening: Happening) -> bool:
    old, new = happening.old_node, happening.new_node
    tolerations = pod.traits.tolerations
    if new is None or untolerated_taint(new.taints, tolerations) is not None:
        return False
    return old is None or untolerated_taint(old.taints, tolerations) is not None


def _selected_now(pod: PodInfo, happening: Happening) -> bool:
    old, new = happening.old_node, happening.new_node
    if new is None or not matches_required_affinity(pod.traits, new):
        return False
    return old is None or not matches_required_affinity(pod.traits, old)


def _has_more(pod: PodInfo, happening: Happening) -> bool:
    """Whether the Pod would fit onto the node if that were empty, and the node has more of what it needs."""
    old, new = happening.old_node, happening.new_node
    if new is None or not _large_enough(pod, new):
        return False
    if old is None or new.allowed_pods > old.allowed_pods:
        return True
    return any(
        wanted > 0 and after > before
        for wanted, after, before in zip(_wanted(pod), _offers(pod, new), _offers(pod, old), strict=True)
    )


def _wanted(pod: PodInfo) -> Sequence[int]:
    requests = pod.traits.requests
    return (requests.cpu, requests.memory, requests.storage, *(amount for _, amount in requests.scalars))


def _offers(pod: PodInfo, node: NodeInfo) -> Sequence[int]:
    scalars = (node.scalars.get(name, 0) for name, _ in pod.traits.requests.scalars)
    return (node.cpu, node.memory, node.storage, *scalars)


def _large_enough(pod: PodInfo, node: NodeInfo) -> bool:
    if node.allowed_pods < 1:
        return False
    return all(wanted <= there for wanted, there in zip(_wanted(pod), _offers(pod, node), strict=True))


def _declares_other(pod: PodInfo, happening: Happening) -> bool:
    return happening.old is None or FEATURES in happening.actions


def _needs_other(pod: PodInfo, happening: Happening) -> bool:
    if not _own(pod, happening) or happening.old is None:
        return False
    return needed_to_run(happening.old["spec"]) != needed_to_run(pod.obj["spec"])


# Pods that are on nodes, or were.


def _somewhere(pod: PodInfo | None) -> bool:
    """Whether a Pod takes part: it is on a node, or one is kept free for it."""
    return pod is not None and bool(pod.node or pod.nominated)


def _room_made(pod: PodInfo, happening: Happening) -> bool:
    if happening.new_pod is None:
        return _somewhere(happening.old_pod)
    if _own(pod, happening):
        return True
    if happening.old_pod is None or not happening.new_pod.node:
        return False
    before = _by_resource(happening.old_pod)
    after = _by_resource(happening.new_pod)
    return any(
        amount > 0 and before.get(name, 0) > after.get(name, 0) for name, amount in _by_resource(pod).items()
    )


def _by_resource(pod: PodInfo) -> dict[str, int]:
    requests = pod.traits.requests
    named = {"cpu": requests.cpu, "memory": requests.memory, "ephemeral-storage": requests.storage}
    return {**named, **dict(requests.scalars)}


def _ports_freed(pod: PodInfo, happening: Happening) -> bool:
    gone = happening.old_pod
    if gone is None or not _somewhere(gone) or not gone.traits.ports:
        return False
    freed = dict.fromkeys(gone.traits.ports, 1)
    return any(ports_conflict(port, freed) for port in pod.traits.ports)


def _disk_freed(pod: PodInfo, happening: Happening) -> bool:
    gone = happening.old_pod
    if gone is None or gone.namespace != pod.namespace:
        return False
    if shares_disk(pod, gone):
        return True
    own = {name for name, ephemeral in pod.traits.claims if not ephemeral}
    return any(name in own for name, ephemeral in gone.traits.claims if not ephemeral)


def _volumes_freed(pod: PodInfo, happening: Happening) -> bool:
    return _somewhere(happening.old_pod) and bool(happening.old_pod and happening.old_pod.traits.claims)


def _about_all(terms: Sequence[AffinityTerm], pod: PodInfo) -> bool:
    """Whether a Pod is what all of the terms are about. A namespace's labels are not asked for here."""
    return bool(terms) and all(
        (
            pod.namespace in term.namespaces
            or (term.namespace_selector is not None and matches(term.namespace_selector, {}))
        )
        and matches(term.selector, pod.labels)
        for term in terms
    )


def _company_suits(pod: PodInfo, happening: Happening) -> bool:
    """For inter-pod affinity: a Pod that is wanted near came, or one that is not went."""
    old, new = happening.old_pod, happening.new_pod
    if old is not None and new is not None and new.uid == pod.uid:
        return True
    if any(one is not None and not _somewhere(one) for one in (old, new)):
        return False
    near, far = pod.terms.required, pod.terms.required_anti
    if old is not None and new is not None:
        came = _about_all(near, new) and not _about_all(near, old)
        return came or (_about_all(far, old) and not _about_all(far, new))
    if new is not None:
        return _about_all(near, new)
    return old is not None and (_about_all(far, old) or _about_all(old.terms.required_anti, pod))


def _place_suits(pod: PodInfo, happening: Happening) -> bool:
    """For inter-pod affinity: a node came, or changed its place in a topology that matters."""
    old, new = happening.old_node, happening.new_node
    if new is None:
        return False
    if old is None:
        near = any(term.topology_key in new.labels for term in pod.terms.required)
        return near or bool(pod.terms.required_anti)
    for terms, before, after in (
        (pod.terms.required, new.labels, old.labels),
        (pod.terms.required_anti, old.labels, new.labels),
    ):
        for term in terms:
            key = term.topology_key
            if key in before and before[key] != after.get(key):
                return True
    return False


# Topology spread.


def _spread_changed(pod: PodInfo, happening: Happening) -> bool:
    """Whether a Pod that counts for a constraint came, went or changed."""
    old, new = happening.old_pod, happening.new_pod
    if any(one is not None and not _counts_for(pod, one) for one in (old, new)):
        return False
    constraints = constraints_of(pod, "DoNotSchedule")
    if old is not None and new is not None:
        if new.uid == pod.uid and TOLERATIONS in happening.actions:
            if any(constraint.taints_policy == "Honor" for constraint in constraints):
                return True
        return any(
            matches(one.selector, old.labels) != matches(one.selector, new.labels) for one in constraints
        )
    there = new if new is not None else old
    return there is not None and any(matches(one.selector, there.labels) for one in constraints)


def _counts_for(pod: PodInfo, other: PodInfo) -> bool:
    return other.uid == pod.uid or (_somewhere(other) and other.namespace == pod.namespace)


def _domains_changed(pod: PodInfo, happening: Happening) -> bool:
    """Whether a node that the constraints count came, went or moved."""
    old, new = happening.old_node, happening.new_node
    constraints = constraints_of(pod, "DoNotSchedule")
    before = old is not None and _has_keys(constraints, old)
    after = new is not None and _has_keys(constraints, new)
    if old is None or new is None or before != after:
        return before or after
    moved = any(old.labels.get(one.topology_key) != new.labels.get(one.topology_key) for one in constraints)
    return after and (moved or list(old.taints) != list(new.taints))


def _has_keys(constraints: Iterable[SpreadConstraint], node: NodeInfo) -> bool:
    return all(constraint.topology_key in node.labels for constraint in constraints)


# Volumes.


def _own_claim(pod: PodInfo, happening: Happening) -> bool:
    claim = happening.new
    if claim is None or claim["metadata"].get("namespace") != pod.namespace:
        return False
    return claim["metadata"]["name"] in claim_names(pod)


def _waiting_class(pod: PodInfo, happening: Happening) -> bool:
    return (happening.new or {}).get("volumeBindingMode") == DELAYED


def _other_topologies(pod: PodInfo, happening: Happening) -> bool:
    old, new = happening.old, happening.new
    return old is None or old.get("allowedTopologies") != (new or {}).get("allowedTopologies")


def _volume_moved(pod: PodInfo, happening: Happening) -> bool:
    old, new = happening.old, happening.new
    if old is None or new is None:
        return True
    before, after = labels_of(old), labels_of(new)
    return any(before.get(label) != after.get(label) for label in PLACE_LABELS)


_MIGRATED = "storage.alpha.kubernetes.io/migrated-plugins"


def _migrated(pod: PodInfo, happening: Happening) -> bool:
    old, new = happening.old, happening.new
    if old is None or new is None:
        return True
    return annotations_of(old).get(_MIGRATED) != annotations_of(new).get(_MIGRATED)


def _holds_more(pod: PodInfo, happening: Happening) -> bool:
    """Whether a node's driver can attach more volumes than before."""
    before = _counts_of(happening.old)
    return any(count > before.get(driver, 0) for driver, count in _counts_of(happening.new).items())


def _counts_of(csi_node: Obj | None) -> dict[str, int]:
    drivers = dig(csi_node or {}, "spec", "drivers", default=None) or ()
    return {driver["name"]: dig(driver, "allocatable", "count", default=0) or 0 for driver in drivers}


def _has_claims(pod: PodInfo, happening: Happening) -> bool:
    return any(not ephemeral for _, ephemeral in pod.traits.claims)


def _more_space(pod: PodInfo, happening: Happening) -> bool:
    if happening.old is None:
        return True
    before, after = _space(happening.old), _space(happening.new)
    return after is not None and (before is None or after > before)


def _space(capacity: Obj | None) -> int | None:
    """The size of the largest volume that a CSIStorageCapacity speaks of."""
    limit = (capacity or {}).get("maximumVolumeSize") or (capacity or {}).get("capacity")
    return None if limit is None else quantities.units(str(limit))


# Who wants to hear of what.


def _on(kind: str, *actions: str, hint: Hint | None = None) -> Interest:
    return Interest(kind, frozenset(actions), hint)


_TAINTS = _on("Node", TAINTS)
"""Upstream tells of changed taints every rule that wants to hear of new nodes, whatever they mean to it."""

INTERESTS: dict[str, tuple[Interest, ...]] = {
    "NodeUnschedulable": (
        _on("Node", CREATED, TAINTS, hint=_uncordoned),
        _on("Pod", TOLERATIONS, hint=_tolerates_cordon),
    ),
    "NodeName": (_on("Node", CREATED), _TAINTS),
    "TaintToleration": (
        _on("Node", CREATED, TAINTS, hint=_tolerated_now),
        _on("Pod", TOLERATIONS, hint=_own),
    ),
    "NodeAffinity": (_on("Node", CREATED, LABELS, hint=_selected_now), _TAINTS),
    "NodePorts": (_on("Pod", REMOVED, hint=_ports_freed), _on("Node", CREATED), _TAINTS),
    "NodeResourcesFit": (
        _on("Pod", REMOVED, SCALED_DOWN, hint=_room_made),
        _on("Node", CREATED, ALLOCATABLE, hint=_has_more),
        _TAINTS,
    ),
    "VolumeRestrictions": (
        _on("Pod", REMOVED, hint=_disk_freed),
        _on("Node", CREATED),
        _TAINTS,
        _on("PersistentVolumeClaim", CREATED, hint=_own_claim),
    ),
    "NodeVolumeLimits": (
        _on("CSINode", CREATED),
        _on("CSINode", CHANGED, hint=_holds_more),
        _on("Pod", REMOVED, hint=_volumes_freed),
        _on("PersistentVolumeClaim", CREATED, hint=_own_claim),
        _on("VolumeAttachment", REMOVED, hint=_has_claims),
    ),
    "VolumeBinding": (
        _on("StorageClass", CREATED, CHANGED, hint=_other_topologies),
        _on("PersistentVolumeClaim", CREATED, CHANGED, hint=_own_claim),
        _on("PersistentVolume", CREATED, CHANGED),
        _on("Node", CREATED, LABELS),
        _TAINTS,
        _on("CSINode", CREATED, CHANGED, hint=_migrated),
        _on("CSIStorageCapacity", CREATED, CHANGED, hint=_more_space),
    ),
    "VolumeZone": (
        _on("StorageClass", CREATED, hint=_waiting_class),
        _on("Node", CREATED, LABELS),
        _TAINTS,
        _on("PersistentVolumeClaim", CREATED, CHANGED, hint=_own_claim),
        _on("PersistentVolume", CREATED, CHANGED, hint=_volume_moved),
    ),
    "PodTopologySpread": (
        _on("Pod", CREATED, LABELS, TOLERATIONS, REMOVED, hint=_spread_changed),
        _on("Node", CREATED, REMOVED, LABELS, TAINTS, hint=_domains_changed),
    ),
    "InterPodAffinity": (
        _on("Pod", CREATED, LABELS, REMOVED, hint=_company_suits),
        _on("Node", CREATED, LABELS, hint=_place_suits),
        _TAINTS,
    ),
    "DynamicResources": (
        _on("Node", CREATED, LABELS, ALLOCATABLE),
        _TAINTS,
        _on("DeviceClass", CREATED, CHANGED),
        _on("ResourceSlice", CREATED, CHANGED),
    ),
    "NodeDeclaredFeatures": (
        _on("Node", CREATED, FEATURES, hint=_declares_other),
        _TAINTS,
        _on("Pod", CHANGED, hint=_needs_other),
    ),
}
"""By rule: the changes that may help the Pods that it refused. Of ResourceClaims see `wakeups`."""

OF_ONE_NODE = frozenset(
    ("NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit")
)
"""The rules whose hints are the same for all Pods of a class."""
