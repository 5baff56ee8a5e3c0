"""A Gantt chart of Pods' phases: a row for each Pod, from when it came until it went.

It is a scene like the picture of the cluster, so every renderer draws it. The
phases are told apart by the height of their bars as well as by their colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.graph import name_of, namespace_of, object_id
from k8slab.scene.bands import input_marks
from k8slab.scene.layout import HEADER_HEIGHT, MARGIN
from k8slab.scene.marks import Mark, bar, clock_text, rect, text
from k8slab.scene.metrics import shortened, text_width
from k8slab.scene.phases import look, node_lost
from k8slab.scene.scene import CARD, CHIP, OVER, Axis, Header, Item, Scene
from k8slab.scene.timeline import Row, Stretch, axis_for
from k8slab.scene.tokens import OWNER_COLOURS, PHASES
from k8slab.store.view import Change
from k8slab.texts import Language, say

MOST_PODS = 300
HEIGHTS = {
    "waiting": 3.0,
    "creating": 6.0,
    "starting": 9.0,
    "running": 13.0,
    "succeeded": 7.0,
    "failed": 13.0,
    "terminating": 9.0,
    "unknown": 5.0,
}
"""How high the bar of each phase is."""
_PITCH, _LANE = 18.0, 13.0
_LEFT = 214.0
_TOP = HEADER_HEIGHT + 34.0


class Life(NamedTuple):
    """A Pod, the workload that it belongs to (itself for none), and its phases in order."""

    pod: str
    owner: str
    stretches: tuple[Stretch, ...]


class _Lives:
    """Follows history and keeps each Pod's phases."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.owners: dict[str, str] = {}
        self._pods: dict[str, Obj] = {}
        self._lost: dict[str, bool] = {}

    def take(self, change: Change) -> None:
        """Take in one change."""
        identity = object_id(change.kind, change.key)
        obj = change.new
        if change.kind == "Node":
            lost = obj is None or node_lost(obj)
            if self._lost.get(identity) != lost:
                self._lost[identity] = lost
                for pod in [one for one, held in self._pods.items() if _node_of(held) == identity]:
                    self._note(pod, self._pods[pod], change.at_us)
        elif obj is not None:
            controller = _controller(identity, obj)
            if controller:
                self.owners[identity] = controller
        if change.kind == "Pod":
            if obj is None:
                self._pods.pop(identity, None)
            else:
                self._pods[identity] = obj
            self._note(identity, obj, change.at_us)

    def _note(self, identity: str, pod: Obj | None, at_us: int) -> None:
        row = self.rows.setdefault(identity, Row(name_of(identity)))
        if pod is None:
            row.note(identity, "", at_us)
        else:
            lost = self._lost.get(_node_of(pod), False)
            row.note(identity, look(pod, lost, False).tone, at_us)

    def root(self, identity: str) -> str:
        """The owner's owner's … owner."""
        for _ in range(8):
            owner = self.owners.get(identity)
            if owner is None:
                break
            identity = owner
        return identity


def _node_of(pod: Obj) -> str:
    return f"Node/{pod['spec'].get('nodeName', '')}"


def _controller(identity: str, obj: Obj) -> str:
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return object_id(reference["kind"], (namespace_of(identity), reference["name"]))
    return ""


def lives_of(history: Iterable[Change], until_us: int) -> list[Life]:
    """Every Pod that there was until an instant: by workload as they came, and as they came within one."""
    lives = _Lives()
    for change in history:
        if change.at_us > until_us:
            break
        lives.take(change)
    found = [
        Life(pod, lives.root(pod), tuple(one for lane in row.lanes for one in lane))
        for pod, row in lives.rows.items()
    ]
    order: dict[str, int] = {}
    for life in found:
        order.setdefault(life.owner, len(order))
    return sorted(found, key=lambda life: order[life.owner])


def compose(
    history: Iterable[Change],
    inputs: Sequence[tuple[int, str]],
    header: Header,
    now_us: int,
    *,
    width: float = 1180,
    language: Language = "en",
) -> Scene:
    """The chart of all Pods up to `now_us`. `header` gives start, seed and events."""
    lives = lives_of(history, now_us)
    axis, step_us = axis_for(_LEFT, width - _LEFT - MARGIN - 16, header.start_us, now_us)
    owners = list(dict.fromkeys(life.owner for life in lives))
    shown = lives[:MOST_PODS]
    items = [_row(life, number, owners, axis, now_us, language) for number, life in enumerate(shown)]
    bottom = _TOP + _PITCH * max(1, len(shown))
    items.append(_frame(bottom, axis, step_us, inputs, now_us, width, language))
    items.append(_legend(bottom + 34, width, len(lives) - len(shown), bool(lives), language))
    line: tuple[Mark, ...] = (("now", 0, bottom - _TOP + 6),)
    items.append(Item("now", OVER, "", 0, _TOP - 4, 0, bottom - _TOP, "", marks=line))
    summary = say(language, "scene.gantt.summary", pods=len(lives), owners=len(owners))
    head = header._replace(summary=summary, language=language)
    return Scene(width, bottom + 62, now_us, head, axis, "", {item.id: item for item in items})


def _row(life: Life, number: int, owners: Sequence[str], axis: Axis, now_us: int, language: Language) -> Item:
    colour = f"owner-{owners.index(life.owner) % OWNER_COLOURS}" if life.owner != life.pod else "owner-none"
    name = shortened(name_of(life.pod), "label", _LEFT - MARGIN - 26, 5)
    marks: list[Mark] = [
        rect(MARGIN, 1, 4, _LANE, 1, colour),
        text(MARGIN + 12, 11.5, "label", name, "text"),
        rect(axis.x, 0.5, axis.width, _LANE + 1, 3, "lane"),
    ]
    for one in life.stretches:
        height = HEIGHTS[one.tone]
        marks.append(bar(round(0.5 + (_LANE + 1 - height) / 2, 2), height, one.tone, one.from_us, one.to_us))
    last = life.stretches[-1] if life.stretches else Stretch("", 0, 0)
    return Item(
        life.pod,
        CHIP,
        "Pod",
        0,
        _TOP + _PITCH * number,
        axis.x + axis.width,
        _LANE + 1,
        name_of(life.pod),
        words_of(life, axis.start_us, language),
        "" if last.to_us else last.tone,
        tuple(marks),
        (life.owner,) if life.owner != life.pod else (),
    )


def words_of(life: Life, start_us: int, language: Language) -> str:
    """A Pod's phases in words: `creating from 0:05, running from 0:08, gone at 1:00`.

    What lasted less than a second is passed over.
    """
    parts: list[str] = []
    for number, one in enumerate(life.stretches):
        if not one.to_us or one.to_us - one.from_us >= SECOND_US:
            tone = say(language, f"scene.tone.{one.tone}")
            parts.append(say(language, "scene.gantt.from", tone=tone, at=clock_text(one.from_us - start_us)))
        after = life.stretches[number + 1] if number + 1 < len(life.stretches) else None
        if one.to_us and (after is None or after.from_us > one.to_us):
            parts.append(say(language, "scene.gantt.gone", at=clock_text(one.to_us - start_us)))
    return ("，" if language == "zh" else ", ").join(parts)


def _frame(
    bottom: float,
    axis: Axis,
    step_us: int,
    inputs: Sequence[tuple[int, str]],
    now_us: int,
    width: float,
    language: Language,
) -> Item:
    """The title, the ticks, and a line for each thing that the user did."""
    title = say(language, "scene.gantt.title")
    marks: list[Mark] = [text(MARGIN, HEADER_HEIGHT + 21, "heading", title, "muted")]
    for tick in range(axis.start_us, axis.end_us + 1, step_us):
        label = clock_text(tick - axis.start_us)
        marks.append(text(round(axis.at(tick), 1), bottom + 16, "smaller", label, "muted", "middle"))
    done = [one for one in inputs if one[0] <= now_us]
    marks += input_marks(axis, done, 0, _TOP - 10, bottom)
    return Item("gantt", CARD, "", 0, 0, width, bottom + 20, title, marks=tuple(marks))


def _legend(y: float, width: float, more: int, has_pods: bool, language: Language) -> Item:
    """What the bars mean, and how many Pods there was no room for."""
    marks: list[Mark] = []
    x = _LEFT
    for tone in PHASES:
        words = say(language, f"scene.tone.{tone}")
        height = HEIGHTS[tone]
        marks.append(rect(x, round(-4 - height / 2, 2), 22, height, 2, tone))
        marks.append(text(x + 28, 0, "small", words, "muted"))
        x += 28 + text_width(words, "small") + 20
    note = say(language, "scene.gantt.more", count=more) if more > 0 else ""
    if not has_pods:
        note = say(language, "scene.gantt.none")
    if note:
        marks.append(text(MARGIN, 0, "label", note, "text"))
    return Item("legend", CARD, "", 0, y, width, 12, note, marks=tuple(marks))
