"""Schedules: every recorded row, and croniter as a second opinion where it may have one."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import tzdata
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.api import cron
from k8slab.api.cron import CronError, next_after, parse
from k8slab.clock import SECOND_US, START_US, parse_timestamp, timestamp

ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "reference" / "cron.json").read_text("utf-8")
)
CHANGED_SINCE = ("Africa/Casablanca",)
"""Zones whose rules for the years after the recording were changed by a later time zone database."""


def name_of(row: dict[str, Any]) -> str:
    return f"{ROWS.index(row)} {row['schedule']} {row.get('timeZone', '')}".strip()


def instant(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND_US


@pytest.mark.parametrize("row", [row for row in ROWS if "error" in row], ids=name_of)
def test_refusal(row: dict[str, Any]) -> None:
    with pytest.raises(CronError) as refusal:
        parse(row["schedule"])
    assert str(refusal.value) == row["error"]


@pytest.mark.parametrize("row", [row for row in ROWS if "next" in row], ids=name_of)
def test_next_instants(row: dict[str, Any]) -> None:
    zone = row.get("timeZone", "")
    if zone in CHANGED_SINCE and tzdata.IANA_VERSION > "2025z":
        pytest.skip("the installed time zone database has other rules")
    for start, recorded in zip(row["from"], row["next"], strict=True):
        at_us: int | None = instant(start)
        found: list[int] = []
        while len(found) < 8 and at_us is not None:
            at_us = next_after(row["schedule"], at_us, zone)
            if at_us is not None:
                found.append(at_us)
        assert [timestamp(one) for one in found] == [timestamp(instant(text)) for text in recorded]


@pytest.mark.parametrize("row", [row for row in ROWS if row.get("hangs")], ids=name_of)
def test_search_returns_where_the_library_hangs(row: dict[str, Any]) -> None:
    for start in row["hangs"]:
        found = next_after(row["schedule"], instant(start), row.get("timeZone", ""))
        assert found is None or found > instant(start)


@pytest.mark.parametrize(
    ("schedule", "zone", "at", "after"),
    [
        ("@every 90s", "", "2026-01-05T09:00:00Z", "2026-01-05T09:01:30Z"),
        ("@every 1ms", "", "2026-01-05T09:00:00Z", "2026-01-05T09:00:01Z"),
        ("@every 1.9s", "", "2026-01-05T09:00:00Z", "2026-01-05T09:00:01Z"),
        ("@every -5m", "", "2026-01-05T09:00:00Z", "2026-01-05T09:00:01Z"),
        ("0 9 * * *", "Europe/Berlin", "2026-01-05T09:00:00Z", "2026-01-06T08:00:00Z"),
        ("TZ=Asia/Tokyo 0 9 * * *", "Europe/Berlin", "2026-01-05T09:00:00Z", "2026-01-06T00:00:00Z"),
        ("CRON_TZ=UTC 0 9 * * *", "Asia/Tokyo", "2026-01-05T09:00:00Z", "2026-01-06T09:00:00Z"),
        ("TZ= 0 9 * * *", "Asia/Tokyo", "2026-01-05T09:00:00Z", "2026-01-06T09:00:00Z"),
        ("0 0 29 2 *", "", "2026-01-05T09:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 31 2 *", "", "2026-01-05T09:00:00Z", None),
    ],
)
def test_zone_and_period(schedule: str, zone: str, at: str, after: str | None) -> None:
    found = next_after(schedule, parse_timestamp(at), zone)
    assert (found and timestamp(found)) == after


def test_fractions_of_a_second_are_cut() -> None:
    at = parse_timestamp("2026-01-05T09:00:59.999999Z")
    assert timestamp(next_after("* * * * *", at) or 0) == "2026-01-05T09:01:00Z"
    assert timestamp(next_after("@every 1m", at) or 0) == "2026-01-05T09:01:59Z"


def test_unknown_zone_is_an_error() -> None:
    with pytest.raises(CronError, match="unknown time zone Mars/Base"):
        next_after("* * * * *", START_US, "Mars/Base")


def field(low: int, high: int) -> st.SearchStrategy[str]:
    value = st.integers(low, high)
    star = st.just("*")
    # croniter reads a span of one value with a step as every value, which is a fault of its own.
    wide = st.tuples(value, value).filter(lambda pair: pair[0] != pair[1])
    long_span = wide.map(lambda pair: f"{min(pair)}-{max(pair)}")
    stepped = st.tuples(st.one_of(star, long_span), st.integers(2, 9)).map(
        lambda pair: f"{pair[0]}/{pair[1]}"
    )
    return st.one_of(
        star, value.map(str), st.lists(value.map(str), min_size=2, max_size=4).map(",".join), stepped
    )


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), st.just("*")).map(" ".join),
    st.integers(0, 5 * 365 * 86400),
)
def test_croniter_agrees_without_zones_and_weekdays(schedule: str, seconds: int) -> None:
    at_us = START_US + seconds * SECOND_US
    wanted = int(croniter(schedule, at_us // SECOND_US).get_next(float)) * SECOND_US
    assert next_after(schedule, at_us) == wanted


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)).map(" ".join),
    st.sampled_from(["", "Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.integers(-10 * 365 * 86400, 5 * 365 * 86400),
)
def test_search_only_moves_forward(schedule: str, zone: str, seconds: int) -> None:
    at_us = START_US + seconds * SECOND_US
    found = next_after(schedule, at_us, zone)
    if found is not None:
        assert found > at_us
        between = next_after(schedule, (at_us + found) // 2, zone)
        assert between is not None
        assert between >= (at_us + found) // 2


SCHEDULES = (
    "*/5 * * * *",
    "* * * * *",
    "0 * * * *",
    "59 23 31 12 *",
    "7,9 1-3 * 2 1",
    "30 4 1,15 * 5",
    "0 0 * * 0",
)


@given(st.sampled_from(SCHEDULES), st.integers(0, 3 * 365 * 24 * 3600), st.sampled_from([1, 60, 3600]))
def test_what_is_found_in_the_same_hour_is_what_the_search_finds(text: str, seconds: int, unit: int) -> None:
    schedule, at = parse(text), START_US // SECOND_US + seconds // unit * unit
    soon, found = cron._in_this_hour(schedule, at), cron._search(schedule, at, cron.UTC)
    assert found is not None
    assert soon == (found if found // 3600 == at // 3600 else None)
