"""How one kind of object looks: a portrayal makes marks from an object and what the composer knows of it.

A portrayal decides what is inside its box, never where the box stands; it asks
its `Surroundings` for what lies beyond its own object. So a new kind of drawing
is one module in `portrayals` and nothing else.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from typing import Literal, NamedTuple, Protocol

from k8slab.api.meta import Obj
from k8slab.graph import Graph
from k8slab.scene.marks import Mark
from k8slab.scene.phases import Look
from k8slab.texts import Words

Size = Literal["large", "medium", "small", "heat"]
"""How much room there is: two lines a Pod, one line, a square, or only a colour per node."""

Band = Literal["workloads", "nodes", "pods", "volumes"]


class Load(NamedTuple):
    """What a node's Pods come to: how many, how many of them are well, and what they ask for."""

    pods: int = 0
    well: int = 0
    cpu_milli: int = 0
    memory_bytes: int = 0


class Surroundings(Protocol):
    """What a portrayal may ask about the rest of the picture."""

    @property
    def graph(self) -> Graph:
        """Objects and relations."""

    @property
    def now_us(self) -> int:
        """The lab's clock."""

    @property
    def words(self) -> Words:
        """The texts of the picture, in the lab's language."""

    def look_of(self, pod: str) -> Look | None:
        """How a Pod is doing."""

    def root_of(self, pod: str) -> str:
        """The workload that a Pod belongs to; the Pod itself where there is none."""

    def links_of(self, pod: str) -> tuple[str, ...]:
        """What a Pod belongs together with: its node, its claims, its workload."""

    def is_former(self, pod: str) -> bool:
        """Whether a Pod is of a revision that its workload replaces."""

    def load_of(self, node: str) -> Load:
        """What a node's Pods come to."""

    def is_lost(self, node: str) -> bool:
        """Whether a node's kubelet is not heard of."""

    def nodes(self) -> Sequence[str]:
        """The ids of all nodes, in the order of their places."""


class Subject(NamedTuple):
    """What is to be drawn: an object, the room it has, and its owner's colour token."""

    id: str
    obj: Obj
    width: float
    height: float
    size: Size
    colour: str


class Picture(NamedTuple):
    """What a portrayal gives: marks local to the box, and words for who can't see them.

    `look_again_us`: the instant at which the picture becomes outdated by the
    passing of time alone; 0 for never.
    """

    marks: tuple[Mark, ...]
    detail: str = ""
    state: str = ""
    links: tuple[str, ...] = ()
    look_again_us: int = 0


class Portrayal(NamedTuple):
    """How a kind is drawn, and in which band of the picture it has its place."""

    kind: str
    band: Band
    draw: Callable[[Subject, Surroundings], Picture]


@cache
def portrayals() -> dict[str, Portrayal]:
    """Every portrayal by kind, in the sorted order of the modules."""
    import k8slab.scene.portrayals as package

    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    found = (
        importlib.import_module(f"{package.__name__}.{name}").PORTRAYAL
        for name in names
        if not name.startswith("_")
    )
    return {portrayal.kind: portrayal for portrayal in found}
