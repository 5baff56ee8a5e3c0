"""What validation says about a CronJob's schedule and time zone, as their reader does.

Models the callers in pkg/apis/batch/validation/validation.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.cron import CronError, parse, unknown_time_zone

__all__ = ["schedule_fault", "unknown_time_zone"]


def schedule_fault(schedule: str) -> str | None:
    """What the parser says about a schedule, None where it reads it."""
    try:
        parse(schedule)
    except CronError as error:
        return str(error)
    return None
