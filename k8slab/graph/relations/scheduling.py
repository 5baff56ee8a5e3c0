"""Where Pods run: an edge from a bound Pod to its node, from a nominated one to the node it waits for.

Models pkg/apis/core/types.go (PodSpec.NodeName, PodStatus.NominatedNodeName), v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.meta import Obj
from k8slab.graph.relation import Edge, Relation, object_id


def _edges(obj: Obj) -> tuple[Edge, ...]:
    node = obj["spec"].get("nodeName")
    if node:
        return (Edge(object_id("Node", ("", node)), "bound"),)
    nominated = (obj.get("status") or {}).get("nominatedNodeName")
    return (Edge(object_id("Node", ("", nominated)), "nominated"),) if nominated else ()


def _reads(obj: Obj) -> Any:
    # The nominated node stands in the status, which matters only until the Pod is bound.
    return obj["spec"] if obj["spec"].get("nodeName") else obj


RELATION = Relation("scheduling", ("Pod",), _edges, _reads, shown_by=("Node",))
