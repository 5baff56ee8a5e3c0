"""What an unquoted word of YAML stands for, by the rules of Go's yaml.v2.

Models go.yaml.in/yaml/v2/resolve.go, v1.36.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

WORDS: dict[str, Any] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER = re.compile(
    r"[-+]?(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))",
    re.ASCII,
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_POINT_FLOAT = re.compile(r"\.[0-9]+([eE][-+]?[0-9]+)?", re.ASCII)
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}

_TIMESTAMP = re.compile(
    r"""(\d{4})-(\d{1,2})-(\d{1,2})
    (?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)
    |[ ](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?""",
    re.ASCII | re.VERBOSE,
)


def resolve(word: str) -> Any:
    """What an unquoted word stands for."""
    if word in WORDS:
        return WORDS[word]
    first = word[0]
    if first == ".":
        return float(word) if _POINT_FLOAT.fullmatch(word) else word
    if first not in "+-0123456789":
        return word
    digits = word.replace("_", "")
    found = _INTEGER.fullmatch(digits)
    if found:
        base = next(name for name in _BASES if found[name] is not None)
        value = int(found[base], _BASES[base])
        value = -value if digits[0] == "-" else value
        if -(2**63) <= value < 2**64:
            return value
    if _FLOAT.fullmatch(digits):
        return float(digits)
    return word


def is_timestamp(word: str) -> bool:
    """Whether a word is a date or a time, which is read as a text but written in quotes."""
    found = _TIMESTAMP.fullmatch(word)
    if not found:
        return False
    numbers = [int(number) for number in found.groups() if number is not None]
    hour, minute, second = numbers[3:] or (0, 0, 0)
    try:
        datetime(numbers[0], numbers[1], numbers[2], hour, minute, second)
    except ValueError:
        return False
    return True
