"""etcd, one member: `etcdctl put`, `get`, `del` and health, with the data in its directory."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.requests import Answer, Call, Read, Request, Write
from k8slab.containers.streams import Steps
from k8slab.containers.tools_options import options

PORT = 2379


def _path(context: Context) -> str:
    directory = context.env.get("ETCD_DATA_DIR", "")
    for at, word in enumerate(context.argv):
        name, equals, value = word.partition("=")
        if name == "--data-dir":
            directory = value if equals else context.argv[at + 1]
    return f"{directory or '/var/lib/etcd'}/db.json"


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    path = _path(context)
    text = yield Read(path)
    data: dict[str, str] = json.loads(text) if text else {}
    verb, key, value, prefix = call.payload
    chosen = [name for name in sorted(data) if (name.startswith(key) if prefix else name == key)]
    if verb == "put":
        fault = yield Write(path, json.dumps({**data, key: value}, sort_keys=True))
        return Answer(True, {"error": fault} if fault else {"text": "OK\n"})
    if verb == "del":
        yield Write(path, json.dumps({name: one for name, one in data.items() if name not in chosen}))
        return Answer(True, {"text": f"{len(chosen)}\n"})
    return Answer(True, {"pairs": [(name, data[name]) for name in chosen]})


def _client(call: Any, argv: list[str]) -> Steps:
    given = options(argv, "w", ("endpoints", "write-out"))
    words = given.operands
    endpoint = given.value("endpoints", default="127.0.0.1:2379").partition(",")[0].rpartition("//")[2]
    host, _, port = endpoint.partition(":")
    if not words:
        yield from call.io.out.write("etcdctl - A simple command line client for etcd3.\n")
        return 0
    if words[:2] in (["endpoint", "health"], ["member", "list"]):
        answer = yield Call(host, int(port or PORT), "tcp", None)
        state = "is healthy: successfully committed proposal: took = 1.2ms" if answer.ok else "is unhealthy"
        yield from call.io.out.write(f"{endpoint} {state}\n")
        return 0 if answer.ok else 1
    key = words[1] if len(words) > 1 else ""
    value = words[2] if len(words) > 2 else ""
    answer = yield Call(host, int(port or PORT), "etcd", (words[0], key, value, given.has("prefix")))
    if not answer.ok:
        yield from call.io.err.write(f"Error: context deadline exceeded ({answer.error})\n")
        return 1
    if "error" in answer.payload:
        yield from call.io.err.write(f"Error: {answer.payload['error']}\n")
        return 1
    if "text" in answer.payload:
        yield from call.io.out.write(answer.payload["text"])
        return 0
    for name, found in answer.payload["pairs"]:
        if given.has("print-value-only"):
            yield from call.io.out.write(f"{found}\n")
        else:
            yield from call.io.out.write(f"{name}\n" if given.has("keys-only") else f"{name}\n{found}\n")
    return 0


PROGRAM = Family(
    images=("etcd",),
    entrypoint=("etcd",),
    files={"/var/lib/etcd/": ""},
    executables={
        "etcd": Executable(server=Server("etcd", lambda context: (PORT, 2380), _handle)),
        "etcdctl": Executable(run=_client),
    },
)
