"""The lab's clock: instants and durations as integer microseconds.

An instant is a count of microseconds since the Unix epoch, so that it can be
written into an API object without a conversion table; a lab starts at
`START_US`, a fixed morning, or at the instant that it is given, and never reads
the wall clock itself. Durations are
microseconds too. Integers do not round, so two runs agree to the last digit.
"""

from __future__ import annotations

import calendar
import re
import time
from functools import lru_cache

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

START_US = calendar.timegm((2026, 1, 5, 9, 0, 0)) * SECOND_US
"""A lab that is not told otherwise begins on Monday, 5 January 2026, 09:00:00 UTC."""

_RFC3339 = re.compile(r"^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$")
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)")
_UNIT_US = {
    "ns": 0.001,
    "us": 1,
    "µs": 1,
    "ms": 1000,
    "s": SECOND_US,
    "m": MINUTE_US,
    "h": HOUR_US,
    "d": DAY_US,
}


@lru_cache(maxsize=64)
def _format_day(day: int) -> str:
    at = time.gmtime(day * 86_400)
    # Years before 1000 have four digits as well, which strftime leaves to the platform.
    return f"{at.tm_year:04d}-{at.tm_mon:02d}-{at.tm_mday:02d}"


@lru_cache(maxsize=4096)
def _format_second(second: int) -> str:
    day, of_day = divmod(second, 86_400)
    minutes, seconds = divmod(of_day, 60)
    return f"{_format_day(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}Z"


def timestamp(at_us: int) -> str:
    """An instant as `metav1.Time` is written: RFC 3339 in UTC, whole seconds, cut off."""
    return _format_second(at_us // SECOND_US)


def micro_timestamp(at_us: int) -> str:
    """An instant as `metav1.MicroTime` is written: RFC 3339 in UTC with six decimals."""
    second, micro = divmod(at_us, SECOND_US)
    return f"{_format_second(second)[:-1]}.{micro:06d}Z"


@lru_cache(maxsize=16384)
def parse_timestamp(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 text. ValueError if it is not one."""
    match = _RFC3339.match(text)
    if match is None:
        raise ValueError(f'parsing time "{text}" as RFC 3339')
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    at = calendar.timegm((year, month, day, hour, minute, second)) * SECOND_US
    fraction, zone = match.group(7), match.group(8)
    if fraction:
        at += int(fraction.ljust(6, "0")[:6])
    if zone != "Z":
        offset = int(zone[1:3]) * HOUR_US + int(zone[4:6]) * MINUTE_US
        at += -offset if zone[0] == "+" else offset
    return at


def duration_us(value: float | int | str) -> int:
    """A user's duration in microseconds: seconds as a number, or text such as `5m`, `1h30m`, `2d`.

    Raises ValueError for a text of any other form and for a negative duration.
    """
    if isinstance(value, str):
        text = value.strip()
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return round(float(text) * SECOND_US)
        parts = _DURATION_PART.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise ValueError(f'invalid duration "{value}": write seconds, or e.g. 90s, 5m, 1h30m')
        return round(sum(float(number) * _UNIT_US[unit] for number, unit in parts))
    if value < 0:
        raise ValueError(f"invalid duration {value}: time only moves forward")
    return round(value * SECOND_US)
