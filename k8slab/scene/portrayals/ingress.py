"""An Ingress: its hosts at the gate, and an arrow to each Service behind it, hollow where there is none.

Models pkg/apis/networking/types.go (IngressSpec), v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import dig
from k8slab.graph import name_of
from k8slab.scene.marks import Mark, path, text
from k8slab.scene.metrics import shortened, text_width
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.scene.portrayals._chip import STRIP_X, STRIP_Y, chip


def _draw(subject: Subject, around: Surroundings) -> Picture:
    obj = subject.obj
    rules = dig(obj, "spec", "rules", default=()) or ()
    hosts = [rule.get("host") or "*" for rule in rules] or ["*"]
    backends = tuple(around.graph.targets(subject.id, "network"))
    more = f" +{len(hosts) - 1}" if len(hosts) > 1 else ""
    marks = chip(subject.width, "owner-none", f"Ingress · {hosts[0]}{more}", obj["metadata"]["name"], "")
    marks += _arrows(subject.width, backends, around)
    comma = around.words("comma")
    names = comma.join(name_of(one) for one in backends) or around.words("ingress.none")
    said = around.words("ingress", hosts=comma.join(hosts), services=names)
    return Picture(tuple(marks), said, links=backends)


def _arrows(width: float, backends: tuple[str, ...], around: Surroundings) -> list[Mark]:
    y, x, right = STRIP_Y + 4.0, STRIP_X, width - 12
    marks: list[Mark] = []
    for backend in backends:
        there = backend in around.graph
        word = shortened(name_of(backend), "smaller", max(20.0, right - x - 18))
        if x + 16 + text_width(word, "smaller") > right:
            break
        colour = "good" if there else "alert"
        arrow = f"M{x} {y}L{x + 10} {y}M{x + 6} {y - 3.5}L{x + 10} {y}L{x + 6} {y + 3.5}"
        marks.append(path(arrow, "", colour, 1.4, "" if there else "2 2"))
        marks.append(text(x + 14, y + 3.5, "smaller", word, "muted" if there else "alert"))
        x = round(x + 24 + text_width(word, "smaller"), 1)
    return marks


PORTRAYAL = Portrayal("Ingress", "workloads", _draw)
