"""NodePorts: a host port can be taken once on each address of a node.

Models pkg/scheduler/framework/plugins/nodeports, v1.36.
"""

from __future__ import annotations

from k8slab.api.placement import HostPort, ports_conflict
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import LOAD_SCOPE, SKIP, NodeInfo, Plugin, PodInfo, Status

_REFUSED = Status(("node(s) didn't have free ports for the requested pod ports",))


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    return pod.traits.ports or SKIP


def _filter(wanted: tuple[HostPort, ...], node: NodeInfo) -> Status | None:
    if node.ports and any(ports_conflict(port, node.ports) for port in wanted):
        return _REFUSED
    return None


PLUGIN = Plugin("NodePorts", 5, LOAD_SCOPE, pre_filter=_pre_filter, filter=_filter)
