"""Durations as Go writes them, such as `1m30s` or `-1.5h`.

Models the Go standard library's time.ParseDuration.
"""

from __future__ import annotations

import re

from k8slab.api.go_text import quote

_UNITS_NS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


class DurationError(ValueError):
    """A text that is no duration, in Go's words."""


def parse_ns(text: str) -> int:
    """What time.ParseDuration makes of a text, in nanoseconds. DurationError where it is none."""
    negative, rest = text.startswith("-"), text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    bad = f"time: invalid duration {quote(text)}"
    if not rest:
        raise DurationError(bad)
    total = 0
    while rest:
        match = re.match(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)", rest)
        assert match is not None, "the pattern matches the empty text"
        whole, fraction, unit = match.groups()
        if not whole and (fraction or ".") == ".":
            raise DurationError(bad)
        if not unit:
            raise DurationError(f"time: missing unit in duration {quote(text)}")
        if unit not in _UNITS_NS:
            raise DurationError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
        total += int(whole or 0) * _UNITS_NS[unit]
        if fraction and fraction != ".":
            total += int(float(f"0{fraction}") * _UNITS_NS[unit])
        if total > 2**63 or (total == 2**63 and not negative):
            raise DurationError(bad)
        rest = rest[match.end() :]
    return -total if negative else total
