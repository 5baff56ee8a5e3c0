"""What the parser says about schedules and time zones."""

from __future__ import annotations

import pytest

from k8slab.api.validation._cron import schedule_fault, unknown_time_zone

ATOI = "strconv.Atoi: parsing"
BAD = {
    "*": "expected exactly 5 fields, found 1: [*]",
    "* * * * * *": "expected exactly 5 fields, found 6: [* * * * * *]",
    "": "empty spec string",
    "60 * * * *": "end of range (60) above maximum (59): 60",
    "* 24 * * *": "end of range (24) above maximum (23): 24",
    "* * 0 * *": "beginning of range (0) below minimum (1): 0",
    "* * * 0 *": "beginning of range (0) below minimum (1): 0",
    "* * * 13 *": "end of range (13) above maximum (12): 13",
    "* * * * 7": "end of range (7) above maximum (6): 7",
    "* * * * 0-7": "end of range (7) above maximum (6): 0-7",
    "-1 * * * *": f'failed to parse int from : {ATOI} "": invalid syntax',
    "5-1 * * * *": "beginning of range (5) beyond end of range (1): 5-1",
    "* * * dec-jan *": "beginning of range (12) beyond end of range (1): dec-jan",
    "1-5/0 * * * *": "step of range should be a positive number: 1-5/0",
    "1/2/3 * * * *": "too many slashes: 1/2/3",
    "1-2-3 * * * *": "too many hyphens: 1-2-3",
    "1.5 * * * *": f'failed to parse int from 1.5: {ATOI} "1.5": invalid syntax',
    "0x5 * * * *": f'failed to parse int from 0x5: {ATOI} "0x5": invalid syntax',
    "* * * * MONDAY": f'failed to parse int from MONDAY: {ATOI} "MONDAY": invalid syntax',
    "mon * * * *": f'failed to parse int from mon: {ATOI} "mon": invalid syntax',
    "\uff11 * * * *": f'failed to parse int from \uff11: {ATOI} "\uff11": invalid syntax',
    "99999999999999999999 * * * *": (
        f'failed to parse int from 99999999999999999999: {ATOI} "99999999999999999999": value out of range'
    ),
    "@": "unrecognized descriptor: @",
    "@reboot": "unrecognized descriptor: @reboot",
    "@DAILY": "unrecognized descriptor: @DAILY",
    "@every": "unrecognized descriptor: @every",
    "@every 1": 'failed to parse duration @every 1: time: missing unit in duration "1"',
    "@every 1d": 'failed to parse duration @every 1d: time: unknown unit "d" in duration "1d"',
    "@every foo": 'failed to parse duration @every foo: time: invalid duration "foo"',
    "@every .s": 'failed to parse duration @every .s: time: invalid duration ".s"',
    "TZ=UTC": "invalid schedule format: runtime error: slice bounds out of range [:-1]",
    "TZ=Europe/Paris 0 0 * *": "expected exactly 5 fields, found 4: [0 0 * *]",
    "TZ=Mars/Base 0 6 * * *": "provided bad location Mars/Base: unknown time zone Mars/Base",
}
GOOD = (
    "* * * * *",
    "? * ? * ?",
    "*/90 * * * *",
    "1,,2 * * * *",
    "+5 * * * *",
    "0 0 31 2 *",
    "0 9-17/2 * jan-jun MON-fri",
    "@every 1h30m",
    "@every 1ms",
    "@every -1.5h",
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
    "TZ=UTC 0 0 * * *",
    "CRON_TZ=Asia/Tokyo 0 0 * * *",
)
ZONES = {
    "UTC": None,
    "": None,
    "Europe/Zurich": None,
    "EST": None,
    "Etc/GMT+5": None,
    "utc": "unknown time zone utc",
    "europe/zurich": "unknown time zone europe/zurich",
    "Mars/Base": "unknown time zone Mars/Base",
    "../etc/passwd": "time: invalid location name",
}


@pytest.mark.parametrize(("schedule", "fault"), BAD.items(), ids=BAD)
def test_bad_schedules(schedule: str, fault: str) -> None:
    assert schedule_fault(schedule) == fault


@pytest.mark.parametrize("schedule", GOOD)
def test_good_schedules(schedule: str) -> None:
    assert schedule_fault(schedule) is None


@pytest.mark.parametrize(("zone", "fault"), ZONES.items(), ids=[zone or "none" for zone in ZONES])
def test_time_zones(zone: str, fault: str | None) -> None:
    assert unknown_time_zone(zone) == fault
