"""Kept pictures: compared byte for byte, and written anew with K8SLAB_UPDATE_GOLDEN=1."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str, folder: Path = FOLDER) -> None:
    """Compare a text with the kept one of this name."""
    path = folder / name
    if os.environ.get("K8SLAB_UPDATE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{name} differs; K8SLAB_UPDATE_GOLDEN=1 writes it anew"
