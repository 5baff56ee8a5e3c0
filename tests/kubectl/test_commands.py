"""Command lines and what they print, tried one after another on a small cluster.

`commands.txt` is a transcript: a line with `$` is a command (with `=> 1` where it
fails), lines with `!` are standard error, the rest is standard output; `¶` stands
where a last line has no break. The texts are upstream's, except for commands that
a notebook can't carry out.

Models the tests of staging/src/k8s.io/kubectl/pkg/cmd, v1.36.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from small_lab import SmallLab

from k8slab.kubectl import Result, run

_COMMAND = re.compile(r"\$ (.*?)(?: +=> (\d+))?")


class _Step(NamedTuple):
    command: str
    code: int
    stdout: str
    stderr: str


def _steps() -> list[_Step]:
    steps: list[_Step] = []
    for line in (
        (Path(__file__).parent / "commands.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    ):
        if line.startswith("$ "):
            match = _COMMAND.fullmatch(line.rstrip("\n").rstrip())
            assert match is not None, line
            steps.append(_Step(match[1].rstrip(), int(match[2] or 0), "", ""))
        elif line.startswith("! ") or line == "!\n":
            steps[-1] = steps[-1]._replace(stderr=steps[-1].stderr + (line[2:] or "\n"))
        else:
            steps[-1] = steps[-1]._replace(stdout=steps[-1].stdout + line.replace("¶\n", ""))
    return steps


_STEPS = _steps()


@pytest.fixture(scope="module")
def played() -> list[Result]:
    """What every command printed, played in their order on one cluster."""
    lab = SmallLab()
    return [run(lab, shlex.split(step.command)) for step in _STEPS]


def test_there_are_many_command_lines() -> None:
    assert len(_STEPS) > 300


@pytest.mark.parametrize(
    "number", range(len(_STEPS)), ids=[f"{number}: {step.command}" for number, step in enumerate(_STEPS)]
)
def test_a_command_prints_what_upstream_prints(number: int, played: list[Result]) -> None:
    step, result = _STEPS[number], played[number]
    assert (result.stdout, result.stderr, result.code) == (step.stdout, step.stderr, step.code)
