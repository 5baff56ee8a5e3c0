"""What an API server that begins to serve says of itself: where it is, and which addresses Services get.

A lab that nobody serves has no API server at an address, so these objects come
with the first server and stay: the endpoints of the Service `kubernetes`, and
the ServiceCIDR of that name.

Models pkg/controlplane/reconcilers/{endpointsadapter,instancecount}.go and
pkg/controlplane/controller/defaultservicecidr, v1.36.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slab.api.kinds._service_allocation import SERVICE_RANGE
from k8slab.api.meta import Obj
from k8slab.clock import timestamp
from k8slab.cluster.request import Request

if TYPE_CHECKING:
    from k8slab.lab import Lab

ADDRESS = "172.18.0.1"
"""Where the control plane is on the nodes' network."""
_PORT: Obj = {"name": "https", "port": 6443, "protocol": "TCP"}
_CORE = "/api/v1/namespaces/default/endpoints"
_RANGES = "/apis/networking.k8s.io/v1/servicecidrs"
_SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


def announce(lab: Lab) -> None:
    """Create these objects where the lab doesn't have them yet."""
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
    service_range: Obj = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "ServiceCIDR",
        "metadata": {"name": "kubernetes"},
        "spec": {"cidrs": [str(SERVICE_RANGE)]},
    }
    for path, body in ((_CORE, endpoints), (_SLICES, endpoint_slice), (_RANGES, service_range)):
        place = ("" if path == _RANGES else "default", "kubernetes")
        if lab.world.get(body["kind"], place) is None:
            _send(lab, "POST", path, body)
    stored = lab.world.get("ServiceCIDR", ("", "kubernetes"))
    if stored is not None and not (stored.get("status") or {}).get("conditions"):
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "",
            "message": "Kubernetes default Service CIDR is ready",
            "lastTransitionTime": timestamp(lab.now_us),
        }
        body = {**stored, "status": {"conditions": [ready]}}
        _send(lab, "PUT", f"{_RANGES}/kubernetes/status", body)


def _send(lab: Lab, method: str, path: str, body: Obj) -> None:
    lab.request(
        Request(
            method,
            path,
            headers={"User-Agent": "kube-apiserver"},
            body=body,
            user="system:apiserver",
            groups=("system:masters",),
        )
    )
