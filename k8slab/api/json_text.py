"""JSON as Go reads and writes it: syntax errors in its words, repeated keys noticed, its compact text.

Models vendor/sigs.k8s.io/json (scanner.go, decode.go) and Go's encoding/json, v1.36.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

MOST_LEVELS = 256
"""How deep objects and lists may lie in each other.

Go's decoder follows 10,000 levels; no object that an API server accepts has a tenth of ours.
"""
_SPACE = b" \t\r\n"
_STRING_STEP = re.compile(rb'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(rb"[0-9]*")
_HALF_A_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
_HALF_A_PAIR_BYTES = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_HEX = b"0123456789abcdefABCDEF"
_LITERALS = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}
_AFTER = {"key": "after object key", "pair": "after object key:value pair", "item": "after array element"}


class JsonError(ValueError):
    """A text that is no JSON; its message is Go's."""


class RepeatedKeys(dict[str, Any]):
    """An object that named a key more than once: what it comes to, and all its pairs in order."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        self.pairs = tuple(pairs)
        super().__init__(self.pairs)


class NumberText(float):
    """A number whose spelling says more than its value, such as `1e3` or `1.50`."""

    __slots__ = ("text",)
    text: str


def decode_json(text: str | bytes) -> Any:
    """The value that a JSON text stands for; JsonError in Go's words.

    Objects with repeated keys come as `RepeatedKeys`, unusually spelled
    numbers as `NumberText`; keys stay in the order of the text.
    """
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_float=_number, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise JsonError(syntax_error(text)) from None
    if len(text) > 2 * MOST_LEVELS and is_too_deep(value):
        raise JsonError(syntax_error(text))
    found = _HALF_A_PAIR.search(text) if isinstance(text, str) else _HALF_A_PAIR_BYTES.search(text)
    return _whole_letters(value) if found else value


def _whole_letters(value: Any) -> Any:
    """The value with U+FFFD, as Go reads it, for each half of a surrogate pair without the other."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, RepeatedKeys):
        return RepeatedKeys((_whole_letters(key), _whole_letters(item)) for key, item in value.pairs)
    if isinstance(value, dict):
        return {_whole_letters(key): _whole_letters(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_letters(item) for item in value]
    return value


def is_too_deep(value: Any) -> bool:
    """Whether objects and lists lie deeper in each other than `MOST_LEVELS`."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MOST_LEVELS + 1):
        level = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    return result if len(result) == len(pairs) else RepeatedKeys(pairs)


def _number(text: str) -> float:
    value = float(text)
    if repr(value) == text:
        return value
    number = NumberText(value)
    number.text = text
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def plain(value: Any) -> Any:
    """The value without `RepeatedKeys` and `NumberText`; the same object where there are none."""
    if isinstance(value, dict):
        changed = {key: new for key, item in value.items() if (new := plain(item)) is not item}
        return {**value, **changed} if changed or type(value) is not dict else value
    if isinstance(value, list):
        items = [plain(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return float(value) if isinstance(value, NumberText) else value


def repeated_keys(value: Any, path: str = "") -> list[str]:
    """`duplicate field "…"` for each repeated key, in the order of the text that was decoded."""
    found: list[str] = []
    if isinstance(value, dict):
        seen: dict[str, None] = {}
        for key, item in value.pairs if isinstance(value, RepeatedKeys) else value.items():
            where = f"{path}.{key}" if path else key
            if key in seen:
                found.append(f"duplicate field {go_quote(where)}")
            seen[key] = None
            found += repeated_keys(item, where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += repeated_keys(item, f"{path}[{index}]")
    return found


def syntax_error(text: str | bytes) -> str:
    """What Go's scanner says of a text that is no JSON."""
    return syntax_fault(text)[0]


def syntax_fault(text: str | bytes) -> tuple[str, int]:
    """What Go's scanner says of a text that is no JSON, and how many bytes it has read by then."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    try:
        _scan(data)
    except _SyntaxFaultError as fault:
        return str(fault), fault.offset
    return "invalid UTF-8 in string", len(data)


ENDS_EARLY = "unexpected end of JSON input"


class _SyntaxFaultError(Exception):
    """The first fault of a text, and the bytes up to it."""

    def __init__(self, text: str, offset: int) -> None:
        super().__init__(text)
        self.offset = offset


def _fault(data: bytes, at: int, context: str) -> NoReturn:
    if at >= len(data):
        raise _SyntaxFaultError(ENDS_EARLY, len(data))
    raise _SyntaxFaultError(f"invalid character {_quoted(data[at])} {context}", at + 1)


def _quoted(byte: int) -> str:
    character = chr(byte)
    if character in "'\"":
        return "'\\''" if character == "'" else "'\"'"
    return f"'{go_quote(character)[1:-1]}'"


def _skip_space(data: bytes, at: int) -> int:
    while at < len(data) and data[at] in _SPACE:
        at += 1
    return at


def _scan(data: bytes) -> None:
    """Walk over one value with an explicit stack, as Go's scanner does, and fault where it faults."""
    stack: list[str] = []
    at = _skip_space(data, 0)
    at = _begin_value(data, at, stack)
    while True:
        at = _skip_space(data, at)
        if not stack:
            if at < len(data):
                _fault(data, at, "after top-level value")
            return
        at = _after_value(data, at, stack)


def _begin_value(data: bytes, at: int, stack: list[str]) -> int:
    """Take in the beginning of a value: a whole literal, or an opening bracket and what must follow it."""
    if at >= len(data):
        _fault(data, at, "")
    byte = data[at]
    while byte == ord("["):
        _push(data, at, stack, "item")
        at = _skip_space(data, at + 1)
        if data[at : at + 1] == b"]":
            stack.pop()
            return at + 1
        if at >= len(data):
            _fault(data, at, "")
        byte = data[at]
    if byte == ord("{"):
        _push(data, at, stack, "key")
        at = _skip_space(data, at + 1)
        if data[at : at + 1] == b"}":
            stack.pop()
            return at + 1
        return _key(data, at)
    if byte == ord('"'):
        return _string(data, at)
    if byte in _LITERALS:
        return _literal(data, at, _LITERALS[byte])
    if byte in b"-0123456789":
        return _numeral(data, at)
    _fault(data, at, "looking for beginning of value")


def _push(data: bytes, at: int, stack: list[str], state: str) -> None:
    if len(stack) > MOST_LEVELS:
        _fault(data, at, "exceeded max depth")
    stack.append(state)


def _after_value(data: bytes, at: int, stack: list[str]) -> int:
    """Take in what may stand behind a value within an object or a list."""
    state = stack[-1]
    following = data[at : at + 1]
    if state == "key" and following == b":":
        stack[-1] = "pair"
        return _begin_value(data, _skip_space(data, at + 1), stack)
    if state == "pair" and following == b",":
        stack[-1] = "key"
        return _key(data, _skip_space(data, at + 1))
    if state == "item" and following == b",":
        return _begin_value(data, _skip_space(data, at + 1), stack)
    if (state == "pair" and following == b"}") or (state == "item" and following == b"]"):
        stack.pop()
        return at + 1
    _fault(data, at, _AFTER[state])


def _key(data: bytes, at: int) -> int:
    if data[at : at + 1] != b'"':
        _fault(data, at, "looking for beginning of object key string")
    return _string(data, at)


def _string(data: bytes, at: int) -> int:
    at += 1
    while True:
        at = _STRING_STEP.match(data, at).end()  # type: ignore[union-attr]
        if data[at : at + 1] == b'"':
            return at + 1
        if data[at : at + 1] != b"\\":
            _fault(data, at, "in string literal")
        escape = data[at + 1 : at + 2]
        if escape == b"u":
            for offset in range(at + 2, at + 6):
                if offset >= len(data) or data[offset] not in _HEX:
                    _fault(data, offset, "in \\u hexadecimal character escape")
            at += 6
        elif escape and escape in b'bfnrt\\/"':
            at += 2
        else:
            _fault(data, at + 1, "in string escape code")


def _literal(data: bytes, at: int, literal: bytes) -> int:
    for offset, expected in enumerate(literal):
        if data[at + offset : at + offset + 1] != bytes((expected,)):
            _fault(data, at + offset, f"in literal {literal.decode()} (expecting '{chr(expected)}')")
    return at + len(literal)


def _numeral(data: bytes, at: int) -> int:
    if data[at] == ord("-"):
        at += 1
        if data[at : at + 1] not in tuple(b"%d" % digit for digit in range(10)):
            _fault(data, at, "in numeric literal")
    at = at + 1 if data[at] == ord("0") else _digits(data, at)
    if data[at : at + 1] == b".":
        if _digits(data, at + 1) == at + 1:
            _fault(data, at + 1, "after decimal point in numeric literal")
        at = _digits(data, at + 1)
    if data[at : at + 1] in (b"e", b"E"):
        at += 2 if data[at + 1 : at + 2] in (b"+", b"-") else 1
        if _digits(data, at) == at:
            _fault(data, at, "in exponent of numeric literal")
        at = _digits(data, at)
    return at


def _digits(data: bytes, at: int) -> int:
    return _DIGITS.match(data, at).end()  # type: ignore[union-attr]


_GO_ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


def go_quote(text: str) -> str:
    """A text in double quotes as Go's `%q` prints it."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    parts = []
    for character in text:
        if character in '"\\':
            parts.append("\\" + character)
        elif character.isprintable():
            parts.append(character)
        elif character in _GO_ESCAPES:
            parts.append(_GO_ESCAPES[character])
        elif character < "\x20" or character == "\x7f":
            parts.append(f"\\x{ord(character):02x}")
        elif character <= "\uffff":
            parts.append(f"\\u{ord(character):04x}")
        else:
            parts.append(f"\\U{ord(character):08x}")
    return f'"{"".join(parts)}"'


def go_json(value: Any) -> str:
    """The compact JSON that Go's `json.Marshal` writes, keys in the order in which they are.

    `<`, `>`, `&` and the two line separators are escaped, as it does.
    """
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if "<" in text or ">" in text or "&" in text or "\u2028" in text or "\u2029" in text:
        for character in "<>&\u2028\u2029":
            text = text.replace(character, f"\\u{ord(character):04x}")
    return text
