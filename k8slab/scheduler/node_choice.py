"""Which of the nodes that can take a Pod is the best.

The rule is upstream's: every plugin scores each node, brings its scores to
0…100 over the nodes in question and is weighted; the highest sum wins, and
chance picks among equals. `plain_scores` does just that. Where the kept
answers of the Pod's class apply, `best_nodes` finds the same nodes from sets of
nodes that score alike, without walking over them.

Models pkg/scheduler/schedule_one.go (prioritizeNodes) and
pkg/scheduler/framework/runtime/framework.go (RunScorePlugins), v1.36.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from k8slab.scheduler.cluster_state import Counter
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import MAX_NODE_SCORE, NO_AFFINITY_TERMS, SKIP, NodeInfo, PodInfo
from k8slab.scheduler.node_class import NodeClass
from k8slab.scheduler.node_search import Search, nodes_of
from k8slab.scheduler.plugins import image_locality, inter_pod_affinity, pod_topology_spread, scorers
from k8slab.scheduler.spread import HOST_SKEW, ZONE_SKEW, rounded, weighted

Part = tuple[int, int]
"""Some of the nodes as a set, and what they score in some respects."""


def choose(cycle: Cycle, pod: PodInfo, found: Search) -> str:
    """The best of the nodes that were found; there is at least one."""
    bits = found.bits
    if bits & (bits - 1):
        if found.answers is not None and _kept_scores_apply(cycle, pod):
            bits = best_nodes(cycle, pod, found.answers, bits)
        else:
            bits = _best_of(cycle, pod, bits)
    return _pick(cycle, pod, bits).name


def _pick(cycle: Cycle, pod: PodInfo, bits: int) -> NodeInfo:
    """One node of a set by chance."""
    count = bits.bit_count()
    if count > 1:
        bits = _bit_at(bits, int(cycle.view.chance("node choice", pod.uid) * count))
    return next(nodes_of(cycle, bits))


_LOWER_HALVES = tuple((1 << (1 << power)) - 1 for power in range(24))
"""For each power of two that many ones: the lower half of a set of twice that width."""


def _bit_at(bits: int, index: int) -> int:
    """The set with only the one bit that has `index` set bits below it, found by halving the set."""
    place = 0
    for power in range(max(bits.bit_length() - 1, 0).bit_length() - 1, -1, -1):
        lower = bits & _LOWER_HALVES[power]
        below = lower.bit_count()
        if index < below:
            bits = lower
        else:
            index -= below
            bits >>= 1 << power
            place += 1 << power
    return 1 << place


# The plain way.


def plain_scores(cycle: Cycle, pod: PodInfo, nodes: Sequence[NodeInfo]) -> list[int]:
    """The weighted sum of all plugins' scores for each node."""
    totals = [0] * len(nodes)
    for plugin in scorers():
        assert plugin.pre_score is not None and plugin.score is not None
        state = plugin.pre_score(cycle, pod, nodes)
        if state is SKIP:
            continue
        scores = [plugin.score(state, node) for node in nodes]
        if plugin.normalize is not None:
            scores = plugin.normalize(state, nodes, scores)
        totals = [total + plugin.weight * score for total, score in zip(totals, scores, strict=True)]
    return totals


def _best_of(cycle: Cycle, pod: PodInfo, bits: int) -> int:
    nodes = list(nodes_of(cycle, bits))
    scores = plain_scores(cycle, pod, nodes)
    best = max(scores)
    winners = 0
    for node, score in zip(nodes, scores, strict=True):
        if score == best:
            winners |= node.bit
    return winners


# The quick way.


def _kept_scores_apply(cycle: Cycle, pod: PodInfo) -> bool:
    """Whether nothing but the class's own scores, images and the default spreading tells nodes apart."""
    if pod.traits.spread or pod.terms is not NO_AFFINITY_TERMS:
        return False
    if not cycle.cluster.affinity_groups:
        return True
    score = inter_pod_affinity.PLUGIN.pre_score
    return score is not None and score(cycle, pod, ()) is SKIP


def best_nodes(cycle: Cycle, pod: PodInfo, answers: NodeClass, bits: int) -> int:
    """The set of the best nodes: what `plain_scores` would say, from sets of nodes."""
    parts = _split(cycle, pod, answers, bits)
    parts.sort(key=_score_of, reverse=True)
    table = answers.scores
    steps = sorted(table, reverse=True)
    best, winners = -1, 0
    for part, score in parts:
        if score + steps[0] < best:
            break
        for step in steps:
            total = score + step
            if total < best:
                break
            having = table[step] & part
            if having:
                if total > best:
                    best, winners = total, having
                else:
                    winners |= having
                break
    return winners


def _split(cycle: Cycle, pod: PodInfo, answers: NodeClass, bits: int) -> list[Part]:
    """The nodes in parts that score the same but for their load."""
    parts = [(bits, 0)]
    for plugin, state, table in answers.groups:
        raws = [raw for raw, having in table.items() if having & bits]
        if len(raws) > 1 and plugin.normalize is not None:
            scores = plugin.normalize(state, (), raws)
            respects = [(table[raw], plugin.weight * score) for raw, score in zip(raws, scores, strict=True)]
            parts = _cross(parts, respects)
    images = _image_parts(cycle, pod, bits)
    if images is not None:
        parts = _cross(parts, images)
    spread = _spread_parts(cycle, pod, answers, bits)
    if spread is None:
        return parts
    return spread if len(parts) == 1 and not parts[0][1] else _cross(parts, spread)


def _score_of(part: Part) -> int:
    return part[1]


def _cross(parts: Sequence[Part], others: Sequence[Part]) -> list[Part]:
    return [(both, score + more) for bits, score in parts for other, more in others if (both := bits & other)]


def _image_parts(cycle: Cycle, pod: PodInfo, bits: int) -> list[Part] | None:
    """The nodes by what the images that they have are worth; None where that is the same for all."""
    score = image_locality.PLUGIN.pre_score
    assert score is not None
    state = score(cycle, pod, ())
    if not state.worth:
        return None
    worths = {0: bits}
    for image, worth in state.worth:
        having = cycle.cluster.image_nodes[image].bits
        split: dict[int, int] = {}
        for sum_before, nodes in worths.items():
            for sum_after, part in ((sum_before + worth, nodes & having), (sum_before, nodes & ~having)):
                if part:
                    split[sum_after] = split.get(sum_after, 0) | part
        worths = split
    if len(worths) < 2:
        return None
    weight = image_locality.PLUGIN.weight
    return [
        (part, weight * image_locality.score_of(worth, state.containers)) for worth, part in worths.items()
    ]


def _spread_parts(cycle: Cycle, pod: PodInfo, answers: NodeClass, bits: int) -> list[Part] | None:
    """The nodes by how many Pods of the same kind are on them and in their zone; None without spreading."""
    cluster = cycle.cluster
    counter = cluster.spread_counter(cycle, pod)
    if counter is None:
        return None
    hosts = _host_parts(counter.by_count, cluster.hostless, bits)
    zones = [(zone, nodes & bits) for zone, nodes in cluster.zones.items() if nodes & bits]
    host_weight = math.log(bits.bit_count() + 2)
    zone_weight = math.log(len(zones) + 2)
    raws: dict[int, int] = {}
    for zone, nodes in zones:
        of_zone = 0.0
        if zone is not None:
            total = _zone_total(counter, zone, cluster.zones[zone], answers.affine)
            of_zone = weighted(total, ZONE_SKEW, zone_weight)
        for count, having in hosts:
            part = nodes & having
            if part:
                of_host = 0.0 if count is None else weighted(count, HOST_SKEW, host_weight)
                raw = rounded(of_host + of_zone)
                raws[raw] = raws.get(raw, 0) | part
    smallest, largest = min(raws), max(raws)
    if smallest == largest or largest == 0:
        return None
    weight = pod_topology_spread.PLUGIN.weight
    return [
        (part, weight * (MAX_NODE_SCORE * (largest + smallest - raw) // largest))
        for raw, part in raws.items()
    ]


def _zone_total(counter: Counter, zone: str, nodes: int, affine: int) -> int:
    """How many Pods of the same kind are on the nodes of a zone that count."""
    if affine == -1:
        return counter.by_zone.get(zone, 0)
    counted = nodes & affine
    return sum(count * (having & counted).bit_count() for count, having in counter.by_count.items())


def _host_parts(by_count: dict[int, int], hostless: int, bits: int) -> list[tuple[int | None, int]]:
    """The nodes by the number of Pods on them; None for those without a host name."""
    parts: list[tuple[int | None, int]] = []
    if hostless & bits:
        parts.append((None, hostless & bits))
        bits &= ~hostless
    rest = bits
    for count, having in by_count.items():
        part = having & bits
        if part:
            parts.append((count, part))
            rest ^= part
    if rest:
        parts.append((0, rest))
    return parts
