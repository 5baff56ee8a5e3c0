"""A Pod: its owner's colour at the edge, its phase as a sign, its state in kubectl's words."""

from __future__ import annotations

from functools import lru_cache

from k8slab.scene.marks import Mark, icon, instant_text, lower_stripe_d, path, rect, stripe_d, text
from k8slab.scene.metrics import shortened, text_width
from k8slab.scene.phases import Look
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings

_SUFFIX = 5
"""How many characters at a name's end tell one Pod of a workload from the next."""


def _draw(subject: Subject, around: Surroundings) -> Picture:
    look = around.look_of(subject.id)
    if look is None:
        return Picture(())
    name = subject.obj["metadata"]["name"]
    former = around.is_former(subject.id)
    if subject.size == "small":
        marks = small_marks(subject.colour, look.tone, former)
    elif subject.size == "medium":
        marks = medium_marks(subject.width, subject.colour, look.tone, name, former)
    else:
        marks = large_marks(subject.width, subject.height, subject.colour, look, name, former)
    words = _words(look, around)
    if former:
        words = f"{words}{around.words('comma')}{around.words('pod.former')}"
    hostname, subdomain = subject.obj["spec"].get("hostname"), subject.obj["spec"].get("subdomain")
    if hostname and subdomain:
        namespace = subject.obj["metadata"].get("namespace", "default")
        words = f"{words}, {hostname}.{subdomain}.{namespace}.svc.cluster.local"
    return Picture(marks, words, look.tone, around.links_of(subject.id))


def _words(look: Look, around: Surroundings) -> str:
    """The line beneath the name, with an instant in the place of its running clock."""
    line = look.line
    if look.clock:
        words, at = line.replace("{}", "").strip(), instant_text(look.at_us, around.now_us)
        line = around.words("since", words=words, at=at)
    counted = "·" in look.line or "×" in look.line
    if look.restarts and not counted:
        key = "restarts" if look.restarts > 1 else "restart"
        line = f"{line} · {around.words(key, count=look.restarts)}"
    return line


def _box(width: float, height: float, radius: float, tone: str) -> Mark:
    if tone == "terminating":
        return rect(0, 0, width, height, radius, "chip-going", "alert", 1.2, "2 3")
    if tone == "waiting":
        return rect(0, 0, width, height, radius, "chip", "mark-waiting", 1.2, "5 3")
    if tone == "unknown":
        return rect(0, 0, width, height, radius, "chip-unknown", "mark-unknown", 1.2)
    return rect(0, 0, width, height, radius, "chip", "chip-line", 1.2)


def _stripe(width: float, height: float, radius: float, colour: str, former: bool) -> tuple[Mark, ...]:
    """The owner's colour at the edge. Of a Pod that a rollout replaces the lower half is grey."""
    whole = path(stripe_d(width, height, radius), colour)
    return (whole, path(lower_stripe_d(width, height, radius), "fill")) if former else (whole,)


@lru_cache(maxsize=8192)
def large_marks(
    width: float, height: float, colour: str, look: Look, name: str, former: bool = False
) -> tuple[Mark, ...]:
    """Two lines: the name, and how the Pod is doing."""
    room = width - 15 - 32
    line = look.line
    if text_width(line.replace("{}", "00:00"), "small") > room and "{}" not in line:
        line = shortened(line, "small", room)
    return (
        _box(width, height, 8, look.tone),
        *_stripe(7, height, 7, colour, former),
        text(15, 17, "name", shortened(name, "name", room, _SUFFIX)),
        text(15, 32, "small", line, "muted", "start", look.clock, look.at_us),
        icon(width - 17, height / 2, look.tone),
    )


@lru_cache(maxsize=4096)
def medium_marks(width: float, colour: str, tone: str, name: str, former: bool = False) -> tuple[Mark, ...]:
    """One line: the name."""
    return (
        _box(width, 22, 5, tone),
        *_stripe(5, 22, 5, colour, former),
        text(11, 15, "small", shortened(name, "small", width - 33, _SUFFIX)),
        icon(width - 12, 11, f"small-{tone}"),
    )


@lru_cache(maxsize=512)
def small_marks(colour: str, tone: str, former: bool = False) -> tuple[Mark, ...]:
    """A square: colour and sign."""
    return (
        _box(17, 15, 3, tone),
        *_stripe(3.5, 15, 3, colour, former),
        icon(10, 7.5, f"small-{tone}"),
    )


PORTRAYAL = Portrayal("Pod", "pods", _draw)
