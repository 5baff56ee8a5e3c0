"""The metrics API: what nodes and Pods use, as a metrics server in the cluster tells it.

It is an addon: a cluster has it where `World.addons` holds `metrics-server`. Its
objects are never stored; each is made when it is asked for, from the loads that
the autoscalers see too.

Models staging/src/k8s.io/metrics/pkg/apis/metrics/v1beta1/types.go, v1.36, and
how metrics-server fills them.
"""

from __future__ import annotations

from k8slab.api import quantities
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US, parse_timestamp, timestamp
from k8slab.cluster.world import World
from k8slab.controllers._hpa_metrics import SCRAPE_PERIOD_US, ContainerUse, container_use
from k8slab.kubelet.shortage import MEMORY, SYSTEM_MEMORY_BYTES

METRICS_SERVER = "metrics-server"
"""The addon's name."""

_GROUP, _VERSION = "metrics.k8s.io", "v1beta1"
_WINDOW = f"{SCRAPE_PERIOD_US // SECOND_US}s"
_IDLE_NODE = ContainerUse(cpu_millis=42, memory_bytes=SYSTEM_MEMORY_BYTES)
"""What a node's own services use."""

NODE_METRICS = Kind("NodeMetrics", _GROUP, _VERSION, "nodes", "", False, verbs=("get", "list"))
POD_METRICS = Kind("PodMetrics", _GROUP, _VERSION, "pods", "", True, verbs=("get", "list"))
METRICS_RESOURCES: dict[tuple[str, str, str], Kind] = {
    (kind.group, kind.version, kind.plural): kind for kind in (NODE_METRICS, POD_METRICS)
}


def is_measured(world: World) -> bool:
    """Whether the cluster has a metrics server."""
    return METRICS_SERVER in world.addons


def metrics(world: World, kind: Kind, namespace: str) -> list[Obj]:
    """What is measured of every node, or of every Pod of a namespace (all of them if it is empty)."""
    if kind is NODE_METRICS:
        measured = [_node(world, node) for node in world.store.list("Node")]
    else:
        measured = [_pod(world, pod) for pod in world.store.list("Pod", namespace=namespace or None)]
    return sorted((one for one in measured if one is not None), key=_place)


def _place(obj: Obj) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _pod(world: World, pod: Obj) -> Obj | None:
    used = container_use(world, pod, world.now_us)
    if not used:
        return None
    containers = [{"name": name, "usage": _usage(one)} for name, one in used.items()]
    return {**_head(world, POD_METRICS, pod), "containers": containers}


def _node(world: World, node: Obj) -> Obj | None:
    """A node is measured once it has been Ready for a whole period; one that isn't Ready can't be asked."""
    ready = next((one for one in node["status"].get("conditions") or () if one["type"] == "Ready"), None)
    scraped_us = _scraped_us(world)
    if ready is None or ready["status"] != "True":
        return None
    if parse_timestamp(ready["lastTransitionTime"]) + SCRAPE_PERIOD_US > scraped_us:
        return None
    name = node["metadata"]["name"]
    used = [
        one
        for pod in world.store.list("Pod", node=name)
        for one in container_use(world, pod, world.now_us).values()
    ]
    whole = ContainerUse(
        _IDLE_NODE.cpu_millis + sum(one.cpu_millis for one in used),
        _IDLE_NODE.memory_bytes + _taken(world, name) + sum(one.memory_bytes for one in used),
    )
    return {**_head(world, NODE_METRICS, node), "usage": _usage(whole)}


def _taken(world: World, node: str) -> int:
    """How much memory something else than Pods has been let take."""
    machine = world.get("Machine", ("", node))
    return int(machine["spec"].get(MEMORY, 0)) if machine is not None else 0


def _scraped_us(world: World) -> int:
    return world.now_us // SCRAPE_PERIOD_US * SCRAPE_PERIOD_US


def _head(world: World, kind: Kind, obj: Obj) -> Obj:
    """A measurement belongs to the object of its name and carries its labels."""
    metadata = {"name": obj["metadata"]["name"], "creationTimestamp": timestamp(world.now_us)}
    if kind.namespaced:
        metadata["namespace"] = obj["metadata"]["namespace"]
    if obj["metadata"].get("labels"):
        metadata["labels"] = obj["metadata"]["labels"]
    return {
        "kind": kind.kind,
        "apiVersion": f"{_GROUP}/{_VERSION}",
        "metadata": metadata,
        "timestamp": timestamp(_scraped_us(world)),
        "window": _WINDOW,
    }


def _usage(used: ContainerUse) -> Obj:
    memory = f"{used.memory_bytes // 1024}Ki"
    return {"cpu": quantities.from_milli(used.cpu_millis), "memory": memory}
