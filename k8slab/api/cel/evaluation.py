"""Common Expression Language: evaluating a tree, and what that costs.

An error inside `&&`, `||` or a macro over a list counts only where the other
side, or another element, doesn't settle the matter.

What a name, a field and a key cost is charged as upstream's interpreter does,
which plans an expression before: a chain of fields is one attribute, and so is
what `?:` chooses, and what is written down is known beforehand.

Models vendor/github.com/google/cel-go/interpreter/{interpretable,attributes,planner,runtimecost}.go and
parser/macro.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from k8slab.api.cel.bounds import LIST_COST, MAP_COST, STRUCT_COST
from k8slab.api.cel.compiling import (
    ALL_FUNCTIONS,
    ALL_METHODS,
    TYPE_NAMES,
    constants_of,
    full_name,
    is_macro,
    parsed,
    variables_of,
)
from k8slab.api.cel.functions import OPERATORS
from k8slab.api.cel.library import sorted_by
from k8slab.api.cel.metering import call_cost
from k8slab.api.cel.syntax import Call, Index, ListOf, Literal, MapOf, Name, Node, Select, Struct
from k8slab.api.cel.values import (
    NOTHING,
    CelError,
    MapWithDefault,
    Optional,
    TypeOf,
    Uint,
    as_int,
    is_number,
    no_overload,
)

CALL_LIMIT = 1_000_000
"""What one evaluation may cost (`PerCallLimit`)."""
OUT_OF_LIMIT = "operation cancelled: actual cost limit exceeded"


class Outcome(NamedTuple):
    """What came of an evaluation: a value or an error, and what it cost."""

    value: Any
    fault: CelError | None
    cost: int


class Program(NamedTuple):
    """A compiled expression; by identity, what is known of it beforehand, and the calls whose form is not."""

    text: str
    tree: Node
    constants: frozenset[int]
    vague: frozenset[int] = frozenset()

    def run(self, variables: Mapping[str, Any]) -> Outcome:
        """The expression's value. A variable may be a function without arguments, called when it is read."""
        evaluation = _Evaluation(self, variables)
        try:
            return Outcome(evaluation.value(self.tree, {}), None, evaluation.cost)
        except CelError as error:
            return Outcome(None, error, evaluation.cost)
        except (_CancelledError, RecursionError):
            return Outcome(None, CelError(OUT_OF_LIMIT), evaluation.cost)

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """The expression's value. CelError where there is none."""
        found = self.run(variables)
        if found.fault is not None:
            raise found.fault
        return found.value


class _CancelledError(Exception):
    """An evaluation costs more than it may; nothing absorbs this."""


@lru_cache(maxsize=1024)
def compile_expression(text: str, names: tuple[str, ...]) -> Program:
    """Compile an expression that may use these variables.

    CelError with the compiler's message for one that can't be read, uses what
    is not declared, or calls what there is not.
    """
    tree = parsed(text, names)
    return Program(text, tree, constants_of(tree, frozenset(names)))


_Bound = Mapping[str, Any]
_Condition = Callable[[_Bound], bool]


class _Evaluation:
    """One evaluation: the variables, and what it cost so far."""

    def __init__(self, program: Program, variables: Mapping[str, Any]) -> None:
        self._program = program
        self._variables = variables
        self.cost = 0

    def _charge(self, cost: int) -> None:
        self.cost += cost
        if self.cost > CALL_LIMIT:
            raise _CancelledError

    def value(self, node: Node, bound: _Bound) -> Any:
        """The value of a part; a name, and a chain of fields, costs one unit for being looked up."""
        if isinstance(node, Literal):
            return node.value
        if id(node) in self._program.constants:
            return self._constant(node, bound)
        if isinstance(node, Name | Select | Index):
            self._charge(1)
            return self._resolved(node, bound)
        return _EVALUATED[type(node)](self, node, bound)

    def _constant(self, node: Node, bound: _Bound) -> Any:
        before = self.cost
        found = _EVALUATED[type(node)](self, node, bound)
        self.cost = before
        return found

    # Names, fields and keys.

    def _resolved(self, node: Node, bound: _Bound) -> Any:
        """The value of a part of a chain."""
        if id(node) in self._program.constants or not isinstance(node, Name | Select | Index):
            return self.value(node, bound)
        return _EVALUATED[type(node)](self, node, bound)

    def name(self, node: Name, bound: _Bound) -> Any:
        if node.name in bound:
            found = bound[node.name]
            return found() if isinstance(found, _Later) else found
        if node.name in self._variables:
            found = self._variables[node.name]
            return found() if callable(found) else found
        if node.name in TYPE_NAMES:
            return TypeOf(node.name)
        raise CelError(f"no such attribute(s): {node.name}")

    def select(self, node: Select, bound: _Bound) -> Any:
        if id(node) in self._program.constants:
            return TypeOf(full_name(node))
        operand = self._resolved(node.operand, bound)
        optional = node.optional or isinstance(operand, Optional)
        if isinstance(operand, Optional):
            if not operand.present:
                return NOTHING
            operand = operand.value
        if not optional:
            self._charge(1)
            return _field(operand, node.field)
        if not isinstance(operand, dict):
            raise no_overload()
        if node.field not in operand:
            return NOTHING
        self._charge(1)
        return Optional(True, operand[node.field])

    def index(self, node: Index, bound: _Bound) -> Any:
        operand = self._resolved(node.operand, bound)
        optional = node.optional or isinstance(operand, Optional)
        if isinstance(operand, Optional):
            if not operand.present:
                return NOTHING
            operand = operand.value
        try:
            index = self._resolved(node.key, bound)
        except CelError:
            self._charge(0 if optional else 1)
            raise
        try:
            found = _item(operand, index)
        except CelError:
            if optional and isinstance(operand, dict | list):
                return NOTHING
            self._charge(1)
            raise
        self._charge(1)
        return Optional(True, found) if optional else found

    # What makes a value.

    def literal(self, node: Literal, bound: _Bound) -> Any:
        return node.value

    def list_of(self, node: ListOf, bound: _Bound) -> list[Any]:
        self._charge(LIST_COST)
        found: list[Any] = []
        for element, optional in node.elements:
            value = self.value(element, bound)
            if not optional:
                found.append(value)
            elif value.present:
                found.append(value.value)
        return found

    def map_of(self, node: MapOf, bound: _Bound) -> dict[Any, Any]:
        self._charge(MAP_COST)
        found: dict[Any, Any] = {}
        for key, value, optional in node.entries:
            name, item = self.value(key, bound), self.value(value, bound)
            if name in found:
                raise CelError(f"Failed with repeated key: {name}")
            if not optional:
                found[name] = item
            elif item.present:
                found[name] = item.value
        return found

    def struct(self, node: Struct, bound: _Bound) -> dict[str, Any]:
        self._charge(STRUCT_COST)
        found: dict[str, Any] = {}
        for name, value, optional in node.fields:
            item = self.value(value, bound)
            if not optional:
                found[name] = item
            elif item.present:
                found[name] = item.value
        return found

    # Calls.

    def call(self, node: Call, bound: _Bound) -> Any:
        special = _SPECIAL.get(node.function)
        if special is not None and node.target is None:
            return special(self, node, bound)
        if is_macro(node):
            assert node.target is not None, "a macro is called on something"
            return _MACROS[node.function](self, node, node.target, bound)
        if node.target is None:
            function = OPERATORS.get(node.function) or ALL_FUNCTIONS[node.function]
            return self._applied(node, node.function, function, node.arguments, bound)
        head = full_name(node.target)
        qualified = f"{head}.{node.function}" if head else ""
        if qualified in ALL_FUNCTIONS:
            return self._applied(node, qualified, ALL_FUNCTIONS[qualified], node.arguments, bound)
        if node.function in ("orValue", "or") and len(node.arguments) == 1:
            return self._or(node, bound)
        given = (node.target, *node.arguments)
        return self._applied(node, node.function, ALL_METHODS[node.function], given, bound)

    def _or(self, node: Call, bound: _Bound) -> Any:
        assert node.target is not None, "a method is called on something"
        target = self.value(node.target, bound)
        if not isinstance(target, Optional):
            raise no_overload()
        if target.present:
            return target.value if node.function == "orValue" else target
        return self.value(node.arguments[0], bound)

    def _applied(
        self,
        node: Call,
        name: str,
        function: Callable[..., Any],
        parts: tuple[Node, ...],
        bound: _Bound,
    ) -> Any:
        """A function's value; it is charged for once all of its arguments have a value or an error.

        The first error among three arguments or more ends it, the first among fewer does not.
        """
        given: list[Any] = []
        for part in parts:
            try:
                given.append(self.value(part, bound))
            except CelError as error:
                if len(parts) > 2 and part is not parts[-1]:
                    raise
                given.append(error)
        result: Any = next((one for one in given if isinstance(one, CelError)), None)
        if result is None:
            result = self._result(function, given)
        self._charge(
            call_cost(
                name,
                given,
                result,
                is_method=len(parts) > len(node.arguments),
                is_vague=id(node) in self._program.vague,
            )
        )
        if isinstance(result, CelError):
            raise result
        return result

    def _result(self, function: Callable[..., Any], given: list[Any]) -> Any:
        try:
            return function(*given)
        except TypeError:
            return no_overload()
        except CelError as error:
            return error

    # What does not evaluate all of its arguments.

    def _in(self, node: Call, bound: _Bound) -> Any:
        """`in`; to look into a list that is written down costs nothing, for it is made a set beforehand."""
        value, container = node.arguments
        if id(container) in self._program.constants:
            held = self.value(container, bound)
            plain = all(isinstance(one, bool | int | float | str) for one in held)
            if isinstance(held, list) and plain:
                found: bool = OPERATORS["@in"](self.value(value, bound), held) if held else False
                return found
        return self._applied(node, "@in", OPERATORS["@in"], node.arguments, bound)

    def _both(self, node: Call, bound: _Bound) -> bool:
        return self._settled(node, bound, False)

    def _either(self, node: Call, bound: _Bound) -> bool:
        return self._settled(node, bound, True)

    def _settled(self, node: Call, bound: _Bound, settles: bool) -> bool:
        fault: CelError | None = None
        for one in node.arguments:
            try:
                value = self.value(one, bound)
                if not isinstance(value, bool):
                    raise no_overload()
            except CelError as error:
                fault = fault or error
                continue
            if value is settles:
                return settles
        if fault is not None:
            raise fault
        return not settles

    def _chosen(self, node: Call, bound: _Bound) -> Any:
        holds = self._truth(node.arguments[0], bound)
        return self._resolved(node.arguments[1 if holds else 2], bound)

    def _has(self, node: Call, bound: _Bound) -> bool:
        select = node.arguments[0]
        assert isinstance(select, Select), "checked when it was compiled"
        operand = self._resolved(select.operand, bound)
        if isinstance(operand, Optional):
            operand = operand.value if operand.present else {}
            if isinstance(operand, dict) and select.field not in operand:
                return False
        self._charge(1)
        if not isinstance(operand, dict):
            raise no_overload()
        return select.field in operand

    def _truth(self, node: Node, bound: _Bound) -> bool:
        value = self.value(node, bound)
        if not isinstance(value, bool):
            raise no_overload()
        return value

    # Macros. What each round costs beside its own parts is for upstream's loop: to look at what was gathered.

    def _rounds(self, node: Call, target: Node, bound: _Bound) -> Iterator[_Bound]:
        names = [one.name for one in node.arguments[: variables_of(node)] if isinstance(one, Name)]
        for row in _rows(self.value(target, bound), names):
            yield {**bound, **row}

    def _quantified(self, node: Call, target: Node, bound: _Bound) -> bool:
        """`all` and `exists`."""
        settles = node.function == "exists"
        look = 3 if settles else 2
        fault: CelError | None = None
        found = not settles
        for row in self._rounds(node, target, bound):
            self._charge(look)
            if found is settles:
                break
            self._charge(1)
            try:
                found = self._truth(node.arguments[-1], row)
            except CelError as error:
                fault = fault or error
            if found is settles:
                fault = None
        self._charge(1)
        if fault is not None:
            raise fault
        return found

    def _exists_one(self, node: Call, target: Node, bound: _Bound) -> bool:
        count, fault = 0, None
        for row in self._rounds(node, target, bound):
            try:
                if self._truth(node.arguments[-1], row):
                    self._charge(2)
                    count += 1
            except CelError as error:
                fault = error
        self._charge(2)
        if fault is not None:
            raise fault
        return count == 1

    def _mapped(self, node: Call, target: Node, bound: _Bound) -> list[Any]:
        """`map`, `filter` and `transformList`."""
        rest = node.arguments[variables_of(node) :]
        condition = rest[0] if node.function == "filter" or len(rest) == 2 else None
        made = node.arguments[0] if node.function == "filter" else rest[-1]
        adding = 2 if id(made) in self._program.constants else 2 + LIST_COST
        found: list[Any] = []
        fault: CelError | None = None
        for row in self._rounds(node, target, bound):
            try:
                if condition is not None and not self._truth(condition, row):
                    continue
            except CelError as error:
                fault = error
                continue
            self._charge(adding)
            try:
                found.append(self.value(made, row))
            except CelError as error:
                fault = fault or error
        self._charge(1)
        if fault is not None:
            raise fault
        return found

    def _mapped_entries(self, node: Call, target: Node, bound: _Bound) -> dict[Any, Any]:
        """`transformMap` and `transformMapEntry`."""
        rest = node.arguments[variables_of(node) :]
        found: dict[Any, Any] = {}
        fault: CelError | None = None
        for row in self._rounds(node, target, bound):
            try:
                if len(rest) == 2 and not self._truth(rest[0], row):
                    continue
            except CelError as error:
                fault = error
                continue
            self._charge(1)
            try:
                if fault is None:
                    self._insert(node, rest[-1], row, found)
            except CelError as error:
                fault = error
        self._charge(1)
        if fault is not None:
            raise fault
        return found

    def _insert(self, node: Call, made: Node, row: _Bound, found: dict[Any, Any]) -> None:
        if node.function == "transformMap":
            self._charge(2)
            name = node.arguments[0]
            entries = {row[name.name] if isinstance(name, Name) else None: self.value(made, row)}
        else:
            self._charge(1)
            entries = self.value(made, row)
            if not isinstance(entries, dict):
                raise no_overload()
        for key, value in entries.items():
            if key in found:
                raise CelError(f"insert failed: key {key} already exists")
            found[key] = value

    def _opt_mapped(self, node: Call, target: Node, bound: _Bound) -> Any:
        """`optMap` and `optFlatMap`; the value is worked out again when its name is first read."""
        operand = self.value(target, bound)
        self._charge(1)
        if not isinstance(operand, Optional):
            raise no_overload()
        if not operand.present:
            self._charge(1)
            return NOTHING
        name = node.arguments[0].name if isinstance(node.arguments[0], Name) else ""
        later = _Later(lambda: self._held(target, bound))
        found = self.value(node.arguments[1], {**bound, name: later})
        if node.function == "optFlatMap":
            return found
        self._charge(1)
        return Optional(True, found)

    def _held(self, target: Node, bound: _Bound) -> Any:
        operand = self.value(target, bound)
        self._charge(1)
        return operand.value

    def _sorted_by(self, node: Call, target: Node, bound: _Bound) -> list[Any]:
        listed = self.value(target, bound)
        name = node.arguments[0].name if isinstance(node.arguments[0], Name) else ""
        adding = 2 if id(node.arguments[1]) in self._program.constants else 2 + LIST_COST
        self._charge(2)
        keys: list[Any] = []
        for row in _rows(listed, [name]):
            self._charge(adding)
            keys.append(self.value(node.arguments[1], {**bound, **row}))
        self._charge(1)
        vague = id(node) in self._program.vague
        function = "@sortByAssociatedKeys"
        self._charge(call_cost(function, [listed, keys], listed, is_method=True, is_vague=vague))
        return sorted_by(listed, keys)


class _Later:
    """A value that is worked out when it is first asked for."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._found: list[Any] = []

    def __call__(self) -> Any:
        if not self._found:
            self._found.append(self._work())
        return self._found[0]


def _rows(target: Any, names: list[str]) -> Iterator[dict[str, Any]]:
    """The variables of each round: an element or a key; with two names also its index or value."""
    if isinstance(target, dict):
        for key, value in target.items():
            yield dict(zip(names, (key, value), strict=False))
    elif isinstance(target, list):
        for index, value in enumerate(target):
            yield {names[0]: value} if len(names) == 1 else {names[0]: index, names[1]: value}
    else:
        raise no_overload()


def _field(operand: Any, name: str) -> Any:
    if not isinstance(operand, dict):
        raise CelError(f"no such key: {name}" if operand is None else "no such overload")
    if name not in operand:
        raise CelError(f"no such key: {name}")
    return operand[name]


def _item(operand: Any, index: Any) -> Any:
    if isinstance(operand, list):
        if isinstance(index, float) and index.is_integer():
            index = int(index)
        if not isinstance(index, int) or isinstance(index, bool):
            raise CelError(f"unsupported index type '{type(index).__name__}' in list")
        if not 0 <= index < len(operand):
            raise CelError(f"index out of bounds: {int(index)}")
        return operand[index]
    if isinstance(operand, dict):
        if is_number(index) and not isinstance(index, int | Uint):
            index = as_int(int(index))
        if index not in operand:
            if isinstance(operand, MapWithDefault):
                return operand.default
            raise CelError(f"no such key: {index}")
        return operand[index]
    raise no_overload()


_EVALUATED: dict[type, Callable[[Any, Any, _Bound], Any]] = {
    Literal: _Evaluation.literal,
    Name: _Evaluation.name,
    Select: _Evaluation.select,
    Index: _Evaluation.index,
    Call: _Evaluation.call,
    ListOf: _Evaluation.list_of,
    MapOf: _Evaluation.map_of,
    Struct: _Evaluation.struct,
}
_SPECIAL: dict[str, Callable[[Any, Call, _Bound], Any]] = {
    "_&&_": _Evaluation._both,
    "_||_": _Evaluation._either,
    "_?_:_": _Evaluation._chosen,
    "@in": _Evaluation._in,
    "has": _Evaluation._has,
}
_MACROS: dict[str, Callable[[Any, Call, Node, _Bound], Any]] = {
    "all": _Evaluation._quantified,
    "exists": _Evaluation._quantified,
    "exists_one": _Evaluation._exists_one,
    "existsOne": _Evaluation._exists_one,
    "filter": _Evaluation._mapped,
    "map": _Evaluation._mapped,
    "optFlatMap": _Evaluation._opt_mapped,
    "optMap": _Evaluation._opt_mapped,
    "sortBy": _Evaluation._sorted_by,
    "transformList": _Evaluation._mapped,
    "transformMap": _Evaluation._mapped_entries,
    "transformMapEntry": _Evaluation._mapped_entries,
}
