"""TaintToleration: a node's taints keep away the Pods that don't tolerate them.

NoSchedule and NoExecute refuse; PreferNoSchedule costs score.

Models pkg/scheduler/framework/plugins/tainttoleration, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import Obj
from k8slab.api.placement import tolerates, untolerated_taint
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import NODE_SCOPE, NodeInfo, Plugin, PodInfo, Status, default_normalize

Tolerations = tuple[Obj, ...]

_REFUSED = Status(("node(s) had untolerated taint(s)",), resolvable=False)


def _pre_filter(cycle: Cycle, pod: PodInfo) -> Tolerations:
    return pod.traits.tolerations


def _filter(tolerations: Tolerations, node: NodeInfo) -> Status | None:
    if node.taints and untolerated_taint(node.taints, tolerations) is not None:
        return _REFUSED
    return None


def _pre_score(cycle: Cycle, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Tolerations:
    return tuple(
        toleration
        for toleration in pod.traits.tolerations
        if (toleration.get("effect") or "PreferNoSchedule") == "PreferNoSchedule"
    )


def _score(tolerations: Tolerations, node: NodeInfo) -> int:
    """How many PreferNoSchedule taints the Pod doesn't tolerate."""
    return sum(
        1
        for taint in node.taints
        if taint["effect"] == "PreferNoSchedule" and not tolerates(tolerations, taint)
    )


def _normalize(tolerations: Tolerations, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
    return default_normalize(scores, reverse=True)


PLUGIN = Plugin(
    "TaintToleration",
    3,
    NODE_SCOPE,
    pre_filter=_pre_filter,
    filter=_filter,
    weight=3,
    pre_score=_pre_score,
    score=_score,
    normalize=_normalize,
)
