"""Answers kept for a whole class of Pods: which nodes fit, and how the nodes score, as sets of nodes.

Pods of one template are alike to every plugin that looks at one node alone.
For them the answers are kept, and only the nodes that changed since are asked
again: after a Pod was placed that is one node out of 5,000. Scores become sets
of nodes that score the same, so that the best node is found by intersecting a
few integers and not by walking over nodes.

What is kept is always what the plugins themselves answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slab.scheduler.framework import LOAD_SCOPE, NODE_SCOPE, SKIP, NodeInfo, Plugin, PodInfo, Status
from k8slab.scheduler.nodes import matches_required_affinity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from k8slab.scheduler.cycle import Cycle


class NodeClass:
    """The kept answers for the Pods of one signature.

    `willing`: the nodes that pass every filter of node scope.
    `fits`: those that pass every filter of load scope too.
    `affine`: the nodes that meet the required node affinity.
    `failure`: for a version of the cluster, what was found out about why no node fits.
    `rejected`: the Status of a filter that refuses the Pod everywhere.
    `scores`: for each weighted sum of load scores the nodes that have it.
    `groups`: for each plugin of node scope its raw scores, with their nodes.
    """

    __slots__ = (
        "_affinity",
        "_load_filters",
        "_load_scores",
        "_node_filters",
        "_node_scores",
        "_position",
        "_score_of",
        "_seen",
        "affine",
        "affine",
        "failure",
        "fits",
        "groups",
        "rejected",
        "scores",
        "states",
        "willing",
    )

    def __init__(self, cycle: Cycle, pod: PodInfo, plugins: Sequence[Plugin]) -> None:
        self.rejected: Status | None = None
        self.states: dict[str, Any] = {}
        """What each filter's `pre_filter` said, those apart that have nothing to do with the Pod."""
        self._node_filters: list[tuple[Any, Any]] = []
        self._load_filters: list[tuple[Any, Any]] = []
        self._node_scores: list[tuple[Plugin, Any]] = []
        self._load_scores: list[tuple[Plugin, Any]] = []
        for plugin in plugins:
            if plugin.scope in (NODE_SCOPE, LOAD_SCOPE):
                self._take(cycle, pod, plugin)
        self._affinity = self.states.get("NodeAffinity")
        self.failure: tuple[int, Any] | None = None
        self._forget()

    def _take(self, cycle: Cycle, pod: PodInfo, plugin: Plugin) -> None:
        if plugin.pre_filter is not None:
            state = plugin.pre_filter(cycle, pod)
            if isinstance(state, Status):
                self.rejected = self.rejected or state._replace(plugin=plugin.name)
            elif state is not SKIP and plugin.filter is not None:
                self.states[plugin.name] = state
                filters = self._node_filters if plugin.scope == NODE_SCOPE else self._load_filters
                filters.append((plugin.filter, state))
        if plugin.pre_score is not None:
            state = plugin.pre_score(cycle, pod, ())
            if state is not SKIP:
                scores = self._node_scores if plugin.scope == NODE_SCOPE else self._load_scores
                scores.append((plugin, state))

    def _forget(self) -> None:
        self._position = -1
        self._seen: dict[int, int] = {}
        self.willing = 0
        self._score_of: dict[int, int] = {}
        self.fits = 0
        self.affine = -1 if self._affinity is None else 0
        self.scores: dict[int, int] = {}
        self.groups: list[tuple[Plugin, Any, dict[int, int]]] = [
            (plugin, state, {}) for plugin, state in self._node_scores
        ]

    def catch_up(self, cycle: Cycle) -> None:
        """Ask again about the nodes that changed since the last time."""
        cluster = cycle.cluster
        end = cluster.log_end
        if self._position == end:
            return
        changed = cluster.changed_since(self._position) if self._position >= 0 else None
        if changed is None:
            self._forget()
            changed = list(cluster.nodes.values())
        self._position = end
        for node in changed:
            if self._seen.get(node.number) != node.object_version:
                self._ask_node(node)
            self._ask_load(node)

    def _ask_node(self, node: NodeInfo) -> None:
        self._seen[node.number] = node.object_version
        bit = node.bit
        for judge, state in self._node_filters:
            if judge(state, node) is not None:
                self.willing &= ~bit
                break
        else:
            self.willing |= bit
        if self._affinity is not None:
            if matches_required_affinity(self._affinity, node):
                self.affine |= bit
            else:
                self.affine &= ~bit
        for plugin, state, table in self.groups:
            assert plugin.score is not None, "a plugin that prepares scores gives them"
            raw = plugin.score(state, node)
            for other in [value for value, bits in table.items() if bits & bit]:
                _take_out(table, other, bit)
            table[raw] = table.get(raw, 0) | bit

    def _ask_load(self, node: NodeInfo) -> None:
        bit = node.bit
        fits = self.willing & bit
        if fits:
            for judge, state in self._load_filters:
                if judge(state, node) is not None:
                    fits = 0
                    break
        if fits:
            self.fits |= bit
        elif self.fits & bit:
            self.fits ^= bit
        score = 0
        for plugin, state in self._load_scores:
            score += plugin.weight * plugin.score(state, node)  # type: ignore[misc]
        before = self._score_of.get(node.number)
        if before != score:
            table = self.scores
            if before is not None:
                _take_out(table, before, bit)
            table[score] = table.get(score, 0) | bit
            self._score_of[node.number] = score


def _take_out(table: dict[int, int], value: int, bit: int) -> None:
    rest = table[value] ^ bit
    if rest:
        table[value] = rest
    else:
        del table[value]
