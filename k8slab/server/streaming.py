"""Answers that go on: watches as JSON lines, and logs that are followed.

A watch holds no queue. It remembers a revision and reads on from the store's
history when it is woken, so that a slow client costs nothing and loses
nothing until history is compacted. Watches that ask for the same share the
work of writing the events down.

Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/watch.go and
pkg/registry/core/pod/rest/log.go, v1.36.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from k8slab.api.errors import ApiError
from k8slab.cluster import watches
from k8slab.cluster.negotiation import output_of
from k8slab.cluster.request import Request, Response, Watch
from k8slab.cluster.routes import parse_path
from k8slab.cluster.world import World
from k8slab.containers.logs import Line, text_of
from k8slab.kubelet.streams import log_lines, status_of
from k8slab.server import answers
from k8slab.server.requests import Receive, Send

if TYPE_CHECKING:
    from k8slab.server.app import App

BOOKMARK_SECONDS = 60.0
DEFAULT_SECONDS = 2700
"""How long a watch lasts that says nothing: upstream chooses between half an hour and an hour."""

_OWN_PARAMETERS = (
    "resourceVersion",
    "timeoutSeconds",
    "timeout",
    "sendInitialEvents",
    "resourceVersionMatch",
)


class Shared:
    """The events of one revision to the next as bytes, for all watches that ask for the same."""

    def __init__(self) -> None:
        self._world: World | None = None
        self._revision = -1
        self._bytes: dict[Any, bytes] = {}

    def read(self, world: World, watch: Watch, content_type: str) -> tuple[bytes, Watch]:
        """The events since the watch was last read, and the watch to read on with."""
        if world is not self._world or world.store.revision != self._revision:
            self._world, self._revision = world, world.store.revision
            self._bytes.clear()
        slot = (_identity(watch.request), watch.after_revision, content_type)
        data = self._bytes.get(slot)
        if data is not None:
            return data, watch._replace(after_revision=world.store.revision)
        events, later = watches.events(world, watch)
        data = b"".join(answers.event_bytes(content_type, event) for event in events)
        self._bytes[slot] = data
        return data, later


def _identity(request: Request) -> Any:
    """What decides which events a watch shows, and how."""
    query = tuple((name, value) for name, value in request.query.items() if name not in _OWN_PARAMETERS)
    return (request.path, query, request.headers.get("Accept", ""))


def _seconds(request: Request) -> float:
    text = request.query.get("timeoutSeconds", "")
    return float(min(int(text), 24 * 3600)) if text.isdigit() and int(text) > 0 else DEFAULT_SECONDS


async def _start(send: Send, response: Response) -> None:
    headers = answers.headers_of(response)
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _part(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    """Return when the client goes away."""
    while (await receive())["type"] != "http.disconnect":
        continue


async def watch(app: App, response: Response, receive: Receive, send: Send) -> None:
    """Send a watch's events until its time is over, the client goes away, or the server closes."""
    opened = response.watch
    assert opened is not None
    gone = asyncio.ensure_future(_gone(receive))
    sending = asyncio.ensure_future(_send_events(app, opened, response, send))
    try:
        app.metrics.watches += 1
        await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
    finally:
        app.metrics.watches -= 1
        gone.cancel()
        sending.cancel()
        await asyncio.gather(gone, sending, return_exceptions=True)


async def _send_events(app: App, opened: Watch, response: Response, send: Send) -> None:
    world = app.lab.world
    # What is asked for at the start is not asked for again when the watch goes on.
    query = {name: value for name, value in opened.request.query.items() if name not in _OWN_PARAMETERS}
    now = opened._replace(request=opened.request._replace(query=query))
    end = time.monotonic() + _seconds(opened.request)
    marks = opened.request.query.get("allowWatchBookmarks") in ("1", "true")
    next_mark = time.monotonic() + BOOKMARK_SECONDS
    form = response.content_type
    with app.wakeups.waiting(opened.kind) as woken:
        await _start(send, response)
        await _part(send, b"".join(answers.event_bytes(form, event) for event in response.body))
        while not app.wakeups.closing:
            until = min(end, next_mark) if marks else end
            try:
                await asyncio.wait_for(woken.wait(), max(until - time.monotonic(), 0))
            except TimeoutError:
                if time.monotonic() >= end:
                    break
                next_mark += BOOKMARK_SECONDS
                await _part(send, _bookmark(app, now, form))
                continue
            woken.clear()
            if app.lab.world is not world:
                await _part(send, _rewound(now, form))
                break
            data, now = await app.locked(lambda watch=now: app.shared.read(world, watch, form))  # type: ignore[misc]
            if data:
                await _part(send, data)
        await _end(send)


def _bookmark(app: App, watch: Watch, form: str) -> bytes:
    world, request = app.lab.world, watch.request
    route = parse_path(world, request.path)
    event = watches.bookmark(world, request, route, watch.after_revision, output_of(request))
    return answers.event_bytes(form, event)


def _rewound(watch: Watch, form: str) -> bytes:
    """The lab was rewound: what the client knows is no longer so, and it must list again."""
    error = ApiError(410, "Expired", f"too old resource version: {watch.after_revision}")
    return answers.event_bytes(form, {"type": "ERROR", "object": error.status()})


# Logs.


def follows(request: Request) -> bool:
    """Whether a request asks to follow a container's log."""
    return request.path.rstrip("/").endswith("/log") and request.query.get("follow") in ("1", "true")


async def follow_log(app: App, request: Request, receive: Receive, send: Send) -> None:
    """Send a container's log as it grows, until the container has ended."""
    gone = asyncio.ensure_future(_gone(receive))
    sending = asyncio.ensure_future(_send_log(app, request, send))
    try:
        await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        sending.cancel()
        await asyncio.gather(gone, sending, return_exceptions=True)


async def _send_log(app: App, request: Request, send: Send) -> None:
    with app.wakeups.waiting("Log", "Pod") as woken:
        # Text and length are taken together, so that no line comes twice or never.
        response, known, ended = await app.locked(lambda: _log_start(app, request))
        await _start(send, response)
        await _part(send, answers.body_bytes(response))
        while not ended and not app.wakeups.closing:
            await woken.wait()
            woken.clear()
            text, known, ended = await app.locked(lambda count=known: _log_more(app, request, count))  # type: ignore[misc]
            if text:
                await _part(send, text.encode("utf-8", "replace"))
        await _end(send)


def _log_start(app: App, request: Request) -> tuple[Response, int, bool]:
    lines, ended = _lines(app, request)
    return app.answer(request), len(lines), ended


def _log_more(app: App, request: Request, known: int) -> tuple[str, int, bool]:
    lines, ended = _lines(app, request)
    fresh = lines[known:]
    if not fresh:
        return "", len(lines), ended
    stamps = request.query.get("timestamps") == "true"
    return text_of(fresh, since_us=0, tail=None, timestamps=stamps, limit_bytes=0), len(lines), ended


def _lines(app: App, request: Request) -> tuple[list[Line], bool]:
    """The lines of the container's log so far, and whether it will stay at them."""
    world = app.lab.world
    route = parse_path(world, request.path)
    pod = world.get("Pod", route.key)
    if pod is None:
        return [], True
    container = request.query.get("container", "") or pod["spec"]["containers"][0]["name"]
    status = status_of(pod, container) or {}
    try:
        lines = log_lines(world, pod, container, previous=request.query.get("previous") == "true")
    except ApiError:
        return [], True
    return lines, "running" not in (status.get("state") or {})
