"""A picture as a value: items in world coordinates, and the differences between two pictures.

A scene knows nothing of Kubernetes objects, pixels or widgets. Items are drawn
by layer, and within a layer in their order. `diff` compares items by identity
first, so that it costs what changed when a composer says which ids it touched;
`apply(diff(a, b), a) == b` always holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from k8slab.scene.marks import Mark
from k8slab.texts import Language

CARD, LINE, CHIP, OVER = 0, 1, 2, 3
"""The layers, from back to front."""


class Item(NamedTuple):
    """One thing in the picture.

    `id` is an object's id, or another word for what stands for no object (then
    `kind` is empty and nothing can be selected). `label` is its full name,
    `detail` what more a reader who sees nothing should hear, `state` the tone
    (a phase of a Pod). `marks` are local to (x, y). `links` are ids of items
    that light up with this one.
    """

    id: str
    layer: int
    kind: str
    x: float
    y: float
    width: float
    height: float
    label: str = ""
    detail: str = ""
    state: str = ""
    marks: tuple[Mark, ...] = ()
    links: tuple[str, ...] = ()


class Axis(NamedTuple):
    """The time axis: where `start_us` and `end_us` stand, in world units. Width 0: there is none.

    A tick stands at the start and every `step_us` after it.
    """

    x: float = 0
    width: float = 0
    start_us: int = 0
    end_us: int = 1
    step_us: int = 1

    def at(self, at_us: int) -> float:
        """Where an instant stands on the axis."""
        share = (at_us - self.start_us) / (self.end_us - self.start_us)
        return self.x + self.width * min(1.0, max(0.0, share))


class Header(NamedTuple):
    """The facts above the picture. The clock itself is the scene's `now_us`.

    `until_us` is how far the timeline goes where the picture is one of the past; 0 where it is the present.
    """

    title: str = "k8slab"
    start_us: int = 0
    seed: int = 0
    events: int = 0
    summary: str = ""
    until_us: int = 0
    language: Language = "en"


class Scene(NamedTuple):
    """The whole picture at one instant. `items` must not be changed."""

    width: float
    height: float
    now_us: int
    header: Header
    axis: Axis
    selected: str
    items: Mapping[str, Item]


class Move(NamedTuple):
    """An item that is elsewhere and otherwise as before."""

    id: str
    x: float
    y: float


class Patch(NamedTuple):
    """What to do to one scene to have another.

    `marks` replaces single marks: (id, ((index, mark), …), detail, state) for
    items that are otherwise as before. `frame` is None where size, header,
    axis and selection are the same.
    """

    now_us: int
    frame: tuple[float, float, Header, Axis, str] | None
    removed: tuple[str, ...]
    put: tuple[Item, ...]
    moved: tuple[Move, ...]
    marks: tuple[tuple[str, tuple[tuple[int, Mark], ...], str, str], ...]


def diff(old: Scene, new: Scene, among: Iterable[str] | None = None) -> Patch:
    """How to get from `old` to `new`.

    `among` are the only ids that can differ, where the caller knows them: then
    this costs in proportion to them.
    """
    before, after = old.items, new.items
    ids: Iterable[str] = (
        among if among is not None else (*after, *(one for one in before if one not in after))
    )
    removed: list[str] = []
    put: list[Item] = []
    moved: list[Move] = []
    marks: list[tuple[str, tuple[tuple[int, Mark], ...], str, str]] = []
    for identity in ids:
        was, now = before.get(identity), after.get(identity)
        if was is now or was == now:
            continue
        if now is None:
            removed.append(identity)
        elif was is None:
            put.append(now)
        elif _only_moved(was, now):
            moved.append(Move(identity, now.x, now.y))
        elif (changed := _changed_marks(was, now)) is not None:
            marks.append((identity, changed, now.detail, now.state))
        else:
            put.append(now)
    frame = new[:2] + new[3:6]
    return Patch(
        new.now_us,
        None if frame == old[:2] + old[3:6] else frame,
        tuple(removed),
        tuple(put),
        tuple(moved),
        tuple(marks),
    )


def _only_moved(was: Item, now: Item) -> bool:
    return was[:3] == now[:3] and was[5:] == now[5:]


def _changed_marks(was: Item, now: Item) -> tuple[tuple[int, Mark], ...] | None:
    """The marks that differ; None where more than marks, detail and state does, or most marks do."""
    if len(was.marks) != len(now.marks) or was[:8] != now[:8] or was.links != now.links:
        return None
    changed = tuple(
        (index, mark) for index, (mark, former) in enumerate(zip(now.marks, was.marks)) if mark != former
    )
    return changed if len(changed) < len(now.marks) else None


def apply(patch: Patch, scene: Scene) -> Scene:
    """The scene that a patch makes of another."""
    items = dict(scene.items)
    for identity in patch.removed:
        del items[identity]
    for item in patch.put:
        items[item.id] = item
    for identity, x, y in patch.moved:
        items[identity] = items[identity]._replace(x=x, y=y)
    for identity, changed, detail, state in patch.marks:
        marks = list(items[identity].marks)
        for index, mark in changed:
            marks[index] = mark
        items[identity] = items[identity]._replace(marks=tuple(marks), detail=detail, state=state)
    width, height, header, axis, selected = patch.frame or (scene[:2] + scene[3:6])
    return Scene(width, height, patch.now_us, header, axis, selected, items)


def ordered(scene: Scene) -> list[Item]:
    """The items as they are painted, back to front; within a layer from top to bottom, left to right."""
    return sorted(scene.items.values(), key=_paint_order)


def _paint_order(item: Item) -> tuple[int, float, float, str]:
    return (item.layer, item.y, item.x, item.id)


def to_json(scene: Scene) -> dict[str, Any]:
    """The scene as JSON data, as the browser is given it: items are lists in the order of Item's fields."""
    return {
        "width": scene.width,
        "height": scene.height,
        "now_us": scene.now_us,
        "header": scene.header._asdict(),
        "axis": list(scene.axis),
        "selected": scene.selected,
        "items": list(scene.items.values()),
    }


def patch_to_json(patch: Patch) -> dict[str, Any]:
    """The patch as JSON data, without what is empty."""
    data: dict[str, Any] = {"now_us": patch.now_us}
    if patch.frame is not None:
        width, height, header, axis, selected = patch.frame
        data["frame"] = [width, height, header._asdict(), list(axis), selected]
    for name in ("removed", "put", "moved", "marks"):
        value = getattr(patch, name)
        if value:
            data[name] = value
    return data


def dumps(scene: Scene) -> str:
    """The scene as JSON text with an item a line, for goldens that a person can read."""
    data = to_json(scene)
    del data["items"]
    head = json.dumps(data, ensure_ascii=False)[:-1]
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in ordered(scene))
    return f'{head}, "items": [\n{lines}\n]}}\n'
