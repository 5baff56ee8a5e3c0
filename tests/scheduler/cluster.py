"""Building blocks for the scheduler's tests: nodes, Pods and a cluster whose cache is kept up to date."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slab.api.meta import Obj, key_of
from k8slab.components import Action, Done
from k8slab.scheduler.cluster_state import KINDS, NAME, ClusterState
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import SKIP, NodeInfo, Plugin, PodInfo, Status
from k8slab.scheduler.scheduler import plan
from k8slab.store.view import Change
from tests.controllers.view import MemoryView


def node(name: str, **fields: Any) -> Obj:
    """A node. Fields: labels, taints, unschedulable, images, cpu, memory, pods, and other resources."""
    labels = fields.pop("labels", {})
    spec = {name: fields.pop(name) for name in ("taints", "unschedulable") if name in fields}
    images = fields.pop("images", None)
    allocatable = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    allocatable.update({resource.replace("__", "/").replace("_", "-"): v for resource, v in fields.items()})
    status: Obj = {"allocatable": allocatable}
    if images is not None:
        status["images"] = [{"names": [image], "sizeBytes": size} for image, size in images.items()]
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec, "status": status}


def pod(name: str, requests: Obj | None = None, **fields: Any) -> Obj:
    """A Pod of one container. Fields: namespace, labels, node, owner, status; the rest goes into the spec."""
    metadata: Obj = {"name": name, "namespace": fields.pop("namespace", "default")}
    if "labels" in fields:
        metadata["labels"] = fields.pop("labels")
    if "owner" in fields:
        metadata["ownerReferences"] = [fields.pop("owner")]
    status = fields.pop("status", {})
    container: Obj = {"name": "main", "image": fields.pop("image", "nginx:1.27")}
    if requests is not None:
        container["resources"] = {"requests": requests}
    if "ports" in fields:
        container["ports"] = fields.pop("ports")
    spec: Obj = {"containers": [container], **fields}
    if "node" in spec:
        spec["nodeName"] = spec.pop("node")
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def namespace(name: str, **labels: str) -> Obj:
    """A namespace with labels."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


class Cluster(MemoryView):
    """A View in memory whose scheduler cache takes in every change, as the World's does."""

    def __init__(self, objects: Iterable[Obj] = (), **options: Any) -> None:
        super().__init__((), **options)
        self.caches[NAME] = ClusterState(self)
        for obj in objects:
            self.add(obj)

    @property
    def state(self) -> ClusterState:
        state: ClusterState = self.caches[NAME]
        return state

    @property
    def cycle(self) -> Cycle:
        return Cycle(self, self.state, self.now_us)

    def add(self, obj: Obj) -> Obj:
        old = self.get(obj["kind"], key_of(obj))
        new = super().add(obj)
        self._show(Change(0, self.now_us, obj["kind"], key_of(obj), old, new, 0))
        return new

    def remove(self, kind: str, key: tuple[str, str]) -> None:
        old = self.get(kind, key)
        super().remove(kind, key)
        self._show(Change(0, self.now_us, kind, key, old, None, 0))

    def _show(self, change: Change) -> None:
        if NAME in self.caches and change.kind in KINDS:
            self.state.observe(change)

    def info(self, obj: Obj) -> PodInfo:
        """The scheduler's view of a Pod that may not be stored."""
        metadata = {"uid": f"uid of {obj['metadata']['name']}", **obj["metadata"]}
        return self.state.reader.pod({**obj, "metadata": metadata})

    def node_info(self, name: str) -> NodeInfo:
        return self.state.nodes[name]

    def schedule(self, name: str, memory: Any = None) -> tuple[tuple[Action, ...], Done]:
        """One look of the scheduler at a Pod, carried out."""
        key = ("default", name) if "/" not in name else (name.split("/")[0], name.split("/")[1])
        return self.sync(plan, key, memory)


def filtered(plugin: Plugin, cluster: Cluster, incoming: Obj) -> dict[str, tuple[str, ...]]:
    """Which nodes a plugin refuses a Pod, with the reasons; `*` stands for all of them."""
    assert plugin.pre_filter is not None
    state = plugin.pre_filter(cluster.cycle, cluster.info(incoming))
    if isinstance(state, Status):
        return {"*": state.reasons}
    if state is SKIP or plugin.filter is None:
        return {}
    refused = {name: plugin.filter(state, info) for name, info in cluster.state.nodes.items()}
    return {name: status.reasons for name, status in refused.items() if status is not None}


def scored(plugin: Plugin, cluster: Cluster, incoming: Obj) -> dict[str, int]:
    """A plugin's scores of all nodes, brought to 0…100; empty where it has nothing to do with the Pod."""
    nodes = list(cluster.state.nodes.values())
    assert plugin.pre_score is not None and plugin.score is not None
    state = plugin.pre_score(cluster.cycle, cluster.info(incoming), nodes)
    if state is SKIP:
        return {}
    scores = [plugin.score(state, info) for info in nodes]
    if plugin.normalize is not None:
        scores = plugin.normalize(state, nodes, scores)
    return {info.name: score for info, score in zip(nodes, scores, strict=True)}
