"""Schedules: what is refused, and the instants that follow."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from k8slab import clock
from k8slab.api.meta import Obj
from k8slab.reference.facts import load
from k8slab.reference.outcome import Outcome, attempt


def cron(root: Path) -> Iterator[Outcome]:
    """Each row of the table of schedules."""
    rows: list[Obj] = load(root, "cron")
    for number, row in enumerate(rows):
        name = f"{number}: {row['schedule']} {row.get('timeZone', '')}".strip()
        yield attempt(name, partial(_row, row))


def _row(row: Obj) -> Iterator[str]:
    from k8slab.api.cron import parse

    if "error" in row:
        try:
            parse(row["schedule"])
        except ValueError as error:
            if str(error) != row["error"]:
                yield f"error: expected {row['error']}, got {error}"
            return
        yield f"error: expected {row['error']}, got none"
        return
    for start, recorded in zip(row["from"], row["next"], strict=True):
        wanted = [_instant_us(one) for one in recorded]
        found = list(islice(_instants(row, _instant_us(start)), len(wanted) if len(wanted) == 8 else 8))
        if found != wanted:
            answered = [clock.timestamp(one) for one in found]
            yield f"from {start}: expected {recorded}, got {answered}"
    for start in row.get("hangs") or ():
        next(_instants(row, _instant_us(start)), None)


def _instants(row: Obj, at_us: int) -> Iterator[int]:
    from k8slab.api.cron import next_after, parse

    schedule = parse(row["schedule"])
    while True:
        found = next_after(schedule, at_us, row.get("timeZone", ""))
        if found is None:
            return
        at_us = found
        yield at_us


def _instant_us(text: str) -> int:
    return round(datetime.datetime.fromisoformat(text).timestamp()) * clock.SECOND_US
