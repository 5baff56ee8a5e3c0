"""Opening the files that a tool is told to read."""

from __future__ import annotations

from k8slab.containers.requests import KindOf, StatOf
from k8slab.containers.shell import Shell, Streams
from k8slab.containers.streams import FileInput, Input, Steps


def opened(shell: Shell, names: list[str], io: Streams, tool: str) -> Steps:
    """The inputs of a tool: its operands, or standard input; and its exit code so far."""
    if not names:
        return [("", io.stdin)], 0
    found: list[tuple[str, Input]] = []
    code = 0
    for name in names:
        if name == "-":
            found.append((name, io.stdin))
            continue
        path = shell.path(name)
        kind = yield KindOf(path)
        if kind == "file":
            stat = yield StatOf(path)
            if shell.context.user == 0 or stat.is_readable(shell.context.user, shell.context.groups):
                found.append((name, FileInput(path)))
                continue
            code = 1
            yield from io.err.write(f"{tool}: can't open '{name}': Permission denied\n")
            continue
        if path in ("/dev/null", "/dev/stdin"):
            found.append((name, io.stdin if path.endswith("stdin") else Input()))
            continue
        code = 1
        why = "Is a directory" if kind == "dir" else "No such file or directory"
        if shell.is_busybox and kind != "dir":
            yield from io.err.write(f"{tool}: can't open '{name}': {why}\n")
        else:
            yield from io.err.write(f"{tool}: {name}: {why}\n")
    return found, code
