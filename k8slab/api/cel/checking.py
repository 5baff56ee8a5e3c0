"""Common Expression Language: what type an expression has, before it is evaluated.

Only what is certain is refused. Where a type is not known (what JSON holds
without a schema, what a function of the library gives for several kinds of
arguments) it is `dyn`, which goes with everything, as upstream's does; so an
expression that passes here may still be refused by upstream, and never the
other way round.

Models vendor/github.com/google/cel-go/checker/{checker,types,errors}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from k8slab.api.cel.compiling import full_name, is_macro, is_type_name, parts_of, variables_of
from k8slab.api.cel.formats import NAMES as FORMAT_NAMES
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
)
from k8slab.api.cel.values import CelError, Uint
from k8slab.api.go_regexp import regexp_fault


class Type(NamedTuple):
    """A type: its name; the types of what a list or map holds, or of the fields of an object."""

    name: str
    parameters: tuple[Type, ...] = ()
    fields: Mapping[str, Type] | None = None

    def __str__(self) -> str:
        """The type as the compiler writes it."""
        inner = ", ".join(map(str, self.parameters))
        return f"{self.name}({inner})" if inner else self.name


DYN = Type("dyn")
BOOL, BYTES, DOUBLE, INT, NULL = Type("bool"), Type("bytes"), Type("double"), Type("int"), Type("null")
STRING, UINT, TYPE = Type("string"), Type("uint"), Type("type")
TIMESTAMP, DURATION = Type("timestamp"), Type("duration")
CIDR, IP = Type("net.CIDR"), Type("net.IP")
FORMAT, QUANTITY, SEMVER, URL = (
    Type("kubernetes.NamedFormat"),
    Type("kubernetes.Quantity"),
    Type("kubernetes.Semver"),
    Type("kubernetes.URL"),
)


def list_of(item: Type) -> Type:
    """The type of a list."""
    return Type("list", (item,))


def map_of(key: Type, value: Type) -> Type:
    """The type of a map."""
    return Type("map", (key, value))


def optional_of(value: Type) -> Type:
    """The type of a value that may be absent."""
    return Type("optional_type", (value,))


def type_of(text: str, tree: Node, variables: Mapping[str, Type]) -> Type:
    """The type of a compiled expression. CelError with the compiler's messages where it can have none."""
    return types_of(text, tree, variables)[id(tree)]


def types_of(text: str, tree: Node, variables: Mapping[str, Type]) -> Mapping[int, Type]:
    """The type of each part of a compiled expression, by the part's identity.

    CelError with the compiler's messages where one can have none.
    """
    checker = _Checker()
    checker.of(tree, variables)
    faults = checker.faults or list(_bad_patterns(tree))
    if faults:
        raise CelError("\n".join(fault_text(text, at, said) for at, said in faults))
    return checker.types


def _bad_patterns(node: Node) -> Iterator[tuple[Position, str]]:
    """Patterns that are written out and are none (cel/validator.go: ValidateRegexLiterals)."""
    if isinstance(node, Call) and node.function == "matches" and node.arguments:
        pattern = node.arguments[-1]
        if isinstance(pattern, Literal) and isinstance(pattern.value, str) and regexp_fault(pattern.value):
            yield pattern.at, "invalid matches argument"
    for part in parts_of(node):
        yield from _bad_patterns(part)


# Which types go together.

_NULLABLE = ("optional_type", TIMESTAMP.name, DURATION.name, "null", "type")


def _fits(given: Type, wanted: Type) -> bool:
    """Whether a value of one type may stand where another is wanted."""
    if DYN in (given, wanted):
        return True
    if given == NULL:
        return wanted.fields is not None or wanted.name in _NULLABLE
    if given.fields is not None or wanted.fields is not None:
        return given.fields is not None and wanted.fields is not None
    if given.name == wanted.name == "type":
        return True
    if given.name != wanted.name or len(given.parameters) != len(wanted.parameters):
        return False
    return all(map(_fits, given.parameters, wanted.parameters))


def _alike(left: Type, right: Type) -> bool:
    return _fits(left, right) or _fits(right, left)


def _joined(types: Sequence[Type]) -> Type:
    """The type that all of these have; `dyn` where they differ."""
    first = types[0] if types else DYN
    return first if all(one == first for one in types) else DYN


# Operators.

_ORDERED = ("_<_", "_<=_", "_>_", "_>=_")
_NUMBERS = (INT, UINT, DOUBLE)
_COMPARABLE = (BOOL, *_NUMBERS, STRING, BYTES, TIMESTAMP, DURATION)
_SUMS: dict[str, dict[tuple[Type, Type], Type]] = {
    "_+_": {
        **{(one, one): one for one in (*_NUMBERS, STRING, BYTES, DURATION)},
        (TIMESTAMP, DURATION): TIMESTAMP,
        (DURATION, TIMESTAMP): TIMESTAMP,
    },
    "_-_": {
        **{(one, one): one for one in (*_NUMBERS, DURATION)},
        (TIMESTAMP, DURATION): TIMESTAMP,
        (TIMESTAMP, TIMESTAMP): DURATION,
    },
    "_*_": {(one, one): one for one in _NUMBERS},
    "_/_": {(one, one): one for one in _NUMBERS},
    "_%_": {(one, one): one for one in (INT, UINT)},
}
_SIGNS: dict[str, tuple[Type, ...]] = {"!_": (BOOL,), "-_": (INT, DOUBLE)}

# Functions whose arguments are told apart here; those of all others are `dyn`.

_ON_TEXT: dict[str, tuple[tuple[Type, ...], int, Type]] = {
    "charAt": ((INT,), 1, STRING),
    "endsWith": ((STRING,), 1, BOOL),
    "find": ((STRING,), 1, STRING),
    "findAll": ((STRING, INT), 1, list_of(STRING)),
    "lowerAscii": ((), 0, STRING),
    "matches": ((STRING,), 1, BOOL),
    "replace": ((STRING, STRING, INT), 2, STRING),
    "split": ((STRING, INT), 1, list_of(STRING)),
    "startsWith": ((STRING,), 1, BOOL),
    "substring": ((INT, INT), 1, STRING),
    "trim": ((), 0, STRING),
    "upperAscii": ((), 0, STRING),
}
"""Methods of texts: the types of the arguments, how many of them there must be, and what they give."""
_GIVES: dict[str, Type] = {
    **dict.fromkeys(("getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear"), INT),
    **dict.fromkeys(("getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds"), INT),
    **dict.fromkeys(
        ("compareTo", "indexOf", "lastIndexOf", "prefixLength", "sign", "asInteger", "size"), INT
    ),
    **dict.fromkeys(("contains", "containsCIDR", "containsIP", "hasValue", "isInteger", "isSorted"), BOOL),
    **dict.fromkeys(("isGreaterThan", "isLessThan", "isLoopback", "isUnspecified", "isGlobalUnicast"), BOOL),
    **dict.fromkeys(("isLinkLocalMulticast", "isLinkLocalUnicast"), BOOL),
    **dict.fromkeys(("getEscapedPath", "getHost", "getHostname", "getPort", "getScheme", "join"), STRING),
    **dict.fromkeys(("family",), INT),
    **dict.fromkeys(("bool", "isCIDR", "isIP", "isQuantity", "isURL", "ip.isCanonical"), BOOL),
    **dict.fromkeys(("sets.contains", "sets.equivalent", "sets.intersects"), BOOL),
    **dict.fromkeys(("strings.quote", "string", "jsonpatch.escapeKey"), STRING),
    **dict.fromkeys((f"format.{name}" for name in FORMAT_NAMES), FORMAT),
    **dict.fromkeys(("add", "quantity", "sub"), QUANTITY),
    **dict.fromkeys(("cidr", "masked"), CIDR),
    "asApproximateFloat": DOUBLE,
    "bytes": BYTES,
    "double": DOUBLE,
    "duration": DURATION,
    "format": STRING,
    "format.named": optional_of(FORMAT),
    "getQuery": map_of(STRING, list_of(STRING)),
    "int": INT,
    "ip": IP,
    "isSemver": BOOL,
    "lists.range": list_of(INT),
    "major": INT,
    "minor": INT,
    "optional.none": optional_of(DYN),
    "patch": INT,
    "semver": SEMVER,
    "timestamp": TIMESTAMP,
    "uint": UINT,
    "url": URL,
    "validate": optional_of(list_of(STRING)),
}
"""What other functions and methods give, whatever they are given."""
_SIZED = ("bytes", "list", "map", "string")
_OF_LISTS = ("distinct", "flatten", "reverse", "slice", "sort")
"""Methods that only lists have, and that give lists."""


class _Checker:
    """One check: what was found wrong so far, and the types of the parts."""

    def __init__(self) -> None:
        self.faults: list[tuple[Position, str]] = []
        self.types: dict[int, Type] = {}

    def of(self, node: Node, names: Mapping[str, Type]) -> Type:
        found = self.types[id(node)] = self._of(node, names)
        return found

    def _of(self, node: Node, names: Mapping[str, Type]) -> Type:
        if isinstance(node, Literal):
            return _of_value(node)
        if isinstance(node, Name):
            return names.get(node.name, TYPE)
        if isinstance(node, Select):
            if is_type_name(node, names):
                return TYPE
            return self._field(self.of(node.operand, names), node)
        if isinstance(node, Index):
            return self._index(node, names)
        if isinstance(node, ListOf):
            return list_of(self._alike([one for one, optional in node.elements if not optional], names))
        if isinstance(node, MapOf):
            keys = self._alike([key for key, _, _ in node.entries], names)
            return map_of(
                keys, self._alike([one for _, one, optional in node.entries if not optional], names)
            )
        if isinstance(node, Struct):
            for _, value, _ in node.fields:
                self.of(value, names)
            return DYN
        return self._call(node, names)

    def _alike(self, nodes: Sequence[Node], names: Mapping[str, Type]) -> Type:
        """The type of values that must all have the same."""
        kinds = [self.of(node, names) for node in nodes]
        for node, kind in zip(nodes, kinds, strict=True):
            if not _alike(kinds[0], kind):
                self._wrong(node.at, f"expected type '{kinds[0]}' but found '{kind}'")
        return _joined(kinds)

    def _wrong(self, at: Position, text: str) -> Type:
        self.faults.append((at, text))
        return DYN

    def _field(self, operand: Type, node: Select) -> Type:
        optional = node.optional
        if operand.name == "optional_type":
            operand, optional = operand.parameters[0], True
        if operand.fields is not None:
            if node.field not in operand.fields:
                return self._wrong(node.at, f"undefined field '{node.field}'")
            found = operand.fields[node.field]
        elif operand.name == "map":
            found = operand.parameters[1]
        elif operand == DYN:
            found = DYN
        else:
            return self._wrong(node.at, f"type '{operand}' does not support field selection")
        return optional_of(found) if optional else found

    def _index(self, node: Index, names: Mapping[str, Type]) -> Type:
        operand, key = self.of(node.operand, names), self.of(node.key, names)
        optional = node.optional
        if operand.name == "optional_type":
            operand, optional = operand.parameters[0], True
        if operand.name == "list" and _fits(key, INT):
            found = operand.parameters[0]
        elif operand.name == "map" and _fits(key, operand.parameters[0]):
            found = operand.parameters[1]
        elif operand == DYN:
            found = DYN
        else:
            return self._no_overload(node.at, "_[_]", [operand, key])
        return optional_of(found) if optional else found

    def _no_overload(
        self, at: Position, function: str, types: Sequence[Type], *, method: bool = False
    ) -> Type:
        shown = f"({', '.join(map(str, types))})"
        if method:
            shown = f"{types[0]}.({', '.join(map(str, types[1:]))})"
        return self._wrong(at, f"found no matching overload for '{function}' applied to '{shown}'")

    def _call(self, node: Call, names: Mapping[str, Type]) -> Type:
        if is_macro(node):
            return self._macro(node, names)
        if node.target is None:
            if node.function == "has":
                asked = node.arguments[0]
                # The macro makes a test of the field, which stands where the macro does.
                self.of(asked._replace(at=node.at) if isinstance(asked, Select) else asked, names)
                return BOOL
            given = [self.of(one, names) for one in node.arguments]
            return self._function(node, given)
        qualified = f"{full_name(node.target)}.{node.function}"
        if isinstance(node.target, Name) and node.target.name not in names:
            given = [self.of(one, names) for one in node.arguments]
            if qualified.startswith("sets.") and len(given) == 2 and not _alike(*given):
                return self._no_overload(node.at, qualified, given)
            if qualified in ("optional.of", "optional.ofNonZeroValue"):
                return optional_of(_joined(given))
            return _GIVES.get(qualified, DYN)
        target = self.of(node.target, names)
        if node.function == "format":
            return self._method(node, [target, *(self._mixed(one, names) for one in node.arguments)])
        return self._method(node, [target, *(self.of(one, names) for one in node.arguments)])

    def _mixed(self, node: Node, names: Mapping[str, Type]) -> Type:
        """The type of a list, if it is one, whose elements may have different types."""
        if not isinstance(node, ListOf):
            return self.of(node, names)
        found = self.types[id(node)] = list_of(_joined([self.of(one, names) for one, _ in node.elements]))
        return found

    def _function(self, node: Call, given: list[Type]) -> Type:
        name = node.function
        if name in ("_&&_", "_||_"):
            for one, kind in zip(node.arguments, given, strict=True):
                self._must_be_bool(one, kind)
            return BOOL
        if name in ("_==_", "_!=_"):
            return BOOL if _alike(*given) else self._no_overload(node.at, name, given)
        if name in _ORDERED:
            return BOOL if _is_ordered(*given) else self._no_overload(node.at, name, given)
        if name in _SUMS:
            return self._sum(node, given)
        if name in _SIGNS:
            fits = any(_fits(given[0], one) for one in _SIGNS[name])
            return given[0] if fits else self._no_overload(node.at, name, given)
        if name == "@in":
            return self._in(node, given)
        if name == "_?_:_":
            if not _fits(given[0], BOOL) or not _alike(given[1], given[2]):
                return self._no_overload(node.at, name, given)
            return _joined(given[1:])
        if name == "size" and len(given) == 1 and given[0] != DYN and given[0].name not in _SIZED:
            return self._no_overload(node.at, name, given)
        if name == "type":
            return Type("type", (given[0],))
        return _GIVES.get(name, DYN)

    def _must_be_bool(self, node: Node, kind: Type) -> None:
        if not _fits(kind, BOOL):
            self._wrong(node.at, f"expected type 'bool' but found '{kind}'")

    def _sum(self, node: Call, given: list[Type]) -> Type:
        left, right = given
        if DYN in given:
            return DYN
        if node.function == "_+_" and left.name == right.name == "list" and _alike(left, right):
            return left if left == right else list_of(DYN)
        found = _SUMS[node.function].get((left, right))
        return found if found is not None else self._no_overload(node.at, node.function, given)

    def _in(self, node: Call, given: list[Type]) -> Type:
        value, container = given
        held = container.parameters[0] if container.name in ("list", "map") else DYN
        if (container == DYN or container.name in ("list", "map")) and _alike(value, held):
            return BOOL
        return self._no_overload(node.at, "@in", given)

    def _method(self, node: Call, given: list[Type]) -> Type:
        name, target, arguments = node.function, given[0], given[1:]
        if name in _ON_TEXT and target != DYN:
            wanted, least, result = _ON_TEXT[name]
            count = least <= len(arguments) <= len(wanted)
            if target != STRING or not count or not all(map(_fits, arguments, wanted)):
                return self._no_overload(node.at, name, given, method=True)
            return result
        if name == "size" and target != DYN and target.name not in _SIZED:
            return self._no_overload(node.at, name, given, method=True)
        if name == "orValue" and target.name == "optional_type" and arguments:
            if not _alike(target.parameters[0], arguments[0]):
                return self._no_overload(node.at, name, given, method=True)
            return target.parameters[0]
        if name == "value" and target.name == "optional_type":
            return target.parameters[0]
        if target.name == "list":
            return self._of_list(node, given)
        if name == "or" and target.name == "optional_type":
            return target
        if name in _OF_LISTS and target != DYN:
            return self._no_overload(node.at, name, given, method=True)
        return _GIVES.get(name, DYN)

    def _of_list(self, node: Call, given: list[Type]) -> Type:
        """What a method of a list gives, by what the list holds."""
        name, held, arguments = node.function, given[0].parameters[0], given[1:]
        known = held != DYN
        summed = (*_NUMBERS, DURATION)
        bad = (
            (name == "sum" and known and held not in summed)
            or (name in ("max", "min", "isSorted", "sort") and known and held not in _COMPARABLE)
            or (name == "join" and not all(_fits(one, STRING) for one in (held, *arguments)))
            or (name in ("indexOf", "lastIndexOf") and not all(_alike(held, one) for one in arguments))
            or (name == "flatten" and known and held.name != "list")
        )
        if bad:
            return self._no_overload(node.at, name, given, method=True)
        if name in ("sum", "max", "min"):
            return held
        if name in _OF_LISTS:
            return list_of(DYN) if name == "flatten" else given[0]
        return _GIVES.get(name, DYN)

    def _macro(self, node: Call, names: Mapping[str, Type]) -> Type:
        assert node.target is not None, "a macro is called on something"
        target, count = self.of(node.target, names), variables_of(node)
        if node.function.startswith("opt"):
            value = target.parameters[0] if target.name == "optional_type" else DYN
            found = self.of(node.arguments[1], {**names, _name_of(node.arguments[0]): value})
            return found if node.function == "optFlatMap" else optional_of(found)
        held = _held(target, count)
        if held is None:
            said = f"expression of type '{target}' cannot be range of a comprehension"
            self._wrong(node.target.at, f"{said} (must be list, map, or dynamic)")
            held = (DYN,) * count
        bound = dict(zip(map(_name_of, node.arguments), held, strict=False))
        inner = {**names, **bound}
        kinds = [self.of(one, inner) for one in node.arguments[count:]]
        if node.function in ("all", "exists", "exists_one", "existsOne"):
            if node.function in ("all", "exists"):
                self._must_be_bool(node.arguments[-1], kinds[-1])
            return BOOL
        if node.function == "filter":
            if not _fits(kinds[-1], BOOL):
                found = list_of(held[0])
                return self._no_overload(node.at, "_?_:_", [kinds[-1], found, found])
            return list_of(held[0])
        if node.function == "sortBy":
            return target
        if node.function == "transformMap":
            return map_of(held[0], kinds[-1])
        if node.function == "transformMapEntry":
            return kinds[-1]
        return list_of(kinds[-1])


def _of_value(node: Literal) -> Type:
    value = node.value
    if value is None:
        return NULL
    kinds: tuple[tuple[type, Type], ...] = (
        (bool, BOOL),
        (Uint, UINT),
        (int, INT),
        (float, DOUBLE),
        (str, STRING),
        (bytes, BYTES),
    )
    return next((kind for python, kind in kinds if isinstance(value, python)), DYN)


def _is_ordered(left: Type, right: Type) -> bool:
    """Whether two types can be compared; numbers of all kinds can."""
    if DYN in (left, right):
        return all(one == DYN or one in _COMPARABLE for one in (left, right))
    return (left == right and left in _COMPARABLE) or (left in _NUMBERS and right in _NUMBERS)


def _held(target: Type, count: int) -> tuple[Type, ...] | None:
    """The types of a macro's variables over a value; None where there is nothing to go over."""
    if target == DYN:
        return (DYN,) * count
    if target.name == "list":
        return (target.parameters[0],) if count == 1 else (INT, target.parameters[0])
    if target.name == "map":
        return target.parameters[:count]
    return None


def _name_of(node: Node) -> str:
    return node.name if isinstance(node, Name) else ""
