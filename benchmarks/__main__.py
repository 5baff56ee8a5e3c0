"""`python -m benchmarks [large] [alone]`: every figure of BENCHMARKS.md, with the machine's own beside it.

`large` adds what takes minutes; `alone` leaves out the panel and the server.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import workloads

_YARDSTICK_PODS = 1500


def machine() -> str:
    """What the figures were measured on, and how fast it is at plain Python."""
    started = time.process_time()
    total = 0
    for number in range(3_000_000):
        total += number & 7
    loop_s = time.process_time() - started
    model = "unknown CPU"
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.exists():
        lines = [line for line in cpu_info.read_text(encoding="utf-8").splitlines() if "model name" in line]
        model = lines[0].partition(":")[2].strip() if lines else model
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {model}; "
        f"a loop of 3 million additions: {loop_s:.2f} s"
    )


def import_s() -> float:
    """The median wall time that `import k8slab` adds to an interpreter's start."""

    def started(statement: str) -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        return time.perf_counter() - begun

    bare = sorted(started("pass") for _ in range(5))[2]
    full = sorted(started("import k8slab") for _ in range(5))[2]
    return full - bare


def print_row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def in_its_own_process(case: workloads.Case) -> workloads.Measured:
    """Run a case alone, so that its memory is its own."""
    command = [sys.executable, "-m", "benchmarks", "case", case.name]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return workloads.Measured(*json.loads(done.stdout))


def print_cases(cases: Sequence[workloads.Case]) -> None:
    """A table of what workloads cost, each the middle of its repeated runs."""
    print_row("what", "CPU s", "target", "µs a Pod", "against 1,500", "lab s", "changes", "MB", "real")
    print_row(*["---"] * 9)
    yardstick_us = 0.0
    for case in cases:
        one = in_its_own_process(case)
        each_us = one.cpu_s * 1e6 / case.pods if case.pods else 0.0
        if case.pods == _YARDSTICK_PODS:
            yardstick_us = each_us
        print_row(
            case.name,
            f"{one.cpu_s:.2f}",
            case.target,
            f"{each_us:.0f}" if case.pods else "",
            f"{each_us / yardstick_us:.2f}" if yardstick_us and case.pods else "",
            f"{one.lab_s:.1f}",
            str(one.changes),
            f"{one.peak_mb:.0f}",
            case.real,
        )


def print_moments() -> None:
    """A table of what is done at once: copies, forks, ways back, the import."""
    lab = workloads.lab_with(50)
    workloads.bring_up(lab, [workloads.deployment(1000)])
    print()
    print_row("what", "measured", "target")
    print_row("---", "---", "---")
    print_row("World.copy() at 1,000 Pods", f"{workloads.copy_ms(lab):.2f} ms", "2 ms")
    print_row("fork at 1,000 Pods", f"{workloads.fork_ms(lab):.2f} ms", "5 ms")
    changes = 100_000
    ways = workloads.rewind_ms(workloads.long_lab(changes), changes)
    median, late = ways[len(ways) // 2], ways[len(ways) * 99 // 100]
    print_row(
        "going back to any of 100,000 changes, 30 Pods",
        f"{median:.0f} ms in the middle, {late:.0f} ms at the 99th percentile, {ways[-1]:.0f} ms at most",
        "50 ms at the 99th percentile",
    )
    print_row("import k8slab", f"{import_s():.3f} s", "0.3 s")


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["case"]:
        print(json.dumps(workloads.run_case(arguments[1])))
        return 0
    print(f"{machine()}\n")
    print_cases([*workloads.SMALL, *(workloads.LARGE if "large" in arguments else ())])
    print_moments()
    if "alone" in arguments:
        return 0
    print("\nThe panel:", flush=True)
    for module in ("bench_panel", "bench_export", "bench_browser"):
        subprocess.run([sys.executable, "-m", f"benchmarks.{module}"], check=True)
    print("\nThe server:", flush=True)
    subprocess.run([sys.executable, "-m", "benchmarks.bench_server"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
