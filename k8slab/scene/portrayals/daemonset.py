"""A DaemonSet: one little house for each node, and a light in it where its Pod runs."""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import dig
from k8slab.scene.marks import Mark, circle, path
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
    if len(nodes) > _MOST_NODES:
        marks += progress(subject.width, subject.colour, ready, wanted)
    else:
        links = tuple(around.graph.sources(subject.id, "owner"))
        marks += _houses(nodes, _tone_by_node(links, around))
    return Picture(tuple(marks), around.words("ready", ready=ready, wanted=wanted), links=links)


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
