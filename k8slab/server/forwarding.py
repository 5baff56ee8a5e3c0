"""Port-forward: a client's connection to a port of a Pod.

What listens in a Pod answers requests, not bytes, so a forwarded connection is
read as HTTP/1.1. It may carry any number of requests, one after the other.

Models staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward/{httpstream,
websocket}.go and staging/src/k8s.io/apiserver/pkg/util/proxy, v1.36.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj
from k8slab.cluster import streams
from k8slab.cluster.api import component_actor
from k8slab.cluster.dispatch import execute as carry_out
from k8slab.cluster.world import Cause
from k8slab.containers.requests import Answer
from k8slab.kubelet.streams import request as ask
from k8slab.server import requests, spdy
from k8slab.server.requests import Scope

if TYPE_CHECKING:
    from k8slab.server.app import App
    from k8slab.server.sockets import Channels

TUNNEL = "SPDY/3.1+portforward.k8s.io"
PROTOCOLS = (TUNNEL, "v4.channel.k8s.io")
_LONGEST_REQUEST = 4 * 1024 * 1024
_REASONS = {200: "OK", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}


async def serve(app: App, channels: Channels, scope: Scope, key: Key) -> None:
    """Serve a port-forward until the client closes it."""
    if channels.protocol == TUNNEL:
        await _tunnel(app, channels, key)
    else:
        await _by_channels(app, channels, scope, key)


class Connection:
    """One forwarded connection: bytes that become requests, answered in order."""

    def __init__(self, app: App, key: Key, port: int) -> None:
        self._app = app
        self._key = key
        self._port = port
        self._buffer = b""

    async def feed(self, data: bytes) -> tuple[bytes, str]:
        """The answers to what these bytes complete; and why the connection failed, where it did."""
        self._buffer += data
        out = b""
        while (found := parse_http(self._buffer)) is not None:
            payload, size = found
            self._buffer = self._buffer[size:]
            answer = await self._app.locked(partial(_ask, self._app, self._key, self._port, payload))
            if not answer.ok:
                return out, self._failure(answer.error)
            out += http_bytes(answer.payload, payload["method"])
        if len(self._buffer) > _LONGEST_REQUEST:
            return out, self._failure("the request is too long")
        return out, ""

    def _failure(self, text: str) -> str:
        return f"error forwarding port {self._port} to pod {self._key[1]}, uid : {text}"


def _ask(app: App, key: Key, port: int, payload: Obj) -> Answer:
    """Have the program that listens in the Pod answer. The lab's lock must be held."""
    app.clock.catch_up()
    world = app.lab.world
    try:
        pod = streams.pod_at(world, key)
    except ApiError as error:
        return Answer(False, error=error.message)
    actor = component_actor("kubelet", "kubelet")
    plan = ask(world, pod, port, payload, "http", world.now_us)
    cause, outcome = -1, None
    while True:
        try:
            action = plan.send(outcome)
        except StopIteration as stop:
            app.clock.poke()
            app.wakeups.notice()
            answer: Answer = stop.value
            return answer
        if cause < 0:
            world.causes.append(Cause(world.now_us, "user", key, 0, f"kubectl port-forward {key[1]} {port}"))
            cause = len(world.causes) - 1
        outcome = carry_out(world, actor, action, cause)


def parse_http(data: bytes) -> tuple[Obj, int] | None:
    """The first whole request in these bytes and its length; None while there is none."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, target = first.partition(" ")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().title()] = value.strip()
    length = headers.get("Content-Length", "0")
    size = int(length) if length.isascii() and length.isdigit() else 0
    if len(rest) < size:
        return None
    payload: dict[str, Any] = {
        "method": method,
        "path": target.rpartition(" ")[0] or "/",
        "host": headers.get("Host", ""),
        "headers": headers,
        "body": rest[:size].decode("utf-8", "replace"),
    }
    return payload, len(head) + len(end) + size


def http_bytes(payload: Obj, method: str) -> bytes:
    """An answer as HTTP/1.1."""
    status = payload.get("status", 200)
    body = str(payload.get("body", "")).encode("utf-8", "replace")
    headers = {**(payload.get("headers") or {}), "Content-Length": str(len(body))}
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}".rstrip()]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n"
    return head if method == "HEAD" else head + body


async def _by_channels(app: App, channels: Channels, scope: Scope, key: Key) -> None:
    """Two channels for each port: its data and its errors. Each begins with the port's number."""
    ports = [
        int(port)
        for name, value in requests.query_pairs(scope)
        if name == "ports"
        for port in value.split(",")
        if port.isascii() and port.isdigit()
    ]
    connections = [Connection(app, key, port) for port in ports]
    for number, port in enumerate(ports[:100]):
        for channel in (2 * number, 2 * number + 1):
            await channels.write(channel, (port & 0xFFFF).to_bytes(2, "little"))
    while True:
        channel, data = await channels.read()
        if channel % 2 or channel // 2 >= len(connections):
            continue
        answer, failure = await connections[channel // 2].feed(data)
        await channels.write(channel, answer)
        if failure:
            await channels.write(channel + 1, failure.encode())


class _Tunnel:
    """The streams of one SPDY connection: pairs of an error and a data stream by request id."""

    def __init__(self, app: App, key: Key) -> None:
        self.framing = spdy.Framing()
        self._app = app
        self._key = key
        self._errors: dict[str, int] = {}
        self._data: dict[int, tuple[str, Connection]] = {}

    async def answer(self, frame: spdy.Frame) -> bytes:
        """What to send on account of a frame."""
        if frame.kind == spdy.SYN_STREAM:
            return self._opened(frame)
        if frame.kind == spdy.PING:
            return self.framing.pong(frame)
        if frame.kind == 0 and frame.stream in self._data:
            return await self._fed(frame)
        if frame.kind == spdy.RST_STREAM and frame.stream in self._data:
            del self._data[frame.stream]
        return b""

    def _opened(self, frame: spdy.Frame) -> bytes:
        headers = frame.headers
        request, port = headers.get("requestid", ""), headers.get("port", "")
        if headers.get("streamtype") == "error":
            self._errors[request] = frame.stream
        elif port.isascii() and port.isdigit():
            self._data[frame.stream] = request, Connection(self._app, self._key, int(port))
        return self.framing.reply(frame.stream)

    async def _fed(self, frame: spdy.Frame) -> bytes:
        request, connection = self._data[frame.stream]
        answer, failure = await connection.feed(frame.data)
        last = bool(frame.flags & spdy.FIN) or bool(failure)
        out = self.framing.data(frame.stream, answer, last=last) if answer or last else b""
        if last:
            del self._data[frame.stream]
            errors = self._errors.pop(request, None)
            if errors is not None:
                out += self.framing.data(errors, failure.encode(), last=True)
        return out


async def _tunnel(app: App, channels: Channels, key: Key) -> None:
    """SPDY frames in a WebSocket's messages."""
    tunnel = _Tunnel(app, key)
    while True:
        data = await channels.read_bytes()
        try:
            for frame in tunnel.framing.feed(data):
                out = await tunnel.answer(frame)
                if out:
                    await channels.write_bytes(out)
                if frame.kind == spdy.GOAWAY:
                    return
        except spdy.SpdyError:
            return
