"""What kube-proxy tells load balancers: whether a node has endpoints of a Service of its own.

A Service whose external traffic stays on its node has a port for that on every node
(`healthCheckNodePort`). Endpoints that are going don't count, though they still answer.

Models pkg/proxy/healthcheck/service_health.go, v1.36.
"""

from __future__ import annotations

import json

from k8slab.api.meta import Obj
from k8slab.containers.requests import Answer, Call
from k8slab.network.routing import endpoints_of, is_proxied, node_by_address
from k8slab.store.view import View


def answer(view: View, address: str, request: Call) -> Answer | None:
    """The answer of a node's kube-proxy; None where it does not listen there."""
    node = node_by_address(view, address)
    if node is None or request.protocol != "http":
        return None
    for service in view.list("Service"):
        if service["spec"].get("healthCheckNodePort") == request.port and is_proxied(service):
            return _said(service, _local_endpoints(view, service, node["metadata"]["name"]))
    return None


def _local_endpoints(view: View, service: Obj, node: str) -> int:
    """How many ready endpoints of a Service are on a node."""
    found = [one for port in service["spec"].get("ports") or () for one in endpoints_of(view, service, port)]
    return len({one.address for one in found if one.ready and one.node == node})


def _said(service: Obj, count: int) -> Answer:
    metadata = service["metadata"]
    body = {
        "service": {"namespace": metadata["namespace"], "name": metadata["name"]},
        "localEndpoints": count,
        "serviceProxyHealthy": True,
    }
    headers = {
        "Content-Type": "application/json",
        "X-Content-Type-Options": "nosniff",
        "X-Load-Balancing-Endpoint-Weight": str(count),
    }
    text = json.dumps(body, indent="\t")
    return Answer(True, {"status": 200 if count else 503, "headers": headers, "body": text})
