"""What is most worth explaining in a picture, in a question and a sentence or two.

The panel puts the answer of `lab.why` in the same place when something is
selected; these notes are what a picture says of itself.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import Obj, condition_of, dig
from k8slab.graph import Graph, kind_of
from k8slab.scene.phases import Look
from k8slab.texts import Words


class Note(NamedTuple):
    """A question and its answer. The lower `rank`, the more it is worth saying."""

    rank: int
    question: str
    answer: str


def note_on(
    identity: str, pod: Obj, look: Look, graph: Graph, node_is_lost: bool, words: Words
) -> Note | None:
    """What there is to explain about a Pod; None where all goes as it should."""
    name = pod["metadata"]["name"]
    node = pod["spec"].get("nodeName", "")
    if look.tone == "terminating" and node_is_lost:
        owner = graph.controller(identity)
        if kind_of(owner or "/") == "StatefulSet":
            return Note(
                0,
                words("note.no_new", pod=name),
                words("note.no_new.answer", pod=name, node=node),
            )
        return Note(
            4,
            words("note.still_there", pod=name),
            words("note.still_there.answer", node=node),
        )
    if look.tone == "waiting":
        condition = condition_of(pod, "PodScheduled") or {}
        if condition.get("status") == "False" and condition.get("message"):
            return Note(1, words("note.no_node", pod=name), condition["message"])
    if look.tone == "failed":
        return Note(2, words("note.failed", pod=name, word=look.word), _failure(pod, look, words))
    return None


def _failure(pod: Obj, look: Look, words: Words) -> str:
    """The containers' own messages, or how the last one ended."""
    status = pod.get("status") or {}
    if status.get("message"):
        return str(status["message"])
    for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        for state in (one.get("state") or {}, one.get("lastState") or {}):
            for kind in ("waiting", "terminated"):
                found = state.get(kind) or {}
                if found.get("message"):
                    return words("note.container", name=one["name"], message=found["message"])
        terminated = dig(one, "state", "terminated") or dig(one, "lastState", "terminated")
        if terminated:
            key = "note.ended_again" if look.restarts else "note.ended"
            code = terminated.get("exitCode")
            return words(key, name=one["name"], code=code, count=look.restarts)
    return look.word
