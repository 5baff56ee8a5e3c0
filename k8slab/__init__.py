"""A whole Kubernetes cluster that you can hold in a notebook cell.

The names that a user needs are here and are imported only when they are first
asked for, because `import k8slab` must stay quick for notebooks and tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8slab.lab import Lab

__all__ = ["Lab", "load_ipython_extension"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import `Lab` when it is first used (PEP 562)."""
    if name == "Lab":
        from k8slab.lab import Lab

        return Lab
    raise AttributeError(f"module 'k8slab' has no attribute {name!r}")


def load_ipython_extension(ipython: Any) -> None:
    """Register `%kubectl` and `%%apply` (called by `%load_ext k8slab`)."""
    from k8slab.panel.magics import register

    register(ipython)
