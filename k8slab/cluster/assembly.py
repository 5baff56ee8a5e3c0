"""Putting a cluster together: its components, its first objects, and its nodes.

A cluster begins as one made by an installer does: four namespaces, the
`kubernetes` Service, two priority classes, a default StorageClass. Every
component is discovered from its folder in sorted order.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from k8slab.api.meta import Obj
from k8slab.cluster import api, first_objects
from k8slab.cluster.world import World
from k8slab.components import Component

_PRIORITY_CLASSES = (("system-cluster-critical", 2000000000), ("system-node-critical", 2000001000))
_PRIORITY_TEXTS = {
    "system-cluster-critical": "Used for system critical pods that must run in the cluster, but can be moved "
    "to another node if necessary.",
    "system-node-critical": "Used for system critical pods that must not be moved from their current node.",
}
DEFAULT_PROVISIONER = "csi.k8slab.dev"


_OWNERS_OF_WORKLOADS = ("cronjob", "deployment")


@cache
def controllers() -> tuple[Component, ...]:
    """Every controller, in the sorted order of the modules; those that own what others look after come last.

    A change wakes them in this order. A ReplicaSet whose size somebody sets makes
    its Pods before its Deployment sets the size back.
    """
    import k8slab.controllers as package

    modules = (module.name for module in pkgutil.iter_modules(package.__path__))
    names = sorted(modules, key=lambda name: (name in _OWNERS_OF_WORKLOADS, name))
    found = (
        importlib.import_module(f"{package.__name__}.{name}").CONTROLLER
        for name in names
        if not name.startswith("_")
    )
    return tuple(one._replace(pace="controller_pace") for one in found)


@cache
def all_components() -> tuple[Component, ...]:
    """The whole control plane, the kubelets, and the kernels beneath them."""
    from k8slab.cluster.memory import KERNEL
    from k8slab.kubelet import COMPONENTS
    from k8slab.scheduler import SCHEDULER

    return (*controllers(), SCHEDULER, *COMPONENTS, KERNEL)


def bootstrap(world: World) -> None:
    """Create the objects that every cluster has before its first user."""
    first_objects.found(world)
    actor = api.Actor("system:apiserver", ("system:masters",), "kube-apiserver")
    for name in ("default", "kube-node-lease", "kube-public", "kube-system"):
        body: Obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        api.create(world, actor, "Namespace", body)
    for name, value in _PRIORITY_CLASSES:
        api.create(
            world,
            actor,
            "PriorityClass",
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": name},
                "value": value,
                "description": _PRIORITY_TEXTS[name],
            },
        )
    api.create(world, actor, "StorageClass", storage_class("standard", default=True))
    api.create(
        world,
        actor,
        "Service",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"component": "apiserver", "provider": "kubernetes"},
            },
            "spec": {
                "clusterIP": "10.96.0.1",
                "ports": [{"name": "https", "port": 443, "targetPort": 6443}],
            },
        },
    )


def storage_class(
    name: str,
    *,
    default: bool = False,
    binding_mode: str = "Immediate",
    provisioner: str = DEFAULT_PROVISIONER,
) -> Obj:
    """A StorageClass whose claims get volumes at once, or when their first Pod is scheduled."""
    metadata: Obj = {"name": name}
    if default:
        metadata["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": metadata,
        "provisioner": provisioner,
        "volumeBindingMode": binding_mode,
    }


def machine(
    name: str,
    now_us: int,
    *,
    cpu: str = "4",
    memory: str = "8Gi",
    pods: int = 110,
    zone: str = "",
    labels: Mapping[str, str] | None = None,
    number: int = 0,
    stored_heartbeats: bool = False,
) -> Obj:
    """The hardware of a node: the internal kind from which its kubelet registers the Node object."""
    all_labels = dict(labels or {})
    if zone:
        all_labels.setdefault("topology.kubernetes.io/zone", zone)
    return {
        "apiVersion": "lab",
        "kind": "Machine",
        "metadata": {"name": name},
        "spec": {
            "power": "On",
            "network": "Up",
            "kubelet": "Running",
            "sinceUs": now_us,
            "lastHeartbeatUs": now_us,
            "cpu": cpu,
            "memory": memory,
            "pods": pods,
            "labels": all_labels,
            "number": number,
            **({"heartbeats": "Stored"} if stored_heartbeats else {}),
        },
    }
