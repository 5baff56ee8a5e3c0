"""The shell's arithmetic: C's integer expressions over variables.

Models POSIX, 2.6.4 Arithmetic Expansion, with bash's `**`, `++` and `--`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*(?:\[[^\]]*\])?|<<=|>>=|\*\*|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%<>=!~&|^?:(),])"
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", "<=", ">", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_ASSIGNING = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=")


class ArithmeticsError(Exception):
    """An expression that has no value; the text is what a shell says."""


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise ArithmeticsError("divide by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


_BINARY: dict[str, Callable[[int, int], int]] = {
    "||": lambda left, right: int(bool(left or right)),
    "&&": lambda left, right: int(bool(left and right)),
    "|": lambda left, right: left | right,
    "^": lambda left, right: left ^ right,
    "&": lambda left, right: left & right,
    "==": lambda left, right: int(left == right),
    "!=": lambda left, right: int(left != right),
    "<": lambda left, right: int(left < right),
    "<=": lambda left, right: int(left <= right),
    ">": lambda left, right: int(left > right),
    ">=": lambda left, right: int(left >= right),
    "<<": lambda left, right: left << (right & 63),
    ">>": lambda left, right: left >> (right & 63),
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
    "%": lambda left, right: left - _divide(left, right) * right,
    "**": lambda left, right: left**right if right >= 0 else 0,
}


def evaluate(text: str, get: Callable[[str], str], put: Callable[[str, str], None]) -> int:
    """The value of an expression. `get` and `put` read and write variables. ArithmeticsError for nonsense."""
    calculator = _Calculator(text, get, put)
    return calculator.run()


class _Calculator:
    def __init__(self, text: str, get: Callable[[str], str], put: Callable[[str, str], None]) -> None:
        self.tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ArithmeticsError(
                    f'{text}: syntax error in expression (error token is "{text[at:].strip()}")'
                )
            self.tokens.append(match[1])
            at = match.end()
        self.text, self.at, self.get, self.put = text, 0, get, put

    def run(self) -> int:
        if not self.tokens:
            return 0
        value = self._comma()
        if self.at < len(self.tokens):
            raise self._fault()
        return value

    def _fault(self) -> ArithmeticsError:
        rest = " ".join(self.tokens[self.at :])
        return ArithmeticsError(f'{self.text}: syntax error in expression (error token is "{rest}")')

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self.at += 1
        return token

    def _comma(self) -> int:
        value = self._assignment()
        while self._peek() == ",":
            self.at += 1
            value = self._assignment()
        return value

    def _assignment(self) -> int:
        name = self._peek()
        following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ""
        if (name[:1].isalpha() or name[:1] == "_") and following in _ASSIGNING:
            self.at += 2
            value = self._assignment()
            if following != "=":
                value = _BINARY[following[:-1]](self._variable(name), value)
            self.put(name, str(value))
            return value
        return self._ternary()

    def _ternary(self) -> int:
        condition = self._binary(0)
        if self._peek() != "?":
            return condition
        self.at += 1
        first = self._assignment()
        if self._take() != ":":
            raise self._fault()
        second = self._assignment()
        return first if condition else second

    def _binary(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._power()
        value = self._binary(level + 1)
        while self._peek() in _LEVELS[level]:
            operator = self._take()
            value = _BINARY[operator](value, self._binary(level + 1))
        return value

    def _power(self) -> int:
        value = self._unary()
        if self._peek() == "**":
            self.at += 1
            return _BINARY["**"](value, self._power())
        return value

    def _unary(self) -> int:
        token = self._peek()
        if token in ("+", "-", "!", "~"):
            self.at += 1
            value = self._unary()
            return {"+": value, "-": -value, "!": int(not value), "~": ~value}[token]
        if token in ("++", "--"):
            self.at += 1
            name = self._take()
            value = self._variable(name) + (1 if token == "++" else -1)
            self.put(name, str(value))
            return value
        return self._atom()

    def _atom(self) -> int:
        token = self._take()
        if token == "(":
            value = self._comma()
            if self._take() != ")":
                raise self._fault()
            return value
        if token[:1].isdigit():
            return _number(token)
        if token[:1].isalpha() or token[:1] == "_":
            value = self._variable(token)
            if self._peek() in ("++", "--"):
                self.put(token, str(value + (1 if self._take() == "++" else -1)))
            return value
        self.at -= 1
        raise self._fault()

    def _variable(self, name: str) -> int:
        text = self.get(name).strip()
        if not text:
            return 0
        if text.lstrip("-").isdigit() or text[:2] in ("0x", "0X"):
            return _number(text)
        return evaluate(text, self.get, self.put) if text != name else 0


def _number(text: str) -> int:
    if text[:2] in ("0x", "0X"):
        return int(text, 16)
    if len(text) > 1 and text[0] == "0" and text.isdigit():
        return int(text, 8) if all(letter in "01234567" for letter in text) else 0
    return int(text)
