"""APIService. Models kube-aggregator/pkg/registry/apiservice/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._strategy import on_status, on_update
from k8slab.api.meta import Obj, dig

_TABLE = Table(defaults={"kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference": {"port": 443}})


def _prepare_create(obj: Obj) -> Obj:
    """An API that this server serves itself is available from the start."""
    if dig(obj, "spec", "service") is not None:
        return {**obj, "status": {}}
    available = {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": obj["metadata"].get("creationTimestamp"),
        "reason": "Local",
        "message": "Local APIServices are always available",
    }
    return {**obj, "status": {"conditions": [available]}}


KIND = Kind(
    kind="APIService",
    group="apiregistration.k8s.io",
    version="v1",
    plural="apiservices",
    singular="apiservice",
    namespaced=False,
    categories=("api-extensions",),
    subresources=("status",),
    default=defaulter("kube-aggregator.pkg.apis.apiregistration.v1.APIService", _TABLE),
    prepare_create=_prepare_create,
    prepare_update=on_update(),
    prepare_status=on_status(keeps=("labels", "annotations", "finalizers", "ownerReferences")),
    unconditional_update=False,
)
