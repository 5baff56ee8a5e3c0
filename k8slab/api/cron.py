"""A CronJob's schedule: its grammar, and the instants that it names.

The grammar, the search and even the faults are those of the parser that
Kubernetes uses: what it refuses, how it joins day of month and day of week,
and what it makes of an hour that the clocks skip or repeat. No library for
Python agrees with it on these (croniter takes six fields, `L` and day 7, and
reads `5-5/1` as every value), so the fields are expanded here; croniter is
a second opinion in the tests.

Time zones come from the tzdata package, which is the same on every machine.

Models vendor/github.com/robfig/cron/v3/{parser,spec,constantdelay}.go
(ParseStandard), Go's time.Date, time.ParseDuration and time.LoadLocation, v1.36.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

from k8slab.api.durations import DurationError, parse_ns
from k8slab.api.go_text import quote
from k8slab.clock import SECOND_US

MINUTE, HOUR, DAY = 60, 3600, 86400
"""In seconds: instants are whole seconds here, as schedules know nothing finer."""


class CronError(ValueError):
    """A schedule or time zone that cannot be read; its text is the parser's."""


class Schedule(NamedTuple):
    """A schedule as sets of bits: bit 5 of `hours` is five o'clock.

    `any_day` tells that a star without a step stands for the day of the month
    or of the week, so that both must fit; otherwise one is enough. `zone` is
    the schedule's own (`TZ=…`), "" where it has none. `every_seconds` is the
    period of `@every`, 0 for any other schedule.
    """

    minutes: int = 0
    hours: int = 0
    days: int = 0
    months: int = 0
    weekdays: int = 0
    any_day: bool = False
    zone: str = ""
    every_seconds: int = 0


class _Field(NamedTuple):
    """The bounds of a field, and the names that stand for numbers."""

    low: int
    high: int
    names: dict[str, int]


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field(0, 59, {}),
    _Field(0, 23, {}),
    _Field(1, 31, {}),
    _Field(1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Field(0, 6, {name: number for number, name in enumerate(_WEEKDAYS)}),
)
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_YEARS = 5
"""A search gives up where it finds nothing within this many years."""


# Reading a schedule.


@lru_cache(maxsize=4096)
def parse(schedule: str) -> Schedule:
    """The schedule of a text. CronError, with the parser's own words, where it cannot be read."""
    if not schedule:
        raise CronError("empty spec string")
    zone = ""
    if schedule.startswith(("TZ=", "CRON_TZ=")):
        blank, equals = schedule.find(" "), schedule.find("=")
        if blank < 0:
            text = "runtime error: slice bounds out of range [:-1]"
            raise CronError(f"invalid schedule format: {text}")
        zone = schedule[equals + 1 : blank] or "UTC"
        fault = unknown_time_zone(zone)
        if fault is not None:
            raise CronError(f"provided bad location {zone}: {fault}")
        zone = "" if zone == "Local" else zone
        schedule = schedule[blank:].strip()
    if schedule.startswith("@"):
        if schedule not in _DESCRIPTORS:
            return Schedule(zone=zone, every_seconds=_period_seconds(schedule))
        schedule = _DESCRIPTORS[schedule]
    fields = schedule.split()
    if len(fields) != len(_FIELDS):
        raise CronError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    (minutes, _), (hours, _), (days, day_star), (months, _), (weekdays, weekday_star) = (
        _bits(text, field) for text, field in zip(fields, _FIELDS, strict=True)
    )
    return Schedule(minutes, hours, days, months, weekdays, day_star or weekday_star, zone)


def _bits(text: str, field: _Field) -> tuple[int, bool]:
    """The values of a field as bits, and whether a plain star is among its parts."""
    bits, star = 0, False
    for part in text.split(","):
        if part:
            start, end, step, is_star = _range(part, field)
            star = star or is_star
            for value in range(start, end + 1, step):
                bits |= 1 << value
    return bits, star


def _range(text: str, field: _Field) -> tuple[int, int, int, bool]:
    """Start, end and step of `number`, `number-number` or a star, perhaps with a step; is it a star?"""
    base, *steps = text.split("/")
    ends = base.split("-")
    star = ends[0] in ("*", "?")
    if star:
        start, end = field.low, field.high
    else:
        start = end = _number(ends[0], field.names)
        if len(ends) == 2:
            end = _number(ends[1], field.names)
        elif len(ends) > 2:
            raise CronError(f"too many hyphens: {text}")
    if len(steps) > 1:
        raise CronError(f"too many slashes: {text}")
    step = 1
    if steps:
        step = _integer(steps[0])
        end = field.high if len(ends) == 1 else end
        star = star and step <= 1
    if start < field.low:
        raise CronError(f"beginning of range ({start}) below minimum ({field.low}): {text}")
    if end > field.high:
        raise CronError(f"end of range ({end}) above maximum ({field.high}): {text}")
    if start > end:
        raise CronError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise CronError(f"step of range should be a positive number: {text}")
    return start, end, step, star


def _number(text: str, names: dict[str, int]) -> int:
    return names[text.lower()] if text.lower() in names else _integer(text)


def _integer(text: str) -> int:
    problem = ""
    if not re.fullmatch("[+-]?[0-9]+", text, re.ASCII):
        problem = "invalid syntax"
    elif not -(2**63) <= int(text) < 2**63:
        problem = "value out of range"
    if problem:
        raise CronError(f"failed to parse int from {text}: strconv.Atoi: parsing {quote(text)}: {problem}")
    number = int(text)
    if number < 0:
        raise CronError(f"negative number ({number}) not allowed: {text}")
    return number


def _period_seconds(text: str) -> int:
    """The period of `@every …` in whole seconds, at least one."""
    if not text.startswith("@every "):
        raise CronError(f"unrecognized descriptor: {text}")
    try:
        nanoseconds = parse_ns(text.removeprefix("@every "))
    except DurationError as error:
        raise CronError(f"failed to parse duration {text}: {error}") from None
    return max(nanoseconds // 10**9, 1)


# Time zones.


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


def unknown_time_zone(name: str) -> str | None:
    """What loading a time zone says, None where it is known. "", UTC and Local always are."""
    if name in ("", "UTC", "Local"):
        return None
    if ".." in name or name.startswith("/") or "\\" in name:
        return "time: invalid location name"
    return None if name in _zone_names() else f"unknown time zone {name}"


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """The time zone of a name; the lab's local time is UTC."""
    if name in ("", "UTC", "Local"):
        return UTC
    fault = unknown_time_zone(name)
    if fault is not None:
        raise CronError(f"provided bad location {name}: {fault}")
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


# Searching.


@lru_cache(maxsize=1024)
def next_after(schedule: str | Schedule, at_us: int, time_zone: str = "") -> int | None:
    """The first instant after `at_us` that a schedule names; None where there is none within five years.

    `time_zone` is the CronJob's; a zone in the schedule itself goes before it.
    Both instants are microseconds since the epoch. CronError for a text or a
    time zone that cannot be read. A controller asks for the same ones at every look.
    """
    known = parse(schedule) if isinstance(schedule, str) else schedule
    now = at_us // SECOND_US
    if known.every_seconds:
        return (now + known.every_seconds) * SECOND_US
    found = _found(known, now + 1, zone_of(known.zone or time_zone))
    return None if found is None else found * SECOND_US


def _found(schedule: Schedule, at: int, zone: tzinfo) -> int | None:
    """The first second not before `at` that fits."""
    if zone is UTC:
        soon = _in_this_hour(schedule, at)
        if soon is not None:
            return soon
    return _search(schedule, at, zone)


def _in_this_hour(schedule: Schedule, at: int) -> int | None:
    """What the search finds in UTC, where that lies in the hour of `at`: no clock is changed there."""
    next_minute = (at % HOUR + MINUTE - 1) // MINUTE
    left = schedule.minutes >> next_minute
    here = datetime.fromtimestamp(at, UTC)
    fits = schedule.hours >> here.hour & 1 and schedule.months >> here.month & 1 and _day_fits(schedule, here)
    if not left or not fits:
        return None
    return at - at % HOUR + (next_minute + (left & -left).bit_length() - 1) * MINUTE


def _search(schedule: Schedule, at: int, zone: tzinfo) -> int | None:
    """The first second not before `at` that fits, found from the month downwards.

    A field that doesn't fit moves on until it does; where that carries into
    a larger field, the search starts again with the months.
    """
    last_year = _local(at, zone).year + _YEARS
    start = at
    while _local(at, zone).year <= last_year:
        carried, at = _to_month(schedule, at, at == start, zone)
        if not carried:
            carried, at = _to_day(schedule, at, at == start, zone)
        if not carried:
            carried, at = _to_hour(schedule, at, at == start, zone)
        if not carried:
            carried, at = _to_minute(schedule, at, zone)
        if not carried:
            carried, at = _to_full_minute(at, zone)
        if not carried:
            return at
    return None


Step = tuple[bool, int]
"""Whether a larger field moved on, and where the search is."""


def _to_month(schedule: Schedule, at: int, fresh: bool, zone: tzinfo) -> Step:
    """Move to a month that fits. `fresh` tells that nothing was moved yet: then to a month's beginning."""
    here = _local(at, zone)
    while not schedule.months >> here.month & 1:
        if fresh:
            fresh, here = False, _local(_instant(here.year, here.month, 1, 0, 0, 0, zone), zone)
        at = _instant(here.year, here.month + 1, here.day, here.hour, here.minute, here.second, zone)
        here = _local(at, zone)
        if here.month == 1:
            return True, at
    return False, at


def _to_day(schedule: Schedule, at: int, fresh: bool, zone: tzinfo) -> Step:
    """Move to a day that fits, and mind midnights that don't exist."""
    here = _local(at, zone)
    while not _day_fits(schedule, here):
        if fresh:
            fresh, here = False, _local(_instant(here.year, here.month, here.day, 0, 0, 0, zone), zone)
        before = at
        at = _instant(here.year, here.month, here.day + 1, here.hour, here.minute, here.second, zone)
        hour = _local(at, zone).hour
        if hour:
            at += (24 - hour if hour > 12 else -hour) * HOUR
        if at <= before:
            # On a day that the zone skipped the library turns round for ever.
            at = before + DAY
        here = _local(at, zone)
        if here.day == 1:
            return True, at
    return False, at


def _day_fits(schedule: Schedule, here: datetime) -> bool:
    day = bool(schedule.days >> here.day & 1)
    weekday = bool(schedule.weekdays >> here.isoweekday() % 7 & 1)
    return day and weekday if schedule.any_day else day or weekday


def _to_hour(schedule: Schedule, at: int, fresh: bool, zone: tzinfo) -> Step:
    here = _local(at, zone)
    if fresh and not schedule.hours >> here.hour & 1:
        at = _instant(here.year, here.month, here.day, here.hour, 0, 0, zone)
        here = _local(at, zone)
    while not schedule.hours >> here.hour & 1:
        at += HOUR
        here = _local(at, zone)
        if here.hour == 0:
            return True, at
    return False, at


def _to_minute(schedule: Schedule, at: int, zone: tzinfo) -> Step:
    minute = _local(at, zone).minute
    while not schedule.minutes >> minute & 1:
        at += MINUTE - at % MINUTE
        minute = _local(at, zone).minute
        if minute == 0:
            return True, at
    return False, at


def _to_full_minute(at: int, zone: tzinfo) -> Step:
    """Move to second 0: schedules have no field for seconds."""
    second = _local(at, zone).second
    at += (MINUTE - second) % MINUTE
    return second != 0, at


def _local(at: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at, zone)


def _instant(year: int, month: int, day: int, hour: int, minute: int, second: int, zone: tzinfo) -> int:
    """The instant of a local time, where a month may be 13 and a day 32, as Go's time.Date finds it.

    A local time that doesn't exist, or exists twice, is read with the offset
    that holds at the same figures in UTC, or else with the one found from there.
    """
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    at = calendar.timegm((year, month, 1, hour, minute, second)) + (day - 1) * DAY
    offset = _offset(at, zone)
    if offset:
        offset = _offset(at - offset, zone)
    return at - offset


def _offset(at: int, zone: tzinfo) -> int:
    difference = _local(at, zone).utcoffset()
    return 0 if difference is None else int(difference.total_seconds())
