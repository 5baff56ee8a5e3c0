"""The renderers: one scene in all of them says the same."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from k8slab.graph import Graph
from k8slab.renderers import draw, svg, text
from k8slab.renderers.matplotlib import Sheet, svg_text
from k8slab.renderers.shapes import path_of
from k8slab.scene import Facts, Scene, compose
from k8slab.scene.marks import arc_d
from tests.controllers.view import MemoryView
from tests.renderers.svgs import texts
from tests.scene import golden
from tests.scene.cluster import NOW_US, cluster, history, node, pod
from tests.scene.test_scene import crowd, facts, whole_scene

IMAGES = Path(__file__).parents[2] / "docs" / "images"
NAMED = ("Pod", "Node", "PersistentVolumeClaim")


def names(scene: Scene) -> set[str]:
    return {item.label for item in scene.items.values() if item.kind in NAMED}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_svg(theme: Any) -> None:
    """The pictures in the documents are the goldens."""
    golden.check(f"cluster-{theme}.svg", svg.render(whole_scene(), theme), IMAGES)


def test_text() -> None:
    golden.check("cluster.txt", text.render(whole_scene()))


RENDERED = {
    "svg": lambda scene: svg.render(scene),
    "text": lambda scene: text.render(scene),
    "scene": lambda scene: " ".join(item.label for item in scene.items.values()),
}


@pytest.mark.parametrize("renderer", RENDERED)
@pytest.mark.parametrize(
    "scene", [whole_scene(), compose(Graph(crowd(12, 90)), facts())], ids=["one", "crowd"]
)
def test_every_name_is_there(renderer: str, scene: Scene) -> None:
    shown = RENDERED[renderer](scene)
    missing = {name for name in names(scene) if name not in shown}
    assert not missing


def test_matplotlib_draws_the_same_texts() -> None:
    scene = whole_scene()
    ours = texts(svg.render(scene))
    drawn = {artist.get_text() for artist in Sheet(scene).figure.axes[0].texts}
    drawn |= {artist.get_text() for artist in Sheet(scene).figure.findobj() if hasattr(artist, "get_text")}
    assert ours - {"?", "!"} <= drawn


def test_svg_is_well_formed_and_stands_alone() -> None:
    shown = svg.render(compose(Graph(MemoryView([node("<&>", "a"), pod('a"b', None, "<&>")])), facts()))
    root = ElementTree.fromstring(shown)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "<&>" in texts(shown)
    assert not re.search(r'\b(class|style)="', shown)
    assert "<script" not in shown


def test_an_id_means_the_same_in_every_picture() -> None:
    """Several pictures may stand on one page, and what one of them uses may be another's."""
    scenes = [whole_scene(), *(compose(Graph(crowd(*size)), facts()) for size in ((12, 90), (60, 700)))]
    meant: dict[str, str] = {}
    for picture in (svg.render(scene, theme) for scene in scenes for theme in ("light", "dark")):
        known = dict(re.findall(r'<g id="(k8-[0-9a-f]+)">(.*?)</g>(?=<g id=|</defs>)', picture))
        assert known, "something is used again"
        assert set(re.findall(r'href="#([^"]+)"', picture)) == known.keys()
        for identity, what in known.items():
            assert meant.setdefault(identity, what) == what


def test_a_thousand_pods_are_no_large_file() -> None:
    """The output that a notebook keeps: 541 kB when each Pod drew its marks anew."""
    picture = svg.render(compose(Graph(crowd(100, 1000)), facts()))
    assert len(picture.encode()) < 180_000
    assert picture.count("<title>Pod ") == 1000


def test_matplotlib_svg_is_deterministic() -> None:
    scene = compose(Graph(MemoryView([node("node-1", "a"), pod("p", None, "node-1")])), facts())
    assert svg_text(scene) == svg_text(scene)


def test_a_sheet_follows_scenes() -> None:
    """One figure that shows another scene is drawn as a new one would be."""
    few = compose(Graph(MemoryView([node("node-1", "a"), pod("p", None, "node-1")])), facts())
    sheet = Sheet(few)
    many = compose(Graph(cluster()), facts(), history=history())
    sheet.update(many)
    sheet.update(few)
    fresh = Sheet(few)

    def said(one: Sheet) -> list[str]:
        return [artist.get_text() for artist in one._texts if artist.get_visible()]

    assert said(sheet) == said(fresh)
    assert len(sheet._collection.get_paths()) == len(fresh._collection.get_paths())


def test_paths_are_read() -> None:
    path = path_of("M1 2L3 4C5 6 7 8 9 10Z")
    assert [tuple(one) for one in path.vertices][:5] == [(1, 2), (3, 4), (5, 6), (7, 8), (9, 10)]
    assert len(path_of(arc_d(0, 0, 5, 0, 0.5)).vertices) == 7


def test_heat_map_as_text() -> None:
    shown = text.render(compose(Graph(crowd(60, 2100)), facts()))
    assert "node-60: 30 of 35 pods well" in shown


class StillLab:
    """As much of a lab as a drawing needs."""

    def __init__(self) -> None:
        self.view = cluster()
        self.now_us, self.start_us, self.seed, self.language = NOW_US, NOW_US, 7, "en"
        self.history: list[Any] = []
        self.inputs: list[Any] = []


def test_draw() -> None:
    drawing = draw(StillLab())
    assert drawing.svg == drawing._repr_svg_()
    assert repr(drawing) == draw(StillLab(), format="text")
    assert draw(StillLab(), format="figure").axes
    with pytest.raises(ValueError, match="unknown format"):
        draw(StillLab(), format="gif")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("k8slab.renderers", ("matplotlib", "ipywidgets")),
        ("k8slab.scene", ("matplotlib", "ipywidgets")),
    ],
)
def test_heavy_imports_are_paid_by_who_uses_them(module: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([one for one in {heavy!r} if one in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


def test_the_facts_are_in_the_header() -> None:
    scene = compose(Graph(cluster()), Facts(NOW_US, NOW_US, 42, 9))
    assert "t = 0 s · seed 42 · 9 events" in svg.render(scene)
