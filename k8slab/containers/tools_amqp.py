"""The tools of amqp-tools: they declare queues of a RabbitMQ, publish to them and take from them.

Models alanxz/rabbitmq-c (tools/{common,consume,publish,get,declare_queue,delete_queue}.c).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from k8slab.clock import SECOND_US
from k8slab.containers.requests import Call, Sleep
from k8slab.containers.shell import Shell, Streams
from k8slab.containers.streams import Input, Steps
from k8slab.containers.tools_options import Options, options

_PORT = 5672
_POLL_US = SECOND_US // 4
_LONG = ("url", "server", "port", "vhost", "username", "password", "queue", "count", "routing-key", "body")
_VALUED = "uspqrbce"


class AmqpError(Exception):
    """Why a tool gives up, in its words."""


def _place(given: Options) -> tuple[str, int]:
    """Host and port that a command line names."""
    url = given.value("url", "u")
    if url:
        parts = urlsplit(url)
        if parts.scheme not in ("amqp", "amqps"):
            raise AmqpError(f"Unable to parse the AMQP URL: {url}")
        return parts.hostname or "localhost", parts.port or _PORT
    host, _, port = given.value("server", "s", default="localhost").partition(":")
    return host, int(given.value("port", default=port or str(_PORT)))


def _ask(shell: Shell, given: Options, doing: str, **asked: Any) -> Steps:
    """The broker's reply. AmqpError in the tool's words where there is none, or a refusal."""
    host, port = _place(given)
    answer = yield Call(host, port, "amqp", {**asked, "from": shell.context.ip})
    if not answer.ok:
        lost = answer.error.startswith("lookup")
        why = "hostname lookup failed" if lost else "a socket error occurred"
        raise AmqpError(f"opening socket to {host}:{port}: {why}")
    if "error" in answer.payload:
        raise AmqpError(f"{doing}: server channel error 404h, message: {answer.payload['error']}")
    return answer.payload


def _declare(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, _VALUED.replace("p", "").replace("e", ""), _LONG)
    name = given.value("queue", "q") or f"amq.gen-{shell.context.pod}"
    reply = yield from _ask(shell, given, "queue.declare", verb="declare", queue=name)
    yield from io.out.write(f"{reply['queue']}\n")
    return 0


def _publish(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, _VALUED.replace("p", ""), _LONG)
    name = given.value("routing-key", "r")
    body = given.value("body", "b") if given.has("body", "b") else (yield from io.stdin.read())
    yield from _ask(shell, given, "basic.publish", verb="publish", queue=name, body=body)
    return 0


def _get(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, _VALUED, _LONG)
    name = given.value("queue", "q")
    if not name:
        raise AmqpError("queue not specified")
    reply = yield from _ask(shell, given, "basic.get", verb="take", queue=name)
    if reply["message"] is None:
        return 2
    yield from _ask(shell, given, "basic.ack", verb="done", queue=name, number=reply["number"])
    yield from io.out.write(reply["message"])
    return 0


def _delete(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, _VALUED, _LONG)
    name = given.value("queue", "q")
    reply = yield from _ask(shell, given, "queue.delete", verb="delete", queue=name)
    yield from io.out.write(f"{reply['count']}\n")
    return 0


def _consume(shell: Shell, argv: list[str], io: Streams) -> Steps:
    """Hand each message to a command on its standard input; what the command can't do goes back."""
    at = _first_operand(argv)
    given, command = options(argv[:at], _VALUED, _LONG), argv[at:]
    if not command:
        raise AmqpError("consuming command not specified")
    name = given.value("queue", "q")
    left = int(given.value("count", "c", default="-1"))
    while left:
        reply = yield from _ask(shell, given, "basic.consume", verb="take", queue=name)
        if reply["message"] is None:
            yield Sleep(_POLL_US)
            continue
        code = yield from shell.invoke(command, Streams(Input(reply["message"]), io.out, io.err))
        verb = "done" if code == 0 else "refuse"
        yield from _ask(shell, given, "basic.ack", verb=verb, queue=name, number=reply["number"])
        left -= 1
    return 0


def _first_operand(argv: list[str]) -> int:
    """Where the command begins that gets the messages: options stand before it."""
    at = 1
    while at < len(argv) and argv[at].startswith("-"):
        word = argv[at]
        name, equals, _ = word.removeprefix("--").partition("=")
        alone = not equals and name in (*_LONG, "prefetch-count") if word.startswith("--") else len(word) == 2
        at += 2 if alone and (word.startswith("--") or word[1] in _VALUED) else 1
    return at


def _told(tool: Callable[[Shell, list[str], Streams], Steps]) -> Callable[[Shell, list[str], Streams], Steps]:
    """A tool that says why it gives up."""

    def run(shell: Shell, argv: list[str], io: Streams) -> Steps:
        try:
            return (yield from tool(shell, argv, io))
        except AmqpError as fault:
            yield from io.err.write(f"{fault}\n")
            return 1

    return run


AMQP_TOOLS: dict[str, Any] = {
    "amqp-consume": _told(_consume),
    "amqp-declare-queue": _told(_declare),
    "amqp-delete-queue": _told(_delete),
    "amqp-get": _told(_get),
    "amqp-publish": _told(_publish),
}
"""Tools of a message queue, by name."""
