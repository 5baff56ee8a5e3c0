"""DynamicResources: a Pod goes where the devices are that its claims have, or can be given.

Models pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go (PreFilter, Filter, Score), v1.36.
Extended resources are not made claims of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.api.placement import labels_match_selector
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.device_allocation import AllocationError, PoolError, allocate
from k8slab.scheduler.device_capacity import NO_USAGE, Usage, usage_of
from k8slab.scheduler.device_claims import ClaimError, allocation_of, claims_of, entries_of
from k8slab.scheduler.framework import (
    CLUSTER_SCOPE,
    SKIP,
    NodeInfo,
    Plugin,
    PodInfo,
    RuleError,
    Status,
    default_normalize,
)
from k8slab.store.view import View

_NOT_HERE = "resourceclaim not available on the node"
_NOT_ALL = "cannot allocate all claims"


class DeviceState(NamedTuple):
    """The Pod's claims: those that have devices, and those that are still to be given some."""

    view: View
    allocated: tuple[Obj, ...]
    waiting: tuple[Obj, ...]
    usage: Usage = NO_USAGE


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    if not entries_of(pod.obj):
        return SKIP
    try:
        claims = claims_of(cycle.view, pod.obj)
    except ClaimError as error:
        return Status((str(error),), resolvable=False)
    if not claims:
        return SKIP
    waiting = tuple(claim for claim in claims if allocation_of(claim) is None)
    for claim in waiting:
        why = _missing_class(cycle.view, claim)
        if why:
            return Status((why,), resolvable=False)
    allocated = tuple(claim for claim in claims if allocation_of(claim) is not None)
    usage = usage_of(cycle.view.list("ResourceClaim") if waiting else ())
    return DeviceState(cycle.view, allocated, waiting, usage)


def _missing_class(view: View, claim: Obj) -> str:
    """Which class of devices that a claim asks for does not exist; empty where all do."""
    for request in _requests(claim):
        asked = [(request["name"], request["exactly"])] if request.get("exactly") else []
        asked += [(f"{request['name']}/{one['name']}", one) for one in request.get("firstAvailable") or ()]
        for name, one in asked:
            if view.get("DeviceClass", ("", one["deviceClassName"])) is None:
                return f"request {name}: device class {one['deviceClassName']} does not exist"
    return ""


def allocations_for(state: DeviceState, node: NodeInfo) -> list[Obj] | None:
    """What the waiting claims would be given on a node; None where that is not enough."""
    return allocate(state.view, node, state.waiting, state.usage) if state.waiting else []


def unavailable(state: DeviceState, node: NodeInfo) -> tuple[Obj, ...]:
    """The claims whose devices a node doesn't reach."""
    found = ((claim, (allocation_of(claim) or {}).get("nodeSelector")) for claim in state.allocated)
    return tuple(
        claim
        for claim, selector in found
        if selector is not None and not labels_match_selector(selector, node.labels, node.name)
    )


def _filter(state: DeviceState, node: NodeInfo) -> Status | None:
    try:
        given = allocations_for(state, node)
    except AllocationError as error:
        raise RuleError(f'running "DynamicResources" filter plugin: {error}') from error
    except PoolError as error:
        return Status((str(error),), resolvable=False)
    if given is None:
        return Status((_NOT_ALL,), resolvable=False)
    return Status((_NOT_HERE,), resolvable=False) if unavailable(state, node) else None


# Of alternatives the first is the best.

_MOST_ALTERNATIVES = 8
"""How many alternatives a request may have (`FirstAvailableDeviceRequestMaxSize`)."""


def _pre_score(cycle: Cycle, pod: PodInfo, nodes: Sequence[NodeInfo]) -> object:
    state = _pre_filter(cycle, pod)
    if not isinstance(state, DeviceState):
        return SKIP
    requests = (one for claim in (*state.allocated, *state.waiting) for one in _requests(claim))
    return state if any(one.get("firstAvailable") for one in requests) else SKIP


def _requests(claim: Obj) -> Sequence[Obj]:
    return claim["spec"].get("devices", {}).get("requests") or ()


def _score(state: DeviceState, node: NodeInfo) -> int:
    """The more, the earlier among its alternatives each request finds what it is given (`computeScore`)."""
    given = [allocation_of(claim) or {} for claim in state.allocated]
    score = 0
    for claim, allocation in zip(
        (*state.allocated, *state.waiting), (*given, *(allocations_for(state, node) or ())), strict=True
    ):
        results = (allocation.get("devices") or {}).get("results") or ()
        names = {one["request"] for one in results}
        for request in _requests(claim):
            for place, one in enumerate(request.get("firstAvailable") or ()):
                if f"{request['name']}/{one['name']}" in names:
                    score += _MOST_ALTERNATIVES - place
    return score


def _normalize(state: DeviceState, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
    return default_normalize(scores, reverse=False)


PLUGIN = Plugin(
    "DynamicResources",
    13,
    CLUSTER_SCOPE,
    pre_filter=_pre_filter,
    filter=_filter,
    weight=2,
    pre_score=_pre_score,
    score=_score,
    normalize=_normalize,
)
