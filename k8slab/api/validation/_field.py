"""Words for faults: one function per field error type, and Go's way of writing a bad value.

A path is plain text that grows by f-string (`f"{path}.name"`, `f"{path}[0]"`);
the root is the empty string, so `child("", "type")` is `type`.

Models staging/src/k8s.io/apimachinery/pkg/util/validation/field/{errors,path}.go, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from k8slab.api.errors import Cause

OMITTED: Any = object()
"""A bad value that the message leaves out."""

NOT_NEGATIVE = "must be greater than or equal to 0"
NOT_POSITIVE = "must be greater than zero"
IMMUTABLE = "field is immutable"
ONE_VOLUME_TYPE = "may not specify more than 1 volume type"

_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def child(path: str, name: str) -> str:
    """`path.name`, or `name` at the root."""
    return f"{path}.{name}" if path else name


def quote(text: str) -> str:
    """The text as Go's `%q` writes it."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{"".join(_escape(letter) for letter in text)}"'


def _escape(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isprintable():
        return letter
    code = ord(letter)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def go_json(value: Any) -> str:
    """The value as Go's json.Marshal writes it: compact, HTML-escaped, keys in the order given."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def sorted_map(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A Go map, whose keys json.Marshal sorts; an absent one is nil."""
    return None if value is None else {key: value[key] for key in sorted(value)}


def format_value(value: Any) -> str:
    """A bad value as ErrorBody writes it: strings quoted, numbers bare, the rest as JSON."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return go_json(value)


def _with_value(reason: str, title: str, path: str, value: Any, detail: str) -> Cause:
    text = title if value is OMITTED else f"{title}: {format_value(value)}"
    return Cause(reason, f"{text}: {detail}" if detail else text, path)


def _without_value(reason: str, title: str, path: str, detail: str) -> Cause:
    return Cause(reason, f"{title}: {detail}" if detail else title, path)


def required(path: str, detail: str = "") -> Cause:
    """A value is missing."""
    return _without_value("FieldValueRequired", "Required value", path, detail)


def invalid(path: str, value: Any, detail: str) -> Cause:
    """A value is malformed."""
    return _with_value("FieldValueInvalid", "Invalid value", path, value, detail)


def not_supported(path: str, value: Any, supported: Iterable[str]) -> Cause:
    """A value is none of an enumeration, which is given in the order to print."""
    values = ", ".join(quote(one) for one in supported)
    detail = f"supported values: {values}" if values else ""
    return _with_value("FieldValueNotSupported", "Unsupported value", path, value, detail)


def forbidden(path: str, detail: str) -> Cause:
    """A value that may not stand here now."""
    return _without_value("FieldValueForbidden", "Forbidden", path, detail)


def duplicate(path: str, value: Any, detail: str = "") -> Cause:
    """A value that must be unique stands twice."""
    return _with_value("FieldValueDuplicate", "Duplicate value", path, value, detail)


def not_found(path: str, value: Any, detail: str = "") -> Cause:
    """A value refers to something that is not there."""
    return _with_value("FieldValueNotFound", "Not found", path, value, detail)


def too_long(path: str, most: int, unit: str = "byte") -> Cause:
    """A text or its sum is too long."""
    plural = unit if most == 1 else f"{unit}s"
    return _without_value("FieldValueTooLong", "Too long", path, f"may not be more than {most} {plural}")


def too_many(path: str, count: int, most: int) -> Cause:
    """A list has too many items."""
    noun = "item" if most == 1 else "items"
    detail = f"must have at most {most} {noun}"
    return _with_value("FieldValueTooMany", "Too many", path, count, detail)


def internal(path: str, detail: str) -> Cause:
    """An error that is not the value's fault."""
    return _without_value("InternalError", "Internal error", path, detail)


def all_invalid(path: str, value: Any, messages: Iterable[str]) -> list[Cause]:
    """One fault for each message about one value."""
    return [invalid(path, value, message) for message in messages]


def nonnegative(value: int | None, path: str) -> list[Cause]:
    """A number that is given must not be below 0."""
    return [invalid(path, value, NOT_NEGATIVE)] if value is not None and value < 0 else []


def positive(value: int, path: str) -> list[Cause]:
    """A number must be above 0."""
    return [invalid(path, value, NOT_POSITIVE)] if value <= 0 else []


def nonnegative_fields(obj: Mapping[str, Any], path: str, names: Iterable[str]) -> list[Cause]:
    """None of these numbers of an object may be below 0."""
    causes: list[Cause] = []
    for name in names:
        value = obj.get(name)
        if value is not None and value < 0:
            causes += nonnegative(value, child(path, name))
    return causes


def enumerated(value: Any, path: str, supported: Collection[str], *, is_required: bool = True) -> list[Cause]:
    """A value must be one of these (in the order to print); an empty one is missing."""
    if value in supported:
        return []
    if not value and is_required:
        return [required(path)]
    return [not_supported(path, value or "", supported)]


def missing(obj: Mapping[str, Any], path: str, names: Sequence[str]) -> list[Cause]:
    """These texts or lists of an object must not be empty."""
    return [required(child(path, name)) for name in names if not obj.get(name)]


def greater_than(
    obj: Mapping[str, Any], path: str, names: Iterable[str], limit: str, label: str
) -> list[Cause]:
    """None of these numbers of a status may be greater than another of its numbers."""
    most = obj.get(limit) or 0
    return [
        invalid(child(path, name), obj.get(name) or 0, f"cannot be greater than {label}")
        for name in names
        if (obj.get(name) or 0) > most
    ]
