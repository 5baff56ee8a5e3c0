"""SchedulingGates: a Pod with a gate is not looked at before its gates are gone.

Models pkg/scheduler/framework/plugins/schedulinggates, v1.36.
"""

from __future__ import annotations

from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import NODE_SCOPE, SKIP, Plugin, PodInfo, Status


def gates_of(pod: PodInfo) -> list[str]:
    """The names of the gates that hold a Pod back."""
    return [gate["name"] for gate in pod.obj["spec"].get("schedulingGates") or ()]


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    gates = gates_of(pod)
    if not gates:
        return SKIP
    return Status((f"waiting for scheduling gates: [{' '.join(gates)}]",), resolvable=False)


PLUGIN = Plugin("SchedulingGates", 0, NODE_SCOPE, pre_filter=_pre_filter)
