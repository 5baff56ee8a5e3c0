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

from dataclasses import dataclass
from typing import Any, NamedTuple

from k8slab.cluster import dispatch, queue
from k8slab.cluster.world import World
from k8slab.store.history import History

CHANGES_APART = 500
_MOST_HELD = 4_000_000
"""Entries of tables that all marks together may hold, at some 100 bytes each."""
_TABLES = 8
"""In about so many tables of a copy each object has an entry."""
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

    def copy(self) -> Marks:
        """The same marks for a fork: they never change, so they are shared."""
        twin = Marks()
        twin._marks, twin._held, twin._due_revision = self._marks.copy(), self._held, self._due_revision
        return twin

    def is_due(self, world: World) -> bool:
        """Whether enough has changed since the last mark."""
        return world.store.revision >= self._due_revision

    def take(self, world: World, inputs: int, nodes: int) -> None:
        """Mark the World as it is now, after so many inputs and with so many nodes added."""
        twin = world.copy()
        twin.store.history, twin.causes = History(), []
        weight = _TABLES * twin.store.size() + len(twin.queue) + len(twin.memories)
        self._marks.append(Mark(twin, len(world.causes), inputs, nodes, weight))
        self._held += weight
        self._due_revision = world.store.revision + CHANGES_APART
        if self._held > _MOST_HELD:
            self._thin()

    def _thin(self) -> None:
        """Drop every second mark, but never the first or the last."""
        last = len(self._marks) - 1
        self._marks = [mark for number, mark in enumerate(self._marks) if number % 2 == 0 or number == last]
        self._held = sum(mark.weight for mark in self._marks)

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
        self._due_revision = self._marks[-1].world.store.revision + CHANGES_APART if self._marks else 0


def world_of(mark: Mark, live: World) -> World:
    """A mark's World with its past, which is the beginning of the live World's."""
    world = mark.world.copy()
    store, compacted = world.store, live.store.compacted
    store.compacted = min(max(store.compacted, compacted), store.revision)
    store.history = live.store.history.first(max(store.revision - compacted, 0))
    world.causes = live.causes[: mark.causes]
    return world


def run_to_step(world: World, steps: int) -> None:
    """Let events happen until so many have happened since the beginning."""
    while world.steps < steps and dispatch.step(world) is not None:
        pass


def run_to_instant(world: World, at_us: int) -> None:
    """Let everything happen that falls due until an instant, and move the clock there."""
    while (event := queue.next_event(world)) is not None and event.at_us <= at_us:
        dispatch.step(world)
    world.now_us = max(world.now_us, at_us)


class Reached(BaseException):
    """The instant that is gone back to lies within an input: what comes after it doesn't happen."""
