"""JSON of the parts of objects, kept by identity, so that a list is joined and not written anew.

What a list shows of an object is mostly what it showed before: API objects are
never changed in place, and a write shares every part that it leaves alone. So
the text of a part is kept as long as there is room, with the part itself,
whose identity it is kept by.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

_MOST_CHARACTERS = 32 * 1024 * 1024
"""How much text is kept in all."""
_LONGEST, _SHORTEST = 64 * 1024, 64
"""Texts longer or shorter than this are not worth keeping."""


plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON as the server writes it."""


@lru_cache(maxsize=1024)
def _begin(name: str) -> str:
    """A member of an object, up to its value."""
    return f"{plain(name)}:"


class PartTexts:
    """The texts of parts by their identity, the oldest dropped first."""

    def __init__(self, most_characters: int = _MOST_CHARACTERS) -> None:
        self._most = most_characters
        self._known: dict[int, tuple[Any, str]] = {}
        self.characters = 0

    def of(self, part: Any) -> str:
        """The JSON of a part."""
        if not isinstance(part, dict | list):
            return plain(part)
        entry = self._known.get(id(part))
        if entry is not None and entry[0] is part:
            return entry[1]
        text = plain(part)
        if _SHORTEST <= len(text) <= _LONGEST:
            self._keep(part, text)
        return text

    def _keep(self, part: Any, text: str) -> None:
        self._known[id(part)] = (part, text)
        self.characters += len(text)
        while self.characters > self._most:
            _, dropped = self._known.pop(next(iter(self._known)))
            self.characters -= len(dropped)

    def of_list(self, body: Mapping[str, Any]) -> str:
        """The JSON of a list or table whose rows and items are objects of which parts are known."""
        return _object(
            (name, _array(map(self._row, value)) if name in ("items", "rows") and value else plain(value))
            for name, value in body.items()
        )

    def _row(self, row: Any) -> str:
        if not isinstance(row, dict):
            return plain(row)
        return _object((name, self._shown(name, value)) for name, value in row.items())

    def _shown(self, name: str, value: Any) -> str:
        if name == "object" and isinstance(value, dict):
            return self._row(value)
        return plain(value) if name == "cells" else self.of(value)


def _object(members: Iterable[tuple[str, str]]) -> str:
    return "{" + ",".join(_begin(name) + text for name, text in members) + "}"


def _array(items: Iterable[str]) -> str:
    return "[" + ",".join(items) + "]"
