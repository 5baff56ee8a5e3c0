"""A volume, as its claim: a drum under the Pod that uses it, and who has it attached."""

from __future__ import annotations

from k8slab.api.meta import Obj, dig, is_terminating
from k8slab.graph import Graph, name_of
from k8slab.scene.marks import Mark, cylinder_d, path, text
from k8slab.scene.metrics import shortened, text_width
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.texts import Words

_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def attached_to(claim: str, graph: Graph) -> str:
    """The id of the node to which a claim's volume is attached; empty for none."""
    for volume in graph.targets(claim, "volume"):
        for source in graph.sources(volume, "attachment"):
            attachment = graph.get(source)
            if attachment is not None and dig(attachment, "status", "attached"):
                return f"Node/{attachment['spec']['nodeName']}"
    return ""


def _draw(subject: Subject, around: Surroundings) -> Picture:
    obj = subject.obj
    where = attached_to(subject.id, around.graph)
    held = bool(where) and around.is_lost(where)
    phase = dig(obj, "status", "phase", default="Pending")
    words = _words(obj, phase, where, held, around.words)
    line = "held" if held else subject.colour if phase == "Bound" else "mark-waiting"
    name = obj["metadata"]["name"]
    shown, is_bound = words, phase == "Bound" and not is_terminating(obj)
    if is_bound and where and text_width(words, "smaller") > subject.width - 43:
        # Where it is says more than how large it is.
        shown = around.words("claim.held_short" if held else "claim.on_short", node=name_of(where))
    marks = _marks(subject, line, name, shown, phase == "Bound")
    return Picture(tuple(marks), words, "held" if held else phase.lower(), _users(subject.id, around))


def _users(identity: str, around: Surroundings) -> tuple[str, ...]:
    return tuple(one for one in around.graph.sources(identity, "volume") if one.startswith("Pod/"))


def _words(obj: Obj, phase: str, where: str, held: bool, words: Words) -> str:
    if phase != "Bound":
        return phase
    size = dig(obj, "status", "capacity", "storage", default="") or dig(
        obj, "spec", "resources", "requests", "storage", default=""
    )
    modes = "/".join(_MODES.get(mode, mode) for mode in dig(obj, "spec", "accessModes", default=()))
    if is_terminating(obj):
        return words("claim.terminating", size=size, modes=modes)
    if not where:
        return words("claim.unattached", size=size, modes=modes)
    key = "claim.held" if held else "claim.on"
    return words(key, size=size, modes=modes, node=name_of(where))


def _marks(subject: Subject, line: str, name: str, words: str, bound: bool) -> list[Mark]:
    if subject.size == "small":
        body, lid = cylinder_d(12, 13, 2.5)
        return [path(body, "chip", line, 1.1), path(lid, "accent-soft", line, 1.1)]
    dash = "" if bound else "3 3"
    if subject.size == "medium":
        body, lid = cylinder_d(18, 20, 3)
        room = subject.width - 26
        return [
            path(body, "chip", line, 1.2, dash),
            path(lid, "accent-soft", line, 1.2, dash),
            text(25, 14, "small", shortened(name, "small", room, 4)),
        ]
    body, lid = cylinder_d(36, 38, 5)
    room = subject.width - 43
    return [
        path(body, "chip", line, 1.5, dash),
        path(lid, "accent-soft", line, 1.5, dash),
        text(43, 17, "name", shortened(name, "name", room, 4)),
        text(43, 32, "smaller", shortened(words, "smaller", room), "held" if line == "held" else "muted"),
    ]


PORTRAYAL = Portrayal("PersistentVolumeClaim", "volumes", _draw)
