"""Python's search for cyclic garbage: the less it finds, the more seldom it comes.

API objects are plain trees, which reference counts free. While a cluster runs the search would visit
all of them for nothing, again and again: a tenth of what a long run costs. It isn't switched off, for
a program in a container may leave cycles behind.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

FEWEST = 100_000
MOST = 1_600_000
"""Between so many new objects a search comes at least."""
_WORTH_IT = 100
"""A search is worth the trouble when one in so many of the new objects was garbage."""


@contextmanager
def seldom_searched() -> Iterator[None]:
    """Let the search come after many new objects, and after twice as many when it was for nothing."""
    before = gc.get_threshold()
    threshold = max(before[0], FEWEST)

    def adapt(phase: str, info: dict[str, int]) -> None:
        nonlocal threshold
        if phase == "stop":
            is_worth_it = info["collected"] * _WORTH_IT >= threshold
            threshold = FEWEST if is_worth_it else min(2 * threshold, MOST)
            gc.set_threshold(threshold, 50, 100)

    gc.set_threshold(threshold, 50, 100)
    gc.callbacks.append(adapt)
    try:
        yield
    finally:
        gc.callbacks.remove(adapt)
        gc.set_threshold(*before)
