"""Common Expression Language: the operators and functions that every expression has.

A function is given its arguments, with a method's target first. Which types
it takes is judged when it is called, as for values of type `dyn`.

Models vendor/github.com/google/cel-go/common/{stdlib,overloads} and ext/{strings,sets}.go, v1.36.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from k8slab.api.cel.values import (
    SECOND_NS,
    CelError,
    Duration,
    Extended,
    Optional,
    Timestamp,
    TypeOf,
    Uint,
    added,
    as_duration,
    as_int,
    as_timestamp,
    as_uint,
    compared,
    double_text,
    duration_text,
    equal,
    is_number,
    moment_of,
    no_overload,
    parse_duration,
    parse_timestamp,
    timestamp_text,
    type_name,
)

Function = Callable[..., Any]


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool | Uint)


def _pair(left: Any, right: Any) -> str:
    """The type that two numbers share; empty for any other two values."""
    name = type_name(left)
    return name if name == type_name(right) and name in ("int", "uint", "double") else ""


# Operators.


def _add(left: Any, right: Any) -> Any:
    pair = _pair(left, right)
    if pair == "int":
        return as_int(left + right)
    if pair == "uint":
        return as_uint(int(left) + int(right))
    if pair == "double":
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return added(left, right)
    for kind in (str, bytes):
        if isinstance(left, kind) and isinstance(right, kind):
            joined: Any = left
            return joined + right
    if isinstance(left, Duration) and isinstance(right, Duration):
        return as_duration(left.ns + right.ns)
    if isinstance(left, Timestamp | Duration) and isinstance(right, Timestamp | Duration):
        if isinstance(left, Timestamp) and isinstance(right, Timestamp):
            raise no_overload()
        return as_timestamp(left.ns + right.ns)
    raise no_overload()


def _subtract(left: Any, right: Any) -> Any:
    pair = _pair(left, right)
    if pair == "int":
        return as_int(left - right)
    if pair == "uint":
        return as_uint(int(left) - int(right))
    if pair == "double":
        return left - right
    if isinstance(left, Timestamp | Duration) and isinstance(right, Duration):
        ns = left.ns - right.ns
        return as_timestamp(ns) if isinstance(left, Timestamp) else as_duration(ns)
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return as_duration(left.ns - right.ns)
    raise no_overload()


def _multiply(left: Any, right: Any) -> Any:
    pair = _pair(left, right)
    if pair == "int":
        return as_int(left * right)
    if pair == "uint":
        return as_uint(int(left) * int(right))
    if pair == "double":
        return left * right
    raise no_overload()


def _divide(left: Any, right: Any) -> Any:
    pair = _pair(left, right)
    if pair == "double":
        if right:
            return left / right
        return (
            math.nan
            if not left or math.isnan(left)
            else math.copysign(math.inf, left) * math.copysign(1, right)
        )
    if not pair:
        raise no_overload()
    if not right:
        raise CelError("division by zero")
    quotient = abs(int(left)) // abs(int(right))
    return (
        as_uint(quotient) if pair == "uint" else as_int(quotient if (left < 0) == (right < 0) else -quotient)
    )


def _remainder(left: Any, right: Any) -> Any:
    pair = _pair(left, right)
    if pair not in ("int", "uint"):
        raise no_overload()
    if not right:
        raise CelError("modulus by zero")
    rest = abs(int(left)) % abs(int(right))
    return as_uint(rest) if pair == "uint" else as_int(-rest if left < 0 else rest)


def _negate(value: Any) -> Any:
    if isinstance(value, Duration):
        return as_duration(-value.ns)
    if _is_int(value):
        return as_int(-value)
    if isinstance(value, float):
        return -value
    raise no_overload()


def _not(value: Any) -> bool:
    if not isinstance(value, bool):
        raise no_overload()
    return not value


def contained(value: Any, container: Any) -> bool:
    """CEL's `in`: an element of a list, a key of a map."""
    if isinstance(container, list):
        return any(equal(value, one) for one in container)
    if isinstance(container, dict):
        return any(equal(value, one) for one in container)
    raise no_overload()


# Types and their conversions.


def _size(value: Any) -> int:
    if isinstance(value, str | bytes | list | dict):
        return len(value)
    raise no_overload()


def _to_int(value: Any) -> int:
    if isinstance(value, Timestamp):
        return value.ns // SECOND_NS
    if isinstance(value, Duration):
        return value.ns
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            raise CelError("integer overflow")
        return as_int(int(value))
    if isinstance(value, str):
        if re.fullmatch(r"[+-]?\d+", value, re.ASCII):
            return as_int(int(value))
        raise CelError(f'type conversion error from "{value}" to int')
    if isinstance(value, int) and not isinstance(value, bool):
        return as_int(int(value))
    raise no_overload()


def _to_uint(value: Any) -> Uint:
    if isinstance(value, str):
        if re.fullmatch(r"\d+", value, re.ASCII):
            return as_uint(int(value))
        raise CelError(f'type conversion error from "{value}" to uint')
    if is_number(value):
        return as_uint(int(value))
    raise no_overload()


def _to_double(value: Any) -> float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise CelError(f'type conversion error from "{value}" to double') from None
    if is_number(value):
        return float(value)
    raise no_overload()


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    table = {"1": True, "t": True, "true": True, "TRUE": True, "True": True, "T": True}
    table |= {"0": False, "f": False, "false": False, "FALSE": False, "False": False, "F": False}
    if isinstance(value, str) and value in table:
        return table[value]
    raise (
        CelError(f'type conversion error from "{value}" to bool') if isinstance(value, str) else no_overload()
    )


def _to_string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise CelError("invalid UTF-8 in bytes, cannot convert to string") from None
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Timestamp):
        return timestamp_text(value)
    if isinstance(value, Duration):
        return duration_text(value)
    if isinstance(value, Extended):
        return str(value)
    raise no_overload()


def _to_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise no_overload()


def _to_timestamp(value: Any) -> Timestamp:
    if isinstance(value, Timestamp):
        return value
    if isinstance(value, str):
        return parse_timestamp(value)
    if _is_int(value):
        return as_timestamp(value * SECOND_NS)
    raise no_overload()


def _to_duration(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    if _is_int(value):
        return as_duration(value)
    raise no_overload()


# Text.


def _texts(*values: Any) -> None:
    if not all(isinstance(value, str) for value in values):
        raise no_overload()


def _on_text(function: Callable[..., Any], *kinds: type) -> Function:
    """A method of text whose further arguments are of these types."""

    def called(text: Any, *arguments: Any) -> Any:
        if not isinstance(text, str) or len(arguments) > len(kinds):
            raise no_overload()
        for value, kind in zip(arguments, kinds, strict=False):
            if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                raise no_overload()
        return function(text, *arguments)

    return called


def compiled(pattern: str) -> re.Pattern[str]:
    """An RE2 pattern. CelError where it is none."""
    try:
        return re.compile(pattern.replace(r"\z", r"\Z"))
    except (re.error, RecursionError) as error:
        raise CelError(f"error parsing regexp: {error}: `{pattern}`") from None


def _lower_ascii(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _upper_ascii(text: str) -> str:
    return "".join(letter.upper() if letter.isascii() else letter for letter in text)


def _char_at(text: str, place: int) -> str:
    if not 0 <= place <= len(text):
        raise CelError(f"index out of range: {place}")
    return text[place : place + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    if part and not 0 <= start < max(len(text), 1):
        raise CelError(f"index out of range: {start}")
    return start if not part else text.find(part, start)


def _last_index_of(text: str, part: str, start: int | None = None) -> int:
    if start is None:
        return text.rfind(part)
    if not 0 <= start < max(len(text), 1):
        raise CelError(f"index out of range: {start}")
    return text.rfind(part, 0, start + len(part))


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    return text.replace(old, new, count)


def _split(text: str, separator: str, count: int = -1) -> list[str]:
    if count == 0:
        return []
    if count == 1:
        return [text]
    if not separator:
        letters = list(text)
        return (
            letters
            if count < 0 or len(letters) <= count
            else [*letters[: count - 1], "".join(letters[count - 1 :])]
        )
    return text.split(separator, count - 1 if count > 0 else -1)


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    for place in (start, stop):
        if not 0 <= place <= len(text):
            raise CelError(f"index out of range: {place}")
    if start > stop:
        raise CelError(f"invalid substring range. start: {start}, end: {stop}")
    return text[start:stop]


def _join(values: Any, separator: Any = "") -> str:
    if not isinstance(values, list):
        raise no_overload()
    _texts(separator, *values)
    return str(separator).join(values)


def _reverse(value: Any) -> Any:
    if isinstance(value, str | list):
        return value[::-1]
    raise no_overload()


def _quote(text: str) -> str:
    table = {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        '"': '\\"',
    }
    return '"' + "".join(table.get(letter, letter) for letter in text) + '"'


_FORMAT = re.compile(r"%(?:\.(\d+))?(.?)")


def _format(text: str, values: list[Any]) -> str:
    """`"%s is %d".format([a, b])`."""
    place = 0

    def filled(found: re.Match[str]) -> str:
        nonlocal place
        if found.group(2) == "%":
            return "%"
        if place >= len(values):
            raise CelError(f"index {place} out of range")
        value = values[place]
        place += 1
        return _clause(found.group(2), found.group(1), value)

    return _FORMAT.sub(filled, text)


def _clause(verb: str, precision: str | None, value: Any) -> str:
    if verb == "s":
        return format_value(value)
    if verb == "d" and isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    if verb in ("f", "e") and is_number(value):
        digits = 6 if precision is None else int(precision)
        return f"{value:.{digits}f}" if verb == "f" else _scientific(f"{value:.{digits}e}")
    if verb == "b" and isinstance(value, int):
        return f"{int(value):b}"
    if verb in ("x", "X") and isinstance(value, int | str | bytes):
        if isinstance(value, int):
            shown = f"{int(value):x}"
        else:
            shown = (value.encode() if isinstance(value, str) else value).hex()
        return shown.upper() if verb == "X" else shown
    if verb == "o" and isinstance(value, int):
        return f"{int(value):o}"
    raise CelError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _scientific(text: str) -> str:
    """A number with an exponent, as it is shown: `3.14×10⁰⁰`."""
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}×10{exponent.removeprefix('+').translate(_RAISED)}"


def format_value(value: Any) -> str:
    """A value as `%s` shows it."""
    if isinstance(value, list):
        return "[" + ", ".join(format_value(one) for one in value) + "]"
    if isinstance(value, dict):
        parts = sorted((format_value(name), format_value(one)) for name, one in value.items())
        return "{" + ", ".join(f"{name}: {one}" for name, one in parts) + "}"
    if value is None:
        return "null"
    if isinstance(value, TypeOf):
        return value.name
    return _to_string(value)


def _starts(text: str, part: str) -> bool:
    return text.startswith(part)


def _ends(text: str, part: str) -> bool:
    return text.endswith(part)


def _contains(text: str, part: str) -> bool:
    return part in text


def _matches(text: str, pattern: str) -> bool:
    return compiled(pattern).search(text) is not None


# Times.


def _local(value: Timestamp, zone: str) -> datetime:
    moment = moment_of(value)
    if not zone:
        return moment
    found = re.fullmatch(r"([+-]?)(\d\d):(\d\d)", zone)
    if found is not None:
        minutes = int(found.group(2)) * 60 + int(found.group(3))
        return moment + timedelta(minutes=-minutes if found.group(1) == "-" else minutes)
    try:
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except (KeyError, ValueError, OSError):
        raise CelError(f"unknown time zone {zone}") from None


def _of_time(part: Callable[[datetime], int], span_ns: int = 0, within: int = 0) -> Callable[..., int]:
    """A method of timestamps, and of durations where `span_ns` says what it counts there."""

    def called(value: Any, zone: Any = "") -> int:
        if isinstance(value, Timestamp) and isinstance(zone, str):
            return part(_local(value, zone))
        if isinstance(value, Duration) and span_ns and zone == "":
            whole = abs(value.ns) // span_ns
            whole = whole % within if within else whole
            return whole if value.ns >= 0 else -whole
        raise no_overload()

    return called


def _milliseconds(value: Any, zone: Any = "") -> int:
    if isinstance(value, Timestamp) and isinstance(zone, str):
        return value.ns % SECOND_NS // 10**6
    if isinstance(value, Duration) and zone == "":
        return int(math.fmod(value.ns, SECOND_NS)) // 10**6
    raise no_overload()


# Sets.


def _sets_contain(left: Any, right: Any) -> bool:
    return all(contained(one, left) for one in right)


def _sets_equal(left: Any, right: Any) -> bool:
    return _sets_contain(left, right) and _sets_contain(right, left)


def _sets_intersect(left: Any, right: Any) -> bool:
    return any(contained(one, left) for one in right)


def _of_lists(function: Callable[[Any, Any], bool]) -> Function:
    def called(left: Any, right: Any) -> bool:
        if not isinstance(left, list) or not isinstance(right, list):
            raise no_overload()
        return function(left, right)

    return called


# Optional values.


def _none() -> Optional:
    return Optional(False)


def _some(value: Any) -> Optional:
    return Optional(True, value)


def _some_if_not_zero(value: Any) -> Optional:
    empty = (
        value is None
        or value is False
        or (isinstance(value, int | float | str | bytes | list | dict) and not value)
    )
    return Optional(not empty, None if empty else value)


def _value(optional: Any) -> Any:
    if not isinstance(optional, Optional):
        raise no_overload()
    if not optional.present:
        raise CelError("optional.none() dereference")
    return optional.value


def _has_value(optional: Any) -> bool:
    if not isinstance(optional, Optional):
        raise no_overload()
    return optional.present


OPERATORS: Mapping[str, Function] = {
    "!_": _not,
    "-_": _negate,
    "@in": contained,
    "_!=_": lambda left, right: not equal(left, right),
    "_%_": _remainder,
    "_*_": _multiply,
    "_+_": _add,
    "_-_": _subtract,
    "_/_": _divide,
    "_<=_": lambda left, right: compared(left, right) <= 0,
    "_<_": lambda left, right: compared(left, right) < 0,
    "_==_": equal,
    "_>=_": lambda left, right: compared(left, right) >= 0,
    "_>_": lambda left, right: compared(left, right) > 0,
}

FUNCTIONS: Mapping[str, Function] = {
    "bool": _to_bool,
    "bytes": _to_bytes,
    "double": _to_double,
    "duration": _to_duration,
    "dyn": lambda value: value,
    "int": _to_int,
    "matches": _on_text(_matches, str),
    "optional.none": _none,
    "optional.of": _some,
    "optional.ofNonZeroValue": _some_if_not_zero,
    "sets.contains": _of_lists(_sets_contain),
    "sets.equivalent": _of_lists(_sets_equal),
    "sets.intersects": _of_lists(_sets_intersect),
    "size": _size,
    "string": _to_string,
    "strings.quote": _on_text(_quote),
    "timestamp": _to_timestamp,
    "type": lambda value: TypeOf(type_name(value)),
    "uint": _to_uint,
}
"""Functions that stand alone, by their full names."""

METHODS: Mapping[str, Function] = {
    "charAt": _on_text(_char_at, int),
    "contains": _on_text(_contains, str),
    "endsWith": _on_text(_ends, str),
    "format": _on_text(_format, list),
    "getDate": _of_time(lambda moment: moment.day),
    "getDayOfMonth": _of_time(lambda moment: moment.day - 1),
    "getDayOfWeek": _of_time(lambda moment: moment.isoweekday() % 7),
    "getDayOfYear": _of_time(lambda moment: moment.timetuple().tm_yday - 1),
    "getFullYear": _of_time(lambda moment: moment.year),
    "getHours": _of_time(lambda moment: moment.hour, 3600 * SECOND_NS),
    "getMilliseconds": _milliseconds,
    "getMinutes": _of_time(lambda moment: moment.minute, 60 * SECOND_NS),
    "getMonth": _of_time(lambda moment: moment.month - 1),
    "getSeconds": _of_time(lambda moment: moment.second, SECOND_NS),
    "hasValue": _has_value,
    "indexOf": _on_text(_index_of, str, int),
    "join": _join,
    "lastIndexOf": _on_text(_last_index_of, str, int),
    "lowerAscii": _on_text(_lower_ascii),
    "matches": _on_text(_matches, str),
    "replace": _on_text(_replace, str, str, int),
    "reverse": _reverse,
    "size": _size,
    "split": _on_text(_split, str, int),
    "startsWith": _on_text(_starts, str),
    "substring": _on_text(_substring, int, int),
    "trim": _on_text(lambda text: text.strip()),
    "upperAscii": _on_text(_upper_ascii),
    "value": _value,
}
"""Functions that are called on a value."""
