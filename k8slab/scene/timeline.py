"""The timeline: how the phases of Pods followed each other, recorded change by change.

A row is one Pod of a StatefulSet, whose Pods have names that last, or all Pods
of another workload, each in a lane of its own. Stretches are kept in instants
and not in pixels, so a longer axis rescales the picture without touching them.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from k8slab.scene.marks import Mark, bar, rect, text
from k8slab.scene.metrics import shortened
from k8slab.scene.places import Places
from k8slab.scene.scene import Axis

_STEPS_US = (
    *(seconds * SECOND_US for seconds in (10, 20, 30)),
    *(minutes * MINUTE_US for minutes in (1, 2, 4, 5, 10, 15, 30)),
    *(hours * HOUR_US for hours in (1, 2, 4, 6, 12)),
    *(days * DAY_US for days in (1, 2, 7, 30, 90, 365)),
)
_MOST_TICKS = 8
MOST_ROWS = 10
MOST_LANES = 6
_MOST_STRETCHES = 400

WORST_FIRST = (
    "failed",
    "terminating",
    "unknown",
    "waiting",
    "creating",
    "starting",
    "running",
    "succeeded",
)
_RANK = {tone: rank for rank, tone in enumerate((*WORST_FIRST, ""))}


class Stretch(NamedTuple):
    """A tone from an instant to another; `to_us` 0 while it lasts."""

    tone: str
    from_us: int
    to_us: int


class Row:
    """The stretches of some Pods. `counts` says how many Pods are in each tone now."""

    __slots__ = ("counts", "label", "lanes", "places", "summary", "tones", "widest", "worst")

    def __init__(self, label: str) -> None:
        self.label = label
        self.places = Places()
        self.lanes: list[list[Stretch]] = []
        self.summary: list[Stretch] = []
        self.tones: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.worst = ""
        self.widest = 0

    def note(self, pod: str, tone: str, at_us: int) -> bool:
        """Take in that a Pod has a tone from an instant on; empty when it is gone. Whether that is news."""
        former = self.tones.get(pod, "")
        if former == tone:
            return False
        if former:
            self.counts[former] -= 1
        if tone:
            self.counts[tone] = self.counts.get(tone, 0) + 1
            self.tones[pod] = tone
        else:
            self.tones.pop(pod, None)
        lane = self.places.take(pod)
        while len(self.lanes) <= min(lane, MOST_LANES - 1):
            self.lanes.append([])
        if lane < MOST_LANES:
            _append(self.lanes[lane], tone, at_us)
        self._sum_up(tone, former, at_us)
        if not tone:
            self.places.leave(pod)
        self.widest = max(self.widest, len(self.tones))
        return True

    def _sum_up(self, tone: str, former: str, at_us: int) -> None:
        """Keep the summary: the worst tone that any of the Pods has."""
        current = self.worst
        if _RANK[tone] < _RANK[current]:
            self.worst = tone
        elif former == current and not self.counts.get(former):
            self.worst = next((one for one in WORST_FIRST if self.counts.get(one)), "")
        if self.worst != current:
            _append(self.summary, self.worst, at_us)


def _append(stretches: list[Stretch], tone: str, at_us: int) -> None:
    """End the last stretch and begin another; one that lasted no time is dropped."""
    if stretches and not stretches[-1].to_us:
        last = stretches.pop()
        if last.tone == tone:
            stretches.append(last)
            return
        if last.from_us < at_us:
            stretches.append(last._replace(to_us=at_us))
    if not tone:
        return
    if stretches and stretches[-1].tone == tone and stretches[-1].to_us == at_us:
        stretches.append(stretches.pop()._replace(to_us=0))
        return
    stretches.append(Stretch(tone, at_us, 0))
    if len(stretches) > _MOST_STRETCHES:
        stretches[:] = thinned(stretches)


def thinned(stretches: list[Stretch]) -> list[Stretch]:
    """Half as many stretches: the shorter of two neighbours gives its time to the longer."""
    result: list[Stretch] = []
    for at in range(0, len(stretches) - 2, 2):
        one, other = stretches[at], stretches[at + 1]
        longer = one if one.to_us - one.from_us >= other.to_us - other.from_us else other
        result.append(Stretch(longer.tone, one.from_us, other.to_us))
    return [*result, *stretches[len(result) * 2 :]]


def axis_for(x: float, width: float, start_us: int, now_us: int) -> tuple[Axis, int]:
    """An axis from the start to a round instant after now, and the step of its ticks."""
    span = max(now_us - start_us, MINUTE_US) * 1.08
    step = next((one for one in _STEPS_US if span / one <= _MOST_TICKS), _STEPS_US[-1])
    ticks = int(-(-span // step))
    return Axis(x, width, start_us, start_us + ticks * step, step), step


def row_marks(
    row: Row, axis: Axis, left: float, right: float, height: float, until_us: int = 0
) -> tuple[Mark, ...]:
    """The marks of a row in its own box, whose x is 0 and whose bars stand on the axis."""
    name = shortened(row.label, "label", left - 30, 5)
    marks: list[Mark] = [
        text(left - 12, height - 4.5, "label", name, "text", "end"),
        rect(left, 0.5, right - left, height - 1, 3, "lane"),
    ]
    lanes = row.lanes if row.widest <= MOST_LANES else [row.summary]
    lanes = [lane for lane in lanes if lane]
    if not lanes:
        return tuple(marks)
    pitch = (height - 1) / len(lanes)
    least_us = (axis.end_us - axis.start_us) / max(1.0, axis.width) * 0.7
    for number, lane in enumerate(lanes):
        y = round(0.5 + pitch * number, 2)
        thickness = round(pitch - (0.7 if len(lanes) > 1 else 0), 2)
        marks += [
            bar(y, thickness, one.tone, one.from_us, one.to_us or until_us)
            for one in lane
            if not one.to_us or one.to_us - one.from_us >= least_us
        ]
    return tuple(marks)
