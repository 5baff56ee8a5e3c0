"""Commands that are run in a container from outside, with somebody who reads and types along.

Such a command is a process like the container's own: it is kept in its console,
goes on when its sleep ends or when something is typed, and can be forked and
played again. To start one, and to type, are inputs of the lab; the functions
here are generators of the actions that carry them out.

Models pkg/kubelet/server/server.go (exec, attach) and
staging/src/k8s.io/kubelet/pkg/cri/streaming, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from k8slab.api.meta import Key, Obj
from k8slab.components import Cache, Component, Done, Memory, Plan, Watch
from k8slab.containers import consoles, shell, shell_process
from k8slab.containers.environment import context_of
from k8slab.containers.kernel import Kernel, Pause
from k8slab.containers.overlay import Overlay
from k8slab.containers.program import Steps
from k8slab.kubelet import cri
from k8slab.kubelet.processes import PARKED_US, Live, resumed
from k8slab.kubelet.streams import container_of, not_found_text, running_container, status_of
from k8slab.network.delivery import NETWORK
from k8slab.store.aspects import DELETION, PHASE, READINESS, REMOVED
from k8slab.store.view import Change, View

KILLED_CODE = 137


class Sessions:
    """The live generators of one World's sessions, by console; a fork begins with none."""

    def __init__(self, view: View) -> None:
        self.live: dict[Key, Live] = {}

    def observe(self, change: Change) -> None:
        """Drop the generator of a session that is over."""
        if change.new is None or change.new["exit"] is not None:
            self.live.pop(change.key, None)

    def copy(self) -> Cache:
        """Generators cannot be copied: the copy rebuilds its own."""
        twin = Sessions.__new__(Sessions)
        twin.live = {}
        return twin


def start(
    view: View, pod: Obj, container: str, argv: Sequence[str], now_us: int, *, tty: bool, has_input: bool
) -> Plan:
    """Run a command in a container with a console of its own, which `Done.memory` names.

    ApiError where the container doesn't run.
    """
    spec = running_container(view, pod, container)
    name, metadata = spec["name"], pod["metadata"]
    box = Overlay(view)
    key = consoles.free_console(view, (metadata["namespace"], metadata["name"]), name)
    console = consoles.new_console(key, metadata["uid"], tty=tty, has_input=has_input)
    if not cri.can_execute(spec, argv[0]):
        box.put(consoles.KIND, key, {**console, "exit": 126 if "/" in argv[0] else 127})
        consoles.show(box, key, "stderr", not_found_text(argv[0]))
    else:
        run = cri.entered_run(view, pod, name)
        context = context_of(box, pod, spec, run, now_us)._replace(argv=tuple(argv))
        box.put(consoles.KIND, key, {**console, "record": cri.new_record(context)})
        _go_on(view, box, pod, key, now_us)
    yield from box.flush()
    return Done(memory=key)


def type_in(view: View, key: Key, text: str, now_us: int, *, ended: bool = False) -> Plan:
    """Type into a console, or end its input."""
    box = Overlay(view)
    interrupts = consoles.type_text(box, key, text, ended=ended)
    console = consoles.get(box, key)
    pod = view.get("Pod", (key[0], key[1].partition("/")[0]))
    if console is not None and pod is not None:
        record = console["record"]
        if record is None:
            name = key[1].split("/")[1]
            if interrupts or console["typed"] or ended:
                pod_key = (key[0], pod["metadata"]["name"])
                cri.signal(box, pod_key, name, now_us, "INT" if interrupts else shell.INPUT)
        elif console["exit"] is None and (interrupts or console["waits"]):
            signal = "INT" if interrupts else shell.INPUT
            consoles.change(box, key, record={**record, "signal": signal, "wakeUs": now_us})
            _go_on(view, box, pod, key, now_us)
    yield from box.flush()
    return Done()


def end(view: View, key: Key) -> Plan:
    """The client has gone, or has read everything: forget the console, and the command with it."""
    box = Overlay(view)
    consoles.remove(box, key)
    yield from box.flush()
    return Done()


def _go_on(view: View, box: Overlay, pod: Obj, key: Key, now_us: int) -> int:
    """Let a command run until it sleeps or ends. When it wakes next, 0 for never."""
    console = consoles.get(box, key)
    assert console is not None, "a command that goes on has a console"
    record = console["record"]
    container = container_of(pod, key[1].split("/")[1])
    kernel = Kernel(box, pod, container, record["run"], now_us, NETWORK)
    kernel.console = key
    live: dict[Key, Live] = view.cache(SESSIONS.name).live

    def fresh() -> Steps:
        context = cri.context_of_record(pod, container, record)
        return shell_process.run_session(context, list(context.argv), tty=console["tty"])

    program, value = resumed(live.get(key), kernel, record, now_us, fresh)
    pause = kernel.proceed(program, value)
    if pause.code is not None:
        live.pop(key, None)
        consoles.change(box, key, exit=pause.code, record=None, waits=False)
        return 0
    live[key] = Live(program, record["run"], kernel.journal, kernel.checkpoint)
    return _keep(box, key, record, kernel, pause, now_us)


def _keep(box: Overlay, key: Key, record: Obj, kernel: Kernel, pause: Pause, now_us: int) -> int:
    """Store where the command stands."""
    due_us = now_us + pause.sleep_us if pause.sleep_us < PARKED_US else 0
    changed: dict[str, Any] = {
        **record,
        "wakeUs": due_us or now_us + PARKED_US,
        "journal": kernel.journal,
        "checkpoint": kernel.checkpoint,
        "signal": "",
        "owed": pause.owed,
    }
    console = consoles.get(box, key)
    starts = console["starts"] + 1 if console is not None else 0
    consoles.change(box, key, record=changed, waits=pause.for_input, starts=starts)
    return due_us


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Let a command go on whose sleep has ended; one whose container has ended is killed."""
    console = view.get(consoles.KIND, key)
    if console is None or console["exit"] is not None or console["record"] is None:
        return Done(why="no command runs on that console")
    box = Overlay(view)
    pod = view.get("Pod", (key[0], key[1].partition("/")[0]))
    if pod is None or not _is_running(pod, key[1].split("/")[1]):
        consoles.change(box, key, exit=KILLED_CODE, record=None, waits=False)
        yield from box.flush()
        return Done()
    due_us = int(console["record"]["wakeUs"])
    if due_us <= now_us:
        due_us = _go_on(view, box, pod, key, now_us)
        yield from box.flush()
    if not due_us or due_us - now_us >= PARKED_US // 2:
        return Done()
    return Done(look_again_us=max(due_us - now_us, 1))


def _is_running(pod: Obj, container: str) -> bool:
    status = status_of(pod, container)
    return status is not None and "running" in (status.get("state") or {})


def _of_console(change: Change, view: View) -> Iterable[Key]:
    """A command that was started, or was typed to, and sleeps now."""
    if change.new is None or change.new["record"] is None:
        return ()
    before = change.old["starts"] if change.old is not None else 0
    return (change.key,) if change.new["starts"] != before else ()


def _of_pod(change: Change, view: View) -> Iterable[Key]:
    """The commands in a Pod of which a container has ended."""
    prefix = f"{change.key[1]}/"
    return [
        (change.key[0], console["metadata"]["name"])
        for console in view.list(consoles.KIND, namespace=change.key[0])
        if console["metadata"]["name"].startswith(prefix)
    ]


SESSIONS = Component(
    "sessions",
    (
        Watch(consoles.KIND, _of_console),
        Watch("Pod", _of_pod, aspects=REMOVED | DELETION | PHASE | READINESS, needs=consoles.KIND),
    ),
    plan,
    cache=Sessions,
    cache_kinds=(consoles.KIND,),
    manager="containerd",
)
"""Lets the commands go on that are run in containers from outside."""
