"""What a rule of a custom resource's schema sees of a value: under which names, and as which types.

A field whose schema says nothing of its type is not seen at all. A name that
is no identifier is written otherwise (`foo-bar` as `foo__dash__bar`), or can't
be used.

Models staging/src/k8s.io/apiserver/pkg/cel/{escaping.go,common/{schemas,values}.go}, v1.36.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from k8slab.api.cel.checking import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Type,
    list_of,
    map_of,
)
from k8slab.api.cel.values import CelError, KeyedList, SetList, parse_duration, parse_timestamp
from k8slab.api.meta import Obj

_KEYWORDS = frozenset(
    [
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"),
        *("import", "let", "loop", "package", "namespace", "return", "var", "void", "while"),
    ]
)
_ESCAPED = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_SPECIAL = re.compile(r"__|[-./]")
_ALLOWED = re.compile(r"[A-Za-z_.\-/][A-Za-z0-9_.\-/]*")
_SIMPLE = {"boolean": BOOL, "integer": INT, "number": DOUBLE}
_FORMATS = {"byte": BYTES, "date": TIMESTAMP, "date-time": TIMESTAMP, "duration": DURATION}
_ROOT: Mapping[str, Type] = {
    "apiVersion": STRING,
    "kind": STRING,
    "metadata": Type("object", (), {"name": STRING, "generateName": STRING}),
}
"""What every resource shows, whatever its schema says."""


@lru_cache(maxsize=4096)
def escaped(name: str) -> str | None:
    """The identifier by which a field is seen; None for a name that can't be written as one."""
    if not _ALLOWED.fullmatch(name):
        return None
    if name in _KEYWORDS:
        return f"__{name}__"
    return _SPECIAL.sub(lambda found: _ESCAPED[found[0]], name)


SELF = "selfType0"
"""What the type of `self` is called. Upstream's has a number that differs from one write to the next."""


def type_of_schema(schema: Any, name: str = SELF, *, root: bool = False) -> Type | None:
    """The type of values of a schema, objects by this name; None where a rule doesn't see them."""
    if not isinstance(schema, dict):
        return None
    if schema.get("x-kubernetes-int-or-string"):
        return DYN
    kind = "object" if root else schema.get("type")
    if kind == "array":
        items = schema.get("items")
        item = type_of_schema(items, f"{name}.@idx", root=_is_embedded(items))
        return list_of(item) if item is not None else None
    if kind == "string":
        return _FORMATS.get(schema.get("format") or "", STRING)
    return _type_of_object(schema, name, root=root) if kind == "object" else _SIMPLE.get(kind or "")


def _is_embedded(schema: Any) -> bool:
    return isinstance(schema, dict) and bool(schema.get("x-kubernetes-embedded-resource"))


def _type_of_object(schema: Obj, own: str, *, root: bool) -> Type | None:
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        value = type_of_schema(others, f"{own}.@elem", root=_is_embedded(others))
        return map_of(STRING, value) if value is not None else None
    fields: dict[str, Type] = {}
    for name, below in (schema.get("properties") or {}).items():
        shown = escaped(name)
        kind = type_of_schema(below, f"{own}.{shown}", root=_is_embedded(below))
        if kind is not None and shown is not None:
            fields[shown] = kind
    return Type(own, (), {**fields, **_ROOT} if root else fields)


def seen(schema: Obj, value: Any, *, root: bool = False) -> Any:
    """A value as a rule sees it; of the metadata of a resource only the names."""
    if isinstance(value, dict):
        return _seen_object(schema, value, root=root)
    if isinstance(value, list):
        return _seen_list(schema, value)
    if schema.get("x-kubernetes-int-or-string"):
        return value
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if schema.get("type") == "string" and isinstance(value, str):
        return _of_format(schema.get("format") or "", value)
    return value


def _seen_object(schema: Obj, value: Obj, *, root: bool) -> Obj:
    known, others = schema.get("properties") or {}, schema.get("additionalProperties")
    if isinstance(others, dict):
        return {name: seen(others, item) for name, item in value.items()}
    found: Obj = {}
    for name, item in value.items():
        below, shown = known.get(name), escaped(name)
        # To a rule, a field that is null is not there.
        if shown is not None and item is not None:
            found[shown] = seen(below, item) if isinstance(below, dict) else item
    if root and isinstance(value.get("metadata"), dict):
        names = ("name", "generateName")
        found["metadata"] = {name: value["metadata"][name] for name in names if name in value["metadata"]}
    return found


def _seen_list(schema: Obj, value: list[Any]) -> list[Any]:
    items, kind = schema.get("items"), schema.get("x-kubernetes-list-type")
    found = [seen(items, item) for item in value] if isinstance(items, dict) else value
    if kind == "set":
        return SetList(found)
    if kind == "map":
        keys = schema.get("x-kubernetes-list-map-keys") or ()
        return KeyedList(found, tuple(escaped(key) or key for key in keys))
    return found


def _of_format(form: str, text: str) -> Any:
    """A text whose format makes it something else to a rule; the text itself where it can't be that."""
    try:
        if form == "date":
            return parse_timestamp(f"{text}T00:00:00Z")
        if form == "date-time":
            return parse_timestamp(text)
        if form == "duration":
            return parse_duration(text)
        if form == "byte":
            return base64.b64decode(text, validate=True)
    except (CelError, binascii.Error):
        return text
    return text
