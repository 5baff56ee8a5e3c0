"""What Go programs share: flags, the stamps of their logs, how they print durations and lists."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import Any

from k8slab.clock import SECOND_US, timestamp
from k8slab.containers.requests import Log, Now, Request

_UNITS_US = {"ns": 0.001, "us": 1, "ms": 1_000, "s": SECOND_US, "m": 60 * SECOND_US, "h": 3600 * SECOND_US}


def flags(words: Sequence[str], switches: Sequence[str] = ()) -> tuple[dict[str, str], list[str]]:
    """Flags with their values, and the other words. `switches` are the flags that take no value."""
    found: dict[str, str] = {}
    rest: list[str] = []
    pending = list(words)
    while pending:
        word = pending.pop(0)
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or word == "-":
            rest.append(word)
        elif equals:
            found[name] = value
        elif name in switches or not pending:
            found[name] = "true"
        else:
            found[name] = pending.pop(0)
    return found, rest


def logged(text: str) -> Generator[Request, Any, None]:
    """A line of Go's `log` package in the container's log."""
    now_us = yield Now(quiet=True, wall=True)
    when = timestamp(now_us)
    yield Log(f"{when[0:10].replace('-', '/')} {when[11:19]} {text}\n", "stderr")


def duration_us(text: str) -> int | None:
    """Go's `time.ParseDuration` in microseconds; None for what is none."""
    if text == "0":
        return 0
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return round(sum(float(number) * _UNITS_US[unit] for number, unit in parts))


def seconds_text(duration: int) -> str:
    """A duration in microseconds as a Go float of seconds prints: `10.25`, `3`."""
    return f"{duration / SECOND_US:.6f}".rstrip("0").rstrip(".")
