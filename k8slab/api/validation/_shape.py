"""A value as upstream's internal Go type holds it: for messages that print it, and for comparing two.

Two values are the same to the API server if their internal forms are: an absent
list is an empty list, an absent text is "", but an absent pointer is not a
pointer to nothing.

Models apimachinery's equality.Semantic and json.Marshal of pkg/apis types, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from k8slab.api import quantities
from k8slab.api.validation._field import sorted_map
from k8slab.api.validation._shapes import STRUCTS_TEXT

Fields = tuple[tuple[str, str, str], ...]

_ZERO: dict[str, Any] = {
    "s": "",
    "i": 0,
    "f": 0,
    "b": False,
    "q": "0",
    "o": 0,
    "t": None,
    "y": None,
    "j": None,
}

# Types whose Go fields have JSON tags: names in the order of declaration, printed where they are set.
_TAGGED = {
    "LabelSelector": ("matchLabels", "matchExpressions"),
    "LabelSelectorRequirement": ("key", "operator", "values"),
    "ObjectMeta": (
        "name",
        "generateName",
        "namespace",
        "selfLink",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "labels",
        "annotations",
        "ownerReferences",
        "finalizers",
        "managedFields",
    ),
    "OwnerReference": ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"),
    "Condition": ("type", "status", "observedGeneration", "lastTransitionTime", "reason", "message"),
}


@cache
def _structs() -> dict[str, Fields]:
    """The table of structs, parsed once."""
    table: dict[str, Fields] = {}
    for paragraph in STRUCTS_TEXT.strip().replace("\n    ", " ").split("\n"):
        name, _, rest = paragraph.partition(":")
        table[name] = tuple(_field(word) for word in rest.split())
    return table


def _field(word: str) -> tuple[str, str, str]:
    if word.startswith("+"):
        return ("", "", word[1:])
    names, _, type_text = word.partition("=")
    go_name, _, json_name = names.partition(":")
    return (go_name, json_name or go_name[0].lower() + go_name[1:], type_text)


def shape(struct: str, value: Any, around: Any = None) -> Any:
    """The value of a struct with Go names, in order, zero values included: ready for `go_json`."""
    return _render(f"${struct}", value, around)


def _render(type_text: str, value: Any, around: Any, tells_empty: bool = True) -> Any:
    """A value of a type; one in which an empty list is no list (`tells_empty` not set) is for comparing."""
    first, rest = type_text[0], type_text[1:]
    if first == "*":
        return None if value is None else _render(rest, value, around, tells_empty)
    if first in "[{" and not value:
        return value if tells_empty else None
    if first == "[":
        return [_render(rest, item, None, tells_empty) for item in value]
    if first == "{":
        return {key: _render(rest, value[key], None, tells_empty) for key in sorted(value)}
    if first == "$":
        return _render_struct(rest, {} if value is None else value, around, tells_empty)
    if value is None:
        return _ZERO[first]
    if first == "q":
        return quantities.canonical(str(value))
    return value


_OR: dict[str, Callable[[Any], Any]] = {
    "JSONSchemaPropsOrArray": lambda value: (
        {"schemas": value} if isinstance(value, list) else {"schema": value}
    ),
    "JSONSchemaPropsOrBool": lambda value: (
        {"allows": value} if isinstance(value, bool) else {"allows": True, "schema": value}
    ),
    "JSONSchemaPropsOrStringArray": lambda value: (
        {"property": value} if isinstance(value, list) else {"schema": value}
    ),
}
"""Types written as one thing or another, as structs of both."""


def _render_struct(name: str, value: Any, around: Any, tells_empty: bool) -> Any:
    if name in _TAGGED:
        return tagged(name, value)
    if name in _OR:
        value = _OR[name](value)
    result: dict[str, Any] = {}
    for go_name, json_name, type_text in _structs()[name]:
        if not go_name:
            embedded = value.get("metadata") if type_text == "$ObjectMeta" else value
            result.update(_render(type_text, embedded, around, tells_empty))
        elif json_name.startswith("^"):
            result[go_name] = _render(type_text, (around or {}).get(json_name[1:]), None, tells_empty)
        else:
            result[go_name] = _render(type_text, value.get(json_name), value, tells_empty)
    return result


def tagged(name: str, value: Any) -> dict[str, Any]:
    """A value of apimachinery's own types: JSON names in order, empty ones left out."""
    result: dict[str, Any] = {}
    for key in _TAGGED[name]:
        item = (value or {}).get(key)
        if name == "OwnerReference" and key not in ("controller", "blockOwnerDeletion"):
            result[key] = item or ""
            continue
        if item is None or item == [] or item == {} or (item == "" and key not in ("key", "operator")):
            continue
        if key == "matchExpressions":
            item = [tagged("LabelSelectorRequirement", one) for one in item]
        elif key == "ownerReferences":
            item = [tagged("OwnerReference", one) for one in item]
        elif isinstance(item, dict):
            item = sorted_map(item)
        result[key] = item
    return result


def label_selector(value: Any) -> dict[str, Any] | None:
    """A LabelSelector as JSON prints it."""
    return None if value is None else tagged("LabelSelector", value)


def same(struct: str, left: Any, right: Any, *, pointer: bool = False) -> bool:
    """Whether two values of a struct are the same to the API server (`Semantic.DeepEqual`)."""
    if left is right or left == right:
        return True
    if pointer and (left is None or right is None):
        return False
    return bool(_render(f"${struct}", left, None, False) == _render(f"${struct}", right, None, False))


@lru_cache(maxsize=64)
def _types_of(struct: str) -> dict[str, str]:
    return {json_name: type_text for _, json_name, type_text in _structs()[struct]}


def same_field(struct: str, name: str, left: Any, right: Any) -> bool:
    """Whether one field of two structs is the same; `left` and `right` are the structs."""
    old, new = (left or {}).get(name), (right or {}).get(name)
    if old is new or old == new:
        return True
    type_text = _types_of(struct)[name]
    return bool(_render(type_text, old, left, False) == _render(type_text, new, right, False))
