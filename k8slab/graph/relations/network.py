"""Who answers for whom: EndpointSlice to its Service and Pods, Ingress to Services, a set to its governor.

Models pkg/apis/discovery/types.go (Endpoint.TargetRef), pkg/apis/networking/types.go (IngressBackend)
and pkg/apis/apps/types.go (StatefulSetSpec.ServiceName), v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.meta import Obj, dig, labels_of
from k8slab.graph.relation import Edge, Relation, object_id

SERVICE_NAME_LABEL = "kubernetes.io/service-name"


def _slice_edges(obj: Obj) -> tuple[Edge, ...]:
    namespace = obj["metadata"].get("namespace", "")
    edges = {}
    service = labels_of(obj).get(SERVICE_NAME_LABEL)
    if service:
        edges[object_id("Service", (namespace, service))] = "slice"
    for endpoint in obj.get("endpoints") or ():
        target = endpoint.get("targetRef") or {}
        if target.get("kind") == "Pod":
            edges[object_id("Pod", (namespace, target["name"]))] = "endpoint"
    return tuple(Edge(target, role) for target, role in edges.items())


def _ingress_edges(obj: Obj) -> tuple[Edge, ...]:
    namespace, spec = obj["metadata"].get("namespace", ""), obj.get("spec") or {}
    backends = [spec.get("defaultBackend") or {}]
    for rule in spec.get("rules") or ():
        backends += [path.get("backend") or {} for path in dig(rule, "http", "paths", default=())]
    names = dict.fromkeys(dig(one, "service", "name", default="") for one in backends)
    return tuple(Edge(object_id("Service", (namespace, name)), "backend") for name in names if name)


def _edges(obj: Obj) -> tuple[Edge, ...]:
    if obj["kind"] == "EndpointSlice":
        return _slice_edges(obj)
    if obj["kind"] == "Ingress":
        return _ingress_edges(obj)
    name = (obj.get("spec") or {}).get("serviceName")
    if not name:
        return ()
    return (Edge(object_id("Service", (obj["metadata"].get("namespace", ""), name)), "governor"),)


def _reads(obj: Obj) -> Any:
    # A slice's edges come from its labels and its endpoints, which is all that ever changes of it.
    return obj if obj["kind"] == "EndpointSlice" else obj.get("spec")


RELATION = Relation(
    "network", ("EndpointSlice", "Ingress", "StatefulSet"), _edges, _reads, shown_by=("Service",)
)
