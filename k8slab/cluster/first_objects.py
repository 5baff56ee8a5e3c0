"""The objects with which an API server comes: what it announces of itself, and how it shares itself out.

They are there before a cluster's history begins, and nobody in it made them: so
they are found rather than created, at no revision of their own.

Models pkg/controlplane/apiserver/aggregator.go and
pkg/registry/flowcontrol/rest/storage_flowcontrol.go, v1.36.
"""

from __future__ import annotations

from k8slab import chance
from k8slab.api import api_services, flow_control
from k8slab.api.api_services import METRICS_NAME
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.clock import timestamp
from k8slab.cluster.measured import is_measured
from k8slab.cluster.world import World

_METRICS_SERVICE: Obj = {
    "apiVersion": "apiregistration.k8s.io/v1",
    "kind": "APIService",
    "metadata": {"name": METRICS_NAME, "labels": {"k8s-app": "metrics-server"}},
    "spec": {
        "group": "metrics.k8s.io",
        "groupPriorityMinimum": 100,
        "insecureSkipTLSVerify": True,
        "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443},
        "version": "v1beta1",
        "versionPriority": 100,
    },
}
"""What announces the metrics API, where there is a metrics server."""


def found(world: World) -> None:
    """Store them in a World in which nothing has happened yet."""
    when = timestamp(world.now_us)
    services = [
        api_services.local(group, version, priorities, "onstart")
        for (group, version), priorities in api_services.PRIORITIES.items()
    ]
    if is_measured(world):
        services.append(_METRICS_SERVICE)
    for body in (*services, *flow_control.first_objects()):
        kind = kinds()[body["kind"]]
        name = body["metadata"]["name"]
        metadata = {
            **body["metadata"],
            "uid": chance.uid(world.seed, 0, kind.kind, name),
            "resourceVersion": "1",
            "creationTimestamp": when,
        }
        obj = kind.prepare_create(kind.default({**body, "metadata": metadata}))
        world.store.found(kind.kind, ("", name), _observed(obj, when))


def _observed(obj: Obj, when: str) -> Obj:
    """The object with what its controller has said of it."""
    if obj["kind"] == "FlowSchema":
        return {**obj, "status": {"conditions": [flow_control.dangling(obj, found=True, when=when)]}}
    if obj["metadata"]["name"] == METRICS_NAME:
        available = {
            "type": "Available",
            "status": "True",
            "lastTransitionTime": when,
            "reason": "Passed",
            "message": "all checks passed",
        }
        return {**obj, "status": {"conditions": [available]}}
    return obj
