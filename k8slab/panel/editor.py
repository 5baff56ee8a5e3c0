"""The editor: YAML to apply, with the server's errors at their lines and the names of fields at the cursor.

What is typed is tried on a fork of the lab, document by document, so the errors
are the API server's own and the lab itself knows nothing of the attempt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import anywidget
import traitlets
import yaml

import k8slab.renderers as renderers
from k8slab.panel.completion import of_manifest
from k8slab.panel.handle import LabHandle
from k8slab.renderers.tables import browser_texts

_PATH = re.compile(r"([A-Za-z]\w*(?:(?:\.[A-Za-z_][\w-]*)|(?:\[[^\]]*\]))+)")
_FOLDER = Path(renderers.__file__).parent


class Problem(NamedTuple):
    """What is wrong, and on which line (counted from 1)."""

    line: int
    text: str


def problems(lab: LabHandle, text: str) -> list[Problem]:
    """What the API server would say to these documents, each at the line that it is about."""
    if not text.strip():
        return []
    with lab.lock:
        trial = lab.fork()
    found: list[Problem] = []
    for first, document in _documents(text):
        result = trial.kubectl("apply --dry-run=server -f -", stdin=document)
        if result.code:
            found += [Problem(first + line, said) for line, said in _located(document, result.stderr)]
    return found


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """Each document with the number of lines before it."""
    first, lines = 0, text.split("\n")
    for number, line in enumerate([*lines, "---"]):
        if line.startswith("---"):
            document = "\n".join(lines[first:number])
            if document.strip():
                yield first, document
            first = number + 1


def _located(document: str, stderr: str) -> list[tuple[int, str]]:
    """Each error of kubectl's text with the line in the document that it names."""
    try:
        root = yaml.compose(document, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return [((mark.line if mark else 0) + 1, _short(stderr))]
    return [(_line_of(root, said), said) for said in _sayings(stderr)]


def _sayings(stderr: str) -> list[str]:
    """The single errors in what kubectl printed."""
    listed = [line[2:].strip() for line in stderr.splitlines() if line.startswith("* ")]
    if listed:
        return listed
    said = _short(stderr)
    fields = re.findall(r'unknown field "[^"]+"', said)
    return fields or [re.sub(r'^The \w+ "[^"]*" is invalid: ', "", said)]


def _short(stderr: str) -> str:
    said = " ".join(stderr.split())
    return re.sub(r"^(error|Error from server) ?(\(\w+\))?: (error (when|parsing) [^:]*: )?", "", said)


def _line_of(root: yaml.Node | None, said: str) -> int:
    """The line of the deepest part of the path that an error names; the first line where it names none."""
    path = re.search(r'unknown field "([^"]+)"', said) or _PATH.search(said)
    if root is None or path is None:
        return 1
    words = re.findall(r"\[([^\]]*)\]|([^.\[\]]+)", path[1])
    steps = [index or name for index, name in words]
    lines = [_walk(root, steps[start:]) for start in (0, 1)]
    return max(lines, key=lambda pair: pair[0])[1]


def _walk(node: yaml.Node, steps: Sequence[str]) -> tuple[int, int]:
    """How many steps of a path are there, and the line of the last one."""
    line, depth = node.start_mark.line + 1, 0
    for step in steps:
        if isinstance(node, yaml.SequenceNode):
            at = int(step) if step.isdigit() else 0
            if at >= len(node.value):
                break
            node, line, depth = node.value[at], node.value[at].start_mark.line + 1, depth + 1
            if step.isdigit():
                continue
        if not isinstance(node, yaml.MappingNode):
            break
        pair = next(((key, value) for key, value in node.value if key.value == step), None)
        if pair is None:
            break
        node, line, depth = pair[1], pair[0].start_mark.line + 1, depth + 1
    return depth, line


class Editor(anywidget.AnyWidget):  # type: ignore[misc]
    """A text to apply. `on_apply(text)` is called when the reader says so."""

    _esm = _FOLDER / "editor.js"
    _css = _FOLDER / "live.css"
    text = traitlets.Unicode("").tag(sync=True)
    problems = traitlets.List().tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: LabHandle, on_apply: Callable[[str], None], text: str = "") -> None:
        self.lab = lab
        self._on_apply = on_apply
        super().__init__(text=text, texts=browser_texts(lab.language))
        self.on_msg(self._receive)

    def _receive(self, _: Any, message: dict[str, Any], buffers: Any) -> None:
        kind, text = message.get("type"), str(message.get("text", ""))
        if kind == "apply":
            self.text = text
            self._on_apply(text)
        elif kind == "check":
            self.problems = [list(one) for one in problems(self.lab, text)]
        elif kind == "complete":
            start, words = of_manifest(text, int(message["cursor"]))
            self.send({"type": "completions", "text": text, "start": start, "words": list(words)})

    def __repr__(self) -> str:
        """A line that is the same in every run."""
        return f"<Editor: {len(self.text.splitlines())} lines>"
