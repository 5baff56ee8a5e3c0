"""InterPodAffinity: Pods that want to be near certain Pods, or far from them.

Near and far are by topology: the value of a node label. Three tables of
topology pairs decide: where Pods are that the new Pod wants near it, where
those that it wants away, and where those that want Pods like it away.

Models pkg/scheduler/framework/plugins/interpodaffinity/{filtering,scoring}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from k8slab.api.selectors import Selector, matches
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import (
    CLUSTER_SCOPE,
    MAX_NODE_SCORE,
    SKIP,
    AffinityTerm,
    AffinityTerms,
    NodeInfo,
    Plugin,
    PodInfo,
    Status,
)
from k8slab.scheduler.traits import merged

Pair = tuple[str, str]
"""A topology key and its value on a node."""

HARD_AFFINITY_WEIGHT = 1
"""What a required term of an existing Pod is worth to the Pods that it wants near it."""

_AFFINITY = Status(("node(s) didn't match pod affinity rules",), resolvable=False)
_ANTI_AFFINITY = Status(("node(s) didn't match pod anti-affinity rules",))
_EXISTING = Status(("node(s) didn't satisfy existing pods anti-affinity rules",))


class AffinityState(NamedTuple):
    """How many Pods match, by topology pair; and the Pod with its terms."""

    pod: PodInfo
    namespaces: dict[str, dict[str, str]]
    near: dict[Pair, int]
    far: dict[Pair, int]
    existing: dict[Pair, int]


def term_matches(term: AffinityTerm, pod: PodInfo, namespaces: dict[str, dict[str, str]]) -> bool:
    """Whether a term is about a Pod. `namespaces` gives each namespace's labels."""
    if pod.namespace not in term.namespaces:
        chosen = term.namespace_selector
        if chosen is None or not matches(chosen, namespaces.get(pod.namespace, {})):
            return False
    return matches(term.selector, pod.labels)


def _matches_all(terms: Sequence[AffinityTerm], pod: PodInfo, namespaces: dict[str, dict[str, str]]) -> bool:
    return bool(terms) and all(term_matches(term, pod, namespaces) for term in terms)


def _namespaces_of(term: AffinityTerm, namespaces: dict[str, dict[str, str]]) -> tuple[str, ...]:
    """The namespaces that a term speaks of, those chosen by their labels among them."""
    chosen = term.namespace_selector
    if chosen is None:
        return term.namespaces
    named = [name for name, labels in namespaces.items() if matches(chosen, labels)]
    return tuple(sorted({*term.namespaces, *named}))


def _matching_pods(cycle: Cycle, terms: Sequence[AffinityTerm]) -> dict[str, int]:
    """By node: how many Pods match all of the terms."""
    cluster = cycle.cluster
    namespaces = _namespaces_of(terms[0], cluster.namespaces)
    selector: Selector = terms[0].selector
    for term in terms[1:]:
        also = _namespaces_of(term, cluster.namespaces)
        namespaces = tuple(name for name in namespaces if name in also)
        selector = merged(selector, term.selector)
    return cluster.counter(cycle.view, namespaces, selector, terminating=True).counts


def _count(counts: dict[Pair, int], terms: Iterable[AffinityTerm], node: NodeInfo, by: int) -> None:
    for term in terms:
        value = node.labels.get(term.topology_key)
        if value is not None:
            pair = (term.topology_key, value)
            count = counts.get(pair, 0) + by
            if count:
                counts[pair] = count
            else:
                counts.pop(pair, None)


def _count_nodes(
    cycle: Cycle, counts: dict[Pair, int], terms: Sequence[AffinityTerm], by_node: dict[str, int]
) -> None:
    for name, count in by_node.items():
        node = cycle.cluster.nodes.get(name)
        if node is not None:
            _count(counts, terms, node, count)


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    cluster = cycle.cluster
    terms = pod.terms
    existing: dict[Pair, int] = {}
    for others, by_node in cluster.affinity_groups.items():
        wanted = [term for term in others.required_anti if term_matches(term, pod, cluster.namespaces)]
        if wanted:
            _count_nodes(cycle, existing, wanted, by_node)
    if not existing and not terms.required and not terms.required_anti:
        return SKIP
    near: dict[Pair, int] = {}
    far: dict[Pair, int] = {}
    if terms.required:
        _count_nodes(cycle, near, terms.required, _matching_pods(cycle, terms.required))
    for term in terms.required_anti:
        _count_nodes(cycle, far, (term,), _matching_pods(cycle, (term,)))
    return AffinityState(pod, cluster.namespaces, near, far, existing)


def _with_pod(state: AffinityState, other: PodInfo, node: NodeInfo, sign: int) -> AffinityState:
    names, own = state.namespaces, state.pod.terms
    near, far, existing = dict(state.near), dict(state.far), dict(state.existing)
    _count(existing, [t for t in other.terms.required_anti if term_matches(t, state.pod, names)], node, sign)
    if _matches_all(own.required, other, names):
        _count(near, own.required, node, sign)
    _count(far, [t for t in own.required_anti if term_matches(t, other, names)], node, sign)
    return state._replace(near=near, far=far, existing=existing)


def _satisfies_affinity(state: AffinityState, node: NodeInfo) -> bool:
    there = True
    for term in state.pod.terms.required:
        value = node.labels.get(term.topology_key)
        if value is None:
            return False
        there = there and state.near.get((term.topology_key, value), 0) > 0
    if there:
        return True
    # The first of a group that wants itself near must be let in somewhere.
    return not state.near and _matches_all(state.pod.terms.required, state.pod, state.namespaces)


def _filter(state: AffinityState, node: NodeInfo) -> Status | None:
    if not _satisfies_affinity(state, node):
        return _AFFINITY
    labels = node.labels
    if state.far:
        for term in state.pod.terms.required_anti:
            value = labels.get(term.topology_key)
            if value is not None and state.far.get((term.topology_key, value), 0) > 0:
                return _ANTI_AFFINITY
    for (key, value), count in state.existing.items():
        if count > 0 and labels.get(key) == value:
            return _EXISTING
    return None


# Scores.

ScoreState = dict[Pair, int]


def _weigh(cycle: Cycle, state: ScoreState, key: str, weight: int, by_node: dict[str, int]) -> None:
    for name, count in by_node.items():
        node = cycle.cluster.nodes.get(name)
        value = None if node is None else node.labels.get(key)
        if value is not None:
            pair = (key, value)
            state[pair] = state.get(pair, 0) + weight * count


def _existing_weights(terms: AffinityTerms) -> Iterable[tuple[AffinityTerm, int]]:
    """What each term of an existing Pod is worth to a new Pod that it is about."""
    yield from ((term, HARD_AFFINITY_WEIGHT) for term in terms.required)
    yield from ((term, term.weight) for term in terms.preferred)
    yield from ((term, -term.weight) for term in terms.preferred_anti)


def _pre_score(cycle: Cycle, pod: PodInfo, nodes: Sequence[NodeInfo]) -> object:
    cluster = cycle.cluster
    state: ScoreState = {}
    for sign, terms in ((1, pod.terms.preferred), (-1, pod.terms.preferred_anti)):
        for term in terms:
            by_node = _matching_pods(cycle, (term,))
            _weigh(cycle, state, term.topology_key, sign * term.weight, by_node)
    for others, by_node in cluster.affinity_groups.items():
        for term, weight in _existing_weights(others):
            if term_matches(term, pod, cluster.namespaces):
                _weigh(cycle, state, term.topology_key, weight, by_node)
    return state or SKIP


def _score(state: ScoreState, node: NodeInfo) -> int:
    labels = node.labels
    return sum(weight for (key, value), weight in state.items() if labels.get(key) == value)


def _normalize(state: ScoreState, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
    smallest, largest = min(scores), max(scores)
    if largest == smallest:
        return [0] * len(scores)
    return [int(MAX_NODE_SCORE * ((score - smallest) / (largest - smallest))) for score in scores]


PLUGIN = Plugin(
    "InterPodAffinity",
    12,
    CLUSTER_SCOPE,
    pre_filter=_pre_filter,
    filter=_filter,
    with_pod=_with_pod,
    weight=2,
    pre_score=_pre_score,
    score=_score,
    normalize=_normalize,
)
