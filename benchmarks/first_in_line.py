"""A measurement's processes before all others, so that a busy machine measures as a quiet one does.

On Linux, and for whoever may: the scheduler runs what has a real-time policy
before everything else. It is held only while a clock runs.
"""

from __future__ import annotations

import os
from pathlib import Path

_PRIORITY = 5


def descendants() -> list[int]:
    """This process and all that it started, by their ids."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            # It ended meanwhile.
            continue
        children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [os.getpid()]
    for one in found:
        found.extend(children.get(one, ()))
    return found


def put_first(wanted: bool) -> int:
    """Put every thread of these processes first in line, or back among all others. How many there were."""
    policy = os.SCHED_RR if wanted else os.SCHED_OTHER
    count = 0
    for process in descendants():
        for thread in Path(f"/proc/{process}/task").glob("*"):
            try:
                os.sched_setscheduler(int(thread.name), policy, os.sched_param(_PRIORITY if wanted else 0))
            except ProcessLookupError:
                # It ended meanwhile.
                continue
            count += 1
    return count
