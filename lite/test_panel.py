"""The tutorials and the panel in a JupyterLite page of a real browser. Run by `make lite-panel`.

The site carries all that it needs, so the page must ask no other host. What the cells print is compared with
what they print in a notebook; then the panel is used as a person would use it.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import chromium

ROOT = Path(__file__).parents[1]
SITE = Path(os.environ.get("K8SLAB_LITE_SITE", ROOT / "build" / "lite" / "site"))
TUTORIAL = "01-statefulset"
expect.set_options(timeout=60_000)
STARTING_MS = 1_200_000
"""A browser has to translate an interpreter and to install packages, on a machine with other things to do."""
CELLS = "() => window.jupyterapp.shell.currentWidget.context.model.toJSON().cells"
READY = """
() => {
  const context = window.jupyterapp?.shell.currentWidget?.context;
  return context?.isReady && context.sessionContext.session?.kernel?.connectionStatus === 'connected';
}
"""
DONE = """
() => {
  const { cells } = window.jupyterapp.shell.currentWidget.context.model.toJSON();
  const code = cells.filter((cell) => cell.cell_type === 'code');
  const failed = code.some((cell) => cell.outputs.some((one) => one.ename));
  return failed || code.every((cell) => cell.execution_count);
}
"""


class Files(SimpleHTTPRequestHandler):
    """The site's files. Nothing is printed, and the icon that every browser asks for is empty."""

    extensions_map: ClassVar[dict[str, str]] = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def do_GET(self) -> None:
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_: Any) -> None:
        pass


class Visit(NamedTuple):
    """The page, what its console complained of, and which hosts it asked."""

    page: Page
    errors: list[str]
    hosts: set[str]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(SITE)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _configure(route: Route) -> None:
    """Let the test reach the app, and keep every cell in the page; a reader has neither."""
    config = json.loads((SITE / "jupyter-lite.json").read_text(encoding="utf-8"))
    config["jupyter-config-data"]["exposeAppInBrowser"] = True
    config["jupyter-config-data"]["settingsOverrides"] = {
        "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}
    }
    route.fulfill(json=config)


@pytest.fixture(scope="module")
def visit(url: str) -> Iterator[Visit]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1300})
        page.set_default_timeout(120_000)
        errors: list[str] = []
        hosts: set[str] = set()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        page.on("request", lambda request: hosts.add("/".join(request.url.split("/")[:3])))
        page.route(f"{url}/jupyter-lite.json", _configure)
        page.goto(f"{url}/lab/index.html?path={TUTORIAL}.ipynb")
        page.wait_for_function(READY, timeout=STARTING_MS)
        page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_function(DONE, timeout=STARTING_MS, polling=1000)
        yield Visit(page, errors, {one for one in hosts if not one.startswith(("blob:", "data:", url))})


def _said(cells: list[dict[str, Any]]) -> list[list[str]]:
    """What each code cell printed: a notebook holds lines as a list or as one text."""
    found = []
    for cell in cells:
        if cell["cell_type"] == "code":
            texts = [one["text"] for one in cell["outputs"] if one["output_type"] == "stream"]
            found.append("".join("".join(text) for text in texts).splitlines())
    return found


def test_the_tutorial_says_what_it_says_in_a_notebook(visit: Visit) -> None:
    there = _said(visit.page.evaluate(CELLS))
    stored = json.loads((ROOT / "notebooks" / f"{TUTORIAL}.ipynb").read_text(encoding="utf-8"))
    assert there[0] == [], "installing is silent"
    assert there[1:] == _said(stored["cells"])


def test_nothing_was_asked_of_another_host(visit: Visit) -> None:
    assert visit.hosts == set()


def _command(page: Page, command: str) -> None:
    line = page.locator(".k8slab-panel .k8-console input")
    line.fill(command)
    line.press("Enter")


def test_the_panel_takes_commands_and_runs(visit: Visit) -> None:
    page = visit.page
    page.locator(".k8slab-panel").scroll_into_view_if_needed()
    _command(page, "create deployment web --image=nginx --replicas=3")
    expect(page.locator(".k8slab-console .k8-printed")).to_contain_text("deployment.apps/web created")
    page.locator(".k8slab-bar button", has_text="run").click()
    pods = page.locator('.k8-object[data-id^="Pod/default/web-"]')
    expect(pods).to_have_count(3)
    expect(pods.first).to_have_attribute("data-state", "running")


def test_where_nothing_is_pending_playing_says_so(visit: Visit) -> None:
    page = visit.page
    play = page.locator(".k8slab-bar button").first
    play.click()
    expect(page.locator(".k8slab-console .k8-printed")).to_contain_text("nothing is pending")
    expect(play.locator(".fa-play")).to_have_count(1)


def test_it_plays_and_pauses_without_threads(visit: Visit) -> None:
    page = visit.page
    # Something has to be pending all the time.
    _command(page, "create cronjob tick --image=busybox --schedule='* * * * *'")
    expect(page.locator('.k8-object[data-id="CronJob/default/tick"]')).to_be_visible()
    play = page.locator(".k8slab-bar button").first
    before = page.inner_text(".k8-time")
    play.click()
    page.wait_for_function("before => document.querySelector('.k8-time').textContent > before", arg=before)
    play.click()
    expect(play.locator(".fa-play")).to_have_count(1)
    _command(page, "delete cronjob tick")
    expect(page.locator('.k8-object[data-id="CronJob/default/tick"]')).to_have_count(0)


def test_a_pod_says_why_it_is_there(visit: Visit) -> None:
    page = visit.page
    page.locator('.k8-object[data-id^="Pod/default/web-"]').first.click(position={"x": 60, "y": 8})
    expect(page.locator(".k8slab-title")).to_contain_text("web-")
    page.locator(".k8slab-pages button", has_text="Why").click()
    expect(page.locator(".k8slab-inspector")).to_contain_text("kubectl create deployment web")


def test_a_node_is_cordoned_and_that_is_taken_back(visit: Visit) -> None:
    page = visit.page
    page.locator('[data-id="Node/node-2"]').click(position={"x": 60, "y": 8})
    page.click(".k8slab-actions .k8slab-cordon")
    expect(page.locator(".k8slab-console .k8-printed")).to_contain_text("$ kubectl cordon node-2")
    expect(page.locator('[data-id="Node/node-2"]')).to_have_attribute("aria-label", re.compile("cordoned"))
    page.locator(".k8slab-bar button", has_text="undo").click()
    expect(page.locator(".k8slab-actions .k8slab-cordon")).to_be_visible()


def test_the_past_is_looked_at_and_left(visit: Visit) -> None:
    page = visit.page
    now = page.inner_text(".k8-time")
    box = page.locator(".k8-timeline").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + 20)
    expect(page.locator(".k8slab-banner")).to_contain_text("this is the past")
    expect(page.locator('.k8-object[data-id="Pod/default/nginx-statefulset-0"]')).to_have_count(1)
    page.locator(".k8slab-banner button", has_text="back to now").click()
    expect(page.locator(".k8-time").first).to_have_text(now)


def test_a_screenshot_can_be_looked_at(visit: Visit) -> None:
    visit.page.locator('.k8-object[data-id^="Pod/default/web-"]').first.click(position={"x": 60, "y": 8})
    shown = visit.page.screenshot(path=SITE.parent / "panel.png", timeout=STARTING_MS)
    assert len(shown) > 40_000, "an empty picture is smaller"


def test_nothing_is_wrong_in_the_console(visit: Visit) -> None:
    """Last, for all that the others did."""
    assert visit.errors == []
