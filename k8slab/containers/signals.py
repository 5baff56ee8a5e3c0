"""Signals from one process to another: `kill`, `pkill`, and what comes of them.

The first process of a namespace gets only the signals that it handles, so `kill -9 1` does nothing
within a container. Servers handle those that ask them to end; a shell handles what it has set
traps for. A server that a shell has started ends by itself, and the shell goes on with its code.

Models what a Linux kernel does for containers (pid_namespaces(7), signal(7)), as far as programs of ours
can tell.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.containers.mounts import current_run, is_hung, note_exit, put_sandbox, sandbox_of
from k8slab.containers.overlay import Overlay
from k8slab.containers.proc import Process, processes
from k8slab.containers.program import Server, argv_of_service, executable_of, server_in_place, server_of
from k8slab.containers.requests import Signal

NUMBERS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "KILL": 9,
    "USR1": 10,
    "USR2": 12,
    "TERM": 15,
    "CONT": 18,
    "STOP": 19,
}
"""The signals by their names."""
ENDED = "ended:"
"""What wakes a shell whose server was ended: behind it the server's place and its exit code."""

_ASKS_TO_END = ("TERM", "INT", "QUIT")
_HARMLESS = ("USR1", "USR2", "HUP")
"""Signals that let a server do something that nobody sees here, like opening its log anew."""
_UNSEEN = ("0", "CONT", "STOP")
"""0 only asks whether a process is there; one that is stopped is what the lab calls hung."""


def deliver(box: Overlay, pod: Obj, container: Obj, run: int, signal: Signal, now_us: int) -> str:
    """Send a signal from a process of `container`. Why that can't be, or the empty string."""
    records = sandbox_of(box, pod)["processes"]
    for process in processes(pod, container, 0, (), records):
        if process.pid == signal.pid:
            if not process.container:
                # The sandbox's process, or one of the node's.
                return "Operation not permitted"
            own = process.container == container["name"]
            _receive(box, pod, process, run if own else current_run(pod, process.container), signal, now_us)
            return ""
    return "No such process"


def _receive(box: Overlay, pod: Obj, process: Process, run: int, signal: Signal, now_us: int) -> None:
    name, container = signal.name, _spec_of(pod, process.container)
    if name in _UNSEEN or (name in _HARMLESS and process.service >= 0):
        return
    record = sandbox_of(box, pod)["processes"].get(process.container)
    if process.service >= 0:
        assert record is not None, "only a process with a record starts servers"
        _end_service(box, pod, process, record, container, name, now_us)
        return
    code = _exit_code(box, pod, process, record, container, name)
    if code is not None:
        note_exit(box, pod, process.container, run, code, now_us)
    elif record is not None and name in record["traps"] and name != "KILL":
        _wake(box, pod, process.container, {**record, "signal": name, "wakeUs": now_us})


def _exit_code(
    box: Overlay, pod: Obj, process: Process, record: Obj | None, container: Obj, name: str
) -> int | None:
    """With which code a container's own process ends by a signal; None where it goes on."""
    is_first = process.pid == 1
    if name == "KILL":
        return None if is_first else 128 + NUMBERS[name]
    if is_hung(box, pod, process.container):
        return None
    server = server_of(container) if record is None else server_in_place(container, record)
    if server is not None or record is None:
        return _code_of(server, name) if name in _ASKS_TO_END else None
    if name in record["traps"] or is_first:
        return None
    return 128 + NUMBERS[name]


def _code_of(server: Server | None, name: str) -> int | None:
    """How a server ends that is asked to; one that is not known ends well."""
    if server is None:
        return 0
    return server.stop_code if server.heeds_term or name != "TERM" else None


def _end_service(
    box: Overlay, pod: Obj, process: Process, record: Obj, container: Obj, name: str, now_us: int
) -> None:
    """End a server that a shell has started, and let the shell know."""
    service = record["services"][process.service]
    executable = executable_of(container["image"], argv_of_service(service))
    code = 128 + NUMBERS[name]
    if name in _ASKS_TO_END and executable is not None and executable.server is not None:
        asked = _code_of(executable.server, name)
        if asked is None:
            return
        code = asked
    services = list(record["services"])
    services[process.service] = {**service, "ended": True}
    woken = f"{ENDED}{process.service}:{code}"
    _wake(box, pod, process.container, {**record, "services": services, "signal": woken, "wakeUs": now_us})


def _wake(box: Overlay, pod: Obj, container: str, record: Obj) -> None:
    """Let a process go on with what its record says now."""
    sandbox = sandbox_of(box, pod)
    changed = {
        **sandbox,
        "processes": {**sandbox["processes"], container: record},
        "starts": sandbox["starts"] + 1,
        "changes": sandbox["changes"] + 1,
    }
    put_sandbox(box, pod, changed)


def _spec_of(pod: Obj, name: str) -> Obj:
    """The spec of one of a Pod's containers."""
    spec = pod["spec"]
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for one in spec.get(field) or ():
            if one["name"] == name:
                found: Obj = one
                return found
    raise KeyError(name)
