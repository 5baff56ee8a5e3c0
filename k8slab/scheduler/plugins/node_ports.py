"""NodePorts: a host port can be taken once on each address of a node.

Models pkg/scheduler/framework/plugins/nodeports and
staging/src/k8s.io/kube-scheduler/framework/types.go (HostPortInfo), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import LOAD_SCOPE, SKIP, HostPort, NodeInfo, Plugin, PodInfo, Status

_EVERY_ADDRESS = "0.0.0.0"
_REFUSED = Status(("node(s) didn't have free ports for the requested pod ports",))


def conflicts(wanted: HostPort, used: Iterable[HostPort]) -> bool:
    """Whether a port is taken: on its own address, or on all, or it wants all and one is taken."""
    for port in used:
        if port.port == wanted.port and port.protocol == wanted.protocol:
            if wanted.ip in (port.ip, _EVERY_ADDRESS) or port.ip == _EVERY_ADDRESS:
                return True
    return False


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    return pod.traits.ports or SKIP


def _filter(wanted: tuple[HostPort, ...], node: NodeInfo) -> Status | None:
    if node.ports and any(conflicts(port, node.ports) for port in wanted):
        return _REFUSED
    return None


PLUGIN = Plugin("NodePorts", 5, LOAD_SCOPE, pre_filter=_pre_filter, filter=_filter)
