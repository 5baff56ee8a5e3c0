"""The panel in Chinese: every control, page and answer; Kubernetes' own words stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import ipywidgets as widgets
import pytest

from k8slab.lab import Lab
from k8slab.panel.inspector import PAGES, pages_of
from tests.browser import chromium, mount
from tests.renderers.labs import workload

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SENTENCE = re.compile(r"\b[a-z]{3,} [a-z]{3,}\b")
POD = "Pod/default/db-0"


@pytest.fixture
def lab() -> Lab:
    made = Lab(nodes=2, lang="zh")
    made.apply([workload("StatefulSet", "db", replicas=2, serviceName="db")])
    made.settle()
    return made


def tree(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from tree(child)


def shown(panel: Any) -> list[str]:
    """The words on and about every control."""
    found: list[str] = []
    for one in tree(panel):
        if isinstance(
            one, widgets.Button | widgets.ToggleButton | widgets.IntSlider | widgets.SelectionSlider
        ):
            found += [one.description, str(getattr(one, "tooltip", "") or "")]
        if isinstance(one, widgets.Dropdown | widgets.ToggleButtons):
            found += [one.description, *(str(option[0]) for option in one.options)]
        if isinstance(one, widgets.HTML):
            found.append(re.sub(r"<[^>]+>", " ", one.value))
    return [words for words in found if words.strip()]


@pytest.mark.parametrize("selected", ["", POD, "Node/node-1", "StatefulSet/default/db"])
def test_every_control_is_chinese(lab: Lab, selected: str) -> None:
    panel = lab.panel()
    panel.select(selected)
    english = [
        words
        for words in shown(panel)
        if SENTENCE.search(words) and not words.startswith(("kubectl ", "lab.")) and not CHINESE.search(words)
    ]
    assert english == []
    assert sum(1 for words in shown(panel) if CHINESE.search(words)) > 15


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_every_page_is_there_in_chinese(lab: Lab, page: str) -> None:
    panel = lab.panel()
    panel.select(POD)
    inspector = panel.inspector
    assert page in [one.name for one in pages_of(POD)]
    inspector.pages.value = page
    label = next(label for label, name in inspector.pages.options if name == page)
    assert label == "YAML" or CHINESE.search(label)
    if page not in ("YAML", "Logs"):
        assert CHINESE.search(inspector.content.value)


def test_what_is_done_is_told_in_chinese(lab: Lab) -> None:
    panel = lab.panel()
    panel.do(next(one.deed("", {}) for one in _cluster() if one.name == "break-registry"))
    panel.undo()
    panel.seek(lab.start_us + 6_000_000)
    panel.run_command("get pods")
    panel.return_to_now()
    lines = [text for kind, text in panel.console.lines if kind == "output"]
    assert any(line.startswith("已收回：") for line in lines)
    assert "这是过去" in panel._banner_words.value


def _cluster() -> Any:
    from k8slab.panel.actions import CLUSTER

    return CLUSTER


def test_the_browser_is_given_chinese(lab: Lab) -> None:
    panel = lab.panel()
    with chromium() as browser:
        page = browser.new_page()
        mount(page, panel.stage.scene, tables=panel.stage.config)
        assert page.inner_text(".k8-time").startswith("第 1 天")
        assert page.get_attribute(".k8-picture", "aria-label") == "集群"
        assert CHINESE.search(page.inner_text(".k8-toggles"))
        assert page.get_attribute('[role="slider"]', "aria-valuetext").endswith("秒，现在")


def test_english_and_chinese_panels_do_the_same() -> None:
    labs = {}
    for language in ("en", "zh"):
        lab = labs[language] = Lab(nodes=2, lang=language)
        lab.apply([workload("StatefulSet", "db", replicas=2, serviceName="db")])
        panel = lab.panel()
        panel.controls.step.click()
        panel.select("StatefulSet/default/db")
        panel.controls.replicas.value = 4
    assert labs["en"].digest() == labs["zh"].digest()
