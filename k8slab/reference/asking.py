"""Which way a recorded request takes to the lab: in process, or through the HTTP server.

The comparisons are the same either way. `ask` is the one place where a fact
meets the API server, and `over_http` lets everything asked within it go through
the sockets of one served lab, whose World is exchanged from case to case.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from k8slab.cluster.request import Request, Response
from k8slab.cluster.rest import handle
from k8slab.cluster.world import World

Ask = Callable[[World, Request], Response]

_WAY: ContextVar[Ask] = ContextVar("way", default=handle)
_TIMEOUT_SECONDS = 60
_PATH_LETTERS = "/:@!$&'()*+,;=~"


def ask(world: World, request: Request) -> Response:
    """The API server's answer for a World, by the way that is taken at present.

    Over HTTP the events of a watch are all there, until its time was over, and `watch` is None.
    """
    return _WAY.get()(world, request)


def is_over_http() -> bool:
    """Whether what is asked goes through a server."""
    return _WAY.get() is not handle


@contextmanager
def over_http() -> Iterator[None]:
    """Let everything that is asked within go through the HTTP server of a lab."""
    from k8slab.lab import Lab

    lab = Lab(0, components=())
    with lab.serve(live=False) as serving, closing(_connection(serving.url)) as connection:

        def send(world: World, request: Request) -> Response:
            with lab.lock:
                lab.world = world
                # What is asked here is compared and never played again.
                lab.inputs.clear()
            return _exchange(connection, serving.token, request)

        token = _WAY.set(send)
        try:
            yield
        finally:
            _WAY.reset(token)
        for fault in serving.app.faults:
            raise fault


def _connection(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    return HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)


def _exchange(connection: HTTPConnection, token: str, request: Request) -> Response:
    target = quote(request.path, safe=_PATH_LETTERS)
    if request.query:
        target += f"?{urlencode(request.query)}"
    body = _body_bytes(request.body)
    connection.putrequest(request.method, target, skip_accept_encoding=True)
    credentials = () if "Authorization" in request.headers else _credentials(token, request)
    for name, value in (*credentials, *request.headers.items()):
        connection.putheader(name, value.encode("utf-8"))
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    return _response(answer, answer.read())


def _credentials(token: str, request: Request) -> Sequence[tuple[str, str]]:
    """The headers that say who asks: the lab's administrator, or somebody whom they impersonate."""
    asking = Request(request.method, request.path)
    bearer = ("Authorization", f"Bearer {token}")
    itself = (request.user, request.groups, request.uid) == (asking.user, asking.groups, asking.uid)
    if itself or "Impersonate-User" in request.headers:
        # Somebody who is impersonated can't impersonate anybody in turn: the administrator does it for them.
        return (bearer,)
    uid = [("Impersonate-Uid", request.uid)] if request.uid else []
    groups = [("Impersonate-Group", group) for group in request.groups]
    return (bearer, ("Impersonate-User", request.user), *uid, *groups)


def _body_bytes(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _response(answer: HTTPResponse, data: bytes) -> Response:
    """What came over the wire as the value that it was."""
    content_type = answer.headers.get("Content-Type", "")
    text = data.decode()
    warnings = tuple(_warning_text(one) for one in answer.headers.get_all("Warning") or ())
    return Response(answer.status, _body(text, content_type), content_type, warnings)


def _body(text: str, content_type: str) -> Any:
    """JSON data where the answer is JSON; a list of events where it is more than one document.

    The index of OpenAPI documents is JSON that calls itself text.
    """
    if not content_type.startswith("application/json") and not text.startswith('{"paths"'):
        return text
    lines = text.splitlines()
    return json.loads(text) if len(lines) == 1 else [json.loads(line) for line in lines]


def _warning_text(header: str) -> str:
    """The text of a Warning header, whose quoted part escapes quotation marks and backslashes."""
    quoted = header.removeprefix('299 - "').removesuffix('"')
    return quoted.replace('\\"', '"').replace("\\\\", "\\")
