"""The panel where people use it: JupyterLab, Notebook 7 and Voila, in a real browser.

Each app is started once, with a notebook that shows the panel of a small lab in trouble. The tests look at
what a person would: does it do what it says, is anything wrong in the console, and can everyone use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import jupyter
from tests.browser import chromium, findings

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

CELL = """
from k8slab import Lab
lab = Lab(nodes=3)
lab.kubectl("create deployment web --image=nginx --replicas=3")
lab.kubectl("run big --image=nginx --overrides='{\\"spec\\": {\\"containers\\": [{\\"name\\": \\"big\\", "
            "\\"image\\": \\"nginx\\", \\"resources\\": {\\"requests\\": {\\"cpu\\": \\"100\\"}}}]}}'")
lab.settle()
lab.crash("node-1")
lab.run("2m")
panel = lab.panel()
panel
"""
BARE = "print('nothing here')"
POD = "Pod/default/big"


FITS = """
() => {
  const [picture] = document.querySelectorAll("svg.k8-picture");
  return Math.abs(picture.viewBox.baseVal.width - picture.parentElement.clientWidth) < 1;
}
"""
CLOCK = """
() => new Promise((tell) => {
  const seen = new Set();
  let frames = 0;
  const look = () => {
    seen.add(document.querySelector(".k8-time").textContent);
    frames += 1;
    if (frames < 60) requestAnimationFrame(look);
    else tell([...seen]);
  };
  look();
})
"""
"""What the clock says in the next sixty frames."""
CHANGED = """
before => document.querySelector(".k8slab-inspector > .widget-html .widget-html-content").innerHTML !== before
"""


class Visit(NamedTuple):
    """A page on which the panel is, and what its console said."""

    app: str
    page: Page
    errors: list[str]
    known: set[str]


def _open(browser: Browser, server: jupyter.Server, name: str, cell: str) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": 1400, "height": 1300})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    jupyter.write(server, name, [cell])
    jupyter.visit(page, server, name)
    jupyter.run_all(page, server)
    return page, errors


def _gist(error: str) -> str:
    """An error without what differs from page to page: ports and the lines beneath the first."""
    return error.split("\n")[0][:80]


@pytest.fixture(scope="module", params=["lab", "notebook", "voila"])
def visit(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    app = request.param
    home = tmp_path_factory.mktemp(app) / "home"
    with jupyter.serving(app, home) as server, chromium() as browser:
        # What an app says without the panel is not the panel's: Voila can't load other packages' extensions.
        bare, known = _open(browser, server, "bare", BARE)
        bare.wait_for_load_state("networkidle")
        bare.close()
        page, errors = _open(browser, server, "panel", CELL)
        page.wait_for_selector(".k8slab-panel .k8-object", timeout=60_000)
        page.wait_for_function(FITS)
        yield Visit(app, page, errors, {_gist(one) for one in known})


def select(page: Page, identity: str) -> None:
    page.locator(f'[data-id="{identity}"]').click(position={"x": 60, "y": 8})
    expect(page.locator(".k8slab-title")).to_contain_text(identity.rpartition("/")[2])


def wear(visit: Visit, theme: str) -> None:
    """Change the theme of the app; Voila has no command for it, but the same sign on its page."""
    name = f"JupyterLab {theme.title()}"
    if visit.app == "voila":
        visit.page.evaluate(f"document.body.dataset.jpThemeLight = '{str(theme == 'light').lower()}'")
    else:
        change = f"window.jupyterapp.commands.execute('apputils:change-theme', {{ theme: '{name}' }})"
        visit.page.evaluate(f"void {change}")
    visit.page.wait_for_selector(f'.k8-stage[data-theme="{theme}"]')


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nobody_is_kept_out(visit: Visit, theme: str) -> None:
    page = visit.page
    wear(visit, theme)
    assert not findings(page)
    for identity in (POD, "Node/node-1", "Deployment/default/web"):
        select(page, identity)
        pages = page.locator(".k8slab-pages button")
        for number in range(pages.count()):
            before = page.inner_html(".k8slab-inspector > .widget-html .widget-html-content")
            pages.nth(number).click()
            expect(pages.nth(number)).to_have_class(re.compile("mod-active"))
            if number:
                page.wait_for_function(CHANGED, arg=before)
            assert not findings(page, ".k8slab-inspector"), (identity, pages.nth(number).inner_text())
        pages.first.click()
    page.locator(".k8slab-bar button", has_text="YAML").click()
    page.fill(".k8-editor textarea", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspecc: {}\n")
    expect(page.locator(".k8-problems")).to_contain_text("line 5")
    assert not findings(page, ".k8-editor"), "editor"
    page.locator(".k8slab-bar button", has_text="YAML").click()
    page.locator(".k8slab-bar select").nth(1).select_option("a condition …")
    expect(page.locator(".k8-ask input")).to_be_visible()
    expect(page.locator("[role=log]")).to_have_count(1)
    assert not findings(page), "all of it, with a condition"
    page.locator(".k8slab-bar select").nth(1).select_option("settled")
    expect(page.locator(".k8-ask input")).to_be_hidden()


def test_a_question_is_answered(visit: Visit) -> None:
    page = visit.page
    select(page, POD)
    page.locator(".k8slab-pages button", has_text="Scheduling").click()
    expect(page.locator(".k8slab-inspector")).to_contain_text("Insufficient cpu")


def test_a_button_shows_its_command_and_does_it(visit: Visit) -> None:
    page = visit.page
    select(page, "Node/node-2")
    page.click(".k8slab-actions .k8slab-cordon")
    expect(page.locator(".k8slab-console .k8-printed")).to_contain_text("$ kubectl cordon node-2")
    expect(page.locator(".k8slab-actions .k8slab-uncordon")).to_be_focused()
    page.locator(".k8slab-bar button", has_text="undo").click()
    expect(page.locator(".k8slab-actions .k8slab-cordon")).to_be_visible()


@pytest.mark.parametrize(
    ("selected", "first", "second", "command"),
    [
        ("Node/node-2", "crash", "recover", "lab.crash('node-2')"),
        ("Node/node-2", "disconnect", "recover", "lab.disconnect('node-2')"),
        ("Node/node-2", "crash-zone", "recover-zone", "lab.crash_zone('b')"),
        ("", "stop-api-server", "start-api-server", "lab.stop_api_server()"),
        ("", "break-registry", "mend-registry", "lab.break_registry()"),
    ],
)
def test_what_is_pressed_by_a_key_is_taken_back_by_the_same(
    visit: Visit, selected: str, first: str, second: str, command: str
) -> None:
    page = visit.page
    if selected:
        select(page, selected)
    else:
        page.locator(".k8-frame").click(position={"x": 4, "y": 4})
        expect(page.locator(".k8slab-title")).to_be_hidden()
    button = page.locator(f".k8slab-actions .k8slab-{first}")
    expect(button).to_have_attribute("title", command)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".k8slab-console .k8-printed")).to_contain_text(command)
    expect(page.locator(f".k8slab-actions .k8slab-{second}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f".k8slab-actions .k8slab-{first}")).to_be_focused()


@pytest.mark.parametrize("relation", ["owner", "network", "scheduling", "volume"])
def test_a_relation_is_switched_by_pointer_and_by_key(visit: Visit, relation: str) -> None:
    """Lines are drawn as long as the switch says so; those to volumes are there from the beginning."""
    page = visit.page
    toggle = page.locator(f".k8-toggle.k8-of-{relation}").first
    begin = "true" if relation == "volume" else "false"
    expect(toggle).to_have_attribute("aria-pressed", begin)
    drawn = page.locator(f".k8-relation.k8-of-{relation}").first
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "false" if begin == "true" else "true")
    if relation in ("owner", "scheduling"):
        expect(drawn).to_have_attribute("d", re.compile("^M"))
    toggle.press("Enter")
    expect(toggle).to_have_attribute("aria-pressed", begin)
    expect(drawn).to_have_attribute("d", "")


def test_the_console_completes_recalls_and_prints(visit: Visit) -> None:
    page = visit.page
    line = page.locator(".k8-console input")
    line.fill("get deploym")
    line.press("Tab")
    expect(line).to_have_value("get deployments.apps ")
    line.press("Enter")
    expect(page.locator(".k8slab-console .k8-printed")).to_contain_text("web")
    line.press("ArrowUp")
    assert line.input_value().startswith("get deployments")
    line.press("Escape")
    line.press("Tab")
    assert page.evaluate("!document.activeElement.closest('.k8-console input')"), "an empty line holds nobody"


def test_the_past_is_shown_and_left_again(visit: Visit) -> None:
    page = visit.page
    before = page.inner_text(".k8-time")
    box = page.locator(".k8-timeline").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.1, box["y"] + 20)
    expect(page.locator(".k8slab-banner")).to_contain_text("this is the past")
    page.wait_for_function("before => document.querySelector('.k8-time').textContent < before", arg=before)
    page.locator(".k8slab-banner button", has_text="back to now").click()
    expect(page.locator(".k8-time").first).to_have_text(before)


def test_playing_moves_the_clock_and_pausing_stops_it(visit: Visit) -> None:
    page = visit.page
    play = page.locator(".k8slab-bar button").first
    before = page.inner_text(".k8-time")
    play.click()
    page.wait_for_function("before => document.querySelector('.k8-time').textContent > before", arg=before)
    play.click()
    expect(play.locator(".fa-play")).to_have_count(1)
    assert len(page.evaluate(CLOCK)) == 1


def test_a_second_view_shows_the_same(visit: Visit) -> None:
    if visit.app == "voila":
        return
    page = visit.page
    page.evaluate("window.jupyterapp.commands.execute('notebook:insert-cell-below')")
    page.evaluate(
        """() => {
          const notebook = window.jupyterapp.shell.currentWidget.content;
          notebook.activeCell.model.sharedModel.setSource('panel');
        }"""
    )
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
    expect(page.locator(".k8-stage")).to_have_count(2, timeout=60_000)
    before = page.locator(".k8-time").first.inner_text()
    page.locator(".k8slab-bar button").nth(1).click()
    page.wait_for_function(
        """before => {
          const said = [...document.querySelectorAll(".k8-time")].map((one) => one.textContent);
          return said.length === 2 && new Set(said).size === 1 && said[0] !== before;
        }""",
        arg=before,
    )


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nobody_is_kept_out_of_a_comparison(visit: Visit, theme: str) -> None:
    """A fork beneath, the two side by side above it, and what differs in words."""
    page = visit.page
    wear(visit, theme)
    panel = page.locator(".k8slab-panel").first
    if not panel.locator(".k8slab-comparison").count():
        panel.locator(".k8slab-bar button", has_text="fork here").first.click()
    twin = panel.locator(".k8slab-panel").first
    expect(twin.locator(".k8-object").first).to_be_visible(timeout=60_000)
    comparison = panel.locator(".k8slab-comparison")
    expect(comparison.locator(".k8-stage")).to_have_count(2)
    line = twin.locator(".k8-console input")
    line.fill("delete deployment web" if theme == "dark" else "create deployment web --image=nginx")
    line.press("Enter")
    expect(comparison).to_contain_text("difference")
    assert not findings(page)


def test_nothing_is_wrong_in_the_console(visit: Visit) -> None:
    """Last, for all that the others did."""
    assert [one for one in visit.errors if _gist(one) not in visit.known] == []


def test_a_screenshot_can_be_looked_at(visit: Visit, tmp_path: Path) -> None:
    shown = visit.page.locator(".k8slab-panel").first.screenshot()
    assert len(shown) > 40_000, "an empty picture is smaller"
