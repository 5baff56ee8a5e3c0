"""The picture in Chinese: everything that is not Kubernetes' own word or somebody's name is translated."""

from __future__ import annotations

import dataclasses
import re

import pytest

from k8slab.graph import Graph
from k8slab.renderers import draw, shapes, svg, text
from k8slab.scene import Scene, compose
from k8slab.scene.header import header_marks
from k8slab.scene.marks import text_at
from k8slab.scene.metrics import text_width, wrapped
from tests.renderers.labs import short
from tests.scene import golden
from tests.scene.cluster import INPUTS, cluster, history
from tests.scene.test_scene import crowd, facts

KEPT = re.compile(
    r"""^(
        k8slab | kubectl.* | lab\..* | crash.*                       # what the user did
        | (CronJob|DaemonSet|StatefulSet|Deployment|Job|Service)\b.* # kinds, with a mode or a schedule
        | (Completed|ContainerCreating|CrashLoopBackOff|Pending|Running|Terminating|Unknown|(Not)?Ready)\b.*
        | [a-z0-9.-]+(…[a-z0-9-]+)?                                  # names
        | unreachable:NoExecute
    )$""",
    re.VERBOSE,
)


def scene(language: str, graph: Graph | None = None) -> Scene:
    given = facts(inputs=INPUTS)._replace(language=language)
    return compose(graph or Graph(cluster()), given, history=history() if graph is None else ())


def said(shown: Scene) -> set[str]:
    marks = [*header_marks(shown), *(mark for item in shown.items.values() for mark in item.marks)]
    words = {text_at(mark, shown.now_us) for mark in marks if mark[0] == "text"}
    return (
        words | {item.label for item in shown.items.values()} | {item.detail for item in shown.items.values()}
    )


@pytest.mark.parametrize("pods", [0, 90, 2100])
def test_nothing_english_is_left(pods: int) -> None:
    graph = Graph(crowd(60, pods)) if pods else None
    left = {
        one
        for one in said(scene("zh", graph))
        if re.search(r"[A-Za-z]{2,}", one) and not re.search(r"[\u4e00-\u9fff]", one) and not KEPT.match(one)
    }
    assert left == set()


def test_chinese_in_words() -> None:
    golden.check("cluster-zh.txt", text.render(scene("zh")))


def test_the_language_changes_words_and_nothing_else() -> None:
    english, chinese = scene("en"), scene("zh")
    assert english.items.keys() == chinese.items.keys()
    for identity, item in english.items.items():
        other = chinese.items[identity]
        assert (item.kind, item.x, item.y, item.width, item.state, item.links) == (
            (other.kind, other.x, other.y, other.width, other.state, other.links)
        )


def test_the_header_is_chinese() -> None:
    assert "第 1 天 · 09:24:48" in svg.render(scene("zh"))


def test_chinese_is_broken_after_any_character_but_not_before_a_stop() -> None:
    string = "节点不可达，所以没有谁能确认它已经停止。请恢复 node-1，或强制删除。"
    lines = wrapped(string, "small", 120, 9)
    assert len(lines) > 2
    assert all(text_width(line, "small") <= 120 + 11 for line in lines)
    assert "".join(lines).replace(" ", "") == string.replace(" ", "")
    assert not any(line[0] in "，。" for line in lines)


def test_english_is_broken_at_spaces() -> None:
    assert wrapped("one two  three", "small", 45, 3) == ("one two", "three")
    assert wrapped("one two three four five", "small", 45, 2) == ("one two", "three f…")


class ChineseLab:
    """As much of a lab as an export needs, whose language is Chinese."""

    def __init__(self) -> None:
        lab = short()
        self.view, self.history, self.inputs, self.lock = lab.view, lab.history, lab.inputs, lab.lock
        self.now_us, self.start_us, self.ready_us = lab.now_us, lab.start_us, lab.ready_us
        self.seed = lab.seed
        self.language = "zh"


def test_a_figure_speaks_english_where_no_font_has_chinese_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shapes, "chinese_font", shapes.Font)
    with pytest.warns(UserWarning, match="fonts-noto-cjk"):
        figure = draw(ChineseLab(), format="figure")
    assert "Waiting for a node" in {one.get_text() for one in figure.axes[0].texts}


def test_a_figure_speaks_chinese_where_a_font_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "chinese_font", lambda: shapes.Font("Some Font"))
    figure = draw(ChineseLab(), format="figure")
    assert "等待节点" in {one.get_text() for one in figure.axes[0].texts}


def test_a_font_is_found_that_was_installed_since(monkeypatch: pytest.MonkeyPatch) -> None:
    """matplotlib's list is a remembered one: the files are looked through when it has no such font."""
    from matplotlib import font_manager

    latin, *_ = [one for one in font_manager.fontManager.ttflist if one.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["/fonts/Other.ttf", "/fonts/wqy-micro.ttc"])
    added: list[str] = []

    def add(file: str) -> None:
        added.append(file)
        entry = dataclasses.replace(latin, name="WenQuanYi Micro Hei", fname=file, weight=400)
        font_manager.fontManager.ttflist.append(entry)

    monkeypatch.setattr(font_manager.fontManager, "addfont", add)
    shapes.chinese_font.cache_clear()
    try:
        assert shapes.chinese_font() == shapes.Font("WenQuanYi Micro Hei", "/fonts/wqy-micro.ttc")
        assert added == ["/fonts/wqy-micro.ttc"]
    finally:
        shapes.chinese_font.cache_clear()


def test_what_needs_no_font_is_chinese() -> None:
    assert "等待节点" in draw(ChineseLab(), format="text") or "节点" in draw(ChineseLab()).svg
    assert "个 Pod" in draw(ChineseLab()).svg
