"""Small web servers that tutorials use: hello-app, bootcamp, httpd, whoami and their kin."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs._http import response
from k8slab.containers.requests import Answer, Call, KindOf, Read, Request


def _text(context: Context, call: Call) -> str:
    """What each of them says, by its image's name."""
    image = context.image
    if "hello-app" in image:
        version = "2.0.0" if image.endswith(":2.0") else "1.0.0"
        return f"Hello, world!\nVersion: {version}\nHostname: {context.hostname}\n"
    if "node-hello" in image:
        return "Hello Kubernetes!"
    if "bootcamp" in image:
        version = image.rpartition(":v")[2] if ":v" in image else "1"
        return f"Hello Kubernetes bootcamp! | Running on: {context.hostname} | v={version}\n"
    if "whoami" in image:
        return f"Hostname: {context.hostname}\nIP: {context.ip}\nRemoteAddr: {call.host}\n"
    headers = call.payload.get("headers", {})
    lines = "".join(f"\t{name.lower()}={value}\n" for name, value in headers.items())
    return (
        f"\nHostname: {context.hostname}\n\nRequest Information:\n\tclient_address={call.host}\n"
        f"\tmethod={call.payload['method']}\n\treal path={call.payload['path']}\n\nRequest Headers:\n{lines}"
    )


def _ports(context: Context) -> tuple[int, ...]:
    if "whoami" in context.image:
        return (80,)
    return (int(context.env.get("PORT") or 8080),)


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    return response(200, _text(context, call))
    yield


def _file(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    path = call.payload["path"].partition("?")[0]
    target = "/usr/local/apache2/htdocs" + path.rstrip("/")
    if (yield KindOf(target)) == "dir":
        target += "/index.html"
    body = yield Read(target)
    if body is None:
        return response(404, "<h1>Not Found</h1>\n")
    return response(200, body)


_APP = Executable(server=Server("http", _ports, _handle))
_HTTPD = Executable(server=Server("http", lambda context: (80,), _file))

PROGRAM = Family(
    images=(
        "hello-app",
        "node-hello",
        "kubernetes-bootcamp",
        "whoami",
        "echoserver",
    ),
    entrypoint=("/server",),
    files={"/usr/local/apache2/htdocs/index.html": "<html><body><h1>It works!</h1></body></html>\n"},
    executables={"server": _APP, "httpd": _HTTPD, "httpd-foreground": _HTTPD},
)
