"""Common Expression Language: checking and evaluating a tree.

An error inside `&&`, `||` or a macro over a list counts only where the other
side, or another element, doesn't settle the matter.

Models vendor/github.com/google/cel-go/{checker,interpreter,parser/macro.go}, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from k8slab.api.cel.functions import FUNCTIONS, METHODS, OPERATORS
from k8slab.api.cel.library import LIBRARY_FUNCTIONS, LIBRARY_METHODS
from k8slab.api.cel.syntax import (
    Call,
    Index,
    ListOf,
    Literal,
    MapOf,
    Name,
    Node,
    Position,
    Select,
    Struct,
    fault_text,
    parse,
)
from k8slab.api.cel.values import NOTHING, CelError, Optional, TypeOf, Uint, as_int, is_number, no_overload

_ALL_FUNCTIONS = {**FUNCTIONS, **LIBRARY_FUNCTIONS}
_ALL_METHODS = {**METHODS, **LIBRARY_METHODS}
_TYPES = (
    "bool",
    "bytes",
    "double",
    "dyn",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
)
_MOST_STEPS = 1_000_000
"""How much one evaluation may do (`PerCallLimit`)."""
_OUT_OF_BUDGET = "operation cancelled: actual cost limit exceeded"


class Program(NamedTuple):
    """A compiled expression."""

    text: str
    tree: Node

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """The expression's value. A variable may be a function without arguments, called when it is read.

        CelError where there is none.
        """
        try:
            return _Evaluation(variables).value(self.tree, {})
        except RecursionError:
            raise CelError(_OUT_OF_BUDGET) from None


@lru_cache(maxsize=1024)
def compile_expression(text: str, names: tuple[str, ...]) -> Program:
    """Compile an expression that may use these variables.

    CelError with the compiler's message for one that can't be read, uses what
    is not declared, or calls what there is not.
    """
    tree = parse(text)
    faults = [fault_text(text, at, fault) for at, fault in _faults(tree, frozenset(names))]
    if faults:
        raise CelError("\n".join(faults))
    return Program(text, tree)


# Checking.

_MACROS: dict[str, tuple[int, ...]] = {
    "all": (2, 3),
    "exists": (2, 3),
    "exists_one": (2,),
    "existsOne": (2, 3),
    "filter": (2,),
    "map": (2, 3),
    "optFlatMap": (2,),
    "optMap": (2,),
    "transformList": (3, 4),
    "transformMap": (3, 4),
}
"""Macros that bind variables, and how many arguments they take."""


def is_macro(node: Call) -> bool:
    """Whether a call is a macro that binds variables."""
    if node.target is None or len(node.arguments) not in _MACROS.get(node.function, ()):
        return False
    return isinstance(node.arguments[0], Name)


def full_name(node: Node) -> str:
    """A dotted name as one text; empty for any other node."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Select) and not node.optional:
        head = full_name(node.operand)
        return f"{head}.{node.field}" if head else ""
    return ""


def _faults(node: Node, names: frozenset[str]) -> Iterable[tuple[Position, str]]:
    if isinstance(node, Name):
        if node.name not in names and node.name not in _TYPES:
            yield node.at, _undeclared(node.name)
    elif isinstance(node, Select):
        yield from _faults(node.operand, names)
    elif isinstance(node, Index):
        yield from _faults(node.operand, names)
        yield from _faults(node.key, names)
    elif isinstance(node, ListOf):
        for element, _ in node.elements:
            yield from _faults(element, names)
    elif isinstance(node, MapOf):
        for key, value, _ in node.entries:
            yield from _faults(key, names)
            yield from _faults(value, names)
    elif isinstance(node, Struct):
        for _, value, _ in node.fields:
            yield from _faults(value, names)
    elif isinstance(node, Call):
        yield from _faults_of_call(node, names)


def _faults_of_call(node: Call, names: frozenset[str]) -> Iterable[tuple[Position, str]]:
    if is_macro(node):
        assert node.target is not None, "a macro is called on something"
        yield from _faults(node.target, names)
        bound = [one.name for one in node.arguments[: variables_of(node)] if isinstance(one, Name)]
        for argument in node.arguments[variables_of(node) :]:
            yield from _faults(argument, names | frozenset(bound))
        return
    if node.function == "has" and node.target is None:
        if len(node.arguments) != 1 or not isinstance(node.arguments[0], Select):
            at = node.arguments[0].at if len(node.arguments) == 1 else node.at
            yield at, "invalid argument to has() macro"
        else:
            yield from _faults(node.arguments[0], names)
        return
    qualified = f"{full_name(node.target)}.{node.function}" if node.target is not None else node.function
    operator = node.function in OPERATORS or node.function in ("_&&_", "_||_", "_?_:_")
    if node.target is None:
        if not operator and node.function not in _ALL_FUNCTIONS:
            yield node.at, _undeclared(node.function)
    elif qualified not in _ALL_FUNCTIONS:
        yield from _faults(node.target, names)
        known = node.function in _ALL_METHODS or node.function in ("orValue", "or")
        if not known and not ("authorizer" in names and node.function in _OF_AUTHORIZER):
            yield node.at, _undeclared(node.function)
    for argument in node.arguments:
        yield from _faults(argument, names)


_OF_AUTHORIZER = (
    *("allowed", "check", "error", "errored", "fieldSelector", "group", "labelSelector", "name"),
    *("namespace", "path", "reason", "resource", "serviceAccount", "subresource"),
)
"""Methods of the authorizer: known where it is, and not to be evaluated."""


def _undeclared(name: str) -> str:
    return f"undeclared reference to '{name}' (in container '')"


def variables_of(node: Call) -> int:
    """How many variables a macro binds."""
    if node.function.startswith("transform"):
        return 2
    return 2 if len(node.arguments) == 3 and node.function in ("all", "exists", "existsOne") else 1


# Evaluating.


class _Evaluation:
    """One evaluation: the variables, and what it may still cost."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._steps = 0

    def value(self, node: Node, bound: Mapping[str, Any]) -> Any:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise CelError(_OUT_OF_BUDGET)
        return _EVALUATED[type(node)](self, node, bound)

    def literal(self, node: Literal, bound: Mapping[str, Any]) -> Any:
        return node.value

    def name(self, node: Name, bound: Mapping[str, Any]) -> Any:
        if node.name in bound:
            return bound[node.name]
        if node.name in self._variables:
            found = self._variables[node.name]
            return found() if callable(found) else found
        if node.name in _TYPES:
            return TypeOf(node.name)
        raise CelError(f"no such attribute(s): {node.name}")

    def select(self, node: Select, bound: Mapping[str, Any]) -> Any:
        operand = self.value(node.operand, bound)
        if isinstance(operand, Optional):
            if not operand.present:
                return NOTHING
            return self._optional_field(operand.value, node.field)
        if node.optional:
            return self._optional_field(operand, node.field)
        return _field(operand, node.field)

    def _optional_field(self, operand: Any, key: Any) -> Optional:
        if not isinstance(operand, dict):
            raise no_overload()
        return Optional(True, operand[key]) if key in operand else NOTHING

    def index(self, node: Index, bound: Mapping[str, Any]) -> Any:
        operand, index = self.value(node.operand, bound), self.value(node.key, bound)
        optional = node.optional or isinstance(operand, Optional)
        if isinstance(operand, Optional):
            if not operand.present:
                return NOTHING
            operand = operand.value
        try:
            found = _item(operand, index)
        except CelError:
            if optional and isinstance(operand, dict | list):
                return NOTHING
            raise
        return Optional(True, found) if optional else found

    def list_of(self, node: ListOf, bound: Mapping[str, Any]) -> list[Any]:
        found: list[Any] = []
        for element, optional in node.elements:
            value = self.value(element, bound)
            if not optional:
                found.append(value)
            elif value.present:
                found.append(value.value)
        return found

    def map_of(self, node: MapOf, bound: Mapping[str, Any]) -> dict[Any, Any]:
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

    def struct(self, node: Struct, bound: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value, optional in node.fields:
            item = self.value(value, bound)
            if not optional:
                found[name] = item
            elif item.present:
                found[name] = item.value
        return found

    def call(self, node: Call, bound: Mapping[str, Any]) -> Any:
        special = _SPECIAL.get(node.function)
        if special is not None and node.target is None:
            return special(self, node, bound)
        if is_macro(node):
            return self._macro(node, bound)
        if node.target is None:
            function = OPERATORS.get(node.function) or _ALL_FUNCTIONS[node.function]
            return self._applied(function, [self.value(one, bound) for one in node.arguments])
        head = full_name(node.target)
        qualified = f"{head}.{node.function}" if head else ""
        if qualified in _ALL_FUNCTIONS:
            return self._applied(
                _ALL_FUNCTIONS[qualified], [self.value(one, bound) for one in node.arguments]
            )
        target = self.value(node.target, bound)
        if node.function in ("orValue", "or") and isinstance(target, Optional):
            if target.present:
                return target.value if node.function == "orValue" else target
            return self.value(node.arguments[0], bound)
        return self._applied(
            _ALL_METHODS[node.function], [target, *(self.value(one, bound) for one in node.arguments)]
        )

    def _applied(self, function: Callable[..., Any], arguments: list[Any]) -> Any:
        try:
            return function(*arguments)
        except TypeError:
            raise no_overload() from None

    # What does not evaluate all of its arguments.

    def _both(self, node: Call, bound: Mapping[str, Any]) -> bool:
        return self._settled(node, bound, False)

    def _either(self, node: Call, bound: Mapping[str, Any]) -> bool:
        return self._settled(node, bound, True)

    def _settled(self, node: Call, bound: Mapping[str, Any], settles: bool) -> bool:
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

    def _chosen(self, node: Call, bound: Mapping[str, Any]) -> Any:
        condition = self.value(node.arguments[0], bound)
        if not isinstance(condition, bool):
            raise no_overload()
        return self.value(node.arguments[1 if condition else 2], bound)

    def _has(self, node: Call, bound: Mapping[str, Any]) -> bool:
        select = node.arguments[0]
        assert isinstance(select, Select), "checked when it was compiled"
        operand = self.value(select.operand, bound)
        if isinstance(operand, Optional):
            operand = operand.value if operand.present else {}
        if not isinstance(operand, dict):
            raise no_overload()
        return select.field in operand

    # Macros.

    def _macro(self, node: Call, bound: Mapping[str, Any]) -> Any:
        assert node.target is not None, "a macro is called on something"
        target = self.value(node.target, bound)
        names = [one.name for one in node.arguments[: variables_of(node)] if isinstance(one, Name)]
        rest = node.arguments[variables_of(node) :]
        if node.function in ("optMap", "optFlatMap"):
            if not target.present:
                return NOTHING
            value = self.value(rest[0], {**bound, names[0]: target.value})
            return Optional(True, value) if node.function == "optMap" else value
        rows = [{**bound, **row} for row in _rows(target, names)]
        if node.function in ("all", "exists"):
            return self._quantified(rest[0], rows, settles=node.function == "exists")
        if node.function in ("exists_one", "existsOne"):
            return sum(self._truth(rest[0], row) for row in rows) == 1
        if node.function == "filter":
            return [row[names[0]] for row in rows if self._truth(rest[0], row)]
        wanted = [row for row in rows if len(rest) < 2 or self._truth(rest[0], row)]
        if node.function == "transformMap":
            return {row[names[0]]: self.value(rest[-1], row) for row in wanted}
        return [self.value(rest[-1], row) for row in wanted]

    def _truth(self, node: Node, bound: Mapping[str, Any]) -> bool:
        value = self.value(node, bound)
        if not isinstance(value, bool):
            raise no_overload()
        return value

    def _quantified(self, node: Node, rows: list[dict[str, Any]], *, settles: bool) -> bool:
        fault: CelError | None = None
        for row in rows:
            try:
                if self._truth(node, row) is settles:
                    return settles
            except CelError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return not settles


def _rows(target: Any, names: list[str]) -> Iterable[dict[str, Any]]:
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
            raise CelError(f"no such key: {index}")
        return operand[index]
    raise no_overload()


_EVALUATED: dict[type, Callable[[Any, Any, Mapping[str, Any]], Any]] = {
    Literal: _Evaluation.literal,
    Name: _Evaluation.name,
    Select: _Evaluation.select,
    Index: _Evaluation.index,
    Call: _Evaluation.call,
    ListOf: _Evaluation.list_of,
    MapOf: _Evaluation.map_of,
    Struct: _Evaluation.struct,
}
_SPECIAL: dict[str, Callable[[Any, Call, Mapping[str, Any]], Any]] = {
    "_&&_": _Evaluation._both,
    "_||_": _Evaluation._either,
    "_?_:_": _Evaluation._chosen,
    "has": _Evaluation._has,
}
