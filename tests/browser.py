"""The Chromium of the browser tests: the one that `make browser` found or installed.

A missing browser fails the tests; it does not skip them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

import k8slab.renderers as renderers
from k8slab.panel.stage import browser_tables

# On a busy machine a browser may be given little; what is waited for is asked about at once, too.
expect.set_options(timeout=60_000)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def executable() -> str | None:
    """The path of a Chromium on this machine; None lets Playwright use its own."""
    for name in (os.environ.get("K8SLAB_BROWSER", ""), *NAMES):
        path = shutil.which(name) if name else None
        if path:
            return path
    return None


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched(browser: Browser, width: int, height: int) -> Iterator[Page]:
    """A page of a size, in which nothing may go wrong: what its console complains of fails the test."""
    page = browser.new_page(viewport={"width": width, "height": height})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    yield page
    page.close()
    assert not errors


MOUNT = """
async ({ source, css, state }) => {
  const style = document.createElement('style');
  style.textContent = 'body { margin: 0; }' + css;
  document.head.append(style);
  const listeners = {};
  const model = {
    state,
    sent: [],
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    save_changes: () => {},
    on: (name, act) => { (listeners[name] ||= []).push(act); },
    off: () => {},
    send: (message) => { model.sent.push({ ...message, at: performance.now() }); },
    tell: (name, ...values) => { for (const act of listeners[name] || []) act(...values); },
  };
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const module = await import(url);
  window.module = module;
  window.model = model;
  // anywidget hands out a model of its own for each call.
  await module.default.initialize?.({ model: Object.create(model) });
  const el = document.createElement('div');
  el.className = 'mount';
  document.body.append(el);
  window.unmount = await module.default.render({ model: Object.create(model), el });
}
"""


def mount(
    page: Page,
    scene: dict[str, Any],
    theme: str = "light",
    source: str = "",
    tables: dict[str, Any] | None = None,
    *,
    can_act: bool = False,
) -> None:
    """Mount live.js in a plain page with a model that records what is sent (`window.model.sent`)."""
    folder = Path(renderers.__file__).parent
    page.goto("about:blank")
    page.evaluate(
        MOUNT,
        {
            "source": source or (folder / "live.js").read_text(encoding="utf-8"),
            "css": (folder / "live.css").read_text(encoding="utf-8"),
            "state": {
                "scene": scene,
                "config": tables or browser_tables(),
                "theme": theme,
                "can_act": can_act,
            },
        },
    )


def mount_canvas(page: Page, scene: dict[str, Any], theme: str = "light", *, can_act: bool = False) -> None:
    """Mount live.js as if no picture were small enough for SVG elements."""
    source = (Path(renderers.__file__).parent / "live.js").read_text(encoding="utf-8")
    limit = "const MOST_SVG_PODS = 300;"
    assert source.count(limit) == 1
    mount(page, scene, theme, source.replace(limit, "const MOST_SVG_PODS = -1;"), can_act=can_act)


def push(page: Page, message: dict[str, Any]) -> None:
    """Let the model receive a custom message, as from the kernel."""
    page.evaluate("message => window.model.tell('msg:custom', message)", message)


_SERIOUS = ("serious", "critical")


def findings(page: Page, context: str = ".k8slab-panel") -> list[str]:
    """What axe-core finds serious within a part of the page, in a line each."""
    found: list[dict[str, Any]] = Axe().run(page, context=context).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes'][:3]]}"
        for one in found
        if one["impact"] in _SERIOUS
    ]
