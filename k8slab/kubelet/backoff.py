"""How long a failed container or image waits before it is tried again.

Models staging/src/k8s.io/client-go/util/flowcontrol/backoff.go and its two
uses in pkg/kubelet/kubelet.go (crash loops, image pulls), v1.36.
"""

from __future__ import annotations

from k8slab.clock import SECOND_US

FIRST_US = 10 * SECOND_US
LONGEST_US = 300 * SECOND_US
FORGET_AFTER_US = 600 * SECOND_US
"""A container that ran this long since its last restart begins again with the shortest back-off."""

TOLD_EVERY_US = 60 * SECOND_US
"""A kubelet looks at each Pod at least once a minute, and says each time that it still waits."""


def in_crash_backoff(backoff_us: int, updated_us: int, finished_us: int, now_us: int) -> bool:
    """Whether a container that ended at `finished_us` must still wait (`IsInBackOffSince`)."""
    if not backoff_us or finished_us - updated_us > FORGET_AFTER_US:
        return False
    return now_us - finished_us < backoff_us


def next_crash_backoff(backoff_us: int, updated_us: int, finished_us: int) -> int:
    """The back-off after one more restart (`Next`)."""
    if not backoff_us or finished_us - updated_us > FORGET_AFTER_US:
        return FIRST_US
    return min(backoff_us * 2, LONGEST_US)


def next_pull_backoff(backoff_us: int, failed_us: int, now_us: int) -> int:
    """The back-off after one more failed pull; it starts over after twice the longest one."""
    if not backoff_us or now_us - failed_us > 2 * LONGEST_US:
        return FIRST_US
    return min(backoff_us * 2, LONGEST_US)


def duration_text(duration_us: int) -> str:
    """A duration as Go prints it: `10s`, `1m20s`, `5m0s`, `1.234s`, `850ms`."""
    if duration_us < SECOND_US:
        milliseconds, rest = divmod(duration_us, 1000)
        if not duration_us:
            return "0s"
        return f"{milliseconds}ms" if milliseconds and not rest else f"{_trimmed(duration_us, 1000)}ms"
    minutes, rest_us = divmod(duration_us, 60 * SECOND_US)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{_trimmed(rest_us, SECOND_US)}s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def _trimmed(amount: int, unit: int) -> str:
    whole, rest = divmod(amount, unit)
    if not rest:
        return str(whole)
    digits = len(str(unit)) - 1
    return f"{whole}.{str(rest).rjust(digits, '0').rstrip('0')}"
