"""`k8slab` as a command: `k8slab kubectl …`, `k8slab run FILE`, `k8slab serve`."""

from __future__ import annotations

import sys

from k8slab.command import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
