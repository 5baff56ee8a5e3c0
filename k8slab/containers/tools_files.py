"""Tools for files and directories: cp, mv, rm, mkdir, find and their kin."""

from __future__ import annotations

import re
from typing import Any

from k8slab.containers.files import bytes_of, normal
from k8slab.containers.patterns import glob
from k8slab.containers.requests import (
    Change,
    KindOf,
    MakeDirectory,
    MountPoints,
    Names,
    Read,
    Remove,
    StatOf,
    Write,
)
from k8slab.containers.shell import CommandError, Shell, Streams
from k8slab.containers.streams import Steps
from k8slab.containers.tools_listing import mode_text
from k8slab.containers.tools_options import options


def walk(path: str) -> Steps:
    """Every path at and below one, with its kind, in order."""
    kind = yield KindOf(path)
    if not kind:
        return []
    found = [(path, kind)]
    if kind == "dir":
        for name in (yield Names(path)) or []:
            found.extend((yield from walk(normal(f"{path}/{name}"))))
    return found


def _size(path: str) -> Steps:
    text = yield Read(path)
    return len(bytes_of(text or ""))


def user_name(number: int) -> str:
    """The name of a user or a group, or its number."""
    return {0: "root", 65534: "nobody"}.get(number, str(number))


def _mkdir(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "m")
    code = 0
    for name in given.operands:
        path = shell.path(name)
        fault = yield from (make_all(path) if given.has("p") else _make_one(path))
        if not fault and given.value("m"):
            fault = yield Change(path, _mode_of(given.value("m"), 0o755))
        if fault:
            yield from io.err.write(f"mkdir: can't create directory '{name}': {fault}\n")
            code = 1
    return code


def make_all(path: str) -> Steps:
    """Make a directory and those above it. Why it failed, or the empty string."""
    kind = yield KindOf(path)
    if kind == "dir":
        return ""
    if kind == "file":
        return "File exists"
    parent = path.rpartition("/")[0] or "/"
    fault = yield from make_all(parent)
    return fault or (yield MakeDirectory(path))


def _make_one(path: str) -> Steps:
    if (yield KindOf(path)):
        return "File exists"
    if (yield KindOf(path.rpartition("/")[0] or "/")) != "dir":
        return "No such file or directory"
    return (yield MakeDirectory(path))


def _rm(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    code = 0
    for name in given.operands:
        path = shell.path(name)
        kind = yield KindOf(path)
        fault = ""
        if not kind:
            fault = "" if given.has("f") else "No such file or directory"
        elif kind == "dir" and not given.has("r", "R"):
            fault = "is a directory"
        else:
            fault = yield Remove(path)
        if fault:
            yield from io.err.write(f"rm: can't remove '{name}': {fault}\n")
            code = 1
    return code


def _rmdir(shell: Shell, argv: list[str], io: Streams) -> Steps:
    for name in options(argv).operands:
        names = yield Names(shell.path(name))
        if names is None or names:
            raise CommandError(
                f"rmdir: '{name}': {'Directory not empty' if names else 'No such file or directory'}"
            )
        yield Remove(shell.path(name))
    return 0


def _touch(shell: Shell, argv: list[str], io: Streams) -> Steps:
    code = 0
    for name in options(argv, "dtr").operands:
        path = shell.path(name)
        if not (yield KindOf(path)):
            fault = yield Write(path, "")
            if fault:
                yield from io.err.write(f"touch: {name}: {fault}\n")
                code = 1
    return code


def copied(source: str, target: str) -> Steps:
    """Copy a file or a tree. Why it failed, or the empty string."""
    for path, kind in (yield from walk(source)):
        to = target + path[len(source) :]
        if kind == "dir":
            fault = yield from make_all(to)
        else:
            text = yield Read(path)
            fault = yield Write(to, text or "")
        if fault:
            return fault
    return ""


def _cp(shell: Shell, argv: list[str], io: Streams) -> Steps:
    return (yield from _transfer(shell, argv, io, move=False))


def _mv(shell: Shell, argv: list[str], io: Streams) -> Steps:
    return (yield from _transfer(shell, argv, io, move=True))


def _transfer(shell: Shell, argv: list[str], io: Streams, *, move: bool) -> Steps:
    given = options(argv, "t")
    names = list(given.operands)
    target_name = given.value("t") if given.has("t") else (names.pop() if len(names) > 1 else "")
    if not target_name or not names:
        raise CommandError(f"{argv[0]}: missing file operand")
    target = shell.path(target_name)
    inside = (yield KindOf(target)) == "dir"
    code = 0
    for name in names:
        source = shell.path(name)
        kind = yield KindOf(source)
        if not kind:
            text = f"can't rename '{name}'" if move else f"can't stat '{name}'"
            yield from io.err.write(f"{argv[0]}: {text}: No such file or directory\n")
            code = 1
            continue
        if kind == "dir" and not move and not given.has("r", "R", "a"):
            yield from io.err.write(f"cp: omitting directory '{name}'\n")
            code = 1
            continue
        contents = name.endswith("/.")
        to = target if not inside or contents else normal(f"{target}/{source.rpartition('/')[2]}")
        fault = yield from copied(source, to)
        if not fault and move:
            fault = yield Remove(source)
        if fault:
            yield from io.err.write(f"{argv[0]}: can't create '{target_name}': {fault}\n")
            code = 1
    return code


def _find(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = argv[1:]
    roots: list[str] = []
    while words and not words[0].startswith(("-", "(", "!")):
        roots.append(words.pop(0))
    pattern = kind_wanted = ""
    deepest = 10**6
    deletes = False
    while words:
        word = words.pop(0)
        if word in ("-name", "-iname"):
            pattern = words.pop(0)
        elif word == "-type":
            kind_wanted = {"f": "file", "d": "dir"}.get(words.pop(0), "none")
        elif word == "-maxdepth":
            deepest = int(words.pop(0))
        elif word == "-delete":
            deletes = True
        elif word != "-print":
            raise CommandError(f"find: unrecognized: {word}")
    for root in roots or ["."]:
        base = shell.path(root)
        found = yield from walk(base)
        if not found:
            yield from io.err.write(f"find: {root}: No such file or directory\n")
        for path, kind in found:
            rest = path[len(base) :]
            if rest.count("/") > deepest or (kind_wanted and kind != kind_wanted):
                continue
            if pattern and not glob(pattern).match(path.rpartition("/")[2]):
                continue
            if deletes:
                yield Remove(path)
            else:
                yield from io.out.write((root.rstrip("/") if rest else root) + rest + "\n")
    return 0


def _basename(shell: Shell, argv: list[str], io: Streams) -> Steps:
    name = argv[1].rstrip("/").rpartition("/")[2]
    if len(argv) > 2 and name != argv[2]:
        name = name.removesuffix(argv[2])
    yield from io.out.write(name + "\n")
    return 0


def _dirname(shell: Shell, argv: list[str], io: Streams) -> Steps:
    head, slash, _ = argv[1].rstrip("/").rpartition("/")
    yield from io.out.write((head or ("/" if slash else ".")) + "\n")
    return 0


def _realpath(shell: Shell, argv: list[str], io: Streams) -> Steps:
    for name in options(argv).operands:
        yield from io.out.write(shell.path(name) + "\n")
    return 0


def _stat(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "c", ("format", "printf"))
    for name in given.operands:
        path = shell.path(name)
        found = yield StatOf(path)
        if found is None:
            raise CommandError(f"stat: can't stat '{name}': No such file or directory")
        size = 4096 if found.kind == "dir" else (yield from _size(path))
        label = "directory" if found.kind == "dir" else "regular file"
        text = given.value("c", "format", "printf")
        if not text:
            mode = f"({found.mode:04o}/{mode_text(found.kind, found.mode)})"
            owner = f"Uid: ({found.user:5}/{user_name(found.user):>8})"
            group = f"Gid: ({found.group:5}/{user_name(found.group):>8})"
            yield from io.out.write(
                f"  File: {name}\n  Size: {size}\t{label}\nAccess: {mode}  {owner}   {group}\n"
            )
            continue
        values = {
            "%s": str(size),
            "%n": name,
            "%F": label,
            "%a": f"{found.mode:o}",
            "%A": mode_text(found.kind, found.mode),
            "%u": str(found.user),
            "%g": str(found.group),
            "%U": user_name(found.user),
            "%G": user_name(found.group),
            "%T": found.file_system,
        }
        for mark, value in values.items():
            text = text.replace(mark, value)
        yield from io.out.write(text + "\n")
    return 0


def _mode_of(text: str, old: int) -> int:
    """A mode as `chmod` takes it: a number, or `u+x,g=r`. CommandError for anything else."""
    if re.fullmatch(r"[0-7]{1,4}", text):
        return int(text, 8)
    mode = old
    for clause in text.split(","):
        match = re.fullmatch(r"([ugoa]*)([+=-])([rwxXst]*)", clause)
        if match is None:
            raise CommandError(f"chmod: invalid mode '{text}'")
        who = match[1] or "a"
        bits = sum({"r": 4, "w": 2, "x": 1, "X": 1}.get(letter, 0) for letter in match[3])
        for place, shift in (("u", 6), ("g", 3), ("o", 0)):
            if place not in who and "a" not in who:
                continue
            if match[2] == "=":
                mode &= ~(7 << shift)
            mode = mode & ~(bits << shift) if match[2] == "-" else mode | bits << shift
        special = 0o1000 * ("t" in match[3]) | 0o2000 * ("s" in match[3] and "u" not in who)
        special |= 0o4000 * ("s" in match[3] and "g" not in who)
        mode = mode & ~special if match[2] == "-" else mode | special
    return mode


def _chmod(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = [word for word in argv[1:] if not re.fullmatch(r"-[Rcfv]+", word)]
    if len(words) < 2:
        raise CommandError("chmod: missing operand")
    code = 0
    for name in words[1:]:
        base = shell.path(name)
        paths = yield from walk(base)
        for path, _ in paths if "-R" in argv else paths[:1]:
            found = yield StatOf(path)
            fault = yield Change(path, _mode_of(words[0], found.mode))
            if fault:
                yield from io.err.write(f"chmod: {name}: {fault}\n")
                code = 1
        if not paths:
            yield from io.err.write(f"chmod: {name}: No such file or directory\n")
            code = 1
    return code


def _chown(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = [word for word in argv[1:] if not word.startswith("-")]
    if len(words) < 2:
        raise CommandError(f"{argv[0]}: missing operand")
    user_text, _, group_text = words[0].replace(".", ":").partition(":")
    if argv[0].endswith("chgrp"):
        user_text, group_text = "", words[0]
    user, group = _number_of(user_text, argv[0]), _number_of(group_text, argv[0])
    code = 0
    for name in words[1:]:
        paths = yield from walk(shell.path(name))
        fault = "" if paths else "No such file or directory"
        for path, _ in paths if "-R" in argv else paths[:1]:
            fault = (yield Change(path, None, user, group)) or fault
        if fault:
            yield from io.err.write(f"{argv[0]}: {name}: {fault}\n")
            code = 1
    return code


def _number_of(name: str, tool: str) -> int | None:
    if not name:
        return None
    known = {"root": 0, "nobody": 65534, "nogroup": 65534}
    if not name.isdigit() and name not in known:
        raise CommandError(f"{tool}: unknown user/group {name}")
    return int(name) if name.isdigit() else known[name]


def _du(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    for name in given.operands or ["."]:
        total = 0
        for path, kind in (yield from walk(shell.path(name))):
            total += 4096 if kind == "dir" else (yield from _size(path))
        kibibytes = -(-total // 1024)
        yield from io.out.write(f"{f'{kibibytes}.0K' if given.has('h') else kibibytes}\t{name}\n")
    return 0


_SOURCES = {"overlay": "overlay", "tmpfs": "tmpfs", "cgroup2": "cgroup"}


def _df(shell: Shell, argv: list[str], io: Streams) -> Steps:
    mounts = yield MountPoints()
    yield from io.out.write("Filesystem           1K-blocks      Used Available Use% Mounted on\n")
    for path, file_system, _, size in mounts:
        if file_system == "cgroup2":
            continue
        source = _SOURCES.get(file_system, "/dev/vda1")
        if size:
            yield from io.out.write(f"{source:20} {size // 1024:9} {0:9} {size // 1024:9}   0% {path}\n")
            continue
        yield from io.out.write(f"{source:20} 103022120  10302212  92719908  10% {path}\n")
    return 0


def _mount(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "to")
    if given.operands:
        why = (
            "Operation not permitted" if shell.context.may_administer else "permission denied (are you root?)"
        )
        raise CommandError(f"mount: {why}")
    for path, file_system, read_only, _ in (yield MountPoints()):
        if given.value("t", default=file_system) != file_system:
            continue
        source = _SOURCES.get(file_system, "/dev/vda1")
        mode = "ro" if read_only else "rw"
        yield from io.out.write(f"{source} on {path} type {file_system} ({mode},relatime)\n")
    return 0


def _nothing(shell: Shell, argv: list[str], io: Streams) -> Steps:
    return 0
    yield


def _mktemp(shell: Shell, argv: list[str], io: Streams) -> Steps:
    number = 0
    while (yield KindOf(f"/tmp/tmp.{number:06}")):
        number += 1
    path = f"/tmp/tmp.{number:06}"
    yield MakeDirectory(path) if "-d" in argv else Write(path, "")
    yield from io.out.write(path + "\n")
    return 0


def _ln(shell: Shell, argv: list[str], io: Streams) -> Steps:
    names = options(argv).operands
    if len(names) == 2:
        fault = yield from copied(shell.path(names[0]), shell.path(names[1]))
        if fault:
            raise CommandError(f"ln: {names[1]}: {fault}")
    return 0


def _truncate(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "s")
    for name in given.operands:
        text = (yield Read(shell.path(name))) or ""
        yield Write(shell.path(name), text[: int(given.value("s", default="0"))])
    return 0


FILE_TOOLS: dict[str, Any] = {
    "mkdir": _mkdir,
    "rm": _rm,
    "rmdir": _rmdir,
    "touch": _touch,
    "cp": _cp,
    "mv": _mv,
    "find": _find,
    "basename": _basename,
    "dirname": _dirname,
    "realpath": _realpath,
    "readlink": _realpath,
    "stat": _stat,
    "du": _du,
    "df": _df,
    "mount": _mount,
    "chmod": _chmod,
    "chown": _chown,
    "chgrp": _chown,
    "sync": _nothing,
    "mktemp": _mktemp,
    "ln": _ln,
    "truncate": _truncate,
}
"""Tools for files by name."""
