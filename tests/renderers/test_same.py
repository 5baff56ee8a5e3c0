"""One scene, four renderers: SVG, Canvas, matplotlib and text show the same things."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser

from k8slab.graph import Graph
from k8slab.renderers import svg, text
from k8slab.renderers.matplotlib import Sheet
from k8slab.renderers.shapes import path_of
from k8slab.scene import Header, Scene, compose, gantt, to_json
from k8slab.scene.header import header_marks
from k8slab.scene.icons import ICONS
from k8slab.scene.marks import text_at
from tests.browser import chromium, mount_canvas
from tests.scene.cluster import INPUTS, NOW_US, START_US, cluster, history
from tests.scene.test_scene import crowd, facts

SCENES: dict[str, Callable[[], Scene]] = {
    "everything": lambda: compose(Graph(cluster()), facts(inputs=INPUTS), history=history()),
    "crowd": lambda: compose(Graph(crowd(12, 90)), facts()),
    "gantt": lambda: gantt.compose(
        history(), INPUTS, Header("k8slab", START_US, 7, 214), NOW_US, language="zh"
    ),
    "heat": lambda: compose(Graph(crowd(60, 2100)), facts()),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def expected(scene: Scene) -> set[str]:
    """Every text of the scene beneath its header, as it reads at the scene's now."""
    marks = [mark for item in scene.items.values() for mark in item.marks]
    marks += [inner for mark in marks if mark[0] == "icon" for inner in ICONS[mark[3]]]
    return {text_at(mark, scene.now_us) for mark in marks if mark[0] == "text"}


def header(scene: Scene) -> set[str]:
    return {text_at(mark, scene.now_us) for mark in header_marks(scene) if mark[0] == "text"}


def in_svg(scene: Scene) -> set[str]:
    root = ElementTree.fromstring(svg.render(scene))
    return {node.text or "" for node in root.iter() if node.tag.endswith("}text")}


def in_matplotlib(scene: Scene) -> set[str]:
    return {one.get_text() for one in Sheet(scene).figure.axes[0].texts if one.get_visible()}


CALLS = """
() => {
  window.written = [];
  window.traced = [];
  const Inner = window.Path2D;
  window.Path2D = function (d) {
    window.traced.push(d);
    return new Inner(d);
  };
  for (const { prototype } of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
    const inner = prototype.fillText;
    prototype.fillText = function (words, ...rest) {
      window.written.push(words);
      return inner.call(this, words, ...rest);
    };
  }
}
"""


def in_canvas(scene: Scene, browser: Browser) -> tuple[set[str], set[str]]:
    """The texts that are written on the canvas, and the lines that are traced."""
    page = browser.new_page(viewport={"width": 2400, "height": 900})
    page.add_init_script(f"({CALLS})()")
    mount_canvas(page, json.loads(json.dumps(to_json(scene))))
    page.wait_for_function("document.querySelector('canvas') && window.written.length > 0")
    written, traced = (set(page.evaluate(f"window.{name}")) for name in ("written", "traced"))
    page.close()
    return written, traced


@pytest.mark.parametrize("name", SCENES)
def test_svg_and_matplotlib_write_every_text_of_the_scene(name: str) -> None:
    scene = SCENES[name]()
    assert in_svg(scene) == expected(scene) | header(scene)
    assert in_matplotlib(scene) == expected(scene) | header(scene)


def lines(scene: Scene) -> dict[str, list[tuple[float, float]]]:
    """Every line of the scene (attachments, rings of progress): its SVG path, and its points."""
    found = {}
    for item in scene.items.values():
        for mark in item.marks:
            if mark[0] == "path":
                vertices = path_of(mark[1]).vertices
                found[mark[1]] = [(round(x + item.x, 1), round(y + item.y, 1)) for x, y in vertices.tolist()]
    return found


@pytest.mark.parametrize("name", ["everything", "crowd"])
def test_svg_and_matplotlib_draw_every_line_of_the_scene(name: str) -> None:
    scene = SCENES[name]()
    wanted = lines(scene)
    assert wanted
    root = ElementTree.fromstring(svg.render(scene))
    assert wanted.keys() <= {node.get("d") for node in root.iter() if node.tag.endswith("}path")}
    paths = Sheet(scene)._collection.get_paths()
    drawn = {tuple((round(x, 1), round(y, 1)) for x, y in path.vertices.tolist()) for path in paths}
    assert {tuple(points) for points in wanted.values()} <= drawn


@pytest.mark.parametrize("name", SCENES)
def test_the_canvas_writes_every_text_and_draws_every_line_of_the_scene(name: str, browser: Browser) -> None:
    scene = SCENES[name]()
    written, traced = in_canvas(scene, browser)
    assert written == expected(scene)
    assert lines(scene).keys() <= traced


@pytest.mark.parametrize("name", SCENES)
def test_the_words_name_every_object_and_its_state(name: str) -> None:
    scene = SCENES[name]()
    said = text.render(scene)
    lines = said.splitlines()
    for item in scene.items.values():
        if item.kind == "Pod":
            assert [one for one in lines if one.startswith(f"  {text.SIGNS[item.state]} {item.label}  ")], (
                item.id
            )
        elif item.kind:
            name = (
                item.label if item.kind in ("Node", "PersistentVolumeClaim") else f"{item.kind} {item.label}"
            )
            assert f"{name}: {item.detail}" in [one.strip() for one in lines], item.id
