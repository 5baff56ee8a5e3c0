"""Go's text/template: from the text of a template to its tree.

Models text/template/parse of Go, as kubectl's `-o go-template` uses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from k8slab.api.go_text import quote
from k8slab.api.jsonpath import unquote

NAME = "output"
"""The name that kubectl gives to every template."""


class TemplateError(Exception):
    """A template that cannot be parsed or executed; the text is Go's."""


class Int(int):
    """A constant or a length: an `int`, where numbers from JSON are `int64`."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the tree: its kind, where it stands, and what it is made of.

    text     `value` is the text
    action   `parts` is (pipe,)
    if, with, range   `parts` is (pipe, then, otherwise)
    template `value` is the name, `parts` is (pipe or None,)
    pipe     `value` is (is_assignment, variables), `parts` are commands
    command  `parts` are operands
    field, variable   `value` is a tuple of names
    chain    `value` is a tuple of names, `parts` is (operand,)
    identifier, bool, number, string, dot, nil, break, continue
    """

    kind: str
    position: int
    value: Any = None
    parts: tuple[Any, ...] = ()
    source: str = ""

    def __str__(self) -> str:
        """The node as Go writes it in errors."""
        if self.kind == "field":
            return "".join(f".{name}" for name in self.value)
        if self.kind == "variable":
            return ".".join(self.value)
        if self.kind == "chain":
            inner = self.parts[0]
            text = f"({inner})" if inner.kind == "pipe" else str(inner)
            return text + "".join(f".{name}" for name in self.value)
        if self.kind == "command":
            return " ".join(f"({part})" if part.kind == "pipe" else str(part) for part in self.parts)
        if self.kind == "pipe":
            is_assignment, variables = self.value
            names = ", ".join(f"${name[1:]}" for name in variables)
            declared = f"{names} {'=' if is_assignment else ':='} " if variables else ""
            return declared + " | ".join(str(part) for part in self.parts)
        if self.kind == "action":
            return f"{{{{{self.parts[0]}}}}}"
        if self.kind == "template":
            pipe = f" {self.parts[0]}" if self.parts[0] is not None else ""
            return f"{{{{template {quote(self.value)}{pipe}}}}}"
        return self.source


class Token(NamedTuple):
    """A piece of the text. Kinds are those of Go's lexer."""

    kind: str
    position: int
    text: str
    line: int

    def __str__(self) -> str:
        """The token as Go writes it in errors."""
        if self.kind == "EOF":
            return "EOF"
        if self.kind == "error":
            return self.text
        if self.kind in _KEYWORDS:
            return f"<{self.text}>"
        return f"{quote(self.text[:10])}..." if len(self.text) > 10 else quote(self.text)


_KEYWORDS = frozenset(
    ("block", "break", "continue", "define", "dot", "else", "end", "if", "nil", "range", "template", "with")
)
_SPACE = " \t\r\n"
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]+(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]+)?|0[oO][0-7_]+|0[bB][01_]+"
    r"|[0-9_]+(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]+)?|\.[0-9_]+(?:[eE][+-]?[0-9_]+)?|\.?)i?"
)
_SINGLE = {"(": "left paren", ")": "right paren", "|": "pipe", ",": "char", "=": "assign"}


class _Lexer:
    """Cuts a template into tokens. An error is a last token of the kind `error`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.position = 0
        self.parens = 0

    def run(self) -> list[Token]:
        try:
            while self.position < len(self.text):
                self.literal()
            self.emit("EOF", "")
        except TemplateError as error:
            self.tokens.append(Token("error", self.position, str(error), self.line(self.position)))
        return self.tokens

    def line(self, position: int) -> int:
        return 1 + self.text.count("\n", 0, position)

    def emit(self, kind: str, text: str) -> None:
        self.tokens.append(Token(kind, self.position, text, self.line(self.position)))
        self.position += len(text)

    def literal(self) -> None:
        """Text up to the next action, and the action's opening."""
        start = self.text.find("{{", self.position)
        end = len(self.text) if start < 0 else start
        text = self.text[self.position : end]
        trims = (
            start >= 0 and self.text.startswith("{{-", start) and self.text[start + 3 : start + 4] in _SPACE
        )
        trims = trims and start + 3 < len(self.text)
        shown = text.rstrip(_SPACE) if trims else text
        if shown:
            self.emit("text", shown)
        self.position = end
        if start < 0:
            return
        after = start + 2 + (2 if trims else 0)
        if self.text.startswith("/*", after):
            self.comment(after)
            return
        self.emit("left delim", "{{")
        self.position = start + 2 + (1 if trims else 0)
        self.parens = 0
        self.action()

    def comment(self, after: int) -> None:
        end = self.text.find("*/", after)
        if end < 0:
            raise TemplateError("unclosed comment")
        self.position = end + 2
        if not self.close():
            raise TemplateError("comment ends before closing delimiter")

    def close(self) -> bool:
        """Passes the closing delimiter, and the blanks behind it where it trims them."""
        trims = self.text[self.position : self.position + 1] in _SPACE and self.text.startswith(
            "-}}", self.position + 1
        )
        if trims and self.position + 1 < len(self.text):
            self.position += 4
            while self.position < len(self.text) and self.text[self.position] in _SPACE:
                self.position += 1
            return True
        if self.text.startswith("}}", self.position):
            self.position += 2
            return True
        return False

    def action(self) -> None:
        """The tokens up to the closing delimiter."""
        while True:
            start = self.position
            if self.close():
                if self.parens:
                    raise TemplateError("unclosed left paren")
                self.tokens.append(Token("right delim", start, "}}", self.line(start)))
                return
            if start >= len(self.text):
                raise TemplateError("unclosed action")
            self.inside(self.text[start])

    def inside(self, character: str) -> None:
        start = self.position
        following = self.text[start + 1 : start + 2]
        if character in _SPACE:
            end = start
            while end < len(self.text) and self.text[end] in _SPACE and not self.trims_at(end):
                end += 1
            self.emit("space", self.text[start:end])
        elif character == ":":
            if following != "=":
                raise TemplateError("expected :=")
            self.emit("declare", ":=")
        elif character in _SINGLE:
            self.parens += (character == "(") - (character == ")")
            if self.parens < 0:
                raise TemplateError("unexpected right paren")
            self.emit(_SINGLE[character], character)
        elif character in "\"`'":
            self.quoted(character)
        elif character in ".$":
            self.field_or_variable(character, following)
        elif character in "+-" or character.isdecimal():
            self.number()
        elif character == "_" or character.isalpha():
            self.identifier()
        elif character.isascii() and character.isprintable():
            self.emit("char", character)
        else:
            raise TemplateError(f"unrecognized character in action: {_unicode(character)}")

    def trims_at(self, position: int) -> bool:
        return self.text.startswith("-}}", position + 1)

    def quoted(self, quotation: str) -> None:
        names = {'"': "quoted string", "`": "raw quoted string", "'": "character constant"}
        kinds = {'"': "string", "`": "string", "'": "char constant"}
        position = self.position + 1
        while position < len(self.text) and self.text[position] != quotation:
            if self.text[position] == "\n" and quotation != "`":
                break
            position += 2 if self.text[position] == "\\" and quotation != "`" else 1
        if position >= len(self.text) or self.text[position] != quotation:
            raise TemplateError(f"unterminated {names[quotation]}")
        self.emit(kinds[quotation], self.text[self.position : position + 1])

    def field_or_variable(self, character: str, following: str) -> None:
        if character == "." and following.isdecimal():
            self.number()
            return
        end = self.position + 1
        while end < len(self.text) and (self.text[end] == "_" or self.text[end].isalnum()):
            end += 1
        self.check_terminator(end)
        text = self.text[self.position : end]
        self.emit("dot" if text == "." else "field" if character == "." else "variable", text)

    def identifier(self) -> None:
        end = self.position
        while end < len(self.text) and (self.text[end] == "_" or self.text[end].isalnum()):
            end += 1
        self.check_terminator(end)
        word = self.text[self.position : end]
        kind = (
            word
            if word in _KEYWORDS and word != "dot"
            else "bool"
            if word in ("true", "false")
            else "identifier"
        )
        self.emit(kind, word)

    def check_terminator(self, end: int) -> None:
        following = self.text[end : end + 1]
        if following and following not in " \t\r\n.,|:)(" and not self.text.startswith("}}", end):
            raise TemplateError(f"bad character {_unicode(following)}")

    def number(self) -> None:
        match = _NUMBER.match(self.text, self.position)
        text = match.group() if match else ""
        end = self.position + len(text)
        following = self.text[end : end + 1]
        if not text or following == "_" or following.isalnum():
            raise TemplateError(f"bad number syntax: {quote(self.text[self.position : end + 1])}")
        self.emit("number", text)


def _unicode(character: str) -> str:
    shown = f" '{character}'" if character.isprintable() else ""
    return f"U+{ord(character):04X}{shown}"


@dataclass(slots=True)
class _Parser:
    """A cursor over the tokens, with the variables in scope and the templates defined so far."""

    text: str
    tokens: list[Token]
    functions: frozenset[str]
    index: int = 0
    variables: list[str] = field(default_factory=lambda: ["$"])
    defined: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    range_depth: int = 0

    def error(self, message: str) -> TemplateError:
        line = self.tokens[min(max(self.index - 1, 0), len(self.tokens) - 1)].line
        return TemplateError(f"template: {NAME}:{line}: {message}")

    def unexpected(self, token: Token, context: str) -> TemplateError:
        return self.error(token.text if token.kind == "error" else f"unexpected {token} in {context}")

    def next(self) -> Token:
        token = self.tokens[min(self.index, len(self.tokens) - 1)]
        self.index += 1
        return token

    def peek(self) -> Token:
        return self.tokens[min(self.index, len(self.tokens) - 1)]

    def next_non_space(self) -> Token:
        while self.peek().kind == "space":
            self.index += 1
        return self.next()

    def peek_non_space(self) -> Token:
        while self.peek().kind == "space":
            self.index += 1
        return self.peek()

    def expect(self, kind: str, context: str) -> Token:
        token = self.next_non_space()
        if token.kind != kind:
            raise self.unexpected(token, context)
        return token

    def whole(self) -> tuple[Node, ...]:
        """The top of the template, where others may be defined."""
        nodes: list[Node] = []
        while self.peek().kind != "EOF":
            start = self.index
            if self.peek().kind == "left delim":
                self.next()
                if self.next_non_space().kind == "define":
                    self.definition()
                    continue
                self.index = start
            node = self.text_or_action()
            if node.kind in ("end", "else"):
                raise self.error(f"unexpected {node.source}")
            nodes.append(node)
        return tuple(nodes)

    def definition(self) -> None:
        name = self.expect("string", "define clause")
        self.expect("right delim", "define clause")
        self.defined[_string(self, name)] = self.fresh_list()

    def fresh_list(self) -> tuple[Node, ...]:
        """The body of a definition, where none of the outer variables is known."""
        outer, self.variables = self.variables, ["$"]
        body, end = self.item_list()
        if end.kind != "end":
            raise self.error(f"unexpected {end.source} in define clause")
        self.variables = outer
        return body

    def item_list(self) -> tuple[tuple[Node, ...], Node]:
        """Nodes up to `end` or `else`, and that node."""
        nodes: list[Node] = []
        while self.peek_non_space().kind != "EOF":
            node = self.text_or_action()
            if node.kind in ("end", "else"):
                return tuple(nodes), node
            nodes.append(node)
        self.next()
        raise self.error("unexpected EOF")

    def text_or_action(self) -> Node:
        token = self.next_non_space()
        if token.kind == "text":
            return Node("text", token.position, token.text, source=quote(token.text))
        if token.kind == "left delim":
            return self.action()
        raise self.unexpected(token, "input")

    def action(self) -> Node:
        token = self.next_non_space()
        if token.kind in ("if", "range", "with"):
            return self.control(token.kind)
        if token.kind == "block":
            return self.block()
        if token.kind in ("break", "continue"):
            return self.loop_jump(token)
        if token.kind == "else":
            return self.otherwise(token)
        if token.kind == "end":
            self.expect("right delim", "end")
            return Node("end", token.position, source="{{end}}")
        if token.kind == "template":
            return self.template()
        self.index -= 1
        position = self.peek_non_space().position
        pipe = self.pipeline("command", "right delim")
        return Node("action", position, parts=(pipe,))

    def loop_jump(self, token: Token) -> Node:
        following = self.next_non_space()
        if following.kind != "right delim":
            raise self.unexpected(following, f"{{{{{token.kind}}}}}")
        if self.range_depth == 0:
            raise self.error(f"{{{{{token.kind}}}}} outside {{{{range}}}}")
        return Node(token.kind, token.position, source=f"{{{{{token.kind}}}}}")

    def otherwise(self, token: Token) -> Node:
        following = self.peek_non_space()
        if following.kind in ("if", "with"):
            return Node("else", following.position, following.kind, source="{{else}}")
        self.expect("right delim", "else")
        return Node("else", token.position, source="{{else}}")

    def control(self, kind: str) -> Node:
        """`if`, `with` or `range` with its branches; `else if` nests."""
        outer = len(self.variables)
        pipe = self.pipeline(kind, "right delim")
        self.range_depth += kind == "range"
        then, end = self.item_list()
        self.range_depth -= kind == "range"
        otherwise: tuple[Node, ...] = ()
        if end.kind == "else" and end.value is not None and end.value == kind:
            self.next_non_space()
            otherwise = (self.control(kind),)
        elif end.kind == "else" and end.value is not None:
            self.next_non_space()
            raise self.unexpected(self.tokens[self.index - 1], "input")
        elif end.kind == "else":
            otherwise, end = self.item_list()
            if end.kind != "end":
                raise self.error(f"expected end; found {end.source}")
        del self.variables[outer:]
        return Node(kind, pipe.position, parts=(pipe, then, otherwise))

    def block(self) -> Node:
        token = self.next_non_space()
        name = self.template_name(token, "block clause")
        pipe = self.pipeline("block clause", "right delim")
        self.defined[name] = self.fresh_list()
        return Node("template", token.position, name, (pipe,))

    def template(self) -> Node:
        token = self.next_non_space()
        name = self.template_name(token, "template clause")
        pipe = None
        if self.next_non_space().kind != "right delim":
            self.index -= 1
            pipe = self.pipeline("template clause", "right delim")
        return Node("template", token.position, name, (pipe,))

    def template_name(self, token: Token, context: str) -> str:
        if token.kind != "string":
            raise self.unexpected(token, context)
        return _string(self, token)

    def pipeline(self, context: str, end: str) -> Node:
        position = self.peek_non_space().position
        is_assignment, variables = self.declarations(context)
        commands: list[Node] = []
        while True:
            token = self.next_non_space()
            if token.kind == end:
                self.check_pipeline(commands, context)
                return Node("pipe", position, (is_assignment, variables), tuple(commands))
            if token.kind not in (
                "bool", "char constant", "dot", "field", "identifier", "number", "nil", "string", "variable",
                "left paren",
            ):  # fmt: skip
                raise self.unexpected(token, context)
            self.index -= 1
            commands.append(self.command())

    def declarations(self, context: str) -> tuple[bool, tuple[str, ...]]:
        """The variables before `:=` or `=`, of which a range may have two."""
        variables: list[str] = []
        while self.peek_non_space().kind == "variable":
            start = self.index
            variable = self.next()
            following = self.peek_non_space()
            if following.kind in ("assign", "declare"):
                self.next_non_space()
                variables.append(variable.text)
                self.variables.append(variable.text)
                return following.kind == "assign", tuple(variables)
            if following.text == ",":
                self.next_non_space()
                variables.append(variable.text)
                self.variables.append(variable.text)
                if context == "range" and len(variables) < 2:
                    if self.peek_non_space().kind in ("variable", "right delim", "right paren"):
                        continue
                    raise self.error("range can only initialize variables")
                raise self.error(f"too many declarations in {context}")
            self.index = start
            break
        return False, ()

    def check_pipeline(self, commands: Sequence[Node], context: str) -> None:
        if not commands:
            raise self.error(f"missing value for {context}")
        for position, command in enumerate(commands[1:]):
            if command.parts[0].kind in ("bool", "dot", "nil", "number", "string"):
                raise self.error(f"non executable command in pipeline stage {position + 2}")

    def command(self) -> Node:
        position = self.peek_non_space().position
        operands: list[Node] = []
        while True:
            self.peek_non_space()
            operand = self.operand()
            if operand is not None:
                operands.append(operand)
            token = self.next()
            if token.kind == "space":
                continue
            if token.kind in ("right delim", "right paren"):
                self.index -= 1
            elif token.kind != "pipe":
                raise self.unexpected(token, "operand")
            break
        if not operands:
            raise self.error("empty command")
        return Node("command", position, parts=tuple(operands))

    def operand(self) -> Node | None:
        node = self.term()
        if node is None or self.peek().kind != "field":
            return node
        position = self.peek().position
        names: list[str] = []
        while self.peek().kind == "field":
            names.append(self.next().text[1:])
        if node.kind in ("field", "variable"):
            return Node(node.kind, position, (*node.value, *names))
        if node.kind in ("bool", "string", "number", "nil", "dot"):
            raise self.error(f"unexpected . after term {quote(str(node))}")
        return Node("chain", position, tuple(names), (node,))

    def term(self) -> Node | None:
        token = self.next_non_space()
        position, text = token.position, token.text
        if token.kind == "identifier":
            if text not in self.functions:
                raise self.error(f"function {quote(text)} not defined")
            return Node("identifier", position, text, source=text)
        if token.kind in ("dot", "nil"):
            return Node(token.kind, position, source=text)
        if token.kind == "variable":
            if text not in self.variables:
                raise self.error(f"undefined variable {quote(text)}")
            return Node("variable", position, (text,))
        if token.kind == "field":
            return Node("field", position, (text[1:],))
        if token.kind == "bool":
            return Node("bool", position, text == "true", source=text)
        if token.kind in ("char constant", "number"):
            return Node("number", position, _number(self, token), source=text)
        if token.kind == "string":
            return Node("string", position, _string(self, token), source=text)
        if token.kind == "left paren":
            return self.pipeline("parenthesized pipeline", "right paren")
        self.index -= 1
        return None


def _string(parser: _Parser, token: Token) -> str:
    if token.text.startswith("`"):
        return token.text[1:-1].replace("\r", "")
    try:
        return unquote(token.text)
    except ValueError as error:
        raise parser.error(str(error)) from None


def _number(parser: _Parser, token: Token) -> Any:
    """An Int or a float; an integral number with a fraction or exponent is a float."""
    text = token.text
    if token.kind == "char constant":
        try:
            return Int(ord(unquote(text)))
        except (TypeError, ValueError):
            raise parser.error(f"malformed character constant: {text}") from None
    converters: tuple[Callable[[str], Any], ...] = (_integer, float)
    for convert in converters:
        try:
            return convert(text)
        except ValueError:
            continue
    raise parser.error(f"illegal number syntax: {quote(text)}")


def _integer(text: str) -> Int:
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    if len(digits) > 1 and digits[0] == "0" and digits[1:].isdecimal():
        digits = "0o" + digits[1:]
    return Int(sign + str(int(digits, 0)))


def parse(text: str, functions: frozenset[str]) -> tuple[tuple[Node, ...], dict[str, tuple[Node, ...]]]:
    """The tree of a template, and the templates that it defines. Raises TemplateError."""
    parser = _Parser(text, _Lexer(text).run(), functions)
    top = parser.whole()
    return top, parser.defined
