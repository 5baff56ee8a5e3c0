"""`python -m k8slab.reference DIR [CATEGORY …]`: agree / total for each category of recorded facts.

With `VERBOSE=1` in the environment every difference is printed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from k8slab.reference.categories import CATEGORIES
from k8slab.reference.outcome import Outcome


def main(arguments: list[str]) -> int:
    """Run the categories asked for (all, without any). 1 where something differs."""
    if not arguments:
        print(__doc__)
        return 2
    root, wanted = Path(arguments[0]), arguments[1:]
    verbose = os.environ.get("VERBOSE", "") not in ("", "0")
    pattern = os.environ.get("ONLY", "")
    failed = 0
    for name, run in CATEGORIES.items():
        if wanted and name not in wanted:
            continue
        outcomes: list[Outcome] = [one for one in run(root) if pattern in one.name]
        agree = sum(1 for one in outcomes if not one.differences)
        failed += len(outcomes) - agree
        print(f"{name:12} {agree:5} / {len(outcomes)}")
        if verbose:
            for one in outcomes:
                for text in one.differences[:12]:
                    print(f"    {one.name}: {text}")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
