"""Common Expression Language: whether all that an expression names is there, and what its parts are.

Models vendor/github.com/google/cel-go/{checker/checker,interpreter/decorators,parser/macro}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

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
from k8slab.api.cel.values import CelError

ALL_FUNCTIONS = {**FUNCTIONS, **LIBRARY_FUNCTIONS}
ALL_METHODS = {**METHODS, **LIBRARY_METHODS}
TYPE_NAMES = (
    "bool",
    "bytes",
    "double",
    "dyn",
    "google.protobuf.Duration",
    "google.protobuf.Timestamp",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
)


def parsed(text: str, names: tuple[str, ...]) -> Node:
    """The tree of an expression that may use these variables.

    CelError with the compiler's message for one that can't be read, uses what
    is not declared, or calls what there is not.
    """
    tree = parse(text)
    faults = [fault_text(text, at, fault) for at, fault in _faults(tree, frozenset(names))]
    if faults:
        raise CelError("\n".join(faults))
    return tree


_MACROS: dict[str, tuple[int, ...]] = {
    "all": (2, 3),
    "exists": (2, 3),
    "exists_one": (2, 3),
    "existsOne": (2, 3),
    "filter": (2,),
    "map": (2, 3),
    "optFlatMap": (2,),
    "optMap": (2,),
    "sortBy": (2,),
    "transformList": (3, 4),
    "transformMap": (3, 4),
    "transformMapEntry": (3, 4),
}
"""Macros that bind variables, and how many arguments they take."""
_QUANTIFIERS = ("all", "exists", "exists_one", "existsOne")


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


def is_type_name(node: Node, names: Container[str]) -> bool:
    """Whether a part is the name of a type; variables come first."""
    if isinstance(node, Select):
        head, _, _ = full_name(node).partition(".")
        return head not in names and full_name(node) in TYPE_NAMES
    return isinstance(node, Name) and node.name not in names and node.name in TYPE_NAMES


def _faults(node: Node, names: frozenset[str]) -> Iterable[tuple[Position, str]]:
    if is_type_name(node, names):
        return
    if isinstance(node, Name):
        if node.name not in names:
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
        if not operator and node.function not in ALL_FUNCTIONS:
            yield node.at, _undeclared(node.function)
    elif qualified not in ALL_FUNCTIONS:
        yield from _faults(node.target, names)
        known = node.function in ALL_METHODS or node.function in ("orValue", "or")
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


def is_function(name: str) -> bool:
    """Whether a function that stands alone has this full name."""
    return name in ALL_FUNCTIONS


def variables_of(node: Call) -> int:
    """How many variables a macro binds."""
    if node.function.startswith("transform"):
        return 2
    return 2 if len(node.arguments) == 3 and node.function in _QUANTIFIERS else 1


# Parts that are known beforehand.

_CONVERSIONS = (
    *("bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"),
)


def constants_of(tree: Node, names: frozenset[str]) -> frozenset[int]:
    """The identities of the parts that are worked out before an evaluation, and so cost it nothing.

    Those are what is written down, lists and maps of that, and conversions of it.
    """
    found: set[int] = set()
    _find_constants(tree, names, found)
    return frozenset(found)


def _find_constants(node: Node, names: frozenset[str], found: set[int]) -> None:
    inner = names
    if isinstance(node, Call) and is_macro(node):
        inner = names | {one.name for one in node.arguments[: variables_of(node)] if isinstance(one, Name)}
    for part in parts_of(node):
        _find_constants(part, inner, found)
    if _is_constant(node, names, found):
        found.add(id(node))


def parts_of(node: Node) -> Iterator[Node]:
    """What a part of an expression consists of."""
    if isinstance(node, Select):
        yield node.operand
    elif isinstance(node, Index):
        yield from (node.operand, node.key)
    elif isinstance(node, ListOf):
        yield from (element for element, _ in node.elements)
    elif isinstance(node, MapOf):
        for key, value, _ in node.entries:
            yield from (key, value)
    elif isinstance(node, Struct):
        yield from (value for _, value, _ in node.fields)
    elif isinstance(node, Call):
        if node.target is not None:
            yield node.target
        yield from node.arguments


def _is_constant(node: Node, names: frozenset[str], found: set[int]) -> bool:
    if isinstance(node, Literal):
        return True
    if isinstance(node, Name | Select):
        return is_type_name(node, names)
    if isinstance(node, ListOf | MapOf):
        return all(id(part) in found for part in parts_of(node))
    if not isinstance(node, Call) or node.target is not None:
        return False
    if node.function == "@in":
        # Nothing is in an empty list, whatever it is.
        return isinstance(node.arguments[1], ListOf) and not node.arguments[1].elements
    return node.function in _CONVERSIONS and len(node.arguments) == 1 and id(node.arguments[0]) in found
