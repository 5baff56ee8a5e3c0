"""NodeUnschedulable: a cordoned node takes no new Pods, unless they tolerate its taint.

Models pkg/scheduler/framework/plugins/nodeunschedulable, v1.36.
"""

from __future__ import annotations

from k8slab.api.placement import tolerates
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import NODE_SCOPE, NodeInfo, Plugin, PodInfo, Status

_CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_REFUSED = Status(("node(s) were unschedulable",), resolvable=False)


def _pre_filter(cycle: Cycle, pod: PodInfo) -> bool:
    return tolerates(pod.traits.tolerations, _CORDONED)


def _filter(tolerated: bool, node: NodeInfo) -> Status | None:
    return _REFUSED if node.unschedulable and not tolerated else None


PLUGIN = Plugin("NodeUnschedulable", 1, NODE_SCOPE, pre_filter=_pre_filter, filter=_filter)
