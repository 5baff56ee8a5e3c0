"""PodTopologySpread: Pods of one kind spread over zones, hosts and whatever else labels name.

Constraints that say DoNotSchedule refuse nodes; ScheduleAnyway, and the
system's own defaults for Pods of Services and controllers, only score.

Models pkg/scheduler/framework/plugins/podtopologyspread/{filtering,scoring,common,plugin}.go
and plugins/helper/spread.go, v1.36.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from k8slab.api.placement import untolerated_taint
from k8slab.api.selectors import matches
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import (
    CLUSTER_SCOPE,
    MAX_NODE_SCORE,
    SKIP,
    NodeInfo,
    Plugin,
    PodInfo,
    SpreadConstraint,
    Status,
    Traits,
)
from k8slab.scheduler.nodes import matches_required_affinity
from k8slab.scheduler.spread import HOSTNAME, default_constraints, rounded, weighted
from k8slab.scheduler.traits import spread_constraint

_MISMATCH = Status(("node(s) didn't match pod topology spread constraints",))
_MISSING_LABEL = Status(
    ("node(s) didn't match pod topology spread constraints (missing required label)",), resolvable=False
)


def includes(constraint: SpreadConstraint, traits: Traits, node: NodeInfo) -> bool:
    """Whether a node's Pods count for a constraint, by its inclusion policies."""
    if constraint.affinity_policy == "Honor" and not matches_required_affinity(traits, node):
        return False
    return constraint.taints_policy != "Honor" or untolerated_taint(node.taints, traits.tolerations) is None


def constraints_of(pod: PodInfo, when_unsatisfiable: str) -> tuple[SpreadConstraint, ...]:
    """The Pod's own constraints of one sort."""
    return tuple(
        spread_constraint(constraint, pod.labels)
        for constraint in pod.traits.spread
        if constraint.get("whenUnsatisfiable", "DoNotSchedule") == when_unsatisfiable
    )


def _has_all_keys(constraints: Sequence[SpreadConstraint], node: NodeInfo) -> bool:
    return all(constraint.topology_key in node.labels for constraint in constraints)


def _counts(cycle: Cycle, pod: PodInfo, constraint: SpreadConstraint) -> dict[str, int]:
    """By node: how many Pods match, terminating ones apart. An empty selector counts none."""
    if not constraint.selector:
        return {}
    namespaces = (pod.namespace,)
    return cycle.cluster.counter(cycle.view, namespaces, constraint.selector, terminating=False).counts


# Filtering.


class SpreadState(NamedTuple):
    """The constraints, and for each the number of matching Pods by topology value."""

    pod: PodInfo
    constraints: tuple[SpreadConstraint, ...]
    counts: tuple[dict[str, int], ...]


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    constraints = constraints_of(pod, "DoNotSchedule")
    if not constraints:
        return SKIP
    by_node = [_counts(cycle, pod, constraint) for constraint in constraints]
    totals: tuple[dict[str, int], ...] = tuple({} for _ in constraints)
    for node in cycle.cluster.nodes.values():
        if not _has_all_keys(constraints, node):
            continue
        for constraint, counts, total in zip(constraints, by_node, totals, strict=True):
            if includes(constraint, pod.traits, node):
                value = node.labels[constraint.topology_key]
                total[value] = total.get(value, 0) + counts.get(node.name, 0)
    return SpreadState(pod, constraints, totals)


def _with_pod(state: SpreadState, other: PodInfo, node: NodeInfo, sign: int) -> SpreadState:
    if other.namespace != state.pod.namespace or not _has_all_keys(state.constraints, node):
        return state
    counts = []
    for constraint, total in zip(state.constraints, state.counts, strict=True):
        if matches(constraint.selector, other.labels) and includes(constraint, state.pod.traits, node):
            value = node.labels[constraint.topology_key]
            total = {**total, value: total.get(value, 0) + sign}
        counts.append(total)
    return state._replace(counts=tuple(counts))


def _filter(state: SpreadState, node: NodeInfo) -> Status | None:
    for constraint, total in zip(state.constraints, state.counts, strict=True):
        value = node.labels.get(constraint.topology_key)
        if value is None:
            return _MISSING_LABEL
        # With fewer domains than asked for, an empty domain is imagined.
        least = min(total.values(), default=2**31 - 1) if len(total) >= constraint.min_domains else 0
        itself = 1 if matches(constraint.selector, state.pod.labels) else 0
        if total.get(value, 0) + itself - least > constraint.max_skew:
            return _MISMATCH
    return None


# Scoring.


class SpreadScore(NamedTuple):
    """For each soft constraint: its counts by topology value (by node for hostnames) and its weight.

    `ignored` are the nodes that lack a key, by name.
    """

    constraints: tuple[SpreadConstraint, ...]
    counts: tuple[dict[str, int], ...]
    weights: tuple[float, ...]
    ignored: dict[str, None]


def _pre_score(cycle: Cycle, pod: PodInfo, nodes: Sequence[NodeInfo]) -> object:
    own = bool(pod.traits.spread)
    constraints = constraints_of(pod, "ScheduleAnyway") if own else default_constraints(cycle, pod)
    if not constraints:
        return SKIP
    ignored = {node.name: None for node in nodes if own and not _has_all_keys(constraints, node)}
    scored = [node for node in nodes if node.name not in ignored]
    counts = []
    weights = []
    for constraint in constraints:
        by_node = _counts(cycle, pod, constraint)
        if constraint.topology_key == HOSTNAME:
            counts.append(by_node)
            weights.append(math.log(len(scored) + 2))
            continue
        domains = {node.labels.get(constraint.topology_key, ""): 0 for node in scored}
        weights.append(math.log(len(domains) + 2))
        _add_up(cycle, pod, constraint, constraints if own else (), by_node, domains)
        counts.append(domains)
    return SpreadScore(constraints, tuple(counts), tuple(weights), ignored)


def _add_up(
    cycle: Cycle,
    pod: PodInfo,
    constraint: SpreadConstraint,
    required: Sequence[SpreadConstraint],
    by_node: dict[str, int],
    domains: dict[str, int],
) -> None:
    """Add each node's count to its domain, for the nodes that are included and have the keys required."""
    for name, count in by_node.items():
        node = cycle.cluster.nodes.get(name)
        if node is None or not _has_all_keys(required, node):
            continue
        value = node.labels.get(constraint.topology_key, "")
        if value in domains and includes(constraint, pod.traits, node):
            domains[value] += count


def _score(state: SpreadScore, node: NodeInfo) -> int:
    """The weighted number of matching Pods near the node: fewer is better, which normalising turns round."""
    if node.name in state.ignored:
        return 0
    total = 0.0
    for constraint, counts, weight in zip(state.constraints, state.counts, state.weights, strict=True):
        value = node.labels.get(constraint.topology_key)
        if value is not None:
            found = counts.get(node.name if constraint.topology_key == HOSTNAME else value, 0)
            total += weighted(found, constraint.max_skew, weight)
    return rounded(total)


def _normalize(state: SpreadScore, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
    counted = [score for node, score in zip(nodes, scores, strict=True) if node.name not in state.ignored]
    smallest, largest = min(counted, default=0), max(counted, default=0)
    return [
        0
        if node.name in state.ignored
        else MAX_NODE_SCORE
        if largest == 0
        else MAX_NODE_SCORE * (largest + smallest - score) // largest
        for node, score in zip(nodes, scores, strict=True)
    ]


PLUGIN = Plugin(
    "PodTopologySpread",
    11,
    CLUSTER_SCOPE,
    pre_filter=_pre_filter,
    filter=_filter,
    with_pod=_with_pod,
    weight=2,
    pre_score=_pre_score,
    score=_score,
    normalize=_normalize,
)
