"""A StatefulSet: numbered slots on a string, in the order in which they come up."""

from __future__ import annotations

from k8slab.api.meta import Obj, dig, key_of, labels_of
from k8slab.graph import object_id
from k8slab.scene.marks import Mark, path, rect, text
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.scene.portrayals._chip import STRIP_HEIGHT, STRIP_X, STRIP_Y, chip, progress, told
from k8slab.scene.revisions import HASH

_MOST_SLOTS = 8
_DARK = ("succeeded", "failed")


def _draw(subject: Subject, around: Surroundings) -> Picture:
    obj = subject.obj
    namespace, name = key_of(obj)
    wanted = dig(obj, "spec", "replicas", default=1)
    first = dig(obj, "spec", "ordinals", "start", default=0)
    ready = dig(obj, "status", "readyReplicas", default=0)
    marks = chip(subject.width, subject.colour, "StatefulSet", name, f"{ready}/{wanted}", replicas=wanted)
    pods = [object_id("Pod", (namespace, f"{name}-{first + slot}")) for slot in range(min(wanted, 1000))]
    tones = [_tone(around, pod) for pod in pods]
    updated = _updated(obj, pods, around)
    surplus = len(around.graph.sources(subject.id, "owner")) > wanted
    if wanted + surplus > _MOST_SLOTS:
        marks += progress(subject.width, subject.colour, ready, wanted)
    else:
        marks += _slots(subject.width, first, tones, updated)
    words = around.words
    said = [words("ready.scaling_down" if surplus else "ready", ready=ready, wanted=wanted)]
    if updated:
        said.append(words("revision.new", count=sum(updated)))
    if wanted + surplus <= _MOST_SLOTS:
        said.append(told(tones, words, first))
    return Picture(
        tuple(marks), words("comma").join(one for one in said if one), links=tuple(pods[:_MOST_SLOTS])
    )


def _updated(obj: Obj, pods: list[str], around: Surroundings) -> list[bool]:
    """Which Pods have the new revision already; empty where no update is under way."""
    new, old = (dig(obj, "status", name, default="") for name in ("updateRevision", "currentRevision"))
    if not new or new == old:
        return []
    found = (around.graph.get(pod) or {"metadata": {}} for pod in pods)
    return [labels_of(pod).get(HASH) == new for pod in found]


def _tone(around: Surroundings, pod: str) -> str:
    look = around.look_of(pod)
    return look.tone if look else ""


def _slots(width: float, first: int, tones: list[str], updated: list[bool]) -> list[Mark]:
    """A box for each ordinal, left to right; a dashed one where no Pod is yet.

    In a rolling update a line beneath a box says that its Pod has the new revision.
    """
    if not tones:
        return []
    step = min(24.0, (width - 28) / len(tones))
    y, middle = STRIP_Y, STRIP_Y + STRIP_HEIGHT / 2
    string = f"M{STRIP_X} {middle}L{STRIP_X + step * (len(tones) - 1):g} {middle}"
    marks = [path(string, "", "chip-line", 1.2)]
    for slot, tone in enumerate(tones):
        x = STRIP_X + step * slot
        stroke, dash = ("", "") if tone else ("chip-line", "2 2")
        marks.append(rect(x, y - 1, step - 6, STRIP_HEIGHT + 2, 3, tone or "chip", stroke, 1.1, dash))
        fill = "on-mark" if tone in _DARK else "on-bright" if tone else "muted"
        marks.append(text(x + (step - 6) / 2, y + 8.3, "tiny", str(first + slot), fill, "middle"))
        if slot < len(updated) and updated[slot]:
            marks.append(rect(x, y + STRIP_HEIGHT + 2, step - 6, 2.2, 1, "text"))
    return marks


PORTRAYAL = Portrayal("StatefulSet", "workloads", _draw)
