"""The annotation that says how long a node's Secrets may be taken to be what they were.

Ports pkg/controller/ttl/ttl_controller_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.clock import START_US
from k8slab.components import Patch
from k8slab.controllers.node_ttl import ANNOTATION, CONTROLLER, plan, step_of
from k8slab.lab import Lab
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

KEY = ("", "")


@pytest.mark.parametrize(
    ("nodes", "step", "then"),
    [
        pytest.param(100, 0, 0, id="not past the boundary"),
        pytest.param(101, 0, 1, id="grows past it"),
        pytest.param(90, 1, 1, id="not below the lower one"),
        pytest.param(89, 1, 0, id="shrinks below it"),
        pytest.param(500, 1, 1, id="not past the second"),
        pytest.param(501, 1, 2, id="past the second"),
        pytest.param(449, 2, 1, id="below the second"),
        pytest.param(1001, 2, 3, id="past the third"),
        pytest.param(2001, 3, 4, id="past the fourth"),
        pytest.param(1799, 4, 3, id="below the fourth"),
        pytest.param(5000, 0, 4, id="all at once"),
        pytest.param(0, 4, 0, id="all gone"),
    ],
)
def test_where_a_cluster_is(nodes: int, step: int, then: int) -> None:
    assert step_of(nodes, step) == then


def node(annotation: str | None, name: str = "node-1", **others: str) -> Obj:
    annotations = {**others, **({} if annotation is None else {ANNOTATION: annotation})}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "annotations": annotations}}


@pytest.mark.parametrize(
    ("given", "writes"),
    [
        (node(None), True),
        (node("0"), False),
        (node("00"), False),
        (node("15"), True),
        (node("bla"), True),
        (node("0 "), True),
        (node(None, bla="0"), True),
        (node("0", bla="1"), False),
    ],
)
def test_which_nodes_are_annotated(given: Obj, writes: bool) -> None:
    actions, done = MemoryView([given]).sync(plan, KEY)
    wanted = Patch("Node", ("", "node-1"), {"metadata": {"annotations": {ANNOTATION: "0"}}})
    assert actions == ((wanted,) if writes else ())
    assert done.memory == 0


def test_every_node_is_told_when_the_cluster_grows() -> None:
    view = MemoryView([node("0", f"node-{number}") for number in range(101)])
    actions, done = view.sync(plan, KEY, 0)
    assert [action.patch["metadata"]["annotations"] for action in actions] == [{ANNOTATION: "15"}] * 101
    assert done.memory == 1
    assert view.sync(plan, KEY, 1)[0] == ()


def test_one_refusal_keeps_nobody_else_waiting() -> None:
    view = MemoryView([node(None, "a"), node(None, "b")])
    view.refuse[("patch", "Node", "a")] = ApiError(500, "", "no")
    actions, done = view.sync(plan, KEY)
    assert (len(actions), done.error) == (2, "no")


@pytest.mark.parametrize(
    ("old", "new", "wakes"),
    [
        (None, node(None), True),
        (node("0"), None, True),
        (node("0"), node("0", bla="1"), False),
        (node("0"), node("15"), True),
        (node("0"), node(None), True),
    ],
)
def test_what_wakes_it(old: Obj | None, new: Obj | None, wakes: bool) -> None:
    (watch,) = CONTROLLER.watches
    assert watch.keys is not None
    found = watch.keys(Change(1, START_US, "Node", ("", "node-1"), old, new, 0), MemoryView())
    assert tuple(found) == ((KEY,) if wakes else ())


def test_in_a_lab() -> None:
    lab = Lab(1)
    lab.run(1)
    lab.kubectl(f"annotate node node-1 {ANNOTATION}=99 --overwrite")
    shown = lab.kubectl("describe node node-1").stdout
    lab.run(1)
    assert f"{ANNOTATION}: 99" in shown
    assert f"{ANNOTATION}: 0" in lab.kubectl("describe node node-1").stdout
