"""The panel's modules by anywidget's contract alone: in a page, a shadow, a late element, a strict frame."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from k8slab import Lab
from k8slab.panel.console import Console
from k8slab.panel.editor import Editor
from k8slab.panel.widget import Panel
from tests.browser import watched
from tests.panel.host import PLACES, Host, Place, wire

__all__ = ["wire"]
POD = "Pod/default/web-0"
MANIFEST = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: nginx}]}
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched(browser, 1200, 900) as made:
        yield made


@pytest.fixture
def panel(wire: Any) -> Panel:
    lab = Lab(nodes=2)
    lab.kubectl("apply -f -", stdin=MANIFEST)
    lab.settle()
    made = lab.panel()
    assert isinstance(made, Panel)
    return made


def console_of(lab: Any) -> Console:
    """A console that answers at once; the panel's own does so from its player."""
    made = Console(lambda command: made.print(f"$ kubectl {command}", lab.kubectl(command).stdout))
    return made


ALIKE = "host.pictures().length && new Set(host.pictures()).size === 1"
NOTHING = {"timers": [], "listeners": [], "observers": 0, "told": [], "elements": 0, "sent": 0}
SIGNS = [
    ("body", "data-jp-theme-light", "true", "false"),
    ("body", "data-vscode-theme-kind", "vscode-light", "vscode-dark"),
    ("body", "data-vscode-theme-kind", "vscode-high-contrast-light", "vscode-high-contrast"),
    ("documentElement", "theme", "light", "dark"),
    ("body", "data-theme", "light", "dark"),
    ("documentElement", "data-theme", "light", "dark"),
    ("documentElement", "style", "color-scheme: light", "color-scheme: dark"),
]


SIGN = """
([of, name, value]) => {
  if (name === "style") document[of].style.cssText = value;
  else document[of].setAttribute(name, value);
}
"""


def click(host: Host, identity: str) -> None:
    host.frame.locator(item(identity)).first.click(position={"x": 60, "y": 8})
    host.pump()


def remove_a_pod(host: Host, panel: Panel) -> None:
    panel.lab.kubectl("delete pod web-1 --force")
    panel.refresh()


def hold(host: Host, what: str) -> None:
    box = host.frame.locator(what).first.bounding_box()
    assert box is not None
    host.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    host.page.mouse.down()
    host.page.mouse.move(box["x"] + box["width"] / 2 + 9, box["y"] + box["height"] / 2)


def item(identity: str) -> str:
    return f'[data-id="{identity}"]'


@pytest.mark.parametrize("place", PLACES)
def test_the_stage_is_shown_and_a_click_goes_back(page: Page, panel: Panel, place: Place) -> None:
    host = Host(page, place)
    host.show(panel.stage)
    host.until_sent("width")
    assert panel.showing.width == host.frame.evaluate("Math.min(1900, document.body.clientWidth)")
    click(host, POD)
    assert panel.showing.selected == POD
    expect(host.frame.locator(".k8-said")).to_contain_text("web-0")
    panel.lab.kubectl("cordon node-1")
    panel.refresh()
    host.pump()
    label = "Node node-1, zone a, Ready, cordoned, 1 pod"
    expect(host.frame.locator(item("Node/node-1"))).to_have_attribute("aria-label", label)
    assert host.complaints() == []


@pytest.mark.parametrize("place", PLACES)
def test_the_console_answers(page: Page, panel: Panel, place: Place) -> None:
    host = Host(page, place)
    host.show(console_of(panel.lab))
    line = host.frame.locator(".k8-console input")
    line.fill("get pods")
    line.press("Enter")
    host.pump()
    expect(host.frame.locator(".k8-printed")).to_contain_text("web-1")
    assert host.complaints() == []


@pytest.mark.parametrize("place", PLACES)
def test_the_editor_complains_and_applies(page: Page, panel: Panel, place: Place) -> None:
    host = Host(page, place)
    applied: list[str] = []
    host.show(Editor(panel.lab, applied.append))
    bad = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspecc: {}\n"
    host.frame.fill(".k8-editor textarea", bad)
    host.until_sent("check")
    expect(host.frame.locator(".k8-problems")).to_contain_text("line 5")
    host.frame.click(".k8-apply")
    host.pump()
    assert applied == [bad]
    assert host.complaints() == []


@pytest.mark.parametrize("place", PLACES)
def test_two_views_of_one_model_stay_equal(page: Page, panel: Panel, place: Place) -> None:
    host = Host(page, place)
    for count in (1, 2):
        host.show(panel.stage)
        host.until_sent("width", count)
    assert host.pictures() == [host.pictures()[0]] * 2
    before = host.pictures()[0]
    click(host, POD)
    page.mouse.move(1, 1)
    host.until(ALIKE)
    selected = host.pictures()
    assert selected[0] == selected[1] != before
    panel.lab.kubectl("delete pod web-1")
    panel.lab.run("3s")
    panel.refresh()
    host.pump()
    host.until(f"{ALIKE} && host.pictures()[0] !== {json.dumps(selected[0])}")
    later = host.pictures()
    assert later[0] == later[1] != selected[0]
    host.hide(0)
    panel.lab.settle()
    panel.refresh()
    host.pump()
    host.until(f"host.pictures()[0] !== {json.dumps(later[0])}")
    assert len(host.pictures()) == 1


BUSY: dict[str, Callable[[Host, Panel], None]] = {
    "at rest": lambda host, panel: None,
    "just shown": lambda host, panel: None,
    "something goes": lambda host, panel: remove_a_pod(host, panel),
    "requests fly": lambda host, panel: panel.stage.show_calls([("", POD, True), (POD, POD, False)]),
    "resized": lambda host, panel: host.page.set_viewport_size({"width": 800, "height": 900}),
    "the playhead is held": lambda host, panel: hold(host, ".k8-timeline"),
    "a grip is held": lambda host, panel: hold(host, ".k8-grip"),
}
"""What may be under way when a view is taken away."""


@pytest.mark.parametrize(
    ("place", "state"), [*(("plain", state) for state in BUSY), *((place, "at rest") for place in PLACES[1:])]
)
def test_a_stage_that_is_taken_away_leaves_nothing(
    page: Page, panel: Panel, place: Place, state: str
) -> None:
    host = Host(page, place)
    view = host.show(panel.stage)
    if state != "just shown":
        host.until_sent("width")
    BUSY[state](host, panel)
    host.pump()
    host.hide(view)
    assert host.left(view) == NOTHING
    panel.lab.kubectl("scale statefulset web --replicas=3")
    panel.lab.settle()
    panel.refresh()
    host.pump()
    assert host.left(view) == NOTHING


@pytest.mark.parametrize("place", ["plain", "strict"])
@pytest.mark.parametrize("module", ["console", "editor"])
def test_a_line_or_text_that_is_taken_away_leaves_nothing(
    page: Page, panel: Panel, place: Place, module: str
) -> None:
    host = Host(page, place)
    view = host.show(console_of(panel.lab) if module == "console" else Editor(panel.lab, print))
    host.frame.fill("input, textarea", "get pods")
    host.hide(view)
    assert host.left(view) == NOTHING


@pytest.mark.parametrize("place", ["shadow", "strict"])
@pytest.mark.parametrize(("of", "name", "light", "dark"), SIGNS, ids=[one[1] for one in SIGNS])
def test_the_page_s_theme_is_found_and_followed(
    page: Page, panel: Panel, place: Place, of: str, name: str, light: str, dark: str
) -> None:
    host = Host(page, place)
    page.emulate_media(color_scheme="light")
    host.frame.evaluate(SIGN, [of, name, dark])
    host.show(panel.stage)
    stage = host.frame.locator(".k8-stage")
    expect(stage).to_have_css("background-color", "rgb(20, 24, 31)")
    page.emulate_media(color_scheme="dark")
    host.frame.evaluate(SIGN, [of, name, light])
    expect(stage).to_have_css("background-color", "rgb(255, 255, 255)")


def test_a_panel_around_a_shadow_root_is_given_the_colours(page: Page, panel: Panel) -> None:
    """Colab and marimo put each widget into a shadow root of its own; the panel is around them all."""
    host = Host(page, "shadow")
    page.evaluate("document.body.className = 'k8slab-panel'")
    page.evaluate("document.body.dataset.theme = 'dark'")
    host.show(panel.stage)
    host.show(Editor(panel.lab, print))
    host.until_sent("width")
    editor = host.frame.locator(".k8-editor .k8-sheet")
    expect(editor).to_have_css("background-color", "rgb(20, 24, 31)")
