"""`python -m k8slab.reference DIR [CATEGORY …]`: agree / total for each category of recorded facts.

Environment: with `VERBOSE=1` every difference is printed; `ONLY` is a part of the names of
those wanted; with `OVER=http` the requests of each API fact go through the HTTP server of a lab.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path

from k8slab.reference.asking import over_http
from k8slab.reference.categories import CATEGORIES, OVER_HTTP
from k8slab.reference.outcome import Outcome


def main(arguments: list[str]) -> int:
    """Run the categories asked for (all, without any). 1 where something differs."""
    if not arguments:
        print(__doc__)
        return 2
    root, wanted = Path(arguments[0]), arguments[1:]
    over = os.environ.get("OVER", "")
    if over not in ("", "http"):
        print(f"OVER must be http, not {over}")
        return 2
    failed = 0
    for name in OVER_HTTP if over else CATEGORIES:
        if wanted and name not in wanted:
            continue
        with over_http() if over else nullcontext():
            outcomes = list(CATEGORIES[name](root))
        failed += _report(f"{name} over HTTP" if over else name, outcomes)
    return 1 if failed else 0


def _report(title: str, outcomes: list[Outcome]) -> int:
    """Print how many agree and, when asked, what differs. How many don't agree."""
    pattern = os.environ.get("ONLY", "")
    outcomes = [one for one in outcomes if pattern in one.name]
    agree = sum(1 for one in outcomes if not one.differences)
    print(f"{title:22} {agree:5} / {len(outcomes)}")
    if os.environ.get("VERBOSE", "") not in ("", "0"):
        for one in outcomes:
            for text in one.differences[:12]:
                print(f"    {one.name}: {text}")
    sys.stdout.flush()
    return len(outcomes) - agree


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
