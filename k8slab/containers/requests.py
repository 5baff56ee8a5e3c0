"""What a process in a container can ask for: the requests that its generator yields.

A program is a generator; it does nothing itself. It asks to read a file, to
write a line, to sleep, to call another Pod, and is sent the answer. So a
program can be written as if it ran for real, and be stopped, copied and
replayed at any of these points.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple


class Read(NamedTuple):
    """The text of a file; the answer is None where there is none."""

    path: str


class Write(NamedTuple):
    """Write a file, or append to it. The answer is why it failed, or the empty string.

    `mode` is that of a new file.
    """

    path: str
    text: str
    append: bool = False
    mode: int = 0o644


class StatOf(NamedTuple):
    """What is at a path with its mode and owner: a `files.Stat`, or None."""

    path: str


class Change(NamedTuple):
    """Change a mode or an owner. The answer is why it failed, or the empty string."""

    path: str
    mode: int | None = None
    user: int | None = None
    group: int | None = None


class KindOf(NamedTuple):
    """What is at a path: `file`, `dir` or the empty string."""

    path: str


class Names(NamedTuple):
    """The sorted names in a directory, or None."""

    path: str


class Remove(NamedTuple):
    """Remove a file or a directory with all in it. The answer is why it failed, or the empty string."""

    path: str


class MakeDirectory(NamedTuple):
    """Make one directory. The answer is why it failed, or the empty string."""

    path: str
    mode: int = 0o755


class MountPoints(NamedTuple):
    """Where something is mounted, sorted: paths, file systems, whether they are read-only."""


class Log(NamedTuple):
    """Write text to the container's log. `stream` is stdout or stderr."""

    text: str
    stream: str = "stdout"


class Sleep(NamedTuple):
    """Wait. The answer is the instant at which the process goes on, or the name of a signal.

    `for_input` says that it also goes on when something has been typed.
    """

    duration_us: int
    for_input: bool = False


class Now(NamedTuple):
    """The lab's clock: microseconds since the epoch. `quiet` where the answer only stamps a log line.

    `wall` asks for what the node's clock shows, which may be off.
    """

    quiet: bool = False
    wall: bool = False


class Lookup(NamedTuple):
    """The addresses of a name, as the cluster's DNS answers; the empty list for none.

    `record` is A, SRV, CNAME or PTR.
    """

    name: str
    record: str = "A"


PROGRAM = "program"
"""A container's own process asks. Such requests come in numbers: even small ones cost CPU time."""
PROBE = "probe"
"""A kubelet asks. As a healthy container's probes aren't asked again and again, they cost it no CPU time."""


class Call(NamedTuple):
    """A request to a server. `host` is a name or an address. The answer is an `Answer`.

    `client` is the caller's address where it is not its Pod's. `origin` says who asks, where that is
    nobody's hand: PROGRAM or PROBE.
    """

    host: str
    port: int
    protocol: str
    payload: Any
    timeout_us: int = 5_000_000
    client: str = ""
    origin: str = ""


class Remember(NamedTuple):
    """Keep a value (JSON data) in the process's memory; it dies with the process."""

    name: str
    value: Any


class Recall(NamedTuple):
    """A value from the process's memory, or None."""

    name: str


class Serve(NamedTuple):
    """Listen: from now on requests to these ports are answered by the named server of a program."""

    executable: str
    ports: tuple[int, ...]
    arguments: tuple[str, ...] = ()
    replaces: bool = False
    """The server takes the place of the container's own process (`exec`)."""


class Burden(NamedTuple):
    """Use so much CPU and memory from now on."""

    cpu_millis: int
    memory_bytes: int


class Signal(NamedTuple):
    """Send a signal to a process that one sees. The answer is why that can't be, or the empty string."""

    pid: int
    name: str


class Receive(NamedTuple):
    """What was typed on the process's console; empty at the end, None while there is nothing."""


class Show(NamedTuple):
    """Write to the process's console."""

    text: str
    stream: str = "stdout"


class Prompt(NamedTuple):
    """Show a prompt on the console: the line that is typed next can be edited."""

    text: str


class Quit(NamedTuple):
    """The container's own process ends with this exit code."""

    code: int


class Traps(NamedTuple):
    """Tell which signals the process handles."""

    names: tuple[str, ...]


class Checkpoint(NamedTuple):
    """All that the process knows is `state` (JSON data): it can be started again from here."""

    state: Any


class Pass(NamedTuple):
    """Nothing; a loop asks for it at each round, so that one without an end can be stopped."""


class NodeLogs(NamedTuple):
    """The newest log lines of all Pods on the process's node, after an instant: tuples of
    (namespace, pod, container, at_us, text)."""

    after_us: int


class Answer(NamedTuple):
    """What a server answered. `error` is a network error such as `connection refused`.

    `volatile` says that the same request may be answered differently later,
    though nothing in the server's container has changed. `took_us` is how long it takes
    to arrive; most arrive at once.
    """

    ok: bool
    payload: Any = None
    error: str = ""
    address: str = ""
    volatile: bool = False
    took_us: int = 0


Request = Any

Program = Generator[Request, Any, int]
"""A running program: it yields requests and returns its exit code."""
