"""The chip that all workloads share: coloured edge, kind, name, value, and a strip for its kind's sign."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from k8slab.scene.marks import Clock, Mark, grip, path, rect, stripe_d, text
from k8slab.scene.metrics import shortened, text_width
from k8slab.texts import Words

STRIP_X, STRIP_Y, STRIP_HEIGHT = 15.0, 42.0, 10.0
"""Where a chip's strip begins, and its height; it is `width - 28` wide."""

HEIGHT = 60.0
_GRIP_ROOM = 26.0


def chip(
    width: float,
    colour: str,
    kind: str,
    name: str,
    value: str,
    clock: Clock = "",
    at_us: int = 0,
    *,
    replicas: int | None = None,
    longest: str = "00:00",
) -> list[Mark]:
    """The marks of a chip without its strip. `value` stands at the right.

    It may hold a running clock, for which there is room as for `longest`. With `replicas`, how many there
    should be, there is a grip that sets them.
    """
    value_width = text_width(value.replace("{}", longest), "value")
    held = [] if replicas is None else [grip(width - 20, 13, replicas)]
    return [
        *held,
        rect(0, 0, width, HEIGHT, 8, "chip", "line", 1.2),
        path(stripe_d(6, HEIGHT, 6), colour),
        text(15, 16, "smaller", shortened(kind, "smaller", width - 26 - _GRIP_ROOM * len(held)), "muted"),
        text(15, 33, "strong", shortened(name, "strong", width - 36 - value_width, 5)),
        text(width - 12, 33, "value", value, "text", "end", clock, at_us),
    ]


def progress(width: float, colour: str, done: int, total: int) -> list[Mark]:
    """A plain bar in the strip, for counts that are too many to draw one by one."""
    room = width - 28
    share = min(1.0, done / total) if total else 1.0
    marks = [rect(STRIP_X, STRIP_Y + 2, room, 6, 3, "track")]
    if share:
        marks.append(rect(STRIP_X, STRIP_Y + 2, round(room * share, 1), 6, 3, colour))
    return marks


def told(tones: Sequence[str], words: Words, first: int = 0) -> str:
    """Numbered slots in words, equal ones together: `0-1 succeeded, 2 failed`; they count from `first`."""
    parts = []
    at = first
    for tone, run in groupby(tones):
        last = at + len(list(run)) - 1
        slots = str(at) if last == at else f"{at}-{last}"
        parts.append(words("slot", slots=slots, tone=words(f"tone.{tone}" if tone else "slot.none")))
        at = last + 1
    return words("comma").join(parts)
