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
from collections.abc import Callable, Generator
from fnmatch import fnmatchcase
from typing import Any

from k8slab.clock import SECOND_US
from k8slab.containers.costs import A_KEY_US
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.requests import Answer, Call, Read, Recall, Remember, Request, Sleep, Write
from k8slab.containers.streams import Steps

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


def _is_durable(context: Context) -> bool:
    words = [word.lower() for word in context.argv]
    return "--appendonly" in words and "yes" in words[words.index("--appendonly") :]


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
    if _master(context) is not None:
        return (yield from _replicated(context, call))
    data: Data | None = yield Recall("data")
    durable = _is_durable(context)
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
    while line := (yield from call.io.stdin.line()):
        if line.strip():
            code = yield from _ask(call, host, port, line.split())
    return code


def _ask(call: Any, host: str, port: int, words: list[str]) -> Steps:
    waited_us = 0
    while True:
        answer = yield Call(host, port, "redis", words)
        if not answer.ok:
            why = "Name or service not known" if answer.error.startswith("lookup") else "Connection refused"
            yield from call.io.err.write(f"Could not connect to Redis at {host}:{port}: {why}\n")
            return 1
        if "error" in answer.payload:
            yield from call.io.out.write(f"{answer.payload['error']}\n\n")
            return 0
        reply = answer.payload["reply"]
        if isinstance(reply, dict):
            limit_us = round(reply["wait"] * SECOND_US)
            if limit_us and waited_us >= limit_us:
                yield from call.io.out.write("\n")
                return 0
            yield Sleep(_POLL_US)
            waited_us += _POLL_US
            continue
        yield from call.io.out.write(_print(reply))
        return 0


SERVER = Executable(
    server=Server("redis", lambda context: (PORT,), handle, _start_lines, cost_us=lambda call: A_KEY_US)
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
