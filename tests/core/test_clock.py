"""Instants and durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slab import clock

DURATIONS = {
    "seconds": (30, 30_000_000),
    "a fraction": (0.25, 250_000),
    "text of seconds": ("30s", 30_000_000),
    "a bare number as text": ("1.5", 1_500_000),
    "minutes": ("5m", 300_000_000),
    "several parts": ("1h30m", 5_400_000_000),
    "milliseconds": ("200ms", 200_000),
    "days": ("2d", 172_800_000_000),
}


@pytest.mark.parametrize(("value", "expected"), DURATIONS.values(), ids=DURATIONS.keys())
def test_durations(value: float | str, expected: int) -> None:
    assert clock.duration_us(value) == expected


@pytest.mark.parametrize("value", ["", "5", "5 parsecs", "m5", "-3s", -1])
def test_what_is_no_duration_is_refused(value: float | str) -> None:
    if value == "5":
        assert clock.duration_us(value) == 5_000_000
        return
    with pytest.raises(ValueError, match="invalid duration"):
        clock.duration_us(value)


@given(st.integers(min_value=0, max_value=4_000_000_000_000_000))
def test_a_written_instant_reads_back(at_us: int) -> None:
    assert clock.parse_timestamp(clock.micro_timestamp(at_us)) == at_us
    assert clock.parse_timestamp(clock.timestamp(at_us)) == at_us // 1_000_000 * 1_000_000


ZONES = {
    "utc": ("2026-01-05T09:00:00Z", 0),
    "east": ("2026-01-05T10:30:00+01:30", 0),
    "west": ("2026-01-05T04:00:00-05:00", 0),
    "nanoseconds are cut": ("2026-01-05T09:00:00.000001999Z", 1),
}


@pytest.mark.parametrize(("text", "offset_us"), ZONES.values(), ids=ZONES.keys())
def test_zones_and_fractions(text: str, offset_us: int) -> None:
    assert clock.parse_timestamp(text) == clock.START_US + offset_us


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-05", "2026-01-05T09:00:00"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="RFC 3339"):
        clock.parse_timestamp(text)
