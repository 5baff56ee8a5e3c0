"""xtrabackup: copies a MySQL data directory from one Pod to the next, as the tutorial of replicas does.

A backup is one stream: the files of the data directory, and where in the
primary's log it was taken. Who sends it on is `ncat`, which listens and runs a
command for each caller.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs import mysql
from k8slab.containers.requests import (
    Answer,
    Call,
    KindOf,
    MakeDirectory,
    Names,
    Read,
    Request,
    Serve,
    Sleep,
    Write,
)
from k8slab.containers.shell import FOREVER_US
from k8slab.containers.streams import Steps
from k8slab.containers.tools_options import options


def _ports(context: Context) -> tuple[int, ...]:
    return tuple(int(word) for word in context.argv if word.isdigit() and len(word) > 2)


def _tree(path: str) -> Steps:
    files: dict[str, str] = {}
    for name in (yield Names(path)) or []:
        inner = f"{path}/{name}"
        if (yield KindOf(inner)) == "dir":
            files.update((yield from _tree(inner)))
        else:
            files[inner] = (yield Read(inner)) or ""
    return files


def _backup() -> Steps:
    """The stream of a backup."""
    files = yield from _tree(mysql.DIRECTORY)
    slave = json.loads(files.pop(mysql.SLAVE, "null"))
    log = json.loads(files.get(mysql.BINLOG, "[]"))
    kept = {
        name: text
        for name, text in files.items()
        if "/xtrabackup_" not in name and "change_master" not in name
    }
    if slave is not None and slave.get("host"):
        position = mysql.FIRST_POSITION + slave["position"]
        kept[f"{mysql.DIRECTORY}/xtrabackup_slave_info"] = (
            f"CHANGE MASTER TO MASTER_LOG_FILE='{mysql.LOG_NAME}', MASTER_LOG_POS={position};\n"
        )
    position = mysql.FIRST_POSITION + len(log)
    kept[f"{mysql.DIRECTORY}/xtrabackup_binlog_info"] = f"{mysql.LOG_NAME}\t{position}\n"
    kept[mysql.BINLOG] = "[]"
    return json.dumps(kept)


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    text = yield from _backup()
    return Answer(True, text)


def _ncat(call: Any, argv: list[str]) -> Steps:
    given = options(argv, "c", ("max-conns",))
    if given.has("listen", "l"):
        context = call.context._replace(argv=tuple(argv))
        yield Serve("ncat", _ports(context)[:1], tuple(argv))
        while True:
            yield Sleep(FOREVER_US)
    host, port = given.operands[0], int(given.operands[1])
    answer = yield Call(host, port, "stream", None)
    if not answer.ok:
        why = "Could not resolve hostname" if answer.error.startswith("lookup") else "Connection refused"
        yield from call.io.err.write(f"Ncat: {why}.\n")
        return 1
    yield from call.io.out.write(answer.payload)
    return 0


def _xbstream(call: Any, argv: list[str]) -> Steps:
    text = yield from call.io.stdin.read()
    if not text:
        return 1
    made: dict[str, None] = {}
    for path, content in json.loads(text).items():
        parent = path.rpartition("/")[0]
        if parent not in made and not (yield KindOf(parent)):
            yield MakeDirectory(parent)
        made[parent] = None
        yield Write(path, content)
    return 0


def _xtrabackup(call: Any, argv: list[str]) -> Steps:
    if "--backup" in argv:
        text = yield from _backup()
        yield from call.io.out.write(text)
    yield from call.io.err.write("xtrabackup: completed OK!\n")
    return 0


PROGRAM = Family(
    images=("xtrabackup",),
    command=("sh",),
    executables={
        "ncat": Executable(run=_ncat, server=Server("stream", _ports, _handle)),
        "xbstream": Executable(run=_xbstream),
        "xtrabackup": Executable(run=_xtrabackup),
        "mysql": mysql.CLIENT,
    },
)
