"""Tools that read and write text: cat, head, tail, grep, sed, sort, cut, tr, wc and their kin.

Models POSIX.1-2017 utilities as BusyBox and coreutils print them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

from k8slab.clock import SECOND_US
from k8slab.containers.awk import run_awk
from k8slab.containers.files import bytes_of, text_from
from k8slab.containers.patterns import posix
from k8slab.containers.requests import KindOf, Pass, Read, Sleep, Write
from k8slab.containers.sed import run_sed
from k8slab.containers.shell import CommandError, Shell, Streams
from k8slab.containers.shell_syntax import unescape
from k8slab.containers.streams import Input, Steps
from k8slab.containers.tools_inputs import opened
from k8slab.containers.tools_options import options


def _cat(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    inputs, code = yield from opened(shell, given.operands, io, "cat")
    number = 0
    for _, source in inputs:
        # Each is read to its end once: at a terminal the end of input is a key, which is not pressed again.
        if not given.has("n"):
            while text := (yield from source.some()):
                yield from io.out.write(text)
            continue
        while line := (yield from source.line()):
            number += 1
            yield from io.out.write(f"{number:6}\t{line}")
    return code


def _with_count(argv: list[str]) -> list[str]:
    """`head -3` as `head -n3`."""
    if len(argv) > 1 and re.fullmatch(r"-\d+", argv[1]):
        return [argv[0], f"-n{argv[1][1:]}", *argv[2:]]
    return argv


def _head(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = _with_count(argv)
    given = options(words, "nc", ("lines", "bytes"))
    inputs, code = yield from opened(shell, given.operands, io, "head")
    for number, (name, source) in enumerate(inputs):
        if len(inputs) > 1:
            yield from io.out.write(f"{'' if number == 0 else chr(10)}==> {name} <==\n")
        if given.has("c", "bytes"):
            text = yield from source.read()
            yield from io.out.write(text[: int(given.value("c", "bytes"))])
            continue
        count = int(given.value("n", "lines", default="10"))
        if count < 0:
            text = yield from source.read()
            yield from io.out.write("".join(text.splitlines(keepends=True)[:count]))
            continue
        for _ in range(count):
            line = yield from source.line()
            if not line:
                break
            yield from io.out.write(line)
    return code


def _tail(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = _with_count(argv)
    given = options(words, "ncs", ("lines", "bytes"))
    follows = given.has("f", "F", "follow", "retry")
    names = given.operands
    inputs: list[tuple[str, Any]] = []
    code = 0
    if not (follows and names):
        inputs, code = yield from opened(shell, names, io, "tail")
    seen: dict[str, int] = {}
    if follows and names:
        for name in names:
            text = yield Read(shell.path(name))
            seen[name] = len(text or "")
            yield from io.out.write(_last(text or "", given.value("n", "lines", default="10")))
        if not any(seen.values()) and not given.has("F"):
            kinds = []
            for name in names:
                kinds.append((yield KindOf(shell.path(name))))
            if not any(kinds) and shell.path(names[0]) != "/dev/null":
                yield from io.err.write(
                    f"tail: cannot open '{names[0]}' for reading: No such file or directory\n"
                )
                return 1
        while True:
            yield Sleep(SECOND_US if shell.path(names[0]) != "/dev/null" else 10**15)
            for name in names:
                text = (yield Read(shell.path(name))) or ""
                if len(text) < seen[name]:
                    seen[name] = 0
                if len(text) > seen[name]:
                    yield from io.out.write(text[seen[name] :])
                    seen[name] = len(text)
    for number, (name, source) in enumerate(inputs):
        if len(inputs) > 1:
            yield from io.out.write(f"{'' if number == 0 else chr(10)}==> {name} <==\n")
        text = yield from source.read()
        if given.has("c", "bytes"):
            yield from io.out.write(text[-int(given.value("c", "bytes")) :])
        else:
            yield from io.out.write(_last(text, given.value("n", "lines", default="10")))
    return code


def _last(text: str, count: str) -> str:
    lines = text.splitlines(keepends=True)
    if count.startswith("+"):
        return "".join(lines[max(int(count) - 1, 0) :])
    number = abs(int(count))
    return "".join(lines[-number:]) if number else ""


def _grep(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "efmABC")
    operands = list(given.operands)
    source = given.value("e") if given.has("e") else (operands.pop(0) if operands else "")
    extended = given.has("E") or argv[0].endswith("egrep")
    if given.has("F") or argv[0].endswith("fgrep"):
        source, extended = re.escape(source), True
    if given.has("w"):
        source = rf"\b(?:{source})\b" if extended else rf"\b\({source}\)\b"
    if given.has("x"):
        source = f"^({source})$" if extended else rf"^\({source}\)$"
    try:
        pattern = posix(source, extended, given.has("i"))
    except re.error:
        raise CommandError(f"grep: bad regex '{source}'", 2) from None
    if given.has("r", "R"):
        operands = yield from _walked(shell, operands or ["."])
    inputs, code = yield from opened(shell, operands, io, "grep")
    named = len(inputs) > 1 or given.has("H", "r", "R")
    found = False
    for name, stream in inputs:
        count = yield from _grep_one(
            pattern, f"{name}:" if named and not given.has("h") else "", stream, io, given
        )
        if given.has("c"):
            yield from io.out.write(f"{name}:{count}\n" if named else f"{count}\n")
        elif given.has("l") and count:
            yield from io.out.write(f"{name}\n")
        found = found or count > 0
    if found:
        return 0
    return 2 if code else 1


def _grep_one(pattern: re.Pattern[str], prefix: str, stream: Any, io: Streams, given: Any) -> Steps:
    count = number = 0
    quiet = given.has("q", "c", "l")
    most = int(given.value("m", default="0") or 0)
    after = int(given.value("A", "C", default="0") or 0)
    before: list[str] = []
    keep, follow = int(given.value("B", "C", default="0") or 0), 0
    while line := (yield from stream.line()):
        number += 1
        text = line.removesuffix("\n")
        match = pattern.search(text)
        if (match is None) == given.has("v"):
            count += 1
            if given.has("q"):
                return count
            follow = after
            if not quiet:
                for old in before:
                    yield from io.out.write(old)
                label = f"{prefix}{number}:" if given.has("n") else prefix
                if given.has("o") and match is not None:
                    for one in pattern.finditer(text):
                        if one[0]:
                            yield from io.out.write(f"{label}{one[0]}\n")
                else:
                    yield from io.out.write(f"{label}{text}\n")
            before = []
            if most and count >= most:
                return count
        elif follow and not quiet:
            follow -= 1
            yield from io.out.write(f"{prefix}{text}\n")
        elif keep:
            before = [*before, f"{prefix}{text}\n"][-keep:]
    return count


def _walked(shell: Shell, names: list[str]) -> Steps:
    from k8slab.containers.tools_files import walk

    found: list[str] = []
    for name in names:
        for path, kind in (yield from walk(shell.path(name))):
            if kind == "file":
                found.append(name + path[len(shell.path(name)) :])
    return found


def _wc(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    inputs, code = yield from opened(shell, given.operands, io, "wc")
    wanted = [flag for flag in "lwcm" if given.has(flag)] or ["l", "w", "c"]
    totals = dict.fromkeys(wanted, 0)
    rows = []
    for name, source in inputs:
        text = yield from source.read()
        counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(bytes_of(text)), "m": len(text)}
        rows.append((name, counts))
        for flag in wanted:
            totals[flag] += counts[flag]
    if len(rows) > 1:
        rows.append(("total", totals))
    for name, counts in rows:
        if len(wanted) == 1:
            text = str(counts[wanted[0]])
        else:
            text = " ".join(f"{counts[flag]:9}" for flag in wanted)
        yield from io.out.write(f"{text}{f' {name}' if name else ''}\n")
    return code


def _all_lines(shell: Shell, names: list[str], io: Streams, tool: str) -> Steps:
    inputs, code = yield from opened(shell, names, io, tool)
    lines: list[str] = []
    for _, source in inputs:
        text = yield from source.read()
        lines.extend(text.split("\n")[:-1] if text.endswith("\n") else text.split("\n") if text else [])
    return lines, code


def _sort(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "kto")
    lines, code = yield from _all_lines(shell, given.operands, io, "sort")
    key = _sort_key(given.value("k"), given.value("t"), given)
    numeric = given.has("n") or "n" in given.value("k")
    reverse = given.has("r") or "r" in given.value("k")
    ordered = sorted(
        lines, key=lambda line: (key(line), "" if numeric and given.has("u") else line), reverse=reverse
    )
    if given.has("u"):
        unique: dict[Any, str] = {}
        for line in ordered:
            unique.setdefault(key(line), line)
        ordered = list(unique.values())
    text = "".join(f"{line}\n" for line in ordered)
    if given.has("o"):
        yield Write(shell.path(given.value("o")), text)
    else:
        yield from io.out.write(text)
    return code


def _sort_key(field: str, separator: str, given: Any) -> Callable[[str], Any]:
    first = re.match(r"(\d+)(?:\.\d+)?[a-z]*(?:,(\d+))?", field)
    start, end = (int(first[1]) - 1, int(first[2]) if first[2] else None) if first else (0, None)
    numeric = given.has("n", "g", "h") or "n" in field

    def key(line: str) -> Any:
        text = line
        if first:
            parts = line.split(separator) if separator else line.split()
            text = (separator or " ").join(parts[start:end])
        if given.has("f"):
            text = text.lower()
        if numeric:
            match = re.match(r"\s*(-?\d+(?:\.\d+)?)", text)
            return float(match[1]) if match else 0.0
        if given.has("V"):
            return [(int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", text)]
        return text

    return key


def _uniq(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    lines, code = yield from _all_lines(shell, given.operands[:1], io, "uniq")
    groups: list[tuple[str, int]] = []
    for line in lines:
        if groups and groups[-1][0] == line:
            groups[-1] = (line, groups[-1][1] + 1)
        else:
            groups.append((line, 1))
    for line, count in groups:
        if (given.has("d") and count == 1) or (given.has("u") and count > 1):
            continue
        yield from io.out.write(f"{count:7} {line}\n" if given.has("c") else f"{line}\n")
    return code


def _ranges(text: str) -> Callable[[int], bool]:
    """Whether a position (from 1) is in a list such as `1,3-5,7-`."""
    spans = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        low = int(first or 1)
        spans.append((low, int(last) if last else (10**9 if dash else low)))
    return lambda position: any(low <= position <= high for low, high in spans)


def _cut(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "dfcb", ("delimiter", "fields"))
    inputs, code = yield from opened(shell, given.operands, io, "cut")
    fields = given.value("f", "fields")
    chosen = _ranges(fields or given.value("c", "b", default="1-"))
    delimiter = given.value("d", "delimiter") or "\t"
    for _, source in inputs:
        while line := (yield from source.line()):
            text = line.removesuffix("\n")
            if not fields:
                result = "".join(letter for at, letter in enumerate(text, 1) if chosen(at))
            elif delimiter not in text:
                if given.has("s"):
                    continue
                result = text
            else:
                parts = text.split(delimiter)
                result = delimiter.join(part for at, part in enumerate(parts, 1) if chosen(at))
            yield from io.out.write(result + "\n")
    return code


_TR_CLASSES = {
    "lower": "abcdefghijklmnopqrstuvwxyz",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "digit": "0123456789",
    "space": " \t\n\r\v\f",
    "blank": " \t",
    "alpha": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "alnum": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "punct": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}


def _letters(text: str) -> str:
    """The letters that an argument of `tr` stands for."""
    text = re.sub(r"\[:(\w+):\]", lambda match: _TR_CLASSES.get(match[1], ""), unescape(text))
    return re.sub(
        r"(.)-(.)", lambda match: "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1))) or match[0], text
    )


def _tr(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    sets = [_letters(word) for word in given.operands]
    if not sets:
        raise CommandError("tr: missing operand")
    first, second = sets[0], sets[1] if len(sets) > 1 else ""
    complement = given.has("c", "C")
    deletes = given.has("d")
    squeezed = (second or first) if given.has("s") else ""
    if second:
        second = second.ljust(len(first), second[-1])
    table = dict(zip(first, second))
    while text := (yield from io.stdin.line()):
        result: list[str] = []
        for letter in text:
            member = (letter in first) != complement
            if member and deletes:
                continue
            if member and second and not deletes:
                letter = second[-1] if complement else table[letter]
            if squeezed and result and result[-1] == letter and (complement or letter in squeezed):
                continue
            result.append(letter)
        yield from io.out.write("".join(result))
    return 0


def _tee(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    for name in given.operands:
        yield Write(shell.path(name), "", append=given.has("a"))
    while text := (yield from io.stdin.line()):
        yield from io.out.write(text)
        for name in given.operands:
            yield Write(shell.path(name), text, append=True)
    return 0


def _seq(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words, separator, pad = argv[1:], "\n", False
    while words and words[0] in ("-s", "-w"):
        if words.pop(0) == "-s":
            separator = words.pop(0)
        else:
            pad = True
    numbers = [float(word) for word in words]
    first, step, last = (
        (1.0, 1.0, numbers[0])
        if len(numbers) == 1
        else (numbers[0], 1.0, numbers[1])
        if len(numbers) == 2
        else tuple(numbers)
    )
    whole = all(number == int(number) for number in numbers)
    found: list[str] = []
    value, number = first, 0
    while (value <= last + 1e-9 if step > 0 else value >= last - 1e-9) and step and number < 1_000_000:
        found.append(str(int(value)) if whole else f"{value:g}")
        number += 1
        value = first + number * step
    width = max((len(one) for one in found), default=0) if pad else 0
    if found:
        yield from io.out.write(separator.join(one.zfill(width) for one in found) + "\n")
    return 0


def _rev(shell: Shell, argv: list[str], io: Streams) -> Steps:
    lines, code = yield from _all_lines(shell, argv[1:], io, "rev")
    for line in lines:
        yield from io.out.write(line[::-1] + "\n")
    return code


def _tac(shell: Shell, argv: list[str], io: Streams) -> Steps:
    lines, code = yield from _all_lines(shell, argv[1:], io, "tac")
    for line in reversed(lines):
        yield from io.out.write(line + "\n")
    return code


def _nl(shell: Shell, argv: list[str], io: Streams) -> Steps:
    lines, code = yield from _all_lines(shell, options(argv, "bw").operands, io, "nl")
    number = 0
    for line in lines:
        number += bool(line)
        yield from io.out.write(f"{number:6}\t{line}\n" if line else "\n")
    return code


def _paste(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "d")
    delimiter = unescape(given.value("d", default="\t"))
    inputs, code = yield from opened(shell, given.operands, io, "paste")
    columns = []
    for _, source in inputs:
        text = yield from source.read()
        columns.append(text.splitlines())
    if given.has("s"):
        for column in columns:
            yield from io.out.write(delimiter.join(column) + "\n")
        return code
    for row in range(max((len(column) for column in columns), default=0)):
        cells = [column[row] if row < len(column) else "" for column in columns]
        yield from io.out.write(delimiter.join(cells) + "\n")
    return code


def _base64(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "w")
    inputs, code = yield from opened(shell, given.operands, io, "base64")
    text = yield from inputs[0][1].read() if inputs else Input().read()
    if given.has("d", "D", "decode"):
        yield from io.out.write(text_from(base64.b64decode(text + "===")))
        return code
    encoded = base64.b64encode(bytes_of(text)).decode()
    width = int(given.value("w", default="76"))
    lines = [encoded[at : at + width] for at in range(0, len(encoded), width)] if width else [encoded]
    yield from io.out.write("\n".join(lines) + ("\n" if width else ""))
    return code


def _digest(name: str) -> Any:
    def tool(shell: Shell, argv: list[str], io: Streams) -> Steps:
        inputs, code = yield from opened(shell, options(argv).operands, io, argv[0])
        for label, source in inputs:
            text = yield from source.read()
            yield from io.out.write(f"{hashlib.new(name, bytes_of(text)).hexdigest()}  {label or '-'}\n")
        return code

    return tool


def _xargs(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = argv[1:]
    each, replace = 0, ""
    while words and words[0].startswith("-"):
        flag = words.pop(0)
        if flag.startswith("-n"):
            each = int(flag[2:] or words.pop(0))
        elif flag.startswith("-I"):
            replace = flag[2:] or words.pop(0)
        elif flag in ("-P", "-d"):
            words.pop(0)
    text = yield from io.stdin.read()
    command = words or ["echo"]
    code = 0
    if replace:
        for line in text.splitlines():
            code = (yield from shell.invoke([word.replace(replace, line) for word in command], io)) or code
        return code
    arguments = text.split()
    size = each or len(arguments) or 1
    for at in range(0, max(len(arguments), 1), size):
        code = (yield from shell.invoke([*command, *arguments[at : at + size]], io)) or code
    return 123 if code else 0


def _yes(shell: Shell, argv: list[str], io: Streams) -> Steps:
    text = " ".join(argv[1:]) or "y"
    while True:
        yield Pass()
        yield from io.out.write(text + "\n")


TEXT_TOOLS: dict[str, Any] = {
    "cat": _cat,
    "head": _head,
    "tail": _tail,
    "grep": _grep,
    "egrep": _grep,
    "fgrep": _grep,
    "sed": run_sed,
    "awk": run_awk,
    "wc": _wc,
    "sort": _sort,
    "uniq": _uniq,
    "cut": _cut,
    "tr": _tr,
    "tee": _tee,
    "seq": _seq,
    "rev": _rev,
    "tac": _tac,
    "nl": _nl,
    "paste": _paste,
    "base64": _base64,
    "md5sum": _digest("md5"),
    "sha1sum": _digest("sha1"),
    "sha256sum": _digest("sha256"),
    "xargs": _xargs,
    "yes": _yes,
}
"""Tools for text by name."""
