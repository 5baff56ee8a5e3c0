"""python, as far as manifests use it: `-m http.server`, and simple programs with `-c` or in a file."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs._http import response
from k8slab.containers.programs._python import run_statements
from k8slab.containers.requests import Answer, Call, KindOf, Names, Read, Request, Serve, Sleep
from k8slab.containers.shell import FOREVER_US
from k8slab.containers.streams import Steps


def _ports(context: Context) -> tuple[int, ...]:
    numbers = [int(word) for word in context.argv if word.isdigit()]
    return (numbers[0] if numbers else 8000,)


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    """One request to `python -m http.server`."""
    path = (context.cwd.rstrip("/") + call.payload["path"].partition("?")[0]).rstrip("/") or "/"
    kind = yield KindOf(path)
    if kind == "dir":
        names = (yield Names(path)) or []
        items = "".join(f'<li><a href="{name}">{name}</a></li>\n' for name in names)
        return response(200, f"<h1>Directory listing for {call.payload['path']}</h1>\n<ul>\n{items}</ul>\n")
    body = yield Read(path)
    if body is None:
        return response(404, "<p>Error code: 404</p>\n<p>Message: File not found.</p>\n")
    return response(200, body)


def _python(call: Any, argv: list[str]) -> Steps:
    words = [word for word in argv[1:] if word not in ("-u", "-B", "-E")]
    if words[:2] == ["-m", "http.server"]:
        context = call.context._replace(argv=tuple(argv))
        port = _ports(context)[0]
        yield from call.io.out.write(f"Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...\n")
        yield Serve("http.server", (port,), tuple(argv))
        while True:
            yield Sleep(FOREVER_US)
    if words[:1] == ["--version"]:
        yield from call.io.out.write("Python 3.13.9\n")
        return 0
    if words[:1] == ["-c"] and len(words) > 1:
        return (yield from run_statements(call, words[1]))
    if words:
        text = yield Read(call.shell.path(words[0]))
        if text is None:
            why = f"can't open file '{call.shell.path(words[0])}': [Errno 2] No such file or directory"
            yield from call.io.err.write(f"python: {why}\n")
            return 2
        return (yield from run_statements(call, text))
    return 0


_RUN = Executable(run=_python)

PROGRAM = Family(
    images=("python",),
    command=("python3",),
    executables={
        "python": _RUN,
        "python3": _RUN,
        "http.server": Executable(server=Server("http", _ports, _handle)),
    },
)
