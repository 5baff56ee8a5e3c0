"""What an expression costs at worst, before it is evaluated.

A macro is a loop: it costs what a round costs for each of the elements that
there may be. How many there may be is told by `Sizes`, by the path to them.

Models vendor/github.com/google/cel-go/checker/cost.go and the macros of
parser/macro.go, cel/library.go and ext/{comprehensions,lists}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from k8slab.api.cel.bounds import (
    LARGEST,
    LIST_COST,
    MAP_COST,
    NONE,
    ONE,
    STRUCT_COST,
    Bounds,
    exactly,
    joined,
    product,
    total,
)
from k8slab.api.cel.checking import (
    BOOL,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    TIMESTAMP,
    TYPE,
    UINT,
    Type,
    list_of,
)
from k8slab.api.cel.compiling import full_name, is_function, is_macro, is_type_name, variables_of
from k8slab.api.cel.estimates import Called, Entries, Operand, Sizes, estimate_of
from k8slab.api.cel.overloads import forms_of
from k8slab.api.cel.syntax import Call, Index, ListOf, Literal, MapOf, Name, Node, Select, Struct

_SCALARS = (BOOL, DOUBLE, DURATION, INT, TIMESTAMP, UINT)
_NOTHING_YET = Bounds(LARGEST, 0)
"""What joining starts from."""


def cost_of(tree: Node, types: Mapping[int, Type], sizes: Sizes) -> Bounds:
    """What an expression costs; `types` are those of its parts, `sizes` those of what it may read."""
    return _Costs(types, sizes).of(tree, {}).cost


class _Local(NamedTuple):
    """A variable that a macro binds."""

    path: tuple[str, ...]
    size: Bounds | None
    entries: Entries | None


_Locals = Mapping[str, _Local]


def _is_scalar(kind: Type) -> bool:
    """Whether all values of a type are of one size."""
    if kind.name == "optional_type":
        return _is_scalar(kind.parameters[0])
    return kind in _SCALARS


class _Costs:
    """One estimation: the types and sizes that it goes by."""

    def __init__(self, types: Mapping[int, Type], sizes: Sizes) -> None:
        self._types = types
        self._sizes = sizes

    def of(self, node: Node, local: _Locals) -> Operand:
        """What is known of a part, with what it costs."""
        found = _OF[type(node)](self, node, local)
        return found

    def _type(self, node: Node) -> Type:
        return self._types.get(id(node), DYN)

    def _operand(
        self,
        node: Node | None,
        kind: Type,
        cost: Bounds,
        path: tuple[str, ...] = (),
        size: Bounds | None = None,
        entries: Entries | None = None,
    ) -> Operand:
        """What is known, with the size by what it is and where it lies if that isn't known otherwise."""
        if size is None:
            size = self._sizes(path, kind)
        if size is None and _is_scalar(kind):
            size = ONE
        return Operand(node, kind, cost, path, size, entries)

    # What is no call.

    def literal(self, node: Literal, local: _Locals) -> Operand:
        size = len(node.value) if isinstance(node.value, str | bytes) else 1
        return Operand(node, self._type(node), NONE, (), exactly(size))

    def name(self, node: Name, local: _Locals) -> Operand:
        bound = local.get(node.name)
        if bound is None:
            return self._operand(node, self._type(node), ONE, (node.name,))
        found = self._operand(node, self._type(node), ONE, bound.path, None, bound.entries)
        return found if found.known is not None else found._replace(known=bound.size)

    def select(self, node: Select, local: _Locals) -> Operand:
        if is_type_name(node, local) and self._type(node) == TYPE:
            return self._operand(node, TYPE, ONE, (full_name(node),))
        operand = self.of(node.operand, local)
        if node.optional:
            return self._operand(node, self._type(node), total(operand.cost, ONE))
        has_price = operand.type.fields is not None or operand.type.name == "map"
        cost = total(operand.cost, ONE) if has_price else operand.cost
        return self._operand(node, self._type(node), cost, (*operand.path, node.field))

    def index(self, node: Index, local: _Locals) -> Operand:
        operand, key = self.of(node.operand, local), self.of(node.key, local)
        cost = total(operand.cost, key.cost, ONE)
        if node.optional or operand.type.name == "optional_type":
            return self._operand(node, self._type(node), cost)
        part = "@items" if operand.type.name == "list" else "@values"
        size = None if operand.entries is None else operand.entries.value
        return self._operand(node, self._type(node), cost, (*operand.path, part), size)

    def list_of(self, node: ListOf, local: _Locals) -> Operand:
        found = [self.of(one, local) for one, _ in node.elements]
        cost = total(exactly(LIST_COST), *(one.cost for one in found))
        entries = Entries("list", ONE, _largest(found))
        return Operand(node, self._type(node), cost, (), exactly(len(found)), entries)

    def map_of(self, node: MapOf, local: _Locals) -> Operand:
        keys = [self.of(key, local) for key, _, _ in node.entries]
        values = [self.of(value, local) for _, value, _ in node.entries]
        cost = total(exactly(MAP_COST), *(one.cost for one in (*keys, *values)))
        entries = Entries("map", _largest(keys), _largest(values))
        return Operand(node, self._type(node), cost, (), exactly(len(keys)), entries)

    def struct(self, node: Struct, local: _Locals) -> Operand:
        cost = total(exactly(STRUCT_COST), *(self.of(value, local).cost for _, value, _ in node.fields))
        return self._operand(node, self._type(node), cost)

    # Calls.

    def call(self, node: Call, local: _Locals) -> Operand:
        special = _SPECIAL.get(node.function)
        if special is not None and node.target is None:
            return special(self, node, local)
        if is_macro(node):
            assert node.target is not None, "a macro is called on something"
            return _MACROS[node.function](self, node, node.target, local)
        function, target = node.function, None
        if node.target is not None:
            head = full_name(node.target)
            if head and is_function(f"{head}.{function}"):
                function = f"{head}.{function}"
            else:
                target = self.of(node.target, local)
        arguments = tuple(self.of(one, local) for one in node.arguments)
        return self._called(node, self._type(node), function, target, arguments)

    def _called(
        self,
        node: Node | None,
        kind: Type,
        function: str,
        target: Operand | None,
        arguments: tuple[Operand, ...],
    ) -> Operand:
        """A call, which costs the most of all the forms that it may have."""
        given = arguments if target is None else (target, *arguments)
        cost, size = _NOTHING_YET, None
        for form in forms_of(function, [one.type for one in given]):
            price, result = estimate_of(Called(function, form, target, arguments, self._sizes))
            cost = joined(cost, price)
            if result is not None:
                size = result if size is None else joined(size, result)
        if size is None and (by_path := self._operand(node, kind, NONE).known) is not None:
            size = by_path
        entries = None
        if function == "_+_":
            entries = _joined_entries([one.entries for one in arguments])
        cost = total(cost, *(one.cost for one in given))
        return Operand(node, kind, cost, (), size, entries)

    def _logical(self, node: Call, local: _Locals) -> Operand:
        left, right = (self.of(one, local).cost for one in node.arguments)
        return Operand(node, BOOL, Bounds(left.least, total(left, right).most), (), ONE)

    def _chosen(self, node: Call, local: _Locals) -> Operand:
        condition, first, second = (self.of(one, local) for one in node.arguments)
        return self._either(node, self._type(node), condition.cost, first, second)

    def _either(
        self, node: Node | None, kind: Type, condition: Bounds, first: Operand, second: Operand
    ) -> Operand:
        cost = total(condition, joined(first.cost, second.cost))
        entries = _joined_entries([first.entries, second.entries])
        return Operand(node, kind, cost, (), joined(first.size, second.size), entries)

    def _has(self, node: Call, local: _Locals) -> Operand:
        asked = node.arguments[0]
        operand = self.of(asked.operand if isinstance(asked, Select) else asked, local)
        return Operand(node, BOOL, operand.cost, (), ONE)

    def _dyn(self, node: Call, local: _Locals) -> Operand:
        operand = self.of(node.arguments[0], local)
        return operand._replace(node=node, type=DYN, cost=total(operand.cost, ONE), path=())

    # Macros.

    def _looped(self, node: Call, target: Node, local: _Locals) -> tuple[Operand, _Locals]:
        """What a macro goes over, and the variables of a round."""
        range_ = self.of(target, local)
        kind = range_.entries.kind if range_.entries is not None else range_.type.name
        names = [one.name for one in node.arguments[: variables_of(node)] if isinstance(one, Name)]
        key = None if range_.entries is None else range_.entries.key
        value = None if range_.entries is None else range_.entries.value
        keys = _Local((*range_.path, "@indices" if kind == "list" else "@keys"), key, None)
        values = _Local((*range_.path, "@items" if kind == "list" else "@values"), value, None)
        if len(names) == 2:
            return range_, {**local, names[0]: keys, names[1]: values}
        return range_, {**local, names[0]: values if kind == "list" else keys}

    def _quantifier(self, node: Call, target: Node, local: _Locals) -> Operand:
        """`all` and `exists`: each round looks whether the matter is settled, then asks."""
        range_, inner = self._looped(node, target, local)
        asked = self.of(node.arguments[-1], inner).cost
        look = exactly(2 if node.function == "all" else 3)
        each = total(look, Bounds(1, total(ONE, asked).most))
        return Operand(node, BOOL, total(range_.cost, ONE, product(range_.size, each)), (), ONE)

    def _exists_one(self, node: Call, target: Node, local: _Locals) -> Operand:
        range_, inner = self._looped(node, target, local)
        each = total(self.of(node.arguments[-1], inner).cost, Bounds(1, 2))
        return Operand(node, BOOL, total(range_.cost, exactly(2), product(range_.size, each)), (), ONE)

    def _mapped(self, node: Call, target: Node, local: _Locals) -> Operand:
        """`map`, `filter` and `transformList`: each round makes a list of one and adds it."""
        range_, inner = self._looped(node, target, local)
        rest = node.arguments[variables_of(node) :]
        made = node.arguments[0] if node.function == "filter" else rest[-1]
        item = self.of(made, inner)
        each = total(exactly(LIST_COST + 2), item.cost)
        if len(rest) == 2 or node.function == "filter":
            each = total(self.of(rest[0], inner).cost, joined(each, ONE))
        cost = total(range_.cost, exactly(LIST_COST + 1), product(range_.size, each))
        entries = Entries("list", ONE, Bounds(0, item.size.most))
        return Operand(node, self._type(node), cost, (), range_.size, entries)

    def _mapped_entries(self, node: Call, target: Node, local: _Locals) -> Operand:
        """`transformMap` and `transformMapEntry`: each round inserts."""
        range_, inner = self._looped(node, target, local)
        rest = node.arguments[variables_of(node) :]
        each = total(self.of(rest[-1], inner).cost, exactly(3 if node.function == "transformMap" else 2))
        if len(rest) == 2:
            each = total(self.of(rest[0], inner).cost, joined(each, ONE))
        cost = total(range_.cost, exactly(MAP_COST + 1), product(range_.size, each))
        return Operand(node, self._type(node), cost, (), range_.size)

    def _bound(
        self, name: str, value: Operand, body: Callable[[_Locals], Operand], local: _Locals
    ) -> Operand:
        """What is worked out with a variable for a value: upstream goes over an empty list for that."""
        found = body({**local, name: _Local(value.path, value.known, value.entries)})
        return found._replace(cost=total(exactly(LIST_COST), value.cost, found.cost), path=())

    def _opt_map(self, node: Call, target: Node, local: _Locals) -> Operand:
        operand = self.of(target, local)
        held = operand.type.parameters[0] if operand.type.name == "optional_type" else DYN
        kind = self._type(node)
        value = self._called(None, held, "value", operand, ())
        name = node.arguments[0].name if isinstance(node.arguments[0], Name) else ""
        some = self._bound(name, value, lambda inner: self.of(node.arguments[1], inner), local)
        if node.function == "optMap":
            some = self._called(None, kind, "optional.of", None, (some,))
        none = self._called(None, kind, "optional.none", None, ())
        asked = self._called(None, BOOL, "hasValue", operand, ())
        return self._either(node, kind, asked.cost, some, none)

    def _sort_by(self, node: Call, target: Node, local: _Locals) -> Operand:
        listed = self.of(target, local)
        name = "@__sortBy_input__"

        def body(inner: _Locals) -> Operand:
            bound = inner[name]
            again = self._operand(None, listed.type, ONE, bound.path, None, bound.entries)
            again = again if again.known is not None else again._replace(known=bound.size)
            keys = self._keys_of(node, again, inner)
            return self._called(node, self._type(node), "@sortByAssociatedKeys", again, (keys,))

        return self._bound(name, listed, body, local)

    def _keys_of(self, node: Call, listed: Operand, local: _Locals) -> Operand:
        """What `sortBy` sorts by: a `map` over the list."""
        value = None if listed.entries is None else listed.entries.value
        each = _Local((*listed.path, "@items"), value, None)
        variable = node.arguments[0].name if isinstance(node.arguments[0], Name) else ""
        key = self.of(node.arguments[1], {**local, variable: each})
        cost = total(
            listed.cost,
            exactly(LIST_COST + 1),
            product(listed.size, total(exactly(LIST_COST + 2), key.cost)),
        )
        return Operand(None, list_of(key.type), cost, (), listed.size)


def _largest(operands: Sequence[Operand]) -> Bounds:
    """A size that covers those of all; nothing where there are none."""
    found = _NOTHING_YET if operands else NONE
    for one in operands:
        found = joined(found, one.size)
    return found


def _joined_entries(entries: Sequence[Entries | None]) -> Entries | None:
    first, second = entries
    if first is None or second is None:
        return None
    return Entries(first.kind, joined(first.key, second.key), joined(first.value, second.value))


_OF: Mapping[type, Callable[[Any, Any, _Locals], Operand]] = {
    Literal: _Costs.literal,
    Name: _Costs.name,
    Select: _Costs.select,
    Index: _Costs.index,
    Call: _Costs.call,
    ListOf: _Costs.list_of,
    MapOf: _Costs.map_of,
    Struct: _Costs.struct,
}
_SPECIAL: Mapping[str, Callable[[_Costs, Call, _Locals], Operand]] = {
    "_&&_": _Costs._logical,
    "_||_": _Costs._logical,
    "_?_:_": _Costs._chosen,
    "dyn": _Costs._dyn,
    "has": _Costs._has,
}
_MACROS: Mapping[str, Callable[[_Costs, Call, Node, _Locals], Operand]] = {
    "all": _Costs._quantifier,
    "exists": _Costs._quantifier,
    "exists_one": _Costs._exists_one,
    "existsOne": _Costs._exists_one,
    "filter": _Costs._mapped,
    "map": _Costs._mapped,
    "optFlatMap": _Costs._opt_map,
    "optMap": _Costs._opt_map,
    "sortBy": _Costs._sort_by,
    "transformList": _Costs._mapped,
    "transformMap": _Costs._mapped_entries,
    "transformMapEntry": _Costs._mapped_entries,
}
