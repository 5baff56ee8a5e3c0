"""A log collector on each node: gathers the log lines of all Pods there and writes them out as JSON.

What it gathers goes to its own log and to a file, so that one can look at it with `kubectl logs` and
from a shell inside.

Models filebeat and fluentd with console and file outputs, as DaemonSets in tutorials run them.
"""

from __future__ import annotations

import json
from typing import Any

from k8slab.clock import SECOND_US, micro_timestamp
from k8slab.containers.program import Executable, Family
from k8slab.containers.requests import NodeLogs, Now, Recall, Remember, Sleep, Write
from k8slab.containers.streams import Steps

_EVERY_US = 10 * SECOND_US
GATHERED = "/tmp/filebeat.ndjson"
"""The file that holds what was gathered, an entry a line."""


def _collect(call: Any, argv: list[str]) -> Steps:
    """Look for new lines now and then; where it got to is in the process's memory."""
    context = call.context
    yield from call.io.err.write(f"Harvester started on node {context.node}\n")
    while True:
        after_us = (yield Recall("after")) or 0
        lines = yield NodeLogs(after_us)
        for namespace, pod, container, at_us, message in lines:
            entry = {
                "@timestamp": micro_timestamp(at_us),
                "message": message,
                "kubernetes": {
                    "namespace": namespace,
                    "pod": {"name": pod},
                    "container": {"name": container},
                    "node": {"name": context.node},
                },
            }
            text = json.dumps(entry) + "\n"
            yield from call.io.out.write(text)
            yield Write(GATHERED, text, append=True)
        if lines:
            yield Remember("after", max(line[3] for line in lines))
        yield Now()
        yield Sleep(_EVERY_US)


_RUN = Executable(run=_collect)

PROGRAM = Family(
    images=("filebeat", "fluentd", "fluent-bit", "fluentd-elasticsearch"),
    entrypoint=("filebeat",),
    executables={"filebeat": _RUN, "fluentd": _RUN, "fluent-bit": _RUN},
)
