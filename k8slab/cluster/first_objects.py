"""The objects with which an API server comes: what it announces, how it shares itself out, who may what.

They are there before a cluster's history begins, and nobody in it made them: so
they are found rather than created, at no revision of their own. The roles and
their bindings, which are many, are made when somebody looks for one.

Models pkg/controlplane/apiserver/aggregator.go,
pkg/registry/flowcontrol/rest/storage_flowcontrol.go and pkg/registry/rbac/rest/storage_rbac.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from k8slab import chance
from k8slab.api import api_services, flow_control
from k8slab.api.api_services import METRICS_NAME
from k8slab.api.kind import kinds
from k8slab.api.meta import Key, Obj, key_of
from k8slab.clock import timestamp
from k8slab.cluster.measured import is_measured
from k8slab.cluster.world import FOUNDED_VERSION, World

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
        obj = _founded(world.seed, when, body)
        world.store.found(obj["kind"], key_of(obj), _observed(obj, when))
    world.store.found_later(_ROLE_KINDS, partial(_default_roles, world.seed, when))


_ROLE_KINDS = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


def _default_roles(seed: int, when: str, kind: str) -> Iterator[tuple[Key, Obj]]:
    """The roles or bindings of one kind that every cluster has."""
    # What most labs never look at shouldn't be imported by all of them.
    from k8slab.api import default_roles

    for body in default_roles.first_objects(kind):
        yield key_of(body), _founded(seed, when, body)


def _founded(seed: int, when: str, body: Obj) -> Obj:
    """An object as the API server stored it when it began."""
    kind = kinds()[body["kind"]]
    namespace, name = key_of(body)
    place = f"{namespace}/{name}" if namespace else name
    metadata = {
        **body["metadata"],
        "uid": chance.uid(seed, 0, kind.kind, place),
        "resourceVersion": FOUNDED_VERSION,
        "creationTimestamp": when,
    }
    return kind.prepare_create(kind.default({**body, "metadata": metadata}))


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
