"""WebSockets: exec, attach and port-forward, each message with its channel in the first byte.

Models staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go,
staging/src/k8s.io/kubelet/pkg/cri/streaming/{remotecommand,portforward} and
staging/src/k8s.io/apiserver/pkg/util/proxy, v1.36.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj
from k8slab.cluster import streams
from k8slab.cluster.request import Request, Response
from k8slab.cluster.routes import parse_path
from k8slab.kubelet.streams import log_lines, running_container, status_of
from k8slab.server import answers, forwarding, requests
from k8slab.server.requests import Receive, Scope, Send

if TYPE_CHECKING:
    from k8slab.server.app import App

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
COMMAND_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_READY = "Upgrade request required"
"""What the API server says to a stream's request that is in order and not yet a stream."""
_END_OF_TRANSMISSION = b"\x04"


async def serve_socket(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one WebSocket from its handshake to its end."""
    await receive()
    try:
        request = requests.request_of(scope, "GET", app.token)
        response = await app.locked(lambda: app.answer(request))
        if _message(response) != _READY:
            raise _RefusedError(response)
        key, subresource = await app.locked(lambda: _target(app, request))
        serve = {"exec": _exec, "attach": _attach, "portforward": _forward}.get(subresource)
        if serve is None:
            raise _RefusedError(response)
        protocol = _protocol(scope, forwarding.PROTOCOLS if serve is _forward else COMMAND_PROTOCOLS)
        if protocol is None:
            raise _RefusedError(
                answers.refusal(ApiError(400, "BadRequest", "unable to upgrade: no common protocol"))
            )
        if serve is not _forward:
            await app.locked(lambda: _check_running(app, request, key))
    except ApiError as error:
        await _refuse(send, answers.refusal(error))
        return
    except _RefusedError as refused:
        await _refuse(send, refused.response)
        return
    await send({"type": "websocket.accept", "subprotocol": protocol, "headers": []})
    try:
        await serve(app, Channels(receive, send, protocol), scope, request, key)
        await send({"type": "websocket.close", "code": 1000})
    except (HangupError, OSError, RuntimeError):
        # The client went away: there is nobody to tell.
        return


class _RefusedError(Exception):
    """A handshake that is answered by an ordinary response."""

    def __init__(self, response: Response) -> None:
        self.response = response


class HangupError(Exception):
    """The client closed the WebSocket."""


def _message(response: Response) -> str:
    return str(response.body.get("message", "")) if isinstance(response.body, dict) else ""


def _protocol(scope: Scope, known: Sequence[str]) -> str | None:
    """The first of the client's subprotocols that is known."""
    return next((one for one in scope.get("subprotocols") or () if one in known), None)


async def _refuse(send: Send, response: Response) -> None:
    start = {"status": response.code, "headers": answers.headers_of(response)}
    await send({"type": "websocket.http.response.start", **start})
    await send({"type": "websocket.http.response.body", "body": answers.body_bytes(response)})


def _target(app: App, request: Request) -> tuple[Key, str]:
    route = parse_path(app.lab.world, request.path)
    return route.key, route.subresource


def _check_running(app: App, request: Request, key: Key) -> None:
    running_container(streams.pod_at(app.lab.world, key), request.query.get("container", ""))


class Channels:
    """A WebSocket as channels of bytes."""

    def __init__(self, receive: Receive, send: Send, protocol: str) -> None:
        self._receive = receive
        self._send = send
        self.protocol = protocol
        self.can_close = protocol.startswith("v5")
        """Whether the client can say that a channel has ended."""

    async def read(self) -> tuple[int, bytes]:
        """The next message: its channel and its bytes. HangupError where the client closed."""
        data = await self.read_bytes()
        return data[0], data[1:]

    async def read_bytes(self) -> bytes:
        """The next message that is not empty, without regard to channels."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                raise HangupError
            data: bytes | None = message.get("bytes")
            if data is None:
                data = (message.get("text") or "").encode()
            if data:
                return data

    async def write_bytes(self, data: bytes) -> None:
        """Send bytes without a channel."""
        await self._send({"type": "websocket.send", "bytes": data})

    async def write(self, channel: int, data: bytes) -> None:
        """Send bytes on a channel, in messages of a bounded size."""
        for start in range(0, len(data), 32768):
            part = bytes((channel,)) + data[start : start + 32768]
            await self._send({"type": "websocket.send", "bytes": part})

    async def finish(self, status: Obj) -> None:
        """Send the status with which a command ended."""
        await self.write(ERROR, json.dumps(status, separators=(",", ":")).encode())


def exit_status(code: int) -> Obj:
    """The status that tells an exit code."""
    if not code:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _wants(request: Request, name: str) -> bool:
    return request.query.get(name) in ("1", "true")


async def _exec(app: App, channels: Channels, scope: Scope, request: Request, key: Key) -> None:
    """Run a command: its input is read to the end first, then it runs, then its output is sent."""
    command = [value for name, value in requests.query_pairs(scope) if name == "command"]
    stdin = ""
    if _wants(request, "stdin"):
        stdin = (await _read_input(channels)).decode("utf-8", "replace")
    container = request.query.get("container", "")
    loop = asyncio.get_running_loop()
    running = loop.run_in_executor(app.pool, _run, app, key, container, command, stdin)
    hangup = asyncio.ensure_future(_until_hangup(channels))
    try:
        await asyncio.wait((running, hangup), return_when=asyncio.FIRST_COMPLETED)
        if hangup.done():
            raise HangupError
    finally:
        hangup.cancel()
        await asyncio.gather(hangup, return_exceptions=True)
    try:
        stdout, stderr, code = running.result()
    except ApiError as error:
        await channels.finish(error.status())
        return
    terminal = _wants(request, "tty")
    if _wants(request, "stdout"):
        text = stdout + stderr if terminal else stdout
        await channels.write(STDOUT, _for_terminal(text, terminal))
    if _wants(request, "stderr") and not terminal:
        await channels.write(STDERR, stderr.encode("utf-8", "replace"))
    await channels.finish(exit_status(code))


def _for_terminal(text: str, terminal: bool) -> bytes:
    return (text.replace("\n", "\r\n") if terminal else text).encode("utf-8", "replace")


async def _until_hangup(channels: Channels) -> None:
    try:
        while True:
            await channels.read()
    except HangupError:
        return


async def _read_input(channels: Channels) -> bytes:
    """All that the client types, until it ends its input."""
    parts: list[bytes] = []
    while True:
        channel, data = await channels.read()
        if channel == CLOSE and data[:1] == bytes((STDIN,)):
            return b"".join(parts)
        if channel != STDIN:
            continue
        head, ended, _ = data.partition(_END_OF_TRANSMISSION)
        parts.append(head)
        if ended or (not data and not channels.can_close):
            return b"".join(parts)


def _run(app: App, key: Key, container: str, command: list[str], stdin: str) -> tuple[str, str, int]:
    """Run a command in a container, letting go of the lab while it sleeps."""
    lab = app.lab

    def run_to(at_us: int) -> None:
        lab.lock.release()
        try:
            app.clock.wait_until(at_us)
        finally:
            lab.lock.acquire()

    words = ["exec", key[1], "-n", key[0], *(("-c", container) if container else ()), "--", *command]
    with lab.lock:
        app.clock.catch_up()
        lab._record("kubectl", shlex.join(words), stdin, {})
        try:
            with lab._input():
                return streams.execute(lab.world, key, container, command, stdin, run_to=run_to)
        finally:
            app.clock.poke()
            app.wakeups.notice()


async def _attach(app: App, channels: Channels, scope: Scope, request: Request, key: Key) -> None:
    """Show what a container writes from now on, until it ends."""
    container = request.query.get("container", "")
    known = -1
    with app.wakeups.waiting("Log", "Pod") as woken:
        while not app.wakeups.closing:
            await _woken_or_gone(woken, channels)
            woken.clear()
            lines, ended = await app.locked(lambda: _log(app, key, container))
            fresh = lines[known:] if known >= 0 else []
            for line in fresh:
                channel = STDERR if line.stream == "stderr" and _wants(request, "stderr") else STDOUT
                await channels.write(channel, f"{line.text}\n".encode("utf-8", "replace"))
            known = len(lines)
            if ended:
                break
    await channels.finish(exit_status(0))


def _log(app: App, key: Key, container: str) -> tuple[list[Any], bool]:
    pod = app.lab.world.get("Pod", key)
    if pod is None:
        return [], True
    name = container or pod["spec"]["containers"][0]["name"]
    try:
        lines = log_lines(app.lab.world, pod, name)
    except ApiError:
        return [], True
    return lines, "running" not in ((status_of(pod, name) or {}).get("state") or {})


async def _woken_or_gone(woken: asyncio.Event, channels: Channels) -> None:
    waiting = asyncio.ensure_future(woken.wait())
    hangup = asyncio.ensure_future(_until_hangup(channels))
    try:
        await asyncio.wait((waiting, hangup), return_when=asyncio.FIRST_COMPLETED)
        if hangup.done():
            raise HangupError
    finally:
        waiting.cancel()
        hangup.cancel()
        await asyncio.gather(waiting, hangup, return_exceptions=True)


async def _forward(app: App, channels: Channels, scope: Scope, request: Request, key: Key) -> None:
    await forwarding.serve(app, channels, scope, key)


__all__ = ["Channels", "HangupError", "exit_status", "serve_socket"]
