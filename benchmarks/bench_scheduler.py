"""How much CPU time scheduling costs: `python benchmarks/bench_scheduler.py [NODES PODS DEPLOYMENTS]…`.

Pods of some Deployments are scheduled onto empty nodes in three zones. Counted
is what the scheduler does: taking in the Pods, deciding, and taking in the
bindings. Storing objects is done here by hand and subtracted, so that the
figure doesn't depend on the API server.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from k8slab.api.meta import Key, Obj, owner_reference
from k8slab.chance import chance
from k8slab.components import Bind
from k8slab.scheduler.cluster_state import NAME, ClusterState
from k8slab.scheduler.scheduler import plan
from k8slab.store.store import Store
from k8slab.store.view import Change

CASES = ((50, 1_000, 1), (500, 15_000, 10), (5_000, 150_000, 1), (5_000, 150_000, 100))


class StoreView:
    """A View over a store, without an API server."""

    seed = 7
    gates: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.store = Store()
        self.list = self.store.list
        self.get = self.store.get
        self.dependents = self.store.dependents
        self.state: ClusterState | None = None

    def cache(self, name: str) -> ClusterState:
        """The scheduler's cache."""
        if self.state is None:
            assert name == NAME
            self.state = ClusterState(self)
        return self.state

    def chance(self, *parts: object) -> float:
        """A number in [0, 1)."""
        return chance(self.seed, *parts)

    def duration_us(self, name: str, *parts: object) -> int:
        """Nothing takes time here."""
        return 0

    def write(self, kind: str, key: Key, obj: Obj) -> Change:
        """Store an object."""
        return self.store.write(kind, key, obj, 0, 0)


def _node(number: int) -> Obj:
    name = f"node-{number}"
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{number % 3}"}
    allocatable = {"cpu": "64", "memory": "256Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {"allocatable": allocatable},
    }


def _replica_set(number: int) -> Obj:
    labels = {"app": f"app-{number}", "pod-template-hash": f"{number:08x}"}
    requests = {"cpu": "100m", "memory": "200Mi"}
    container = {"name": "main", "image": "nginx:1.27", "resources": {"requests": requests}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "priority": 0}}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": f"app-{number}", "namespace": "default", "uid": f"rs-{number}"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


def _pods(view: StoreView, pods: int, deployments: int) -> list[Change]:
    """Store the Pods; what a watch would say of each."""
    owners = [_replica_set(number) for number in range(deployments)]
    for owner in owners:
        view.write("ReplicaSet", ("default", owner["metadata"]["name"]), owner)
    references = [[owner_reference(owner)] for owner in owners]
    changes = []
    for number in range(pods):
        which = number % deployments
        template = owners[which]["spec"]["template"]
        metadata = {
            "name": f"pod-{number}",
            "namespace": "default",
            "uid": f"pod-{number}",
            "labels": template["metadata"]["labels"],
            "ownerReferences": references[which],
        }
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": template["spec"],
            "status": {"phase": "Pending"},
        }
        changes.append(view.write("Pod", ("default", metadata["name"]), body))
    return changes


def _bound(view: StoreView, key: Key, node: str) -> Change:
    pod = view.store.get("Pod", key)
    assert pod is not None
    return view.write("Pod", key, {**pod, "spec": {**pod["spec"], "nodeName": node}})


def run(nodes: int, pods: int, deployments: int) -> tuple[float, list[int]]:
    """Schedule everything: the CPU seconds of the scheduler, and how many Pods each node got."""
    view = StoreView()
    for number in range(nodes):
        node = _node(number)
        view.write("Node", ("", node["metadata"]["name"]), node)
    state = view.cache(NAME)
    changes = _pods(view, pods, deployments)
    placed: list[tuple[Key, str]] = []
    began = time.process_time()
    for change in changes:
        state.observe(change)
    for change in changes:
        _schedule(view, state, change.key, placed)
    total = time.process_time() - began
    storing = _cost_of_storing(placed, pods, deployments)
    return total - storing, [len(node.pods) for node in state.nodes.values()]


def _schedule(view: StoreView, state: ClusterState, key: Key, placed: list[tuple[Key, str]]) -> None:
    steps: Any = plan(view, key, 0, None)
    try:
        action = next(steps)
        while True:
            if isinstance(action, Bind):
                placed.append((key, action.node))
                state.observe(_bound(view, key, action.node))
            action = steps.send(None)
    except StopIteration:
        return


def _cost_of_storing(placed: Sequence[tuple[Key, str]], pods: int, deployments: int) -> float:
    """The same bindings once more, stored without a scheduler."""
    view = StoreView()
    _pods(view, pods, deployments)
    began = time.process_time()
    for key, node in placed:
        _bound(view, key, node)
    return time.process_time() - began


def main(arguments: Sequence[str]) -> None:
    """Print a line for each case."""
    numbers = [int(text) for text in arguments]
    cases = [tuple(numbers[at : at + 3]) for at in range(0, len(numbers), 3)] or CASES
    for nodes, pods, deployments in cases:
        seconds, loads = run(nodes, pods, deployments)
        print(
            f"{pods:>7} pods of {deployments} deployments on {nodes} nodes: {seconds:.3f} CPU s, "
            f"{seconds / pods * 1e6:.1f} us a pod, {min(loads)} to {max(loads)} pods a node"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
