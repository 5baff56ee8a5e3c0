"""A Deployment: a row of blocks for each revision that has Pods, so a rollout is blocks changing rows."""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of, condition_of, dig
from k8slab.scene.marks import Mark, rect, text
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.scene.portrayals._chip import STRIP_X, STRIP_Y, chip
from k8slab.scene.revisions import NUMBER

_MOST_BLOCKS = 12


def _draw(subject: Subject, around: Surroundings) -> Picture:
    obj = subject.obj
    wanted = dig(obj, "spec", "replicas", default=1)
    ready = dig(obj, "status", "readyReplicas", default=0)
    revision = annotations_of(obj).get(NUMBER, "")
    kind = around.words("deployment.kind", revision=revision) if revision else "Deployment"
    progressing = condition_of(obj, "Progressing") or {}
    stalled = around.words("deployment.stalled") if progressing.get("status") == "False" else ""
    name = obj["metadata"]["name"]
    held = around.words("paused") if dig(obj, "spec", "paused") else ""
    value = f"{held or stalled} · {ready}/{wanted}" if held or stalled else f"{ready}/{wanted}"
    marks = chip(subject.width, subject.colour, kind, name, value, replicas=wanted)
    sets = _sets(subject.id, around)
    for row, one in enumerate(sets[:2]):
        marks += _row(one, subject, STRIP_Y - 2 + row * 8, newest=row == 0, single=len(sets) == 1)
    said = [one for one in (held, stalled) if one]
    said.append(around.words("ready", ready=ready, wanted=wanted))
    if revision and not sets:
        said.append(around.words("deployment.at", revision=revision))
    for one in sets:
        pods, well = (dig(one, "status", name, default=0) for name in ("replicas", "readyReplicas"))
        said.append(around.words("deployment.revision", revision=_revision(one), pods=pods, ready=well))
    return Picture(tuple(marks), around.words("comma").join(said))


def _revision(replica_set: Obj) -> int:
    text_ = annotations_of(replica_set).get(NUMBER, "0")
    return int(text_) if text_.isdigit() else 0


def _sets(identity: str, around: Surroundings) -> list[Obj]:
    """The ReplicaSets that have or want Pods, newest revision first."""
    found = (around.graph.get(one) for one in around.graph.sources(identity, "owner"))
    sets = [one for one in found if one is not None and one["kind"] == "ReplicaSet"]
    sets = [
        one
        for one in sets
        if dig(one, "status", "replicas", default=0) or dig(one, "spec", "replicas", default=1)
    ]
    return sorted(sets, key=_revision, reverse=True)


def _row(replica_set: Obj, subject: Subject, y: float, newest: bool, single: bool) -> list[Mark]:
    total = dig(replica_set, "status", "replicas", default=0)
    wanted = max(total, dig(replica_set, "spec", "replicas", default=1))
    ready = dig(replica_set, "status", "readyReplicas", default=0)
    height = 12.0 if single else 6.0
    label = f"r{_revision(replica_set)}"
    marks = [text(STRIP_X, y + (9.5 if single else 6), "tiny", label, "muted")]
    left, room = STRIP_X + 20, subject.width - 48
    colour = subject.colour if newest else "fill"
    if wanted > _MOST_BLOCKS:
        marks.append(rect(left, y, room, height, 2, "track"))
        if ready:
            marks.append(rect(left, y, round(room * ready / wanted, 1), height, 2, colour))
        return marks
    step = min(20.0, room / max(wanted, 1))
    for block in range(wanted):
        x = round(left + step * block, 1)
        if block < ready:
            marks.append(rect(x, y, step - 3, height, 2, colour))
        else:
            marks.append(rect(x + 0.5, y + 0.5, step - 4, height - 1, 2, "", colour, 1))
    return marks


PORTRAYAL = Portrayal("Deployment", "workloads", _draw)
