"""Times as `metav1.Time` and `metav1.MicroTime` read and write them, with Go's words for what is no time.

Models staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/{time,micro_time}.go and Go's time.Parse, v1.36.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from k8slab.api.json_text import go_quote

SECONDS_LAYOUT = "2006-01-02T15:04:05Z07:00"
MICROS_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"

_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)


class InstantError(ValueError):
    """A text that is no RFC 3339 time; its message is Go's."""


class _Element(NamedTuple):
    """One piece of the layout: how it is spelled there, what fits it, and the range of its number."""

    layout: str
    pattern: re.Pattern[str]
    name: str = ""
    lowest: int = 0
    highest: int = 9999


def _number(layout: str, name: str, lowest: int, highest: int) -> _Element:
    return _Element(layout, re.compile(r"\d\d", re.ASCII), name, lowest, highest)


def _literal(text: str) -> _Element:
    return _Element(text, re.compile(re.escape(text)))


_ELEMENTS = (
    _Element("2006", re.compile(r"\d{4}", re.ASCII), "year"),
    _literal("-"),
    _number("01", "month", 1, 12),
    _literal("-"),
    _number("02", "day", 0, 99),
    _literal("T"),
    _number("15", "hour", 0, 23),
    _literal(":"),
    _number("04", "minute", 0, 59),
    _literal(":"),
    _number("05", "second", 0, 59),
)
_FRACTION = re.compile(r"[.,](\d+)", re.ASCII)
_MICROS = re.compile(r"[.,](\d{6})", re.ASCII)


@lru_cache(maxsize=4096)
def canonical_seconds(text: str) -> str:
    """The text of the instant in UTC, cut to whole seconds; InstantError in Go's words."""
    return _parse(text, SECONDS_LAYOUT).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


@lru_cache(maxsize=4096)
def canonical_micros(text: str) -> str:
    """The text of the instant in UTC with microseconds, which the text must have; InstantError."""
    return _parse(text, MICROS_LAYOUT).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def _parse(text: str, layout: str) -> datetime:
    rest = text
    numbers: dict[str, int] = {}
    for element in _ELEMENTS:
        found = element.pattern.match(rest)
        if not found:
            raise _cannot_parse(text, layout, rest, element.layout)
        if element.name:
            numbers[element.name] = int(found[0])
            if not element.lowest <= numbers[element.name] <= element.highest:
                raise InstantError(f"parsing time {go_quote(text)}: {element.name} out of range")
        rest = rest[found.end() :]
    micros = 0
    fraction = (_MICROS if layout == MICROS_LAYOUT else _FRACTION).match(rest)
    if fraction:
        micros = int(fraction[1][:6].ljust(6, "0"))
        rest = rest[fraction.end() :]
    elif layout == MICROS_LAYOUT:
        raise _cannot_parse(text, layout, rest, ".000000")
    offset, rest = _offset(text, layout, rest)
    if rest:
        raise InstantError(f"parsing time {go_quote(text)}: extra text: {go_quote(rest)}")
    try:
        local = datetime(**numbers, microsecond=micros, tzinfo=UTC)
    except ValueError:
        raise InstantError(f"parsing time {go_quote(text)}: day out of range") from None
    return local - offset


def _cannot_parse(text: str, layout: str, rest: str, element: str) -> InstantError:
    return InstantError(
        f"parsing time {go_quote(text)} as {go_quote(layout)}: "
        f"cannot parse {go_quote(rest)} as {go_quote(element)}"
    )


def _offset(text: str, layout: str, rest: str) -> tuple[timedelta, str]:
    if rest.startswith("Z"):
        return timedelta(), rest[1:]
    found = _OFFSET.match(rest)
    if not found:
        raise _cannot_parse(text, layout, rest, "Z07:00")
    hours, minutes = int(found[2]), int(found[3])
    for name, number, limit in (("hour", hours, 24), ("minute", minutes, 59)):
        if number > limit:
            raise InstantError(f"parsing time {go_quote(text)}: time zone offset {name} out of range")
    shift = timedelta(hours=hours, minutes=minutes)
    return (shift if found[1] == "+" else -shift), rest[6:]
