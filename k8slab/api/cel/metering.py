"""What one call of a function costs, once it was evaluated.

Models costCall of vendor/github.com/google/cel-go/interpreter/runtimecost.go, the trackers of
ext/{lists,sets}.go, and CallCost of staging/src/k8s.io/apiserver/pkg/cel/library/cost.go, v1.36.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from k8slab.api.cel.bounds import LIST_COST, PATTERN_FACTOR, TEXT_FACTOR, exactly
from k8slab.api.cel.estimates import AUTHORIZATION_COST, selector_cost
from k8slab.api.cel.formats import Format
from k8slab.api.cel.values import Extended, Optional

Meter = Callable[[Sequence[Any], Any], int]


def call_cost(
    function: str, arguments: Sequence[Any], result: Any, *, is_method: bool, is_vague: bool
) -> int:
    """What a call cost: its arguments, with a method's target first, and its result, either perhaps an error.

    `is_vague` says that the types before the evaluation left open which form of
    the function is meant; upstream then charges one unit where the forms differ.
    """
    if is_vague and function in _BY_FORM:
        return 1
    if function == "matches" and not is_method:
        return 1
    meter = _METERS.get(function)
    return 1 if meter is None else meter(arguments, result)


def _size(value: Any) -> int:
    """How large a value is: characters, bytes, elements or entries; 1 for all others."""
    if isinstance(value, Optional) and value.present:
        return _size(value.value)
    if isinstance(value, str | bytes | list | dict):
        return len(value)
    return value.size if isinstance(value, Extended) else 1


def _traversal(value: Any) -> int:
    """What it costs to look at all of a value."""
    if isinstance(value, str):
        return int(len(value.encode("utf-8", "surrogatepass")) * TEXT_FACTOR)
    if isinstance(value, bytes):
        return int(len(value) * TEXT_FACTOR)
    if isinstance(value, list):
        return sum(map(_traversal, value))
    if isinstance(value, dict):
        return sum(_traversal(key) + _traversal(item) for key, item in value.items())
    return 1


def _read(times: int) -> Meter:
    """What goes over its first argument so often."""
    return lambda arguments, _: math.ceil(_size(arguments[0]) * times * TEXT_FACTOR)


def _made(arguments: Sequence[Any], result: Any) -> int:
    """What makes a list as long as its result."""
    return _size(result) + 1 + LIST_COST


def _matched(size: int, pattern_size: int) -> int:
    return math.ceil((1.0 + size) * TEXT_FACTOR) * math.ceil(pattern_size * PATTERN_FACTOR)


def _pattern(arguments: Sequence[Any], _: Any) -> int:
    return _matched(_size(arguments[0]), _size(arguments[1]))


def _contains(arguments: Sequence[Any], _: Any) -> int:
    return math.ceil(_size(arguments[0]) * TEXT_FACTOR) * math.ceil(_size(arguments[1]) * TEXT_FACTOR)


def _compared(arguments: Sequence[Any], _: Any) -> int:
    return math.ceil(min(map(_size, arguments)) * TEXT_FACTOR)


def _ordered(arguments: Sequence[Any], result: Any) -> int:
    texts = all(isinstance(one, str | bytes) for one in arguments)
    return _compared(arguments, result) if texts else 1


def _equal(arguments: Sequence[Any], result: Any) -> int:
    return 1 if isinstance(arguments[0], Extended) else _compared(arguments, result)


def _sum(arguments: Sequence[Any], _: Any) -> int:
    if not all(isinstance(one, str | bytes) for one in arguments):
        return 1
    return math.ceil(sum(map(_size, arguments)) * TEXT_FACTOR)


def _in(arguments: Sequence[Any], _: Any) -> int:
    return len(arguments[1]) if isinstance(arguments[1], list) else 1


def _converted(kind: type) -> Meter:
    """What is read only where it is of this type."""
    return lambda arguments, result: _read(1)(arguments, result) if isinstance(arguments[0], kind) else 1


def _validated(arguments: Sequence[Any], _: Any) -> int:
    form, text = arguments
    return _matched(_size(text), form.pattern_length) if isinstance(form, Format) else 1


def _address(arguments: Sequence[Any], result: Any) -> int:
    return 1 if isinstance(arguments[0], Extended) else _read(1)(arguments, result)


def _contains_address(more: int) -> Meter:
    """What compares addresses byte by byte, and reads a text before; `more` if it masks them too."""

    def meter(arguments: Sequence[Any], _: Any) -> int:
        size = _size(arguments[0])
        cost = math.ceil(2 * size * TEXT_FACTOR)
        cost += more * (math.ceil(size * TEXT_FACTOR) + 1)
        return cost + (math.ceil(len(arguments[1]) * TEXT_FACTOR) if isinstance(arguments[1], str) else 0)

    return meter


def _self_compared(place: int) -> Meter:
    """What compares each element of a list with each."""

    def meter(arguments: Sequence[Any], _: Any) -> int:
        listed = arguments[place]
        size = _size(listed)
        texts = isinstance(listed, list) and listed and isinstance(listed[0], str | bytes)
        factor = 2.0 + (TEXT_FACTOR if texts else 0)
        return int(float(size * size) * factor) + 1 + LIST_COST

    return meter


def _flattened(arguments: Sequence[Any], _: Any) -> int:
    depth = float(arguments[1]) if len(arguments) == 2 else 1.0
    return int(_size(arguments[0]) * depth) + 1 + LIST_COST


def _sets(factor: int) -> Meter:
    return lambda arguments, _: 1 + _size(arguments[0]) * _size(arguments[1]) * factor


_BY_FORM = (
    *("_+_", "_<_", "_<=_", "_>_", "_>=_", "@in", "bytes", "sort", "@sortByAssociatedKeys", "string"),
)
_METERS: Mapping[str, Meter] = {
    **dict.fromkeys(("_<_", "_<=_", "_>_", "_>=_"), _ordered),
    "_!=_": _compared,
    "_+_": _sum,
    "_==_": _equal,
    "@in": _in,
    "@sortByAssociatedKeys": _self_compared(1),
    "bytes": _converted(str),
    "check": lambda *_: AUTHORIZATION_COST,
    **dict.fromkeys(("cidr", "isCIDR", "isIP", "isQuantity", "isSemver", "quantity", "semver"), _read(1)),
    "contains": _contains,
    "containsCIDR": _contains_address(1),
    "containsIP": _contains_address(0),
    "distinct": _self_compared(0),
    **dict.fromkeys(("endsWith", "startsWith"), _read(1)),
    **dict.fromkeys(
        ("fieldSelector", "labelSelector"),
        lambda arguments, _: selector_cost(exactly(_size(arguments[1]))).most,
    ),
    **dict.fromkeys(("find", "findAll"), _pattern),
    "flatten": _flattened,
    "format": _read(1),
    **dict.fromkeys(
        ("indexOf", "isSorted", "lastIndexOf", "max", "min", "sum"),
        lambda arguments, _: _traversal(arguments[0]),
    ),
    "ip": _address,
    "ip.isCanonical": _read(2),
    "join": lambda _, result: math.ceil(_size(result) * 2 * TEXT_FACTOR),
    **dict.fromkeys(("jsonpatch.escapeKey", "url"), _read(1)),
    "lists.range": _made,
    **dict.fromkeys(("lowerAscii", "substring", "trim", "upperAscii"), _read(1)),
    "matches": _pattern,
    **dict.fromkeys(("replace", "split"), _read(2)),
    "reverse": _made,
    "sets.contains": _sets(1),
    "sets.equivalent": _sets(2),
    "sets.intersects": _sets(1),
    "slice": _made,
    "sort": _self_compared(0),
    "string": _converted(bytes),
    "strings.quote": _read(1),
    "validate": _validated,
}
