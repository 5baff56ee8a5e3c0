"""A StatefulSet: numbered slots on a string, in the order in which they come up."""

from __future__ import annotations

from k8slab.api.meta import dig, key_of
from k8slab.graph import object_id
from k8slab.scene.marks import Mark, path, rect, text
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.scene.portrayals._chip import STRIP_HEIGHT, STRIP_X, STRIP_Y, chip, progress

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
    surplus = len(around.graph.sources(subject.id, "owner")) > wanted
    if wanted + surplus > _MOST_SLOTS:
        marks += progress(subject.width, subject.colour, ready, wanted)
    else:
        marks += _slots(subject.width, first, [_tone(around, pod) for pod in pods])
    key = "ready.scaling_down" if surplus else "ready"
    said = around.words(key, ready=ready, wanted=wanted)
    return Picture(tuple(marks), said, links=tuple(pods[:_MOST_SLOTS]))


def _tone(around: Surroundings, pod: str) -> str:
    look = around.look_of(pod)
    return look.tone if look else ""


def _slots(width: float, first: int, tones: list[str]) -> list[Mark]:
    """A box for each ordinal, left to right; a dashed one where no Pod is yet."""
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
    return marks


PORTRAYAL = Portrayal("StatefulSet", "workloads", _draw)
