"""PostgreSQL: one server with its data in PGDATA, and `psql` and `pg_isready`."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import Any

from k8slab.clock import timestamp
from k8slab.containers.costs import A_STATEMENT_US
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs import _sql
from k8slab.containers.requests import Answer, Call, KindOf, Now, Read, Request, Write
from k8slab.containers.streams import Steps
from k8slab.containers.tools_files import make_all

PORT = 5432
VERSION = "18.1"


def _file(context: Context) -> str:
    return f"{context.env.get('PGDATA') or '/var/lib/postgresql/data'}/data.json"


def _database(context: Context) -> str:
    return context.env.get("POSTGRES_DB") or context.env.get("POSTGRES_USER") or "postgres"


def _check(context: Context) -> Generator[Request, Any, tuple[int, str] | None]:
    """Initialize an empty data directory, as the image's entrypoint does."""
    path = _file(context)
    if (yield KindOf(path)):
        return None
    trusted = context.env.get("POSTGRES_HOST_AUTH_METHOD") == "trust"
    if not context.env.get("POSTGRES_PASSWORD") and not trusted:
        return 1, (
            "Error: Database is uninitialized and superuser password is not specified.\n"
            "       You must specify POSTGRES_PASSWORD to a non-empty value for the\n"
            '       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".\n'
        )
    yield from make_all(path.rpartition("/")[0])
    yield Write(path.rpartition("/")[0] + "/PG_VERSION", "18\n")
    yield Write(path, json.dumps({"databases": {"postgres": {}, _database(context): {}}}))
    return None


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    payload = call.payload
    text = yield Read(_file(context))
    data = json.loads(text) if text else _sql.EMPTY
    password = context.env.get("POSTGRES_PASSWORD", "")
    if password and call.host != "127.0.0.1" and payload["password"] != password:
        text = f'FATAL:  password authentication failed for user "{payload["user"]}"'
        return Answer(True, {"results": [], "error": text})
    database = payload["database"] or _database(context)
    if database not in data["databases"]:
        return Answer(True, {"results": [], "error": f'FATAL:  database "{database}" does not exist'})
    results: list[Any] = []
    after, error = data, ""
    for statement in _sql.statements(payload["sql"]):
        special = yield from _special(statement, after)
        if special is not None:
            results.append(special)
            continue
        try:
            result = _sql.execute(after, database, statement)
        except _sql.SqlError as refused:
            error = f"ERROR:  {refused}"
            break
        after = result.data
        tag = _tag(statement, result.affected)
        results.append([result.columns, result.rows, tag])
    if after is not data:
        yield Write(_file(context), json.dumps(after))
    return Answer(True, {"results": results, "error": error})


def _special(statement: str, data: Any) -> Steps:
    """What only PostgreSQL answers: `SELECT version()`, `now()`, `\\l`, `\\dt`."""
    command = statement.strip().lower()
    if command == "select version()":
        return [["version"], [[f"PostgreSQL {VERSION} on x86_64-pc-linux-gnu"]], "(1 row)"]
    if command == "select now()":
        now_us = yield Now(wall=True)
        return [["now"], [[timestamp(now_us).replace("T", " ").replace("Z", "+00")]], "(1 row)"]
    if command in ("\\l", "\\list"):
        names = sorted(data["databases"])
        return [["Name"], [[name] for name in names], f"({len(names)} rows)"]
    return None


def _tag(statement: str, count: int) -> str:
    words = statement.split()
    verb = words[0].upper()
    if verb == "SELECT":
        return f"({count} row{'' if count == 1 else 's'})"
    if verb == "INSERT":
        return f"INSERT 0 {count}"
    if verb in ("UPDATE", "DELETE"):
        return f"{verb} {count}"
    return f"{verb} {words[1].upper()}" if len(words) > 1 else verb


def _psql(call: Any, argv: list[str]) -> Steps:
    given: dict[str, Any] = {"-h": "", "-U": "postgres", "-d": "", "-c": None}
    words = argv[1:]
    bare = False
    operands = []
    while words:
        word = words.pop(0)
        if word in ("-h", "-U", "-d", "-c", "-p", "-f"):
            given[word] = words.pop(0)
        elif word in ("-t", "-A", "-tA", "-At", "-qtAX"):
            bare = True
        elif not word.startswith("-"):
            operands.append(word)
    sql = given["-c"] if given["-c"] is not None else (yield from call.io.stdin.read())
    host = given["-h"] or "127.0.0.1"
    payload = {
        "sql": sql,
        "database": given["-d"] or (operands[0] if operands else ""),
        "user": given["-U"],
        "password": call.shell.get("PGPASSWORD") or "",
    }
    answer = yield Call(host, PORT, "postgres", payload)
    if not answer.ok:
        if answer.error.startswith("lookup"):
            why = f'could not translate host name "{host}" to address: Name or service not known'
        else:
            why = f'connection to server at "{host}", port {PORT} failed: Connection refused'
        yield from call.io.err.write(f"psql: error: {why}\n")
        return 2
    for columns, rows, tag in answer.payload["results"]:
        if columns is None:
            yield from call.io.out.write(f"{tag}\n")
        else:
            yield from call.io.out.write(_printed(columns, rows, tag, bare))
    if answer.payload["error"]:
        yield from call.io.err.write(answer.payload["error"] + "\n")
        return 1
    return 0


def _printed(columns: list[str], rows: list[list[Any]], tag: str, bare: bool) -> str:
    cells = [["" if value is None else str(value) for value in row] for row in rows]
    if bare:
        return "".join("|".join(row) + "\n" for row in cells)
    names = [re.sub(r"(?i)^count\(.*\)$", "count", name) for name in columns]
    widths = [max([len(name), *(len(row[at]) for row in cells)]) for at, name in enumerate(names)]
    numeric = [
        bool(rows) and all(isinstance(row[at], int | float) for row in rows) for at, _ in enumerate(names)
    ]
    lines = [" " + " | ".join(name.center(width) for name, width in zip(names, widths)) + " "]
    lines.append("-" + "-+-".join("-" * width for width in widths) + "-")
    for row in cells:
        parts = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric)
        ]
        lines.append((" " + " | ".join(parts)).rstrip())
    return "\n".join([lines[0].rstrip(), *lines[1:]]) + f"\n{tag}\n\n"


def _is_ready(call: Any, argv: list[str]) -> Steps:
    host = argv[argv.index("-h") + 1] if "-h" in argv else "127.0.0.1"
    answer = yield Call(host, PORT, "tcp", None)
    where = host if "-h" in argv else "/var/run/postgresql"
    state = "accepting connections" if answer.ok else "no response"
    yield from call.io.out.write(f"{where}:{PORT} - {state}\n")
    return 0 if answer.ok else 2


def _start_lines(context: Context) -> tuple[str, ...]:
    when = timestamp(context.started_us).replace("T", " ").replace("Z", ".000 UTC")
    return (
        f"{when} [1] LOG:  starting PostgreSQL {VERSION} on x86_64-pc-linux-gnu",
        f'{when} [1] LOG:  listening on IPv4 address "0.0.0.0", port {PORT}',
        f"{when} [1] LOG:  database system is ready to accept connections",
    )


_SERVER = Executable(
    server=Server(
        "postgres",
        lambda context: (PORT,),
        _handle,
        _start_lines,
        _check,
        cost_us=lambda call: A_STATEMENT_US,
    )
)

PROGRAM = Family(
    images=("postgres", "postgresql"),
    entrypoint=("docker-entrypoint.sh",),
    command=("postgres",),
    executables={
        "docker-entrypoint.sh": _SERVER,
        "postgres": _SERVER,
        "psql": Executable(run=_psql),
        "pg_isready": Executable(run=_is_ready),
    },
)
