"""Common Expression Language: its values, and how they compare and convert.

| CEL | here |
|---|---|
| int, double, bool, string, bytes, null | int, float, bool, str, bytes, None |
| uint | `Uint` |
| list, map | list (or tuple), dict |
| timestamp, duration | `Timestamp`, `Duration`: whole nanoseconds |
| optional_type, type | `Optional`, `TypeOf` |

Models vendor/github.com/google/cel-go/common/types, v1.36.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from typing import Any, NamedTuple

SECOND_NS = 1_000_000_000
_INT_MIN, _INT_MAX, _UINT_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1
_EPOCH = datetime(1970, 1, 1)


class CelError(ValueError):
    """An expression that can't be compiled or evaluated; the text says why."""


class Uint(int):
    """An unsigned integer, which CEL keeps apart from others."""


class Timestamp(NamedTuple):
    """A moment, in nanoseconds since 1970, and how far ahead of UTC it was written, in seconds."""

    ns: int
    ahead_s: int = 0


class Duration(NamedTuple):
    """A span of time, in nanoseconds."""

    ns: int


class TypeOf(NamedTuple):
    """A type as a value."""

    name: str


class Optional(NamedTuple):
    """A value that may be missing."""

    present: bool
    value: Any = None


NOTHING = Optional(False)


class SetList(list[Any]):
    """A list of type set: its order is no matter, and what is added to it is there once."""


class KeyedList(list[Any]):
    """A list of type map: its order is no matter, and what is added to it replaces what has the same keys."""

    def __init__(self, items: list[Any], keys: tuple[str, ...]) -> None:
        super().__init__(items)
        self.keys = keys

    def key_of(self, item: Any) -> tuple[Any, ...]:
        """What tells one item from others."""
        return tuple(item.get(key) if isinstance(item, dict) else None for key in self.keys)


class Extended:
    """What a library adds as a type of its own (quantity, ip …): it names its type and compares by `key`."""

    cel_type = ""
    key: Any = None
    size = 1
    """How large it is, as far as what it costs goes by that."""

    def __eq__(self, other: object) -> bool:
        """Whether it is the same value of the same type."""
        return isinstance(other, Extended) and (self.cel_type, self.key) == (other.cel_type, other.key)

    def __hash__(self) -> int:
        """By type and value."""
        return hash((self.cel_type, self.key))


def no_overload() -> CelError:
    """What every operation says of values that it isn't made for."""
    return CelError("no such overload")


def type_name(value: Any) -> str:
    """The name of a value's type."""
    for kinds, name in _TYPE_NAMES:
        if isinstance(value, kinds):
            return name
    return value.cel_type if isinstance(value, Extended) else "dyn"


_TYPE_NAMES: tuple[tuple[Any, str], ...] = (
    (type(None), "null_type"),
    (bool, "bool"),
    (Uint, "uint"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (bytes, "bytes"),
    (Timestamp, "google.protobuf.Timestamp"),
    (Duration, "google.protobuf.Duration"),
    (Optional, "optional_type"),
    (TypeOf, "type"),
    (dict, "map"),
    (list, "list"),
)


def is_number(value: Any) -> bool:
    """Whether a value is an int, a uint or a double."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool:
    """CEL's `==`: numbers of all types are compared, other types only with themselves."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        if isinstance(left, SetList | KeyedList):
            return len(left) == len(right) and _holds_all(left, right)
        return len(left) == len(right) and all(
            equal(one, other) for one, other in zip(left, right, strict=True)
        )
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(
            name in right and equal(one, right[name]) for name, one in left.items()
        )
    if isinstance(left, Optional) and isinstance(right, Optional):
        return left.present == right.present and equal(left.value, right.value)
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return left.ns == right.ns
    return type_name(left) == type_name(right) and bool(left == right)


def _holds_all(held: SetList | KeyedList, others: list[Any]) -> bool:
    """Whether all of a list is, in whatever order, in one whose items have no order."""
    if isinstance(held, SetList):
        return all(any(equal(one, other) for one in held) for other in others)
    known = {held.key_of(one): one for one in held}
    return all(held.key_of(other) in known and equal(known[held.key_of(other)], other) for other in others)


def added(left: list[Any], right: list[Any]) -> list[Any]:
    """CEL's `+` of two lists."""
    if isinstance(left, SetList):
        found = SetList(left)
        found.extend(one for one in right if not any(equal(one, other) for other in left))
        return found
    if isinstance(left, KeyedList):
        merged = {left.key_of(one): one for one in left}
        merged.update((left.key_of(one), one) for one in right)
        return KeyedList(list(merged.values()), left.keys)
    return [*left, *right]


def compared(left: Any, right: Any) -> int:
    """-1, 0 or 1 for values that have an order. CelError for others."""
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return int(left.ns > right.ns) - int(left.ns < right.ns)
    same = type_name(left) == type_name(right) and isinstance(left, bool | str | bytes | Duration)
    if not same and not (is_number(left) and is_number(right)):
        raise no_overload()
    if isinstance(left, str):
        left, right = left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass")
    if (isinstance(left, float) and math.isnan(left)) or (isinstance(right, float) and math.isnan(right)):
        raise CelError("NaN values cannot be ordered")
    return int(left > right) - int(left < right)


# Arithmetic.


def as_int(value: int) -> int:
    """An int result. CelError where it is too large."""
    if not _INT_MIN <= value <= _INT_MAX:
        raise CelError("integer overflow")
    return int(value)


def as_uint(value: int) -> Uint:
    """A uint result. CelError where it is too large or negative."""
    if not 0 <= value <= _UINT_MAX:
        raise CelError("unsigned integer overflow")
    return Uint(value)


def as_duration(ns: int) -> Duration:
    """A duration result. CelError where it is too long."""
    if not _INT_MIN <= ns <= _INT_MAX:
        raise CelError("integer overflow")
    return Duration(ns)


_YEAR_1_NS = int((datetime(1, 1, 1) - _EPOCH).total_seconds()) * SECOND_NS
_YEAR_9999_NS = int((datetime(9999, 12, 31, 23, 59, 59) - _EPOCH).total_seconds()) * SECOND_NS + SECOND_NS - 1


def as_timestamp(ns: int) -> Timestamp:
    """A timestamp result. CelError outside of the years 1 to 9999."""
    if not _YEAR_1_NS <= ns <= _YEAR_9999_NS:
        raise CelError("timestamp overflow")
    return Timestamp(ns)


# Text of times.

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))"
)


def parse_timestamp(text: str) -> Timestamp:
    """A moment from RFC 3339 text. CelError for any other text."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise CelError(f'type conversion error from "{text}" to google.protobuf.Timestamp')
    year, month, day, hour, minute, second = (int(found.group(number)) for number in range(1, 7))
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59)) - _EPOCH
    except ValueError:
        raise CelError(f'type conversion error from "{text}" to google.protobuf.Timestamp') from None
    offset = 0
    if found.group(8):
        offset = (int(found.group(9)) * 60 + int(found.group(10))) * 60
        offset = -offset if found.group(8) == "-" else offset
    seconds = moment.days * 86400 + moment.seconds - offset
    ns = seconds * SECOND_NS + int((found.group(7) or "0").ljust(9, "0"))
    return as_timestamp(ns)._replace(ahead_s=offset)


def timestamp_text(value: Timestamp) -> str:
    """A moment as RFC 3339 text, in the zone that it was written in."""
    seconds, ns = divmod(value.ns, SECOND_NS)
    moment = _EPOCH + timedelta(seconds=seconds + value.ahead_s)
    fraction = f".{ns:09d}".rstrip("0") if ns else ""
    minutes = abs(value.ahead_s) // 60
    sign = "-" if value.ahead_s < 0 else "+"
    zone = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}" if value.ahead_s else "Z"
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f"{fraction}{zone}"


_UNITS_NS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ms": 10**6,
    "s": SECOND_NS,
    "m": 60 * SECOND_NS,
    "h": 3600 * SECOND_NS,
}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")


def parse_duration(text: str) -> Duration:
    """A span from Go's text of it, e.g. `1h30m`. CelError for any other text."""
    bare = text[1:] if text[:1] in ("-", "+") else text
    parts = list(_PART.finditer(bare))
    if bare != "0" and (not parts or "".join(part.group() for part in parts) != bare):
        raise CelError(f'type conversion error from "{text}" to google.protobuf.Duration')
    total = 0
    for part in parts:
        whole, _, fraction = part.group(1).partition(".")
        unit = _UNITS_NS[part.group(2)]
        total += int(whole or "0") * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)
    return as_duration(-total if text[:1] == "-" else total)


def duration_text(value: Duration) -> str:
    """A span as seconds, e.g. `5400s`."""
    seconds, ns = divmod(abs(value.ns), SECOND_NS)
    fraction = f".{ns:09d}".rstrip("0") if ns else ""
    return f"{'-' if value.ns < 0 else ''}{seconds}{fraction}s"


def moment_of(value: Timestamp) -> datetime:
    """A moment's calendar date and time in UTC."""
    return _EPOCH + timedelta(seconds=value.ns // SECOND_NS)


# Text of numbers.


def double_text(value: float) -> str:
    """A double as Go writes it with the fewest digits (`strconv.FormatFloat`, format g)."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa.removesuffix(".0")
    magnitude = int(exponent) if exponent else len(mantissa.lstrip("-").partition(".")[0]) - 1
    if not exponent and magnitude < 21:
        return mantissa
    if not exponent:
        digits = mantissa.lstrip("-").rstrip("0")
        sign = "-" if value < 0 else ""
        return f"{sign}{digits[0]}{'.' + digits[1:] if digits[1:] else ''}e+{magnitude:02d}"
    return f"{mantissa}e{'-' if magnitude < 0 else '+'}{abs(magnitude):02d}"


class MapWithDefault(dict[str, Any]):
    """A map that answers for keys that it doesn't hold, as that of a device's attributes does by domain."""

    def __init__(self, default: Any) -> None:
        super().__init__()
        self.default = default
