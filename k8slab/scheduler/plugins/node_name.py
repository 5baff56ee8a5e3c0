"""NodeName: a Pod that names its node goes there or nowhere.

Models pkg/scheduler/framework/plugins/nodename, v1.36.
"""

from __future__ import annotations

from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import NODE_SCOPE, SKIP, NodeInfo, Plugin, PodInfo, Status

_REFUSED = Status(("node(s) didn't match the requested node name",), resolvable=False)


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    return pod.node or SKIP


def _filter(name: str, node: NodeInfo) -> Status | None:
    return None if node.name == name else _REFUSED


PLUGIN = Plugin("NodeName", 2, NODE_SCOPE, pre_filter=_pre_filter, filter=_filter)
