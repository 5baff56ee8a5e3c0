"""A node: whether it is heard of and since when, what is reserved on it, what it refuses, and its Pods."""

from __future__ import annotations

from k8slab.api.meta import Obj, condition_of, dig, labels_of
from k8slab.api.quantities import milli, units
from k8slab.clock import parse_timestamp
from k8slab.graph import Graph
from k8slab.scene.marks import Mark, icon, rect, text
from k8slab.scene.metrics import shortened, text_width
from k8slab.scene.portrayal import Load, Picture, Portrayal, Subject, Surroundings
from k8slab.texts import Words

ZONE = "topology.kubernetes.io/zone"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")


def _draw(subject: Subject, around: Surroundings) -> Picture:
    load = around.load_of(subject.id)
    if subject.size == "heat":
        return _heat(subject, load, around.words)
    machine = machine_of(subject.id, around.graph)
    is_off = dig(machine or {}, "spec", "power", default="On") != "On"
    ready = condition_of(subject.obj, "Ready") or {}
    status = ready.get("status", "")
    said = around.words
    words = "Ready" if status == "True" else "NotReady" if status else said("tone.starting")
    cordoned = bool(dig(subject.obj, "spec", "unschedulable"))
    marks = _card(subject, status, cordoned)
    marks += _title(subject, (status, words, is_off, cordoned), ready, said)
    marks += _bars(subject, load) if subject.size != "small" else []
    taints = _taints(subject.obj)
    marks += _footer(subject, load, taints, said)
    detail = [
        words,
        said("node.off") if is_off else "",
        said("node.cordoned") if cordoned else "",
        _count(load, said),
        *taints,
    ]
    state = "ready" if status == "True" else "lost" if status == "Unknown" else "not-ready"
    return Picture(tuple(marks), said("comma").join(part for part in detail if part), state)


def machine_of(identity: str, graph: Graph) -> Obj | None:
    """The record of the hardware behind a node, where there is one."""
    for source in graph.sources(identity, "attachment"):
        obj = graph.get(source)
        if obj is not None and obj["kind"] == "Machine":
            return obj
    return None


def _card(subject: Subject, status: str, cordoned: bool) -> list[Mark]:
    fill, line, dash = "card", "card-line", ""
    if status != "True":
        fill, line = "card-lost", "card-lost-line"
    elif cordoned:
        fill, dash = "card-held", "7 4"
    radius = 12 if subject.size == "large" else 8
    return [rect(0, 0, subject.width, subject.height, radius, fill, line, 1.4, dash)]


def _title(subject: Subject, how: tuple[str, str, bool, bool], ready: Obj, said: Words) -> list[Mark]:
    status, words, is_off, cordoned = how
    small = subject.size == "small"
    y = 17.0 if small else 24.0
    sign = "node-off" if is_off else "node-ready" if status == "True" else "node-lost"
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
    if cordoned:
        marks.append(icon(x + 8, y - 4, "cordon"))
    if small:
        return marks
    right = subject.width - 14
    if is_off and status == "True":
        marks.append(text(right, y, "alert", said("node.off"), "alert", "end"))
    elif status == "True":
        held = f"Ready · {said('node.cordoned')}" if cordoned else "Ready"
        marks.append(text(right, y, "label", held, "held" if cordoned else "muted", "end"))
    else:
        since = parse_timestamp(ready["lastTransitionTime"]) if ready.get("lastTransitionTime") else 0
        clock = "since" if since else ""
        marks.append(
            text(right, y, "alert", f"{words} {{}}" if since else words, "alert", "end", clock, since)  # type: ignore[arg-type]
        )
    return marks


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


def _footer(subject: Subject, load: Load, taints: list[str], said: Words) -> list[Mark]:
    y = subject.height - 10
    if subject.size == "small":
        return [text(subject.width - 8, 17, "smaller", str(load.pods), "muted", "end")]
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


def _heat(subject: Subject, load: Load, said: Words) -> Picture:
    ready = condition_of(subject.obj, "Ready") or {}
    ill = 1 - load.well / load.pods if load.pods else 0.0
    lost = ready.get("status") != "True"
    tone = "heat-4" if lost else "heat-empty" if not load.pods else f"heat-{min(4, round(ill * 4 + 0.49))}"
    size = subject.width - 2
    marks: list[Mark] = [rect(1, 1, size, size, 2, tone)]
    if lost:
        marks.append(icon(subject.width / 2, subject.width / 2, "node-lost"))
    elif size >= 24:
        dark = tone == "heat-4"
        marks.append(
            text(
                1 + size / 2,
                size / 2 + 4.5,
                "smaller",
                str(load.pods),
                "on-mark" if dark else "on-bright",
                "middle",
            )
        )
    state = "lost" if lost else "ready"
    return Picture(tuple(marks), said("node.well", well=load.well, pods=load.pods), state)


PORTRAYAL = Portrayal("Node", "nodes", _draw)
