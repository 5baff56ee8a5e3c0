"""How long a kubelet may take a Secret or ConfigMap to be what it was: the longer, the more nodes there are.

Each Node is annotated with it. A cluster grows past a boundary and shrinks past a lower one, so that no
number of nodes lets the annotations go back and forth. Upstream brings a node up to date when that is
next changed, as each is with its kubelet's next report; here, where reports that say nothing new are no
changes, all of them are at once.

Models pkg/controller/ttl/ttl_controller.go, v1.36.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, annotations_of, key_of
from k8slab.components import Component, Done, Memory, Patch, Plan, Watch
from k8slab.store.view import Change, View

ANNOTATION = "node.alpha.kubernetes.io/ttl"
_ALL: Key = ("", "")
"""The one key that is looked at: what a node is told depends on how many there are."""


class Boundary(NamedTuple):
    """From how many nodes on a cluster shrinks no further than this, up to how many it grows no further."""

    least: int
    most: float
    seconds: int


BOUNDARIES = (
    Boundary(0, 100, 0),
    Boundary(90, 500, 15),
    Boundary(450, 1000, 30),
    Boundary(900, 2000, 60),
    Boundary(1800, float("inf"), 300),
)


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Annotate every node that says something else. `memory` is between which boundaries the cluster is."""
    nodes = view.list("Node")
    step = step_of(len(nodes), memory or 0)
    seconds = BOUNDARIES[step].seconds
    refused = ""
    for node in nodes:
        if seconds_of(node) == seconds:
            continue
        try:
            yield Patch("Node", key_of(node), {"metadata": {"annotations": {ANNOTATION: str(seconds)}}})
        except ApiError as error:
            refused = refused or error.message
    return Done(memory=step, error=refused)


def step_of(nodes: int, step: int) -> int:
    """Between which boundaries a cluster of so many nodes is that was between others."""
    while nodes > BOUNDARIES[step].most:
        step += 1
    while nodes < BOUNDARIES[step].least:
        step -= 1
    return step


def seconds_of(node: Obj) -> int | None:
    """What a node is annotated with; None where it is not, or with what is no number."""
    text = annotations_of(node).get(ANNOTATION, "")
    return int(text) if re.fullmatch(r"[+-]?[0-9]+", text) else None


def _all(change: Change, view: View) -> tuple[Key, ...]:
    """All nodes, where there is one more or one less, or another annotation."""
    old, new = change.old, change.new
    if old is not None and new is not None and seconds_of(old) == seconds_of(new):
        return ()
    return (_ALL,)


CONTROLLER = Component(name="ttl-controller", watches=(Watch("Node", _all),), plan=plan)
