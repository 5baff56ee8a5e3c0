"""The cluster as a graph that follows history, and as a networkx graph for whoever asks for one.

Each object is a node of the graph, with its `kind` and its `obj`; each
reference between two objects is an edge whose key is its relation's name. What
is referred to but isn't there (a claim that nobody made, an owner that is gone)
is a node whose `obj` is None: a dangling reference is worth seeing.

`update` takes in changes and costs in proportion to them, never to the
cluster, so that a picture can be redrawn fifty times a second.

The dicts are laid out as networkx lays out its own, which it then stands upon
without copying. It is imported only for that: it takes as long as everything else
that a first picture needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from k8slab.api.meta import Key, Obj, key_of
from k8slab.garbage import seldom_searched
from k8slab.graph.relation import Edge, Relation, kind_of, object_id, relations_from
from k8slab.store.history import History
from k8slab.store.recorded import Row
from k8slab.store.view import Change, View

if TYPE_CHECKING:
    from networkx import MultiDiGraph

KINDS = (
    "Namespace",
    "Node",
    "Machine",
    "Outage",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Service",
    "EndpointSlice",
    "Ingress",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "Job",
    "ReplicationController",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Pod",
    "VolumeAttachment",
)
"""The kinds that the graph holds, in the order in which a new graph takes them in."""

_HELD = frozenset(KINDS)


class Graph:
    """Objects and their relations. Only `update` changes it."""

    __slots__ = ("_nodes", "_pred", "_succ")

    def __init__(self, view: View | None = None) -> None:
        self._nodes: dict[str, dict[str, Any]] = {}
        self._succ: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
        self._pred: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
        if view is not None:
            with seldom_searched():
                for kind in KINDS:
                    for obj in view.list(kind):
                        self._put(object_id(kind, key_of(obj)), kind, None, obj)

    # Reading.

    @property
    def network(self) -> MultiDiGraph:
        """The same as a networkx graph, which goes on following. Change it nowhere but here."""
        from networkx import MultiDiGraph

        made = MultiDiGraph()
        made._node, made._adj, made._pred = self._nodes, self._succ, self._pred
        return made

    def __contains__(self, identity: str) -> bool:
        """Whether an object of this id is there (and not only referred to)."""
        return self.get(identity) is not None

    def get(self, identity: str) -> Obj | None:
        """The object of an id; None where it isn't there, even if others refer to it."""
        attributes = self._nodes.get(identity)
        return attributes["obj"] if attributes else None

    def ids(self, kind: str) -> list[str]:
        """The ids of the objects of a kind, in the order in which they came."""
        return [
            identity
            for identity, attributes in self._nodes.items()
            if attributes["kind"] == kind and attributes["obj"] is not None
        ]

    def by_kind(self) -> dict[str, list[str]]:
        """The ids of all objects, by kind and in the order in which they came: one search for all kinds."""
        found: dict[str, list[str]] = {}
        for identity, attributes in self._nodes.items():
            if attributes["obj"] is not None:
                found.setdefault(attributes["kind"], []).append(identity)
        return found

    def targets(self, identity: str, relation: str) -> list[str]:
        """Where the edges of a relation that leave an object lead, dangling ones included."""
        edges = self._succ.get(identity)
        return [target for target, keys in edges.items() if relation in keys] if edges else []

    def sources(self, identity: str, relation: str) -> list[str]:
        """The objects with an edge of a relation to this one."""
        edges = self._pred.get(identity)
        return [source for source, keys in edges.items() if relation in keys] if edges else []

    def role(self, source: str, target: str, relation: str) -> str:
        """The role of an edge; empty where there is none."""
        found = self._succ.get(source, {}).get(target, {}).get(relation)
        return found["role"] if found else ""

    def controller(self, identity: str) -> str:
        """The id of the controlling owner; empty where there is none."""
        for target, keys in self._succ.get(identity, {}).items():
            if "owner" in keys and keys["owner"]["role"] == "controller":
                return target
        return ""

    def root(self, identity: str) -> str:
        """The owner's owner's … owner that nobody controls: a Pod's Deployment, a Job's CronJob."""
        for _ in range(8):
            owner = self.controller(identity)
            if not owner:
                break
            identity = owner
        return identity

    def neighbours(self, identity: str) -> Iterator[tuple[str, str, str]]:
        """Every edge at an object as (relation, role, other end), the outgoing ones first."""
        for target, keys in self._succ.get(identity, {}).items():
            for relation, edge in keys.items():
                yield relation, edge["role"], target
        for source, keys in self._pred.get(identity, {}).items():
            for relation, edge in keys.items():
                yield relation, edge["role"], source

    # Following history.

    def update(self, changes: Iterable[Change]) -> list[str]:
        """Take in changes, oldest first.

        Gives the ids of all objects whose picture they may alter: the changed
        ones, and those that a relation says are shown with them.
        """
        touched: dict[str, None] = {}
        for change in changes:
            if change.kind not in _HELD:
                continue
            identity = object_id(change.kind, change.key)
            touched[identity] = None
            self._touch(identity, touched)
            if change.new is None:
                self._remove(identity)
            elif self._put(identity, change.kind, self.get(identity), change.new):
                self._touch(identity, touched)
        return list(touched)

    def _touch(self, identity: str, touched: dict[str, None]) -> None:
        edges = self._succ.get(identity)
        if not edges:
            return
        shown = _shown_by(kind_of(identity))
        for target, keys in edges.items():
            for name in keys:
                if kind_of(target) in shown[name]:
                    touched[target] = None

    def _put(self, identity: str, kind: str, old: Obj | None, new: Obj) -> bool:
        """Set an object; whether any edge changed."""
        moved = False
        if old is None:
            self._stand(identity, kind, new)
        else:
            self._nodes[identity]["obj"] = new
        for relation in relations_from(kind):
            if old is not None and relation.reads(old) is relation.reads(new):
                continue
            before = relation.edges(old) if old is not None else ()
            after = relation.edges(new)
            if before != after:
                self._replace(identity, relation, before, after)
                moved = True
        return moved

    def _replace(
        self, identity: str, relation: Relation, before: Sequence[Edge], after: Sequence[Edge]
    ) -> None:
        """Put the edges of one relation that leave an object in the place of its former ones."""
        targets = {edge.target for edge in after}
        for gone in dict.fromkeys(edge.target for edge in before):
            if gone not in targets:
                self._part(identity, gone, relation.name)
                self._forget_if_alone(gone)
        for edge in after:
            if edge.target not in self._nodes:
                self._stand(edge.target, kind_of(edge.target), None)
            keys = self._succ[identity].get(edge.target)
            if keys is None:
                keys = self._succ[identity][edge.target] = self._pred[edge.target][identity] = {}
            keys[relation.name] = {"role": edge.role}

    def _stand(self, identity: str, kind: str, obj: Obj | None) -> None:
        """A node of the graph; one that is there keeps its edges."""
        if identity in self._nodes:
            self._nodes[identity].update(kind=kind, obj=obj)
            return
        self._nodes[identity] = {"kind": kind, "obj": obj}
        self._succ[identity], self._pred[identity] = {}, {}

    def _part(self, source: str, target: str, relation: str) -> None:
        """Take an edge away."""
        keys = self._succ[source][target]
        del keys[relation]
        if not keys:
            del self._succ[source][target], self._pred[target][source]

    def _remove(self, identity: str) -> None:
        if identity not in self._nodes:
            return
        targets = list(self._succ[identity])
        for target in targets:
            del self._succ[identity][target], self._pred[target][identity]
        self._nodes[identity]["obj"] = None
        for target in (*targets, identity):
            self._forget_if_alone(target)

    def _forget_if_alone(self, identity: str) -> None:
        """Drop a node that stands for nothing and that nobody refers to."""
        attributes = self._nodes.get(identity)
        if attributes and attributes["obj"] is None and not self._pred[identity]:
            # What stands for nothing refers to nothing: it has no edges of its own.
            del self._nodes[identity], self._succ[identity], self._pred[identity]


@cache
def _shown_by(kind: str) -> dict[str, tuple[str, ...]]:
    """By relation, the kinds of target that show something of an object of this kind."""
    return {relation.name: relation.shown_by for relation in relations_from(kind)}


def drawn(history: Sequence[Change]) -> list[Change]:
    """The changes of a history that a picture can show something of, oldest first.

    Recorded Events are left out: there are more of them than of all else, and each would have to be made.
    """
    return [row for row in _rows_of(history) if isinstance(row, Change)]


def _rows_of(history: Sequence[Change]) -> Sequence[Row]:
    return history.rows if isinstance(history, History) else history


def changes_after(history: Sequence[Change], last: Change | None) -> list[Change] | None:
    """What is `drawn` of the changes that came after `last` (of all of them for None), oldest first.

    None where `history` doesn't contain `last`: it was compacted, or the lab was
    rewound, and the graph must be built anew. Costs in proportion to the answer.
    """
    if last is None:
        return drawn(history)
    found: list[Change] = []
    for row in reversed(_rows_of(history)):
        if row is last:
            found.reverse()
            return found
        if row.revision <= last.revision:
            return None
        if isinstance(row, Change):
            found.append(row)
    return None


def key_of_id(identity: str) -> Key:
    """The namespace and name in an id."""
    _, _, rest = identity.partition("/")
    namespace, slash, name = rest.partition("/")
    return (namespace, name) if slash else ("", namespace)
