"""A cluster with what the small one lacks: things that are held, broken, paused, updated, queued, limited."""

from __future__ import annotations

from typing import Any

from tests.controllers.view import MemoryView
from tests.scene.cluster import NOW_US, Obj, at, objects, owned, pod

_REVISION = "controller-revision-hash"


def _named(api: str, kind: str, name: str, spec: Obj, status: Obj, **metadata: Any) -> Obj:
    meta = {"name": name, "namespace": "default", "uid": f"uid-{kind}-{name}", **metadata}
    return {"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec, "status": status}


def _machine(name: str, **spec: Any) -> Obj:
    return {"kind": "Machine", "metadata": {"name": name}, "spec": spec}


def _node(name: str, **spec: Any) -> Obj:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": at(0)}
    pressed = {"type": "DiskPressure", "status": "True", "lastTransitionTime": at(0)}
    allocatable = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "spec": spec,
        "status": {"allocatable": allocatable, "conditions": [ready, pressed]},
    }


def _updating() -> list[Obj]:
    """Rolling updates under way, and one that has stalled."""
    status = {"readyReplicas": 2, "currentRevision": "ring-1", "updateRevision": "ring-2"}
    ring = owned("StatefulSet", "ring", "uid-StatefulSet-ring")
    pods = [pod(f"ring-{ordinal}", ring, "node-4") for ordinal in range(3)]
    for ordinal, one in enumerate(pods):
        one["metadata"]["labels"] = {_REVISION: "ring-2" if ordinal == 2 else "ring-1"}
    stalled = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    revision = {"deployment.kubernetes.io/revision": "3"}
    return [
        _named("apps/v1", "StatefulSet", "ring", {"replicas": 3}, status),
        *pods,
        _named(
            "apps/v1",
            "DaemonSet",
            "probe",
            {},
            {"desiredNumberScheduled": 4, "numberReady": 4, "updatedNumberScheduled": 1},
        ),
        _named(
            "apps/v1",
            "Deployment",
            "shop",
            {"replicas": 2},
            {"readyReplicas": 1, "conditions": [stalled]},
            annotations=revision,
        ),
        _named("apps/v1", "Deployment", "held", {"replicas": 1, "paused": True}, {}, annotations=revision),
        _named("apps/v1", "ReplicaSet", "bare", {"replicas": 30}, {"readyReplicas": 29}),
        _named("v1", "ReplicationController", "old", {"replicas": 1}, {"readyReplicas": 1}),
    ]


def _ending() -> list[Obj]:
    """Jobs of each mode and state, and CronJobs that don't tick."""
    counted = {"completions": 5, "parallelism": 2}
    failed = {"conditions": [{"type": "Failed", "status": "True"}], "succeeded": 1, "failed": 3}
    night = owned("CronJob", "night", "uid-CronJob-night")
    done = {"conditions": [{"type": "Complete", "status": "True"}]}
    return [
        _named("batch/v1", "Job", "count", counted, {"succeeded": 2, "active": 2}),
        _named("batch/v1", "Job", "queue", {"parallelism": 3}, {"active": 2}),
        _named("batch/v1", "Job", "broken", counted, failed),
        _named("batch/v1", "Job", "asleep", {**counted, "suspend": True}, {}),
        _named("batch/v1", "CronJob", "night", {"schedule": "0 3 * * *"}, {}),
        *(_named("batch/v1", "Job", f"night-{number}", {}, done, ownerReferences=night) for number in (1, 2)),
        _named("batch/v1", "CronJob", "off", {"schedule": "@daily", "suspend": True}, {}),
    ]


def _around() -> list[Obj]:
    """What stands around workloads."""
    metric = {"resource": {"name": "cpu", "target": {"averageUtilization": 60}}}
    measured = {"resource": {"name": "cpu", "current": {"averageUtilization": 90}}}
    backend = {"service": {"name": "db"}}
    rules = [{"host": "shop.test", "http": {"paths": [{"path": "/", "backend": backend}]}}]
    scaled = {"minReplicas": 2, "maxReplicas": 6, "scaleTargetRef": {"kind": "Deployment", "name": "shop"}}
    return [
        _named(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "shop",
            {**scaled, "metrics": [metric]},
            {"currentReplicas": 2, "desiredReplicas": 3, "currentMetrics": [measured]},
        ),
        _named(
            "policy/v1",
            "PodDisruptionBudget",
            "db",
            {"minAvailable": 2, "selector": {"matchLabels": {"app": "db"}}},
            {"currentHealthy": 2, "desiredHealthy": 2, "disruptionsAllowed": 0, "expectedPods": 3},
        ),
        _named("networking.k8s.io/v1", "Ingress", "shop", {"rules": rules}, {}),
        _named("v1", "Service", "lonely", {"ports": [{"port": 80}]}, {}),
        _named("v1", "PersistentVolumeClaim", "unbound", {}, {"phase": "Pending"}),
    ]


def rich() -> MemoryView:
    """The small cluster with all of that, and three more nodes."""
    waiting = [pod(f"crowd-{number}", None, "", "unscheduled") for number in range(12)]
    nodes = [_node("node-4", unschedulable=True), _node("node-5"), _node("node-6")]
    machines = [
        _machine("node-1", power="Off"),
        _machine("node-5", network="Down"),
        _machine("node-6", diskFilledBytes=9, kubelet="Stopped"),
    ]
    everything = [*objects(), *nodes, *machines, *_updating(), *_ending(), *_around(), *waiting]
    return MemoryView(everything, now_us=NOW_US)
