"""agnhost, the image of upstream's end-to-end tests: netexec, serve-hostname, liveness, pause.

Models test/images/agnhost, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import parse_qs, unquote

from k8slab.clock import SECOND_US, timestamp
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs._http import response
from k8slab.containers.requests import Answer, Call, Now, Read, Request

_DEFAULT_PORTS = {
    "netexec": 8080,
    "serve-hostname": 9376,
    "liveness": 8080,
    "test-webserver": 80,
    "porter": 80,
}


def _words(context: Context) -> list[str]:
    return [word for word in context.argv[1:] if not word.startswith("-")]


def _command(context: Context) -> str:
    words = _words(context)
    return words[0] if words else "pause"


def _ports(context: Context) -> tuple[int, ...]:
    command = _command(context)
    for at, word in enumerate(context.argv):
        name, equals, value = word.partition("=")
        if name in ("--http-port", "--port"):
            return (int(value if equals else context.argv[at + 1]),)
    return (_DEFAULT_PORTS.get(command, -1),)


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    command = _command(context)
    path, _, query = call.payload["path"].partition("?")
    values = {name: found[0] for name, found in parse_qs(query).items()}
    if command == "serve-hostname":
        return response(200, context.hostname)
    if command == "liveness":
        return (yield from _liveness(context, path))
    if command == "test-webserver":
        body = yield Read(unquote(path))
        return response(200, body) if body is not None else response(404, "404 page not found\n")
    if path == "/":
        now_us = yield Now()
        return response(200, f"NOW: {timestamp(now_us)}")
    pages = {
        "/hostname": context.hostname,
        "/hostName": context.hostname,
        "/clientip": f"{call.host}:40000",
        "/echo": values.get("msg", ""),
        "/healthz": "",
        "/header": call.payload.get("headers", {}).get(values.get("key", ""), ""),
    }
    if path in pages:
        return response(int(values.get("code", 200)), pages[path])
    return response(404, "404 page not found\n")


def _liveness(context: Context, path: str) -> Generator[Request, Any, Answer]:
    """Healthy for its first ten seconds only."""
    now_us = yield Now()
    age_us = now_us - context.started_us
    if path != "/healthz":
        return response(200, timestamp(context.started_us))
    if age_us > 10 * SECOND_US:
        return response(500, f"error: {age_us / SECOND_US:.6f}")
    return response(200, "ok")


PROGRAM = Family(
    images=("agnhost", "liveness"),
    entrypoint=("/agnhost",),
    command=("pause",),
    executables={"agnhost": Executable(server=Server("http", _ports, _handle))},
)
