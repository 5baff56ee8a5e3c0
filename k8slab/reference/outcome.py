"""The outcome of comparing one recorded fact with the lab."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple


class Outcome(NamedTuple):
    """One fact: its name, and where the lab differs from it (nowhere, if it agrees)."""

    name: str
    differences: tuple[str, ...]


def attempt(name: str, check: Callable[[], Iterator[str]]) -> Outcome:
    """Run one comparison; a fault of ours is a difference like any other, with its place."""
    try:
        return Outcome(name, tuple(check()))
    except Exception as error:  # noqa: BLE001 - one broken case must not hide the others.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return Outcome(name, (f"{type(error).__name__}: {error} ({where})",))
