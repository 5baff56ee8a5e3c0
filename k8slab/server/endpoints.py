"""The endpoints of the Service `kubernetes`: an API server that begins to serve points it at itself.

A lab that nobody serves has no API server at an address, so these two objects
come with the first server and stay.

Models pkg/controlplane/reconcilers/{endpointsadapter,instancecount}.go, v1.36.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slab.api.meta import Obj
from k8slab.cluster.request import Request

if TYPE_CHECKING:
    from k8slab.lab import Lab

ADDRESS = "172.18.0.1"
"""Where the control plane is on the nodes' network."""
_PORT: Obj = {"name": "https", "port": 6443, "protocol": "TCP"}
_CORE = "/api/v1/namespaces/default/endpoints"
_SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


def announce(lab: Lab) -> None:
    """Create the endpoints where the lab doesn't have them yet."""
    endpoints: Obj = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "kubernetes", "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{"addresses": [{"ip": ADDRESS}], "ports": [_PORT]}],
    }
    endpoint_slice: Obj = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "kubernetes", "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": True}}],
        "ports": [_PORT],
    }
    for kind, path, body in (("Endpoints", _CORE, endpoints), ("EndpointSlice", _SLICES, endpoint_slice)):
        if lab.world.get(kind, ("default", "kubernetes")) is None:
            lab.request(
                Request(
                    "POST",
                    path,
                    headers={"User-Agent": "kube-apiserver"},
                    body=body,
                    user="system:apiserver",
                    groups=("system:masters",),
                )
            )
