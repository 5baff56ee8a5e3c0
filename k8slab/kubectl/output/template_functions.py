"""The functions that a Go template may call: Go's own, and `exists` and `base64decode` of kubectl.

Models text/template/funcs.go and fmt of Go, and
staging/src/k8s.io/cli-runtime/pkg/printers/template.go, v1.36.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from k8slab.api.go_text import format_float, quote, sprint, type_name
from k8slab.kubectl.output.template_parse import Int

MISSING: Any = object()
"""What a missing key evaluates to; it prints as `<no value>`."""


class FunctionError(Exception):
    """Why a function failed."""


class Function(NamedTuple):
    """A function: how many arguments it wants at least, and of which type."""

    call: Callable[..., Any]
    least: int
    variadic: bool = False
    expects: str = "any"


def is_true(value: Any) -> bool:
    """Whether a value counts as true: not zero, not empty, not missing."""
    return value is not MISSING and bool(value)


def _type(value: Any) -> str:
    return "int" if isinstance(value, Int) else type_name(value)


def _basic_kind(value: Any) -> str:
    for type_, kind in ((bool, "bool"), (int, "int"), (float, "float"), (str, "string")):
        if isinstance(value, type_):
            return kind
    return ""


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise FunctionError("missing argument for comparison")
    kind = _basic_kind(first)
    for other in others:
        if kind != _basic_kind(other):
            if first is not MISSING and other is not MISSING:
                raise FunctionError(f"incompatible types for comparison: {_type(first)} and {_type(other)}")
        elif kind:
            if first == other:
                return True
        elif first is MISSING or other is MISSING:
            if first is other:
                return True
        else:
            raise FunctionError(f"non-comparable type {_by_verb(other, 's', '', None)}: {_type(other)}")
    return False


def _not_equal(left: Any, right: Any) -> bool:
    return not _equal(left, right)


def _less(left: Any, right: Any) -> bool:
    kind, other = _basic_kind(left), _basic_kind(right)
    if not kind or not other:
        raise FunctionError("invalid type for comparison")
    if kind != other:
        raise FunctionError(f"incompatible types for comparison: {_type(left)} and {_type(right)}")
    if kind == "bool":
        raise FunctionError("invalid type for comparison")
    return bool(left < right)


def _less_or_equal(left: Any, right: Any) -> bool:
    return _less(left, right) or _equal(left, right)


def _greater(left: Any, right: Any) -> bool:
    return not _less_or_equal(left, right)


def _greater_or_equal(left: Any, right: Any) -> bool:
    return not _less(left, right)


def _length(value: Any) -> Int:
    if value is None:
        raise FunctionError("len of nil pointer")
    if value is MISSING:
        raise FunctionError("reflect: call of reflect.Value.Type on zero Value")
    if isinstance(value, str):
        return Int(len(value.encode()))
    if isinstance(value, (dict, list, tuple)):
        return Int(len(value))
    raise FunctionError(f"len of type {_type(value)}")


def _position(index: Any, length: int) -> int:
    if index is MISSING:
        raise FunctionError("cannot index slice/array with nil")
    if isinstance(index, bool) or not isinstance(index, int):
        raise FunctionError(f"cannot index slice/array with type {_type(index)}")
    if not 0 <= index <= length:
        raise FunctionError(f"index out of range: {index}")
    return index


def _index(item: Any, *indexes: Any) -> Any:
    if item is MISSING:
        raise FunctionError("index of untyped nil")
    for index in indexes:
        if item is None:
            raise FunctionError("index of nil pointer")
        if isinstance(item, dict):
            item = item.get(_key(index))
        elif isinstance(item, (list, tuple, str)):
            sequence = item.encode() if isinstance(item, str) else item
            position = _position(index, len(sequence))
            if position == len(sequence):
                kind = "string" if isinstance(item, str) else "slice"
                raise FunctionError(f"reflect: {kind} index out of range")
            item = sequence[position]
        else:
            raise FunctionError(f"can't index item of type {_type(item)}")
    return item


def _key(index: Any) -> str:
    if index is MISSING:
        raise FunctionError("value is nil; should be of type string")
    if not isinstance(index, str):
        raise FunctionError(f"value has type {_type(index)}; should be string")
    return index


def _slice(item: Any, *indexes: Any) -> Any:
    if item is MISSING:
        raise FunctionError("slice of untyped nil")
    if len(indexes) > 3:
        raise FunctionError(f"too many slice indexes: {len(indexes)}")
    if isinstance(item, str) and len(indexes) == 3:
        raise FunctionError("cannot 3-index slice a string")
    if not isinstance(item, (str, list, tuple)):
        raise FunctionError(f"can't slice item of type {_type(item)}")
    bounds = [0, len(item)]
    for position, index in enumerate(indexes[:2]):
        bounds[position] = _position(index, len(item))
    if bounds[0] > bounds[1]:
        raise FunctionError(f"invalid slice index: {bounds[0]} > {bounds[1]}")
    return item[bounds[0] : bounds[1]]


def _exists(item: Any, *indexes: Any) -> bool:
    """Whether `index` with these arguments would find something."""
    for index in indexes:
        if isinstance(item, dict):
            if not isinstance(index, str):
                return False
            item = item.get(index)
        elif isinstance(item, (list, tuple, str)):
            if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(item):
                return False
            item = item[index]
        else:
            return False
    return item is not None and item is not MISSING


_BASE64_DIGITS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def _base64decode(text: str) -> str:
    """The text of standard base64; line breaks are skipped. The error tells the first bad byte."""
    bad = _first_bad_byte(text)
    if bad >= 0:
        raise FunctionError(f"base64 decode failed: illegal base64 data at input byte {bad}")
    return base64.b64decode(text).decode("utf-8", "replace")


def _first_bad_byte(text: str) -> int:
    """Where base64 stops being base64, as Go counts; -1 where it does not."""
    digits = 0
    places = [place for place, character in enumerate(text) if character not in "\r\n"]
    for index, place in enumerate(places):
        if text[place] in _BASE64_DIGITS:
            digits = (digits + 1) % 4
            continue
        following = places[index + 1 :]
        if text[place] != "=" or digits < 2:
            return place
        if digits == 3:
            return following[0] if following else -1
        if not following:
            return len(text)
        if text[following[0]] != "=":
            return following[0] - 1
        return following[1] if len(following) > 1 else -1
    return len(text) - digits if digits else -1


def _shown(value: Any) -> str:
    return "<nil>" if value is MISSING else sprint(value)


def _print(*values: Any) -> str:
    """The values, with a blank between two of which neither is a text."""
    parts: list[str] = []
    for position, value in enumerate(values):
        if position and not isinstance(value, str) and not isinstance(values[position - 1], str):
            parts.append(" ")
        parts.append(_shown(value))
    return "".join(parts)


def _println(*values: Any) -> str:
    return " ".join(_shown(value) for value in values) + "\n"


def _evaluated(values: Sequence[Any]) -> str:
    """The arguments of an escaper as one text."""
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return _print(*("<no value>" if value is MISSING else value for value in values))


_HTML = str.maketrans({'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"})
_JS = str.maketrans(
    {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}
)


def _html(*values: Any) -> str:
    return _evaluated(values).translate(_HTML)


def _js(*values: Any) -> str:
    text = _evaluated(values).translate(_JS)
    return "".join(character if character.isprintable() else f"\\u{ord(character):04X}" for character in text)


def _urlquery(*values: Any) -> str:
    return quote_plus(_evaluated(values), safe="-_.~")


_VERB = re.compile(r"%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(.?)", re.DOTALL)


def _printf(layout: str, *values: Any) -> str:
    parts: list[str] = []
    rest = list(values)
    used = 0
    end = 0
    for match in _VERB.finditer(layout):
        parts.append(layout[end : match.start()])
        end = match.end()
        verb = match.group(4)
        if not verb:
            parts.append("%!(NOVERB)")
            continue
        if verb == "%":
            parts.append("%")
            continue
        if used >= len(rest):
            parts.append(f"%!{verb}(MISSING)")
            continue
        precision = match.group(3) if "." in match.group() else None
        has_point = "." in match.group()[:-1]
        parts.append(
            _formatted(
                rest[used],
                verb,
                match.group(1),
                int(match.group(2) or 0),
                int(precision or 0) if has_point else None,
            )
        )
        used += 1
    parts.append(layout[end:])
    if used < len(rest):
        extra = ", ".join(_bad_value(value) for value in rest[used:])
        parts.append(f"%!(EXTRA {extra})")
    return "".join(parts)


def _bad_value(value: Any) -> str:
    return "<nil>" if value is MISSING else f"{_type(value)}={_shown(value)}"


def _formatted(value: Any, verb: str, flags: str, width: int, precision: int | None) -> str:
    """One value by one verb, padded to the width."""
    text = _by_verb(value, verb, flags, precision)
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and len(text) < width:
        is_number = isinstance(value, (int, float)) and text[:1] in ("-", "+")
        return text[0] + text[1:].rjust(width - 1, "0") if is_number else text.rjust(width, "0")
    return text.rjust(width)


def _by_verb(value: Any, verb: str, flags: str, precision: int | None) -> str:
    if verb == "T":
        return "<nil>" if value is MISSING else _type(value)
    if value is MISSING:
        return "<nil>" if verb == "v" else f"%!{verb}(<nil>)"
    if isinstance(value, dict):
        if verb == "v" and "#" not in flags:
            return sprint(value)
        members = " ".join(
            f"{_by_verb(name, verb, flags, precision)}:{_element(value[name], verb, flags, precision)}"
            for name in sorted(value)
        )
        return f"map[{members}]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(_element(item, verb, flags, precision) for item in value) + "]"
    text = _scalar(value, verb, flags, precision)
    return f"%!{verb}({_bad_value(value)})" if text is None else text


def _element(value: Any, verb: str, flags: str, precision: int | None) -> str:
    return _by_verb(MISSING if value is None else value, verb, flags, precision)


def _scalar(value: Any, verb: str, flags: str, precision: int | None) -> str | None:
    """A text, number or boolean by a verb; None where the verb is not for it."""
    if isinstance(value, str):
        return _text(value, verb, flags, precision)
    if isinstance(value, bool):
        return sprint(value) if verb in "vt" else None
    sign = "+" if "+" in flags and value >= 0 else " " if " " in flags and value >= 0 else ""
    if isinstance(value, int):
        bases = {"d": "d", "v": "d", "x": "x", "X": "X", "o": "o", "b": "b"}
        if verb in bases:
            prefix = {"x": "0x", "X": "0X", "o": "0"}.get(verb, "") if "#" in flags else ""
            return sign + prefix + format(int(value), bases[verb])
        if verb == "c":
            return chr(value)
        return quote(chr(value), "'") if verb == "q" else None
    if verb in "feEgG":
        digits = precision if precision is not None else 6
        if verb in "gG":
            return sign + (
                format(value, f".{precision}g") if precision is not None else format_float(value, 21, -4, 2)
            )
        return sign + format(value, f".{digits}{verb}")
    return sign + format_float(value, 21, -4, 2) if verb == "v" else None


def _text(value: str, verb: str, flags: str, precision: int | None) -> str | None:
    text = value if precision is None else value[:precision]
    if verb == "q" or (verb == "v" and "#" in flags):
        return f"`{text}`" if verb == "q" and "#" in flags and "`" not in text else quote(text)
    if verb in "vs":
        return text
    if verb in "xX":
        digits = text.encode().hex()
        return digits.upper() if verb == "X" else digits
    return None


def _call(function: Any, *values: Any) -> Any:
    """Nothing that comes from JSON can be called; `{}` stands for the operand."""
    raise FunctionError(
        "call of nil" if function is MISSING else f"non-function {{}} of type {_type(function)}"
    )


FUNCTIONS: dict[str, Function] = {
    "call": Function(_call, 1, True),
    "and": Function(lambda *values: values, 1, True),
    "or": Function(lambda *values: values, 1, True),
    "not": Function(lambda value: not is_true(value), 1),
    "eq": Function(_equal, 1, True),
    "ne": Function(_not_equal, 2),
    "lt": Function(_less, 2),
    "le": Function(_less_or_equal, 2),
    "gt": Function(_greater, 2),
    "ge": Function(_greater_or_equal, 2),
    "len": Function(_length, 1, False, "nilable"),
    "index": Function(_index, 1, True),
    "slice": Function(_slice, 1, True),
    "print": Function(_print, 0, True),
    "printf": Function(_printf, 1, True, "string"),
    "println": Function(_println, 0, True),
    "html": Function(_html, 0, True),
    "js": Function(_js, 0, True),
    "urlquery": Function(_urlquery, 0, True),
    "exists": Function(_exists, 1, True),
    "base64decode": Function(_base64decode, 1, False, "string"),
}
