"""Common Expression Language: from text to a tree.

Models vendor/cel.dev/expr and vendor/github.com/google/cel-go/parser
(gen/CEL.g4, parser.go, unescape.go), v1.36.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from k8slab.api.cel.values import CelError, Uint


class Position(NamedTuple):
    """Where something stands: its line from 1, its column from 0."""

    line: int
    column: int


class Literal(NamedTuple):
    """A value that is written down."""

    value: Any
    at: Position


class Name(NamedTuple):
    """A variable."""

    name: str
    at: Position


class Select(NamedTuple):
    """`operand.field`; with `optional` it is `operand.?field`."""

    operand: Node
    field: str
    optional: bool
    at: Position


class Index(NamedTuple):
    """`operand[key]`; with `optional` it is `operand[?key]`."""

    operand: Node
    key: Node
    optional: bool
    at: Position


class Call(NamedTuple):
    """A function, a method (`target` is set), or an operator by its sign, e.g. `_+_`.

    It stands where its opening bracket or its sign does.
    """

    function: str
    target: Node | None
    arguments: tuple[Node, ...]
    at: Position


class ListOf(NamedTuple):
    """`[a, ?b]`: the elements, each with whether it is optional."""

    elements: tuple[tuple[Node, bool], ...]
    at: Position


class MapOf(NamedTuple):
    """`{a: b, ?c: d}`: the entries, each with whether it is optional."""

    entries: tuple[tuple[Node, Node, bool], ...]
    at: Position


class Struct(NamedTuple):
    """`Object.spec{replicas: 3}`: the type's name and its fields."""

    name: str
    fields: tuple[tuple[str, Node, bool], ...]
    at: Position


Node = Literal | Name | Select | Index | Call | ListOf | MapOf | Struct


class CelSyntaxError(CelError):
    """An expression that can't be read; the text is the compiler's, with the line and a mark below it."""


def fault_text(text: str, at: Position, message: str) -> str:
    """A compiler's message with the line that it is about."""
    line = text.split("\n")[at.line - 1] if text else ""
    mark = "." * at.column + "^"
    return f"ERROR: <input>:{at.line}:{at.column + 1}: {message}\n | {line}\n | {mark}"


# Tokens.


class _Token(NamedTuple):
    kind: str
    text: str
    at: Position
    value: Any = None


_STRING = (
    r"[rR]?(?:'''(?:[^\\]|\\.)*?'''"
    + r'|"""(?:[^\\]|\\.)*?"""'
    + r"|'(?:[^\\'\n]|\\.)*'"
    + r'|"(?:[^\\"\n]|\\.)*")'
)
_RAW_STRING = r"[rR](?:'''.*?'''" + r'|""".*?"""' + r"|'[^'\n]*'" + r'|"[^"\n]*")'
_TOKENS = re.compile(
    "|".join(
        (
            r"(?P<space>[\t \r\n\f]+|//[^\n]*)",
            r"(?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)",
            r"(?P<uint>(?:0[xX][0-9a-fA-F]+|\d+)[uU])",
            r"(?P<int>0[xX][0-9a-fA-F]+|\d+)",
            rf"(?P<bytes>[bB](?:{_RAW_STRING}|{_STRING})|[rR][bB]{_STRING})",
            rf"(?P<string>{_RAW_STRING}|{_STRING})",
            r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)",
            r"(?P<quoted>`[A-Za-z0-9_.\-/ ]+`)",
            r"(?P<sign>\|\||&&|==|!=|<=|>=|[-+*/%!<>?:.,()\[\]{}=])",
        )
    ),
    re.DOTALL,
)
_RESERVED_WORDS = (
    *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop"),
    *("package", "namespace", "return", "var", "void", "while"),
)
_EXPECTED = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, "
    "IDENTIFIER}"
)


def _positions(text: str) -> list[int]:
    """Where each line starts."""
    return [0, *(found.end() for found in re.finditer("\n", text))]


def _tokens(text: str) -> list[_Token]:
    starts = _positions(text)
    line = 1
    found: list[_Token] = []
    place = 0
    while place < len(text):
        while line < len(starts) and starts[line] <= place:
            line += 1
        at = Position(line, place - starts[line - 1])
        match = _TOKENS.match(text, place)
        if match is None:
            raise _syntax(text, at, f"token recognition error at: '{text[place]}'")
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(_token(text, kind, match.group(), at))
        place = match.end()
    while line < len(starts):
        line += 1
    found.append(_Token("end", "<EOF>", Position(line, len(text) - starts[line - 1])))
    return found


def _syntax(text: str, at: Position, message: str) -> CelSyntaxError:
    return CelSyntaxError(fault_text(text, at, f"Syntax error: {message}"))


def _token(text: str, kind: str, word: str, at: Position) -> _Token:
    if kind == "int":
        return _Token(kind, word, at, int(word, 0) if word[:2].lower() == "0x" else int(word))
    if kind == "uint":
        digits = word[:-1]
        return _Token(kind, word, at, Uint(int(digits, 0) if digits[:2].lower() == "0x" else int(digits)))
    if kind == "float":
        return _Token(kind, word, at, float(word))
    if kind in ("string", "bytes"):
        return _Token(kind, word, at, _unquoted(text, word, at, is_bytes=kind == "bytes"))
    if kind == "quoted":
        return _Token(kind, word, at, word[1:-1])
    return _Token(kind, word, at)


_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "`": "`",
    "?": "?",
}
_ESCAPE = re.compile(
    r"\\(?:([xX])([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL
)


def _unquoted(text: str, word: str, at: Position, *, is_bytes: bool) -> str | bytes:
    prefix = re.match("[rRbB]*", word)
    head = prefix.group() if prefix is not None else ""
    body = word[len(head) :]
    body = body[3:-3] if body[:3] in ("'''", '"""') else body[1:-1]
    if "r" in head.lower():
        return body.encode() if is_bytes else body
    parts: list[bytes] = []
    place = 0
    for match in _ESCAPE.finditer(body):
        parts.append(body[place : match.start()].encode())
        place = match.end()
        number = match.group(2) or match.group(3) or match.group(4)
        if number is not None or match.group(5) is not None:
            code = int(number, 16) if number is not None else int(match.group(5), 8)
            narrow = match.group(2) is not None or match.group(5) is not None
            parts.append(bytes([code]) if is_bytes and narrow else chr(code).encode())
        elif match.group(6) in _ESCAPES:
            parts.append(_ESCAPES[match.group(6)].encode())
        else:
            raise _syntax(text, at, f"token recognition error at: '{match.group()}'")
    parts.append(body[place:].encode())
    joined = b"".join(parts)
    return joined if is_bytes else joined.decode()


# The grammar.


def parse(text: str) -> Node:
    """The tree of an expression. CelSyntaxError where it has none."""
    reader = _Reader(text, _tokens(text))
    try:
        node = reader.expression()
    except RecursionError:
        raise _syntax(text, Position(1, 0), _TOO_DEEP) from None
    if reader.next.kind != "end":
        raise reader.unexpected("<EOF>")
    return node


_RELATIONS = ("<", "<=", ">", ">=", "==", "!=")
_DEEPEST = 250
_TOO_DEEP = f"expression recursion limit exceeded: {_DEEPEST}"


class _Reader:
    """The place in the tokens that reading has come to."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.place = 0
        self.depth = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.place]

    def take(self) -> _Token:
        token = self.tokens[self.place]
        self.place += 1
        return token

    def have(self, *signs: str) -> _Token | None:
        """The next token, taken, where it is one of these signs or the word `in`."""
        token = self.next
        if token.text in signs and token.kind in ("sign", "name"):
            return self.take()
        return None

    def need(self, sign: str) -> _Token:
        found = self.have(sign)
        if found is None:
            raise self.unexpected(f"'{sign}'")
        return found

    def unexpected(self, wanted: str) -> CelSyntaxError:
        token = self.next
        return _syntax(self.text, token.at, f"mismatched input '{token.text}' expecting {wanted}")

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _syntax(self.text, self.next.at, _TOO_DEEP)
        condition = self.alternatives()
        if found := self.have("?"):
            first = self.alternatives()
            self.need(":")
            condition = Call("_?_:_", None, (condition, first, self.expression()), found.at)
        self.depth -= 1
        return condition

    def alternatives(self) -> Node:
        left = self.conjunction()
        while found := self.have("||"):
            left = Call("_||_", None, (left, self.conjunction()), found.at)
        return left

    def conjunction(self) -> Node:
        left = self.relation()
        while found := self.have("&&"):
            left = Call("_&&_", None, (left, self.relation()), found.at)
        return left

    def relation(self) -> Node:
        left = self.sum()
        while found := self.have(*_RELATIONS, "in"):
            name = "@in" if found.text == "in" else f"_{found.text}_"
            left = Call(name, None, (left, self.sum()), found.at)
        return left

    def sum(self) -> Node:
        left = self.product()
        while found := self.have("+", "-"):
            left = Call(f"_{found.text}_", None, (left, self.product()), found.at)
        return left

    def product(self) -> Node:
        left = self.unary()
        while found := self.have("*", "/", "%"):
            left = Call(f"_{found.text}_", None, (left, self.unary()), found.at)
        return left

    def unary(self) -> Node:
        signs: list[_Token] = []
        while found := self.have("!" if not signs else signs[0].text, *(() if signs else ("-",))):
            signs.append(found)
        if len(signs) > _DEEPEST:
            raise _syntax(self.text, signs[0].at, _TOO_DEEP)
        if signs and signs[-1].text == "-" and self.next.kind in ("int", "float"):
            token = self.tokens[self.place]
            self.tokens[self.place] = token._replace(value=-token.value)
            signs.pop()
        node = self.member()
        for sign in reversed(signs):
            node = Call(f"{sign.text}_", None, (node,), sign.at)
        return node

    def member(self) -> Node:
        node = self.primary()
        while True:
            if found := self.have("."):
                optional = self.have("?") is not None
                name = self.field()
                if not optional and (opening := self.have("(")):
                    node = Call(name, node, self.rest(")"), opening.at)
                else:
                    node = Select(node, name, optional, found.at)
            elif found := self.have("["):
                optional = self.have("?") is not None
                index = self.expression()
                self.need("]")
                node = Index(node, index, optional, found.at)
            elif self.next.text == "{" and (name := _type_name(node)):
                at = self.take().at
                node = Struct(name, self.fields(), at)
            else:
                return node

    def field(self) -> str:
        token = self.next
        if token.kind == "quoted":
            return str(self.take().value)
        if token.kind != "name" or token.text in ("in", "true", "false", "null"):
            raise self.unexpected("IDENTIFIER")
        return self.take().text

    def rest(self, end: str) -> tuple[Node, ...]:
        """Arguments up to a closing sign."""
        found: list[Node] = []
        while self.have(end) is None:
            if found:
                self.need(",")
            found.append(self.expression())
        return tuple(found)

    def fields(self) -> tuple[tuple[str, Node, bool], ...]:
        found: list[tuple[str, Node, bool]] = []
        while self.have("}") is None:
            if found:
                self.need(",")
                if self.have("}"):
                    break
            optional = self.have("?") is not None
            name = self.field()
            self.need(":")
            found.append((name, self.expression(), optional))
        return tuple(found)

    def primary(self) -> Node:
        token = self.next
        if token.kind in ("int", "uint", "float", "string", "bytes"):
            self.take()
            return self.number(token) if token.kind in ("int", "uint") else Literal(token.value, token.at)
        if token.kind == "name":
            return self.named()
        if self.have("."):
            return self.named()
        if self.have("("):
            node = self.expression()
            self.need(")")
            return node
        if self.have("["):
            return self.listed(token.at)
        if self.have("{"):
            return self.mapped(token.at)
        raise self.unexpected(_EXPECTED)

    def number(self, token: _Token) -> Node:
        value = token.value
        if isinstance(value, Uint) and value >= 1 << 64:
            raise CelSyntaxError(fault_text(self.text, token.at, "invalid uint literal"))
        if not isinstance(value, Uint) and not -(1 << 63) <= value < 1 << 63:
            raise CelSyntaxError(fault_text(self.text, token.at, "invalid int literal"))
        return Literal(value, token.at)

    def named(self) -> Node:
        token = self.next
        if token.kind != "name" or token.text == "in":
            raise self.unexpected(_EXPECTED)
        self.take()
        if token.text in ("true", "false", "null"):
            return Literal({"true": True, "false": False, "null": None}[token.text], token.at)
        if token.text in _RESERVED_WORDS:
            raise CelSyntaxError(fault_text(self.text, token.at, f"reserved identifier: {token.text}"))
        if opening := self.have("("):
            return Call(token.text, None, self.rest(")"), opening.at)
        return Name(token.text, token.at)

    def listed(self, at: Position) -> Node:
        found: list[tuple[Node, bool]] = []
        while self.have("]") is None:
            if found:
                self.need(",")
                if self.have("]"):
                    break
            optional = self.have("?") is not None
            found.append((self.expression(), optional))
        return ListOf(tuple(found), at)

    def mapped(self, at: Position) -> Node:
        found: list[tuple[Node, Node, bool]] = []
        while self.have("}") is None:
            if found:
                self.need(",")
                if self.have("}"):
                    break
            optional = self.have("?") is not None
            key = self.expression()
            self.need(":")
            found.append((key, self.expression(), optional))
        return MapOf(tuple(found), at)


def _type_name(node: Node) -> str:
    """The dotted name that a node spells, as before a struct's brace; empty for any other node."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Select) and not node.optional:
        head = _type_name(node.operand)
        return f"{head}.{node.field}" if head else ""
    return ""
