"""VolumeBinding: a Pod goes where its volumes can be; those it doesn't have yet are found or made there.

Models pkg/scheduler/framework/plugins/volumebinding/{volume_binding,binder}.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.meta import Obj, annotations_of, dig, is_terminating
from k8slab.api.selectors import from_label_selector, matches
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import CLUSTER_SCOPE, SKIP, NodeInfo, Plugin, PodInfo, Status
from k8slab.scheduler.volumes import (
    NO_PROVISIONER,
    SELECTED_NODE,
    class_of_claim,
    class_of_volume,
    find_match,
    is_fully_bound,
    made_for_pod,
    reachable,
    requested_bytes,
    waits_for_consumer,
)
from k8slab.store.view import View

_NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
_BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind"
_NOT_ENOUGH_SPACE = "node(s) did not have enough free storage"
_NO_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"


class ClaimState(NamedTuple):
    """The Pod's claims: those that are bound, and those that wait for a node to be chosen."""

    view: View
    bound: tuple[Obj, ...]
    waiting: tuple[Obj, ...]


class VolumePlan(NamedTuple):
    """What the waiting claims get on a node: volumes that exist, and volumes to be made."""

    bindings: tuple[tuple[Obj, Obj], ...] = ()
    """Pairs of a volume and the claim that it is for."""
    provisions: tuple[Obj, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why the node can't do."""


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    if not pod.traits.claims:
        return SKIP
    claims: list[Obj] = []
    for volume, ephemeral in pod.traits.claims:
        name = f"{pod.key[1]}-{volume}" if ephemeral else volume
        claim = cycle.view.get("PersistentVolumeClaim", (pod.namespace, name))
        why = _unusable(pod, claim, name, ephemeral)
        if why:
            return Status((why,), resolvable=False)
        assert claim is not None, "a claim that is missing is unusable"
        claims.append(claim)
    unbound = [claim for claim in claims if not is_fully_bound(claim)]
    for claim in unbound:
        if claim["spec"].get("volumeName") or not waits_for_consumer(cycle.view, claim):
            return Status(("pod has unbound immediate PersistentVolumeClaims",), resolvable=False)
    bound = tuple(claim for claim in claims if is_fully_bound(claim))
    return ClaimState(cycle.view, bound, tuple(unbound))


def _unusable(pod: PodInfo, claim: Obj | None, name: str, ephemeral: bool) -> str:
    """Why a claim can't be used at all; empty if it can."""
    if claim is None:
        if ephemeral:
            return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
        return f'persistentvolumeclaim "{name}" not found'
    if (claim.get("status") or {}).get("phase") == "Lost":
        volume = claim["spec"].get("volumeName") or ""
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
    if is_terminating(claim):
        return f'persistentvolumeclaim "{name}" is being deleted'
    if ephemeral and not made_for_pod(claim, pod.obj):
        key = f"{pod.namespace}/{pod.key[1]}"
        return f"PVC {pod.namespace}/{name} was not created for pod {key} (pod is not owner)"
    return ""


def plan_volumes(state: ClaimState, node: NodeInfo) -> VolumePlan:
    """What a node would mean for the Pod's claims (`FindPodVolumes`)."""
    view = state.view
    reasons: list[str] = []
    for claim in state.bound:
        volume = view.get("PersistentVolume", ("", claim["spec"]["volumeName"]))
        if volume is None:
            reasons.append(_NO_VOLUME)
            break
        if not reachable(volume, node.labels):
            reasons.append(_NODE_CONFLICT)
            break
    chosen_here: list[Obj] = []
    to_find: list[Obj] = []
    for claim in state.waiting:
        selected = annotations_of(claim).get(SELECTED_NODE)
        if selected is None:
            to_find.append(claim)
        elif selected == node.name:
            chosen_here.append(claim)
        else:
            return VolumePlan(reasons=(*reasons, _BIND_CONFLICT))
    bindings, missing = _find_volumes(view, to_find, node)
    provisions = (*chosen_here, *missing)
    why_not = _unprovisionable(view, provisions, node)
    if why_not:
        reasons.append(why_not)
    if reasons:
        return VolumePlan(reasons=tuple(reasons))
    return VolumePlan(bindings, provisions)


def _find_volumes(
    view: View, claims: list[Obj], node: NodeInfo
) -> tuple[tuple[tuple[Obj, Obj], ...], list[Obj]]:
    """Free volumes for the claims, the smallest claim first; and the claims for which there is none."""
    bindings: list[tuple[Obj, Obj]] = []
    missing: list[Obj] = []
    taken: dict[str, None] = {}
    volumes = view.list("PersistentVolume") if claims else ()
    for claim in sorted(claims, key=requested_bytes):
        of_class = [one for one in volumes if class_of_volume(one) == class_of_claim(claim)]
        volume = find_match(claim, of_class, node_labels=node.labels, taken=taken, delayed=True)
        if volume is None:
            missing.append(claim)
        else:
            taken[volume["metadata"]["name"]] = None
            bindings.append((volume, claim))
    return tuple(bindings), missing


def _unprovisionable(view: View, claims: tuple[Obj, ...], node: NodeInfo) -> str:
    """Why volumes can't be made for these claims on a node; empty if they can."""
    for claim in claims:
        found = view.get("StorageClass", ("", class_of_claim(claim)))
        if found is None or found["provisioner"] in ("", NO_PROVISIONER):
            return _BIND_CONFLICT
        terms = found.get("allowedTopologies")
        if terms and not any(_topology_matches(term, node.labels) for term in terms):
            return _BIND_CONFLICT
        if not _enough_capacity(view, found, claim, node):
            return _NOT_ENOUGH_SPACE
    return ""


def _topology_matches(term: Obj, labels: dict[str, str]) -> bool:
    expressions = term.get("matchLabelExpressions") or ()
    return all(labels.get(one["key"]) in one["values"] for one in expressions)


def _enough_capacity(view: View, found: Obj, claim: Obj, node: NodeInfo) -> bool:
    """Whether the driver says that it has room, for drivers that say so (CSIStorageCapacity)."""
    driver = view.get("CSIDriver", ("", found["provisioner"]))
    if driver is None or not dig(driver, "spec", "storageCapacity"):
        return True
    size = requested_bytes(claim)
    for capacity in view.list("CSIStorageCapacity"):
        limit = capacity.get("maximumVolumeSize") or capacity.get("capacity")
        if (
            capacity["storageClassName"] == found["metadata"]["name"]
            and limit is not None
            and quantities.units(str(limit)) >= size
            and "nodeTopology" in capacity
            and matches(from_label_selector(capacity["nodeTopology"]), node.labels)
        ):
            return True
    return False


def _filter(state: ClaimState, node: NodeInfo) -> Status | None:
    reasons = plan_volumes(state, node).reasons
    return Status(reasons, resolvable=False) if reasons else None


PLUGIN = Plugin("VolumeBinding", 9, CLUSTER_SCOPE, pre_filter=_pre_filter, filter=_filter)
