"""Which texts of two sessions count as the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from k8slab.reference.transcripts import Names, play, text_differences


class Case(NamedTuple):
    """Two texts, the generated names of the recorded one, and whether they are the same."""

    recorded: str
    played: str
    same: bool
    names: tuple[str, ...] = ()


POD, OTHER = "web-5b9dfb9ff8-5gkbz", "web-6c7d8f9b5b-xxnl2"
SECOND, FOURTH = "web-5b9dfb9ff8-f99h4", "web-6c7d8f9b5b-28cft"

CASES = {
    "equal": Case("pod/a created\n", "pod/a created\n", True),
    "another word": Case("pod/a created\n", "pod/a configured\n", False),
    "a line less": Case("one\ntwo\n", "one\n", False),
    "no break at the end": Case("one\n", "one", False),
    "placeholder": Case("<help text>", "kubectl does this\nand that\n", True),
    "placeholder in a line": Case("lstat <dir>/x: no such file\n", "lstat /tmp/y/x: no such file\n", True),
    "age": Case("NAME  AGE\na     3s\n", "NAME  AGE\na     12s\n", True),
    "width without anything that varies": Case("NAME   X\na      1\n", "NAME  X\na     1\n", False),
    "width after an age": Case("a   3s   b\n", "a   120s   b\n", True),
    "age and another word": Case("a  Running  3s\n", "a  Pending  3s\n", False),
    "cluster IP": Case("web  10.96.0.1  3s\n", "web  10.107.12.13  3s\n", True),
    "headless": Case("web  10.96.0.1  3s\n", "web  None  3s\n", False),
    "node port": Case("80:30123/TCP\n", "80:32000/TCP\n", True),
    "port": Case("80/TCP\n", "81/TCP\n", False),
    "generated name": Case(f"pod/{POD} deleted\n", f"pod/{OTHER} deleted\n", True, (POD,)),
    "one name for two": Case(
        f"{POD} gone\n{SECOND} there\n", f"{OTHER} gone\n{OTHER} there\n", False, (POD, SECOND)
    ),
    "two names for one": Case(f"{POD} gone\n{POD} there\n", f"{OTHER} gone\n{FOURTH} there\n", False, (POD,)),
    "rows in the order of names": Case(
        f"{POD}  1/1  3s\n{SECOND}  0/1  3s\n", f"{FOURTH}  0/1  3s\n{OTHER}  1/1  3s\n", True, (POD, SECOND)
    ),
    "rows that none has generated": Case("a  1/1\nb  0/1\n", "b  0/1\na  1/1\n", False),
    "progress told oftener": Case("Waiting for x\ndone\n", "Waiting for x\nWaiting for x\ndone\n", True),
    "progress not told": Case("Waiting for x\ndone\n", "done\n", False),
    "other progress": Case("Waiting for x\ndone\n", "Waiting for y\ndone\n", False),
    "evictions tried again": Case(
        "evicting pod n/a\nevicting pod n/b\nevicting pod n/a\nevicting pod n/b\ndone\n",
        "evicting pod n/a\nevicting pod n/b\ndone\n",
        True,
    ),
    "another Pod evicted": Case("evicting pod n/a\ndone\n", "evicting pod n/b\ndone\n", False),
    "node": Case("a  Running  node-0\n", "a  Running  node-2\n", True),
    "resource version": Case(
        "Expected resource version to be 1, was 8995\n", "Expected resource version to be 1, was 12\n", True
    ),
    "expected resource version": Case(
        "Expected resource version to be 1, was 8995\n", "Expected resource version to be 2, was 12\n", False
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_texts_are_the_same_but_for_what_varies(name: str) -> None:
    case = CASES[name]
    found = list(text_differences(case.recorded, case.played, Names(case.names)))
    assert (not found) is case.same, found


def test_names_are_mapped_one_to_one_through_a_session() -> None:
    names = Names((POD, SECOND))
    assert not list(text_differences(f"{POD} made\n", f"{OTHER} made\n", names))
    assert list(text_differences(f"{POD} ended\n", f"{FOURTH} ended\n", names))
    assert list(text_differences(f"{SECOND} ended\n", f"{OTHER} ended\n", names))


SESSIONS = json.loads((Path(__file__).parents[1] / "reference" / "sessions.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", SESSIONS["transcripts"], ids=lambda case: case["id"])
def test_further_sessions_recorded_from_a_control_plane_agree(case) -> None:
    assert sum("args" in step for step in case["steps"]) > 50
    assert list(play(case)) == []
