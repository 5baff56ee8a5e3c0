"""NodeResourcesBalancedAllocation: better where CPU and memory would be used up evenly.

Compared is how even the node is with and without the Pod, so that a Pod that
evens a node out is drawn to it.

Models pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go, v1.36,
with its default resources CPU and memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import (
    LOAD_SCOPE,
    MAX_NODE_SCORE,
    SKIP,
    NodeInfo,
    Plugin,
    PodInfo,
    Requests,
)

_HALF = MAX_NODE_SCORE // 2


def _pre_score(cycle: Cycle, pod: PodInfo, nodes: Sequence[NodeInfo]) -> object:
    requests = pod.traits.requests
    # A Pod that asks for nothing would look balanced on one and the same node again and again.
    return requests if requests.cpu or requests.memory else SKIP


def _evenness(cpu: int, memory: int, node: NodeInfo) -> int:
    """50 to 100: a hundred less the standard deviation of the two fractions in use."""
    if not node.cpu or not node.memory:
        return MAX_NODE_SCORE
    deviation = abs(min(cpu / node.cpu, 1.0) - min(memory / node.memory, 1.0)) / 2
    return int((1 - deviation) * MAX_NODE_SCORE)


def _score(requests: Requests, node: NodeInfo) -> int:
    cpu, memory = node.used_cpu, node.used_memory
    before = _evenness(cpu, memory, node)
    after = _evenness(cpu + requests.cpu, memory + requests.memory, node)
    return _HALF + (_HALF + after - before) // 2


PLUGIN = Plugin(
    "NodeResourcesBalancedAllocation", 21, LOAD_SCOPE, weight=1, pre_score=_pre_score, score=_score
)
