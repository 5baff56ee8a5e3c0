"""NodeAffinity: nodeSelector and node affinity say by labels which nodes will do, and which are liked.

Models pkg/scheduler/framework/plugins/nodeaffinity, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import Obj
from k8slab.api.placement import is_integer
from k8slab.api.validation._names import label_value
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import (
    NODE_SCOPE,
    SKIP,
    NodeInfo,
    Plugin,
    PodInfo,
    Status,
    Traits,
    default_normalize,
)
from k8slab.scheduler.nodes import matches_required_affinity, matches_term

_REFUSED = Status(("node(s) didn't match Pod's node affinity/selector",), resolvable=False)
_NO_INTEGER = "for 'Gt', 'Lt' operators, the value must be an integer"
_CONFLICT = Status(("pod affinity terms conflict",), resolvable=False)


def named_nodes(terms: tuple[Obj, ...] | None) -> tuple[str, ...] | None:
    """The only nodes that the terms can match, by name and sorted; None where any node might.

    Every term must name nodes (`matchFields` of `metadata.name` with In) for that.
    """
    if not terms:
        return None
    names: dict[str, None] = {}
    for term in terms:
        of_term: list[str] | None = None
        for requirement in term.get("matchFields") or ():
            if requirement["key"] == "metadata.name" and requirement["operator"] == "In":
                values = requirement.get("values") or ()
                of_term = [name for name in (values if of_term is None else of_term) if name in values]
        if of_term is None:
            return None
        names.update(dict.fromkeys(of_term))
    return tuple(sorted(names))


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    traits = pod.traits
    if traits.node_terms is None and not traits.node_selector:
        return SKIP
    if named_nodes(traits.node_terms) == ():
        return _CONFLICT
    return traits


def _filter(traits: Traits, node: NodeInfo) -> Status | None:
    return None if matches_required_affinity(traits, node) else _REFUSED


def unreadable(preferred: tuple[Obj, ...]) -> str:
    """What is wrong with the preferences of a Pod, where the API server let that pass; empty for nothing.

    Upstream reads them when it begins to score nodes, and then gives up.
    """
    faults: dict[str, None] = {}
    for place, term in enumerate(preferred):
        for index, one in enumerate(
            term["preference"].get("matchExpressions") or () if term["weight"] else ()
        ):
            for number, value in enumerate(one.get("values") or ()):
                path = f"[{place}].matchExpressions[{index}].values[{number}]"
                if one["operator"] in ("Gt", "Lt") and not is_integer(value):
                    faults[f'{path}: Invalid value: "{value}": {_NO_INTEGER}'] = None
                faults.update(
                    (f'{path}[{one["key"]}]: Invalid value: "{value}": {why}', None)
                    for why in label_value(value)
                )
    return next(iter(faults)) if len(faults) == 1 else f"[{', '.join(faults)}]" if faults else ""


def _pre_score(cycle: Cycle, pod: PodInfo, nodes: Sequence[NodeInfo]) -> object:
    return pod.traits.preferred_nodes or SKIP


def _score(preferred: tuple[Obj, ...], node: NodeInfo) -> int:
    """The sum of the weights of the preferences that the node meets."""
    return sum(
        term["weight"] for term in preferred if term["weight"] and matches_term(term["preference"], node)
    )


def _normalize(preferred: tuple[Obj, ...], nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
    return default_normalize(scores, reverse=False)


PLUGIN = Plugin(
    "NodeAffinity",
    4,
    NODE_SCOPE,
    pre_filter=_pre_filter,
    filter=_filter,
    weight=2,
    pre_score=_pre_score,
    score=_score,
    normalize=_normalize,
)
