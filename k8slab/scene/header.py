"""The line above the picture: the lab's clock, and from what the run can be made again."""

from __future__ import annotations

import time

from k8slab.clock import DAY_US, SECOND_US
from k8slab.scene.layout import HEADER_HEIGHT, MARGIN
from k8slab.scene.marks import Mark, path, rect, text
from k8slab.scene.scene import Scene
from k8slab.texts import Language, say


def clock_words(now_us: int, start_us: int, language: Language = "en") -> str:
    """The lab's clock: `day 1 · 09:24:48`. Days are counted from the one on which the lab began."""
    day = now_us // DAY_US - start_us // DAY_US + 1
    at = time.strftime("%H:%M:%S", time.gmtime(now_us // SECOND_US))
    return say(language, "scene.clock", day=day, time=at)


def fact_words(scene: Scene) -> str:
    """Seconds since the start, seed and events: `t = 1488 s · seed 7 · 214 events`."""
    header = scene.header
    seconds = (scene.now_us - header.start_us) // SECOND_US
    return say(header.language, "scene.facts", seconds=seconds, seed=header.seed, events=header.events)


def header_marks(scene: Scene) -> tuple[Mark, ...]:
    """The header as marks, for renderers that have no header of their own."""
    right = scene.width - MARGIN
    return (
        rect(0, 0, scene.width, HEADER_HEIGHT, 0, "raised"),
        path(f"M0 {HEADER_HEIGHT:g}L{scene.width:g} {HEADER_HEIGHT:g}", "", "line", 1.2),
        text(MARGIN, 30, "brand", scene.header.title),
        text(MARGIN + 72, 29.5, "label", scene.header.summary, "muted"),
        text(
            right,
            22,
            "clock",
            clock_words(scene.now_us, scene.header.start_us, scene.header.language),
            "text",
            "end",
        ),
        text(right, 38, "small", fact_words(scene), "muted", "end"),
    )
