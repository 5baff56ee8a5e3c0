"""Whatever is sent is answered in good form; nothing goes wrong within, and what is refused changes nothing.

`make fuzz` sends 20,000 requests; the tests send the first of them.
"""

from __future__ import annotations

import http.client
import json
import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from k8slab.lab import Lab
from k8slab.server import Serving, serve
from tests.server.fuzz import NAMESPACE, RECORDED, Sent, request_number

REQUESTS = int(os.environ.get("K8SLAB_FUZZ_REQUESTS", "1000"))
BATCH = 250
"""After so many requests a new lab takes over, so that every number can be tried alone with few before it."""


FAILURES_OF_STRATEGIC_PATCHES = (
    "The order in patch list",
    "expected a []interface {}, but received a",
    "expected a map[string]interface {}, but received a",
    "list element types are not identical",
    "unknown patch type",
)
"""Of apimachinery's strategicpatch, which the real API server passes on as they are, with 500."""


class Answer(NamedTuple):
    code: int
    content_type: str
    body: bytes


def _messages_of_500(value: Any) -> Iterator[str]:
    """The messages of all Statuses of code 500 anywhere in a record."""
    if isinstance(value, dict):
        if value.get("code") == 500 and isinstance(value.get("message"), str):
            yield value["message"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _messages_of_500(one)


def _patterns_of_the_record() -> list[re.Pattern[str]]:
    """The messages with which the real API server answered 500, names and values apart."""
    messages: set[str] = set()
    for name in ("errors", "requests"):
        messages.update(_messages_of_500(json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))))
    heads = sorted({re.split(r' \(|: "|: ', message, maxsplit=1)[0] for message in messages})
    assert {"failed to create typed patch object", "target.kind"} <= set(heads)
    return [re.compile(re.escape(head)) for head in (*heads, *FAILURES_OF_STRATEGIC_PATCHES)]


FAILURES_OF_THE_REAL_SERVER = _patterns_of_the_record()


def ask(connection: http.client.HTTPConnection, sent: Sent) -> Answer:
    connection.putrequest(sent.method, sent.path, skip_accept_encoding=True)
    connection.putheader("Authorization", "Bearer secret")
    for name, value in sent.headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(sent.body or b"")))
    connection.endheaders(sent.body)
    response = connection.getresponse()
    return Answer(response.status, response.headers.get("Content-Type", ""), response.read())


def faults_of(sent: Sent, answer: Answer, changed: bool) -> Iterator[str]:
    """What is wrong with an answer."""
    if answer.code >= 400 and changed:
        yield "the request was refused, but something changed"
    if sent.method == "GET" and changed:
        yield "a question changed something"
    if "json" not in answer.content_type or sent.method == "HEAD" or not answer.body:
        return
    status = json.loads(answer.body)
    if answer.code < 400:
        return
    if (status.get("kind"), status.get("status"), status.get("code")) != ("Status", "Failure", answer.code):
        yield f"a refusal that is no Status: {status}"
    elif answer.code >= 500 and not any(one.match(status["message"]) for one in FAILURES_OF_THE_REAL_SERVER):
        yield f"an error of the server's own: {answer.code} {status['message']}"


def play(numbers: range) -> Iterator[str]:
    lab = Lab(1)
    lab.kubectl(f"create namespace {NAMESPACE}")
    lab.settle()
    with serve(lab, live=False, token="secret") as serving:
        connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=60)
        for number in numbers:
            sent = request_number(number)
            before = lab.world.store.revision
            answer = ask(connection, sent)
            for fault in faults_of(sent, answer, lab.world.store.revision != before):
                yield f"{number}: {sent.method} {sent.path}: {fault}"
            yield from (f"{number}: {sent.method} {sent.path}: {fault!r}" for fault in _within(serving))
        connection.close()


def _within(serving: Serving) -> list[Exception]:
    faults = list(serving.app.faults)
    serving.app.faults.clear()
    return faults


@pytest.mark.parametrize("first", range(0, REQUESTS, BATCH))
def test_nonsense_of_many_kinds(first: int) -> None:
    assert list(play(range(first, min(first + BATCH, REQUESTS)))) == []


def test_the_requests_are_the_same_in_every_run_and_of_many_kinds() -> None:
    sent = [request_number(number) for number in range(300)]
    assert sent == [request_number(number) for number in range(300)]
    assert len({one.method for one in sent}) > 5
    assert len({one.path for one in sent}) > 100
