"""A family of edges as a value: which objects point to which, read from the pointing object alone.

An edge always leaves the object that holds the reference, so a change of one
object can only change the edges that leave it, and the graph can follow
history without looking at anything else. `reads` names the part of the object
that the edges depend on: API objects share what did not change, so one
identity comparison tells that a status update moved no edge.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from k8slab.api.meta import Key, Obj


class Edge(NamedTuple):
    """Where an edge leads (an object's id), and in which role: `controller`, `claim`, `endpoint` …"""

    target: str
    role: str


class Relation(NamedTuple):
    """One family of edges.

    `sources` are the kinds whose objects hold such references; empty for all
    kinds. `edges(obj)` gives the edges that leave an object. `reads(obj)` is
    what they depend on. `shown_by` are the kinds of target whose picture
    shows something of the source, so that they are drawn again with it.
    """

    name: str
    sources: tuple[str, ...]
    edges: Callable[[Obj], tuple[Edge, ...]]
    reads: Callable[[Obj], Any]
    shown_by: tuple[str, ...] = ()


def object_id(kind: str, key: Key) -> str:
    """An object's id in graph and scene: `Pod/default/db-0`, `Node/node-1`."""
    return f"{kind}/{key[0]}/{key[1]}" if key[0] else f"{kind}/{key[1]}"


def kind_of(identity: str) -> str:
    """The kind in an id."""
    return identity[: identity.index("/")]


def name_of(identity: str) -> str:
    """The object's own name in an id."""
    return identity[identity.rindex("/") + 1 :]


def namespace_of(identity: str) -> str:
    """The namespace in an id; empty for a cluster-scoped object."""
    parts = identity.split("/")
    return parts[1] if len(parts) == 3 else ""


def spec_of(obj: Obj) -> Any:
    """The spec, for relations that read nothing else."""
    return obj.get("spec")


@cache
def all_relations() -> tuple[Relation, ...]:
    """Every relation, in the sorted order of the modules."""
    import k8slab.graph.relations as package

    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(importlib.import_module(f"{package.__name__}.{name}").RELATION for name in names)


@cache
def relations_from(kind: str) -> tuple[Relation, ...]:
    """The relations whose edges may leave an object of a kind."""
    return tuple(one for one in all_relations() if not one.sources or kind in one.sources)
