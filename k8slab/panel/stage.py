"""The stage: the widget that carries a scene to the browser, and what is done there back.

It sends a whole scene once and patches after that, one at a time: while a
frame is not acknowledged as painted, the next ones are merged. A tab that is
hidden acknowledges late, and a frontend that is gone never does, so a frame
counts as painted after `PATIENCE_S`; after each that nobody painted for twice as
long, so that a page that sleeps for a night wakes to a handful of frames.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

import k8slab.renderers as renderers
from k8slab.panel.traffic import Call
from k8slab.renderers import svg, text
from k8slab.renderers.tables import browser_tables
from k8slab.scene import Patch, Scene, diff, patch_to_json, to_json

_FOLDER = Path(renderers.__file__).parent
PATIENCE_S = 0.5
_LONGEST_PATIENCE_S = 600.0


class Stage(anywidget.AnyWidget):  # type: ignore[misc]
    """A scene in the browser.

    `on_select(id)` and `on_width(width)` are called when the reader selects
    something (or nothing: the empty id) and when there is another width;
    `on_seek(at_us)` when an instant is chosen on the timeline; `on_scale(id, replicas)`
    when a workload's grip was dragged. Grips are shown while `can_act`.
    """

    _esm = _FOLDER / "live.js"
    _css = _FOLDER / "live.css"
    scene = traitlets.Dict().tag(sync=True)
    config = traitlets.Dict().tag(sync=True)
    theme = traitlets.Unicode("auto").tag(sync=True)
    can_act = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, scene: Scene, theme: str = "auto", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._shown = scene
        self._sent = self._first = scene
        self._is_whole = False
        self._seq = 0
        self._acknowledged = 0
        self._sent_at = 0.0
        self._patience_s = PATIENCE_S
        self._on_select: Callable[[str], None] = _ignore
        self._on_width: Callable[[int], None] = _ignore
        self._on_seek: Callable[[int], None] = _ignore
        self._on_scale: Callable[[str, int], None] = _ignore
        super().__init__(scene=to_json(scene), config=browser_tables(scene.header.language), theme=theme)
        self.on_msg(self._receive)

    def listen(
        self,
        on_select: Callable[[str], None],
        on_width: Callable[[int], None],
        on_seek: Callable[[int], None],
        on_scale: Callable[[str, int], None],
    ) -> None:
        """Say who is told of selections, widths, chosen instants and counts. From then on one can act."""
        self._on_select, self._on_width, self._on_seek = on_select, on_width, on_seek
        self._on_scale = on_scale
        self.can_act = True

    @property
    def is_free(self) -> bool:
        """Whether the last frame was painted, or nobody seems to paint."""
        return self._acknowledged >= self._seq or self._clock() - self._sent_at > self._patience_s

    def show(self, scene: Scene, changed: Iterable[str] | None, *, at_once: bool = False) -> bool:
        """Show another scene, of which somebody found the ids `changed` to differ (None: send it whole).

        Whether it was sent; otherwise it goes with the next one that is. With
        `at_once` it is sent even if a frame is under way. All that differs from
        what was sent last goes, whoever brought the scene up to date: the player's
        thread, the notebook's or a comparison, each of which knows its part alone.
        """
        with self._lock:
            self._shown = scene
            self._is_whole |= changed is None
            if not (at_once or self.is_free):
                return False
            if not at_once and self._acknowledged < self._seq:
                self._patience_s = min(2 * self._patience_s, _LONGEST_PATIENCE_S)
            self._push()
            return True

    def _push(self) -> None:
        """Send what differs, if anything does."""
        if self._is_whole:
            message = {"scene": to_json(self._shown)}
        else:
            patch = diff(self._sent, self._shown)
            if patch == Patch(self._sent.now_us, None, (), (), (), ()):
                self._sent = self._shown
                return
            message = {"patch": patch_to_json(patch)}
        self._seq += 1
        self._sent_at = self._clock()
        self._sent, self._is_whole = self._shown, False
        self.send({"type": "frame", "seq": self._seq, **message})

    def show_calls(self, calls: Sequence[Call]) -> None:
        """Let requests be seen going from Pod to Pod."""
        if calls:
            self.send({"type": "calls", "calls": [list(one) for one in calls]})

    def say(self, words: str) -> None:
        """Let a screen reader say something."""
        self.send({"type": "say", "text": words})

    def _receive(self, _: Any, message: dict[str, Any], buffers: Any) -> None:
        kind = message.get("type")
        if kind == "ack":
            with self._lock:
                self._acknowledged = max(self._acknowledged, int(message["seq"]))
                self._patience_s = PATIENCE_S
                if self._shown is not self._sent:
                    self._push()
        elif kind == "hello":
            # A page that comes later has the first scene, which the widget carries, and nothing after it.
            with self._lock:
                if self._sent is not self._first or self._shown is not self._sent:
                    self._is_whole = True
                    self._push()
        elif kind == "select":
            self._on_select(str(message["id"]))
        elif kind == "width":
            self._on_width(int(message["width"]))
        elif kind == "seek":
            self._on_seek(int(message["at_us"]))
        elif kind == "scale":
            self._on_scale(str(message["id"]), int(message["replicas"]))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and for readers without a kernel the picture as SVG and as text."""
        return with_picture(super()._repr_mimebundle_(**options), self._shown, repr(self))

    def __repr__(self) -> str:
        """A line that is the same in every run."""
        return f"<Stage: {self._shown.header.summary}>"

    def as_text(self) -> str:
        """The picture in words."""
        return text.render(self._shown)


def with_picture(bundle: Any, scene: Scene, words: str) -> Any:
    """A widget's mime bundle with the picture and a repr that don't differ between runs."""
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
    data = {**data, "text/plain": words, "image/svg+xml": svg.render(scene)}
    return (data, metadata) if metadata else data


def with_words(bundle: Any, words: str, html: str = "") -> Any:
    """A widget's mime bundle with words, and HTML for a page without a kernel, the same in every run."""
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
    data = {**data, "text/plain": words, **({"text/html": html} if html else {})}
    return (data, metadata) if metadata else data


def _ignore(*_: Any) -> None:
    """The listener until there is another."""
