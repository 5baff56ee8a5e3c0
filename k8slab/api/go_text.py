"""JSON values written as Go writes them: `%v`, `%q`, type names and encoding/json.

kubectl and the API server show values of objects in texts that people compare
and scripts parse, so that a number, a map or an escaped character has to look
as Go's fmt and encoding/json make it look. Keys of maps are always sorted.

Models Go's fmt, strconv and encoding/json as kubectl v1.36 uses them.
"""

from __future__ import annotations

from math import isinf, isnan
from typing import Any

_JSON_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_JSON_TABLE = str.maketrans({**{chr(code): f"\\u{code:04x}" for code in range(32)}, **_JSON_ESCAPES})

_QUOTE_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
}


def type_name(value: Any) -> str:
    """The Go type of a decoded JSON value, e.g. `map[string]interface {}`."""
    if value is None:
        return "<nil>"
    if isinstance(value, dict):
        return "map[string]interface {}"
    if isinstance(value, (list, tuple)):
        return "[]interface {}"
    names: dict[type, str] = {bool: "bool", str: "string", int: "int64", float: "float64"}
    return names[type(value)]


def sprint(value: Any) -> str:
    """A value as `%v` writes it: `map[a:1 b:[x y]]`, `<nil>`, `1e+21`."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format_float(value, 21, -4, 2)
    if isinstance(value, dict):
        return "map[" + " ".join(f"{name}:{sprint(value[name])}" for name in sorted(value)) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(sprint(item) for item in value) + "]"
    return str(value)


def format_float(number: float, large: int, small: int, exponent_digits: int) -> str:
    """The shortest decimal of a float: plain where small <= exponent < large, else with an exponent."""
    if isnan(number):
        return "NaN"
    if isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    if number == 0:
        return "-0" if str(number).startswith("-") else "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent_text = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent_text or 0)
    digits = whole + ("" if fraction == "0" else fraction)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    exponent = point - 1
    if exponent < small or exponent >= large:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{tail}e{'-' if exponent < 0 else '+'}{abs(exponent):0{exponent_digits}d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if len(digits) <= point:
        return sign + digits.ljust(point, "0")
    return f"{sign}{digits[:point]}.{digits[point:]}"


def quote(text: str, quotation: str = '"') -> str:
    """A text in quotation marks with Go's escapes, as `%q` writes it."""
    parts = [quotation]
    for character in text:
        if character == quotation:
            parts.append("\\" + character)
        elif character in _QUOTE_ESCAPES:
            parts.append(_QUOTE_ESCAPES[character])
        elif character == " " or character.isprintable():
            parts.append(character)
        else:
            parts.append(_escaped_rune(character))
    parts.append(quotation)
    return "".join(parts)


def _escaped_rune(character: str) -> str:
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def marshal(value: Any) -> str:
    """A value as compact JSON: sorted keys, `<`, `>` and `&` escaped."""
    parts: list[str] = []
    _encode(value, parts, None, "")
    return "".join(parts)


def marshal_indent(value: Any, indent: str = "    ") -> str:
    """A value as indented JSON; an empty list or map stays on its line."""
    parts: list[str] = []
    _encode(value, parts, indent, "\n")
    return "".join(parts)


def json_string(text: str) -> str:
    """A text as a JSON string with Go's escapes."""
    return f'"{text.translate(_JSON_TABLE)}"'


def _encode(value: Any, parts: list[str], indent: str | None, line: str) -> None:
    """Appends the JSON of a value. `line` is the line break with the indentation reached so far."""
    if isinstance(value, str):
        parts.append(json_string(value))
    elif value is None:
        parts.append("null")
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, float):
        parts.append(format_float(value, 21, -6, 1))
    elif isinstance(value, dict):
        items = [
            (json_string(name) + (": " if indent is not None else ":"), value[name]) for name in sorted(value)
        ]
        _encode_items(items, parts, indent, line, "{}")
    elif isinstance(value, (list, tuple)):
        _encode_items([("", item) for item in value], parts, indent, line, "[]")
    else:
        parts.append(str(value))


def _encode_items(
    items: list[tuple[str, Any]], parts: list[str], indent: str | None, line: str, brackets: str
) -> None:
    if not items:
        parts.append(brackets)
        return
    inner = "" if indent is None else line + indent
    parts.append(brackets[0])
    for position, (head, item) in enumerate(items):
        parts.append(("," if position else "") + inner + head)
        _encode(item, parts, indent, inner)
    parts.append(("" if indent is None else line) + brackets[1])
