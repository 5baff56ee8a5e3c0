"""The cluster as a networkx graph that follows history.

Each object is a node of the graph, with its `kind` and its `obj`; each
reference between two objects is an edge whose key is its relation's name. What
is referred to but isn't there (a claim that nobody made, an owner that is gone)
is a node whose `obj` is None: a dangling reference is worth seeing.

`update` takes in changes and costs in proportion to them, never to the
cluster, so that a picture can be redrawn fifty times a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import networkx

from k8slab.api.meta import Key, Obj, key_of
from k8slab.graph.relation import Edge, Relation, kind_of, object_id, relations_from
from k8slab.store.view import Change, View

KINDS = (
    "Namespace",
    "Node",
    "Machine",
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

    __slots__ = ("_nodes", "_pred", "_succ", "network")

    def __init__(self, view: View | None = None) -> None:
        self.network = networkx.MultiDiGraph()
        # networkx's own dicts, read without the views around them, which cost ten times as much.
        self._nodes: dict[str, dict[str, Any]] = self.network._node
        self._succ: dict[str, dict[str, dict[str, dict[str, str]]]] = self.network._succ
        self._pred: dict[str, dict[str, dict[str, dict[str, str]]]] = self.network._pred
        if view is not None:
            for kind in KINDS:
                for obj in view.list(kind):
                    self._put(object_id(kind, key_of(obj)), kind, None, obj)

    # Reading.

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
            for identity, attributes in self.network.nodes.items()
            if attributes["kind"] == kind and attributes["obj"] is not None
        ]

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
        if identity not in self.network:
            return
        for _, target, relation, role in self.network.out_edges(identity, keys=True, data="role"):
            yield relation, role, target
        for source, _, relation, role in self.network.in_edges(identity, keys=True, data="role"):
            yield relation, role, source

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
        network = self.network
        moved = False
        if old is None:
            network.add_node(identity, kind=kind, obj=new)
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
                self.network.remove_edge(identity, gone, relation.name)
                self._forget_if_alone(gone)
        for edge in after:
            if edge.target not in self.network:
                self.network.add_node(edge.target, kind=kind_of(edge.target), obj=None)
            self.network.add_edge(identity, edge.target, key=relation.name, role=edge.role)

    def _remove(self, identity: str) -> None:
        if identity not in self.network:
            return
        targets = list(self.network.succ[identity])
        self.network.remove_edges_from(list(self.network.out_edges(identity, keys=True)))
        self.network.nodes[identity]["obj"] = None
        for target in (*targets, identity):
            self._forget_if_alone(target)

    def _forget_if_alone(self, identity: str) -> None:
        """Drop a node that stands for nothing and that nobody refers to."""
        network = self.network
        if network.nodes[identity]["obj"] is None and not network.pred[identity]:
            network.remove_node(identity)


@cache
def _shown_by(kind: str) -> dict[str, tuple[str, ...]]:
    """By relation, the kinds of target that show something of an object of this kind."""
    return {relation.name: relation.shown_by for relation in relations_from(kind)}


def changes_after(history: Sequence[Change], last: Change | None) -> list[Change] | None:
    """The changes that came after `last` (all of them for None), oldest first.

    None where `history` doesn't contain `last`: it was compacted, or the lab was
    rewound, and the graph must be built anew. Costs in proportion to the answer.
    """
    if last is None:
        return list(history)
    found: list[Change] = []
    for at in range(len(history) - 1, -1, -1):
        change = history[at]
        if change is last:
            found.reverse()
            return found
        if change.revision <= last.revision:
            return None
        found.append(change)
    return None


def key_of_id(identity: str) -> Key:
    """The namespace and name in an id."""
    _, _, rest = identity.partition("/")
    namespace, slash, name = rest.partition("/")
    return (namespace, name) if slash else ("", namespace)
