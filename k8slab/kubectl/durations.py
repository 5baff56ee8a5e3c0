"""Durations as Go prints them.

Models the Go standard library's time.Duration.String.
"""

from __future__ import annotations

from k8slab.clock import SECOND_US


def duration_text(duration_us: int) -> str:
    """A duration in Go's words: `7s`, `1m30s`, `1.5s`, `250ms`."""
    if duration_us == 0:
        return "0s"
    if abs(duration_us) < SECOND_US:
        return f"{_decimal(duration_us, 1000)}ms" if abs(duration_us) >= 1000 else f"{duration_us}µs"
    sign, rest = ("-", -duration_us) if duration_us < 0 else ("", duration_us)
    minutes, second_us = divmod(rest, 60 * SECOND_US)
    seconds = f"{_decimal(second_us, SECOND_US)}s"
    if not minutes:
        return f"{sign}{seconds}"
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}h{minutes}m{seconds}" if hours else f"{sign}{minutes}m{seconds}"


def _decimal(amount: int, unit: int) -> str:
    whole, rest = divmod(abs(amount), unit)
    digits = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
