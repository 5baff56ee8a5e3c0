"""What it costs to hand a lab's minute on as a file: a GIF of 100 frames, and the player as a page.

The scene is that of five nodes and thirty Pods, of which a node loses its power.
The times are the process's own CPU seconds, imports included; a file is made twice, for
the first one also pays for what is made once in a process.
`bench()` gives rows of (name, figures, target, whether it holds).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from k8slab.lab import Lab
from tests.renderers.labs import minute

GIF_S, PAGE_S, PAGE_BYTES = 5.0, 0.5, 300_000


class Row(NamedTuple):
    """One measurement: its figures in words, its target, and whether that is met."""

    name: str
    figures: str
    target: str
    holds: bool


def export_s(lab: Lab, path: Path) -> float:
    """The CPU seconds that an export takes."""
    begun = time.process_time()
    lab.export(path)
    return time.process_time() - begun


def bench() -> Iterator[Row]:
    """Every measurement."""
    lab = minute()
    with tempfile.TemporaryDirectory() as folder:
        for name, file, limit_s in (
            ("HTML player, a minute of 5 nodes", "minute.html", PAGE_S),
            ("GIF of 100 frames, a minute of 5 nodes", "minute.gif", GIF_S),
        ):
            path = Path(folder) / file
            first_s, again_s = export_s(lab, path), export_s(lab, path)
            figures = f"{first_s:.2f} CPU-s, then {again_s:.2f}"
            yield Row(name, figures, f"{limit_s:g} s", first_s <= limit_s)
            size = path.stat().st_size
            limit = PAGE_BYTES if file.endswith(".html") else 0
            target = f"{limit // 1000} kB" if limit else "none"
            yield Row("  its size", f"{size / 1000:.0f} kB", target, not limit or size <= limit)


def main() -> None:
    """Print the measurements."""
    for row in bench():
        missed = "" if row.holds else "   MISSED"
        print(f"{row.name:<48} {row.figures:>24}  (target {row.target}){missed}", flush=True)


if __name__ == "__main__":
    main()
