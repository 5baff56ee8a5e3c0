"""Requests between Pods, as the servers' access logs have them: who asked whom, and what was answered.

The simulated network keeps no record of its own; what a server writes about a
request is all that there is to see, as in a real cluster.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from k8slab.api.meta import dig
from k8slab.graph import Graph, object_id
from k8slab.store.view import Change

MOST = 40
_ACCESS = re.compile(r'^(?P<client>[0-9a-fA-F.:]+) \S+ \S+ \[[^\]]*\] "[^"]*" (?P<code>\d{3})\b')
_WELL = ("1", "2", "3")


class Call(NamedTuple):
    """One request: the ids of the Pod that asked (empty for someone outside) and of the one that answered."""

    source: str
    target: str
    well: bool


def calls_in(changes: Sequence[Change], graph: Graph) -> list[Call]:
    """The requests that were logged in these changes, the last ones where there are many."""
    found: list[tuple[str, str, bool]] = []
    for change in changes:
        if change.kind != "Log" or change.new is None:
            continue
        namespace, name = change.key
        target = object_id("Pod", (namespace, name.partition("/")[0]))
        seen = len(change.old["lines"]) if change.old is not None else 0
        for line in change.new["lines"][seen:]:
            said = _ACCESS.match(line[2])
            if said is not None:
                found.append((said["client"], target, said["code"][0] in _WELL))
    if not found:
        return []
    pods = {dig(graph.get(pod), "status", "podIP", default=""): pod for pod in graph.ids("Pod")}
    return [Call(pods.get(client, ""), target, well) for client, target, well in found[-MOST:]]
