"""The pause image: a process that sleeps for ever and listens nowhere."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.requests import Answer, Call, Request


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    return Answer(False, error="connection refused")
    yield


NOWHERE = Server("none", lambda context: (-1,), _handle)

PROGRAM = Family(
    images=("pause",),
    entrypoint=("/pause",),
    executables={"pause": Executable(server=NOWHERE)},
    shell=False,
)
