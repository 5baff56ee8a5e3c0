"""How large values of a schema can be, in elements, entries and characters, as what rules cost goes by it.

Where a schema sets no limit, as much as a request can hold may be there: what
is smallest in JSON can be there most often.

Models staging/src/k8s.io/apiserver/pkg/cel/{common/schemas.go,limits.go,types.go} and sizeEstimator of
staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/compilation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from k8slab.api.cel.bounds import Bounds
from k8slab.api.cel.checking import Type
from k8slab.api.cel.estimates import Sizes
from k8slab.api.meta import Obj
from k8slab.api.validation._rule_types import escaped

LARGEST_REQUEST_BYTES = 3 * 1024 * 1024
_LEAST_BYTES = {"boolean": 4, "integer": 1, "number": 1}
_LONGEST_TEXT = LARGEST_REQUEST_BYTES - 2
_FORMATS = {"date": (12, 12), "date-time": (32, 21), "duration": (32, 3)}
"""Formats of texts with how long they can be, and how few bytes they take."""


class Extent(NamedTuple):
    """The most that a value can hold, the fewest bytes that it takes, and the same for what it holds."""

    most: int
    least_bytes: int
    fields: Mapping[str, Extent] | None = None
    key: Extent | None = None
    value: Extent | None = None


_KEY = Extent(0, 2)
"""A key of a map, which upstream takes to have no length."""
_NAME = Extent(_LONGEST_TEXT, 2)
_METADATA = Extent(0, 2, {"generateName": _NAME, "name": _NAME})
_ROOT: Mapping[str, Extent] = {"apiVersion": _NAME, "kind": _NAME, "metadata": _METADATA}


def extent_of(schema: Any, *, root: bool = False) -> Extent | None:
    """How large a value of a schema can be; None where rules don't see it."""
    if not isinstance(schema, dict):
        return None
    if schema.get("x-kubernetes-int-or-string"):
        longest = schema.get("maxLength")
        return Extent(_LONGEST_TEXT if longest is None else _runes(longest), 1)
    kind = "object" if root else schema.get("type") or ""
    if kind == "array":
        return _of_array(schema)
    if kind == "object":
        return _of_object(schema, root=root)
    if kind == "string":
        return _of_text(schema)
    return Extent(0, _LEAST_BYTES[kind]) if kind in _LEAST_BYTES else None


def _runes(longest: int) -> int:
    """Bytes of a text of so many characters."""
    return max(longest, 0) * 4


def _below(schema: Any) -> Extent | None:
    embedded = isinstance(schema, dict) and bool(schema.get("x-kubernetes-embedded-resource"))
    return extent_of(schema, root=embedded)


def _of_array(schema: Obj) -> Extent | None:
    item = _below(schema.get("items"))
    if item is None:
        return None
    most = schema.get("maxItems")
    fitting = (LARGEST_REQUEST_BYTES - 2) // (item.least_bytes + 1)
    return Extent(fitting if most is None else max(most, 0), 2, value=item)


def _of_object(schema: Obj, *, root: bool) -> Extent | None:
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        value = _below(others)
        if value is None:
            return None
        most = schema.get("maxProperties")
        # The least that a key, a colon, a comma and the quotation marks take.
        fitting = (LARGEST_REQUEST_BYTES - 2) // (value.least_bytes + 6)
        return Extent(fitting if most is None else max(most, 0), 2, key=_KEY, value=value)
    fields: dict[str, Extent] = {}
    least_bytes = 2
    required = schema.get("required") or ()
    for name, below in (schema.get("properties") or {}).items():
        field, shown = _below(below), escaped(name)
        if field is None:
            continue
        if shown is not None:
            fields[shown] = field
        if name in required and below.get("default") is None:
            least_bytes += len(name.encode()) + field.least_bytes + 4
    return Extent(0, least_bytes, {**fields, **_ROOT} if root else fields)


def _of_text(schema: Obj) -> Extent:
    form = schema.get("format") or ""
    if form in _FORMATS:
        return Extent(*_FORMATS[form])
    longest = schema.get("maxLength")
    if form == "byte":
        return Extent(_LONGEST_TEXT if longest is None else max(longest, 0), 2)
    if longest is not None:
        return Extent(_runes(longest), 2)
    listed = schema.get("enum") or ()
    if listed:
        return Extent(max((len(one.encode()) for one in listed if isinstance(one, str)), default=0), 2)
    return Extent(_LONGEST_TEXT, 2)


def sizes_of(root: Extent) -> Sizes:
    """The sizes of what lies below a value, by its path from `self`."""

    def sizes(path: tuple[str, ...], _: Type) -> Bounds | None:
        found: Extent | None = root if path else None
        for name in path[1:]:
            if found is None:
                return None
            if name in ("@items", "@values"):
                found = found.value
            elif name == "@keys":
                found = found.key
            else:
                found = (found.fields or {}).get(name)
        return None if found is None else Bounds(0, found.most)

    return sizes


def most_of(extent: Extent) -> int:
    """How often a value can be there in a request if nothing above it sets a limit."""
    return LARGEST_REQUEST_BYTES // (extent.least_bytes + 1)
