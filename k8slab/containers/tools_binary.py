"""Tools for bytes: tar, gzip, hexdump, od, xxd, dd.

Bytes that are no UTF-8 travel through pipes and files as surrogate escapes
(`files.bytes_of`), so an archive comes out as it went in.
"""

from __future__ import annotations

import gzip
import io as memory
import re
from typing import Any

from k8slab.clock import SECOND_US
from k8slab.containers.files import bytes_of, normal, text_from
from k8slab.containers.requests import Change, KindOf, Now, Read, StatOf, Write
from k8slab.containers.shell import CommandError, Shell, Streams
from k8slab.containers.streams import Input, Steps
from k8slab.containers.tools_files import make_all, user_name, walk
from k8slab.containers.tools_inputs import opened
from k8slab.containers.tools_listing import mode_text
from k8slab.containers.tools_options import options

_UNITS = {"": 1, "k": 1024, "K": 1024, "M": 1024**2, "G": 1024**3}
_MOST_ZEROS = 64 * 1024**2


def _tar(shell: Shell, argv: list[str], io: Streams) -> Steps:
    """`tar c|x|t`, with the flags f, z, C, v, m and o as kubectl cp and people use them."""
    words = argv[1:]
    if words and not words[0].startswith("-"):
        words[0] = f"-{words[0]}"
    given = options(["tar", *words], "fCT", ("directory", "file"))
    directory = shell.path(given.value("C", "directory", default="."))
    archive = given.value("f", "file", default="-")
    if given.has("c", "create"):
        return (yield from _create_archive(shell, given, directory, archive, io))
    text = yield from (io.stdin.read() if archive == "-" else _contents(shell.path(archive), "tar", archive))
    data = bytes_of(text)
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if not given.has("x", "t", "extract", "list"):
        raise CommandError("tar: need at least one option")
    return (yield from _read_archive(data, given, directory, io))


def _contents(path: str, tool: str, name: str) -> Steps:
    text = yield Read(path)
    if text is None:
        raise CommandError(f"{tool}: can't open '{name}': No such file or directory")
    return text


def _create_archive(shell: Shell, given: Any, directory: str, archive: str, io: Streams) -> Steps:
    import tarfile

    buffer = memory.BytesIO()
    now_us = yield Now()
    code = 0
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in given.operands:
            base = normal(name if name.startswith("/") else f"{directory}/{name}")
            paths = yield from walk(base)
            if not paths:
                yield from io.err.write(f"tar: {name}: Cannot stat: No such file or directory\n")
                code = 2
            for path, kind in paths:
                info = tarfile.TarInfo((name + path[len(base) :]).lstrip("/") or ".")
                found = yield StatOf(path)
                info.mode, info.uid, info.gid = found.mode, found.user, found.group
                info.uname, info.gname = user_name(found.user), user_name(found.group)
                info.mtime = now_us // SECOND_US
                data = b"" if kind == "dir" else bytes_of((yield Read(path)) or "")
                info.type = tarfile.DIRTYPE if kind == "dir" else tarfile.REGTYPE
                info.size = len(data)
                tar.addfile(info, memory.BytesIO(data))
                if given.has("v"):
                    yield from io.err.write(f"{info.name}\n")
    data = buffer.getvalue()
    text = text_from(gzip.compress(data, mtime=0) if given.has("z") else data)
    if archive == "-":
        yield from io.out.write(text)
    else:
        fault = yield Write(shell.path(archive), text)
        if fault:
            raise CommandError(f"tar: can't open '{archive}': {fault}")
    return code


def _read_archive(data: bytes, given: Any, directory: str, io: Streams) -> Steps:
    import tarfile

    try:
        with tarfile.open(fileobj=memory.BytesIO(data)) as tar:
            members = [(member, tar.extractfile(member)) for member in tar.getmembers()]
            contents = [(member, source.read() if source else b"") for member, source in members]
    except tarfile.TarError:
        raise CommandError("tar: invalid tar header checksum") from None
    wanted = [name.rstrip("/") for name in given.operands]
    code = 0
    for member, content in contents:
        inside = [one for one in wanted if member.name == one or member.name.startswith(f"{one}/")]
        if wanted and not inside:
            continue
        if given.has("t", "list") or given.has("v"):
            label = member.name + ("/" if member.isdir() else "")
            if given.has("t", "list") and given.has("v"):
                kind = "dir" if member.isdir() else "file"
                label = (
                    f"{mode_text(kind, member.mode)} {member.uname}/{member.gname} {member.size:9} {label}"
                )
            yield from io.out.write(f"{label}\n")
        if not given.has("t", "list"):
            fault = yield from _extract(member, content, normal(f"{directory}/{member.name}"))
            if fault:
                yield from io.err.write(f"tar: can't open '{member.name}': {fault}\n")
                code = 1
    return code


def _extract(member: Any, content: bytes, path: str) -> Steps:
    """Write one entry of an archive. Why it failed, or the empty string."""
    if member.isdir():
        return (yield from make_all(path))
    if not member.isfile():
        return ""
    fault = yield from make_all(path.rpartition("/")[0] or "/")
    new = not (yield KindOf(path))
    fault = fault or (yield Write(path, text_from(content), mode=member.mode))
    if not fault and not new:
        fault = yield Change(path, member.mode)
    return fault


def _gzip(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    unpacks = argv[0].endswith(("gunzip", "zcat")) or given.has("d")
    to_output = argv[0].endswith("zcat") or given.has("c") or not given.operands
    inputs, code = yield from opened(shell, given.operands, io, argv[0])
    for name, source in inputs:
        data = bytes_of((yield from source.read()))
        try:
            text = text_from(gzip.decompress(data) if unpacks else gzip.compress(data, mtime=0))
        except (OSError, EOFError):
            raise CommandError(f"{argv[0]}: invalid magic") from None
        if to_output:
            yield from io.out.write(text)
            continue
        target = name.removesuffix(".gz") if unpacks else f"{name}.gz"
        yield Write(shell.path(target), text)
        yield from shell.invoke(["rm", name], io)
    return code


def _all_bytes(shell: Shell, names: list[str], io: Streams, tool: str) -> Steps:
    inputs, code = yield from opened(shell, names, io, tool)
    data = b""
    for _, source in inputs:
        data += bytes_of((yield from source.read()))
    return data, code


def _plain(data: bytes) -> str:
    return "".join(chr(one) if 32 <= one < 127 else "." for one in data)


def _hexdump(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "nse")
    data, code = yield from _all_bytes(shell, given.operands, io, argv[0])
    if given.value("n"):
        data = data[: int(given.value("n"))]
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        if given.has("C"):
            halves = [" ".join(f"{one:02x}" for one in row[start : start + 8]) for start in (0, 8)]
            yield from io.out.write(f"{at:08x}  {halves[0]:23}  {halves[1]:23}  |{_plain(row)}|\n")
        else:
            words = [row[start : start + 2] for start in range(0, len(row), 2)]
            cells = " ".join(f"{int.from_bytes(word, 'little'):04x}" for word in words)
            yield from io.out.write(f"{at:07x} {cells}\n")
    width = 8 if given.has("C") else 7
    if data:
        yield from io.out.write(f"{len(data):0{width}x}\n")
    return code


def _od(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "AtNj")
    data, code = yield from _all_bytes(shell, given.operands, io, "od")
    if given.value("N"):
        data = data[: int(given.value("N"))]
    radix = {"n": "", "x": "x", "d": "d"}.get(given.value("A"), "o")
    form = given.value("t", default="x1" if given.has("x") else "o2")
    size = int(form[1:] or 1) if form[1:].isdigit() else 1
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        cells = [int.from_bytes(row[start : start + size], "little") for start in range(0, len(row), size)]
        widths = {"x": 2 * size, "o": 3 * size, "u": 3 * size, "d": 3 * size}
        letter = form[0] if form[0] in widths else "x"
        line = "".join(f" {cell:0{widths[letter]}{'d' if letter in 'ud' else letter}}" for cell in cells)
        yield from io.out.write(f"{f'{at:07{radix}}' if radix else ''}{line}\n")
    if radix:
        yield from io.out.write(f"{len(data):07{radix}}\n")
    return code


def _xxd(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "lcs")
    data, code = yield from _all_bytes(shell, given.operands, io, "xxd")
    if given.has("p"):
        yield from io.out.write("".join(f"{data[at : at + 30].hex()}\n" for at in range(0, len(data), 30)))
        return code
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        words = " ".join(row[start : start + 2].hex() for start in range(0, len(row), 2))
        yield from io.out.write(f"{at:08x}: {words:39}  {_plain(row)}\n")
    return code


def _dd(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = dict(word.partition("=")[::2] for word in argv[1:])
    match = re.fullmatch(r"(\d+)([kKMG]?)B?", given.get("bs", "512"))
    if match is None:
        raise CommandError(f"dd: invalid number '{given.get('bs')}'")
    block = int(match[1]) * _UNITS[match[2]]
    source, count = given.get("if", ""), given.get("count", "")
    if source == "/dev/zero":
        size = block * int(count or 0)
        if not count or size > _MOST_ZEROS:
            raise CommandError("dd: /dev/zero: the simulated disk takes 64 MiB at once")
        text = "\0" * size
    else:
        stream = Input((yield from _contents(shell.path(source), "dd", source))) if source else io.stdin
        text = yield from stream.read()
        if count:
            text = text_from(bytes_of(text)[: block * int(count)])
    size = len(bytes_of(text))
    target = given.get("of", "")
    fault = (yield Write(shell.path(target), text)) if target and target != "/dev/null" else ""
    if fault:
        raise CommandError(f"dd: can't open '{target}': {fault}")
    if not target:
        yield from io.out.write(text)
    whole, part = divmod(size, block)
    records = f"{whole}+{int(part > 0)}"
    yield from io.err.write(f"{records} records in\n{records} records out\n{size} bytes copied\n")
    return 0


BINARY_TOOLS: dict[str, Any] = {
    "tar": _tar,
    "gzip": _gzip,
    "gunzip": _gzip,
    "zcat": _gzip,
    "hexdump": _hexdump,
    "od": _od,
    "xxd": _xxd,
    "dd": _dd,
}
"""Tools for bytes by name."""
