"""job-wq-2: the image that the page on fine parallel processing has its reader build.

Its worker leases items of a list of Redis one after the other, takes ten seconds for each, and ends when
there are none left, at hand or with another worker.
"""

from __future__ import annotations

from hashlib import md5
from typing import Any

from k8slab.clock import SECOND_US
from k8slab.containers.program import Executable, Family
from k8slab.containers.programs import redis
from k8slab.containers.requests import Call, Sleep
from k8slab.containers.streams import Steps

_HOST, _QUEUE = "redis", "job2"
_PROCESSING = f"{_QUEUE}:processing"
_WORK_US = 10 * SECOND_US
_WAITED_US = 2 * SECOND_US
_POLL_US = SECOND_US // 4


class LostError(Exception):
    """Redis can't be reached, in the words of Python's client."""


def _ask(*words: str) -> Steps:
    """Redis' reply. LostError without one."""
    answer = yield Call(_HOST, redis.PORT, "redis", list(words))
    if not answer.ok:
        lost = answer.error.startswith("lookup")
        why = "-2 connecting" if lost else "111 connecting"
        reason = "Name or service not known." if lost else "Connection refused."
        raise LostError(f"redis.exceptions.ConnectionError: Error {why} to {_HOST}:{redis.PORT}. {reason}")
    return answer.payload.get("reply")


def _is_empty() -> Steps:
    waiting = yield from _ask("LLEN", _QUEUE)
    return not waiting and not (yield from _ask("LLEN", _PROCESSING))


def _lease() -> Steps:
    """The next item, waited for a little while; None where none comes."""
    waited_us = 0
    while (item := (yield from _ask("RPOPLPUSH", _QUEUE, _PROCESSING))) is None and waited_us < _WAITED_US:
        yield Sleep(_POLL_US)
        waited_us += _POLL_US
    return item


def _run(call: Any, argv: list[str]) -> Steps:
    try:
        return (yield from _work(call))
    except LostError as fault:
        yield from call.io.err.write(f"{fault}\n")
        return 1


def _work(call: Any) -> Steps:
    context = call.context
    letters = md5(f"{context.pod}/{context.run}".encode(), usedforsecurity=False).hexdigest()
    session = "-".join((letters[:8], letters[8:12], letters[12:16], letters[16:20], letters[20:]))
    yield from call.io.out.write(f"Worker with sessionID: {session}\n")
    yield from call.io.out.write(f"Initial queue state: empty={(yield from _is_empty())}\n")
    while not (yield from _is_empty()):
        item = yield from _lease()
        if item is None:
            yield from call.io.out.write("Waiting for work\n")
            continue
        yield from call.io.out.write(f"Working on {item}\n")
        yield Sleep(_WORK_US)
        yield from _ask("LREM", _PROCESSING, "0", item)
    yield from call.io.out.write("Queue empty, exiting\n")
    return 0


PROGRAM = Family(
    images=("job-wq-2",),
    command=("python", "worker.py"),
    executables={"python": Executable(run=_run)},
)
