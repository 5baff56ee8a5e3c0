"""Comparing a played scenario with its recording."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from k8slab.api.meta import Obj

_LISTS = ("changes", "pods")
_SEQUENCES = ("podOrder", "scaling")
_TABLES = ("workloads", "claims", "revisions", "slices", "nodes", "limits")
_ANY = "<varies>"
_MAY_BE_ABSENT = ("generation", "observedGeneration")
"""What recordings leave out where two of them did not share it."""


def differences(recorded: Obj, played: Obj) -> Iterator[str]:
    """Each difference in a line, the earliest first."""
    for number, step in enumerate(recorded["steps"]):
        if number >= len(played["steps"]):
            yield f"step {number + 1}: missing"
            continue
        for text in _step_differences(step, played["steps"][number], recorded):
            yield f"step {step['step']} ({step['verb']}): {text}"
    complete = recorded.get("complete") or {}
    yield from _list_differences(
        "created", recorded["created"], played["created"], complete.get("created", True)
    )
    yield from _list_differences("events", recorded["events"], played["events"], complete.get("events", True))
    for name, one in (recorded.get("final") or {}).items():
        for text in value_differences(one, played["final"].get(name), contains=True):
            yield f"final {name}{text}"


def _step_differences(recorded: Obj, played: Obj, whole: Obj) -> Iterator[str]:
    partial = recorded.get("partial") or ()
    if recorded.get("error") or played.get("error"):
        for text in value_differences(recorded.get("error"), played.get("error"), contains=True):
            yield f"error{text}"
    for name in _LISTS:
        if name in recorded:
            yield from _list_differences(name, recorded[name], played[name], name not in partial)
    for name in _SEQUENCES:
        if name in recorded and not matches(recorded[name], played[name]):
            yield f"{name}: expected {recorded[name]}, got {played[name]}"
    for name in _TABLES:
        if name not in recorded:
            continue
        for key, one in recorded[name].items():
            for text in value_differences(one, played[name].get(key), contains=name in ("limits", "nodes")):
                yield f"{name} {key}{text}"
        if name in ("workloads", "claims", "revisions", "slices") and name not in partial:
            for key in played[name]:
                if key not in recorded[name]:
                    yield f"{name} {key}: not in the recording"


def matches(recorded: Any, played: Any) -> bool:
    """Whether played data is what was recorded; `<varies>` is anything, `<time>` any time."""
    if recorded in (_ANY, played):
        return True
    if recorded == "<time>":
        return isinstance(played, str) and played.startswith(("<minute", "<time"))
    if isinstance(recorded, dict) and isinstance(played, dict):
        return recorded.keys() == played.keys() and all(
            matches(one, played[name]) for name, one in recorded.items()
        )
    if isinstance(recorded, list) and isinstance(played, list):
        return len(recorded) == len(played) and all(map(matches, recorded, played))
    return False


def value_differences(recorded: Any, played: Any, path: str = "", *, contains: bool = False) -> Iterator[str]:
    """Where two values differ; with `contains` keys that only the played one has are let pass."""
    if matches(recorded, played):
        return
    if isinstance(recorded, dict) and isinstance(played, dict):
        for name, one in recorded.items():
            if name not in played:
                if one is not None:
                    yield f"{path}.{name}: expected {_short(one)}, got nothing"
            else:
                inner = contains and name not in ("metadata", "status", "spec")
                yield from value_differences(one, played[name], f"{path}.{name}", contains=inner)
        if not contains:
            for name in played:
                if name not in recorded and name not in _MAY_BE_ABSENT:
                    yield f"{path}.{name}: got {_short(played[name])}, expected nothing"
        return
    yield f"{path}: expected {_short(recorded)}, got {_short(played)}"


def _list_differences(
    name: str, recorded: Sequence[Obj], played: Sequence[Obj], whole: bool
) -> Iterator[str]:
    """Differences of two multisets whose items may carry a count."""
    left = list(played)
    for item in recorded:
        match = next((one for one in left if matches(item, one)), None)
        if match is not None:
            left.remove(match)
        elif whole or not _occurs(item, left):
            yield f"{name}: missing {_short(item)}"
    if whole:
        for item in left:
            yield f"{name}: unexpected {_short(item)}"


def _occurs(recorded: Obj, played: Sequence[Obj]) -> bool:
    """Whether items that match occur at least as often, added up, as the recorded one."""
    bare = {name: value for name, value in recorded.items() if name != "count"}
    total = sum(
        one.get("count", 1)
        for one in played
        if matches(bare, {name: value for name, value in one.items() if name != "count"})
    )
    wanted: int = recorded.get("count", 1)
    return bool(total >= wanted)


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= 400 else f"{text[:400]}…"
