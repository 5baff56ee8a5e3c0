"""NodeResourcesFit: what the Pods on a node request must fit; of those that fit, the emptier is better.

Models pkg/scheduler/framework/plugins/noderesources/{fit,least_allocated}.go, v1.36,
with the default strategy LeastAllocated over CPU and memory, one to one.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import (
    LOAD_SCOPE,
    MAX_NODE_SCORE,
    NodeInfo,
    Plugin,
    PodInfo,
    Requests,
    Status,
)


def _pre_filter(cycle: Cycle, pod: PodInfo) -> Requests:
    return pod.traits.requests


def _filter(requests: Requests, node: NodeInfo) -> Status | None:
    if (
        len(node.pods) < node.allowed_pods
        and requests.cpu <= max(node.cpu - node.used_cpu, 0)
        and requests.memory <= max(node.memory - node.used_memory, 0)
        and requests.storage <= max(node.storage - node.used_storage, 0)
        and not requests.scalars
    ):
        return None
    return _insufficient(requests, node)


def _insufficient(requests: Requests, node: NodeInfo) -> Status | None:
    """Every resource of which there is too little. A request above the node's size can't be helped."""
    reasons: list[str] = []
    resolvable = True
    if len(node.pods) + 1 > node.allowed_pods:
        reasons.append("Too many pods")
    amounts = (
        ("cpu", requests.cpu, node.cpu, node.used_cpu),
        ("memory", requests.memory, node.memory, node.used_memory),
        ("ephemeral-storage", requests.storage, node.storage, node.used_storage),
        *(
            (name, amount, node.scalars.get(name, 0), node.used_scalars.get(name, 0))
            for name, amount in requests.scalars
        ),
    )
    for name, wanted, allocatable, used in amounts:
        if wanted > 0 and wanted > allocatable - used:
            reasons.append(f"Insufficient {name}")
            resolvable = resolvable and wanted <= allocatable
    return Status(tuple(reasons), resolvable) if reasons else None


def _pre_score(cycle: Cycle, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Requests:
    return pod.traits.requests


def _score(requests: Requests, node: NodeInfo) -> int:
    """The mean over CPU and memory of the percentage that would stay free."""
    total = weights = 0
    if node.cpu:
        free = node.cpu - node.used_scored_cpu - requests.scored_cpu
        if free > 0:
            total = free * MAX_NODE_SCORE // node.cpu
        weights = 1
    if node.memory:
        free = node.memory - node.used_scored_memory - requests.scored_memory
        if free > 0:
            total += free * MAX_NODE_SCORE // node.memory
        weights += 1
    return total // weights if weights else 0


PLUGIN = Plugin(
    "NodeResourcesFit",
    6,
    LOAD_SCOPE,
    pre_filter=_pre_filter,
    filter=_filter,
    weight=1,
    pre_score=_pre_score,
    score=_score,
)
