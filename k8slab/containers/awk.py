"""A small `awk`: patterns, `print` and `printf` of fields, sums and conditions.

Models the part of POSIX.1-2017 awk that one-line scripts in manifests use;
what lies beyond says so on standard error.
"""

from __future__ import annotations

import re
from typing import Any

from k8slab.containers.builtins import formatted
from k8slab.containers.shell import CommandError, Shell, Streams
from k8slab.containers.shell_syntax import unescape
from k8slab.containers.streams import Steps
from k8slab.containers.tools_inputs import opened

_TOKEN = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"|/(?:[^/\\]|\\.)+/(?=\s*(?:$|[){&|;!]))|\d+(?:\.\d+)?|\w+|\+\+|--|\+=|-=|\*=|&&|\|\||==|!=|<=|>=|!~|[-+*/%<>=!~$(){},;])'
)


def run_awk(shell: Shell, argv: list[str], io: Streams) -> Steps:
    """The tool `awk`."""
    words = argv[1:]
    separator = " "
    variables: dict[str, Any] = {}
    while words and words[0].startswith("-") and len(words[0]) > 1:
        flag = words.pop(0)
        if flag.startswith("-F"):
            separator = unescape(flag[2:] or words.pop(0))
        elif flag.startswith("-v"):
            name, _, value = (flag[2:] or words.pop(0)).partition("=")
            variables[name] = value
    if not words:
        raise CommandError("awk: no program given", 2)
    program = _Program(words.pop(0), variables, separator)
    inputs, code = yield from opened(shell, words, io, "awk")
    program.special("BEGIN")
    yield from io.out.write(program.taken())
    for _, source in inputs:
        while line := (yield from source.line()):
            program.record(line.removesuffix("\n"))
            yield from io.out.write(program.taken())
    program.special("END")
    yield from io.out.write(program.taken())
    return code


class _Program:
    """Rules of pattern and action, and the variables."""

    def __init__(self, text: str, variables: dict[str, Any], separator: str) -> None:
        self.variables = {"FS": separator, "OFS": " ", "ORS": "\n", "NR": 0, "NF": 0, **variables}
        self.fields: list[str] = [""]
        self.rules: list[tuple[list[str], list[str] | None]] = []
        self.out: list[str] = []
        tokens = _tokens(text)
        while tokens:
            pattern: list[str] = []
            while tokens and tokens[0] != "{":
                pattern.append(tokens.pop(0))
            action = _block(tokens) if tokens else None
            self.rules.append((pattern, action))

    def taken(self) -> str:
        """What was printed since the last time."""
        text = "".join(self.out)
        self.out.clear()
        return text

    def special(self, name: str) -> None:
        """Run the rules BEGIN or END."""
        for pattern, action in self.rules:
            if pattern == [name] and action is not None:
                self._run(list(action))

    def record(self, line: str) -> None:
        """Run the rules that fit a line."""
        separator = self.variables["FS"]
        if separator == " ":
            parts = line.split()
        else:
            parts = line.split(separator) if len(separator) == 1 else re.split(separator, line)
        self.fields = [line, *parts]
        self.variables["NR"] += 1
        self.variables["NF"] = len(parts)
        for pattern, action in self.rules:
            if pattern in (["BEGIN"], ["END"]):
                continue
            if not pattern or _true(_Expression(self, list(pattern)).value()):
                if action is None:
                    self.out.append(line + self.variables["ORS"])
                else:
                    self._run(list(action))

    def _run(self, tokens: list[str]) -> None:
        while tokens:
            if tokens[0] in (";", "\n"):
                tokens.pop(0)
            elif tokens[0] == "{":
                self._run(_block(tokens))
            elif tokens[0] == "if":
                self._if(tokens)
            elif tokens[0] in ("print", "printf"):
                self._print(tokens)
            else:
                expression = _Expression(self, _statement(tokens))
                expression.value()

    def _if(self, tokens: list[str]) -> None:
        tokens.pop(0)
        condition = _Expression(self, _parentheses(tokens)).value()
        body = _block(tokens) if tokens and tokens[0] == "{" else _statement(tokens)
        while tokens and tokens[0] == ";":
            tokens.pop(0)
        other: list[str] = []
        if tokens and tokens[0] == "else":
            tokens.pop(0)
            other = _block(tokens) if tokens and tokens[0] == "{" else _statement(tokens)
        self._run(body if _true(condition) else other)

    def _print(self, tokens: list[str]) -> None:
        kind = tokens.pop(0)
        groups: list[list[str]] = [[]]
        depth = 0
        for token in _statement(tokens):
            depth += (token == "(") - (token == ")")
            if token == "," and not depth:
                groups.append([])
            else:
                groups[-1].append(token)
        values = [_text(_Expression(self, group).value()) for group in groups if group]
        if kind == "print":
            line = self.variables["OFS"].join(values) if values else self.fields[0]
            self.out.append(line + self.variables["ORS"])
        else:
            self.out.append(formatted(values[0], values[1:]))


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    at = 0
    text = text.strip().replace("\n", ";")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise CommandError(f"awk: cmd. line:1: Unexpected token: {text[at : at + 10]}", 1)
        found.append(match[1])
        at = match.end()
    return found


def _block(tokens: list[str]) -> list[str]:
    """The tokens between braces."""
    return _between(tokens, "{", "}")


def _parentheses(tokens: list[str]) -> list[str]:
    return _between(tokens, "(", ")")


def _between(tokens: list[str], opening: str, closing: str) -> list[str]:
    tokens.pop(0)
    depth, found = 1, []
    while tokens:
        token = tokens.pop(0)
        depth += (token == opening) - (token == closing)
        if not depth:
            break
        found.append(token)
    return found


def _statement(tokens: list[str]) -> list[str]:
    found: list[str] = []
    while tokens and tokens[0] not in (";", "}"):
        found.append(tokens.pop(0))
    return found


def _number(value: Any) -> float:
    if isinstance(value, int | float):
        return value
    match = re.match(r"\s*-?\d+(?:\.\d+)?", str(value))
    return float(match[0]) if match else 0


def _text(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else f"{value:.6g}"
    return str(value)


def _true(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value) and not (re.fullmatch(r"-?\d+(\.\d+)?", value) and not float(value))
    return bool(value)


class _Expression:
    """An expression read from tokens and evaluated as it is read."""

    def __init__(self, program: _Program, tokens: list[str]) -> None:
        self.program, self.tokens = program, tokens

    def value(self) -> Any:
        result = self._or()
        if self.tokens:
            raise CommandError(f"awk: cmd. line:1: Unexpected token: {self.tokens[0]}", 1)
        return result

    def _peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def _or(self) -> Any:
        left = self._and()
        while self._peek() == "||":
            self.tokens.pop(0)
            right = self._and()
            left = int(_true(left) or _true(right))
        return left

    def _and(self) -> Any:
        left = self._comparison()
        while self._peek() == "&&":
            self.tokens.pop(0)
            right = self._comparison()
            left = int(_true(left) and _true(right))
        return left

    def _comparison(self) -> Any:
        left = self._concatenation()
        operator = self._peek()
        if operator in ("~", "!~"):
            self.tokens.pop(0)
            token = self.tokens.pop(0)
            found = re.search(token.strip('/"'), _text(left)) is not None
            return int(found == (operator == "~"))
        if operator in ("==", "!=", "<", "<=", ">", ">="):
            self.tokens.pop(0)
            right = self._concatenation()
            return int(_compared(left, operator, right))
        return left

    def _concatenation(self) -> Any:
        left = self._sum()
        while self._begins_value():
            left = _text(left) + _text(self._sum())
        return left

    def _begins_value(self) -> bool:
        token = self._peek()
        return bool(token) and token != "else" and (token[0] in '"$(' or token[0].isalnum())

    def _sum(self) -> Any:
        left = self._product()
        while self._peek() in ("+", "-"):
            sign = self.tokens.pop(0)
            right = _number(self._product())
            left = _number(left) + (right if sign == "+" else -right)
        return left

    def _product(self) -> Any:
        left = self._unary()
        while self._peek() in ("*", "/", "%"):
            operator = self.tokens.pop(0)
            right = _number(self._unary())
            if operator != "*" and not right:
                raise CommandError("awk: division by zero", 2)
            number = _number(left)
            left = {"*": number * right, "/": number / (right or 1), "%": number % (right or 1)}[operator]
        return left

    def _unary(self) -> Any:
        token = self._peek()
        if token == "!":
            self.tokens.pop(0)
            return int(not _true(self._unary()))
        if token == "-":
            self.tokens.pop(0)
            return -_number(self._unary())
        return self._atom()

    def _atom(self) -> Any:
        if not self.tokens:
            return ""
        token = self.tokens.pop(0)
        if token == "(":
            self.tokens.insert(0, "(")
            return _Expression(self.program, _parentheses(self.tokens)).value()
        if token[0] == '"':
            return unescape(token[1:-1])
        if token[0] == "/":
            return int(re.search(token[1:-1], self.program.fields[0]) is not None)
        if token == "$":
            number = int(_number(self._atom()))
            fields = self.program.fields
            return fields[number] if number < len(fields) else ""
        if token[0].isdigit():
            return float(token) if "." in token else int(token)
        if token == "length":
            inside = _parentheses(self.tokens) if self._peek() == "(" else ["$", "0"]
            return len(_text(_Expression(self.program, inside).value()))
        return self._variable(token)

    def _variable(self, name: str) -> Any:
        variables = self.program.variables
        operator = self._peek()
        if operator in ("++", "--"):
            self.tokens.pop(0)
            before = _number(variables.get(name, 0))
            variables[name] = before + (1 if operator == "++" else -1)
            return before
        if operator in ("=", "+=", "-=", "*="):
            self.tokens.pop(0)
            value = self._or()
            if operator != "=":
                before = _number(variables.get(name, 0))
                change = _number(value)
                value = {"+=": before + change, "-=": before - change, "*=": before * change}[operator]
            variables[name] = value
            return value
        return variables.get(name, "")


_NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or _NUMBER.fullmatch(str(value)) is not None


def _compared(left: Any, operator: str, right: Any) -> bool:
    numeric = _is_number(left) and _is_number(right)
    a: Any = _number(left) if numeric else _text(left)
    b: Any = _number(right) if numeric else _text(right)
    answers: dict[str, bool] = {
        "==": a == b,
        "!=": a != b,
        "<": a < b,
        "<=": a <= b,
        ">": a > b,
        ">=": a >= b,
    }
    return answers[operator]
