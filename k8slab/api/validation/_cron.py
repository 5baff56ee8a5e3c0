"""The grammar of a CronJob's schedule: what the parser says about one that it cannot read.

Models vendor/github.com/robfig/cron/v3/parser.go (ParseStandard), Go's
time.ParseDuration and pkg/util/parsers, v1.36.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

from k8slab.api.validation._field import quote

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    (0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
_DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_UNITS_NS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


class ScheduleError(ValueError):
    """A schedule that cannot be read; its text is the parser's."""


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """The names of the time zones in the tzdata package, which is the same everywhere."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


def unknown_time_zone(name: str) -> str | None:
    """What loading a time zone says, None where it is known. "", UTC and Local always are."""
    if name in ("", "UTC", "Local"):
        return None
    if ".." in name or name.startswith("/") or "\\" in name:
        return "time: invalid location name"
    return None if name in _zones() else f"unknown time zone {name}"


@lru_cache(maxsize=1024)
def schedule_fault(schedule: str) -> str | None:
    """What the parser says about a schedule, None where it reads it."""
    try:
        _parse(schedule)
    except ScheduleError as error:
        return str(error)
    return None


def _parse(schedule: str) -> None:
    if not schedule:
        raise ScheduleError("empty spec string")
    if schedule.startswith(("TZ=", "CRON_TZ=")):
        blank, equals = schedule.find(" "), schedule.find("=")
        if blank < 0:
            text = "runtime error: slice bounds out of range [:-1]"
            raise ScheduleError(f"invalid schedule format: {text}")
        zone = schedule[equals + 1 : blank]
        fault = unknown_time_zone(zone)
        if fault is not None:
            raise ScheduleError(f"provided bad location {zone}: {fault}")
        schedule = schedule[blank:].strip()
    if schedule.startswith("@"):
        _parse_descriptor(schedule)
        return
    fields = schedule.split()
    if len(fields) != 5:
        raise ScheduleError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    for text, (low, high, names) in zip(fields, _FIELDS):
        for part in text.split(","):
            if part:
                _parse_range(part, low, high, names)


def _parse_range(text: str, low: int, high: int, names: dict[str, int]) -> None:
    """`number`, `number-number` or a star, perhaps with a step."""
    base, *steps = text.split("/")
    ends = base.split("-")
    if ends[0] in ("*", "?"):
        start, end = low, high
    else:
        start = end = _number(ends[0], names)
        if len(ends) == 2:
            end = _number(ends[1], names)
        elif len(ends) > 2:
            raise ScheduleError(f"too many hyphens: {text}")
    step = 1
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {text}")
    if steps:
        step = _integer(steps[0])
        end = high if len(ends) == 1 else end
    if start < low:
        raise ScheduleError(f"beginning of range ({start}) below minimum ({low}): {text}")
    if end > high:
        raise ScheduleError(f"end of range ({end}) above maximum ({high}): {text}")
    if start > end:
        raise ScheduleError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {text}")


def _number(text: str, names: dict[str, int]) -> int:
    return names[text.lower()] if text.lower() in names else _integer(text)


def _integer(text: str) -> int:
    problem = ""
    if not re.fullmatch("[+-]?[0-9]+", text, re.ASCII):
        problem = "invalid syntax"
    elif not -(2**63) <= int(text) < 2**63:
        problem = "value out of range"
    if problem:
        raise ScheduleError(
            f"failed to parse int from {text}: strconv.Atoi: parsing {quote(text)}: {problem}"
        )
    number = int(text)
    if number < 0:
        raise ScheduleError(f"negative number ({number}) not allowed: {text}")
    return number


def _parse_descriptor(text: str) -> None:
    if text in _DESCRIPTORS:
        return
    if not text.startswith("@every "):
        raise ScheduleError(f"unrecognized descriptor: {text}")
    fault = _duration_fault(text.removeprefix("@every "))
    if fault is not None:
        raise ScheduleError(f"failed to parse duration {text}: time: {fault}")


def _duration_fault(text: str) -> str | None:
    """What time.ParseDuration says about a duration."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return None
    bad = f"invalid duration {quote(text)}"
    if not rest:
        return bad
    total = 0.0
    while rest:
        match = re.match(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)", rest)
        assert match is not None, "the pattern matches the empty text"
        whole, fraction, unit = match.groups()
        if not whole and (fraction or ".") == ".":
            return bad
        if not unit:
            return f"missing unit in duration {quote(text)}"
        if unit not in _UNITS_NS:
            return f"unknown unit {quote(unit)} in duration {quote(text)}"
        total += float(f"{whole or 0}{fraction or ''}") * _UNITS_NS[unit]
        if total >= 2**63:
            return bad
        rest = rest[match.end() :]
    return None
