"""kubectl's own dialect of JSONPath: parsed to a tree, walked over decoded JSON.

A template is text with expressions in braces: `{.items[*].metadata.name}`,
`{range .items[*]}{.spec.nodeName}{"\\n"}{end}`. It is neither RFC 9535 nor
anybody else's JSONPath, and also what `--sort-by`, `custom-columns`, `kubectl
wait --for=jsonpath` and the columns of custom resources are made of. Members of
a map are visited in the order of their names, where Go has no order.

Models staging/src/k8s.io/client-go/util/jsonpath and
client-go/third_party/forked/golang/template, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from k8slab.api.go_text import marshal, marshal_indent, sprint, type_name


class JSONPathError(Exception):
    """A template that cannot be parsed, or that does not fit the object; the text is upstream's."""


class Text(NamedTuple):
    """Literal text."""

    text: str


class Field(NamedTuple):
    """`.name`: a member of a map."""

    name: str


class Identifier(NamedTuple):
    """`range` or `end`; any other name is an error once it is reached."""

    name: str


class Literal(NamedTuple):
    """A number or a boolean in a filter."""

    value: int | float | bool


class Wildcard(NamedTuple):
    """`.*`: every member."""


class Recursive(NamedTuple):
    """`..`: the value and everything below it."""


class Bound(NamedTuple):
    """Start, end or step of a slice. A derived end belongs to a single index."""

    value: int
    known: bool
    derived: bool = False


class Array(NamedTuple):
    """`[start:end:step]`."""

    start: Bound
    end: Bound
    step: Bound


class Filter(NamedTuple):
    """`[?(left operator right)]`; the operator is `exists` where there is no comparison."""

    left: tuple[Any, ...]
    right: tuple[Any, ...]
    operator: str


class Union(NamedTuple):
    """`[a,b]`: each of several selections."""

    branches: tuple[tuple[Any, ...], ...]


class Expression(NamedTuple):
    """What stands in one pair of braces."""

    nodes: tuple[Any, ...]


Path = tuple[Text | Expression, ...]

_END = ""
_DICT_KEY = re.compile(r"^'([^']*)'$")
_SLICE = re.compile(r"^(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?$")
_COMPARISON = re.compile(r"^([^!<>=]+)([!<>=]+)(.+?)$", re.DOTALL)
_TERMINATORS = frozenset(" \t\r\n.,[]$@{}")
_INVALID: Any = object()
"""What a range over nothing walks over once, to find its end."""


@lru_cache(maxsize=512)
def parse(text: str) -> Path:
    """The tree of a template. Raises JSONPathError."""
    return tuple(_Parser(text).parse())


class _Parser:
    """A cursor over the template: `start` is where the current token began."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = 0
        self.position = 0

    def parse(self) -> list[Text | Expression]:
        nodes: list[Text | Expression] = []
        while True:
            brace = self.text.find("{", self.position)
            self.position = len(self.text) if brace < 0 else brace
            if self.position > self.start:
                nodes.append(Text(self.consume()))
            if brace < 0:
                return nodes
            self.position += 1
            self.consume()
            nodes.append(Expression(tuple(self.inside())))

    def next(self) -> str:
        """The next character, or the empty string at the end."""
        if self.position >= len(self.text):
            return _END
        self.position += 1
        return self.text[self.position - 1]

    def consume(self) -> str:
        token = self.text[self.start : self.position]
        self.start = self.position
        return token

    def inside(self) -> list[Any]:
        """The nodes up to the closing brace."""
        nodes: list[Any] = []
        while True:
            if self.text.startswith("}", self.position):
                self.position += 1
                self.consume()
                return nodes
            if self.text.startswith("[?(", self.position):
                nodes.append(self.filter())
            elif self.text.startswith("..", self.position):
                self.recursive(nodes)
            else:
                self.token(nodes)

    def token(self, nodes: list[Any]) -> None:
        character = self.next()
        if character in (_END, "\r", "\n"):
            raise JSONPathError("unclosed action")
        if character in " @$":
            self.consume()
        elif character == "[":
            self.array(nodes)
        elif character in "\"'":
            nodes.append(self.quoted(character))
        elif character == ".":
            nodes.append(self.field())
        elif character in "+-" or character.isdecimal():
            self.position -= 1
            nodes.append(self.number())
        elif character == "_" or character.isalpha():
            self.position -= 1
            nodes.append(self.identifier())
        else:
            shown = f" '{character}'" if character.isprintable() else ""
            raise JSONPathError(f"unrecognized character in action: U+{ord(character):04X}{shown}")

    def identifier(self) -> Any:
        while self.position < len(self.text) and self.text[self.position] not in _TERMINATORS:
            self.position += 1
        name = self.consume()
        return Literal(name == "true") if name in ("true", "false") else Identifier(name)

    def recursive(self, nodes: list[Any]) -> None:
        if nodes and isinstance(nodes[-1], Recursive):
            raise JSONPathError("invalid multiple recursive descent")
        self.position += 2
        self.consume()
        nodes.append(Recursive())
        following = self.text[self.position : self.position + 1]
        if following == "_" or following.isalpha() or following.isdecimal():
            nodes.append(self.field())

    def number(self) -> Literal:
        if self.text[self.position] in "+-":
            self.position += 1
        while self.position < len(self.text) and (
            self.text[self.position] == "." or self.text[self.position].isdecimal()
        ):
            self.position += 1
        digits = self.consume()
        for convert in (int, float):
            try:
                return Literal(convert(digits))
            except ValueError:
                continue
        raise JSONPathError(f"cannot parse number {digits}")

    def field(self) -> Any:
        self.consume()
        while self.position < len(self.text):
            if self.text[self.position] == "\\":
                self.position = min(self.position + 2, len(self.text))
            elif self.text[self.position] in _TERMINATORS:
                break
            else:
                self.position += 1
        name = self.consume()
        return Wildcard() if name == "*" else Field(name.replace("\\", ""))

    def array(self, nodes: list[Any]) -> None:
        while True:
            character = self.next()
            if character in (_END, "\n"):
                raise JSONPathError("unterminated array")
            if character == "]":
                break
        selection = self.consume()[1:-1]
        if selection == "*":
            selection = ":"
        branches = selection.split(",")
        key = _DICT_KEY.match(selection)
        if len(branches) > 1:
            nodes.append(Union(tuple(_parse_action(f"[{branch.strip(' ')}]") for branch in branches)))
        elif key is not None:
            nodes.extend(_parse_action(f".{key.group(1)}"))
        else:
            nodes.append(_slice(selection))

    def filter(self) -> Filter:
        self.position += 3
        self.consume()
        begun = ended = False
        pair = ""
        while True:
            character = self.next()
            if character in (_END, "\n"):
                raise JSONPathError("unterminated filter")
            if character in "\"'":
                if not begun:
                    begun, pair = True, character
                elif self.text[self.position - 2] != "\\" and character == pair:
                    ended = True
            elif character == ")" and begun == ended:
                break
        if self.next() != "]":
            raise JSONPathError("unclosed array expect ]")
        condition = self.consume()[:-2]
        match = _COMPARISON.match(condition)
        if match is None:
            return Filter(_parse_action(condition), (), "exists")
        return Filter(_parse_action(match.group(1)), _parse_action(match.group(3)), match.group(2))

    def quoted(self, quotation: str) -> Text:
        while True:
            character = self.next()
            if character in (_END, "\n"):
                raise JSONPathError("unterminated quoted string")
            if character == quotation and self.text[self.position - 2] != "\\":
                break
        literal = self.consume()
        try:
            return Text(unquote(literal))
        except ValueError as error:
            raise JSONPathError(f"unquote string {literal} error {error}") from None


def _parse_action(text: str) -> tuple[Any, ...]:
    """The nodes of an expression without its braces."""
    first = _Parser("{" + text + "}").parse()[0]
    return first.nodes if isinstance(first, Expression) else ()


def _slice(selection: str) -> Array:
    match = _SLICE.match(selection)
    if match is None:
        raise JSONPathError(f"invalid array index {selection}")
    bounds: list[Bound] = []
    for position, text in enumerate(match.groups()):
        if text:
            digits = text[1:] if position else text
            try:
                bounds.append(Bound(int(digits), True) if digits else Bound(0, False))
            except ValueError:
                raise JSONPathError(f"array index {digits} is not a number") from None
        elif position == 1:
            bounds.append(Bound(bounds[0].value + 1, True, True))
        else:
            bounds.append(Bound(0, False))
    return Array(*bounds)


_SIMPLE_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_NUMERIC_ESCAPES = {"x": 2, "u": 4, "U": 8}


def unquote(literal: str) -> str:
    """The text of a literal in double or single quotes. Raises ValueError("invalid syntax")."""
    if len(literal) < 2 or literal[0] != literal[-1] or literal[0] not in "\"'":
        raise ValueError("invalid syntax")
    quotation, body = literal[0], literal[1:-1]
    parts: list[str] = []
    position = 0
    while position < len(body):
        character = body[position]
        if character == quotation:
            raise ValueError("invalid syntax")
        if character != "\\":
            parts.append(character)
            position += 1
            continue
        text, length = _escape(body, position + 1, quotation)
        parts.append(text)
        position += 1 + length
    return "".join(parts)


def _escape(body: str, position: int, quotation: str) -> tuple[str, int]:
    """What an escape stands for, and how many characters after the backslash it takes."""
    name = body[position : position + 1]
    if name in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[name], 1
    if name and name == quotation:
        return name, 1
    if name in _NUMERIC_ESCAPES:
        length = _NUMERIC_ESCAPES[name]
        digits, base = body[position + 1 : position + 1 + length], 16
        total = length + 1
    else:
        length = total = 3
        digits, base = body[position : position + 3], 8
    allowed = "0123456789abcdefABCDEF" if base == 16 else "01234567"
    if len(digits) != length or any(digit not in allowed for digit in digits):
        raise ValueError("invalid syntax")
    code = int(digits, base)
    if code > (255 if base == 8 else 0x10FFFF):
        raise ValueError("invalid syntax")
    return chr(code), total


class _Walk:
    """One evaluation: how deep in ranges it is, and where the last `end` stood."""

    def __init__(self, path: Path, allow_missing_keys: bool) -> None:
        self.path = path
        self.allow_missing_keys = allow_missing_keys
        self.begin = self.inside = self.ends = 0
        self.last_end = -1

    def find(self, data: Any, first: int) -> list[list[Any]]:
        """The results of each part from the given position to the end of its range."""
        found: list[list[Any]] = []
        position = first
        while position < len(self.path):
            results = self.part([data], self.path[position])
            if self.ends > 0 and self.ends <= self.inside:
                self.ends -= 1
                self.last_end = position
                break
            if self.begin > 0:
                self.begin -= 1
                self.inside += 1
                if results:
                    for value in results:
                        found.extend(self.find(value, position + 1))
                else:
                    self.find(_INVALID, position + 1)
                self.inside -= 1
                if self.last_end > position:
                    position = self.last_end
            else:
                found.append(results)
            position += 1
        return found

    def part(self, values: list[Any], node: Text | Expression) -> list[Any]:
        return [node.text] if isinstance(node, Text) else self.nodes(values, node.nodes)

    def nodes(self, values: list[Any], nodes: Sequence[Any]) -> list[Any]:
        for node in nodes:
            values = self.node(values, node)
        return values

    def node(self, values: list[Any], node: Any) -> list[Any]:
        if isinstance(node, Field):
            return self.field(values, node.name)
        if isinstance(node, Text):
            return [node.text]
        if isinstance(node, Literal):
            return [node.value for _ in values]
        if isinstance(node, Array):
            return _elements(values, node)
        if isinstance(node, Filter):
            return self.filter(values, node)
        if isinstance(node, Wildcard):
            return [member for value in values for member in _members(value)]
        if isinstance(node, Recursive):
            return _descend(values)
        if isinstance(node, Union):
            return [value for branch in node.branches for value in self.nodes(values, branch)]
        return self.identifier(values, node.name)

    def identifier(self, values: list[Any], name: str) -> list[Any]:
        if name == "range":
            self.begin += 1
            return values
        if name != "end":
            raise JSONPathError(f"unrecognized identifier {name}")
        if self.inside <= 0:
            raise JSONPathError("not in range, nothing to end")
        self.ends += 1
        return []

    def field(self, values: list[Any], name: str) -> list[Any]:
        if not values:
            return []
        results = [value[name] for value in values if isinstance(value, dict) and name in value]
        if not results and not self.allow_missing_keys:
            raise JSONPathError(f"{name} is not found")
        return results

    def filter(self, values: list[Any], node: Filter) -> list[Any]:
        results: list[Any] = []
        for value in values:
            if not isinstance(value, (list, tuple)):
                shown = "<invalid reflect.Value>" if value is _INVALID else sprint(value)
                raise JSONPathError(f"{shown} is not array or slice and cannot be filtered")
            results.extend(item for item in value if self.passes(item, node))
        return results

    def passes(self, item: Any, node: Filter) -> bool:
        if node.operator == "exists":
            try:
                return bool(self.nodes([item], node.left))
            except JSONPathError:
                return False
        lefts = self.nodes([item], node.left)
        if not lefts:
            return False
        if len(lefts) > 1:
            raise JSONPathError("can only compare one element at a time")
        rights = self.nodes([item], node.right)
        if not rights:
            return False
        if len(rights) > 1:
            raise JSONPathError("can only compare one element at a time")
        return _compare(lefts[0], node.operator, rights[0])


def find(path: Path, data: Any, *, allow_missing_keys: bool = False) -> list[list[Any]]:
    """What each part of the template finds, as a list of values a part. Raises JSONPathError."""
    return _Walk(path, allow_missing_keys).find(data, 0)


def _members(value: Any) -> list[Any]:
    """Every member of a map, element of a list, or byte of a text."""
    if isinstance(value, dict):
        return [value[name] for name in sorted(value)]
    if isinstance(value, (list, tuple)):
        return list(value)
    return list(value.encode()) if isinstance(value, str) else []


def _descend(values: list[Any]) -> list[Any]:
    results: list[Any] = []
    for value in values:
        members = _members(value)
        if members:
            results.append(value)
            if not isinstance(value, str):
                results.extend(_descend(members))
    return results


def _elements(values: list[Any], node: Array) -> list[Any]:
    results: list[Any] = []
    for value in values:
        if value is None:
            continue
        if not isinstance(value, (list, tuple)):
            raise JSONPathError(f"{type_name(value)} is not array or slice")
        length = len(value)
        start = node.start.value if node.start.known else 0
        start += length if start < 0 else 0
        end = node.end.value if node.end.known else length
        end += length if end < 0 or (end == 0 and node.end.derived) else 0
        if start == end:
            return results
        if start >= length or start < 0:
            raise JSONPathError(f"array index out of bounds: index {start}, length {length}")
        if end > length or end < 0:
            raise JSONPathError(f"array index out of bounds: index {end - 1}, length {length}")
        if start > end:
            raise JSONPathError(f"starting index {start} is greater than ending index {end}")
        if node.step.known and node.step.value <= 0:
            raise JSONPathError("step must be > 0")
        results.extend(value[start : end : node.step.value if node.step.known else 1])
    return results


def basic_kind(value: Any) -> str:
    """bool, int, float or string: the kinds that can be compared. Raises JSONPathError for others."""
    for type_, kind in ((bool, "bool"), (int, "int"), (float, "float"), (str, "string")):
        if isinstance(value, type_):
            return kind
    raise JSONPathError("invalid type for comparison")


def _compare(left: Any, operator: str, right: Any) -> bool:
    if operator not in ("==", "!=", "<", "<=", ">", ">="):
        raise JSONPathError(f"unrecognized filter operator {operator}")
    kind = basic_kind(left)
    if kind != basic_kind(right):
        raise JSONPathError("incompatible types for comparison")
    if operator in ("==", "!="):
        return bool((left == right) == (operator == "=="))
    if kind == "bool":
        raise JSONPathError("invalid type for comparison")
    order = int(left > right) - int(left < right)
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


def print_results(results: Sequence[Any], *, as_json: bool = False) -> str:
    """The text of one part's results, with blanks between; as an indented JSON list with `as_json`."""
    if as_json:
        return marshal_indent(list(results)) + "\n"
    return " ".join(_result_text(result) for result in results)


def _result_text(result: Any) -> str:
    if isinstance(result, (dict, list, tuple)):
        return marshal(result)
    return "null" if result is None else sprint(result)


def execute(path: Path, data: Any, *, allow_missing_keys: bool = False, as_json: bool = False) -> str:
    """The text that a template makes of an object. Raises JSONPathError."""
    results = find(path, data, allow_missing_keys=allow_missing_keys)
    return "".join(print_results(part, as_json=as_json) for part in results)
