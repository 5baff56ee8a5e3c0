"""What `kubectl describe` says of any other object: its fields, with their names spelt out.

Models genericDescriber of staging/src/k8s.io/kubectl/pkg/describe/describe.go
and github.com/fatih/camelcase, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.go_text import sprint
from k8slab.api.meta import Obj
from k8slab.kubectl.describe._parts import labels_and_annotations, name_and_namespace, show_events
from k8slab.kubectl.describe._text import Context, Page

_SHOWN_ABOVE = (
    ".metadata.managedFields",
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
)
_ACRONYMS = ("API", "URL", "UID", "GUID")


def describe_generic(page: Page, obj: Obj, context: Context) -> None:
    """Any object, field by field."""
    name_and_namespace(page, obj)
    labels_and_annotations(page, obj)
    _fields(page, 0, obj, "")
    show_events(page, context, obj)


def _fields(page: Page, level: int, content: Obj, prefix: str) -> None:
    for name in sorted(content):
        value, path = content[name], f"{prefix}.{name}"
        if path in _SHOWN_ABOVE:
            continue
        title = label_for(name)
        if isinstance(value, dict):
            page.write(level, f"{title}:\n")
            _fields(page, level + 1, value, path)
        elif isinstance(value, list):
            page.write(level, f"{title}:\n")
            for item in value:
                _item(page, level + 1, item, path)
        else:
            page.write(level, f"{title}:\t{sprint(value)}\n")


def _item(page: Page, level: int, item: Any, path: str) -> None:
    if isinstance(item, dict):
        _fields(page, level, item, path)
    else:
        page.write(level, f"{sprint(item)}\n")


def label_for(field: str) -> str:
    """A field's name in words: `creationTimestamp` as `Creation Timestamp`, `podIPs` as `Pod IPs`."""
    if any(not character.isalpha() and character != "-" for character in field):
        return field
    words: list[str] = []
    parts = _camel_parts(field)
    position = 0
    while position < len(parts):
        part = parts[position]
        following = parts[position + 1] if position + 1 < len(parts) else ""
        has_lower = any(character.isalpha() and not character.isupper() for character in part)
        if len(part) >= 2 and not has_lower and following[:1].isupper():
            part += following
            position += 1
        words.append(_word(part))
        position += 1
    return " ".join(words)


def _word(part: str) -> str:
    if part.upper() in _ACRONYMS:
        return part.upper()
    return part[:1].upper() + part[1:] if part.lower() == part else part


def _camel_parts(text: str) -> list[str]:
    """The words of a camel-case name; the last capital of a row belongs to the word that follows."""
    parts: list[str] = []
    last_class = ""
    for character in text:
        kind = "lower" if character.islower() else "upper" if character.isupper() else "other"
        if kind == last_class:
            parts[-1] += character
        else:
            parts.append(character)
        last_class = kind
    for position in range(len(parts) - 1):
        if parts[position][:1].isupper() and parts[position + 1][:1].islower():
            parts[position + 1] = parts[position][-1] + parts[position + 1]
            parts[position] = parts[position][:-1]
    return [part for part in parts if part]
