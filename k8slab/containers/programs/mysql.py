"""MySQL: a primary and its replicas, with their data in /var/lib/mysql.

What a server is follows from its files, as in the real image: the server ID
and `super-read-only` from /etc/mysql/conf.d, the data from the volume. A
replica that was told `CHANGE MASTER TO … ; START SLAVE` takes the statements
of its primary's log whenever it is asked something, so replication is
asynchronous and survives restarts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import Any

from k8slab.clock import SECOND_US, timestamp
from k8slab.containers.costs import A_STATEMENT_US
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs import _sql
from k8slab.containers.programs._conversation import asked, at_terminal, framed
from k8slab.containers.requests import Answer, Call, KindOf, MakeDirectory, Names, Now, Read, Request, Write
from k8slab.containers.streams import Steps, is_terminal

PORT = 3306
DIRECTORY = "/var/lib/mysql"
DATA = f"{DIRECTORY}/mysql/data.json"
BINLOG = f"{DIRECTORY}/mysql/binlog.json"
SLAVE = f"{DIRECTORY}/mysql/slave.json"
LOG_NAME = "mysql-bin.000003"
FIRST_POSITION = 154
VERSION = "5.7.44"
_CONFIGURATION = "/etc/mysql/conf.d"

_PASSWORD_VARIABLES = ("MYSQL_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD")


def _check(context: Context) -> Generator[Request, Any, tuple[int, str] | None]:
    """Initialize an empty data directory, as the image's entrypoint does."""
    if (yield KindOf(DATA)):
        return None
    if not any(context.env.get(name) for name in _PASSWORD_VARIABLES):
        when = timestamp(context.started_us).replace("T", " ").replace("Z", "+00:00")
        listed = "".join(f"    - {name}\n" for name in _PASSWORD_VARIABLES)
        return 1, (
            f"{when} [Note] [Entrypoint]: Entrypoint script for MySQL Server {VERSION}-1.el7 started.\n"
            f"{when} [ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n"
            f"    You need to specify one of the following as an environment variable:\n{listed}"
        )
    for path in ("/var/lib", DIRECTORY, f"{DIRECTORY}/mysql"):
        if not (yield KindOf(path)):
            yield MakeDirectory(path)
    databases: dict[str, Any] = (
        {context.env["MYSQL_DATABASE"]: {}} if context.env.get("MYSQL_DATABASE") else {}
    )
    yield Write(DATA, json.dumps({"databases": databases}))
    yield Write(BINLOG, "[]")
    yield Write(f"{DIRECTORY}/ibdata1", "")
    return None


def _load(path: str, default: Any) -> Steps:
    text = yield Read(path)
    return json.loads(text) if text else default


def _configuration() -> Steps:
    """The text of every file in /etc/mysql/conf.d."""
    names = (yield Names(_CONFIGURATION)) or []
    texts = []
    for name in names:
        texts.append((yield Read(f"{_CONFIGURATION}/{name}")) or "")
    return "\n".join(texts)


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    """A list of statements in a database; or a replica that asks for the log after a position."""
    payload = call.payload
    if "replicate" in payload:
        log = yield from _load(BINLOG, [])
        return Answer(True, {"statements": log[payload["replicate"] :]})
    password = context.env.get("MYSQL_ROOT_PASSWORD", "")
    if password and payload["password"] != password:
        using = "YES" if payload["password"] else "NO"
        text = f"Access denied for user '{payload['user']}'@'{call.host}' (using password: {using})"
        return Answer(True, {"results": [], "error": f"ERROR 1045 (28000): {text}"})
    configuration = yield from _configuration()
    data = yield from _load(DATA, _sql.EMPTY)
    if re.search(r"\b(FROM|SHOW|USE)\b", payload["sql"], re.IGNORECASE):
        data = yield from _replicate(data)
    log = yield from _load(BINLOG, [])
    session = _Session(context, configuration, data, log, payload["database"])
    results: list[Any] = []
    error = ""
    for statement in _sql.statements(payload["sql"]):
        try:
            results.append((yield from session.run(statement)))
        except _sql.SqlError as refused:
            error = f"ERROR {refused.code} ({refused.state}) at line 1: {refused}"
            break
    if session.data is not data:
        yield Write(DATA, json.dumps(session.data))
        yield Write(BINLOG, json.dumps(session.log))
    return Answer(True, {"results": results, "error": error, "database": session.database})


def _replicate(data: Any) -> Steps:
    """Take over what the primary has logged since the last time, if it can be reached."""
    slave = yield from _load(SLAVE, None)
    if slave is None or not slave["running"] or not slave.get("host"):
        return data
    answer = yield Call(slave["host"], PORT, "mysql", {"replicate": slave["position"]})
    if not answer.ok:
        yield Write(SLAVE, json.dumps({**slave, "connected": False}))
        return data
    statements = answer.payload["statements"]
    for database, statement in statements:
        try:
            data = _sql.execute(data, database, statement).data
        except _sql.SqlError as refused:
            yield Write(SLAVE, json.dumps({**slave, "running": False, "error": str(refused)}))
            return data
    if statements or not slave.get("connected"):
        position = slave["position"] + len(statements)
        yield Write(SLAVE, json.dumps({**slave, "position": position, "connected": True}))
        yield Write(DATA, json.dumps(data))
    return data


class _Session:
    """One client's statements, one after the other."""

    def __init__(
        self, context: Context, configuration: str, data: Any, log: list[Any], database: str
    ) -> None:
        self.context, self.configuration = context, configuration
        self.data, self.log, self.database = data, log, database

    def _option(self, name: str, default: str) -> str:
        match = re.search(rf"^\s*{name}\s*=\s*(\S+)", self.configuration, re.MULTILINE)
        return match[1] if match else default

    def run(self, statement: str) -> Steps:
        """One statement's table as `[columns, rows]`, or None. SqlError where it is refused."""
        command = " ".join(statement.upper().split())
        if command.startswith("CHANGE MASTER TO"):
            return (yield from self._change_master(statement))
        if command in ("START SLAVE", "STOP SLAVE", "START REPLICA", "STOP REPLICA"):
            slave = yield from _load(SLAVE, {"position": 0})
            yield Write(SLAVE, json.dumps({**slave, "running": command.startswith("START")}))
            return None
        if command in ("SHOW SLAVE STATUS", "SHOW REPLICA STATUS", r"SHOW SLAVE STATUS\G"):
            return (yield from self._slave_status())
        if command == "SHOW MASTER STATUS":
            return [["File", "Position"], [[LOG_NAME, FIRST_POSITION + len(self.log)]]]
        if "@@" in command or "NOW()" in command or "VERSION()" in command:
            return (yield from self._variables(statement))
        read_only = re.search(r"^\s*super[-_]read[-_]only", self.configuration, re.MULTILINE)
        if _sql.is_change(statement) and read_only:
            raise _sql.SqlError(
                "The MySQL server is running with the --super-read-only option so it cannot execute this "
                "statement",
                1290,
                "HY000",
            )
        result = _sql.execute(self.data, self.database, statement)
        if _sql.is_change(statement):
            self.log = [*self.log, [self.database, statement]]
        self.data, self.database = result.data, result.database
        return None if result.columns is None else [result.columns, result.rows]

    def _change_master(self, statement: str) -> Steps:
        found = dict(re.findall(r"(MASTER_\w+)\s*=\s*'?([^',;]*)'?", statement, re.IGNORECASE))
        position = int(found.get("MASTER_LOG_POS", FIRST_POSITION)) - FIRST_POSITION
        old = yield from _load(SLAVE, {})
        slave = {
            **old,
            "host": found.get("MASTER_HOST", old.get("host", "")),
            "position": max(position, 0),
            "running": False,
            "connected": False,
        }
        yield Write(SLAVE, json.dumps(slave))
        return None

    def _slave_status(self) -> Steps:
        slave = yield from _load(SLAVE, None)
        if slave is None:
            return [[], []]
        running = "Yes" if slave["running"] else "No"
        columns = [
            "Master_Host",
            "Slave_IO_Running",
            "Slave_SQL_Running",
            "Seconds_Behind_Master",
            "Last_Error",
        ]
        connected = "Yes" if slave["running"] and slave.get("connected") else "Connecting"
        io = connected if slave["running"] else "No"
        return [columns, [[slave.get("host", ""), io, running, 0, slave.get("error", "")]]]

    def _variables(self, statement: str) -> Steps:
        """`SELECT @@server_id, NOW()` and the like."""
        now_us = yield Now(wall=True)
        values = {
            "@@SERVER_ID": int(self._option("server-id", "1")),
            "@@HOSTNAME": self.context.hostname,
            "@@VERSION": VERSION,
            "VERSION()": VERSION,
            "NOW()": timestamp(now_us).replace("T", " ").rstrip("Z"),
            "@@READ_ONLY": int("read-only" in self.configuration),
            "@@SUPER_READ_ONLY": int("super-read-only" in self.configuration),
        }
        wanted = re.sub(r"(?i)^\s*SELECT\s+", "", statement).split(",")
        names = [one.strip() for one in wanted]
        try:
            return [names, [[values[name.upper()] for name in names]]]
        except KeyError:
            raise _sql.SqlError(f"Unknown system variable '{names[0].lstrip('@')}'", 1193, "HY000") from None


def _start_lines(context: Context) -> tuple[str, ...]:
    when = timestamp(context.started_us).replace("T", " ").replace("Z", "+00:00")
    stamp = timestamp(context.started_us).replace("Z", ".000000Z")
    return (
        f"{when} [Note] [Entrypoint]: Entrypoint script for MySQL Server {VERSION}-1.el7 started.",
        f"{stamp} 0 [Note] mysqld (mysqld {VERSION}) starting as process 1 ...",
        f"{stamp} 0 [Note] InnoDB: Completed initialization of buffer pool",
        f"{stamp} 0 [Note] mysqld: ready for connections.",
        f"Version: '{VERSION}-log'  socket: '/var/run/mysqld/mysqld.sock'  port: {PORT}  "
        "MySQL Community Server (GPL)",
    )


def client_options(argv: list[str]) -> dict[str, Any]:
    """What a command line of `mysql`, `mysqladmin` or `psql` says."""
    found: dict[str, Any] = {
        "host": "",
        "user": "root",
        "password": "",
        "sql": None,
        "database": "",
        "words": [],
    }
    words = argv[1:]
    long = {
        "--host": "host",
        "--user": "user",
        "--password": "password",
        "--execute": "sql",
        "--database": "database",
    }
    short = {"-h": "host", "-u": "user", "-e": "sql", "-D": "database", "-P": "port"}
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if name in long:
            found[long[name]] = value if equals else ("" if name == "--password" else words.pop(0))
        elif word[:2] in short:
            found[short[word[:2]]] = word[2:] or (words.pop(0) if words else "")
        elif word.startswith("-p"):
            found["password"] = word[2:]
        elif word.startswith("-"):
            found[word] = True
        else:
            found["words"].append(word)
    return found


def _client(call: Any, argv: list[str]) -> Steps:
    given = client_options(argv)
    if given["sql"] is None and at_terminal(call):
        return (yield from _talk(call, given))
    sql = given["sql"]
    if sql is None:
        sql = yield from call.io.stdin.read()
    answer = yield from _ask(call, given, sql, _database(given))
    if answer is None:
        return 1
    for result in answer["results"]:
        if result is not None and result[0]:
            yield from call.io.out.write(_shown(call, given, result[0], result[1]))
    if answer["error"]:
        yield from call.io.err.write(answer["error"] + "\n")
        return 1
    return 0


def _database(given: dict[str, Any]) -> str:
    return str(given["database"] or (given["words"][0] if given["words"] else ""))


def _talk(call: Any, given: dict[str, Any]) -> Steps:
    """Statements typed at a prompt, each answered when it is whole, until the input ends or `exit`."""
    database = _database(given)
    answer = yield from _ask(call, given, "", database)
    if answer is None or answer["error"]:
        if answer is not None:
            yield from call.io.err.write(answer["error"] + "\n")
        return 1
    yield from call.io.out.write(_WELCOME)
    text = ""
    while True:
        line = yield from asked(call, "    -> " if text else "mysql> ")
        if not line or (not text and line.strip().rstrip(";") in ("exit", "quit", "\\q")):
            yield from call.io.out.write("Bye\n")
            return 0
        text += line if text or line.strip() else ""
        if not text.rstrip().endswith((";", "\\G", "\\g")):
            continue
        answer = yield from _ask(call, given, text, database)
        if answer is None:
            return 1
        database = answer.get("database", database)
        yield from _tell(call, text, answer)
        text = ""


_WELCOME = (
    "Welcome to the MySQL monitor.  Commands end with ; or \\g.\n"
    f"Server version: {VERSION} MySQL Community Server (GPL)\n\n"
    "Type 'help;' or '\\h' for help. Type '\\c' to clear the current input statement.\n\n"
)


def _tell(call: Any, text: str, answer: dict[str, Any]) -> Steps:
    """What somebody at a terminal is told of their statements."""
    for statement, result in zip(_sql.statements(text), answer["results"]):
        if result is None:
            changed = statement.upper().startswith("USE ")
            said = "Database changed\n" if changed else "Query OK (0.00 sec)\n\n"
        elif not result[1]:
            said = "Empty set (0.00 sec)\n\n"
        else:
            count = len(result[1])
            said = framed(*result) + f"{count} row{'' if count == 1 else 's'} in set (0.00 sec)\n\n"
        yield from call.io.out.write(said)
    if answer["error"]:
        yield from call.io.err.write(answer["error"].replace(" at line 1:", ":") + "\n")


def _ask(call: Any, given: dict[str, Any], sql: str, database: str) -> Steps:
    """The server's answer to some statements, or None where it can't be had, which is told."""
    host = given["host"] or "127.0.0.1"
    payload = {
        "sql": sql,
        "database": database,
        "user": given["user"],
        "password": given["password"] or call.shell.get("MYSQL_PWD") or "",
    }
    answer = yield Call(host, PORT, "mysql", payload, 10 * SECOND_US)
    if not answer.ok:
        if answer.error.startswith("lookup"):
            text = f"ERROR 2005 (HY000): Unknown MySQL server host '{host}' (-2)"
        elif host in ("127.0.0.1", "localhost") and not given["host"]:
            text = (
                "ERROR 2002 (HY000): Can't connect to local MySQL server through socket "
                "'/var/run/mysqld/mysqld.sock' (2)"
            )
        else:
            text = f"ERROR 2003 (HY000): Can't connect to MySQL server on '{host}' (111)"
        yield from call.io.err.write(text + "\n")
        return None
    return answer.payload


def _shown(call: Any, given: dict[str, Any], columns: list[str], rows: list[list[Any]]) -> str:
    """A table as the client prints it: in a frame on a terminal, separated by tabs into a pipe."""
    bare = any(flag in given for flag in ("-N", "--skip-column-names"))
    batch = any(flag in given for flag in ("-B", "--batch"))
    if "-t" in given or "--table" in given or (is_terminal(call.io.out) and not batch and not bare):
        return framed(columns, rows) if rows else ""
    lines = [] if bare else ["\t".join(columns)]
    lines += ["\t".join("NULL" if value is None else str(value) for value in row) for row in rows]
    return "".join(f"{line}\n" for line in lines)


def _admin(call: Any, argv: list[str]) -> Steps:
    given = client_options(argv)
    host = given["host"] or "127.0.0.1"
    answer = yield Call(host, PORT, "tcp", None)
    if answer.ok:
        yield from call.io.out.write("mysqld is alive\n")
        return 0
    yield from call.io.err.write(
        f"mysqladmin: connect to server at '{host}' failed\n"
        f"error: 'Can't connect to MySQL server on '{host}' (111)'\n"
    )
    return 1


SERVER = Executable(
    server=Server(
        "mysql", lambda context: (PORT,), _handle, _start_lines, _check, cost_us=lambda call: A_STATEMENT_US
    )
)
CLIENT = Executable(run=_client)

PROGRAM = Family(
    images=("mysql", "mariadb", "percona"),
    entrypoint=("docker-entrypoint.sh",),
    command=("mysqld",),
    files={"/etc/mysql/conf.d/": "", "/var/lib/mysql/": ""},
    executables={
        "docker-entrypoint.sh": SERVER,
        "mysqld": SERVER,
        "mysql": CLIENT,
        "mysqladmin": Executable(run=_admin),
        "mariadb": CLIENT,
    },
)
