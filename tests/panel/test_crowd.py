"""A heat map in the browser, from all nodes down to one Pod.

There are 30,000 Pods on 1,000 nodes, or as many as `make crowd` asks for. What is sent to the page is
proportional to the nodes, never to the Pods, and a look at one node costs as little as in a small picture.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from k8slab.graph import Graph
from k8slab.scene import Composer, Scene, diff, patch_to_json, to_json
from k8slab.store.view import Change
from tests.browser import mount, push, watched
from tests.scene.cluster import NOW_US, pod_status
from tests.scene.test_large import LEVELS, graph
from tests.scene.test_scene import facts

NODES, PODS = LEVELS["heat"]
CHOSEN = f"Pod/default/web-6f9-{PODS // 2 + 4:06d}"
NODE = f"Node/node-{(PODS // 2 + 4) % NODES + 1}"
MOST_BYTES_A_NODE = 400
MOST_BYTES_A_LOOK = 20_000
MOST_BYTES_A_CHANGE = 2_000


class Way(NamedTuple):
    """The scenes on the way down to a Pod, and what is sent to get from each to the next."""

    whole: Scene
    node: Scene
    pod: Scene
    to_node: str
    to_pod: str


def _patch(old: Scene, new: Scene) -> str:
    return json.dumps({"type": "frame", "seq": 1, "patch": patch_to_json(diff(old, new))})


@pytest.fixture(scope="module")
def way() -> Way:
    composer = Composer(graph("heat"), facts())
    whole = composer.scene
    node = composer.update((), (), facts(selected=NODE))
    pod = composer.update((), (), facts(selected=CHOSEN))
    return Way(whole, node, pod, _patch(whole, node), _patch(node, pod))


@pytest.fixture(scope="module")
def page(browser: Browser, way: Way) -> Iterator[Page]:
    with watched(browser, 1180, 1000) as made:
        mount(made, json.loads(json.dumps(to_json(way.whole))))
        yield made


def test_what_is_sent_is_proportional_to_the_nodes(way: Way) -> None:
    assert len(json.dumps(to_json(way.whole))) < MOST_BYTES_A_NODE * NODES
    assert max(len(way.to_node), len(way.to_pod)) < MOST_BYTES_A_LOOK


def test_a_pod_that_changes_costs_a_cell() -> None:
    own = Graph(_Alone(graph("heat")))  # type: ignore[arg-type]
    composer = Composer(own, facts())
    before, old = composer.scene, own.get(CHOSEN)
    assert old is not None
    new = {**old, "status": pod_status("backoff")}
    change = Change(1, NOW_US, "Pod", ("default", CHOSEN.rpartition("/")[2]), old, new, 0)
    after = composer.update(own.update([change]), [change], facts())
    drawn = {one for one in composer.changed if not one.startswith("row/")}
    assert drawn == {NODE, "heat"}
    assert after.items[NODE] != before.items[NODE]
    assert len(_patch(before, after)) < MOST_BYTES_A_CHANGE


class _Alone:
    """The objects of another graph, as much of a View as a graph reads: that one must not be changed."""

    def __init__(self, whole: Graph) -> None:
        self._whole = whole

    def list(self, kind: str, **_: Any) -> list[Any]:
        return [self._whole.get(identity) for identity in self._whole.ids(kind)]


def _click(page: Page, scene: Scene, identity: str) -> None:
    item = scene.items[identity]
    page.mouse.click(item.x + item.width / 2, item.y + item.height / 2)


def _asked(page: Page) -> list[str]:
    return [one["id"] for one in page.evaluate("window.model.sent") if one["type"] == "select"]


def test_a_cell_opens_and_a_pod_in_it_is_chosen(page: Page, way: Way) -> None:
    page.wait_for_function("window.model.sent.some(one => one.type === 'width')")
    _click(page, way.whole, NODE)
    assert _asked(page) == [NODE]
    push(page, json.loads(way.to_node))
    page.wait_for_function("window.model.sent.some(one => one.type === 'ack' && one.seq === 1)")
    _click(page, way.node, CHOSEN)
    assert _asked(page) == [NODE, CHOSEN]
    assert page.inner_text(".k8-said").startswith(f"Pod {way.pod.items[CHOSEN].label}, ")
    page.focus('canvas.k8-picture, .k8-picture [tabindex="0"]')
    page.keyboard.press("ArrowLeft")
    said = page.inner_text(".k8-said")
    assert said.startswith("Pod ")
    assert way.pod.items[CHOSEN].label not in said
