"""Command lines as processes: a container's own, one beside it, one with a console.

A shell has jobs in the background, but its process is one generator of requests. So
the jobs take turns here: each runs until it sleeps, and the process sleeps until the
first of them is due, a signal arrives or something is typed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from k8slab.containers.program import Context
from k8slab.containers.requests import Answer, Now, Serve, Sleep
from k8slab.containers.shell import (
    INPUT,
    PROGRAMS,
    SHELLS,
    AwaitJobs,
    CommandError,
    Invocation,
    ReturnError,
    ServerEnded,
    Shell,
    ShellExitError,
    Streams,
    run_shell,
    source,
)
from k8slab.containers.signals import ENDED
from k8slab.containers.streams import (
    ConsoleInput,
    ConsoleSink,
    Input,
    Interrupted,
    LogSink,
    PipeError,
    Steps,
    is_terminal,
)


@lru_cache(maxsize=1024)
def knows(name: str) -> bool:
    """Whether the shell has a command of that name: a shell, a tool, or a builtin that also is a program."""
    from k8slab.containers.builtins import BUILTINS
    from k8slab.containers.tools import TOOLS

    return name in SHELLS or name in TOOLS or (name in BUILTINS and name in PROGRAMS)


def main_streams(stdin: Any) -> Streams:
    """The streams of a container's process: where it reads from a terminal, it writes to it as well."""
    terminal = is_terminal(stdin)
    return Streams(stdin, LogSink("stdout", is_terminal=terminal), LogSink("stderr", is_terminal=terminal))


def run_main(context: Context, argv: list[str], stdin: Any, state: Any = None) -> Steps:
    """A container's process: whatever its command line is. Its output goes to the log."""
    io = main_streams(stdin)
    shell = Shell(context, name=argv[0].rpartition("/")[2])
    shell.main = True

    def main() -> Steps:
        if argv[0].rpartition("/")[2] in SHELLS:
            return (yield from run_shell(shell, argv, io, state))
        return (yield from _guarded(shell, argv, io))

    return (yield from multiplexed(shell, main(), io))


def run_session(context: Context, argv: list[str], *, tty: bool) -> Steps:
    """A command with a console, as `kubectl exec -it` runs it."""
    io = Streams(
        ConsoleInput(is_terminal=tty),
        ConsoleSink("stdout", is_terminal=tty),
        ConsoleSink("stderr", is_terminal=tty),
    )
    return (yield from _beside(context, argv, io))


def run_exec(context: Context, argv: list[str], stdin: str, out: Any, err: Any) -> Steps:
    """A command beside the container's process, as `kubectl exec` and exec probes run it."""
    return (yield from _beside(context, argv, Streams(Input(stdin), out, err)))


def run_argv(call: Invocation, argv: list[str]) -> Steps:
    """A command line as a program of an image."""
    return (yield from _guarded(call.shell, argv, call.io))


def multiplexed(shell: Shell, main: Steps, io: Streams) -> Steps:
    """Run a main job and what it starts in the background, one at a time, as their sleeps end."""
    return (yield from _Jobs(shell, main, io).run())


def _beside(context: Context, argv: list[str], io: Streams) -> Steps:
    shell = Shell(context, name=argv[0].rpartition("/")[2])
    return (yield from multiplexed(shell, _guarded(shell, argv, io), io))


def _guarded(shell: Shell, argv: list[str], io: Streams) -> Steps:
    """Run a command line; whatever ends it early is an exit code."""
    try:
        return (yield from shell.invoke(argv, io))
    except Interrupted:
        return 130
    except CommandError as fault:
        yield from io.err.write(f"{fault}\n")
        return fault.code
    except ShellExitError as end:
        return end.code
    except PipeError:
        return 141


class _Jobs:
    """The jobs of one process: when each goes on, and with what answer."""

    def __init__(self, shell: Shell, main: Steps, io: Streams) -> None:
        self._shell, self._main, self._io = shell, main, io
        self._now_us = 0
        self._asleep: list[tuple[int, Steps, Any]] = [(0, main, None)]
        """When a job goes on, the job, and the answer to what it asked last."""
        self._reading: list[Steps] = []
        """Those of the sleepers that something typed wakes."""
        self._waiting: list[Steps] = []
        """Those that go on when all others have ended (`wait`)."""
        self._serving: list[Steps] = []
        """Those that have started a server, in this order."""

    def run(self) -> Steps:
        """Take turns until the main job ends. Its exit code."""
        while True:
            self._asleep.extend((self._now_us, job, None) for job in self._shell.jobs)
            self._shell.jobs.clear()
            self._asleep.sort(key=lambda sleeper: sleeper[0])
            due_us, job, answer = self._asleep[0]
            if due_us > self._now_us:
                code = yield from self._sleep_until(due_us)
            else:
                self._asleep.pop(0)
                code = yield from self._go_on(job, answer)
                self._end_waits()
            if code is not None:
                return code

    def _sleep_until(self, due_us: int) -> Steps:
        """Let the process sleep, and see what woke it. The exit code where a signal ended the shell."""
        try:
            woken = yield Sleep(due_us - self._now_us, for_input=bool(self._reading))
        except Interrupted as key:
            self._now_us = yield Now()
            # The first process of a container does not get a signal that it has no handler for. But what a
            # script runs in the foreground gets it, and then the script ends itself, too.
            if self._shell.is_interactive or self._shell.is_script or not self._shell.main:
                self._wake([job for _, job, _ in self._asleep], interrupted_by=key)
            return None
        if woken == INPUT:
            self._now_us = yield Now()
            self._wake(self._reading)
            return None
        if isinstance(woken, str) and woken.startswith(ENDED):
            self._now_us = yield Now()
            self._end_server(woken)
            return None
        if isinstance(woken, str):
            code = yield from _signalled(self._shell, woken, self._io)
            if code is not None:
                return code
            woken = yield Now()
        self._now_us = woken
        return None

    def _end_server(self, woken: str) -> None:
        """Tell the job that has started a server how it ended (see `signals`)."""
        place, _, code = woken.removeprefix(ENDED).partition(":")
        served = self._serving[int(place)]
        self._asleep = [
            (self._now_us, job, ServerEnded(int(code))) if job is served else (due_us, job, answer)
            for due_us, job, answer in self._asleep
        ]

    def _wake(self, jobs: list[Steps], interrupted_by: Interrupted | None = None) -> None:
        """Make jobs due now; the main one is told of the key that interrupted it."""
        self._asleep = [
            (
                self._now_us if job in jobs else due_us,
                job,
                interrupted_by if interrupted_by is not None and job is self._main else answer,
            )
            for due_us, job, answer in self._asleep
        ]
        self._reading = []

    def _go_on(self, job: Steps, answer: Any) -> Steps:
        """Run a job until it sleeps, waits or ends. The exit code where the main job ended.

        An answer that takes its time is waited for as in a sleep: it is sent when the job goes on.
        """
        try:
            while True:
                request = job.throw(answer) if isinstance(answer, Interrupted) else job.send(answer)
                if isinstance(request, Sleep):
                    self._now_us = yield Now()
                    if request.for_input:
                        self._reading.append(job)
                    # A sleep of no time still lets the others have their turn.
                    due_us = self._now_us + max(request.duration_us, 1)
                    self._asleep.append((due_us, job, self._now_us + request.duration_us))
                    return None
                if isinstance(request, Serve):
                    self._serving.append(job)
                if isinstance(request, AwaitJobs):
                    if self._asleep or self._shell.jobs:
                        self._waiting.append(job)
                        return None
                    answer = 0
                    continue
                try:
                    answer = yield request
                    if isinstance(answer, Answer) and answer.took_us:
                        self._now_us = yield Now()
                        self._asleep.append((self._now_us + answer.took_us, job, answer))
                        return None
                except Interrupted as key:
                    answer = key if job is self._main else None
        except StopIteration as stop:
            return int(stop.value or 0) if job is self._main else None

    def _end_waits(self) -> None:
        """Let those that wait for the others go on where no other is left."""
        if self._waiting and not self._asleep and not self._shell.jobs:
            self._asleep.extend((self._now_us, job, 0) for job in self._waiting)
            self._waiting = []


def _signalled(shell: Shell, name: str, io: Streams) -> Steps:
    """A signal arrived during a sleep: run its trap. The exit code where the shell ends."""
    handler = shell.traps.get(name)
    if not handler or handler == ":":
        return None
    try:
        yield from source(shell, handler, io)
    except ShellExitError as end:
        return end.code
    except (CommandError, ReturnError):
        return None
    return None
