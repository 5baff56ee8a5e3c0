"""A node: whether it is heard of and since when, what is reserved on it, what it refuses, and its Pods."""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import Obj, condition_of, dig, labels_of
from k8slab.api.quantities import milli, units
from k8slab.clock import parse_timestamp
from k8slab.containers.ailments import SKEW, SLOWNESS
from k8slab.graph import Graph
from k8slab.kubelet.shortage import DISK, MEMORY, PIDS
from k8slab.scene.marks import Mark, clock_text, icon, instant_text, path, rect, text
from k8slab.scene.metrics import shortened, text_width
from k8slab.scene.portrayal import Load, Picture, Portrayal, Subject, Surroundings
from k8slab.texts import Words

ZONE = "topology.kubernetes.io/zone"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_PARTS = (
    ("power", "On", "node.off"),
    ("network", "Up", "node.cut"),
    ("kubelet", "Running", "node.no_kubelet"),
    (DISK, 0, "node.full"),
    (MEMORY, 0, "node.memory"),
    (PIDS, 0, "node.pids"),
    (SLOWNESS, 0, "node.slow"),
    (SKEW, 0, "node.ahead"),
)
"""The parts of a machine, how each is when all is well, and the words for when it isn't."""
_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")


def _draw(subject: Subject, around: Surroundings) -> Picture:
    load = around.load_of(subject.id)
    if subject.size == "heat":
        return _heat(subject, load, around)
    said, now_us = around.words, around.now_us
    how = _how(subject, around)
    taints = _taints(subject.obj)
    marks = _card(subject, how)
    marks += _title(subject, how, said)
    marks += _bars(subject, load) if subject.size != "small" else []
    marks += _footer(subject, how, load, taints, said)
    is_ill = how.status != "True" and how.since_us and not how.is_joining
    zone = labels_of(subject.obj).get(ZONE, "")
    cpu, memory = (round(share * 100) for share in shares(subject.obj, load))
    detail = [
        said("node.zone", zone=zone) if zone else "",
        said("since", words=how.words, at=instant_text(how.since_us, now_us)) if is_ill else how.words,
        *how.troubles,
        said("node.cordoned") if how.is_cordoned else "",
        _count(load, said),
        said("node.reserved", cpu=cpu, memory=memory) if cpu or memory else "",
        *taints,
    ]
    state = "ready" if how.status == "True" else "lost" if how.status == "Unknown" else "not-ready"
    state = "joining" if how.is_joining else state
    return Picture(tuple(marks), said("comma").join(part for part in detail if part), state)


class _How(NamedTuple):
    """How a node is doing: its Ready condition, also in words, since when; and what is wrong beneath."""

    status: str
    words: str
    since_us: int
    is_off: bool
    is_cordoned: bool
    is_joining: bool
    troubles: tuple[str, ...]


def _how(subject: Subject, around: Surroundings) -> _How:
    said = around.words
    machine = dig(machine_of(subject.id, around.graph) or {}, "spec", default={})
    ready = condition_of(subject.obj, "Ready") or {}
    status, since = ready.get("status", ""), ready.get("lastTransitionTime")
    joins = not status or bool(
        since and status == "False" and since == subject.obj["metadata"].get("creationTimestamp")
    )
    words = "Ready" if status == "True" else said("node.joining") if joins else "NotReady"
    found = [key for part, well, key in _PARTS if (machine.get(part) or well) != well]
    # Without power nothing else of a machine says anything.
    found = found[:1] if "node.off" in found else found
    skew = machine.get(SKEW) or 0
    parts = {"factor": machine.get(SLOWNESS), "by": clock_text(abs(skew))}
    if skew < 0:
        found = ["node.behind" if key == "node.ahead" else key for key in found]
    pressed = [
        one["type"]
        for one in dig(subject.obj, "status", "conditions", default=())
        if one["type"].endswith("Pressure") and one["status"] == "True"
    ]
    return _How(
        status,
        words,
        parse_timestamp(since) if since else 0,
        "node.off" in found,
        bool(dig(subject.obj, "spec", "unschedulable")),
        joins,
        (*(said(key, **parts) for key in found), *pressed),
    )


def machine_of(identity: str, graph: Graph) -> Obj | None:
    """The record of the hardware behind a node, where there is one."""
    for source in graph.sources(identity, "attachment"):
        obj = graph.get(source)
        if obj is not None and obj["kind"] == "Machine":
            return obj
    return None


def _card(subject: Subject, how: _How) -> list[Mark]:
    fill, line, dash = "card", "card-line", ""
    if how.is_joining:
        dash = "2 4"
    elif how.status != "True":
        fill, line = "card-lost", "card-lost-line"
    elif how.is_cordoned:
        fill, dash = "card-held", "7 4"
    radius = 12 if subject.size == "large" else 8
    return [rect(0, 0, subject.width, subject.height, radius, fill, line, 1.4, dash)]


def _title(subject: Subject, how: _How, said: Words) -> list[Mark]:
    small = subject.size == "small"
    y = 17.0 if small else 24.0
    sign = "node-off" if how.is_off else "node-ready" if how.status == "True" else "node-lost"
    sign = "small-creating" if how.is_joining and not how.is_off else sign
    left = 12.0 if small else 18.0
    marks = [icon(left, y - 4, sign)]
    style = "label" if small else "title"
    room = subject.width - left - 24 if small else subject.width * 0.45
    name = shortened(subject.obj["metadata"]["name"], style, room, 4)
    marks.append(text(left + 12, y, style, name))
    x = left + 18 + text_width(name, style)
    zone = labels_of(subject.obj).get(ZONE, "")
    if zone and not small:
        zone_words = said("node.zone", zone=zone)
        marks.append(text(x + 2, y, "small", zone_words, "muted"))
        x += 10 + text_width(zone_words, "small")
    if how.is_cordoned:
        marks.append(icon(x + 8, y - 4, "cordon"))
        x += 18
    return marks if small else [*marks, _state(subject.width - 14, y, subject.width - 24 - x, how, said)]


def _state(right: float, y: float, room: float, how: _How, said: Words) -> Mark:
    """The words at a card's right end: the worst of what is to be said, and more where there is room."""
    if how.is_joining:
        return text(right, y, "label", how.words, "muted", "end")
    if how.status != "True":
        since = how.since_us
        words = f"{how.words} {{}}" if since else how.words
        return text(right, y, "alert", words, "alert", "end", "since" if since else "", since)
    if how.troubles:
        whole = " · ".join(how.troubles)
        words = whole if text_width(whole, "alert") <= room else how.troubles[0]
        return text(right, y, "alert", words, "alert", "end")
    if how.is_cordoned:
        whole = f"Ready · {said('node.cordoned')}"
        words = whole if text_width(whole, "label") <= room else said("node.cordoned")
        return text(right, y, "label", words, "held", "end")
    return text(right, y, "label", "Ready", "muted", "end")


def shares(obj: Obj, load: Load) -> tuple[float, float]:
    """Which shares of the allocatable CPU and memory the node's Pods have reserved."""
    allocatable = dig(obj, "status", "allocatable", default={})
    cpu, memory = milli(allocatable.get("cpu", "0")), units(allocatable.get("memory", "0"))
    return (load.cpu_milli / cpu if cpu else 0.0, load.memory_bytes / memory if memory else 0.0)


def _bars(subject: Subject, load: Load) -> list[Mark]:
    width = subject.width - 28
    marks: list[Mark] = []
    for row, share in enumerate(shares(subject.obj, load)):
        y = 33.0 + 5 * row
        marks.append(rect(14, y, width, 3.4, 1.7, "track"))
        if share:
            marks.append(
                rect(14, y, round(width * min(1.0, share), 1), 3.4, 1.7, "fill" if share < 0.9 else "alert")
            )
    return marks


def _taints(obj: Obj) -> list[str]:
    """The taints as `key:Effect`, the sharpest effect of each key only."""
    best: dict[str, str] = {}
    for taint in dig(obj, "spec", "taints", default=()):
        if taint["key"] == UNSCHEDULABLE:
            continue
        key = taint["key"].rpartition("/")[2] + (f"={taint['value']}" if taint.get("value") else "")
        if key not in best or _EFFECTS.index(taint["effect"]) < _EFFECTS.index(best[key]):
            best[key] = taint["effect"]
    return [f"{key}:{effect}" for key, effect in best.items()]


def _count(load: Load, said: Words) -> str:
    return said("node.pod") if load.pods == 1 else said("node.pods", count=load.pods)


def _footer(subject: Subject, how: _How, load: Load, taints: list[str], said: Words) -> list[Mark]:
    y = subject.height - 10
    if subject.size == "small":
        ill = [icon(subject.width - 36, 13, "small-failed")] if how.troubles else []
        return [*ill, text(subject.width - 8, 17, "smaller", str(load.pods), "muted", "end")]
    cpu, _ = shares(subject.obj, load)
    words = _count(load, said)
    if cpu:
        words += f" · cpu {round(cpu * 100)} %"
    marks = [text(52 if subject.size == "large" else 16, y, "smaller", words, "muted")]
    right = subject.width - 14
    for taint in taints[:2]:
        room = right - 66 - text_width(words, "smaller")
        if room < 40:
            break
        shown = shortened(taint, "tiny", room - 14)
        width = round(text_width(shown, "tiny") + 14, 1)
        marks.append(rect(right - width, y - 13, width, 17, 8, "alert-soft", "alert-line", 1))
        marks.append(text(right - width / 2, y - 1, "tiny", shown, "alert", "middle"))
        right -= width + 6
    return marks


def fullness(obj: Obj, load: Load) -> float:
    """The largest share of a node that is taken: of its CPU, its memory or its places for Pods."""
    places = int(dig(obj, "status", "allocatable", "pods", default="0"))
    return max(*shares(obj, load), load.pods / places if places else 0.0)


def _cross(middle: float, reach: float) -> Mark:
    """What is struck out, on a dark ground."""
    near, far = round(middle - reach, 1), round(middle + reach, 1)
    return path(f"M{near} {near}L{far} {far}M{far} {near}L{near} {far}", "", "on-mark", 1.8)


HOT = 0.9
"""From this share on a node is said to be full."""
_STEPS = 8


def _heat(subject: Subject, load: Load, around: Surroundings) -> Picture:
    """A cell: how full it is says how full the node is, its colour how well the Pods on it are."""
    said, how = around.words, _how(subject, around)
    ill = 1 - load.well / load.pods if load.pods else 0.0
    lost, full = how.status != "True" and not how.is_joining, fullness(subject.obj, load)
    tone = "heat-4" if lost else f"heat-{min(4, round(ill * 4 + 0.49))}"
    size = subject.width - 2
    marks: list[Mark] = [rect(1, 1, size, size, 2, tone if lost else "heat-empty")]
    step = max(1, min(_STEPS, round(full * _STEPS))) if load.pods else 0
    if step and not lost:
        height = round(size * step / _STEPS, 1)
        marks.append(rect(1, round(1 + size - height, 1), size, height, 2, tone))
    if lost:
        marks.append(_cross(subject.width / 2, min(5.5, size * 0.3)))
    elif size >= 24:
        # The count stands where the cell is of one colour: above what is full, or in it.
        is_within = step > _STEPS / 2
        y = size - 5 if is_within else 12
        ink = ("on-mark" if tone == "heat-4" else "on-bright") if is_within else "text"
        marks.append(text(1 + size / 2, y, "smaller", str(load.pods), ink, "middle"))
    if full >= HOT and not lost:
        marks.append(rect(1.5, 1.5, size - 1, size - 1, 2, "", "alert", 1.4))
    elif how.is_cordoned:
        marks.append(rect(1.5, 1.5, size - 1, size - 1, 2, "", "held", 1.4, "2 1.5"))
    calm = "ill" if load.well < load.pods else "ready"
    state = "lost" if lost else "hot" if full >= HOT else "cordoned" if how.is_cordoned else calm
    detail = [
        "" if how.status == "True" else how.words,
        said("node.well", well=load.well, pods=load.pods),
        said("node.full_by", share=round(full * 100)),
        *how.troubles,
        said("node.cordoned") if how.is_cordoned else "",
    ]
    return Picture(tuple(marks), said("comma").join(one for one in detail if one), state)


PORTRAYAL = Portrayal("Node", "nodes", _draw)
