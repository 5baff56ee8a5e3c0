"""Which nodes can take a Pod, and if none can, why not.

Filters of one node are answered from the Pod's class (see `node_class`); those
that look at the whole cluster are asked node by node, from a place in the list
that chance picks, and no longer than until enough nodes are found.

Models pkg/scheduler/schedule_one.go (findNodesThatFitPod) and
pkg/scheduler/framework/runtime/framework.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.diagnosis import Diagnosis, diagnose
from k8slab.scheduler.framework import SKIP, NodeInfo, PodInfo, Status
from k8slab.scheduler.node_class import NodeClass
from k8slab.scheduler.plugins import cluster_filters, filters, plugins
from k8slab.scheduler.plugins.node_affinity import named_nodes

MIN_FEASIBLE_NODES = 100
"""Fewer nodes than this are always all looked at."""
_MIN_PERCENTAGE = 5

States = dict[str, Any]
"""What each filter's `pre_filter` said, by the plugin's name."""


class Search(NamedTuple):
    """The outcome of a search.

    `bits` is the set of feasible nodes; `answers` is given where they are the
    whole answer of the Pod's class, so that its kept scores apply. `rejected`
    is the Status that refuses every node, `statuses` that of each node that
    was refused, and `absent` stands for the nodes that weren't looked at;
    `diagnosis` is what that adds up to, where it is known already.
    """

    bits: int
    states: States
    answers: NodeClass | None = None
    rejected: Status | None = None
    statuses: Mapping[str, Status] = {}
    absent: Status | None = None
    diagnosis: Diagnosis | None = None


def nodes_to_find(nodes: int) -> int:
    """How many feasible nodes are enough: a smaller share of a larger cluster, at least 100."""
    if nodes < MIN_FEASIBLE_NODES:
        return nodes
    percentage = max(50 - nodes // 125, _MIN_PERCENTAGE)
    return max(nodes * percentage // 100, MIN_FEASIBLE_NODES)


def nodes_of(cycle: Cycle, bits: int) -> Iterator[NodeInfo]:
    """The nodes of a set, in the order of their creation."""
    by_number = cycle.cluster.by_number
    while bits:
        lowest = bits & -bits
        node = by_number[lowest.bit_length() - 1]
        assert node is not None, "the set holds nodes that exist"
        yield node
        bits ^= lowest


def answers_for(cycle: Cycle, pod: PodInfo) -> NodeClass:
    """The kept answers for a Pod, brought up to date."""
    signature = pod.traits.signature
    answers = cycle.cluster.node_class(signature)
    if answers is None:
        answers = NodeClass(cycle, pod, plugins())
        cycle.cluster.keep_class(signature, answers)
    answers.catch_up(cycle)
    return answers


def check(states: States, node: NodeInfo) -> Status | None:
    """The first filter that refuses a node, asked in order; None where all agree."""
    for plugin in filters():
        if plugin.name in states and plugin.filter is not None:
            status = plugin.filter(states[plugin.name], node)
            if status is not None:
                return status._replace(plugin=plugin.name)
    return None


def with_pod(states: States, pod: PodInfo, node: NodeInfo, sign: int) -> States:
    """The states as they would be with one Pod more or less on a node."""
    changed = {
        plugin.name: plugin.with_pod(states[plugin.name], pod, node, sign)
        for plugin in filters()
        if plugin.with_pod is not None and plugin.name in states
    }
    return {**states, **changed} if changed else states


def check_with_nominated(cycle: Cycle, pod: PodInfo, states: States, node: NodeInfo) -> Status | None:
    """As `check`, also with the Pods that this node is being kept free for.

    Those of at least the Pod's priority count; both with and without them the
    Pod must fit, for they might never come.
    """
    expected = [
        other
        for other in cycle.cluster.nominated.get(node.name, {}).values()
        if other.priority >= pod.priority and other.uid != pod.uid
    ]
    if expected:
        fuller, imagined = node.copy(), states
        for other in expected:
            fuller.add(other)
            imagined = with_pod(imagined, other, node, 1)
        status = check(imagined, fuller)
        if status is not None:
            return status
    return check(states, node)


def search(cycle: Cycle, pod: PodInfo, *, everywhere: bool = False) -> Search:
    """The nodes that can take a Pod. `everywhere` doesn't stop when enough are found."""
    answers = answers_for(cycle, pod)
    states, rejected = _prepare(cycle, pod, answers)
    if rejected is not None:
        return Search(0, states, rejected=rejected)
    own = cycle.cluster.nodes.get(pod.nominated)
    if own is not None and check_with_nominated(cycle, pod, states, own) is None:
        return Search(own.bit, states)
    names = named_nodes(pod.traits.node_terms)
    if names is not None:
        return _search_named(cycle, pod, states, names)
    bits = answers.fits
    for name in cycle.cluster.nominated:
        node = cycle.cluster.nodes.get(name)
        if node is not None and bits & node.bit:
            if check_with_nominated(cycle, pod, states, node) is not None:
                bits ^= node.bit
    if len(states) > len(answers.states):
        bits = _pass_cluster_filters(cycle, pod, states, bits, everywhere)
    elif bits:
        return Search(bits, states, answers)
    elif not cycle.cluster.nominated:
        return Search(0, states, diagnosis=_class_diagnosis(cycle, pod, answers))
    if bits:
        return Search(bits, states)
    return Search(0, states, statuses=_statuses(cycle, pod, states, cycle.cluster.nodes.values()))


def _class_diagnosis(cycle: Cycle, pod: PodInfo, answers: NodeClass) -> Diagnosis:
    """Why no node takes any Pod of a class: found out once for each state of the cluster."""
    version = cycle.cluster.version
    if answers.failure is None or answers.failure[0] != version:
        nodes = cycle.cluster.nodes.values()
        statuses = _statuses(cycle, pod, answers.states, nodes)
        answers.failure = (version, diagnose(len(nodes), statuses, None))
    diagnosis: Diagnosis = answers.failure[1]
    return diagnosis


def _prepare(cycle: Cycle, pod: PodInfo, answers: NodeClass) -> tuple[States, Status | None]:
    """Every filter's state; or the Status of the first that refuses the Pod everywhere."""
    states = answers.states
    if answers.rejected is not None:
        return states, answers.rejected
    extra: States = {}
    for plugin in cluster_filters():
        assert plugin.pre_filter is not None, "a filter prepares itself"
        state = plugin.pre_filter(cycle, pod)
        if state is SKIP:
            continue
        if isinstance(state, Status):
            return states, state._replace(plugin=plugin.name)
        extra[plugin.name] = state
    return ({**states, **extra} if extra else states), None


def _search_named(cycle: Cycle, pod: PodInfo, states: States, names: Iterable[str]) -> Search:
    """Only these nodes can do: the others aren't looked at."""
    candidates = [cycle.cluster.nodes[name] for name in names if name in cycle.cluster.nodes]
    statuses = _statuses(cycle, pod, states, candidates)
    bits = 0
    for node in candidates:
        if node.name not in statuses:
            bits |= node.bit
    absent = Status(("node(s) didn't satisfy plugin(s) [NodeAffinity]",), resolvable=False)
    return Search(bits, states, statuses=statuses, absent=absent)


def _statuses(cycle: Cycle, pod: PodInfo, states: States, nodes: Iterable[NodeInfo]) -> dict[str, Status]:
    found = ((node.name, check_with_nominated(cycle, pod, states, node)) for node in nodes)
    return {name: status for name, status in found if status is not None}


def _pass_cluster_filters(cycle: Cycle, pod: PodInfo, states: States, bits: int, everywhere: bool) -> int:
    """Those of the nodes that the filters of the whole cluster let pass, until enough are found."""
    judges = [
        (plugin.filter, states[plugin.name])
        for plugin in cluster_filters()
        if plugin.name in states and plugin.filter is not None
    ]
    total = len(cycle.cluster.nodes)
    enough = total if everywhere else nodes_to_find(total)
    nodes = list(nodes_of(cycle, bits))
    if total >= MIN_FEASIBLE_NODES and nodes:
        start = int(cycle.view.chance("node search", pod.uid) * len(nodes))
        nodes = nodes[start:] + nodes[:start]
    passed = count = 0
    for node in nodes:
        if all(judge(state, node) is None for judge, state in judges):
            passed |= node.bit
            count += 1
            if count >= enough:
                break
    return passed
