"""The commands that the shell itself carries out.

Models POSIX.1-2017, Shell & Utilities, 2.14, with `local`, `read -r`, `[`,
`printf` and `kill`.
"""

from __future__ import annotations

import re
from typing import Any

from k8slab.containers import shell_arrays
from k8slab.containers.requests import KindOf, Read, Traps
from k8slab.containers.shell import (
    AwaitJobs,
    CommandError,
    LoopError,
    ReturnError,
    Shell,
    ShellExitError,
    Streams,
    source,
)
from k8slab.containers.shell_syntax import unescape
from k8slab.containers.streams import Steps
from k8slab.containers.tools_signals import kill


def _colon(shell: Shell, argv: list[str], io: Streams) -> Steps:
    return 0
    yield


def _false(shell: Shell, argv: list[str], io: Streams) -> Steps:
    return 1
    yield


def _echo(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words, newline, escapes = argv[1:], "\n", False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        flags = words.pop(0)
        if "n" in flags:
            newline = ""
        escapes = "e" in flags or escapes
    text = " ".join(words)
    if escapes or shell.is_dash:
        text, cut, _ = unescape(text).partition("\\c")
        newline = "" if cut else newline
    yield from io.out.write(text + newline)
    return 0


_DIRECTIVE = re.compile(r"%([-+ 0#]*)(\*|\d+)?(?:\.(\d+))?([diouxXcsbqfeEgG%])")


def formatted(template: str, values: list[str]) -> str:
    """What `printf` prints: the template, again as long as there are values."""
    parts: list[str] = []
    left = list(values)
    while True:
        before = len(left)
        parts.append(_format_once(template, left))
        if not left or len(left) == before:
            return "".join(parts)


def _format_once(template: str, left: list[str]) -> str:
    parts: list[str] = []
    at = 0
    for match in _DIRECTIVE.finditer(template):
        parts.append(unescape(template[at : match.start()]))
        at = match.end()
        flags, width, precision, kind = match.groups()
        if kind == "%":
            parts.append("%")
            continue
        if width == "*":
            width = left.pop(0) if left else ""
        value = left.pop(0) if left else ""
        parts.append(_one(flags, width or "", precision, kind, value))
    parts.append(unescape(template[at:]))
    return "".join(parts)


def _one(flags: str, width: str, precision: str | None, kind: str, value: str) -> str:
    dot = f".{precision}" if precision is not None else ""
    if kind in "diu":
        return f"%{flags}{width}{dot}d" % _integer(value)
    if kind in "oxX":
        return f"%{flags}{width}{dot}{kind}" % _integer(value)
    if kind in "feEgG":
        return f"%{flags}{width}{dot}{kind}" % float(value or 0)
    if kind == "c":
        value = value[:1]
    if kind == "b":
        value = unescape(value)
    if kind == "q":
        value = "'" + value.replace("'", "'\\''") + "'" if re.search(r"[^\w./-]", value) else value
    return f"%{flags.replace('0', '')}{width}{dot}s" % value


def _integer(text: str) -> int:
    if text[:1] in ("'", '"'):
        return ord(text[1:2] or "\0")
    match = re.match(r"\s*([-+]?(?:0[xX][0-9a-fA-F]+|\d+))", text)
    return int(match[1], 0 if match[1].lower().lstrip("+-").startswith("0x") else 10) if match else 0


def _printf(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = argv[1:]
    if words[:1] == ["--"]:
        words = words[1:]
    if words[:1] == ["-v"]:
        shell.set(words[1], formatted(words[2], words[3:]))
        return 0
    if not words:
        raise CommandError("printf: usage: printf format [arguments]", 2)
    yield from io.out.write(formatted(words[0], words[1:]))
    return 0


def _cd(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = [word for word in argv[1:] if word not in ("-L", "-P", "--")]
    target = words[0] if words else shell.get("HOME") or "/"
    if target == "-":
        target = shell.get("OLDPWD") or shell.cwd
        yield from io.out.write(target + "\n")
    path = shell.path(target)
    if (yield KindOf(path)) != "dir":
        raise CommandError(
            f"cd: can't cd to {target}: No such file or directory"
            if not shell.is_bash
            else f"cd: {target}: No such file or directory",
            2 if not shell.is_bash else 1,
        )
    shell.set("OLDPWD", shell.cwd)
    shell.cwd = path
    shell.set("PWD", path)
    return 0


def _pwd(shell: Shell, argv: list[str], io: Streams) -> Steps:
    yield from io.out.write(shell.cwd + "\n")
    return 0


def _export(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = [word for word in argv[1:] if word not in ("-p", "-n", "-r")]
    if not words:
        for name in sorted(shell.exported):
            if shell.get(name) is not None:
                yield from io.out.write(f"export {name}='{shell.get(name)}'\n")
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            shell.set(name, value)
        if argv[0] != "readonly":
            shell.exported[name] = None
    return 0


def _unset(shell: Shell, argv: list[str], io: Streams) -> Steps:
    for word in argv[1:]:
        if "[" in word:
            shell.variables.pop(word, None)
        else:
            shell_arrays.clear(shell.variables, word)
        shell.exported.pop(word, None)
        shell.functions.pop(word, None)
    return 0
    yield


def _local(shell: Shell, argv: list[str], io: Streams) -> Steps:
    is_associative = any(word.startswith("-") and "A" in word for word in argv[1:])
    for word in argv[1:]:
        if word.startswith("-"):
            continue
        name, equals, value = word.partition("=")
        if is_associative:
            shell_arrays.declare_associative(shell.variables, name)
        if not equals and (is_associative or len(shell_arrays.elements(shell.variables, name)) > 1):
            continue
        if shell.locals:
            shell.locals[-1].setdefault(name, shell.variables.get(name))
        if equals or shell.locals:
            shell.set(name, value)
    return 0
    yield


def _set(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = argv[1:]
    if not words:
        for name in sorted(one for one in shell.variables if "[" not in one):
            yield from io.out.write(f"{name}='{shell.variables[name]}'\n")
    while words and words[0][:1] in ("-", "+") and len(words[0]) > 1:
        flag = words.pop(0)
        if flag == "--":
            shell.parameters = words
            return 0
        for letter in flag[1:]:
            if letter == "o":
                if words:
                    shell.options[words.pop(0)] = flag[0] == "-"
            else:
                shell.options[letter] = flag[0] == "-"
    for long, short in (("errexit", "e"), ("xtrace", "x"), ("nounset", "u")):
        if long in shell.options:
            shell.options[short] = shell.options.pop(long)
    if words:
        shell.parameters = words
    return 0


def _shift(shell: Shell, argv: list[str], io: Streams) -> Steps:
    count = int(argv[1]) if len(argv) > 1 else 1
    if count > len(shell.parameters):
        return 1
    shell.parameters = shell.parameters[count:]
    return 0
    yield


def _exit(shell: Shell, argv: list[str], io: Streams) -> Steps:
    raise ShellExitError(_code(argv, shell.status))
    yield


def _return(shell: Shell, argv: list[str], io: Streams) -> Steps:
    raise ReturnError(_code(argv, shell.status))
    yield


def _code(argv: list[str], default: int) -> int:
    if len(argv) < 2:
        return default
    if not re.fullmatch(r"-?\d+", argv[1]):
        raise CommandError(f"{argv[0]}: Illegal number: {argv[1]}", 2)
    return int(argv[1]) & 255


def _break(shell: Shell, argv: list[str], io: Streams) -> Steps:
    raise LoopError(int(argv[1]) if len(argv) > 1 else 1, argv[0] == "continue")
    yield


def _eval(shell: Shell, argv: list[str], io: Streams) -> Steps:
    return (yield from source(shell, " ".join(argv[1:]), io))


def _dot(shell: Shell, argv: list[str], io: Streams) -> Steps:
    text = yield Read(shell.path(argv[1]))
    if text is None:
        raise CommandError(f"{argv[0]}: can't open '{argv[1]}': No such file or directory", 2)
    try:
        return (yield from source(shell, text, io))
    except ReturnError as done:
        return done.code


def _exec(shell: Shell, argv: list[str], io: Streams) -> Steps:
    shell.replaced = True
    raise ShellExitError((yield from shell.invoke(argv[1:], io)))


def _command(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = argv[1:]
    if words and words[0] in ("-v", "-V"):
        return (yield from _type(shell, [argv[0], *words[1:]], io))
    return (yield from shell.invoke([word for word in words if word != "-p"], io))


def _type(shell: Shell, argv: list[str], io: Streams) -> Steps:
    from k8slab.containers.program import executable_of
    from k8slab.containers.shell import SHELLS
    from k8slab.containers.tools import TOOLS

    missing = 0
    for name in argv[1:]:
        image = shell.context.image
        if name in BUILTINS or name in shell.functions:
            yield from io.out.write(f"{name}\n" if argv[0] != "type" else f"{name} is a shell builtin\n")
        elif name in TOOLS or name in SHELLS or executable_of(image, [name]) is not None:
            text = f"/usr/bin/{name}" if argv[0] != "type" else f"{name} is /usr/bin/{name}"
            yield from io.out.write(text + "\n")
        else:
            missing = 127 if argv[0] == "type" else 1
            if argv[0] == "type":
                yield from io.err.write(f"{name}: not found\n")
    return missing


def _read(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = argv[1:]
    raw = is_array = False
    while words and words[0].startswith("-"):
        flag = words.pop(0)
        raw = raw or "r" in flag
        is_array = is_array or "a" in flag
        if flag in ("-p", "-t", "-n", "-d", "-u") and words:
            words.pop(0)
    into = words.pop(0) if is_array and words else ""
    line = yield from io.stdin.line()
    ended = not line.endswith("\n")
    line = line.removesuffix("\n")
    while not raw and line.endswith("\\") and not ended:
        more = yield from io.stdin.line()
        line = line[:-1] + more.removesuffix("\n")
        ended = not more.endswith("\n")
    separators = shell.get("IFS")
    if into:
        values = re.split(f"[{re.escape(separators or ' ')}]+", line.strip())
        shell_arrays.put_all(shell.variables, into, [(None, value) for value in values if value], False)
        return int(ended)
    _assign(shell, words or ["REPLY"], line, " \t\n" if separators is None else separators)
    return int(ended)


def _mapfile(shell: Shell, argv: list[str], io: Streams) -> Steps:
    """`mapfile -t name`: the lines of the input as an array."""
    names = [word for word in argv[1:] if not word.startswith("-")]
    values: list[tuple[str | None, str]] = []
    while line := (yield from io.stdin.line()):
        values.append((None, line.removesuffix("\n") if "-t" in argv else line))
    shell_arrays.put_all(shell.variables, names[0] if names else "MAPFILE", values, False)
    return 0


def _assign(shell: Shell, names: list[str], line: str, separators: str) -> None:
    """Split a line over variables; the last one takes the rest."""
    blanks = "".join(one for one in separators if one in " \t\n")
    rest = line.strip(blanks) if blanks else line
    for name in names[:-1]:
        match = re.search(f"[{re.escape(separators)}]", rest) if separators else None
        if match is None:
            shell.set(name, rest)
            rest = ""
            continue
        shell.set(name, rest[: match.start()])
        rest = rest[match.end() :].lstrip(blanks) if blanks else rest[match.end() :]
    shell.set(names[-1], rest)


def _test(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = argv[1:]
    if argv[0] == "[":
        if not words or words[-1] != "]":
            raise CommandError("[: missing ]", 2)
        words = words[:-1]
    try:
        value, rest = yield from _or(shell, words)
    except CommandError as fault:
        raise CommandError(f"{argv[0]}: {fault}", 2) from None
    if rest:
        raise CommandError(f"{argv[0]}: {rest[0]}: unexpected operator", 2)
    return int(not value)


def _or(shell: Shell, words: list[str]) -> Steps:
    value, words = yield from _and(shell, words)
    while words and words[0] == "-o":
        other, words = yield from _and(shell, words[1:])
        value = value or other
    return value, words


def _and(shell: Shell, words: list[str]) -> Steps:
    value, words = yield from _primary(shell, words)
    while words and words[0] == "-a":
        other, words = yield from _primary(shell, words[1:])
        value = value and other
    return value, words


_BINARY = ("=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef")


def _primary(shell: Shell, words: list[str]) -> Steps:
    if not words:
        return False, []
    if len(words) >= 3 and words[1] in _BINARY:
        return shell.binary(words[0], words[1], words[2]), words[3:]
    if words[0] == "!" and len(words) > 1:
        value, rest = yield from _primary(shell, words[1:])
        return not value, rest
    if words[0] == "(" and len(words) > 2:
        value, rest = yield from _or(shell, words[1:])
        return value, rest[1:]
    if re.fullmatch(r"-[a-zA-Z]", words[0]) and len(words) > 1:
        value = yield from shell.unary(words[0], words[1])
        return value, words[2:]
    return bool(words[0]), words[1:]


def _trap(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = [word for word in argv[1:] if word != "--"]
    if len(words) >= 2:
        for name in words[1:]:
            signal = {"0": "EXIT", "2": "INT", "15": "TERM", "1": "HUP", "3": "QUIT"}.get(
                name, name.removeprefix("SIG")
            )
            if words[0] == "-":
                shell.traps.pop(signal, None)
            else:
                shell.traps[signal] = words[0]
        if shell.main:
            yield Traps(tuple(sorted(shell.traps)))
    return 0


def _wait(shell: Shell, argv: list[str], io: Streams) -> Steps:
    yield AwaitJobs()
    return 0


def _nothing(shell: Shell, argv: list[str], io: Streams) -> Steps:
    return 0
    yield


def _getopts(shell: Shell, argv: list[str], io: Streams) -> Steps:
    wanted, name = argv[1], argv[2]
    index = int(shell.get("OPTIND") or "1")
    words = argv[3:] or shell.parameters
    if index > len(words) or not words[index - 1].startswith("-") or words[index - 1] in ("-", "--"):
        shell.set(name, "?")
        return 1
    letter = words[index - 1][1]
    at = wanted.find(letter)
    if at < 0:
        yield from io.err.write(f"Illegal option -{letter}\n")
        shell.set(name, "?")
    else:
        shell.set(name, letter)
        if wanted[at + 1 : at + 2] == ":":
            rest = words[index - 1][2:]
            if not rest and index < len(words):
                index += 1
                rest = words[index - 1]
            shell.set("OPTARG", rest)
    shell.set("OPTIND", str(index + 1))
    return 0


BUILTINS: dict[str, Any] = {
    ":": _colon,
    "true": _colon,
    "false": _false,
    "echo": _echo,
    "printf": _printf,
    "cd": _cd,
    "pwd": _pwd,
    "export": _export,
    "readonly": _export,
    "declare": _local,
    "typeset": _local,
    "local": _local,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
    "exit": _exit,
    "return": _return,
    "break": _break,
    "continue": _break,
    "eval": _eval,
    ".": _dot,
    "source": _dot,
    "exec": _exec,
    "command": _command,
    "type": _type,
    "read": _read,
    "mapfile": _mapfile,
    "readarray": _mapfile,
    "test": _test,
    "[": _test,
    "trap": _trap,
    "wait": _wait,
    "kill": kill,
    "umask": _nothing,
    "ulimit": _nothing,
    "shopt": _nothing,
    "alias": _nothing,
    "hash": _nothing,
    "jobs": _nothing,
    "getopts": _getopts,
}
"""Builtins by name."""
