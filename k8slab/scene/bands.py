"""The parts of a picture that stand for no single object: tray, titles, note, timeline, console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj, dig
from k8slab.clock import SECOND_US
from k8slab.graph import kind_of, name_of
from k8slab.scene.layout import (
    HEADER_HEIGHT,
    HEAT_LEGEND,
    MARGIN,
    NOTE_HEIGHT,
    OUTAGE_PITCH,
    ROW_PITCH,
    TRAY_HEIGHT,
    Frame,
)
from k8slab.scene.marks import Mark, circle, clock_text, icon, path, rect, text
from k8slab.scene.metrics import shortened, text_width, wrapped
from k8slab.scene.portrayals.node import HOT
from k8slab.scene.scene import CARD, LINE, OVER, Axis, Item
from k8slab.scene.timeline import Row, row_marks
from k8slab.texts import Words

TRAY_LEFT = 152.0
TRAY_CHIP, TRAY_PITCH = 132.0, 140.0
MOST_INPUTS = 40
_DISTURBING = (
    *("crash", "disconnect", "remove_node", "drain", "stop_kubelet", "kill", "run_out_of_memory", "hang"),
    *("break_registry", "fill_disk", "fill_memory", "use_up_pids", "fill_storage", "crash_zone"),
    *("stop_api_server", "slow_api_server", "refuse_writes", "slow_node", "skew_clock"),
)


def outage(frame: Frame, place: int, found: Obj, words: Words) -> Item:
    """What is the matter with a part of the cluster that stands on no node: the API server, the registry."""
    name = found["metadata"]["name"]
    width = frame.counts.width - 2 * MARGIN
    title = words(f"outage.{name}")
    said = words(
        f"outage.{name}.means",
        seconds=f"{dig(found, 'spec', 'latencyUs', default=0) / SECOND_US:g}",
        share=f"{dig(found, 'spec', 'share', default=0):.0%}",
        reason=dig(found, "spec", "reason", default=""),
    )
    left = round(34 + text_width(title, "heading") + 12, 1)
    marks = (
        rect(0, 0, width, OUTAGE_PITCH - 6, 8, "alert-soft", "alert-line", 1),
        icon(18, 12, "small-failed"),
        text(34, 16, "heading", title, "alert"),
        text(left, 16, "small", shortened(said, "small", max(40.0, width - left - 12)), "text"),
    )
    y = HEADER_HEIGHT + 10 + place * OUTAGE_PITCH
    identity = f"outage/{name}"
    return Item(identity, CARD, "", MARGIN, y, width, OUTAGE_PITCH - 6, title, said, marks=marks)


def tray_capacity(frame: Frame) -> int:
    """How many waiting Pods the tray can show."""
    return max(1, int((frame.counts.width - MARGIN - TRAY_LEFT - 60) // TRAY_PITCH))


def tray_box(frame: Frame, place: int) -> tuple[float, float, float, float]:
    """x, y, width and height of a waiting Pod in the tray."""
    return (TRAY_LEFT + place * TRAY_PITCH, frame.tray_y + 2, TRAY_CHIP, 22)


def tray(frame: Frame, waiting: int, shown: int, words: Words) -> Item:
    """The strip in which Pods without a node wait."""
    marks: list[Mark] = [text(0, 17, "heading", words("tray"), "muted")]
    if not waiting:
        marks.append(text(TRAY_LEFT - MARGIN, 17, "small", words("tray.empty"), "muted"))
    elif waiting > shown:
        x = TRAY_LEFT - MARGIN + shown * TRAY_PITCH
        marks.append(text(x, 17, "label", f"+{waiting - shown}", "text"))
    width = frame.counts.width - 2 * MARGIN
    count = words("tray.one") if waiting == 1 else words("tray.count", count=waiting)
    return Item(
        "tray",
        CARD,
        "",
        MARGIN,
        frame.tray_y,
        width,
        TRAY_HEIGHT - 8,
        words("tray"),
        count,
        str(waiting - shown) if waiting > shown else "",
        marks=tuple(marks),
    )


def volumes_title(frame: Frame, row: int, words: Words) -> Item:
    """The line between cards and the volumes beneath them."""
    title = words("volumes")
    width = frame.counts.width - 2 * MARGIN
    marks = (
        text(width, 4, "heading", title, "muted", "end"),
        path(f"M0 0L{width - 54:g} 0", "", "line", 1),
    )
    y = frame.volume_tops[row] + 18
    return Item(f"volumes/{row}", CARD, "", MARGIN, y, width, 10, title, marks=marks)


def loose_title(frame: Frame, words: Words) -> Item:
    """The line above volumes that belong beneath no node."""
    title = words("volumes.loose")
    width = frame.counts.width - 2 * MARGIN
    marks = (
        text(0, 4, "heading", title, "muted"),
        path(f"M122 0L{width:g} 0", "", "line", 1),
    )
    y = frame.loose_top - 12
    return Item("volumes/loose", CARD, "", MARGIN, y, width, 10, title, marks=marks)


def note(frame: Frame, question: str, answer: str) -> Item:
    """The answer to the question that the picture raises."""
    width = frame.counts.width - 2 * MARGIN
    shown = shortened(question, "heading", width - 28)
    lines = wrapped(answer, "small", width - 28, 2)
    marks: list[Mark] = [rect(0, 0, width, NOTE_HEIGHT, 8, "note", "note-line", 1)]
    first = 18 if len(lines) > 1 else 22
    marks.append(text(14, first, "heading", shown, "text"))
    for number, line in enumerate(lines):
        marks.append(text(14, first + 15 + 13 * number, "small", line, "text"))
    return Item(
        "note", CARD, "", MARGIN, frame.note_y, width, NOTE_HEIGHT, question, answer, marks=tuple(marks)
    )


def timeline_axis(frame: Frame, axis: Axis, step_us: int, words: Words) -> Item:
    """The timeline's title and its ticks."""
    bottom = 30 + frame.counts.timeline_rows * ROW_PITCH
    marks: list[Mark] = [
        path(f"M{-MARGIN:g} 0L{frame.counts.width - MARGIN:g} 0", "", "line", 1.2),
        text(0, 18, "heading", words("timeline"), "muted"),
    ]
    for tick in range(axis.start_us, axis.end_us + 1, step_us):
        label = clock_text(tick - axis.start_us)
        x = round(axis.at(tick) - MARGIN, 1)
        marks.append(text(x, bottom + 16, "smaller", label, "muted", "middle"))
    width = frame.counts.width - 2 * MARGIN
    return Item(
        "timeline",
        CARD,
        "",
        MARGIN,
        frame.timeline_y,
        width,
        bottom + 20,
        words("timeline"),
        marks=tuple(marks),
    )


class _Placed(NamedTuple):
    """Something that the user did, where it stands: `shown` are its words where there is room for them."""

    x: float
    at_us: int
    words: str
    shown: str
    disturbing: bool


def _placed(axis: Axis, inputs: Sequence[tuple[int, str]]) -> list[_Placed]:
    """The last of the inputs on the axis; only a disturbance is put in words."""
    found: list[_Placed] = []
    free_from = axis.x
    for at_us, words in list(inputs)[-MOST_INPUTS:]:
        x = axis.at(at_us)
        short = short_input(words)
        disturbing = short.split(" ")[0] in _DISTURBING
        width = text_width(short, "smaller")
        has_room = disturbing and x >= free_from and x + width < axis.x + axis.width
        if has_room:
            free_from = x + width + 16
        found.append(_Placed(x, at_us, words, short if has_room else "", disturbing))
    return found


def _input_marks(one: _Placed, x: float, top: float, bottom: float) -> list[Mark]:
    """A dashed line with words for a disturbance, a tick for another input."""
    colour = "alert" if one.disturbing else "muted"
    above = top if one.disturbing else bottom - 4
    line = f"M{x} {above}L{x} {bottom + 4:g}"
    marks: list[Mark] = [path(line, "", colour, 1, "3 3" if one.disturbing else "")]
    if one.shown:
        marks.append(text(x + 4, top - 3, "smaller", one.shown, colour))
    return marks


def input_marks(
    axis: Axis, inputs: Sequence[tuple[int, str]], left: float, top: float, bottom: float
) -> list[Mark]:
    """The marks of all inputs in an item that begins at `left`; the lines go from `top` to `bottom`."""
    return [
        mark
        for one in _placed(axis, inputs)
        for mark in _input_marks(one, round(one.x - left, 1), top, bottom)
    ]


def timeline_inputs(frame: Frame, axis: Axis, inputs: Sequence[tuple[int, str]]) -> list[Item]:
    """An item for each input, so that each can say what it was."""
    bottom = 30 + frame.counts.timeline_rows * ROW_PITCH
    return [
        Item(
            *(f"input/{number}", LINE, "", round(one.x, 1), frame.timeline_y, 0, bottom, one.words),
            clock_text(one.at_us - axis.start_us),
            marks=tuple(_input_marks(one, 0, 24, bottom)),
        )
        for number, one in enumerate(_placed(axis, inputs))
    ]


def short_input(words: str) -> str:
    """An input in few words: `crash node-1`, `delete pod/db-1`."""
    for noise in ("kubectl ", "lab.", "('", "')", "'"):
        words = words.replace(noise, " " if noise == "('" else "")
    return shortened(words.partition(" -f ")[0], "smaller", 150)


def timeline_row(
    frame: Frame, axis: Axis, number: int, identity: str, row: Row, words: Words, until_us: int = 0
) -> Item:
    """One row of the timeline. What still lasts ends at `until_us`; 0 is the picture's own now."""
    y = frame.timeline_y + 28 + number * ROW_PITCH
    width = axis.x + axis.width
    marks = row_marks(row, axis, axis.x, width, 15, until_us)
    now = words("comma").join(
        words("timeline.count", count=count, tone=words(f"tone.{tone}"))
        for tone, count in row.counts.items()
        if count
    )
    return Item(f"row/{identity}", CARD, "", 0, y, width, 15, row.label, now, marks=marks)


def cursor(frame: Frame, words: Words) -> Item:
    """The line at the lab's now."""
    height = frame.counts.timeline_rows * ROW_PITCH + 14
    marks: tuple[Mark, ...] = (("now", 0, height),)
    return Item("now", OVER, "", 0, frame.timeline_y + 20, 0, height, words("now"), marks=marks)


def console(frame: Frame, lines: Sequence[str], words: Words) -> Item:
    """The last command and what it printed."""
    width, height = frame.counts.width, frame.height - frame.console_y
    marks: list[Mark] = [rect(0, 0, width, height, 0, "console")]
    for number, line in enumerate(lines):
        is_prompt = line.startswith("$ ")
        style, fill = ("prompt", "console-prompt") if is_prompt else ("output", "console-text")
        marks.append(text(18, 21 + 17 * number, style, line, fill))
    return Item("console", CARD, "", 0, frame.console_y, width, height, words("console"), marks=tuple(marks))


class Heat(NamedTuple):
    """What the cells of a heat map come to: nodes by state, the fullest of them, and Pods by tone."""

    ready: int
    lost: int
    cordoned: int
    hot: int
    hottest: str
    share: float
    tones: tuple[tuple[str, int], ...]


def heat(frame: Frame, found: Heat, words: Words) -> Item:
    """The line above a heat map: what its cells come to."""
    comma, percent = words("comma"), round(HOT * 100)
    nodes = [
        words("heat.ready", count=f"{found.ready:,}"),
        words("heat.lost", count=f"{found.lost:,}") if found.lost else "",
        words("heat.cordoned", count=f"{found.cordoned:,}") if found.cordoned else "",
        words("heat.hot", count=f"{found.hot:,}", share=percent) if found.hot else "",
        words("heat.hottest", node=found.hottest, share=round(found.share * 100)) if found.hottest else "",
    ]
    said = comma.join(one for one in nodes if one)
    tones = comma.join(
        words("timeline.count", count=f"{count:,}", tone=words(f"tone.{tone}")) for tone, count in found.tones
    )
    title = words("heat.nodes")
    left = round(text_width(title, "heading") + 12, 1)
    room = frame.counts.width - 2 * MARGIN - left - _legend_width(words) - 10
    marks = (
        text(0, 12, "heading", title, "muted"),
        text(left, 12, "small", shortened(said, "small", max(40.0, room))),
    )
    y = frame.card_tops[0] - HEAT_LEGEND
    detail = f"{said}{comma}{words('heat.pods', tones=tones)}" if tones else said
    return Item("heat", CARD, "", MARGIN, y, frame.counts.width - 2 * MARGIN, 20, title, detail, marks=marks)


_LEGEND = (("heat.well", "heat-0"), ("heat.some", "heat-2"), ("heat.none", "heat-4"), ("heat.full", ""))


def _legend_width(words: Words) -> float:
    return sum(text_width(words(key), "smaller") + 28 for key, _ in _LEGEND)


def heat_legend(frame: Frame, words: Words) -> Item:
    """What the colours and heights of the cells mean."""
    width = _legend_width(words)
    marks: list[Mark] = []
    x = 14.0
    for key, fill in _LEGEND:
        marks.append(rect(round(x, 1), 3, 10, 10, 2, fill or "heat-empty"))
        if not fill:
            marks.append(rect(round(x, 1), 8, 10, 5, 2, "heat-0"))
        marks.append(text(round(x + 14, 1), 12, "smaller", words(key), "muted"))
        x += text_width(words(key), "smaller") + 28
    left, y = frame.counts.width - MARGIN - width, frame.card_tops[0] - HEAT_LEGEND
    return Item("legend", CARD, "", round(left, 1), y, round(width, 1), 20, marks=tuple(marks))


def lens(frame: Frame, node: str, words: str) -> Item:
    """The card under a heat map on which one node's Pods are seen."""
    width, height = frame.counts.width - 2 * MARGIN, frame.lens_height()
    marks = (
        rect(0, 0, width, height, 12, "card", "accent", 1.4),
        text(14, 21, "title", node),
        text(14 + text_width(node, "title") + 10, 21, "small", words, "muted"),
    )
    return Item("lens", CARD, "", MARGIN, frame.lens_top, width, height, node, words, marks=marks)


def difference(item: Item, words: Words) -> Item:
    """The frame around what is otherwise in the picture that this one is compared with."""
    marks = (
        rect(-3, -3, item.width + 6, item.height + 6, 10, "", "held", 2, "6 3"),
        circle(item.width, 0, 7, "held"),
        text(item.width, 3.6, "tiny", "≠", "on-mark", "middle"),
    )
    identity = f"differs/{item.id}"
    said = words("differs", name=item.label)
    return Item(identity, OVER, "", item.x, item.y, item.width, item.height, said, marks=marks)


def selection(item: Item, words: Words) -> Item:
    """The frame around what is selected."""
    marks = (rect(-4, -4, item.width + 8, item.height + 8, 11, "", "accent", 2),)
    said = words("selected")
    return Item("selection", OVER, "", item.x, item.y, item.width, item.height, said, marks=marks)


def attachment(
    identity: str,
    pod: Item,
    claim: Item,
    colour: str,
    dash: str,
    straight: bool,
    gutter: float,
    words: Words,
) -> Item:
    """The line from a Pod to its volume: straight down where nothing is between, else along a gutter."""
    drum = 18.0 if claim.height > 30 else 9.0
    down, target = pod.x + drum + 6, claim.x + drum
    top = pod.y + pod.height
    if straight and abs(down - target) < 1:
        d = f"M{down:g} {top:g}L{down:g} {claim.y:g}"
    elif straight:
        bend = claim.y - 10
        d = f"M{down:g} {top:g}L{down:g} {bend:g}L{target:g} {bend:g}L{target:g} {claim.y:g}"
    else:
        side, middle = pod.x - gutter, pod.y + pod.height / 2
        beside = claim.y + claim.height / 2
        d = f"M{pod.x:g} {middle:g}L{side:g} {middle:g}L{side:g} {beside:g}L{claim.x:g} {beside:g}"
    said = words("uses", pod=f"{kind_of(pod.id)} {name_of(pod.id)}", claim=name_of(claim.id))
    return Item(
        identity,
        LINE,
        "",
        0,
        0,
        0,
        0,
        said,
        "",
        marks=(path(d, "", colour, 2, dash),),
        links=(pod.id, claim.id),
    )
