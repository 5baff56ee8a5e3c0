"""python, as far as manifests use it: `-m http.server`, and simple statements with `-c` or in a file."""

from __future__ import annotations

import ast
import re
from collections.abc import Generator
from typing import Any

from k8slab.clock import SECOND_US
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs._http import response
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
        return (yield from _statements(call, words[1]))
    if words:
        text = yield Read(call.shell.path(words[0]))
        if text is None:
            why = f"can't open file '{call.shell.path(words[0])}': [Errno 2] No such file or directory"
            yield from call.io.err.write(f"python: {why}\n")
            return 2
        return (yield from _statements(call, text))
    return 0


def _statements(call: Any, source: str) -> Steps:
    """Run `print(…)` of literals, `time.sleep(…)` and `exit(…)`; imports are taken as done."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        yield from call.io.err.write(f'  File "<string>", line {error.lineno}\nSyntaxError: {error.msg}\n')
        return 1
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        value = node.value if isinstance(node, ast.Expr) else None
        name = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
        arguments = value.args if isinstance(value, ast.Call) else []
        try:
            values = [ast.literal_eval(_folded(one)) for one in arguments]
        except ValueError:
            values, name = [], ""
        if name == "print":
            yield from call.io.out.write(" ".join(str(one) for one in values) + "\n")
        elif name in ("time.sleep", "sleep"):
            yield Sleep(round(float(values[0]) * SECOND_US))
        elif name in ("exit", "sys.exit", "quit"):
            return int(values[0]) if values else 0
        else:
            line = re.sub(r"\s+", " ", ast.unparse(node))[:60]
            yield from call.io.err.write(f"NotImplementedError: this lab's python cannot run: {line}\n")
            return 1
    return 0


def _folded(node: ast.expr) -> ast.expr:
    """Arithmetic of literals as a literal."""
    if isinstance(node, ast.BinOp):
        left, right = ast.literal_eval(_folded(node.left)), ast.literal_eval(_folded(node.right))
        table: dict[type, Any] = {
            ast.Add: lambda: left + right,
            ast.Sub: lambda: left - right,
            ast.Mult: lambda: left * right,
            ast.Div: lambda: left / right,
            ast.FloorDiv: lambda: left // right,
        }
        if type(node.op) in table:
            return ast.Constant(table[type(node.op)]())
    return node


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
