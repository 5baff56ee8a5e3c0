"""How a Pod is doing, in one tone and one line of text.

The words are those of `kubectl get pods`, but of a Pod that has failed while all
its containers ended well; the tone adds what that table cannot say, such as
that nobody has heard of the Pod's node.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from k8slab.api.meta import Obj, condition_of, dig, is_terminating
from k8slab.api.printers.pod import summary_of
from k8slab.clock import parse_timestamp
from k8slab.scene.marks import Clock
from k8slab.texts import Words

_STARTING = ("Pending", "ContainerCreating", "PodInitializing", "SchedulingGated")
_ENGLISH = Words()
_DONE = ("Completed", "Succeeded")


class Look(NamedTuple):
    """A Pod's tone, its status word, and the line beneath its name with its running clock."""

    tone: str
    word: str
    line: str
    clock: Clock = ""
    at_us: int = 0
    restarts: int = 0


def look(pod: Obj, node_lost: bool, shows_time: bool, words: Words = _ENGLISH) -> Look:
    """How a Pod is doing.

    `node_lost`: its node's kubelet is not heard of. `shows_time`: a running
    Pod says for how long (Pods that are meant to end do).
    """
    spec, status = pod["spec"], pod.get("status") or {}
    word, ready, total, restarts, _ = summary_of(pod)
    if is_terminating(pod) and status.get("phase") not in ("Succeeded", "Failed"):
        since = _deleted_at(pod)
        return Look("terminating", word, f"{word} {{}}", "since", since, restarts)
    phase = status.get("phase", "Pending")
    if phase == "Failed":
        if word in _DONE:
            # An evicted Pod's containers ended well, which says nothing of it.
            word = status.get("reason") or "Failed"
        return Look("failed", word, word, restarts=restarts)
    if word in _DONE:
        return Look("succeeded", word, word, restarts=restarts)
    if node_lost:
        return Look("unknown", word, "Unknown", restarts=restarts)
    if not spec.get("nodeName"):
        return Look("waiting", word, word, restarts=restarts)
    if word == "Running":
        return _running(status, (ready, total, restarts), shows_time, words)
    if word in _STARTING or (word.startswith("Init:") and word[5:6].isdigit()):
        return Look("creating", word, word, restarts=restarts)
    return Look("failed", word, word if not restarts else f"{word} ×{restarts}", restarts=restarts)


def _running(status: Obj, counts: tuple[int, int, int], shows_time: bool, words: Words) -> Look:
    ready, total, restarts = counts
    if not shows_time:
        return _ready_look(ready, total, restarts, words)
    line = _running_line(ready, total, restarts, words)
    started = _running_since(status)
    if started:
        return Look("starting", "Running", "Running {}", "since", started, restarts)
    return Look("starting", "Running", line, restarts=restarts)


@lru_cache(maxsize=1024)
def _ready_look(ready: int, total: int, restarts: int, words: Words) -> Look:
    """A running Pod that is meant to go on, by how many of its containers are ready."""
    tone = "running" if ready == total else "starting"
    return Look(tone, "Running", _running_line(ready, total, restarts, words), restarts=restarts)


def _running_line(ready: int, total: int, restarts: int, words: Words) -> str:
    key = "restarts" if restarts > 1 else "restart" if restarts else ""
    return f"Running {ready}/{total}" + (f" · {words(key, count=restarts)}" if key else "")


def _running_since(status: Obj) -> int:
    instants = [
        dig(one, "state", "running", "startedAt", default="") for one in status.get("containerStatuses") or ()
    ]
    found = min((one for one in instants if one), default="") or status.get("startTime", "")
    return parse_timestamp(found) if found else 0


def _deleted_at(pod: Obj) -> int:
    """When the deletion was asked for: the timestamp says when its grace period is over."""
    metadata = pod["metadata"]
    grace = metadata.get("deletionGracePeriodSeconds") or 0
    return parse_timestamp(metadata["deletionTimestamp"]) - grace * 1_000_000


def node_lost(node: Obj | None) -> bool:
    """Whether a Node's kubelet is not heard of: its Ready condition is Unknown."""
    if node is None:
        return True
    ready = condition_of(node, "Ready")
    return ready is not None and ready.get("status") == "Unknown"
