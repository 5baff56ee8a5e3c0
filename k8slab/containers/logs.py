"""What containers wrote to their standard output, line by line with the instant.

A container's log is kept in chunks of a few lines (internal kind `Log`), so
that appending costs little however long the log is and forks share all of it.

Models pkg/kubelet/kuberuntime/logs/logs.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from k8slab.api.meta import Key, Obj
from k8slab.clock import micro_timestamp
from k8slab.containers.overlay import Overlay
from k8slab.store.view import View

CHUNK_LINES = 64
MOST_CHARACTERS = 16 * 1024
"""What the runtime writes out of a line at the latest, be it at its end or not (containerd's
`max_container_log_line_size`)."""


class Line(NamedTuple):
    """One line of a log: when, `stdout` or `stderr`, and the text without its newline.

    `is_partial` says that it has none: the process ended before it wrote one, or the line is very long.
    """

    at_us: int
    stream: str
    text: str
    is_partial: bool = False

    @property
    def whole(self) -> str:
        """The text as it was written."""
        return self.text if self.is_partial else f"{self.text}\n"


def _chunk_key(pod: Key, container: str, run: int, number: int) -> Key:
    return (pod[0], f"{pod[1]}/{container}/{run}/{number}")


def chunk_count(view: View, pod: Key, container: str, run: int) -> int:
    """How many chunks a run's log has; they are numbered from 0 without gaps."""
    high = 1
    while view.get("Log", _chunk_key(pod, container, run, high - 1)) is not None:
        high *= 2
    low = high // 2
    while low < high - 1:
        middle = (low + high) // 2
        if view.get("Log", _chunk_key(pod, container, run, middle - 1)) is not None:
            low = middle
        else:
            high = middle
    return low


def append(box: Overlay, pod: Key, container: str, run: int, lines: Iterable[Line]) -> None:
    """Add lines to a run's log."""
    pending = list(lines)
    if not pending:
        return
    number = max(chunk_count(box, pod, container, run) - 1, 0)
    while pending:
        key = _chunk_key(pod, container, run, number)
        old = box.get("Log", key)
        before: list[Line] = old["lines"] if old is not None else []
        room = CHUNK_LINES - len(before)
        taken, pending = pending[:room], pending[room:]
        if taken:
            box.put("Log", key, _chunk(key, [*before, *taken]))
        number += 1


def end_lines(
    box: Overlay, pod: Key, container: str, run: int, unended: Mapping[str, str], at_us: int
) -> None:
    """Write out lines that never got an end (texts by stream), for their writer is gone."""
    found = [Line(at_us, stream, text, is_partial=True) for stream, text in unended.items()]
    append(box, pod, container, run, found)


def _chunk(key: Key, lines: list[Line]) -> Obj:
    return {
        "apiVersion": "lab",
        "kind": "Log",
        "metadata": {"namespace": key[0], "name": key[1]},
        "lines": lines,
    }


def stored_lines(view: View, pod: Key, container: str, run: int) -> list[Line]:
    """The stored lines of a run, oldest first."""
    found: list[Line] = []
    number = 0
    while True:
        chunk = view.get("Log", _chunk_key(pod, container, run, number))
        if chunk is None:
            return found
        found.extend(Line(*line) for line in chunk["lines"])
        number += 1


def drop(box: Overlay, pod: Key, container: str, run: int) -> None:
    """Forget a run's log."""
    for number in range(chunk_count(box, pod, container, run)):
        box.put("Log", _chunk_key(pod, container, run, number), None)


def text_of(
    lines: list[Line],
    *,
    since_us: int = 0,
    tail: int | None = None,
    timestamps: bool = False,
    limit_bytes: int = 0,
) -> str:
    """The text that `kubectl logs` prints of these lines."""
    if since_us:
        lines = [line for line in lines if line.at_us >= since_us]
    if tail is not None and tail >= 0:
        lines = lines[-tail:] if tail else []
    if timestamps:
        text = "".join(f"{_nano(line.at_us)} {line.whole}" for line in lines)
    else:
        text = "".join(line.whole for line in lines)
    if not limit_bytes:
        return text
    return text.encode("utf-8", "replace")[:limit_bytes].decode(errors="ignore")


def _nano(at_us: int) -> str:
    """RFC 3339 with nine decimals, as the container runtime writes it."""
    return f"{micro_timestamp(at_us)[:-1]}000Z"
