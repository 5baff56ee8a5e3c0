"""agnhost's smaller servers: host names, health, files, ports by variable, a guestbook.

Models test/images/agnhost/{serve-hostname,liveness,test-webserver,porter,
grpc-health-checking,guestbook,pause}, v1.36.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Generator, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote

from k8slab.clock import SECOND_US
from k8slab.containers.program import Context, Server
from k8slab.containers.programs._go import flags, logged, seconds_text
from k8slab.containers.programs._http import response
from k8slab.containers.requests import Answer, Call, KindOf, Names, Now, Read, Recall, Remember, Request

Answering = Generator[Request, Any, Answer]
_HOSTNAME_SWITCHES = ("tcp", "udp", "http", "close")
_ALIVE_US = 10 * SECOND_US


def serve_hostname(argv: Sequence[str]) -> Server:
    """Says its host name over HTTP, TCP or UDP; it waits a minute after SIGTERM."""
    given, _ = flags(argv[2:], _HOSTNAME_SWITCHES)
    port = int(given.get("port") or 9376)

    def handle(context: Context, call: Call) -> Answering:
        if call.protocol in ("udp", "tcp"):
            return Answer(True, context.hostname)
        return response(200, context.hostname)
        yield

    return Server("any", lambda context: (port,), handle, heeds_term=False)


def liveness(argv: Sequence[str]) -> Server:
    """Healthy for its first ten seconds only."""

    def handle(context: Context, call: Call) -> Answering:
        path, _, query = call.payload["path"].partition("?")
        now_us = yield Now()
        age_us = now_us - context.started_us
        if path == "/started":
            return response(200, f"{seconds_text(age_us)}s")
        if path == "/redirect":
            location = unquote(parse_qs(query).get("loc", [""])[0])
            return response(302, "", {"Location": location})
        if path != "/healthz":
            return response(404, "404 page not found\n")
        if age_us > _ALIVE_US:
            return response(500, f"error: {seconds_text(age_us)}")
        return response(200, "ok")

    return Server("http", lambda context: (8080,), handle, stop_code=143)


def test_webserver(argv: Sequence[str]) -> Server:
    """Serves any file of the container."""
    given, _ = flags(argv[2:])
    port = int(given.get("port") or 80)
    return Server(
        "http", lambda context: (port,), lambda context, call: served_file(call, "/"), stop_code=143
    )


def served_file(call: Call, root: str) -> Answering:
    """A file below a directory, or a directory's listing, as Go's file server gives them."""
    path = posixpath.normpath(
        root.rstrip("/") + "/" + unquote(call.payload["path"].partition("?")[0]).lstrip("/")
    )
    if (yield KindOf(path)) == "dir":
        index = yield Read(path.rstrip("/") + "/index.html")
        if index is not None:
            return response(200, index)
        names = (yield Names(path)) or []
        rows = "".join(f'<a href="{name}">{name}</a>\n' for name in names)
        return response(200, f"<!doctype html>\n<pre>\n{rows}</pre>\n")
    body = yield Read(path)
    return response(200, body) if body is not None else response(404, "404 page not found\n")


def porter(argv: Sequence[str]) -> Server:
    """Answers on each port that a variable SERVE_PORT_<number> names with that variable's value."""
    given, _ = flags(argv[2:], ("json-response",))
    as_json = given.get("json-response") == "true"

    def ports(context: Context) -> tuple[int, ...]:
        return tuple(_served(context)) or (-1,)

    def handle(context: Context, call: Call) -> Answering:
        body = _served(context).get(call.port, "")
        if call.protocol != "http":
            return Answer(True, body)
        if as_json:
            body = json.dumps({"Method": call.payload["method"], "Body": body}, separators=(",", ":"))
        return response(200, body)
        yield

    return Server("any", ports, handle, stop_code=143)


def _served(context: Context) -> dict[int, str]:
    found: dict[int, str] = {}
    for name, value in context.env.items():
        for prefix in (
            "SERVE_PORT_",
            "SERVE_TCP_PORT_",
            "SERVE_UDP_PORT_",
            "SERVE_SCTP_PORT_",
            "SERVE_TLS_PORT_",
        ):
            if name.startswith(prefix) and name[len(prefix) :].isdigit():
                found[int(name[len(prefix) :])] = value
    return found


def grpc_health(argv: Sequence[str]) -> Server:
    """Answers gRPC health checks, and two HTTP pages that change the answer."""
    given, _ = flags(argv[2:])
    port, http_port = int(given.get("port") or 5000), int(given.get("http-port") or 8080)
    delay = int(given.get("delay-unhealthy-sec") or -1)
    service = given.get("service", "")

    def handle(context: Context, call: Call) -> Answering:
        now_us = yield Now()
        age_us = now_us - context.started_us
        if call.port == http_port:
            if call.payload["path"] not in ("/make-not-serving", "/make-serving"):
                return response(404, "404 page not found\n")
            serving = call.payload["path"] == "/make-serving"
            yield from logged(f"Mark as {'healthy' if serving else 'unhealthy'}")
            yield Remember("serving", serving)
            return response(200, f"{seconds_text(age_us)}s")
        if call.protocol != "grpc":
            return Answer(False, error="malformed response")
        if (call.payload or {}).get("service", "") != service:
            return Answer(False, error="rpc error: code = NotFound desc = unknown service")
        forced = yield Recall("serving")
        ill = forced is False or (delay >= 0 and age_us >= delay * SECOND_US)
        return Answer(True, {"status": "NOT_SERVING" if ill else "SERVING"})

    return Server("any", lambda context: (port, http_port), handle, stop_code=143)


def guestbook(argv: Sequence[str]) -> Server:
    """A small store with replicas, and a front end that writes to the one and reads from the others."""
    given, _ = flags(argv[2:])
    port, backend = int(given.get("http-port") or 80), int(given.get("backend-port") or 6379)

    def handle(context: Context, call: Call) -> Answering:
        path, _, query = call.payload["path"].partition("?")
        values = {name: found[0] for name, found in parse_qs(query).items()}
        if path == "/guestbook":
            command = values.get("cmd", "").lower()
            if command not in ("get", "set"):
                return response(400, f"unsupported cmd: '{command}'\n")
            host = "agnhost-replica" if command == "get" else "agnhost-primary"
            asked = f"/{command}?key={values.get('key', '')}&value={values.get('value', '')}"
            answer = yield from _ask(host, backend, asked)
            return answer if answer.ok else response(417, f"encountered error: {answer.error}\n")
        if path in ("/get", "/set", "/register"):
            return (yield from _store(context, given.get("replicaof", ""), backend, path, values))
        return response(404, "404 page not found\n")

    return Server("http", lambda context: (port,), handle, stop_code=143)


def _ask(host: str, port: int, path: str) -> Answering:
    payload = {"method": "GET", "path": path, "host": f"{host}:{port}", "headers": {}, "body": ""}
    answer: Answer = yield Call(host, port, "http", payload)
    return answer


def _store(context: Context, primary: str, backend: int, path: str, values: dict[str, str]) -> Answering:
    """What a primary holds is asked for there; a replica holds nothing of its own."""
    if primary and path == "/get":
        return (yield from _ask(primary, backend, f"/get?key={values.get('key', '')}"))
    stored = (yield Recall("store")) or {}
    if path == "/set":
        yield from logged(f"GET /set?key={values.get('key', '')}&value={values.get('value', '')}")
        if not values.get("key"):
            return response(400, "cannot set with empty key.\n")
        yield Remember("store", {**stored, values["key"]: values.get("value", "")})
        return response(200, json.dumps({"message": "Updated"}, separators=(",", ":")))
    key = values.get("key", "")
    found = stored if path == "/register" or not key else stored.get(key, "")
    return response(200, json.dumps({"data": found}, separators=(",", ":")))


def nettest(argv: Sequence[str]) -> Server:
    """Notes who wrote to it. It is told of its peers by them alone: it asks none."""
    given, _ = flags(argv[2:])
    port = int(given.get("port") or 8080)

    def handle(context: Context, call: Call) -> Answering:
        path = call.payload["path"].partition("?")[0]
        received = (yield Recall("received")) or {}
        if path == "/write":
            try:
                source = str(json.loads(call.payload.get("body") or "{}").get("Source", ""))
            except (ValueError, AttributeError):
                return response(200, "")
            yield Remember("received", {**received, source: received.get(source, 0) + 1})
            return response(200, json.dumps({"Hostname": context.hostname}, separators=(",", ":")))
        if path == "/read":
            state: dict[str, Any] = {
                "Hostname": context.hostname,
                "Sent": {},
                "Received": received,
                "Errors": None,
                "Log": [],
                "StillContactingPeers": False,
            }
            return response(200, json.dumps(state, indent="\t"))
        return response(404, "404 page not found\n")

    return Server("http", lambda context: (port,), handle, stop_code=143)


def pause(argv: Sequence[str]) -> Server:
    """Waits for a signal, and ends with its code."""

    def handle(context: Context, call: Call) -> Answering:
        return Answer(False, error="connection refused")
        yield

    return Server(
        "none", lambda context: (-1,), handle, lambda context: ("Paused", "Signals registered"), stop_code=2
    )
