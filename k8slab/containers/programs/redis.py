"""redis: strings, counters, lists, sets and hashes; a queue for workers.

The data live in the process's memory and are gone with it, unless the server
was started with `--appendonly yes`: then they are in /data and survive on a
volume.

A server that was started with `--replicaof HOST PORT` is a replica: it refuses
writes, and before it reads it takes over what its master has. So a replica is
never behind, but keeps what it had while its master can't be reached.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Generator
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

from k8slab.clock import SECOND_US
from k8slab.containers.costs import A_KEY_US
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs._conversation import asked
from k8slab.containers.requests import Answer, Call, Read, Recall, Remember, Request, Sleep, Write
from k8slab.containers.streams import Steps, is_terminal

_FILE = "/data/appendonly.aof"
PORT = 6379
_POLL_US = SECOND_US // 4
_SNAPSHOT = "PSYNC"
"""How a replica asks its master for all that it has."""

Data = dict[str, Any]


class RedisError(Exception):
    """A command that the server refuses."""


def _list(data: Data, key: str) -> list[str]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise RedisError("WRONGTYPE Operation against a key holding the wrong kind of value")
    return value


def _with(data: Data, key: str, value: Any) -> Data:
    if value in ([], {}):
        return {name: one for name, one in data.items() if name != key}
    return {**data, key: value}


def _integer(text: Any) -> int:
    try:
        return int(text)
    except (TypeError, ValueError):
        raise RedisError("ERR value is not an integer or out of range") from None


def _push(data: Data, words: list[str], left: bool) -> tuple[Any, Data]:
    items = _list(data, words[0])
    new = [*reversed(words[1:]), *items] if left else [*items, *words[1:]]
    return len(new), _with(data, words[0], new)


def _pop(data: Data, words: list[str], left: bool) -> tuple[Any, Data]:
    items = _list(data, words[0])
    if not items:
        return None, data
    rest = items[1:] if left else items[:-1]
    return (items[0] if left else items[-1]), _with(data, words[0], rest)


def _blocking_pop(data: Data, words: list[str], left: bool) -> tuple[Any, Data]:
    for key in words[:-1]:
        if _list(data, key):
            value, after = _pop(data, [key], left)
            return [key, value], after
    return {"wait": float(words[-1])}, data


def _move(data: Data, words: list[str]) -> tuple[Any, Data]:
    value, after = _pop(data, words[:1], False)
    if value is None:
        return None, data
    return value, _push(after, [words[1], value], True)[1]


def _blocking_move(data: Data, words: list[str]) -> tuple[Any, Data]:
    value, after = _move(data, words)
    return (value, after) if value is not None else ({"wait": float(words[2])}, data)


def _range(data: Data, words: list[str]) -> tuple[Any, Data]:
    items = _list(data, words[0])
    first, last = _integer(words[1]), _integer(words[2])
    first = max(len(items) + first, 0) if first < 0 else first
    last = len(items) + last if last < 0 else last
    return items[first : last + 1], data


def _add(data: Data, key: str, amount: int) -> tuple[Any, Data]:
    value = _integer(data.get(key, "0")) + amount
    return value, {**data, key: str(value)}


def _set(data: Data, words: list[str]) -> tuple[Any, Data]:
    flags = [word.upper() for word in words[2:]]
    if ("NX" in flags and words[0] in data) or ("XX" in flags and words[0] not in data):
        return None, data
    return "OK", {**data, words[0]: words[1]}


def _delete(data: Data, words: list[str]) -> tuple[Any, Data]:
    kept = {name: value for name, value in data.items() if name not in words}
    return len(data) - len(kept), kept


def _remove(data: Data, words: list[str]) -> tuple[Any, Data]:
    count = 0
    kept = []
    limit = abs(_integer(words[1])) or 10**9
    for item in _list(data, words[0]):
        if item == words[2] and count < limit:
            count += 1
        else:
            kept.append(item)
    return count, _with(data, words[0], kept)


def _set_add(data: Data, words: list[str]) -> tuple[Any, Data]:
    members = dict(data.get(words[0], {}))
    new = [word for word in dict.fromkeys(words[1:]) if word not in members]
    return len(new), {**data, words[0]: {**members, **dict.fromkeys(new, "")}}


def _hash_set(data: Data, words: list[str]) -> tuple[Any, Data]:
    table = dict(data.get(words[0], {}))
    pairs = dict(zip(words[1::2], words[2::2]))
    new = sum(1 for name in pairs if name not in table)
    return new, {**data, words[0]: {**table, **pairs}}


def _drop_fields(data: Data, words: list[str]) -> tuple[Any, Data]:
    table = data.get(words[0], {})
    kept = {name: value for name, value in table.items() if name not in words[1:]}
    return len(table) - len(kept), _with(data, words[0], kept)


_TYPES: dict[Any, str] = {str: "string", list: "list", dict: "hash"}

Handler = Callable[[Data, list[str]], tuple[Any, Data]]

_COMMANDS: dict[str, tuple[int, Handler]] = {
    "PING": (0, lambda data, words: (words[0] if words else "PONG", data)),
    "ECHO": (1, lambda data, words: (words[0], data)),
    "SET": (2, _set),
    "SETNX": (2, lambda data, words: (int(words[0] not in data), {words[0]: words[1], **data})),
    "GET": (1, lambda data, words: (data.get(words[0]), data)),
    "APPEND": (
        2,
        lambda data, words: (
            len(data.get(words[0], "") + words[1]),
            {**data, words[0]: data.get(words[0], "") + words[1]},
        ),
    ),
    "DEL": (1, _delete),
    "EXISTS": (1, lambda data, words: (sum(1 for word in words if word in data), data)),
    "TYPE": (1, lambda data, words: (_TYPES.get(type(data.get(words[0])), "none"), data)),
    "INCR": (1, lambda data, words: _add(data, words[0], 1)),
    "DECR": (1, lambda data, words: _add(data, words[0], -1)),
    "INCRBY": (2, lambda data, words: _add(data, words[0], _integer(words[1]))),
    "LPUSH": (2, lambda data, words: _push(data, words, True)),
    "RPUSH": (2, lambda data, words: _push(data, words, False)),
    "LPOP": (1, lambda data, words: _pop(data, words, True)),
    "RPOP": (1, lambda data, words: _pop(data, words, False)),
    "BLPOP": (2, lambda data, words: _blocking_pop(data, words, True)),
    "BRPOP": (2, lambda data, words: _blocking_pop(data, words, False)),
    "RPOPLPUSH": (2, _move),
    "BRPOPLPUSH": (3, _blocking_move),
    "LRANGE": (3, _range),
    "LLEN": (1, lambda data, words: (len(_list(data, words[0])), data)),
    "LREM": (3, _remove),
    "SADD": (2, _set_add),
    "SREM": (2, _drop_fields),
    "SMEMBERS": (1, lambda data, words: (sorted(data.get(words[0], {})), data)),
    "SISMEMBER": (2, lambda data, words: (int(words[1] in data.get(words[0], {})), data)),
    "SCARD": (1, lambda data, words: (len(data.get(words[0], {})), data)),
    "HSET": (3, _hash_set),
    "HGET": (2, lambda data, words: (data.get(words[0], {}).get(words[1]), data)),
    "HDEL": (2, _drop_fields),
    "HGETALL": (
        1,
        lambda data, words: ([one for pair in data.get(words[0], {}).items() for one in pair], data),
    ),
    "KEYS": (1, lambda data, words: (sorted(key for key in data if fnmatchcase(key, words[0])), data)),
    "DBSIZE": (0, lambda data, words: (len(data), data)),
    "FLUSHALL": (0, lambda data, words: ("OK", {})),
    "FLUSHDB": (0, lambda data, words: ("OK", {})),
    _SNAPSHOT: (0, lambda data, words: (json.dumps(data, sort_keys=True), data)),
    "INFO": (0, lambda data, words: (f"# Keyspace\ndb0:keys={len(data)},expires=0", data)),
    "ROLE": (0, lambda data, words: (["master", "0"], data)),
}


_DEFAULTS = {
    "appendonly": "no",
    "dir": "/data",
    "maxmemory": "0",
    "maxmemory-policy": "noeviction",
    "port": str(PORT),
    "save": "3600 1 300 100 60 10000",
}
_UNITS = {"k": 1000, "kb": 1 << 10, "m": 1000**2, "mb": 1 << 20, "g": 1000**3, "gb": 1 << 30}


def parameters_in(text: str) -> dict[str, str]:
    """The parameters that a configuration file sets, in the form in which the server tells them."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        if name and not name.startswith("#"):
            found[name.lower()] = _parameter(name.lower(), value.strip().strip('"'))
    return found


def _parameter(name: str, value: str) -> str:
    match = re.fullmatch(r"(\d+)([kmg]b?)", value, re.IGNORECASE)
    return str(int(match[1]) * _UNITS[match[2].lower()]) if match and name == "maxmemory" else value


def _configure(context: Context) -> Generator[Request, Any, tuple[int, str] | None]:
    """Read the configuration file that the command line names: once, as the server starts."""
    path = next((word for word in context.argv[1:2] if "/" in word or word.endswith(".conf")), "")
    if not path:
        return None
    text = yield Read(path)
    if text is None:
        return 1, f"Fatal error, can't open config file '{path}': No such file or directory"
    if parameters := parameters_in(text):
        yield Remember("parameters", parameters)
    return None


def _parameters(context: Context) -> Steps:
    """Every parameter of a server: as it is by default, in its file, on its command line, as it was set."""
    told = (yield Recall("parameters")) or {}
    words = context.argv[1:]
    given = {
        name[2:].lower(): _parameter(name[2:].lower(), value)
        for name, value in pairwise(words)
        if name.startswith("--")
    }
    return {**_DEFAULTS, **given, **told}


def _config(context: Context, words: list[str]) -> Steps:
    """`CONFIG GET PATTERN …` and `CONFIG SET NAME VALUE …`."""
    known = yield from _parameters(context)
    verb = words[0].upper() if words else ""
    if verb == "GET" and len(words) > 1:
        names = [name for name in sorted(known) if any(fnmatchcase(name, one.lower()) for one in words[1:])]
        return Answer(True, {"reply": [part for name in names for part in (name, known[name])]})
    if verb == "SET" and len(words) > 2 and len(words) % 2:
        pairs = {name.lower(): value for name, value in zip(words[1::2], words[2::2])}
        unknown = next((name for name in pairs if name not in known), "")
        if unknown:
            return Answer(
                True, {"error": f"ERR Unknown option or number of arguments for CONFIG SET - '{unknown}'"}
            )
        told = (yield Recall("parameters")) or {}
        yield Remember("parameters", {**told, **{name: _parameter(name, one) for name, one in pairs.items()}})
        return Answer(True, {"reply": "OK"})
    return Answer(True, {"error": "ERR wrong number of arguments for 'config' command"})


_READ_ONLY = "READONLY You can't write against a read only replica."


def execute(data: Data, words: list[str]) -> tuple[Any, Data]:
    """One command: its reply and the data after it. RedisError where the server refuses."""
    name = words[0].upper()
    found = _COMMANDS.get(name)
    if found is None:
        raise RedisError(f"ERR unknown command '{words[0]}', with args beginning with: ")
    arguments, handler = found
    if len(words) - 1 < arguments:
        raise RedisError(f"ERR wrong number of arguments for '{words[0].lower()}' command")
    return handler(data, words[1:])


def _master(context: Context) -> tuple[str, int] | None:
    """Whose replica a server is, by its command line."""
    for number, word in enumerate(context.argv[:-2]):
        if word.lower() in ("--replicaof", "--slaveof"):
            return context.argv[number + 1], int(context.argv[number + 2])
    return None


def _replicated(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    """A replica's answer, from what its master has or had last."""
    master = _master(context)
    assert master is not None, "a replica has a master"
    host, port = master
    answer = yield Call(host, port, "redis", [_SNAPSHOT])
    data: Data = (yield Recall("data")) or {}
    theirs: Data = json.loads(answer.payload["reply"]) if answer.ok else data
    if theirs != data:
        data = theirs
        yield Remember("data", data)
    link = "up" if answer.ok else "down"
    words = [word.upper() for word in call.payload]
    if words[:2] == ["INFO", "REPLICATION"]:
        lines = ("# Replication", "role:slave", f"master_host:{host}", f"master_port:{port}")
        return Answer(True, {"reply": "\n".join((*lines, f"master_link_status:{link}", "slave_read_only:1"))})
    if words[0] == "ROLE":
        state = "connected" if answer.ok else "connect"
        return Answer(True, {"reply": ["slave", host, str(port), state]})
    try:
        reply, after = execute(data, call.payload)
    except RedisError as error:
        return Answer(True, {"error": str(error)})
    return Answer(True, {"error": _READ_ONLY} if after is not data else {"reply": reply})


def handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    """Answer one command, as a replica if the command line makes the server one."""
    if call.payload[0].upper() == "CONFIG":
        told: Answer = yield from _config(context, call.payload[1:])
        return told
    if _master(context) is not None:
        return (yield from _replicated(context, call))
    data: Data | None = yield Recall("data")
    durable = (yield from _parameters(context))["appendonly"] == "yes"
    if data is None:
        text = (yield Read(_FILE)) if durable else None
        data = json.loads(text) if text else {}
    try:
        reply, after = execute(data, call.payload)
    except RedisError as error:
        return Answer(True, {"error": str(error)})
    if after is not data and after != data:
        yield Remember("data", after)
        if durable:
            yield Write(_FILE, json.dumps(after, sort_keys=True))
    return Answer(True, {"reply": reply})


def _start_lines(context: Context) -> tuple[str, ...]:
    return (
        "1:C * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
        "1:M * Running mode=standalone, port=6379.",
        "1:M * Server initialized",
        "1:M * Ready to accept connections tcp",
    )


def _print(reply: Any) -> str:
    """A reply as redis-cli prints it into a pipe."""
    if reply is None:
        return "\n"
    if isinstance(reply, list):
        return "".join(_print(one) for one in reply)
    return f"{reply}\n"


_STATUSES = ("PING", "SET", "FLUSHALL", "FLUSHDB", "TYPE", "CONFIG")
"""Commands that are answered with a status, which is no string of somebody's data."""


def _print_on_terminal(words: list[str], reply: Any, indent: str = "") -> str:
    """A reply as redis-cli shows it to somebody: `(integer) 1`, `1) "apple"`, `(nil)`."""
    if reply is None:
        return "(nil)\n"
    if isinstance(reply, int):
        return f"(integer) {reply}\n"
    if isinstance(reply, list):
        if not reply:
            return "(empty array)\n"
        width = len(str(len(reply)))
        heads = [f"{number:>{width}}) " for number in range(1, len(reply) + 1)]
        parts = [_print_on_terminal([""], one, indent + " " * len(head)) for head, one in zip(heads, reply)]
        return "".join(
            f"{indent if number else ''}{head}{part}" for number, (head, part) in enumerate(zip(heads, parts))
        )
    if words[0].upper() in _STATUSES or words[0].upper() == "INFO":
        return f"{reply}\n"
    quoted = str(reply).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{quoted}"\n'


def _client(call: Any, argv: list[str]) -> Steps:
    words = argv[1:]
    host, port = "127.0.0.1", PORT
    while words and words[0].startswith("-"):
        flag = words.pop(0)
        if flag == "-h":
            host = words.pop(0)
        elif flag == "-p":
            port = int(words.pop(0))
        elif flag in ("-a", "-n", "-u"):
            words.pop(0)
    if words:
        return (yield from _ask(call, host, port, words))
    code = 0
    while line := (yield from asked(call, f"{host}:{port}> ")):
        try:
            words = shlex.split(line)
        except ValueError:
            yield from call.io.out.write("Invalid argument(s)\n")
            continue
        if words[:1] and words[0].lower() in ("exit", "quit"):
            return 0
        if words:
            code = yield from _ask(call, host, port, words)
    return code


def _ask(call: Any, host: str, port: int, words: list[str]) -> Steps:
    waited_us, terminal = 0, is_terminal(call.io.out)
    while True:
        answer = yield Call(host, port, "redis", words)
        if not answer.ok:
            why = "Name or service not known" if answer.error.startswith("lookup") else "Connection refused"
            yield from call.io.err.write(f"Could not connect to Redis at {host}:{port}: {why}\n")
            return 1
        if "error" in answer.payload:
            text = answer.payload["error"]
            yield from call.io.out.write(f"(error) {text}\n" if terminal else f"{text}\n\n")
            return 0
        reply = answer.payload["reply"]
        if isinstance(reply, dict):
            limit_us = round(reply["wait"] * SECOND_US)
            if limit_us and waited_us >= limit_us:
                yield from call.io.out.write("(nil)\n" if terminal else "\n")
                return 0
            yield Sleep(_POLL_US)
            waited_us += _POLL_US
            continue
        yield from call.io.out.write(_print_on_terminal(words, reply) if terminal else _print(reply))
        return 0


SERVER = Executable(
    server=Server(
        "redis",
        lambda context: (PORT,),
        handle,
        _start_lines,
        _configure,
        cost_us=lambda call: A_KEY_US,
        shown=("redis-server", f"*:{PORT}"),
    )
)

PROGRAM = Family(
    images=("redis", "valkey"),
    entrypoint=("docker-entrypoint.sh",),
    command=("redis-server",),
    cwd="/data",
    files={"/data/": ""},
    executables={
        "docker-entrypoint.sh": SERVER,
        "redis-server": SERVER,
        "redis-cli": Executable(run=_client),
    },
)
