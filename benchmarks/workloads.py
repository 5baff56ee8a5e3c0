"""How much a cluster costs: CPU seconds for workloads to come up, and to copy the World."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from k8slab.cluster import api, assembly
from k8slab.lab import Lab


class Measured(NamedTuple):
    """One figure: what was done, CPU seconds, lab seconds, changes stored, and what a real cluster took."""

    name: str
    cpu_s: float
    lab_s: float
    changes: int
    real: str
    target: str


def lab_with(nodes: int, *, timing: str = "realistic") -> Lab:
    lab = Lab(nodes=0, timing=timing)
    for number in range(nodes):
        lab._add_machine(f"node-{number}", {"cpu": "64", "memory": "256Gi"})
    lab.settle()
    return lab


def template(image: str = "registry.k8s.io/pause:3.10") -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": image, "resources": {"requests": {"cpu": "10m"}}}]},
    }


def stateful_set(replicas: int, policy: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "serviceName": "web",
            "podManagementPolicy": policy,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(),
        },
    }


def deployment(replicas: int, name: str = "web") -> dict[str, Any]:
    pod = template()
    pod["metadata"]["labels"] = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": pod},
    }


def bring_up(lab: Lab, manifests: list[dict[str, Any]]) -> None:
    """Create workloads and run until every replica is ready."""
    for manifest in manifests:
        api.create(lab.world, api.ADMIN, manifest["kind"], manifest)
    keys = [(one["kind"], ("default", one["metadata"]["name"]), one["spec"]["replicas"]) for one in manifests]
    if not lab.run(until=lambda here: all_ready(here, keys), timeout="6h"):
        raise RuntimeError("not everything became ready")


def come_up(name: str, nodes: int, manifests: list[dict[str, Any]], real: str, target: str) -> Measured:
    """What it costs until every replica is ready."""
    lab = lab_with(nodes)
    before, begun = lab.world.store.revision, lab.now
    gc.collect()
    started = time.process_time()
    bring_up(lab, manifests)
    cpu_s = time.process_time() - started
    return Measured(name, cpu_s, lab.now - begun, lab.world.store.revision - before, real, target)


def all_ready(lab: Lab, keys: list[tuple[str, tuple[str, str], int]]) -> bool:
    """Whether every workload has all of its replicas ready; those that are done are asked no more."""
    while keys:
        kind, key, replicas = keys[-1]
        obj = lab.world.get(kind, key)
        if obj is None or (obj.get("status") or {}).get("readyReplicas", 0) < replicas:
            return False
        keys.pop()
    return True


def copy_ms(lab: Lab, repeats: int = 20) -> float:
    """The median time of World.copy, in milliseconds."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        lab.world.copy()
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)[repeats // 2]


def peak_mb() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


SMALL: tuple[Callable[[], Measured], ...] = (
    lambda: come_up(
        "ordered StatefulSet of 50", 50, [stateful_set(50, "OrderedReady")], "9.1 CPU-s, 51.5 s", "0.15 CPU-s"
    ),
    lambda: come_up("parallel StatefulSet of 1,000", 50, [stateful_set(1000, "Parallel")], "", "1.2 CPU-s"),
    lambda: come_up("Deployment of 1,000", 50, [deployment(1000)], "20-44 CPU-s, 11-51 s", "1 CPU-s"),
    lambda: come_up("Deployment of 5,000", 250, [deployment(5000)], "110-210 CPU-s, 70-251 s", "5 CPU-s"),
)

LARGE: tuple[Callable[[], Measured], ...] = (
    lambda: come_up(
        "150,000 Pods on 5,000 nodes",
        5000,
        [deployment(1000, f"web-{number}") for number in range(150)],
        "",
        "40 CPU-s",
    ),
)

__all__ = [
    "LARGE",
    "SMALL",
    "Measured",
    "assembly",
    "bring_up",
    "come_up",
    "copy_ms",
    "deployment",
    "lab_with",
    "peak_mb",
]
