"""Going back, and doing again: rewind, undo, and labs saved as what was done to them.

A lab is fixed by how it was made and by its inputs. Each input says how many
events had happened when it came, so doing the inputs again, with just so many
events between them, leads to every instant of its past exactly. To be quick,
this begins not at the beginning but at the nearest mark: a copy of the World,
taken every so many changes, that shares its objects with all the others.

How many changes lie between two marks bounds how long a way back takes; how
much all marks hold together bounds their memory: when it is too much, every
second one goes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, NamedTuple

from k8slab.api.memo import forget_unheld
from k8slab.cluster import dispatch
from k8slab.cluster.ownership import shorten_trails
from k8slab.cluster.world import World
from k8slab.store.store import outline_of

CHANGES_APART = 100
OLD_CHANGES_APART = 5_000
"""So far apart at least are the marks of what history no longer keeps."""
_MOST_OLD_MARKS = 128
_MOST_HELD = 1_500_000
"""Entries of tables that all marks together may hold, at some 100 bytes each."""
_FEWEST_MARKS = 8
"""A World of which not even so many marks could be held isn't marked."""
_ENTRIES_A_CHANGE = 10
"""So many entries may be copied for each change that happens: a small part of what it costs."""
CHANGES_KEPT = 100_000
"""How many changes history keeps at least; of what is older only the marks are left."""
_QUESTIONS = frozenset(
    [
        "api-resources",
        "api-versions",
        "auth",
        "cluster-info",
        "describe",
        "diff",
        "events",
        "explain",
        "get",
        "logs",
        "top",
        "version",
        "wait",
    ]
)
"""kubectl's commands that change nothing."""


class Input(NamedTuple):
    """Something that the user did: JSON data, enough to do it again."""

    at_us: int
    verb: str
    arguments: tuple[Any, ...]
    steps: int = 0
    """How many events had happened before it."""

    @property
    def is_change(self) -> bool:
        """Whether it is more than a question."""
        return self.verb != "kubectl" or self.arguments[0].partition(" ")[0] not in _QUESTIONS

    @property
    def text(self) -> str:
        """The command that does the same."""
        if self.verb == "kubectl":
            return f"kubectl {self.arguments[0]}"
        if self.verb == "request":
            return f"{self.arguments[0]} {self.arguments[1]}"
        return f"lab.{self.verb}({', '.join(repr(one) for one in self.arguments)})"


@dataclass(frozen=True, slots=True)
class Mark:
    """One place on the way: the World without its past, and how long that past was."""

    world: World
    causes: int
    inputs: int
    nodes: int
    weight: int


class Marks:
    """The marks of one lab, oldest first."""

    def __init__(self) -> None:
        self._marks: list[Mark] = []
        self._held = 0
        self._due_revision = 0
        self._apart = CHANGES_APART
        self._outlines: dict[int, Any] = {}
        """The outlines of history up to the marks whose own history is forgotten."""

    def copy(self) -> Marks:
        """The same marks for a fork: they never change, so they are shared."""
        twin = Marks()
        twin._marks, twin._held, twin._due_revision = self._marks.copy(), self._held, self._due_revision
        twin._apart, twin._outlines = self._apart, self._outlines.copy()
        return twin

    def is_due(self, world: World) -> bool:
        """Whether enough has changed since the last mark."""
        return world.store.revision >= self._due_revision

    def take(self, world: World, inputs: int, nodes: int) -> None:
        """Mark the World as it is now, after so many inputs and with so many nodes added.

        One that is too large is not marked: going back then begins at an earlier mark.
        """
        weight = world.weight()
        self._due_revision = world.store.revision + max(self._apart, weight // _ENTRIES_A_CHANGE)
        if weight > _MOST_HELD // _FEWEST_MARKS and self._marks:
            # What such a World needs itself matters more than how near its beginnings are.
            if self._held > _MOST_HELD // _FEWEST_MARKS and len(self._marks) > 2:
                self._thin()
            return
        twin = world.copy(past=False)
        self._marks.append(Mark(twin, len(world.causes), inputs, nodes, weight))
        self._held += weight
        if self._held > _MOST_HELD:
            self._thin()

    def _thin(self) -> None:
        """Drop every second mark, but never the first or the last, and take new ones half as often."""
        self._apart *= 2
        last = len(self._marks) - 1
        self._marks = [mark for number, mark in enumerate(self._marks) if number % 2 == 0 or number == last]
        self._held = sum(mark.weight for mark in self._marks)

    def compact(self, world: World, revision: int) -> None:
        """Forget history up to a revision, but for its outline at the few marks on the way that stay."""
        self._thin_before(revision)
        store = world.store
        for mark in self._marks:
            marked = mark.world.store.revision
            if store.compacted < marked <= revision:
                store.compact(marked)
                self._outlines[marked] = store.outline.copy()
        store.compact(revision)
        world.forget_causes()
        self._marks = [_without_past(mark) if _has_past(mark, revision) else mark for mark in self._marks]
        kept = {mark.world.store.revision for mark in self._marks}
        self._outlines = {marked: outline for marked, outline in self._outlines.items() if marked in kept}
        forget_unheld()

    def _thin_before(self, revision: int) -> None:
        """Keep of the marks up to a revision but the first, the last, and a few between.

        They alone hold the objects that history held with them before.
        """
        apart = max(OLD_CHANGES_APART, revision // _MOST_OLD_MARKS)
        old = [mark for mark in self._marks if mark.world.store.revision <= revision]
        kept = old[:1]
        for mark in old[1:-1]:
            if mark.world.store.revision - kept[-1].world.store.revision >= apart:
                kept.append(mark)
        if len(old) > 1:
            kept.append(old[-1])
        self._marks = [*kept, *self._marks[len(old) :]]
        self._held = sum(mark.weight for mark in self._marks)

    def outline(self, mark: Mark) -> Any:
        """The outline of history up to a mark; None where history still has it all."""
        return self._outlines.get(mark.world.store.revision)

    def nearest(self, at_us: int, inputs: int) -> Mark:
        """The last mark no later than an instant and with no more inputs. IndexError where there is none."""
        for mark in reversed(self._marks):
            if mark.world.now_us <= at_us and mark.inputs <= inputs:
                return mark
        raise IndexError("the lab had not begun yet")

    def first_us(self) -> int:
        """When the first mark was taken."""
        return self._marks[0].world.now_us

    def forget_after(self, world: World, inputs: int) -> None:
        """Drop the marks of what has not happened, now that `world` is the present."""
        self._marks = [
            mark for mark in self._marks if mark.world.steps <= world.steps and mark.inputs <= inputs
        ]
        self._held = sum(mark.weight for mark in self._marks)
        self._due_revision = self._marks[-1].world.store.revision + self._apart if self._marks else 0


def _has_past(mark: Mark, revision: int) -> bool:
    """Whether a mark still holds what lies before it, though history begins after it."""
    store = mark.world.store
    return store.compacted < store.revision <= revision


def _without_past(mark: Mark) -> Mark:
    """The mark without the trails of removed objects and of writes that nobody can ask for any more.

    They are most of what it holds: every version of some hundreds of objects.
    """
    world = mark.world.copy(past=False)
    world.store.compacted = world.store.revision
    world.graves = {}
    shorten_trails(world, tuple(world.trails))
    return replace(mark, world=world)


def world_of(mark: Mark, live: World, outline: Any) -> World:
    """A mark's World with its past, which is the beginning of the live World's as far as that is kept."""
    world = mark.world.copy()
    store, compacted = world.store, live.store.compacted
    store.compacted = min(compacted, store.revision)
    store.outline = (live.store.outline if store.revision >= compacted else outline).copy()
    store.history = live.store.history.first(max(store.revision - compacted, 0))
    world.causes = live.causes.first(mark.causes)
    return world


def digest_of(world: World, *, only_outline: bool = False) -> str:
    """A fingerprint of all that happened in a World.

    Where history no longer keeps all of it, or with `only_outline`, it is one of the
    outline of every change and of the objects that there are now.
    """
    store = world.store
    if only_outline or store.compacted:
        state = store.outline.copy()
        state.update(outline_of(store.history.rows))
        for obj in store.every():
            state.update(_canonical(obj))
        return state.hexdigest()
    state = blake2b(digest_size=16)
    for change in store.history:
        state.update(f"{change.revision}|{change.at_us}|{change.kind}|{change.key}|{change.cause}|".encode())
        state.update(_canonical(change.new))
    return state.hexdigest()


def _canonical(obj: Any) -> bytes:
    return json.dumps(obj, sort_keys=True, separators=(",", ":")).encode()


def run_to_step(world: World, steps: int) -> None:
    """Let events happen until so many have happened since the beginning."""
    while world.steps < steps and dispatch.step(world) is not None:
        pass


class Reached(BaseException):
    """The instant that is gone back to lies within an input: what comes after it doesn't happen."""
