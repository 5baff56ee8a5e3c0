"""stress: programs that take memory and CPU, as the lessons on requests and limits use them.

Two images have that name: polinux/stress runs `stress --vm 1 --vm-bytes 250M`, vish/stress takes
`-cpus 2 -mem-total 950Mi`. What they take is the Pod's load from then on: `kubectl top` and autoscalers
see it, and beyond the limit the kernel ends the container.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.clock import SECOND_US
from k8slab.containers.program import Executable, Family
from k8slab.containers.requests import Burden, Sleep
from k8slab.containers.shell import FOREVER_US, Invocation
from k8slab.containers.streams import Steps
from k8slab.containers.tools_options import options

_COUNTS = ("cpu", "io", "vm", "hdd")
_LONG = (*_COUNTS, "vm-bytes", "vm-hang", "vm-keep", "timeout", "backoff", "hdd-bytes")
_DEFAULT_BYTES = 256 << 20
"""What each worker takes that is not told how much."""
_HANGING_MILLIS = 100
_UNITS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Wanted(NamedTuple):
    """What a command line asks for: how many workers of each kind, and what they take together."""

    counts: tuple[int, ...]
    cpu_millis: int
    memory_bytes: int
    duration_us: int = 0


def wanted(argv: list[str]) -> Wanted:
    """What `stress` is asked for. ValueError in its own words for what it doesn't understand."""
    given = options(argv, "cimdtb", _LONG)
    counts = [
        _number(given.value(letter, name, default="0")) for letter, name in zip("cimd", _COUNTS, strict=True)
    ]
    size = _measured(given.value("vm-bytes", default=str(_DEFAULT_BYTES)), _UNITS)
    seconds = _measured(given.value("t", "timeout", default="0"), _SECONDS)
    # Who has taken its memory and then hangs needs little more.
    each = _HANGING_MILLIS if given.has("vm-hang") else 1000
    cpu_millis = counts[0] * 1000 + counts[2] * each
    return Wanted(tuple(counts), cpu_millis, counts[2] * size, seconds * SECOND_US)


def _number(text: str) -> int:
    if not text.isdigit():
        raise ValueError(f"invalid argument: {text}")
    return int(text)


def _measured(text: str, units: dict[str, int]) -> int:
    match = re.fullmatch(r"(\d+)([a-zA-Z]?)", text)
    if match is None or match[2] not in units:
        raise ValueError(f"invalid argument: {text}")
    return int(match[1]) * units[match[2]]


def wanted_in_go(argv: list[str]) -> Wanted:
    """What the other image's program is asked for, whose flags are those of Go."""
    flags = {"cpus": "0", "mem-total": "0"}
    words = iter(argv[1:])
    for word in words:
        name, equals, value = word.lstrip("-").partition("=")
        flags[name] = value if equals else next(words, "")
    memory_bytes = quantities.units(flags["mem-total"])
    return Wanted((), _number(flags["cpus"]) * 1000, memory_bytes)


def _run(call: Invocation, argv: list[str]) -> Steps:
    in_go = any(re.match(r"--?(cpus|mem-total|mem-alloc|logtostderr)", word) for word in argv[1:])
    try:
        asked = wanted_in_go(argv) if in_go else wanted(argv)
    except ValueError as fault:
        yield from call.io.err.write(f"stress: FAIL: [1] {fault}\n")
        return 1
    if in_go:
        text = f'Allocating "{asked.memory_bytes}" memory\n' + "Spawning a thread to consume CPU\n" * (
            asked.cpu_millis // 1000
        )
    else:
        hogs = ", ".join(f"{count} {name}" for count, name in zip(asked.counts, _COUNTS, strict=True))
        text = f"stress: info: [1] dispatching hogs: {hogs}\n"
    yield from call.io.out.write(text)
    yield Burden(asked.cpu_millis, asked.memory_bytes)
    yield Sleep(asked.duration_us or FOREVER_US)
    while not asked.duration_us:
        yield Sleep(FOREVER_US)
    yield Burden(0, 0)
    seconds = asked.duration_us // SECOND_US
    yield from call.io.out.write(f"stress: info: [1] successful run completed in {seconds}s\n")
    return 0


PROGRAM = Family(
    images=("stress",),
    entrypoint=("/stress",),
    executables={"stress": Executable(run=_run)},
)
