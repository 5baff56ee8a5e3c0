"""Command lines given to the kubectl binary and to the in-process kubectl: they print the same.

Each text in `command_lines` is played on one served lab whose time stands still: `@file NAME` … `@end`
is a file beside the commands, `< text` the standard input of the next one. Before every command the lab is
forked; the binary works on the lab, the in-process kubectl on the fork, so that both see the same.

Starting the binary two thousand times takes minutes. So every third story is played here, and all of them by
`make lines`.

What is normalised: addresses of the server, where the kubeconfig lies, the head of klog's lines, the folders
and times that `diff` names, the order of lines in which the binary has none, and the ages that it counts by
its own clock: in `describe` and `events`, and without the server's tables.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from k8slab.lab import Lab
from k8slab.server import Serving
from k8slab.server.serving import kubectl_path

FOLDER = Path(__file__).parent / "command_lines"
STORIES = sorted(path.stem for path in FOLDER.glob("*.txt"))
PLAYED = STORIES if os.environ.get("K8SLAB_LINES") == "all" else STORIES[::3]

NORMAL = (
    (re.compile(r"http://127\.0\.0\.1:\d+(?:/token/\w+)?|https://127\.0\.0\.1:6443"), "<server>"),
    (re.compile(r"/tmp/k8slab-\w+/config"), "/root/.kube/config"),
    (re.compile(r"0x[0-9a-f]+"), "<pointer>"),
    (re.compile(r"^([WIE])\d{4} [\d:.]+ +\d+ \w+\.go:\d+\] ", re.MULTILINE), r"\1 "),
    (re.compile(r"/tmp/(LIVE|MERGED)-\d+/"), r"\1/"),
    (re.compile(r"^((?:---|\+\+\+) \S+)\t.*$", re.MULTILINE), r"\1"),
)
UNORDERED = ("drain", "set env deployment/web --from=configmap/cfg")
"""The binary evicts several Pods at a time, and walks over a ConfigMap's keys in no order."""
AGE = re.compile(r"\b(?:\d+[ydhms])+\b")


class Step(NamedTuple):
    """One command line and its standard input."""

    command: str
    stdin: str


def steps_of(story: str, folder: Path) -> Iterator[Step]:
    """The commands of a text; its files are written into the folder."""
    lines = iter((FOLDER / f"{story}.txt").read_text(encoding="utf-8").splitlines())
    stdin = ""
    for line in lines:
        if line.startswith("@file "):
            path = folder / line.removeprefix("@file ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                "".join(f"{one}\n" for one in iter(lambda: next(lines), "@end")), encoding="utf-8"
            )
        elif line.startswith("< "):
            stdin = line[2:].encode().decode("unicode_escape")
        elif line.startswith("$ "):
            yield Step(line[2:], stdin)
            stdin = ""


def normal(step: Step, text: str) -> str:
    """A text without what the two kubectls can't share."""
    for pattern, replacement in NORMAL:
        text = pattern.sub(replacement, text)
    if step.command.startswith(("describe", "events")) or "--server-print=false" in step.command:
        text = re.sub(r" {2,}", "  ", AGE.sub("<age>", text))
    if step.command.startswith(UNORDERED):
        text = "".join(sorted(text.splitlines(keepends=True)))
    return text


@pytest.mark.parametrize("story", PLAYED)
def test_the_binary_and_the_in_process_kubectl_print_the_same(
    story: str, lab: Lab, serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {**serving.environment, "EDITOR": "cat"}
    different: list[str] = []
    for step in steps_of(story, tmp_path):
        # What the binary writes into its kubeconfig stays there, and so must what is written in process.
        here = lab if step.command.startswith("config ") else lab.fork()
        inside = here.kubectl(step.command, stdin=step.stdin)
        done = subprocess.run(
            [kubectl_path(), *shlex.split(step.command)],
            input=step.stdin,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        binary = (normal(step, done.stdout), normal(step, done.stderr), done.returncode)
        if (normal(step, inside.stdout), normal(step, inside.stderr), inside.code) != binary:
            different.append(f"kubectl {step.command}\nbinary: {binary}\ninside: {tuple(inside)}")
        if step.command == "apply -f base.yaml":
            lab.settle()
    assert not different, "\n\n".join(different)


def test_there_are_many_command_lines(tmp_path: Path) -> None:
    assert sum(1 for story in STORIES for _ in steps_of(story, tmp_path)) > 300
