"""job-wq-1: the image that the page on coarse parallel processing has its reader build.

Its command takes one message from the queue and hands it to a worker, which takes ten seconds for it.
"""

from __future__ import annotations

from typing import Any

from k8slab.clock import SECOND_US
from k8slab.containers.program import Executable, Family
from k8slab.containers.requests import Sleep
from k8slab.containers.streams import Steps

_WORK_US = 10 * SECOND_US


def _work(call: Any, argv: list[str]) -> Steps:
    item = yield from call.io.stdin.line()
    yield from call.io.out.write(f"Processing {item}\n")
    yield Sleep(_WORK_US)
    return 0


PROGRAM = Family(
    images=("job-wq-1",),
    command=("/bin/sh", "-c", "/usr/bin/amqp-consume --url=$BROKER_URL -q $QUEUE -c 1 /worker.py"),
    paths={"worker.py": "/worker.py"},
    executables={"worker.py": Executable(run=_work)},
)
