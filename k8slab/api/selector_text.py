"""The grammar of label and field selectors in query parameters, with upstream's error texts.

Models staging/src/k8s.io/apimachinery/pkg/labels/selector.go (Lexer, Parser,
NewRequirement) and pkg/fields/selector.go (ParseSelector), v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from k8slab.api.selectors import Requirement, Selector

_END = ""
_SPECIAL = "=!(),><"
_OPERATORS = {"in": "In", "notin": "NotIn", "=": "In", "==": "In", "!=": "NotIn", ">": "Gt", "<": "Lt"}
_EXPECTED = "in, notin, =, ==, !=, gt, lt"
_TOKEN = re.compile(r"[ \t\r\n]*(?:([^=!(),>< \t\r\n]+)|([=!(),><]+)|$)")
_LARGEST = 2**63


class _Token(NamedTuple):
    """One piece of a selector: `kind` is `word`, `end`, or the symbol itself."""

    kind: str
    text: str


def _tokens(text: str) -> Iterator[_Token]:
    """The pieces of a selector; symbols are as long as they can be (`==` before `=`)."""
    at = 0
    while True:
        found = _TOKEN.match(text, at)
        assert found is not None, "every text begins with a word, a symbol or its end"
        at = found.end()
        word, symbols = found[1], found[2]
        if word:
            yield _Token("word", word)
        elif symbols:
            while symbols:
                length = 2 if symbols[:2] in ("==", "!=") else 1
                yield _Token(symbols[:length], symbols[:length])
                symbols = symbols[length:]
        else:
            yield _Token("end", _END)
            return


class _Parser:
    """Reads requirements off the pieces, one ahead."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0

    def peek(self) -> _Token:
        return self.tokens[min(self.at, len(self.tokens) - 1)]

    def take(self) -> _Token:
        token = self.peek()
        self.at += 1
        return token

    def requirements(self) -> Iterator[Requirement]:
        while True:
            token = self.peek()
            if token.kind == "end":
                return
            if token.kind not in ("word", "!"):
                raise ValueError(f"found '{token.text}', expected: !, identifier, or 'end of string'")
            try:
                requirement = self.requirement()
            except ValueError as error:
                raise ValueError(f"unable to parse requirement: {error}") from None
            yield requirement
            separator = self.take()
            if separator.kind == "end":
                return
            if separator.kind != ",":
                raise ValueError(f"found '{separator.text}', expected: ',' or 'end of string'")
            if self.peek().kind not in ("word", "!"):
                raise ValueError(f"found '{self.peek().text}', expected: identifier after ','")

    def requirement(self) -> Requirement:
        token = self.take()
        negated = token.kind == "!"
        if negated:
            token = self.take()
        if token.kind != "word":
            raise ValueError(f"found '{token.text}', expected: identifier")
        key = token.text
        _check_key(key, "<nil>")
        if negated:
            return Requirement(key, "DoesNotExist")
        if self.peek().kind in ("end", ","):
            return Requirement(key, "Exists")
        sign = self.take()
        if sign.text not in _OPERATORS:
            raise ValueError(f"found '{sign.text}', expected: {_EXPECTED}")
        values = self.values() if sign.text in ("in", "notin") else (self.exact_value(),)
        return _checked(Requirement(key, _OPERATORS[sign.text], values))

    def exact_value(self) -> str:
        if self.peek().kind in ("end", ","):
            return ""
        token = self.take()
        if token.kind != "word":
            raise ValueError(f"found '{token.text}', expected: identifier")
        return token.text

    def values(self) -> tuple[str, ...]:
        token = self.take()
        if token.kind != "(":
            raise ValueError(f"found '{token.text}' expected: '('")
        first = self.peek()
        if first.kind == ")":
            self.take()
            return ("",)
        if first.kind not in ("word", ","):
            raise ValueError(f"found '{first.text}', expected: ',', ')' or identifier")
        found = self.identifiers()
        self.take()
        return tuple(sorted(found))

    def identifiers(self) -> dict[str, None]:
        found: dict[str, None] = {}
        while True:
            token = self.take()
            after = self.peek()
            if token.kind == "word":
                found[token.text] = None
                if after.kind == ")":
                    return found
                if after.kind != ",":
                    raise ValueError(f"found '{after.text}', expected: ',' or ')'")
            elif token.kind == ",":
                if not found or after.kind in (")", ","):
                    found[""] = None
                if after.kind == ")":
                    return found
            else:
                raise ValueError(f"found '{token.text}', expected: ',', or identifier")


def _check_key(key: str, field: str) -> None:
    from k8slab.api.validation._names import label_key

    problems = label_key(key)
    if problems:
        raise ValueError(f"{field}: Invalid value: {_quoted(key)}: {'; '.join(problems)}")


def _checked(requirement: Requirement) -> Requirement:
    """The requirement itself. ValueError for values that its operator or a label can't have."""
    from k8slab.api.validation._names import label_value

    faults: list[str] = []
    for number, value in enumerate(requirement.values):
        if requirement.operator in ("Gt", "Lt") and not _is_integer(value):
            why = "for 'Gt', 'Lt' operators, the value must be an integer"
            faults.append(f"values[{number}]: Invalid value: {_quoted(value)}: {why}")
    for number, value in enumerate(requirement.values):
        problems = label_value(value)
        if problems:
            where = f"values[{number}][{requirement.label}]"
            faults.append(f"{where}: Invalid value: {_quoted(value)}: {'; '.join(problems)}")
    if faults:
        raise ValueError(faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")
    return requirement


def _is_integer(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]+", text) is not None and -_LARGEST <= int(text) < _LARGEST


def _quoted(text: str) -> str:
    from k8slab.api.validation._field import quote

    return quote(text)


@lru_cache(maxsize=512)
def parse_label_selector(text: str) -> Selector:
    """The selector of a text such as `app=web,tier in (a,b),!old`. ValueError in upstream's words."""
    return tuple(sorted(_Parser(text).requirements(), key=lambda one: one.label))


class FieldTerm(NamedTuple):
    """One condition on one field: its path, the value, and whether it must be that or must not."""

    path: str
    value: str
    equal: bool


@lru_cache(maxsize=512)
def parse_field_selector(text: str) -> tuple[FieldTerm, ...]:
    """The terms of a text such as `status.phase=Running,metadata.name!=a`. ValueError in upstream's words."""
    found: list[FieldTerm] = []
    for part in re.findall(r"(?:\\.|[^,\\]|\\$)+", text, re.DOTALL):
        sign = re.search(r"!=|==|=", part)
        if sign is None:
            raise ValueError(f"invalid selector: '{text}'; can't understand '{part}'")
        term = FieldTerm(part[: sign.start()], _unescaped(part[sign.end() :]), sign[0] != "!=")
        # A term of nothing asks for nothing.
        if term.path or term.value:
            found.append(term)
    return tuple(found)


def _unescaped(value: str) -> str:
    """A value without the backslashes before `\\`, `,` and `=`."""
    result: list[str] = []
    pieces = iter(value)
    for piece in pieces:
        if piece == "\\":
            after = next(pieces, "")
            if after not in ("\\", ",", "="):
                raise ValueError(f"invalid field selector: invalid escape sequence: \\{after}")
            result.append(after)
        elif piece in ",=":
            raise ValueError(f"invalid field selector: unescaped character in value: {ord(piece)}")
        else:
            result.append(piece)
    return "".join(result)
