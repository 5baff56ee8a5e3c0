"""What a frame of the panel costs in Python, by the size of the cluster: graph, scene, patch and its JSON.

In each frame a tenth of the Pods change their status and the clock moves on.
The times are the process's own, as all CPU seconds of the benchmarks are.
`bench()` gives rows of (name, measured in ms, budget in ms or None).
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from k8slab.api.meta import assoc
from k8slab.clock import START_US, timestamp
from k8slab.graph import Graph
from k8slab.renderers import svg
from k8slab.scene import Composer, Facts, diff, patch_to_json
from k8slab.store.store import Store

SIZES = ((5, 30, 1.0), (20, 200, None), (100, 1000, 3.0), (500, 5000, None))
SVG_BUDGET_MS = 1.5
FRAMES = 30
OWNER = [
    {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u-web-1", "controller": True}
]
SPEC = {"containers": [{"name": "main", "image": "web", "resources": {"requests": {"cpu": "100m"}}}]}


class StoreView:
    """As much of a View as the graph reads."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def list(self, kind: str, **_: Any) -> Any:
        return self.store.list(kind)


def status(ready: bool) -> dict[str, Any]:
    state = {"running": {"startedAt": timestamp(START_US)}}
    return {
        "phase": "Running",
        "containerStatuses": [{"name": "main", "ready": ready, "restartCount": 0, "state": state}],
    }


def cluster(nodes: int, pods: int) -> Store:
    """A Deployment's Pods, evenly spread."""
    store = Store()

    def put(kind: str, name: str, **parts: Any) -> None:
        namespace = "" if kind == "Node" else "default"
        metadata = {"name": name, "uid": f"u-{name}", "creationTimestamp": timestamp(START_US)}
        if namespace:
            metadata["namespace"] = namespace
        metadata |= parts.pop("metadata", {})
        store.write(kind, (namespace, name), {"kind": kind, "metadata": metadata, **parts}, START_US, 0)

    ready = {"type": "Ready", "status": "True", "lastTransitionTime": timestamp(START_US)}
    for number in range(nodes):
        allocatable = {"cpu": "8", "memory": "16Gi"}
        put("Node", f"node-{number + 1}", spec={}, status={"conditions": [ready], "allocatable": allocatable})
    deployment = [{"kind": "Deployment", "name": "web", "uid": "u-web", "controller": True}]
    counts = {"replicas": pods, "readyReplicas": pods}
    put("Deployment", "web", spec={"replicas": pods}, status=counts)
    replica_set = {"ownerReferences": deployment}
    put("ReplicaSet", "web-1", spec={"replicas": pods}, status=counts, metadata=replica_set)
    for number in range(pods):
        spec = {**SPEC, "nodeName": f"node-{number % nodes + 1}"}
        name = f"web-64948f6b69-{number:05d}"
        put("Pod", name, spec=spec, status=status(True), metadata={"ownerReferences": OWNER})
    return store


def frame_ms(nodes: int, pods: int) -> float:
    """The median time of a frame: from changes to the JSON of a patch."""
    store = cluster(nodes, pods)
    graph = Graph(StoreView(store))  # type: ignore[arg-type]
    now_us = START_US + 60_000_000
    composer = Composer(graph, Facts(now_us, START_US), history=store.history)
    keys = [("default", f"web-64948f6b69-{number:05d}") for number in range(pods)]
    times = []
    for frame in range(FRAMES):
        seen = len(store.history)
        now_us += 40_000
        for key in keys[frame % 10 :: 10]:
            pod = store.get("Pod", key)
            assert pod is not None
            store.write("Pod", key, assoc(pod, "status", status(bool(frame // 10 % 2))), now_us, 0)
        changes = store.history[seen:]
        before = composer.scene
        begun = time.process_time()
        touched = graph.update(changes)
        after = composer.update(touched, changes, Facts(now_us, START_US))
        json.dumps(patch_to_json(diff(before, after, composer.changed)))
        times.append((time.process_time() - begun) * 1000)
    return statistics.median(times)


def svg_ms() -> float:
    """The median time of a whole SVG text of 30 Pods."""
    composer = Composer(Graph(StoreView(cluster(5, 30))), Facts(START_US, START_US))  # type: ignore[arg-type]
    return median_ms(lambda: svg.render(composer.scene))


def median_ms(action: Callable[[], Any]) -> float:
    times = []
    for _ in range(FRAMES):
        begun = time.process_time()
        action()
        times.append((time.process_time() - begun) * 1000)
    return statistics.median(times)


def bench() -> list[tuple[str, float, float | None]]:
    """Every measurement with its budget."""
    gc.collect()
    rows: list[tuple[str, float, float | None]] = [
        (f"frame, {nodes} nodes, {pods} pods, a tenth changing", frame_ms(nodes, pods), budget)
        for nodes, pods, budget in SIZES
    ]
    rows.append(("SVG text, 30 pods", svg_ms(), SVG_BUDGET_MS))
    return rows


def main() -> None:
    """Print the measurements."""
    for name, measured_ms, budget_ms in bench():
        budget = f"  (budget {budget_ms:g})" if budget_ms is not None else ""
        print(f"{name:<48} {measured_ms:8.2f} ms{budget}")


if __name__ == "__main__":
    main()
