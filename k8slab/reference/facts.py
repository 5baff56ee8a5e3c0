"""Comparing what the lab answers with what was recorded, placeholders apart.

`<uid>`, `<time>` and the like stand for something of the right kind whose value
is not a fact; they occur as whole values and within texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

_PATTERNS = {
    "<uid>": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "<resourceVersion>": r"\d+",
    "<time>": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z",
    "<clusterIP>": r"\d+\.\d+\.\d+\.\d+",
    "<nodePort>": r"3[0-2]\d{3}",
    "<generated>": r"[a-z0-9]{5}",
    "<continue>": r"[A-Za-z0-9_-]+",
    "<source>": r"[^\"]+",
    "<dir>": r"\S+",
    "<help text>": r"(?s:.*)",
    "<diff of the two specs>": r"(?s:.*)",
    "<managedFields>": r"(?s:.*)",
    "<any>": r"(?s:.*)",
}
_PLACEHOLDER = re.compile("|".join(map(re.escape, _PATTERNS)))
_LONGEST_SHOWN = 300


def load(root: Path, name: str) -> Any:
    """A file of facts: from the folder itself, or from its `api/`."""
    path = root / "api" / f"{name}.json"
    if not path.exists():
        path = root / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def expanded(value: Any) -> Any:
    """Recorded data with each `{"$repeat": "x", "times": 3}` written out."""
    if isinstance(value, dict):
        if "$repeat" in value:
            return value["$repeat"] * value["times"]
        return {name: expanded(one) for name, one in value.items()}
    return [expanded(one) for one in value] if isinstance(value, list) else value


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    """A recorded text as a pattern in which placeholders stand for what they mean."""
    parts: list[str] = []
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        parts += [re.escape(text[end : found.start()]), _PATTERNS[found[0]]]
        end = found.end()
    parts.append(re.escape(text[end:]))
    return re.compile("".join(parts))


def text_matches(recorded: str, answered: str) -> bool:
    """Whether a text is the recorded one, placeholders apart."""
    if recorded == answered:
        return True
    return "<" in recorded and _pattern(recorded).fullmatch(answered) is not None


def _scalar_matches(recorded: Any, answered: Any) -> bool:
    if recorded == "<any>":
        return True
    if isinstance(recorded, str) and _PLACEHOLDER.fullmatch(recorded):
        if recorded == "<managedFields>":
            return isinstance(answered, list) and bool(answered)
        return not isinstance(answered, dict | list) and text_matches(recorded, str(answered))
    if isinstance(recorded, str) and isinstance(answered, str):
        return text_matches(recorded, answered)
    return type(recorded) is type(answered) and bool(recorded == answered)


def differences(recorded: Any, answered: Any, path: str = "") -> Iterator[str]:
    """Where an answer differs from the record, a line each; absent is not the same as empty."""
    if isinstance(recorded, dict) and isinstance(answered, dict):
        for name, one in recorded.items():
            if name not in answered:
                yield f"{path}.{name}: expected {shortened(one)}, got nothing"
            else:
                yield from differences(one, answered[name], f"{path}.{name}")
        for name, one in answered.items():
            if name not in recorded:
                yield f"{path}.{name}: expected nothing, got {shortened(one)}"
    elif isinstance(recorded, list) and isinstance(answered, list) and len(recorded) == len(answered):
        for number, one in enumerate(recorded):
            yield from differences(one, answered[number], f"{path}[{number}]")
    elif not _scalar_matches(recorded, answered):
        yield f"{path}: expected {shortened(recorded)}, got {shortened(answered)}"


def shortened(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
