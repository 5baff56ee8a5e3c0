"""The processes in containers going on: one look at a Pod lets each of them run until it sleeps again.

A process is stored as its journal: the answers it has been sent since its last
checkpoint. Its generator lives in this component's cache and is rebuilt from
the journal the first time that it is needed there, so that a fork costs
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from k8slab.api.meta import Key, Obj
from k8slab.components import Cache, Component, Done, Memory, Plan, Watch
from k8slab.containers import consoles, shell_process
from k8slab.containers.kernel import INTERRUPT, PASSED, Kernel, Pause, resume
from k8slab.containers.mounts import is_hung, note_exit, put_sandbox, sandbox_of, take_unended
from k8slab.containers.overlay import Overlay
from k8slab.containers.program import Steps, executable_of
from k8slab.containers.requests import PROGRAM, Checkpoint
from k8slab.containers.shell import FOREVER_US, Invocation, Shell
from k8slab.containers.streams import ConsoleInput, Input
from k8slab.kubelet import cri
from k8slab.kubelet.runtime import containers_of
from k8slab.network.delivery import NETWORK
from k8slab.store.view import Change, View

PARKED_US = FOREVER_US // 2


class Live(NamedTuple):
    """A generator, and where it stands: its run, its last checkpoint and the journal since."""

    program: Steps
    run: int
    journal: list[Any]
    checkpoint: Any


class Processes:
    """The live generators of one World, by Pod and container; a fork begins with none."""

    def __init__(self, view: View) -> None:
        self.live: dict[tuple[Key, str], Live] = {}

    def observe(self, change: Change) -> None:
        """Drop the generators of a Pod that is gone."""
        if change.kind == "Sandbox" and change.new is None and change.old is not None:
            for container in change.old["processes"]:
                self.live.pop((change.key, container), None)

    def copy(self) -> Cache:
        """Generators cannot be copied: the copy rebuilds its own."""
        twin = Processes.__new__(Processes)
        twin.live = {}
        return twin


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Let the processes of a Pod go on that are due."""
    pod, sandbox = view.get("Pod", key), view.get("Sandbox", key)
    if pod is None or sandbox is None or sandbox["uid"] != pod["metadata"]["uid"]:
        return Done(why="nothing runs there")
    machine = view.get("Machine", ("", pod["spec"].get("nodeName", "")))
    if machine is not None and machine["spec"]["power"] != "On":
        return Done(why="the machine is off")
    wake_us = 0
    for name in list(sandbox["processes"]):
        box = Overlay(view)
        due_us = _go_on(view, box, pod, name, now_us)
        yield from box.flush()
        if due_us and (not wake_us or due_us < wake_us):
            wake_us = due_us
    return Done(look_again_us=max(wake_us - now_us, 1) if wake_us else None)


def _container(pod: Obj, name: str) -> Obj | None:
    for container in containers_of(pod["spec"]):
        if container["name"] == name:
            return container
    return None


def _go_on(view: View, box: Overlay, pod: Obj, name: str, now_us: int) -> int:
    """Let one process run until it sleeps or ends. When it wakes next, 0 for never."""
    record = sandbox_of(box, pod)["processes"].get(name)
    container = _container(pod, name)
    if record is None or container is None or is_hung(box, pod, name):
        return 0
    if record["wakeUs"] > now_us:
        return int(record["wakeUs"]) if record["wakeUs"] - now_us < PARKED_US else 0
    kernel = Kernel(box, pod, container, record["run"], now_us, NETWORK)
    kernel.origin = PROGRAM
    live = view.cache("processes").live
    slot = ((pod["metadata"]["namespace"], pod["metadata"]["name"]), name)
    if record["console"]:
        kernel.console = consoles.console_of(slot[0], name)
    program, value = resumed(
        live.get(slot), kernel, record, now_us, lambda: new_program(pod, container, record)
    )
    kernel.unended = take_unended(box, pod, name)
    pause = kernel.proceed(program, value)
    if pause.code is not None:
        live.pop(slot, None)
        kernel.end_lines()
        message = cri.termination_message(box, pod, container, pause.code)
        note_exit(box, pod, name, record["run"], pause.code, now_us, message)
        return 0
    live[slot] = Live(program, record["run"], kernel.journal, kernel.checkpoint)
    _keep(box, pod, name, record, kernel, pause, now_us)
    return now_us + pause.sleep_us if pause.sleep_us < PARKED_US else 0


def _keep(box: Overlay, pod: Obj, name: str, record: Obj, kernel: Kernel, pause: Pause, now_us: int) -> None:
    """Store where the process stands now."""
    changed = {
        **record,
        "wakeUs": now_us + pause.sleep_us,
        "journal": kernel.journal,
        "checkpoint": kernel.checkpoint,
        "signal": "",
        "owed": pause.owed,
    }
    changed.pop("unended", None)
    if kernel.unended:
        changed["unended"] = kernel.unended
    sandbox = sandbox_of(box, pod)
    count = sandbox["changes"]
    if kernel.services:
        changed["services"] = [
            *record["services"],
            *(
                {
                    "executable": one.executable,
                    "ports": list(one.ports),
                    "arguments": list(one.arguments),
                    **({"replaces": True} if one.replaces else {}),
                }
                for one in kernel.services
            ),
        ]
        count += 1
    if kernel.traps is not None:
        changed["traps"] = list(kernel.traps)
    processes = {**sandbox["processes"], name: changed}
    put_sandbox(box, pod, {**sandbox, "processes": processes, "changes": count})


def resumed(
    live: Live | None, kernel: Kernel, record: Obj, now_us: int, fresh: Callable[[], Steps]
) -> tuple[Steps, Any]:
    """A process's generator, and the answer that it waits for (None where it has not begun).

    The kernel gets the process's journal, with that answer where it is one of its sleeps'.
    """
    journal, owed = record["journal"], record["owed"]
    kernel.journal = list(journal)
    kernel.checkpoint = record["checkpoint"]
    woken = _woken(record, now_us)
    if live is not None and live.run == record["run"] and live.journal == journal:
        if live.checkpoint is record["checkpoint"] or live.checkpoint == record["checkpoint"]:
            return live.program, _noted(kernel, woken, owed)
    begun = bool(journal) or record["wakeUs"] != record["startedUs"] or bool(record["signal"])
    program = fresh()
    if not begun or (owed and not journal):
        return program, None
    _replay(program, journal, owed)
    return program, _noted(kernel, woken, owed)


def _woken(record: Obj, now_us: int) -> Any:
    """What a process is answered that goes on: the instant, a signal, an interrupt, or what it is owed."""
    if record["signal"] == "INT":
        return INTERRUPT
    if not record["owed"]:
        return record["signal"] or now_us
    last = record["journal"][-1] if record["journal"] else None
    return None if isinstance(last, dict) and PASSED in last else last


def _noted(kernel: Kernel, woken: Any, owed: bool) -> Any:
    if owed and woken == INTERRUPT:
        # The answer that was owed never comes: the interrupt takes its place.
        kernel.journal.pop()
        kernel.journal.append(woken)
    elif woken is not None and not owed:
        kernel.journal.append(woken)
    return woken


def _replay(program: Steps, journal: list[Any], owed: bool) -> None:
    """Bring a fresh generator to where the journal ends.

    That is at a sleep that waits for its answer; or, where one is owed, at the
    request whose answer is the journal's last entry.
    """
    answers: list[Any] = []
    for entry in journal:
        passed = entry.get(PASSED, 0) if isinstance(entry, dict) else 0
        answers.extend([None] * passed if passed else [entry])
    if owed:
        answers.pop()
    _past_checkpoints(program, None)
    for answer in answers:
        _past_checkpoints(program, answer)


def _past_checkpoints(program: Steps, answer: Any) -> None:
    """Send an answer, and go on to the next request that waits for one."""
    request = resume(program, answer)
    while type(request) is Checkpoint:
        request = program.send(None)


def new_program(pod: Obj, container: Obj, record: Obj) -> Steps:
    """A process's generator at its last checkpoint, or at its start."""
    context = cri.context_of_record(pod, container, record)
    argv = list(context.argv)
    executable = executable_of(context.image, argv)
    stdin = ConsoleInput(is_terminal=bool(container.get("tty"))) if record["console"] else Input()
    if executable is not None and executable.run is not None:
        io = shell_process.main_streams(stdin)
        own = Shell(context)
        own.main = True
        return shell_process.multiplexed(own, executable.run(Invocation(own, io, context), argv), io)
    return shell_process.run_main(context, argv, stdin, record["checkpoint"])


def _of_sandbox(change: Change, view: View) -> Iterable[Key]:
    """A Pod in which a process was started, or was sent a signal."""
    if change.new is None:
        return ()
    before = change.old["starts"] if change.old is not None else 0
    return (change.key,) if change.new["starts"] != before else ()


PROCESSES = Component(
    "processes",
    (Watch("Sandbox", _of_sandbox),),
    plan,
    cache=Processes,
    cache_kinds=("Sandbox",),
    manager="containerd",
)
"""Lets the processes in containers go on."""
