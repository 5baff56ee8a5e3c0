"""Commands that send signals: kill, pkill, killall, and pgrep and pidof, which tell whom they would reach.

Models POSIX.1-2017, Shell & Utilities (kill), and procps' pkill.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from k8slab.containers.requests import Names, Read, Signal
from k8slab.containers.shell import CommandError, Shell, Streams
from k8slab.containers.signals import NUMBERS
from k8slab.containers.streams import Steps

_LONGEST_NAME = 15
"""The kernel keeps so much of a command's name."""


class _Seen(NamedTuple):
    """A process as /proc shows it."""

    pid: int
    name: str
    command: str


def signal_named(word: str) -> str | None:
    """The signal that `9`, `KILL` or `SIGKILL` means; None where there is no such signal."""
    if word.isdigit():
        return next((name for name, number in {**NUMBERS, "0": 0}.items() if number == int(word)), None)
    name = word.upper().removeprefix("SIG")
    return name if name in NUMBERS else None


def _asked(shell: Shell, argv: list[str], flags: str = "") -> tuple[str, list[str]]:
    """The signal that a command line names, and its other words. A letter of `flags` is no signal."""
    name, words = "TERM", argv[1:]
    if words[:1] == ["-s"]:
        chosen, words = words[1:2], words[2:]
    elif words and re.fullmatch(r"-[A-Z0-9]+\d*", words[0].upper()) and words[0][1:] not in flags:
        chosen, words = [words[0][1:]], words[1:]
    else:
        return name, words[1:] if words[:1] == ["--"] else words
    found = signal_named("".join(chosen))
    if found is None:
        raise CommandError(f"{_label(shell, argv[0])}: {''.join(chosen)}: invalid signal specification")
    return found, words


def _label(shell: Shell, name: str = "kill") -> str:
    """What a message begins with: a command says whose it is, where it is a shell's own."""
    return name if shell.name.rpartition("/")[2] == name else f"{shell.name}: {name}"


def kill(shell: Shell, argv: list[str], io: Streams) -> Steps:
    """The shell's own `kill`."""
    if argv[1:2] == ["-l"]:
        yield from io.out.write(" ".join(NUMBERS) + "\n")
        return 0
    name, words = _asked(shell, argv)
    if not words:
        raise CommandError(f"{_label(shell)}: usage: kill [-s sigspec | -signum] pid", 2)
    code, label = 0, _label(shell)
    for word in words:
        if shell.main or word.startswith("%") or (word.isdigit() and 1 < int(word) <= shell.job_number):
            # A job of one's own ends with the shell anyway.
            continue
        if not word.isdigit():
            raise CommandError(f"{label}: {word}: arguments must be process or job IDs")
        fault = yield Signal(int(word), name)
        if fault:
            words_of_it = f"kill: ({word}): {fault}" if label == "kill" else f"{label}: ({word}) - {fault}"
            yield from io.err.write(f"{words_of_it}\n")
            code = 1
    return code


def _seen() -> Steps:
    """The processes that one sees, without the command that looks."""
    found: list[_Seen] = []
    names = (yield Names("/proc")) or []
    for pid in sorted(int(name) for name in names if name.isdigit()):
        comm = yield Read(f"/proc/{pid}/comm")
        line = yield Read(f"/proc/{pid}/cmdline")
        if comm is not None and line is not None:
            command = line.rstrip("\0").replace("\0", " ")
            found.append(_Seen(pid, comm.rstrip("\n")[:_LONGEST_NAME], command))
    return found


def _matching(argv: list[str], words: list[str]) -> Steps:
    """The processes that a pattern of `pkill` and `pgrep` fits."""
    letters = "".join(word[1:] for word in words if word.startswith("-"))
    patterns = [word for word in words if not word.startswith("-")]
    if len(patterns) != 1:
        raise CommandError(f"{argv[0]}: no matching criteria specified", 2)
    try:
        pattern = re.compile(patterns[0])
    except re.error:
        raise CommandError(f"{argv[0]}: invalid pattern: {patterns[0]}", 2) from None
    found: list[_Seen] = yield from _seen()
    fits = pattern.fullmatch if "x" in letters else pattern.search
    return [one for one in found if fits(one.command if "f" in letters else one.name)]


def _pkill(shell: Shell, argv: list[str], io: Streams) -> Steps:
    name, words = _asked(shell, argv, "fx")
    found: list[_Seen] = yield from _matching(argv, words)
    for one in found:
        fault = yield Signal(one.pid, name)
        if fault:
            yield from io.err.write(f"pkill: killing pid {one.pid} failed: {fault}\n")
    return 0 if found else 1


def _pgrep(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = argv[1:]
    found: list[_Seen] = yield from _matching(argv, words)
    for one in found:
        named = {"-l": f" {one.name}", "-a": f" {one.command}"}
        shown = next((text for flag, text in named.items() if flag in words), "")
        yield from io.out.write(f"{one.pid}{shown}\n")
    return 0 if found else 1


def _killall(shell: Shell, argv: list[str], io: Streams) -> Steps:
    name, words = _asked(shell, argv)
    code = 0
    found: list[_Seen] = yield from _seen()
    for word in words:
        own = [one for one in found if one.name == word[:_LONGEST_NAME]]
        if not own:
            yield from io.err.write(f"killall: {word}: no process killed\n")
            code = 1
        for one in own:
            yield Signal(one.pid, name)
    return code


def _pidof(shell: Shell, argv: list[str], io: Streams) -> Steps:
    found: list[_Seen] = yield from _seen()
    pids = [str(one.pid) for one in reversed(found) if one.name in argv[1:]]
    if pids:
        yield from io.out.write(" ".join(pids) + "\n")
    return 0 if pids else 1


SIGNALS: dict[str, Any] = {
    "pkill": _pkill,
    "pgrep": _pgrep,
    "killall": _killall,
    "pidof": _pidof,
}
"""Commands by name."""
