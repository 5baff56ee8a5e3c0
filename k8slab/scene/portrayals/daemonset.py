"""A DaemonSet: one little house for each node, and a light in it where its Pod runs."""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import dig
from k8slab.graph import name_of
from k8slab.scene.marks import Mark, circle, path, text
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.scene.portrayals._chip import STRIP_X, STRIP_Y, chip, progress

_MOST_NODES = 8


def _draw(subject: Subject, around: Surroundings) -> Picture:
    obj = subject.obj
    wanted = dig(obj, "status", "desiredNumberScheduled", default=0)
    ready = dig(obj, "status", "numberReady", default=0)
    name = obj["metadata"]["name"]
    marks = chip(subject.width, subject.colour, "DaemonSet", name, f"{ready}/{wanted}")
    nodes = around.nodes()
    links: tuple[str, ...] = ()
    words = around.words
    said = [words("ready", ready=ready, wanted=wanted)]
    updated = dig(obj, "status", "updatedNumberScheduled", default=wanted)
    generation = dig(obj, "metadata", "generation", default=0)
    is_current = updated >= wanted and dig(obj, "status", "observedGeneration", default=0) >= generation
    if len(nodes) > _MOST_NODES:
        marks += progress(subject.width, subject.colour, ready, wanted)
    else:
        links = tuple(one for one in around.graph.sources(subject.id, "owner") if one.startswith("Pod/"))
        tones = _tone_by_node(links, around)
        marks += _houses(nodes, tones)
        houses = ((name_of(node), tones.get(node, "")) for node in nodes)
        said += [
            words("slot", slots=name, tone=words(f"tone.{tone}" if tone else "slot.none"))
            for name, tone in houses
        ]
    if not is_current:
        said.insert(1, words("revision.new", count=updated))
        marks.append(text(subject.width - 12, 16, "smaller", f"↻ {updated}/{wanted}", "muted", "end"))
    return Picture(tuple(marks), words("comma").join(said), links=links)


def _tone_by_node(pods: tuple[str, ...], around: Surroundings) -> dict[str, str]:
    tones: dict[str, str] = {}
    for pod in pods:
        look = around.look_of(pod)
        for node in around.graph.targets(pod, "scheduling"):
            if look is not None:
                tones[node] = look.tone
    return tones


def _houses(nodes: Sequence[str], tones: dict[str, str]) -> list[Mark]:
    marks: list[Mark] = []
    for place, node in enumerate(nodes):
        x, y = STRIP_X + 22 * place, STRIP_Y - 2
        house = f"M{x} {y + 4}L{x + 8} {y}L{x + 16} {y + 4}L{x + 16} {y + 14}L{x} {y + 14}Z"
        marks.append(path(house, "", "chip-line", 1.1))
        if node in tones:
            marks.append(circle(x + 8, y + 8.5, 3.4, tones[node]))
    return marks


PORTRAYAL = Portrayal("DaemonSet", "workloads", _draw)
