"""What could be typed next: words of a kubectl command, and field names of a manifest.

Both are functions of the text and the cursor; the candidates come from where
the truth is: kubectl's own completion, and the schema that the API server
validates with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from k8slab.api import schema

MOST = 60
_FOR = (
    *(
        f"condition={one}"
        for one in (
            *("Ready", "Available", "Complete", "Failed", "Progressing", "PodScheduled", "Initialized"),
            *("ContainersReady", "DisruptionTarget", "DiskPressure", "MemoryPressure", "Suspended"),
        )
    ),
    *("create", "delete", "jsonpath='{.status.phase}'=Running", "jsonpath='{.status.readyReplicas}'="),
)
"""What can be waited for: the conditions that Kubernetes' own kinds have, and what else `--for` takes."""
Offers = Callable[[str], Sequence[str]]
"""What the last word of a kubectl command could become, as the lab says (`lab.completions`)."""


class Completion(NamedTuple):
    """Where the word that is being typed begins, and what it may become."""

    start: int
    words: tuple[str, ...]


def of_command(text: str, offers: Offers) -> Completion:
    """The words that may stand where a command (without `kubectl`) ends."""
    start = len(text) - len(re.split(r"\s", text)[-1])
    return _matching(start, text[start:], offers(text))


def of_condition(text: str, offers: Offers) -> Completion:
    """The words that may stand where what is to be waited for (see `kubectl.wait_text`) ends."""
    if " " not in text:
        return _matching(0, text, ("settled", *_FOR))
    first, _, rest = text.partition(" ")
    found = of_command(f"wait {rest}", offers)
    return found._replace(start=found.start - len("wait ") + len(first) + 1)


def _matching(start: int, word: str, candidates: Sequence[str]) -> Completion:
    return Completion(start, tuple(one for one in candidates if one.startswith(word) and one != word)[:MOST])


# Manifests.


class Line(NamedTuple):
    """One line of YAML: how far its key is indented, the key, and what stands behind the colon."""

    indent: int
    key: str
    value: str
    begins_item: bool


_KEY = re.compile(
    r"^(?P<space>\s*)(?P<dashes>(?:-\s+)*)(?P<key>[A-Za-z0-9_./-]*)(?P<colon>\s*:)?\s*(?P<value>.*)$"
)


def _read(line: str) -> Line | None:
    if not line.strip() or line.lstrip().startswith("#"):
        return None
    found = _KEY.match(line)
    if found is None:
        return None
    indent = len(found["space"]) + len(found["dashes"])
    return Line(indent, found["key"] if found["colon"] else "", found["value"], bool(found["dashes"]))


def of_manifest(text: str, cursor: int) -> Completion:
    """The field names (or values) that may stand at the cursor of a manifest."""
    line_start = text.rfind("\n", 0, cursor) + 1
    current = text[line_start:cursor]
    document_start = _document_start(text, line_start)
    lines = text[document_start:line_start].split("\n")[:-1]
    here = re.match(r"^(\s*(?:-\s+)*)([A-Za-z0-9_]*)$", current)
    if here is None:
        return _value(text[document_start:], lines, current, cursor)
    indent = len(here[1])
    fields = _fields_at(_document(text, document_start), lines, indent)
    taken = _siblings(text[document_start:], text[document_start:line_start].count("\n"), indent)
    words = [f"{name}:" for name in fields if name not in taken]
    return _matching(cursor - len(here[2]), here[2], words)


def _document_start(text: str, before: int) -> int:
    found = [one.end() for one in re.finditer(r"(?m)^---[^\n]*\n", text[:before])]
    return found[-1] if found else 0


def _document(text: str, start: int) -> str:
    rest = text[start:]
    end = re.search(r"(?m)^---", rest)
    return rest[: end.start()] if end else rest


def _type_of(document: str) -> str:
    """The schema's type of a document, by its apiVersion and kind; empty where they don't name one."""
    version = re.search(r"(?m)^apiVersion:\s*[\"']?([\w./-]+)", document)
    kind = re.search(r"(?m)^kind:\s*[\"']?(\w+)", document)
    return schema.type_of_kind(version[1], kind[1]) if version and kind else ""


def _path_to(lines: Sequence[str], indent: int) -> list[str]:
    """The keys of the lines above that hold a line of this indentation, outermost first."""
    path: list[str] = []
    level = indent
    for text in reversed(lines):
        line = _read(text)
        if line is None:
            continue
        if line.indent < level and line.key and not line.value.strip():
            path.append(line.key)
            level = line.indent
        elif line.indent < level:
            level = line.indent
    path.reverse()
    return path


def _field_at(document: str, path: Sequence[str]) -> schema.Type | None:
    """The struct at a path of keys; lists count as their elements."""
    name = _type_of(document)
    here = schema.type_named(name) if name else None
    for key in path:
        field = here.fields.get(key) if here is not None else None
        here = schema.struct_of(_element(field.type)) if field is not None else None
    return here


def _element(expression: str) -> str:
    expression = schema.base(expression).lstrip("*")
    while expression.startswith("[]"):
        expression = schema.base(expression[2:]).lstrip("*")
    return expression


def _fields_at(document: str, lines: Sequence[str], indent: int) -> list[str]:
    if indent == 0 and not _type_of(document):
        return ["apiVersion", "kind", "metadata", "spec"]
    found = _field_at(document, _path_to(lines, indent))
    return [name for name in found.fields if name != "status" or indent] if found is not None else []


def _siblings(document: str, row: int, indent: int) -> set[str]:
    """The keys that the same object has already."""
    lines = document.split("\n")
    taken: set[str] = set()
    for step in (-1, 1):
        at = row + step
        while 0 <= at < len(lines):
            line = _read(lines[at])
            if line is not None:
                if line.indent < indent or (step > 0 and line.begins_item and line.indent == indent):
                    break
                if line.indent == indent:
                    taken.add(line.key)
                    if line.begins_item:
                        break
            at += step
    return taken


def _value(document: str, lines: Sequence[str], current: str, cursor: int) -> Completion:
    """What may stand behind a colon: kinds, API versions, and the words of an enum."""
    found = re.match(r"^(\s*(?:-\s+)*)(\w+):\s+(\S*)$", current)
    if found is None:
        return Completion(cursor, ())
    indent, key, word = len(found[1]), found[2], found[3]
    start = cursor - len(word)
    if indent == 0 and key in ("kind", "apiVersion"):
        column = 1 if key == "kind" else 0
        pairs = [one.split(" ") for one in schema.kinds_of_types() if not one.endswith("List")]
        names = sorted({pair[column] for pair in pairs})
        return _matching(start, word, names)
    parent = _field_at(document, _path_to(lines, indent))
    field = parent.fields.get(key) if parent is not None else None
    if field is None:
        return Completion(cursor, ())
    values = [str(one) for one in field.enum] or (["true", "false"] if "bool" in field.type else [])
    return _matching(start, word, values)
