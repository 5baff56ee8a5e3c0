"""Widgets of a live lab in a page that keeps to anywidget's contract and gives them nothing else.

The kernel's end of the wire is here: what a widget sends is kept until `pump` hands it to the page, and what
the page sends is handed to the widget, so that nothing happens at any other time.
"""

from __future__ import annotations

import json
from collections import deque
from html import escape
from pathlib import Path
from typing import Any, ClassVar, Literal

import comm
import ipywidgets
import pytest
from comm.base_comm import BaseComm
from playwright.sync_api import Frame, Page

SCRIPT = (Path(__file__).parent / "host.js").read_text(encoding="utf-8")
STRICT = (
    "default-src 'none'; script-src 'nonce-host' blob:; style-src 'nonce-host'; img-src data: blob:;"
    " font-src data:; base-uri 'none'; form-action 'none'"
)
"""Stricter than VS Code's own: scripts from memory, one known style sheet, nothing fetched and no eval."""
Place = Literal["plain", "shadow", "detached", "strict"]
PLACES: tuple[Place, ...] = ("plain", "shadow", "detached", "strict")


class Wire(BaseComm):
    """A comm whose messages wait in `sent`."""

    sent: ClassVar[deque[tuple[str, dict[str, Any]]]] = deque()

    def publish_msg(
        self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
    ) -> None:
        if msg_type == "comm_msg":
            self.sent.append((self.comm_id, data))


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> deque[tuple[str, dict[str, Any]]]:
    """Every widget that is made from here on is on the wire."""
    Wire.sent = deque()
    monkeypatch.setattr(comm, "create_comm", Wire)
    return Wire.sent


class Host:
    """A page, or a sandboxed frame in it, with views of widgets."""

    def __init__(self, page: Page, place: Place) -> None:
        self.page, self.place = page, place
        self.widgets: dict[str, ipywidgets.Widget] = {}
        page.set_content(_document(place))
        self.frame: Frame = page.frames[1] if place == "strict" else page.main_frame
        self.frame.evaluate(f"() => {{ {SCRIPT} }}")

    def open(self, widget: ipywidgets.Widget) -> str:
        """Let the page know a widget, by its whole state."""
        name = str(widget.model_id)
        Wire.sent.clear()
        self.widgets[name] = widget
        self.frame.evaluate(
            "given => host.open(...given)", [name, json.loads(json.dumps(widget.get_state()))]
        )
        return name

    def show(self, widget: ipywidgets.Widget) -> int:
        """Show one more view of a widget."""
        name = str(widget.model_id)
        if name not in self.widgets:
            self.open(widget)
        view = int(self.frame.evaluate("given => host.show(...given)", [name, self.place]))
        if self.place == "detached":
            self.frame.evaluate("view => host.attach(view)", view)
        self.pump()
        return view

    def pump(self) -> None:
        """Carry messages to and fro until neither end has any."""
        while True:
            inward = self.frame.evaluate("host.take()")
            for name, data in inward:
                self.widgets[name].comm.handle_msg({"content": {"data": data}, "buffers": []})
            outward = [Wire.sent.popleft() for _ in range(len(Wire.sent))]
            for name, data in outward:
                if name in self.widgets:
                    self.frame.evaluate("given => host.hear(...given)", [name, json.loads(json.dumps(data))])
            if not inward and not outward:
                return

    def until(self, condition: str) -> None:
        """Carry messages until something holds in the page."""
        while True:
            self.frame.evaluate(f"host.until(() => {condition})")
            was_news = self.frame.evaluate("host.outbox.length")
            self.pump()
            if not was_news:
                return

    def until_sent(self, kind: str, count: int = 1) -> None:
        """Carry messages until the page has sent so many of a kind, and they have been heard."""
        self.until(f"host.counts[{kind!r}] >= {count}")

    def pictures(self) -> list[str]:
        """What each stage shows, as text."""
        return list(self.frame.evaluate("host.pictures()"))

    def complaints(self) -> list[str]:
        """What the page's policy forbade, and the globals that there were not before."""
        return list(self.frame.evaluate("[...host.violations, ...host.news()]"))

    def left(self, view: int) -> Any:
        """What goes on although a view was taken away."""
        return self.frame.evaluate("view => host.left(view)", view)

    def hide(self, view: int) -> None:
        self.frame.evaluate("view => host.hide(view)", view)


def _document(place: Place) -> str:
    page = "<!doctype html><meta charset='utf-8'><body></body>"
    if place != "strict":
        return page
    inner = page.replace("<body>", f'<meta http-equiv="Content-Security-Policy" content="{STRICT}"><body>')
    frame = f'<iframe sandbox="allow-scripts" width="1180" height="860" srcdoc="{escape(inner)}"></iframe>'
    return page.replace("</body>", frame + "</body>")
