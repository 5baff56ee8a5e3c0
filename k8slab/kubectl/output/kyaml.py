"""`-o kyaml`: YAML written with braces and quotation marks, so that nothing in it is ambiguous.

Models vendor/sigs.k8s.io/yaml/kyaml, v1.36.
"""

from __future__ import annotations

import re
from typing import Any

from k8slab.api.go_text import marshal
from k8slab.api.meta import Obj

_WORDS = frozenset(
    ("null", "~", "", "true", "y", "yes", "on", "false", "n", "no", "off", ".inf", "-.inf", "+.inf", ".nan")
)
_GO_BOOLEANS = frozenset(("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"))
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-f]+|0[oO]?[0-7]+|0[bB][01]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?"
    r"|inf|infinity|nan|0x[0-9a-f]+\.?[0-9a-f]*p[+-]?[0-9]+)",
    re.IGNORECASE,
)
_SEXAGESIMAL = re.compile(r"[+-]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
    r"| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?)?"
)
_SPACE = re.compile(r"[^\S\x1c-\x1f]")
"""What Go takes for a space: four separators are none there."""
_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\r": "\\r",
    "\v": "\\v",
    "\0": "\\0",
    "\x1b": "\\e",
    "\x85": "\\N",
    "\xa0": "\\_",
    "\u2028": "\\L",
    "\u2029": "\\P",
}


def kyaml_text(obj: Obj) -> str:
    """An object or a list as one KYAML document, its keys sorted."""
    return ordered_kyaml_text(_in_order(obj))


def ordered_kyaml_text(obj: Obj) -> str:
    """The same with the keys in the order in which they are."""
    return f"---\n{_value(obj, 0)}\n"


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return [_in_order(item) for item in value] if isinstance(value, (list, tuple)) else value


def _value(value: Any, indent: int) -> str:
    if isinstance(value, str):
        return _string(value, indent + 1)
    if isinstance(value, dict):
        return _mapping(value, indent)
    return _sequence(value, indent) if isinstance(value, (list, tuple)) else marshal(value)


def _mapping(value: Obj, indent: int) -> str:
    if not value:
        return "{}"
    inner = "  " * (indent + 1)
    lines = "".join(f"{inner}{_key(name)}: {_value(value[name], indent + 1)},\n" for name in value)
    return f"{{\n{lines}{'  ' * indent}}}"


def _sequence(items: Any, indent: int) -> str:
    """Maps and lists follow one another on a line; other values have a line each."""
    if all(isinstance(item, (dict, list, tuple)) for item in items):
        return f"[{', '.join(_value(item, indent) for item in items)}]"
    outer = "  " * indent
    lines = "".join(f"{outer}  {_value(item, indent + 1)},\n" for item in items)
    return f"[\n{lines}{outer}]"


def _key(name: str) -> str:
    if "\n" not in name and not _needs_quotes(name):
        return name
    escaped = "".join("\\n" if one == "\n" else "\\t" if one == "\t" else _escaped(one) for one in name)
    return f'"{escaped}"'


def _needs_quotes(name: str) -> bool:
    if _is_ambiguous(name):
        return True
    last = len(name) - 1
    return not all(
        one.isalnum() or one == "_" or (0 < place < last and one in "-./") for place, one in enumerate(name)
    )


def _is_ambiguous(name: str) -> bool:
    """Whether some YAML parser might not take the bare word for a text."""
    return bool(
        name.lower() in _WORDS
        or name in _GO_BOOLEANS
        or _NUMBER.fullmatch(name.replace("_", ""))
        or _SEXAGESIMAL.fullmatch(name)
        or _TIMESTAMP.fullmatch(name)
    )


def _string(text: str, indent: int) -> str:
    if "\n" not in text:
        return f'"{"".join(_escaped(one) for one in text)}"'
    margin = "  " * indent
    parts = ['"\\\n']
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line or number + 1 < len(lines):
            # A blank line has its margin too; only behind the last newline there is none.
            parts.append(margin + ("\\" if _SPACE.match(line) else " "))
        parts.append("".join(_escaped(one) for one in line))
        parts.append("\\n\\\n")
    parts.pop()
    if not text.endswith("\n"):
        parts.append("\\\n")
    return "".join(parts) + margin + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character == "\t" or character.isprintable():
        return character
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
