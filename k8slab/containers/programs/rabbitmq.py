"""RabbitMQ: queues of messages, each of which one consumer takes, and has back until it says that it is done.

What was declared and published is in /var/lib/rabbitmq. A message whose consumer's Pod is gone, or which
comes back for another, is delivered again. The clients are the tools of amqp-tools (`tools_amqp`).

Models rabbitmq/rabbitmq-server (deps/rabbit/src/rabbit_channel.erl: unacknowledged messages).
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from k8slab.containers.costs import A_KEY_US
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.requests import Answer, Call, KindOf, MakeDirectory, Read, Request, Write
from k8slab.containers.streams import Steps

PORT = 5672
_DIRECTORY = "/var/lib/rabbitmq"
_FILE = f"{_DIRECTORY}/queues.json"

Queues = dict[str, dict[str, Any]]
"""By name: `ready` messages, and those that are `taken`: number, message and the consumer's address."""


def _without_dead(queue: dict[str, Any], comer: str) -> Steps:
    """A queue in which the messages of consumers that are gone, or come again, are ready."""
    back: list[str] = []
    kept: list[list[Any]] = []
    for number, message, holder in queue["taken"]:
        gone = holder == comer
        if not gone:
            answer = yield Call(holder, 1, "tcp", None)
            gone = not answer.ok and "refused" not in answer.error
        if gone:
            back.append(message)
        else:
            kept.append([number, message, holder])
    return {**queue, "ready": [*back, *queue["ready"]], "taken": kept} if back else queue


def _changed(queues: Queues, asked: dict[str, Any], comer: str) -> Steps:
    """The reply to a request and the queues after it."""
    verb, name = asked["verb"], asked["queue"]
    queue = queues.get(name)
    if verb == "declare":
        return {"queue": name}, queues if queue is not None else {**queues, name: _EMPTY}
    if verb == "publish":
        if queue is None:
            # The default exchange drops what no queue is bound for.
            return {}, queues
        return {}, {**queues, name: {**queue, "ready": [*queue["ready"], asked["body"]]}}
    if queue is None:
        return {"error": f"NOT_FOUND - no queue '{name}' in vhost '/'"}, queues
    if verb == "delete":
        kept = {one: value for one, value in queues.items() if one != name}
        return {"count": len(queue["ready"])}, kept
    if verb in ("done", "refuse"):
        mine = [one for one in queue["taken"] if one[0] == asked["number"]]
        others = [one for one in queue["taken"] if one[0] != asked["number"]]
        again = [one[1] for one in mine] if verb == "refuse" else []
        return {}, {**queues, name: {**queue, "ready": [*again, *queue["ready"]], "taken": others}}
    queue = yield from _without_dead(queue, comer)
    if not queue["ready"]:
        return {"message": None}, {**queues, name: queue}
    message, number = queue["ready"][0], queue["given"] + 1
    taken = [*queue["taken"], [number, message, comer]]
    after = {**queue, "ready": queue["ready"][1:], "taken": taken, "given": number}
    return {"message": message, "number": number}, {**queues, name: after}


_EMPTY: dict[str, Any] = {"ready": [], "taken": [], "given": 0}


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    text = yield Read(_FILE)
    queues: Queues = json.loads(text) if text else {}
    reply, after = yield from _changed(queues, call.payload, call.client or call.payload["from"])
    if after != queues:
        if not (yield KindOf(_DIRECTORY)):
            yield MakeDirectory(_DIRECTORY)
        yield Write(_FILE, json.dumps(after, sort_keys=True))
    return Answer(True, reply)


def _start_lines(context: Context) -> tuple[str, ...]:
    return (
        "  ##  ##      RabbitMQ 3.13.7",
        "  ##  ##",
        "  ##########  Copyright (c) 2007-2024 Broadcom Inc and/or its subsidiaries",
        "  ######  ##",
        "  ##########  Licensed under the MPL 2.0. Website: https://rabbitmq.com",
        "",
        f"  Starting broker... started TCP listener on [::]:{PORT}",
        " completed with 3 plugins.",
    )


SERVER = Executable(
    server=Server("amqp", lambda context: (PORT,), _handle, _start_lines, cost_us=lambda call: A_KEY_US)
)

PROGRAM = Family(
    images=("rabbitmq",),
    entrypoint=("docker-entrypoint.sh",),
    command=("rabbitmq-server",),
    files={f"{_DIRECTORY}/": ""},
    executables={"docker-entrypoint.sh": SERVER, "rabbitmq-server": SERVER},
)
