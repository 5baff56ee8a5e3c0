"""The console: kubectl in the page, with what was typed before and what could come next.

The widget holds the lines; what a line does is decided by who listens. The
browser keeps the history of the commands and asks for completions.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

import k8slab.renderers as renderers
from k8slab.panel.completion import Completion
from k8slab.panel.stage import with_words
from k8slab.renderers.tables import browser_texts
from k8slab.texts import Language

_FOLDER = Path(renderers.__file__).parent
MOST_LINES = 400


class Console(anywidget.AnyWidget):  # type: ignore[misc]
    """Commands and what they printed. `on_run` is given a command, `on_complete` the text to complete."""

    _esm = _FOLDER / "console.js"
    _css = _FOLDER / "live.css"
    lines = traitlets.List().tag(sync=True)
    prompt = traitlets.Unicode("$ kubectl").tag(sync=True)
    hint = traitlets.Unicode("get pods -o wide").tag(sync=True)
    is_line = traitlets.Bool(False).tag(sync=True)
    """Whether it is only a line to type into, above which nothing is printed."""
    texts = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        on_run: Callable[[str], None] = lambda command: None,
        on_complete: Callable[[str], Completion] = lambda text: Completion(len(text), ()),
        language: Language = "en",
        **traits: Any,
    ) -> None:
        super().__init__(texts=browser_texts(language), **traits)
        self._on_run, self._on_complete = on_run, on_complete
        self._is_there, self._held = False, ""
        self.on_msg(self._receive)

    def print(self, command: str, output: str) -> None:
        """Put a command, and what it printed, at the end."""
        printed = output.rstrip("\n").split("\n") if output else ()
        added = [["command", command], *(["output", line] for line in printed)]
        self.lines = [*self.lines, *added][-MOST_LINES:]

    def prefill(self, text: str) -> None:
        """Put words on the command line and the cursor behind them, for the reader to go on.

        A page that only begins to show the line is told again when it does.
        """
        self._held = "" if self._is_there else text
        self.send({"type": "prefill", "text": text})

    def enter(self) -> None:
        """Run what stands on the command line, as the Enter key does; where nothing does, go there."""
        self.send({"type": "enter"})

    def answer(self, words: str) -> None:
        """Put words beneath the command line, where what may come next is offered."""
        self.send({"type": "answer", "text": words})

    def _receive(self, _: Any, message: dict[str, Any], buffers: Any) -> None:
        if message.get("type") == "ready":
            self._is_there = True
            if self._held:
                self.prefill(self._held)
        elif message.get("type") == "run":
            self._on_run(str(message["command"]))
        elif message.get("type") == "complete":
            start, words = self._on_complete(str(message["text"]))
            self.send({"type": "completions", "text": message["text"], "start": start, "words": list(words)})

    def __repr__(self) -> str:
        """A line that is the same in every run."""
        return f"<Console: {len(self.lines)} lines>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and for readers without a kernel its lines."""
        lines = "\n".join(escape(words) for _, words in self.lines)
        return with_words(super()._repr_mimebundle_(**options), repr(self), f"<pre>{lines}</pre>")
