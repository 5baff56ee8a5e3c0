"""Which of a CronJob's times is due, how many were missed, and when to look again.

Models pkg/controller/cronjob/utils.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.cron import Schedule, next_after
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US, parse_timestamp

DELTA_US = 100_000
"""A look comes this much after the scheduled time, so that a clock that lags a little doesn't miss it."""

_MANY_MISSED = 100


class ScheduleError(ValueError):
    """A schedule that can be read but names no times."""


class Recent(NamedTuple):
    """The instant from which times count, the most recent due time (or None), and how many were missed."""

    earliest_us: int
    due_us: int | None
    missed: int

    @property
    def many(self) -> bool:
        """Whether so many were missed that a clock may be wrong."""
        return self.missed > _MANY_MISSED


def most_recent(cron_job: Obj, schedule: Schedule, zone: str, now_us: int, *, deadline: bool) -> Recent:
    """The most recent time at which a Job should have been created.

    With `deadline` nothing before `startingDeadlineSeconds` counts.
    ScheduleError for a schedule such as 31 February.
    """
    earliest = parse_timestamp(cron_job["metadata"]["creationTimestamp"])
    last = (cron_job.get("status") or {}).get("lastScheduleTime")
    if last:
        earliest = parse_timestamp(last)
    limit = cron_job["spec"].get("startingDeadlineSeconds")
    if deadline and limit is not None:
        earliest = max(earliest, now_us - limit * SECOND_US)
    first = next_after(schedule, earliest, zone)
    if first is not None and now_us < first:
        return Recent(earliest, None, 0)
    second = next_after(schedule, first, zone) if first is not None else None
    if first is not None and second is not None and now_us < second:
        return Recent(earliest, first, 0)
    if first is None or second is None:
        raise ScheduleError("time difference between two schedules is less than 1 second")
    # The interval between the first two is taken for all; from one interval too early on they are looked up.
    period = second - first
    missed = (now_us - first) // period + 1
    due: int | None = None
    candidate = next_after(schedule, first + (missed - 2) * period, zone)
    while candidate is not None and candidate <= now_us:
        due = candidate
        candidate = next_after(schedule, candidate, zone)
    return Recent(earliest, due, missed)


def wait_us(cron_job: Obj, schedule: Schedule, zone: str, now_us: int) -> int:
    """Microseconds until the CronJob is looked at again: a little after its next time."""
    try:
        recent = most_recent(cron_job, schedule, zone, now_us, deadline=False)
    except ScheduleError:
        recent = Recent(now_us, None, 0)
    return wait_after(recent, schedule, zone, now_us)


def wait_after(recent: Recent, schedule: Schedule, zone: str, now_us: int) -> int:
    """The same, where it is known what the most recent time is without a deadline."""
    since = recent.due_us or (now_us if recent.missed else recent.earliest_us)
    following = next_after(schedule, since, zone)
    return DELTA_US if following is None else following + DELTA_US - now_us
