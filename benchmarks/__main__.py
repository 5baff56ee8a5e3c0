"""`python -m benchmarks [large]`: every figure of BENCHMARKS.md, with the machine's own beside it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import workloads


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


def main(arguments: list[str]) -> int:
    print(f"{machine()}\n")
    print_row("what", "CPU s", "target", "lab s", "changes", "µs a change", "real control plane")
    print_row(*["---"] * 7)
    runs = [*workloads.SMALL, *(workloads.LARGE if "large" in arguments else ())]
    for run in runs:
        one = run()
        each_us = one.cpu_s * 1e6 / max(one.changes, 1)
        print_row(
            one.name,
            f"{one.cpu_s:.2f}",
            one.target,
            f"{one.lab_s:.1f}",
            str(one.changes),
            f"{each_us:.0f}",
            one.real,
        )
    lab = workloads.lab_with(50)
    workloads.bring_up(lab, [workloads.deployment(1000)])
    print()
    print_row("what", "measured", "target")
    print_row("---", "---", "---")
    print_row("World.copy() at 1,000 Pods", f"{workloads.copy_ms(lab):.2f} ms", "2 ms")
    print_row("import k8slab", f"{import_s():.3f} s", "0.3 s")
    print_row("most memory", f"{workloads.peak_mb():.0f} MB", "")
    print("\nThe panel:", flush=True)
    for module in ("bench_panel", "bench_browser"):
        subprocess.run([sys.executable, "-m", f"benchmarks.{module}"], check=True)
    print("\nThe server:", flush=True)
    subprocess.run([sys.executable, "-m", "benchmarks.bench_server"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
