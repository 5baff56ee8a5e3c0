"""What every filter says of every node for one Pod: the table behind `0/3 nodes are available`.

A survey asks the same plugins as a scheduling cycle does, but all of them for
every node, where a cycle stops at the first refusal. It decides nothing. A Pod
that has a node already is looked at as if it were still to be placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from k8slab.api.meta import Key, Obj, assoc, key_of
from k8slab.scheduler.cluster_state import ClusterState
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import SKIP, PodInfo, RuleError, Status
from k8slab.scheduler.node_choice import plain_scores
from k8slab.scheduler.node_search import answers_for
from k8slab.scheduler.plugins import cluster_filters, filters
from k8slab.store.view import View


class Row(NamedTuple):
    """One node: the filter that refuses it first, with its reasons; or its score where it fits."""

    node: str
    plugin: str
    reasons: tuple[str, ...]
    score: int | None


class _Unplaced:
    """A view in which one Pod is on no node yet."""

    def __init__(self, view: View, key: Key) -> None:
        self._view, self._key = view, key

    def list(self, kind: str, **options: Any) -> Sequence[Obj]:
        found = self._view.list(kind, **options)
        if kind != "Pod":
            return found
        return [_unplaced(one) if key_of(one) == self._key else one for one in found]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)


def _unplaced(pod: Obj) -> Obj:
    spec = {name: value for name, value in pod["spec"].items() if name != "nodeName"}
    return {**assoc(pod, "spec", spec), "status": {"phase": "Pending"}}


def survey(view: View, key: Key, now_us: int) -> list[Row]:
    """A row for each node, those that fit first and the best of them at the top. Empty for no such Pod."""
    seen = cast("View", _Unplaced(view, key))
    cluster = ClusterState(seen)
    pod = cluster.pending.get(key)
    if pod is None:
        return []
    cycle = Cycle(seen, cluster, now_us)
    nodes = list(cluster.nodes.values())
    states, refused = _states(cycle, pod)
    rows = []
    for node in nodes:
        status = refused
        for plugin in filters():
            if status is None and plugin.name in states and plugin.filter is not None:
                try:
                    found = plugin.filter(states[plugin.name], node)
                except RuleError as error:
                    found = Status((str(error),), resolvable=False)
                status = found._replace(plugin=plugin.name) if found is not None else None
        rows.append(Row(node.name, status.plugin if status else "", status.reasons if status else (), None))
    fitting = [node for node, row in zip(nodes, rows) if not row.plugin and not row.reasons]
    scores = dict(zip((node.name for node in fitting), plain_scores(cycle, pod, fitting)))
    rows = [row._replace(score=scores.get(row.node)) for row in rows]
    return sorted(rows, key=lambda row: (row.score is None, -(row.score or 0), row.node))


def _states(cycle: Cycle, pod: PodInfo) -> tuple[dict[str, Any], Status | None]:
    """What each filter prepared for the Pod, or the Status of one that refuses it everywhere."""
    answers = answers_for(cycle, pod)
    if answers.rejected is not None:
        return dict(answers.states), answers.rejected
    states = dict(answers.states)
    for plugin in cluster_filters():
        assert plugin.pre_filter is not None, "a filter prepares itself"
        state = plugin.pre_filter(cycle, pod)
        if isinstance(state, Status):
            return states, state._replace(plugin=plugin.name)
        if state is not SKIP:
            states[plugin.name] = state
    return states, None
