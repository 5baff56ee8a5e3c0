"""What lists files, processes and users: ls, ps, id, whoami.

Each in the form of its image's tools (see `userlands`), with the names of its /etc/passwd and /etc/group.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from k8slab.clock import SECOND_US
from k8slab.containers.files import bytes_of, normal
from k8slab.containers.requests import KindOf, Names, Now, Read, StatOf
from k8slab.containers.shell import Shell, Streams
from k8slab.containers.streams import Steps
from k8slab.containers.tools_options import options
from k8slab.containers.userlands import userland_of


def accounts(path: str) -> Steps:
    """The names of users or groups by their numbers, from /etc/passwd or /etc/group."""
    text: str = (yield Read(path)) or ""
    fields = [line.split(":") for line in text.splitlines()]
    return {int(field[2]): field[0] for field in fields if len(field) > 2 and field[2].isdigit()}


def mode_text(kind: str, mode: int) -> str:
    """A mode as `ls -l` shows it: `drwxrwxrwt`."""
    letters = "".join(letter if mode >> 8 - at & 1 else "-" for at, letter in enumerate("rwxrwxrwx"))
    for bit, at, set_letter in ((0o4000, 2, "s"), (0o2000, 5, "s"), (0o1000, 8, "t")):
        if mode & bit:
            letter = set_letter if letters[at] == "x" else set_letter.upper()
            letters = letters[:at] + letter + letters[at + 1 :]
    return ("d" if kind == "dir" else "-") + letters


# Files.


def _ls(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    gnu = userland_of(shell.context.image).is_gnu
    places: list[tuple[str, str]] = []
    alone: list[tuple[str, str, str]] = []
    code = 0
    for name in sorted(given.operands or ["."]):
        path = shell.path(name)
        kind = yield KindOf(path)
        if not kind:
            why = f"ls: cannot access '{name}'" if gnu else f"ls: {name}"
            yield from io.err.write(f"{why}: No such file or directory\n")
            code = 2 if gnu else 1
        elif kind == "file" or given.has("d"):
            alone.append((path, name, kind))
        else:
            places.append((path, name))
    yield from _list(alone, given, gnu, io)
    headed = len(given.operands) > 1 or given.has("R")
    while places:
        path, name = places.pop(0)
        entries = yield from _entries(path, given)
        if headed:
            yield from io.out.write(f"{chr(10) if alone else ''}{name}:\n")
            alone = alone or entries[:1] or [(path, name, "dir")]
        if given.has("l", "n"):
            yield from io.out.write(f"total {4 * len(entries)}\n")
        yield from _list(entries, given, gnu, io)
        if given.has("R"):
            inner = [one for one in entries if one[2] == "dir" and one[1] not in (".", "..")]
            places = [(one[0], normal_name(name, one[1])) for one in inner] + places
    return code


def normal_name(directory: str, name: str) -> str:
    """The name of what is in a directory, as `ls -R` heads it."""
    return f"{directory.rstrip('/')}/{name}"


def _entries(path: str, given: Any) -> Steps:
    """What is in a directory that is to be listed: path, name and kind of each."""
    found = [(path, dots, "dir") for dots in (".", "..")] if given.has("a") else []
    for name in (yield Names(path)) or []:
        if not name.startswith(".") or given.has("a", "A"):
            inner = normal(f"{path}/{name}")
            found.append((inner, name, (yield KindOf(inner))))
    return found


class _Row(NamedTuple):
    mode: str
    links: str
    user: str
    group: str
    size: str
    name: str


def _list(entries: list[tuple[str, str, str]], given: Any, gnu: bool, io: Streams) -> Steps:
    if not given.has("l", "n"):
        for _, name, kind in entries:
            yield from io.out.write(f"{name}{'/' if given.has('F', 'p') and kind == 'dir' else ''}\n")
        return
    numeric = given.has("n")
    users = {} if numeric else (yield from accounts("/etc/passwd"))
    groups = {} if numeric else (yield from accounts("/etc/group"))
    rows: list[_Row] = []
    for path, name, kind in entries:
        stat = yield StatOf(path)
        rows.append(
            _Row(
                mode_text(kind, stat.mode),
                str((yield from _links(path, kind, stat.file_system))),
                users.get(stat.user, str(stat.user)),
                groups.get(stat.group, str(stat.group)),
                str(4096 if kind == "dir" else len(bytes_of((yield Read(path)) or ""))),
                f"{name}{'/' if given.has('F', 'p') and kind == 'dir' else ''}",
            )
        )
    yield from io.out.write(_aligned(rows) if gnu else "".join(map(_busybox_line, rows)))


def _links(path: str, kind: str, file_system: str) -> Steps:
    """How many names an inode has. A directory of an overlay tells one; others count what is in them."""
    if kind != "dir" or file_system == "overlay":
        return 1
    count = 2
    for name in (yield Names(path)) or []:
        count += (yield KindOf(normal(f"{path}/{name}"))) == "dir"
    return count


def _busybox_line(row: _Row) -> str:
    return f"{row.mode} {row.links:>4} {row.user:8} {row.group:8} {row.size:>9} Jan  5 09:00 {row.name}\n"


def _aligned(rows: list[_Row]) -> str:
    """Rows as coreutils align them: as wide as they need to be."""
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(5)]
    return "".join(
        f"{row.mode} {row.links:>{widths[1]}} {row.user:<{widths[2]}} {row.group:<{widths[3]}} "
        f"{row.size:>{widths[4]}} Jan  5 09:00 {row.name}\n"
        for row in rows
    )


# Processes.


class _Process(NamedTuple):
    pid: int
    parent: int
    user: str
    command: str


_PID_STEP = 6


def _ps(shell: Shell, argv: list[str], io: Streams) -> Steps:
    found = yield from _processes(shell, argv)
    if not userland_of(shell.context.image).is_gnu:
        yield from io.out.write("PID   USER     TIME  COMMAND\n")
        for one in found:
            yield from io.out.write(f"{one.pid:5} {one.user:<8}  0:00 {one.command}\n")
        return 0
    now_us = yield Now()
    started = time.strftime("%H:%M", time.gmtime(shell.context.started_us // SECOND_US))
    now = time.strftime("%H:%M", time.gmtime(now_us // SECOND_US))
    words = "".join(argv[1:])
    for line in _procps_lines(found, words, started, now):
        yield from io.out.write(line + "\n")
    return 0


def _procps_lines(found: list[_Process], flags: str, started: str, now: str) -> list[str]:
    """The processes in the columns that the flags ask for."""
    dashed = flags.startswith("-")
    lines: list[str] = []
    for at, one in enumerate([None, *found]):
        when = now if at == len(found) else started
        shown = _shown_user(one.user) if one is not None else ""
        if dashed and "f" in flags and "l" in flags:
            lines.append(
                "F S UID          PID    PPID  C PRI  NI ADDR SZ WCHAN  STIME TTY          TIME CMD"
                if one is None
                else f"4 S {shown:<8} {one.pid:>7} {one.parent:>7}  0  80   0 -  1127 -      {when} ?"
                f"        00:00:00 {one.command}"
            )
        elif dashed and "f" in flags:
            lines.append(
                "UID          PID    PPID  C STIME TTY          TIME CMD"
                if one is None
                else f"{shown:<8} {one.pid:>7} {one.parent:>7}  0 {when} ?        00:00:00 {one.command}"
            )
        elif "u" in flags:
            lines.append(
                "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND"
                if one is None
                else f"{shown:<8} {one.pid:>7}  0.0  0.0   4336   764 ?        {_state(one, at, found):<4} "
                f"{when}   0:00 {one.command}"
            )
        elif not dashed and flags:
            lines.append(
                "    PID TTY      STAT   TIME COMMAND"
                if one is None
                else f"{one.pid:>7} ?        {_state(one, at, found):<4}   0:00 {one.command}"
            )
        else:
            lines.append(
                "    PID TTY          TIME CMD"
                if one is None
                else f"{one.pid:>7} ?        00:00:00 {_base(one.command)}"
            )
    return lines


def _base(command: str) -> str:
    return command.split()[0].rpartition("/")[2].rstrip(":") if command else ""


def _shown_user(name: str) -> str:
    """A user in a column of eight: a longer name is cut and marked."""
    return name if len(name) <= 8 else f"{name[:7]}+"


def _state(one: _Process, at: int, found: list[_Process]) -> str:
    if at == len(found):
        return "Rs"
    return "Ss" if one.parent == 0 else "S"


def _processes(shell: Shell, argv: list[str]) -> Steps:
    """What runs as /proc tells it, and this tool itself."""
    users = yield from accounts("/etc/passwd")
    found: list[_Process] = []
    for pid in sorted(int(name) for name in (yield Names("/proc")) or [] if name.isdigit()):
        line: str | None = yield Read(f"/proc/{pid}/cmdline")
        status = dict(one.split(":\t", 1) for one in ((yield Read(f"/proc/{pid}/status")) or "").splitlines())
        if line is not None:
            user = int(status.get("Uid", "0").split()[0])
            command = line.rstrip("\0").replace("\0", " ")
            found.append(_Process(pid, int(status.get("PPid", "0")), users.get(user, str(user)), command))
    user = shell.context.user
    own = found[-1].pid + _PID_STEP if found else 1
    return [*found, _Process(own, 0, users.get(user, str(user)), " ".join(argv))]


# Users.


def _id(shell: Shell, argv: list[str], io: Streams) -> Steps:
    user, groups = shell.context.user, shell.context.groups
    # The kernel keeps a process's groups sorted; coreutils put the group that it acts as before them.
    every = sorted(groups)
    if userland_of(shell.context.image).is_gnu:
        every = list(dict.fromkeys([groups[0], *every]))
    given = options(argv)
    users = yield from accounts("/etc/passwd")
    names = yield from accounts("/etc/group")
    known = users if given.has("u") else names
    wanted = [user] if given.has("u") else list(groups[:1]) if given.has("g") else every
    if given.has("u", "g", "G"):
        text = " ".join(known.get(one, str(one)) if given.has("n") else str(one) for one in wanted)
    else:
        listed = ",".join(_numbered(one, names) for one in every)
        text = f"uid={_numbered(user, users)} gid={_numbered(groups[0], names)} groups={listed}"
    yield from io.out.write(text + "\n")
    return 0


def _numbered(number: int, names: dict[int, str]) -> str:
    """A user or a group as `id` shows it: with its name where it has one."""
    return f"{number}({names[number]})" if number in names else str(number)


def _whoami(shell: Shell, argv: list[str], io: Streams) -> Steps:
    user = shell.context.user
    users = yield from accounts("/etc/passwd")
    if user not in users:
        tool = "whoami: cannot find name for user ID" if userland_of(shell.context.image).is_gnu else ""
        yield from io.err.write(f"{tool} {user}\n" if tool else f"whoami: unknown uid {user}\n")
        return 1
    yield from io.out.write(f"{users[user]}\n")
    return 0


LISTING_TOOLS: dict[str, Any] = {"ls": _ls, "ps": _ps, "id": _id, "whoami": _whoami}
"""Tools that list, by name."""
