"""What answers a process's requests: files, the log, the clock, memory, the network.

A kernel serves one container for the length of a step. The network is handed
in, because it lies a layer above: whoever runs processes knows both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from k8slab.api.meta import Key, Obj
from k8slab.containers import consoles, logs
from k8slab.containers.ailments import skew_on
from k8slab.containers.files import Files
from k8slab.containers.loads import burden
from k8slab.containers.mounts import files_of, note_exit, put_sandbox, sandbox_of
from k8slab.containers.overlay import Overlay
from k8slab.containers.program import Steps
from k8slab.containers.requests import (
    Answer,
    Burden,
    Call,
    Change,
    Checkpoint,
    KindOf,
    Log,
    Lookup,
    MakeDirectory,
    MountPoints,
    Names,
    NodeLogs,
    Now,
    Pass,
    Prompt,
    Quit,
    Read,
    Recall,
    Receive,
    Remember,
    Remove,
    Request,
    Serve,
    Show,
    Signal,
    Sleep,
    StatOf,
    Traps,
    Write,
)
from k8slab.containers.signals import deliver
from k8slab.containers.streams import Interrupted

MOST_REQUESTS = 5_000
"""A program that asks for more at one instant is busy, and time has to pass."""
BUSY_US = 5_000_000
PASSED = "passed"
"""A journal's entry `{PASSED: n}` stands for n rounds of loops."""


class Network(Protocol):
    """What a process reaches outside its Pod."""

    def lookup(self, box: Overlay, pod: Obj, request: Lookup) -> list[str]:
        """The answer of the cluster's DNS."""

    def call(self, box: Overlay, pod: Obj, request: Call, now_us: int) -> Answer:
        """Carry a request to the server that listens there, and its answer back."""

    def node_logs(self, box: Overlay, pod: Obj, request: NodeLogs) -> list[tuple[str, str, str, int, str]]:
        """New log lines of the Pods on the process's node."""


class Pause(NamedTuple):
    """Why a program stopped for now: it ended (`code`), or sleeps for a while.

    `for_input` says that it waits for something to be typed.

    `owed` says that it was busy: its last request has been answered in the
    journal, but it has not been sent that answer (`value`) yet.
    """

    code: int | None = None
    sleep_us: int = 0
    owed: bool = False
    value: Any = None
    for_input: bool = False


INTERRUPT = {"interrupt": True}
"""A journal's entry for ^C: it is thrown into the program and not sent."""


def resume(program: Steps, value: Any) -> Any:
    """Let a program go on with an answer, or with an interrupt."""
    if value == INTERRUPT:
        return program.throw(Interrupted())
    return program.send(value)


class Kernel:
    """Answers the requests of one container's process.

    `volatile` becomes true once an answer depended on the time or on others.
    `journal` collects the answers since the last checkpoint, `unended` what was
    written to the log, by stream, of lines that have no end yet. `waited_us` is how
    long a program that never sleeps would have waited for the answers of others, `origin`
    who makes requests (see `Call`).
    """

    __slots__ = (
        "_files",
        "box",
        "checkpoint",
        "console",
        "container",
        "journal",
        "network",
        "now_us",
        "origin",
        "pod",
        "run",
        "services",
        "traps",
        "unended",
        "volatile",
        "waited_us",
    )

    def __init__(
        self, box: Overlay, pod: Obj, container: Obj, run: int, now_us: int, network: Network
    ) -> None:
        self.box, self.pod, self.container, self.run = box, pod, container, run
        self.now_us, self.network = now_us, network
        self._files: Files | None = None
        self.volatile = False
        self.journal: list[Any] = []
        self.checkpoint: Any = None
        self.services: list[Serve] = []
        self.console: Key = ("", "")
        self.traps: tuple[str, ...] | None = None
        self.unended: dict[str, str] = {}
        self.waited_us = 0
        self.origin = ""

    @property
    def key(self) -> Key:
        """The Pod's key."""
        metadata = self.pod["metadata"]
        return (metadata["namespace"], metadata["name"])

    @property
    def files(self) -> Files:
        """The container's files."""
        if self._files is None:
            self._files = files_of(self.box, self.pod, self.container)
        return self._files

    def _looked_at(self, path: str) -> Files:
        """The files, one of which is looked at: what others may change may be different another time."""
        self.volatile = self.volatile or self.files.is_shared(path)
        return self.files

    def _write(self, request: Write) -> str:
        return self.files.write(request.path, request.text, request.append, request.mode)

    def answer(self, request: Request) -> Any:
        """The answer to any request but Sleep and Checkpoint."""
        return _HANDLERS[type(request)](self, request)

    def complete(self, program: Steps) -> Any:
        """Run a program that never sleeps to its end. What it returned."""
        value: Any = None
        while True:
            try:
                request = program.send(value)
            except StopIteration as stop:
                return stop.value
            if type(request) is Sleep:
                value = self.now_us
            else:
                value = None if type(request) is Pass else self.answer(request)
                if type(value) is Answer:
                    self.waited_us += value.took_us

    def proceed(self, program: Steps, value: Any = None) -> Pause:
        """Run a program until it sleeps or ends, beginning with an answer that it waits for."""
        for _ in range(MOST_REQUESTS):
            try:
                request = resume(program, value)
            except StopIteration as stop:
                return Pause(code=int(stop.value or 0))
            if type(request) is Sleep:
                self.volatile = True
                return Pause(sleep_us=max(request.duration_us, 1), for_input=request.for_input)
            if type(request) is Checkpoint:
                self.checkpoint = request.state
                self.journal.clear()
                value = None
                continue
            if type(request) is Pass:
                value = None
                self._note_pass()
                continue
            value = _HANDLERS[type(request)](self, request)
            self.journal.append(value)
        return Pause(sleep_us=BUSY_US, owed=True, value=value)

    def _note_pass(self) -> None:
        last = self.journal[-1] if self.journal else None
        if isinstance(last, dict) and PASSED in last:
            self.journal[-1] = {PASSED: last[PASSED] + 1}
        else:
            self.journal.append({PASSED: 1})

    def _receive(self) -> str | None:
        self.volatile = True
        return consoles.receive(self.box, self.console)

    def _log(self, request: Log) -> None:
        """Add whole lines to the log; the rest of a line waits for its end."""
        if self.console[1]:
            consoles.show(self.box, self.console, request.stream, request.text)
        text = self.unended.pop(request.stream, "") + request.text
        *lines, rest = text.split("\n")
        found = [logs.Line(self.now_us, request.stream, line) for line in lines]
        while len(rest) >= logs.MOST_CHARACTERS:
            part, rest = rest[: logs.MOST_CHARACTERS], rest[logs.MOST_CHARACTERS :]
            found.append(logs.Line(self.now_us, request.stream, part, is_partial=True))
        if rest:
            self.unended[request.stream] = rest
        logs.append(self.box, self.key, self.container["name"], self.run, found)

    def end_lines(self) -> None:
        """Write out lines that have no end yet."""
        logs.end_lines(self.box, self.key, self.container["name"], self.run, self.unended, self.now_us)
        self.unended.clear()

    def _now(self, request: Now) -> int:
        self.volatile = self.volatile or not request.quiet
        return self.now_us + (skew_on(self.box, self.pod["spec"].get("nodeName", "")) if request.wall else 0)

    def _lookup(self, request: Lookup) -> list[str]:
        self.volatile = True
        return self.network.lookup(self.box, self.pod, request)

    def _call(self, request: Call) -> Answer:
        if request.host not in ("localhost", "127.0.0.1", "::1"):
            self.volatile = True
        asked = request._replace(origin=self.origin) if self.origin else request
        answer = self.network.call(self.box, self.pod, asked, self.now_us)
        self.volatile = self.volatile or answer.volatile
        return answer

    def _node_logs(self, request: NodeLogs) -> list[tuple[str, str, str, int, str]]:
        self.volatile = True
        return self.network.node_logs(self.box, self.pod, request)

    def _memory(self) -> Obj:
        memory: Obj = sandbox_of(self.box, self.pod)["memory"].get(self.container["name"]) or {}
        return memory

    def _remember(self, request: Remember) -> None:
        sandbox = sandbox_of(self.box, self.pod)
        name = self.container["name"]
        memory = {**self._memory(), request.name: request.value}
        changed = {
            **sandbox,
            "memory": {**sandbox["memory"], name: memory},
            "changes": sandbox["changes"] + 1,
        }
        put_sandbox(self.box, self.pod, changed)

    def _recall(self, request: Recall) -> Any:
        return self._memory().get(request.name)

    def _serve(self, request: Serve) -> None:
        self.services.append(request)

    def _quit(self, request: Quit) -> None:
        """Note that the container's process has ended; the kubelet learns of it."""
        note_exit(self.box, self.pod, self.container["name"], self.run, request.code, self.now_us)

    def _signal(self, request: Signal) -> str:
        """Send a signal to a process that this one sees; it may end a container, this one's too."""
        self.volatile = True
        return deliver(self.box, self.pod, self.container, self.run, request, self.now_us)

    def _burden(self, request: Burden) -> None:
        name = self.container["name"]
        burden(self.box, self.pod, name, request.cpu_millis, request.memory_bytes)

    def _trap(self, request: Traps) -> None:
        self.traps = request.names


_HANDLERS: dict[type, Callable[[Kernel, Any], Any]] = {
    Read: lambda kernel, request: kernel._looked_at(request.path).read(request.path),
    Write: Kernel._write,
    KindOf: lambda kernel, request: kernel._looked_at(request.path).kind(request.path),
    StatOf: lambda kernel, request: kernel._looked_at(request.path).stat(request.path),
    Names: lambda kernel, request: kernel._looked_at(request.path).names(request.path),
    Remove: lambda kernel, request: kernel.files.remove(request.path),
    MakeDirectory: lambda kernel, request: kernel.files.make_directory(request.path, request.mode),
    Change: lambda kernel, request: kernel.files.change(
        request.path, request.mode, request.user, request.group
    ),
    MountPoints: lambda kernel, request: kernel.files.mounts(),
    Log: Kernel._log,
    Now: Kernel._now,
    Lookup: Kernel._lookup,
    Call: Kernel._call,
    NodeLogs: Kernel._node_logs,
    Remember: Kernel._remember,
    Recall: Kernel._recall,
    Serve: Kernel._serve,
    Traps: Kernel._trap,
    Quit: Kernel._quit,
    Burden: Kernel._burden,
    Signal: Kernel._signal,
    Receive: lambda kernel, request: kernel._receive(),
    Show: lambda kernel, request: consoles.show(kernel.box, kernel.console, request.stream, request.text),
    Prompt: lambda kernel, request: consoles.prompt(kernel.box, kernel.console, request.text),
}
"""What answers each kind of request. (A table of a kernel's own would keep the kernel itself alive.)"""
