"""Recorded sessions of kubectl, played again: every command's exit code and texts.

Commands are run at the instants at which they were recorded, against a cluster
whose kubelet is the one that stood in then. Texts must be the same but for what
differs between any two runs: ages and instants, addresses, node ports, resource
versions, generated names (mapped one to one), the node a Pod is on, the order of
rows that generated names bring about, and how often a line of progress repeats.
Where something of that kind was replaced, the width of the columns follows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from k8slab import clock
from k8slab.api.meta import Obj
from k8slab.cluster import dispatch, queue
from k8slab.cluster.request import Request, Response
from k8slab.kubectl import Result
from k8slab.kubectl import run as kubectl
from k8slab.reference import bench, standin
from k8slab.reference.asking import ask
from k8slab.reference.facts import load, text_matches
from k8slab.reference.outcome import Outcome, attempt

_USER = "admin"
"""Who the recording client was; its uid was the same word."""


def transcripts(root: Path) -> Iterator[Outcome]:
    """Sessions of kubectl, a command after the other."""
    for case in load(root, "describe")["transcripts"]:
        yield attempt(case["id"], partial(play, case))


class _Player:
    """A World with the kubelet that stood in, as kubectl reaches it, with the files of a transcript."""

    kubeconfig: Obj | None = None

    def __init__(self, case: Obj) -> None:
        self.world = bench.bench(case["namespace"], kubelet=standin.KUBELET)
        self.files: dict[str, str] = case.get("files") or {}

    @property
    def now_us(self) -> int:
        return self.world.now_us

    @property
    def latency_us(self) -> int:
        """The server answers at once."""
        return 0

    def request(self, request: Request) -> Response:
        if request.user == Request("", "").user:
            request = request._replace(user=_USER, uid=_USER)
        return ask(self.world, request)

    def execute(self, namespace: str, pod: str, container: str, command: list[str], stdin: str) -> Result:
        return Result("", "", 1)

    def run_until(self, check: Callable[[], bool], timeout_us: int) -> bool:
        end_us = self.world.now_us + timeout_us
        while not check():
            event = queue.next_event(self.world)
            if event is None or event.at_us > end_us:
                self.world.now_us = end_us
                return check()
            dispatch.step(self.world)
        return True

    def run_until_settled(self, look: Callable[[], bool], quiet_us: int, *, stops: bool = False) -> None:
        bench.run(self.world, quiet_us)
        look()

    def shown(self, namespace: str, pod: str, container: str, since: int) -> tuple[str, int] | None:
        return None

    def type_in(self, namespace: str, pod: str, container: str, text: str, *, ends: bool) -> None:
        """Nobody reads here."""

    def interrupt(self, namespace: str, pod: str, container: str) -> None:
        """Nothing runs here that could be interrupted."""

    def read_file(self, path: str) -> str:
        name = path.removeprefix("./")
        if name not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[name]

    def list_files(self, path: str, recursive: bool) -> list[str]:
        prefix = "" if path in (".", "./") else f"{path.removeprefix('./').rstrip('/')}/"
        inside = [
            one
            for one in sorted(self.files)
            if one.startswith(prefix) and (recursive or "/" not in one.removeprefix(prefix))
        ]
        return inside if path not in self.files and inside else [path]


def play(case: Obj) -> Iterator[str]:
    """Run a session's commands. Where they print something else than was recorded."""
    player = _Player(case)
    names = Names(case.get("generatedNames") or ())
    start_us: int | None = None
    for number, step in enumerate(case["steps"]):
        if "sleepSeconds" in step:
            bench.run(player.world, clock.duration_us(step["sleepSeconds"]))
        elif "waitUntil" in step:
            kubectl(player, step["waitUntil"], namespace=case["namespace"])
        else:
            begin_us = clock.parse_timestamp(step["now"])
            start_us = start_us if start_us is not None else player.now_us - begin_us
            bench.run(player.world, max(0, begin_us + start_us - player.now_us))
            result = kubectl(player, step["args"], step.get("stdin") or "", namespace=case["namespace"])
            for text in _step_differences(step, result, names):
                yield f"step {number + 1} ({' '.join(step['args'])[:60]}): {text}"


# Comparing.

_LETTERS = "[bcdfghjklmnpqrstvwxz2456789]"
_GENERATED = re.compile(rf"(?<=[-=]){_LETTERS}{{6,10}}(?:-{_LETTERS}{{5}})?\b|(?<=-){_LETTERS}{{5}}\b")
"""A template's hash, a Pod's suffix, or both."""

_VARYING = (
    (re.compile(r"\b[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}"), "<time>"),
    (re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z"), "<time>"),
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} [+-]\d{4} UTC"), "<time>"),
    (re.compile(r"\b(?:\d+[dhms])+(?= |$|\)|,)"), "<age>"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+\b"), "<ip>"),
    (re.compile(r"(?<=:)3[0-2]\d{3}\b"), "<port>"),
    (re.compile(r"(?<=resource version to be )(\d+), was \d+"), r"\1, was <resourceVersion>"),
    (re.compile(r"(?<=resourceVersion: )\S+|(?<=\"resourceVersion\": )[^,]+"), "<resourceVersion>"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uid>"),
    (_GENERATED, "<generated>"),
    (re.compile(r"\bnode-\d\b"), "<node>"),
)
"""What differs between any two runs."""

_PROGRESS = ("evicting pod ", "error when evicting ", "Waiting for ")
"""How the lines begin that are repeated until something has happened."""


class Names:
    """Which recorded generated name stands for which of the lab's."""

    def __init__(self, recorded: Sequence[str]) -> None:
        self.recorded = frozenset(found for name in recorded for found in _GENERATED.findall(name))
        self._played: dict[str, str] = {}
        self._of: dict[str, str] = {}

    def conflict(self, recorded: str, played: str) -> str:
        """Why two lines that look alike speak of different things; empty where they don't."""
        for left, right in zip(_GENERATED.findall(recorded), _GENERATED.findall(played), strict=False):
            if left not in self.recorded:
                continue
            known = self._played.setdefault(left, right), self._of.setdefault(right, left)
            if known != (right, left):
                return f"{left} was {known[0]}, now it is {right}"
        return ""


def _step_differences(step: Obj, result: Result, names: Names) -> Iterator[str]:
    if result.code != step["exit"]:
        yield f"exit: expected {step['exit']}, got {result.code}"
    for name, text in (("stdout", result.stdout), ("stderr", result.stderr)):
        for difference in text_differences(step[name], text, names):
            yield f"{name} {difference}"


def text_differences(recorded: str, played: str, names: Names) -> Iterator[str]:
    """The first line that differs."""
    if recorded == played or text_matches(recorded, played):
        return
    left, right = _ordered(_told_once(recorded)), _ordered(_told_once(played))
    strict = not any(_normal(line) != line for line in left)
    shown = (lambda line: line) if strict else _loose
    for number in range(max(len(left), len(right))):
        wanted = left[number] if number < len(left) else None
        found = right[number] if number < len(right) else None
        if wanted is None or found is None or not text_matches(shown(wanted), shown(found)):
            yield f"line {number + 1}: expected {wanted!r}, got {found!r}"
            return
        alone = sum(shown(one) == shown(wanted) for one in left) == 1
        conflict = names.conflict(wanted, found) if alone else ""
        if conflict:
            yield f"line {number + 1}: {conflict}"
            return


def _normal(line: str) -> str:
    """A line without what differs between any two runs."""
    for pattern, replacement in _VARYING:
        line = pattern.sub(replacement, line)
    return line


def _loose(line: str) -> str:
    """The same without the width of columns, which follows what is in them."""
    return re.sub(r" {2,}", "  ", _normal(line)).rstrip()


def _told_once(text: str) -> list[str]:
    """The lines, those of progress once each in a row of them."""
    lines: list[str] = []
    run: set[str] = set()
    for line in text.split("\n"):
        if not line.startswith(_PROGRESS):
            run = set()
        elif line.startswith("Waiting for "):
            run = run & {line}
        if line in run:
            continue
        if line.startswith(_PROGRESS):
            run.add(line)
        lines.append(line)
    return lines


def _ordered(lines: Sequence[str]) -> list[str]:
    """The lines, in which neighbours that generated names put into an order stand in a fixed one."""
    result: list[str] = []
    group: list[str] = []
    for line in [*lines, None]:
        if line is not None and _GENERATED.search(line):
            group.append(line)
            continue
        result += sorted(group, key=_loose)
        group = []
        if line is not None:
            result.append(line)
    return result
