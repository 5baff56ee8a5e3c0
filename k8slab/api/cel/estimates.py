"""What one call of a function costs at worst, by the sizes of what it is given.

A coster is given a `Called` and answers what the call itself costs, without
its arguments, and how large the result is where that is known; None where the
plain price of one unit holds.

Models vendor/github.com/google/cel-go/{checker/cost.go,ext/{lists,sets}.go} and EstimateCallCost of
staging/src/k8s.io/apiserver/pkg/cel/library/cost.go, v1.36.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from k8slab.api.cel.bounds import (
    LARGEST,
    LIST_COST,
    NONE,
    ONE,
    PATTERN_FACTOR,
    STRUCT_COST,
    TEXT_FACTOR,
    UNBOUNDED,
    Bounds,
    exactly,
    product,
    scaled,
    total,
)
from k8slab.api.cel.checking import BYTES, CIDR, FORMAT, IP, QUANTITY, SEMVER, STRING, URL, Type
from k8slab.api.cel.syntax import Literal, Node

AUTHORIZATION_COST = 350_000
"""What asking the authorizer costs: two questions of an expression are within its limit."""
_LARGEST_FORMAT, _LARGEST_FORMAT_PATTERN = 64, 128
_ADDRESS = Bounds(4, 16)
"""The bytes of an address of either family."""


class Operand(NamedTuple):
    """What is known of a part of an expression before it is evaluated."""

    node: Node | None
    type: Type
    cost: Bounds = NONE
    path: tuple[str, ...] = ()
    """From a variable to a field: names, `@items`, `@keys` and `@values`; empty for what is worked out."""
    known: Bounds | None = None
    """The size, where it is known."""
    entries: Entries | None = None

    @property
    def size(self) -> Bounds:
        """How large it may be."""
        return UNBOUNDED if self.known is None else self.known


class Entries(NamedTuple):
    """How large the keys and values of a list or map are that an expression makes."""

    kind: str
    key: Bounds
    value: Bounds


Sizes = Callable[[tuple[str, ...], Type], Bounds | None]
"""Gives the size of what lies at a path and has a type; None where it isn't known."""


class Called(NamedTuple):
    """One call: a function in one of its forms, with what it is given."""

    function: str
    form: str
    target: Operand | None
    arguments: tuple[Operand, ...]
    sizes: Sizes

    @property
    def first(self) -> Operand:
        """What a method is called on, or a function's first argument."""
        return self.arguments[0] if self.target is None else self.target


Estimate = tuple[Bounds, Bounds | None]
Coster = Callable[[Called], Estimate | None]


def estimate_of(called: Called) -> Estimate:
    """What a call costs by itself, and the size of its result where that is known."""
    coster = _COSTERS.get(called.function)
    found = coster(called) if coster is not None else None
    return (ONE, None) if found is None else found


def _fixed(cost: int) -> Coster:
    return lambda called: (exactly(cost), None)


def _read(factor: float = TEXT_FACTOR, *, keeps: bool = False) -> Coster:
    """What goes over its text once for each tenth of the factor; `keeps` if the result is as large."""
    return lambda called: (scaled(called.first.size, factor), called.first.size if keeps else None)


def _of_argument(called: Called) -> Estimate:
    return scaled(called.arguments[0].size, TEXT_FACTOR), None


# Operators.


def _in(called: Called) -> Estimate | None:
    return (called.arguments[1].size, None) if called.form == "list" else None


def _sum(called: Called) -> Estimate | None:
    if not called.form:
        return None
    size = total(*(one.size for one in called.arguments))
    return ONE if called.form == "list" else scaled(size, TEXT_FACTOR), size


def _compared(called: Called) -> Estimate:
    left, right = (one.size for one in called.arguments)
    most = min(left.most, right.most)
    return scaled(Bounds(min(most, 1), most), TEXT_FACTOR), None


def _ordered(called: Called) -> Estimate | None:
    return _compared(called) if called.form else None


def _equal(called: Called) -> Estimate:
    left, right = called.arguments
    if left.type == right.type:
        if left.type in (CIDR, IP, QUANTITY, SEMVER):
            return ONE, None
        if left.type == FORMAT:
            return scaled(Bounds(1, _LARGEST_FORMAT), TEXT_FACTOR), None
        if left.type == URL:
            most = 1 if right.known is None else right.known.most
            return scaled(Bounds(1, most), TEXT_FACTOR), None
    return _compared(called)


# Texts.


def _to_string(called: Called) -> Estimate | None:
    size = called.arguments[0].size
    found = Bounds(size.least // 4, size.most)
    return (scaled(size, TEXT_FACTOR), found) if called.form == "bytes" else None


def _to_bytes(called: Called) -> Estimate | None:
    size = called.arguments[0].size
    # Upstream lets this one product overflow.
    found = Bounds(size.least, size.most * 4 & LARGEST)
    return (scaled(size, TEXT_FACTOR), found) if called.form == "string" else None


def _quoted(called: Called) -> Estimate:
    size = called.arguments[0].size
    found = Bounds(size.least + 2 & LARGEST, size.most * 2 + 2 & LARGEST)
    return scaled(size, TEXT_FACTOR), found


def _contains(called: Called) -> Estimate:
    return product(scaled(called.first.size, TEXT_FACTOR), _of_argument(called)[0]), None


def _matched(text: Bounds, pattern: Bounds) -> Bounds:
    """What it costs to look for a pattern; one more character, so that an empty text has a price too."""
    return product(scaled(total(text, ONE), TEXT_FACTOR), scaled(pattern, PATTERN_FACTOR))


def _matches(called: Called) -> Estimate | None:
    if called.target is None:
        return None
    return _matched(called.target.size, called.arguments[0].size), None


def _find(called: Called) -> Estimate:
    size = called.first.size
    return _matched(size, called.arguments[0].size), Bounds(0, size.most)


def _replaced(called: Called) -> Estimate:
    size, old, new = called.first.size, called.arguments[0].size, called.arguments[1].size
    most, kept = _most_replaced(size.most, old.least, new.most)
    fewest, least_kept = _least_replaced(size.least, old.most, new.least)
    found = total(product(Bounds(fewest, most), new), Bounds(least_kept, kept))
    return scaled(size, 2 * TEXT_FACTOR), found


def _most_replaced(size: int, shortest: int, longest: int) -> tuple[int, int]:
    """How often a part is replaced when the result is longest, and what of the text is counted as kept."""
    if shortest == 0:
        return min(size + 1, LARGEST), size
    if longest <= shortest:
        return 0, size
    # Where the quotient is too large, upstream's conversion to a whole number gives half of the range.
    times = math.ceil(float(size) / float(shortest))
    return times if times <= LARGEST else 1 << 63, 0


def _least_replaced(size: int, longest: int, shortest: int) -> tuple[int, int]:
    """The same when the result is shortest."""
    if longest == 0:
        return min(size + 1, LARGEST), size
    if longest <= shortest:
        return 0, size
    return math.ceil(float(size) / float(longest)), 0


def _split(called: Called) -> Estimate:
    size, most = called.first.size, called.first.size.most
    if len(called.arguments) > 1:
        limit = _literal(called.arguments[1], None)
        most = most if limit is None else limit & LARGEST
    return scaled(size, 2 * TEXT_FACTOR), Bounds(0, most)


def _literal(operand: Operand, otherwise: Any) -> Any:
    """The number that is written there."""
    node = operand.node
    if isinstance(node, Literal) and type(node.value) is int:
        return node.value
    return otherwise


def _validated(called: Called) -> Estimate:
    read = scaled(called.arguments[0].size, TEXT_FACTOR)
    return scaled(read, _LARGEST_FORMAT_PATTERN * PATTERN_FACTOR), None


def _selector(called: Called) -> Estimate | None:
    return (selector_cost(called.arguments[0].size), None) if len(called.arguments) == 1 else None


def selector_cost(size: Bounds) -> Bounds:
    """What it costs to read a selector of some length."""
    requirements = scaled(scaled(size, 0.5), float(LIST_COST + STRUCT_COST))
    return total(exactly(LIST_COST), scaled(size, TEXT_FACTOR), requirements)


# Addresses.


def _address(called: Called) -> Estimate:
    return (ONE, None) if called.form == "cidr" else (scaled(called.first.size, TEXT_FACTOR), None)


def _contains_address(called: Called) -> Estimate:
    cost = scaled(total(_ADDRESS, _ADDRESS), TEXT_FACTOR)
    if called.function == "containsCIDR":
        cost = total(cost, scaled(_ADDRESS, TEXT_FACTOR), ONE)
    return total(cost, _of_argument(called)[0]) if called.form == "string" else cost, None


# Lists.


def _item(operand: Operand, sizes: Sizes) -> Operand | None:
    """One of the values of a list; None for what is no list."""
    if not operand.type.parameters:
        return None
    held = operand.type.parameters[0]
    path = (*operand.path, "@items") if operand.path else ()
    return Operand(None, held, NONE, path, sizes(path, held))


def _searched(called: Called) -> Estimate | None:
    if called.target is None:
        return None
    item = _item(called.target, called.sizes)
    if item is None:
        return scaled(called.target.size, TEXT_FACTOR), None
    text = item.type in (STRING, BYTES)
    each = total(ONE, scaled(item.size, TEXT_FACTOR)) if text else ONE
    return product(called.target.size, each), None


def _join(called: Called) -> Estimate:
    listed, size = called.first.size, NONE
    item = _item(called.first, called.sizes)
    if item is not None:
        size = product(listed, item.size)
    if called.arguments:
        between = Bounds(max(listed.least - 1, 0), max(listed.most - 1, 0))
        size = total(size, product(called.arguments[0].size, between))
    return scaled(size, TEXT_FACTOR), size


def _made_list(factor: float, size: Bounds) -> Estimate:
    return total(scaled(size, factor), ONE, exactly(LIST_COST)), size


def _slice(called: Called) -> Estimate:
    start = max(_literal(called.arguments[0], 0), 0)
    end = max(_literal(called.arguments[1], called.first.size.most), 0)
    return _made_list(1, exactly(end - start & LARGEST))


def _flatten(called: Called) -> Estimate:
    depth = max(_literal(called.arguments[0], LARGEST), 0) if called.arguments else 1
    return _made_list(float(depth), called.first.size)


def _distinct(called: Called) -> Estimate:
    return _made_list(2.0, product(called.first.size, called.first.size))


def _sort(called: Called) -> Estimate:
    by = called.arguments[0] if called.arguments else called.first
    return _made_list(2.0 + (TEXT_FACTOR if called.form else 0), product(by.size, by.size))


def _sets(factor: int) -> Coster:
    def coster(called: Called) -> Estimate:
        left, right = called.arguments
        return total(scaled(product(left.size, right.size), factor), ONE), None

    return coster


_COSTERS: Mapping[str, Coster] = {
    **dict.fromkeys(("_<_", "_<=_", "_>_", "_>=_"), _ordered),
    "_!=_": _compared,
    "_+_": _sum,
    "_==_": _equal,
    "@in": _in,
    "@sortByAssociatedKeys": _sort,
    "bytes": _to_bytes,
    "check": _fixed(AUTHORIZATION_COST),
    **dict.fromkeys(("cidr", "isCIDR", "isIP", "isQuantity", "isSemver", "quantity", "semver"), _read()),
    "contains": _contains,
    **dict.fromkeys(("containsCIDR", "containsIP"), _contains_address),
    "distinct": _distinct,
    **dict.fromkeys(("endsWith", "startsWith"), _of_argument),
    **dict.fromkeys(("fieldSelector", "labelSelector"), _selector),
    **dict.fromkeys(("find", "findAll"), _find),
    "flatten": _flatten,
    "format": _read(),
    **dict.fromkeys(("indexOf", "isSorted", "lastIndexOf", "max", "min", "sum"), _searched),
    "ip": _address,
    "ip.isCanonical": _read(2 * TEXT_FACTOR),
    "join": _join,
    **dict.fromkeys(("jsonpatch.escapeKey", "url"), _read(keeps=True)),
    "lists.range": lambda called: _made_list(1, exactly(max(_literal(called.first, LARGEST), 0))),
    **dict.fromkeys(("lowerAscii", "substring", "trim", "upperAscii"), _read(keeps=True)),
    "matches": _matches,
    "replace": _replaced,
    "reverse": lambda called: _made_list(1, called.first.size),
    "sets.contains": _sets(1),
    "sets.equivalent": _sets(2),
    "sets.intersects": _sets(1),
    "slice": _slice,
    "sort": _sort,
    "split": _split,
    "string": _to_string,
    "strings.quote": _quoted,
    "validate": _validated,
}
