"""The ASGI application: from a connection to `rest.handle` and back.

Every request is answered under the lab's lock. The event loop takes the lock
where it is free and otherwise waits for it in a thread, so that a long run of
the lab in a cell holds up nobody but those who ask the lab something.

Models staging/src/k8s.io/apiserver/pkg/server/{handler,config}.go, v1.36.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from k8slab.api.errors import ApiError
from k8slab.cluster import access, flow_control, rest
from k8slab.cluster.request import Request, Response
from k8slab.server import answers, metrics, openapi, requests, sockets, streaming
from k8slab.server.live import LiveClock
from k8slab.server.requests import Receive, Scope, Send
from k8slab.server.wakeups import Wakeups

if TYPE_CHECKING:
    from k8slab.lab import Lab

T = TypeVar("T")
_WORKERS = 64


class App:
    """The application of one served lab. `faults` holds what went wrong within: it should stay empty."""

    def __init__(self, lab: Lab, clock: LiveClock, token: str) -> None:
        self.lab = lab
        self.clock = clock
        self.token = token
        self.prefix = requests.prefix_of(token)
        self.wakeups = Wakeups(lab)
        self.metrics = metrics.Metrics()
        self.faults: list[Exception] = []
        self.shared = streaming.Shared()
        self.pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="k8slab-request")

    def changed(self) -> None:
        """The lab's clock changed something; from any thread."""
        self.wakeups.notice()

    def close(self) -> None:
        """End all streams; from any thread."""
        self.wakeups.close()
        self.pool.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await sockets.serve_socket(self, scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        try:
            request = requests.request_of(scope, method, self.token)
            body = await requests.read_body(receive)
            request, binary = requests.as_json(requests.with_body(request, body))
            await self.wait_as_long_as_it_takes()
            response = await self.locked(lambda: self.answer(request))
            if binary:
                response = answers.as_protobuf(response)
        except requests.ClientGoneError:
            return
        except ApiError as error:
            request, response = Request(method, scope["path"]), answers.refusal(error)
        self.metrics.count(request, response.code)
        try:
            if response.code == 200 and method == "GET":
                if response.watch is not None:
                    await streaming.watch(self, response, receive, send)
                    return
                if streaming.follows(request):
                    await streaming.follow_log(self, request, receive, send)
                    return
            await send_response(send, response, with_body=method != "HEAD")
        except OSError:
            # The client went away while it was answered: there is nobody to tell.
            return

    async def wait_as_long_as_it_takes(self) -> None:
        """Let lab time pass where the API server is slow."""
        world = self.lab.world
        if world.latency_us:
            due_us = world.now_us + world.latency_us
            await asyncio.get_running_loop().run_in_executor(self.pool, self.clock.wait_until, due_us)

    async def locked(self, function: Callable[[], T]) -> T:
        """Call a function that holds the lab's lock."""
        lock = self.lab.lock
        if lock.acquire(blocking=False):
            try:
                return function()
            finally:
                lock.release()
        return await asyncio.get_running_loop().run_in_executor(self.pool, self._call_locked, function)

    def _call_locked(self, function: Callable[[], T]) -> T:
        with self.lab.lock:
            return function()

    def answer(self, request: Request) -> Response:
        """Answer a request as things stand now. The lab's lock must be held."""
        self.clock.catch_up()
        world = self.lab.world
        before = world.store.revision
        try:
            response = self._fixed(request) or self.lab.request(_as_text(request))
        except ApiError as error:
            response = rest.refusal(error)
        except Exception as error:  # noqa: BLE001 - whatever is wrong within, a client gets an answer
            self.faults.append(error)
            response = answers.refusal(answers.PANICKED)
        if world.store.revision != before:
            self.clock.poke()
            self.wakeups.notice()
        return self._with_flow(request, response)

    def _with_flow(self, request: Request, response: Response) -> Response:
        """The answer with the FlowSchema and priority level of its request, unless nobody known asked."""
        if response.code == 401:
            return response
        try:
            asked = access.attributes_of(access.identify(self.lab.world, request))
        except ApiError:
            return response
        flow = flow_control.flow_of(self.lab.world, asked)
        return response if flow is None else response._replace(headers={**response.headers, **flow.headers})

    def _fixed(self, request: Request) -> Response | None:
        """The documents that only the HTTP server offers."""
        if request.method not in ("GET", "HEAD"):
            return None
        if request.path.startswith(openapi.ROOT):
            return openapi.answer(self.lab.world, request, self.prefix)
        if request.path == openapi.OLDER:
            return openapi.older_answer(self.lab.world, request)
        if request.path == "/metrics":
            access.check(self.lab.world, access.attributes_of(access.identify(self.lab.world, request)))
            return Response(200, self.metrics.text(self.lab, self.wakeups), metrics.CONTENT_TYPE)
        return None


def _as_text(request: Request) -> Request:
    """The request with its body as text, so that it can be kept as an input."""
    if isinstance(request.body, bytes):
        return request._replace(body=request.body.decode("utf-8", "replace"))
    return request


async def send_response(send: Send, response: Response, *, with_body: bool = True) -> None:
    """Send an answer that is no stream."""
    data = answers.body_bytes(response)
    headers = [*answers.headers_of(response), (b"content-length", str(len(data)).encode())]
    if response.code in (204, 304):
        headers, data = headers[:-1], b""
    await send({"type": "http.response.start", "status": response.code, "headers": headers})
    await send({"type": "http.response.body", "body": data if with_body else b""})
