"""How long a Job waits before it replaces failed Pods: 10 s, doubled with each failure, 10 minutes at most.

The failures since the last success are remembered, for all Pods of the Job
together; with a limit for each index the Pods' annotations remember them.

Models pkg/controller/job/backoff_utils.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj, condition_of
from k8slab.clock import MINUTE_US, SECOND_US, parse_timestamp

BASE_US = 10 * SECOND_US
MOST_US = 10 * MINUTE_US


class Backoff(NamedTuple):
    """The failures after the last success, and the instant of the last one in microseconds."""

    failures: int = 0
    last_failure_us: int | None = None


def next_backoff(before: Backoff, succeeded: Sequence[Obj], failed: Sequence[Obj]) -> Backoff:
    """The record once these newly finished Pods are counted."""
    if not succeeded and not failed:
        return before
    failures = sorted(map(finished_us, failed))
    if not succeeded:
        return Backoff(before.failures + len(failures), failures[-1])
    last_success = max(map(finished_us, succeeded))
    after = [one for one in failures if one > last_success]
    return Backoff(len(after), after[-1] if after else None)


def remaining_us(backoff: Backoff, now_us: int) -> int:
    """Microseconds until failed Pods may be replaced; 0 for now."""
    if not backoff.failures or backoff.last_failure_us is None:
        return 0
    # Past the longest back-off the number of doublings no longer matters.
    wait_us = min(BASE_US << min(backoff.failures - 1, 16), MOST_US)
    return max(wait_us - (now_us - backoff.last_failure_us), 0)


def finished_us(pod: Obj) -> int:
    """When the Pod ended: by its containers, else by its readiness, its deletion, or its creation."""
    ended = _containers_ended_us(pod)
    if ended is not None:
        return ended
    ready = condition_of(pod, "Ready")
    if ready is not None and ready.get("status") == "False" and ready.get("lastTransitionTime"):
        return parse_timestamp(ready["lastTransitionTime"])
    metadata = pod["metadata"]
    if "deletionTimestamp" in metadata:
        grace_us = metadata.get("deletionGracePeriodSeconds", 0) * SECOND_US
        return int(parse_timestamp(metadata["deletionTimestamp"]) - grace_us)
    return parse_timestamp(metadata["creationTimestamp"])


def _containers_ended_us(pod: Obj) -> int | None:
    """The end of the last container; sidecars, which end after the others, are looked at too."""
    status = pod.get("status") or {}
    latest = _latest_end_us(None, status.get("containerStatuses") or ())
    sidecars = [
        one["name"] for one in pod["spec"].get("initContainers") or () if one.get("restartPolicy") == "Always"
    ]
    initial = [one for one in status.get("initContainerStatuses") or () if one["name"] in sidecars]
    return _latest_end_us(latest, initial)


def _latest_end_us(latest: int | None, statuses: Iterable[Obj]) -> int | None:
    """None where one of them has not ended."""
    for status in statuses:
        ended = ((status.get("state") or {}).get("terminated") or {}).get("finishedAt")
        if not ended:
            return None
        at = parse_timestamp(ended)
        latest = at if latest is None else max(latest, at)
    return latest
