"""Who owns whom: an edge from each object to every owner that its metadata names.

Models staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go (OwnerReference), v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.meta import Obj
from k8slab.graph.relation import Edge, Relation, object_id

CLUSTER_SCOPED = ("Namespace", "Node", "PersistentVolume", "StorageClass")
"""Owners that have no namespace of their own; all others live in their dependent's."""


def _edges(obj: Obj) -> tuple[Edge, ...]:
    metadata = obj["metadata"]
    references = metadata.get("ownerReferences")
    if not references:
        return ()
    namespace = metadata.get("namespace", "")
    return tuple(
        Edge(
            object_id(one["kind"], ("" if one["kind"] in CLUSTER_SCOPED else namespace, one["name"])),
            "controller" if one.get("controller") else "owner",
        )
        for one in references
    )


def _reads(obj: Obj) -> Any:
    return obj["metadata"].get("ownerReferences")


RELATION = Relation(
    "owner",
    (),
    _edges,
    _reads,
    shown_by=(
        "ReplicaSet",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "ReplicationController",
    ),
)
