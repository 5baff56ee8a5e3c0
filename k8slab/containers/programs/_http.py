"""What the web servers share: the shape of HTTP requests and answers.

A request's payload is `{"method", "path", "host", "headers", "body"}`, an
answer's `{"status", "headers", "body"}`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

from k8slab.containers.program import Context, Server
from k8slab.containers.requests import Answer, Call, Request

REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


def response(status: int, body: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An HTTP answer."""
    return Answer(True, {"status": status, "headers": dict(headers or {}), "body": body})


def declared_ports(context: Context) -> tuple[int, ...]:
    """No port of its own: the router takes whatever the container declares, or any port at all."""
    return ()


def any_port_server(body: str, lines: Callable[[Context], tuple[str, ...]] | None = None) -> Server:
    """A server that listens wherever it is asked, always says the same, and is healthy."""

    def handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
        if call.protocol == "grpc":
            return Answer(True, {"status": "SERVING"})
        return response(200, body)
        yield

    return Server("any", declared_ports, handle, lines or (lambda context: ()))


NOT_HTTP = (
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    "400 Bad Request"
)
"""What an HTTP server of Go says to a connection whose bytes are no request."""
