"""What the scheduler writes into a Pod's ResourceClaims: what they are given, and that they are free again.

Models pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go (PreEnqueue, PostFilter, PreBind),
v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from k8slab.components import Action, Outcome, Update
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.device_allocation import AllocationError, PoolError, allocate
from k8slab.scheduler.device_capacity import usage_of
from k8slab.scheduler.device_claims import (
    ClaimError,
    allocation_of,
    bind_claim,
    claims_of,
    entries_of,
    is_reserved_for,
)
from k8slab.scheduler.framework import PodInfo
from k8slab.scheduler.plugins.dynamic_resources import DeviceState, unavailable
from k8slab.store.view import View

NOTHING_TO_FREE = "no new claims to deallocate"
_FREED = "deallocation of ResourceClaim completed"
_STILL_NOT = "still not schedulable"


def claims_missing(view: View, pod: PodInfo) -> str:
    """Why a Pod is not tried at all yet: a claim is missing. Nothing is told of it, as of a gate."""
    try:
        claims_of(view, pod.obj)
    except ClaimError as error:
        return str(error)
    return ""


def bind_devices(cycle: Cycle, pod: PodInfo, node: str) -> Generator[Action, Outcome, str]:
    """Write into the Pod's claims what they are given on its node, and that it uses them. Why that failed."""
    if not entries_of(pod.obj):
        return ""
    try:
        claims = claims_of(cycle.view, pod.obj)
        waiting = [claim for claim in claims if allocation_of(claim) is None]
        usage = usage_of(cycle.view.list("ResourceClaim") if waiting else ())
        given = allocate(cycle.view, cycle.cluster.nodes[node], waiting, usage)
    except (ClaimError, AllocationError, PoolError) as error:
        return str(error)
    if given is None:
        return f"claim allocation not found for node {node}"
    allocations = {claim["metadata"]["uid"]: one for claim, one in zip(waiting, given, strict=True)}
    for claim in claims:
        if is_reserved_for(claim, pod.obj):
            continue
        allocation = allocations.get(claim["metadata"]["uid"])
        fault = yield from bind_claim(claim, pod.obj, allocation, cycle.now_us)
        if fault:
            return fault
    return ""


def free_devices(cycle: Cycle, pod: PodInfo, states: Mapping[str, Any]) -> Generator[Action, Outcome, str]:
    """Take away the devices of a claim that nobody else uses, where no node can do with them.

    Of several such claims the first goes; upstream takes any.
    """
    state = states.get("DynamicResources")
    if not isinstance(state, DeviceState):
        return NOTHING_TO_FREE
    nodes = cycle.cluster.nodes.values()
    useless = [claim for node in nodes for claim in unavailable(state, node)]
    for claim in useless:
        consumers = (claim.get("status") or {}).get("reservedFor") or ()
        if all(one["uid"] == pod.uid for one in consumers):
            left = ("allocation", "reservedFor", "devices")
            status = {name: value for name, value in claim["status"].items() if name not in left}
            yield Update("ResourceClaim", {**claim, "status": status}, "status")
            return _FREED
    return _STILL_NOT
