"""Who is governed by a rule: an autoscaler's target.

An edge is read from the pointing object alone, and a disruption budget names its
Pods only by labels; so the Pods that a budget counts are found by who draws it.

Models pkg/apis/autoscaling/types.go (HorizontalPodAutoscalerSpec.ScaleTargetRef), v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, dig
from k8slab.graph.relation import Edge, Relation, object_id, spec_of


def _edges(obj: Obj) -> tuple[Edge, ...]:
    target = dig(obj, "spec", "scaleTargetRef", default={})
    if not target.get("kind") or not target.get("name"):
        return ()
    namespace = obj["metadata"].get("namespace", "")
    return (Edge(object_id(target["kind"], (namespace, target["name"])), "scales"),)


RELATION = Relation("policy", ("HorizontalPodAutoscaler",), _edges, spec_of)
