"""Sets of field paths in the shape in which `managedFields` hold them, and their algebra.

A set is a dict of path elements: `f:name` a field, `k:{"name":"main"}` a list
item by its keys, `v:"x"` an item by its value, `i:0` one by its index. An
element whose dict is empty, or holds `.`, belongs to the set itself; what else
its dict holds are the paths below it. Sets are never changed once built,
except by `insert` on one that is being built.

Models vendor/sigs.k8s.io/structured-merge-diff/v6/fieldpath, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from k8slab.api.json_text import go_json, go_quote

FieldSet = dict[str, Any]
Path = tuple[str, ...]

SELF = "."
_KINDS = {"f": 0, "k": 1, "v": 2, "i": 3}


def field_element(name: str) -> str:
    """The path element of a field."""
    return "f:" + name


def key_element(keys: dict[str, Any]) -> str:
    """The path element of a list item by its keys."""
    return "k:" + go_json({name: keys[name] for name in sorted(keys)})


def value_element(value: Any) -> str:
    """The path element of an item of a set by its value."""
    return "v:" + go_json(value)


@lru_cache(maxsize=8192)
def element_text(element: str) -> str:
    """The element in an error's path: `.name`, `[name="main"]`, `[="x"]`, `[0]`."""
    kind, text = element[0], element[2:]
    if kind == "f":
        return "." + text
    if kind == "i":
        return f"[{text}]"
    value = json.loads(text)
    if kind == "v":
        return f"[={_value_text(value)}]"
    return "[" + ",".join(f"{name}={_value_text(item)}" for name, item in value.items()) + "]"


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return go_quote(value)
    return go_json(value)


def path_text(path: Path) -> str:
    """The whole path in an error: `.spec.containers[name="main"].image`."""
    return "".join(map(element_text, path))


@lru_cache(maxsize=8192)
def _order(element: str) -> tuple[Any, ...]:
    """A sort key: fields, then keys, then values, then indexes."""
    kind, text = element[0], element[2:]
    if kind == "f":
        return (0, text)
    if kind == "i":
        return (3, int(text))
    value = json.loads(text)
    if kind == "v":
        return (2, _value_order(value))
    return (1, tuple((name, _value_order(item)) for name, item in value.items()))


def _value_order(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (2, value)
    if isinstance(value, int | float):
        return (0, value)
    if isinstance(value, str):
        return (1, value)
    return (3, go_json(value))


def ordered(fields: FieldSet) -> FieldSet:
    """The set with its elements in the order in which a server writes them."""
    result: FieldSet = {SELF: {}} if SELF in fields else {}
    for element in sorted((one for one in fields if one != SELF), key=_order):
        result[element] = ordered(fields[element])
    return result


def is_member(node: FieldSet) -> bool:
    """Whether an element with this node belongs to the set itself."""
    return not node or SELF in node


def insert(fields: FieldSet, path: Sequence[str]) -> None:
    """Put a path into a set that is being built."""
    if not path:
        return
    for element in path[:-1]:
        below = fields.get(element)
        if below is None:
            below = fields[element] = {}
        elif not below:
            below[SELF] = {}
        fields = below
    last = fields.get(path[-1])
    if last is None:
        fields[path[-1]] = {}
    elif last:
        last[SELF] = {}


def _node(member: bool, below: FieldSet) -> FieldSet | None:
    """The node of an element, or None where neither it nor anything below it is left."""
    if not below:
        return {} if member else None
    return {SELF: {}, **below} if member else below


def _below(node: FieldSet) -> FieldSet:
    """The paths below an element."""
    if SELF not in node:
        return node
    return {element: child for element, child in node.items() if element != SELF}


def has(fields: FieldSet, path: Path) -> bool:
    """Whether a path belongs to the set."""
    node: FieldSet | None = fields
    for element in path:
        node = node.get(element) if node is not None else None
    return node is not None and is_member(node)


def below(fields: FieldSet, element: str) -> FieldSet:
    """The set of the paths below an element."""
    node = fields.get(element)
    return _below(node) if node else {}


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """The paths of either set."""
    result = dict(left)
    for element, node in right.items():
        other = left.get(element)
        if other is None:
            result[element] = node
        elif other is not node:
            member = is_member(other) or is_member(node)
            merged = _node(member, union(_below(other), _below(node)))
            if merged is not None:
                result[element] = merged
    return result


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """The paths of both sets."""
    result: FieldSet = {}
    for element, node in left.items():
        other = right.get(element)
        if other is None:
            continue
        member = is_member(node) and is_member(other)
        shared = _node(member, intersection(_below(node), _below(other)))
        if shared is not None:
            result[element] = shared
    return result


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """The paths of the left set that aren't in the right one."""
    result: FieldSet = {}
    for element, node in left.items():
        other = right.get(element)
        if other is None:
            result[element] = node
            continue
        member = is_member(node) and not is_member(other)
        rest = _node(member, difference(_below(node), _below(other)))
        if rest is not None:
            result[element] = rest
    return result


def without_trees(left: FieldSet, right: FieldSet) -> FieldSet:
    """The paths of the left set that are neither in the right one nor below a path of it."""
    result: FieldSet = {}
    for element, node in left.items():
        other = right.get(element)
        if other is None:
            result[element] = node
        elif not is_member(other):
            rest = _node(is_member(node), without_trees(_below(node), _below(other)))
            if rest is not None:
                result[element] = rest
    return result


def paths(fields: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """Every path of the set: members first, then what is below, each in order."""
    elements = sorted((one for one in fields if one != SELF), key=_order)
    for element in elements:
        if is_member(fields[element]):
            yield (*prefix, element)
    for element in elements:
        yield from paths(_below(fields[element]), (*prefix, element))


def is_malformed(fields: Any) -> bool:
    """Whether some element is none at all: it has a letter for its kind, then a colon (`serialize-pe.go`)."""
    if not isinstance(fields, dict):
        return False
    return any(
        element != SELF and (len(element) < 2 or element[1] != ":" or is_malformed(node))
        for element, node in fields.items()
    )


def parse(fields: Any) -> FieldSet:
    """The set that a `fieldsV1` holds; elements of unknown kinds are passed over."""
    if not isinstance(fields, dict):
        return {}
    return {
        element: parse(node)
        for element, node in fields.items()
        if element == SELF or (element[1:2] == ":" and element[0] in _KINDS)
    }
