"""WebSockets: exec, attach and port-forward, each message with its channel in the first byte.

Models staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go,
staging/src/k8s.io/kubelet/pkg/cri/streaming/{remotecommand,portforward} and
staging/src/k8s.io/apiserver/pkg/util/proxy, v1.36.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj
from k8slab.cluster import streams
from k8slab.cluster.request import Request, Response
from k8slab.cluster.routes import parse_path
from k8slab.containers import consoles
from k8slab.containers.files import bytes_of, text_from
from k8slab.kubelet import sessions
from k8slab.kubelet.streams import container_of, log_lines, running_container, status_of
from k8slab.server import answers, forwarding, requests
from k8slab.server.requests import Receive, Scope, Send

if TYPE_CHECKING:
    from k8slab.server.app import App

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
COMMAND_PROTOCOLS = (
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "channel.k8s.io",
    "v4.base64.channel.k8s.io",
    "base64.channel.k8s.io",
)
LOG_PROTOCOLS = ("binary.k8s.io", "base64.binary.k8s.io")
_READY = "Upgrade request required"
"""What the API server says to a stream's request that is in order and not yet a stream."""


async def serve_socket(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one WebSocket from its handshake to its end."""
    await receive()
    try:
        request = requests.request_of(scope, "GET", app.token)
        response = await app.locked(lambda: app.answer(request))
        is_log = request.path.rstrip("/").endswith("/log") and response.code == 200
        if _message(response) != _READY and not is_log:
            raise _RefusedError(response)
        key, subresource = await app.locked(lambda: _target(app, request))
        if subresource == "log":
            await _send_log(send, _protocol(scope, LOG_PROTOCOLS), response)
            return
        serve = {"exec": _exec, "attach": _attach, "portforward": _forward}.get(subresource)
        if serve is None:
            raise _RefusedError(response)
        protocol = _protocol(scope, forwarding.PROTOCOLS if serve is _forward else COMMAND_PROTOCOLS)
        if protocol is None:
            raise _RefusedError(
                answers.refusal(ApiError(400, "BadRequest", "unable to upgrade: no common protocol"))
            )
        failure = None if serve is _forward else await app.locked(lambda: _not_running(app, request, key))
    except ApiError as error:
        await _refuse(send, answers.refusal(error))
        return
    except _RefusedError as refused:
        await _refuse(send, refused.response)
        return
    await send({"type": "websocket.accept", "subprotocol": protocol, "headers": []})
    channels = Channels(receive, send, protocol)
    try:
        if failure is not None:
            await channels.finish(failure.status())
        else:
            await serve(app, channels, scope, request, key)
        await send({"type": "websocket.close", "code": 1000})
    except (HangupError, OSError, RuntimeError):
        # The client went away: there is nobody to tell.
        return


async def _send_log(send: Send, protocol: str | None, response: Response) -> None:
    """A container's log as messages of bytes, or of base64."""
    await send({"type": "websocket.accept", "subprotocol": protocol, "headers": []})
    data = answers.body_bytes(response)
    for start in range(0, len(data), 32768):
        part = data[start : start + 32768]
        if protocol is not None and protocol.startswith("base64"):
            await send({"type": "websocket.send", "text": base64.b64encode(part).decode()})
        else:
            await send({"type": "websocket.send", "bytes": part})
    await send({"type": "websocket.close", "code": 1000})


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


def _not_running(app: App, request: Request, key: Key) -> ApiError | None:
    """Why nothing can be done in a container: what the node says of it goes over the stream."""
    world = app.lab.world
    try:
        running_container(world, streams.pod_at(world, key), request.query.get("container", ""))
    except ApiError as error:
        if error.reason != "InternalError":
            raise
        return error
    return None


class Channels:
    """A WebSocket as channels of bytes."""

    def __init__(self, receive: Receive, send: Send, protocol: str) -> None:
        self._receive = receive
        self._send = send
        self.protocol = protocol
        self.can_close = protocol.startswith("v5")
        """Whether the client can say that a channel has ended."""
        self._is_text = "base64" in protocol
        """Whether bytes travel as base64 after a channel's digit."""
        self._tells_status = protocol.startswith("v")
        """Whether a command's end is told as a Status, and not only a failure in words."""

    async def read(self) -> tuple[int, bytes]:
        """The next message: its channel and its bytes. HangupError where the client closed."""
        data = await self.read_bytes()
        if self._is_text:
            return data[0] - ord("0"), base64.b64decode(data[1:])
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
            part = data[start : start + 32768]
            if self._is_text:
                await self._send(
                    {"type": "websocket.send", "text": f"{channel}{base64.b64encode(part).decode()}"}
                )
            else:
                await self._send({"type": "websocket.send", "bytes": bytes((channel,)) + part})

    async def finish(self, status: Obj) -> None:
        """Send the status with which a command ended."""
        if not self._tells_status:
            if status["status"] != "Success":
                await self.write(ERROR, str(status.get("message", "")).encode())
            return
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
    """Run a command: its input goes in as it is typed, its output comes out as it is written."""
    command = [value for name, value in requests.query_pairs(scope) if name == "command"]
    container = request.query.get("container", "")
    tty, has_input = _wants(request, "tty"), _wants(request, "stdin")

    def start() -> str:
        app.clock.catch_up()
        name = app.lab.start_command(key[0], key[1], container, command, tty, has_input)
        _done(app)
        return name

    try:
        console = await app.locked(start)
    except ApiError as error:
        await channels.finish(error.status())
        return
    place = (key[0], console)
    typing = asyncio.ensure_future(_type(app, channels, place, has_input))
    reading = asyncio.ensure_future(_show(app, channels, request, place))
    try:
        await asyncio.wait((typing, reading), return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            raise HangupError
        await channels.finish(exit_status(reading.result()))
    finally:
        typing.cancel()
        reading.cancel()
        await asyncio.gather(typing, reading, return_exceptions=True)
        await app.locked(lambda: app.lab.end_command(*place))


def _done(app: App) -> None:
    """Something was done in a container: let the clock and those who read along look. The lock is held."""
    app.clock.poke()
    app.wakeups.notice()


async def _type(
    app: App, channels: Channels, console: Key, has_input: bool, *, stays_open: bool = False
) -> bool:
    """Type what the client sends, until it goes away.

    True where its input has ended and the console's `stays_open` for others to come.
    """
    try:
        while True:
            channel, data = await channels.read()
            ended = channel == CLOSE and data[:1] == bytes((STDIN,))
            ended = ended or (channel == STDIN and not data and not channels.can_close)
            if not has_input or not (ended or channel == STDIN):
                continue
            if ended and stays_open:
                return True
            text = "" if ended else text_from(data)
            await app.locked(partial(_type_in, app, console, text, ended))
    except HangupError:
        return False


def _type_in(app: App, console: Key, text: str, ended: bool) -> None:
    if consoles.get(app.lab.world, console) is not None:
        app.clock.catch_up()
        app.lab.type_in(*console, text, ended)
        _done(app)


async def _show(app: App, channels: Channels, request: Request, console: Key, since: int = 0) -> int:
    """Send what a console shows until its command has ended. Its exit code."""
    with app.wakeups.waiting(consoles.KIND) as woken:
        while True:
            await woken.wait()
            woken.clear()
            shown, code = await app.locked(partial(_seen, app, console, since))
            since += len(shown)
            for stream, text in shown:
                await _send_text(channels, request, stream, text)
            if code is not None:
                return code
            if app.wakeups.closing:
                raise HangupError
            if app.clock.speed <= 0 and await app.locked(partial(_pass_time, app, console)):
                # Nobody else lets time pass for a command that sleeps.
                woken.set()


def _seen(app: App, console: Key, since: int) -> tuple[list[tuple[str, str]], int | None]:
    """What a console has shown since, and how its command ended if it has."""
    found = consoles.get(app.lab.world, console)
    if found is None:
        return [], sessions.KILLED_CODE
    return consoles.shown(app.lab.world, console, since), found["exit"]


def _pass_time(app: App, console: Key) -> bool:
    """Let time pass until a command that sleeps goes on. Whether it did."""

    def went_on() -> bool:
        found = consoles.get(app.lab.world, console)
        return found is None or found["exit"] is not None or found["starts"] != before

    found = consoles.get(app.lab.world, console)
    if found is None or found["exit"] is not None or found["waits"]:
        return False
    before = found["starts"]
    app.lab.run(until=lambda lab: went_on())
    app.wakeups.notice()
    return went_on()


async def _send_text(channels: Channels, request: Request, stream: str, text: str) -> None:
    tty = _wants(request, "tty")
    is_error = stream == "stderr" and not tty
    if _wants(request, "stderr" if is_error else "stdout"):
        data = bytes_of(text.replace("\n", "\r\n") if tty else text)
        await channels.write(STDERR if is_error else STDOUT, data)


async def _attach(app: App, channels: Channels, scope: Scope, request: Request, key: Key) -> None:
    """Show what a container writes from now on, until it ends; and type into it where it reads.

    The end of the client's input is the container's where that says `stdinOnce` and has no
    terminal; otherwise the client is let go and the container reads on (containerd's
    internal/cri/io/container_io.go).
    """
    container = await app.locked(lambda: container_of(_pod(app, key), request.query.get("container", "")))
    console = consoles.console_of(key, container["name"])
    found = await app.locked(lambda: consoles.get(app.lab.world, console))
    has_input = _wants(request, "stdin") and found is not None
    stays_open = not container.get("stdinOnce") or bool(container.get("tty"))
    typing = asyncio.ensure_future(_type(app, channels, console, has_input, stays_open=stays_open))
    if found is None:
        reading = asyncio.ensure_future(_follow(app, channels, request, key))
    else:
        reading = asyncio.ensure_future(_follow_console(app, channels, request, key, found["pieces"]))
    try:
        await asyncio.wait((typing, reading), return_when=asyncio.FIRST_COMPLETED)
        if not reading.done() and not typing.result():
            raise HangupError
        await channels.finish(exit_status(0))
    finally:
        typing.cancel()
        reading.cancel()
        await asyncio.gather(typing, reading, return_exceptions=True)
        if has_input and not stays_open:
            await app.locked(partial(_type_in, app, console, "", True))


def _pod(app: App, key: Key) -> Obj:
    return streams.pod_at(app.lab.world, key)


async def _follow(app: App, channels: Channels, request: Request, key: Key) -> None:
    """Send the lines of a container's log as they come, until it has ended."""
    container = request.query.get("container", "")
    run = await app.locked(lambda: _run_of(app, key, container))
    known = -1
    with app.wakeups.waiting("Log", "Pod") as woken:
        while not app.wakeups.closing:
            await woken.wait()
            woken.clear()
            lines, ended = await app.locked(lambda: _log(app, key, container))
            ended = ended or await app.locked(lambda: _run_of(app, key, container)) != run
            for line in lines[known:] if known >= 0 else []:
                await _send_text(channels, request, line.stream, line.whole)
            known = len(lines)
            if ended:
                return


async def _follow_console(app: App, channels: Channels, request: Request, key: Key, since: int) -> None:
    """Send what a container's own console shows, until the container has ended."""
    container = request.query.get("container", "")
    name = (await app.locked(lambda: container_of(_pod(app, key), container)))["name"]
    console = consoles.console_of(key, name)
    run = await app.locked(lambda: _run_of(app, key, name))
    with app.wakeups.waiting(consoles.KIND, "Pod") as woken:
        while not app.wakeups.closing:
            await woken.wait()
            woken.clear()
            shown, ended = await app.locked(partial(_seen_of_container, app, key, name, run, console, since))
            since += len(shown)
            for stream, text in shown:
                await _send_text(channels, request, stream, text)
            if ended:
                return


def _run_of(app: App, key: Key, container: str) -> int:
    """Which run of a container is under way; -1 where none is."""
    pod = app.lab.world.get("Pod", key)
    status = status_of(pod, container or pod["spec"]["containers"][0]["name"]) if pod is not None else None
    if status is None or "running" not in (status.get("state") or {}):
        return -1
    return int(status.get("restartCount", 0))


def _seen_of_container(
    app: App, key: Key, name: str, run: int, console: Key, since: int
) -> tuple[list[tuple[str, str]], bool]:
    """What the console has shown since, and whether that run has ended, be it that another has begun."""
    ended = _run_of(app, key, name) != run
    return consoles.shown(app.lab.world, console, since), ended


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


async def _forward(app: App, channels: Channels, scope: Scope, request: Request, key: Key) -> None:
    await forwarding.serve(app, channels, scope, key)


__all__ = ["Channels", "HangupError", "exit_status", "serve_socket"]
