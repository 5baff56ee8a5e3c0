"""The categories of recorded facts, each a function from the folder to its outcomes."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from k8slab.reference.compare import differences
from k8slab.reference.observe import observe
from k8slab.reference.scenario import play


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


def traces(root: Path) -> Iterator[Outcome]:
    """Scenarios with the Pod side scripted."""
    only = os.environ.get("ONLY", "")
    for path in sorted((root / "traces").glob("*.yaml")):
        if only not in path.stem:
            continue
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))
        recorded = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        yield attempt(
            path.stem, lambda spec=spec, recorded=recorded: differences(recorded, observe(play(spec)))
        )


CATEGORIES: dict[str, Callable[[Path], Iterator[Outcome]]] = {"traces": traces}
