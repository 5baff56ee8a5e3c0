"""A small cluster by hand, with something of everything that a picture can show: one of its nodes is lost."""

from __future__ import annotations

from typing import Any

from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

NOW_US = START_US + 1488 * SECOND_US
CRASH_US = START_US + 960 * SECOND_US
INPUTS = ((START_US + 5 * SECOND_US, "kubectl apply -f db.yaml"), (CRASH_US, "lab.crash('node-1')"))

Obj = dict[str, Any]


def at(seconds: float) -> str:
    return timestamp(START_US + int(seconds * SECOND_US))


def node(name: str, zone: str, ready: str = "True", since: float = 0, taints: list[Obj] | None = None) -> Obj:
    spec: Obj = {"taints": taints} if taints else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": at(since)}],
        },
    }


def owned(kind: str, name: str, uid: str) -> list[Obj]:
    group = {"Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "apps/v1")
    return [{"apiVersion": group, "kind": kind, "name": name, "uid": uid, "controller": True}]


def pod(
    name: str,
    owner: list[Obj] | None,
    node_name: str,
    state: str = "running",
    *,
    claim: str = "",
    cpu: str = "250m",
    created: float = 0,
    **annotations: str,
) -> Obj:
    """A Pod in one of the states that a picture tells apart."""
    metadata: Obj = {"name": name, "namespace": "default", "creationTimestamp": at(created)}
    if owner:
        metadata["ownerReferences"] = owner
    if annotations:
        metadata["annotations"] = {
            f"batch.kubernetes.io/{key.replace('_', '-')}": value for key, value in annotations.items()
        }
    requests = {"requests": {"cpu": cpu, "memory": "256Mi"}}
    spec: Obj = {"containers": [{"name": "main", "image": "k8slab/app", "resources": requests}]}
    if node_name:
        spec["nodeName"] = node_name
    if claim:
        spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    built = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    built["status"] = pod_status(state, created)
    if state == "terminating":
        metadata["deletionTimestamp"] = at(1488 - 192 + 30)
        metadata["deletionGracePeriodSeconds"] = 30
    return built


def container(state: Obj, ready: bool = False, restarts: int = 0) -> list[Obj]:
    return [{"name": "main", "ready": ready, "restartCount": restarts, "state": state}]


def pod_status(state: str, started: float = 0) -> Obj:
    running = {"running": {"startedAt": at(started)}}
    pending: Obj = {"phase": "Pending", "containerStatuses": []}
    table: dict[str, Obj] = {
        "unscheduled": {
            "phase": "Pending",
            "conditions": [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": "0/3 nodes are available: 3 Insufficient cpu.",
                }
            ],
        },
        "creating": {**pending, "containerStatuses": container({"waiting": {"reason": "ContainerCreating"}})},
        "starting": {"phase": "Running", "containerStatuses": container(running)},
        "running": {"phase": "Running", "containerStatuses": container(running, ready=True)},
        "terminating": {"phase": "Running", "containerStatuses": container(running, ready=True)},
        "succeeded": {
            "phase": "Succeeded",
            "containerStatuses": container({"terminated": {"reason": "Completed", "exitCode": 0}}),
        },
        "error": {
            "phase": "Failed",
            "containerStatuses": container({"terminated": {"reason": "Error", "exitCode": 1}}),
        },
        "backoff": {
            "phase": "Running",
            "containerStatuses": container(
                {
                    "waiting": {
                        "reason": "CrashLoopBackOff",
                        "message": "back-off 40s restarting failed container=main pod=pi-2",
                    }
                },
                restarts=3,
            ),
        },
    }
    return table[state]


def volume(name: str, node_name: str) -> list[Obj]:
    """A bound claim, its volume and its attachment."""
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"pvc-{name}"},
            "spec": {"claimRef": {"namespace": "default", "name": name}, "capacity": {"storage": "1Gi"}},
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"volumeName": f"pvc-{name}", "accessModes": ["ReadWriteOnce"]},
            "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}},
        },
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "VolumeAttachment",
            "metadata": {"name": f"csi-{name}"},
            "spec": {"nodeName": node_name, "source": {"persistentVolumeName": f"pvc-{name}"}},
            "status": {"attached": True},
        },
    ]


def workloads() -> list[Obj]:
    def named(api: str, kind: str, name: str, spec: Obj, status: Obj, **metadata: Any) -> Obj:
        meta = {"name": name, "namespace": "default", "uid": f"uid-{kind}-{name}", **metadata}
        return {"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec, "status": status}

    revision = {"deployment.kubernetes.io/revision": "2"}
    former = {"deployment.kubernetes.io/revision": "1"}
    web = owned("Deployment", "web", "uid-Deployment-web")
    hello = owned("CronJob", "hello", "uid-CronJob-hello")
    done = {"conditions": [{"type": "Complete", "status": "True"}], "succeeded": 1}
    return [
        named("apps/v1", "StatefulSet", "db", {"replicas": 3, "serviceName": "db"}, {"readyReplicas": 1}),
        named("apps/v1", "DaemonSet", "filebeat", {}, {"desiredNumberScheduled": 3, "numberReady": 2}),
        named(
            "batch/v1",
            "Job",
            "pi",
            {"completions": 5, "parallelism": 2, "completionMode": "Indexed"},
            {"succeeded": 2, "active": 2, "completedIndexes": "0-1"},
        ),
        named(
            "batch/v1",
            "CronJob",
            "hello",
            {"schedule": "*/5 * * * *"},
            {"lastScheduleTime": at(1200)},
        ),
        named(
            "batch/v1",
            "Job",
            "hello-29459120",
            {"completions": 1, "parallelism": 1},
            done,
            ownerReferences=hello,
        ),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "db", "namespace": "default"},
            "spec": {"clusterIP": "None", "ports": [{"port": 3306}], "selector": {"app": "db"}},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "db-abcde",
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": "db"},
            },
            "endpoints": [
                {
                    "addresses": [f"10.244.{number}.4"],
                    "conditions": {"ready": number == 0},
                    "targetRef": {"kind": "Pod", "name": f"db-{number}", "namespace": "default"},
                }
                for number in range(3)
            ],
        },
        named("apps/v1", "Deployment", "web", {"replicas": 4}, {"readyReplicas": 4}, annotations=revision),
        named(
            "apps/v1",
            "ReplicaSet",
            "web-6f9",
            {"replicas": 4},
            {"replicas": 4, "readyReplicas": 3},
            annotations=revision,
            ownerReferences=web,
        ),
        named(
            "apps/v1",
            "ReplicaSet",
            "web-5c8",
            {"replicas": 0},
            {"replicas": 1, "readyReplicas": 1},
            annotations=former,
            ownerReferences=web,
        ),
    ]


def pods() -> list[Obj]:
    db = owned("StatefulSet", "db", "uid-StatefulSet-db")
    beat = owned("DaemonSet", "filebeat", "uid-DaemonSet-filebeat")
    web = owned("ReplicaSet", "web-6f9", "uid-ReplicaSet-web-6f9")
    old_web = owned("ReplicaSet", "web-5c8", "uid-ReplicaSet-web-5c8")
    pi = owned("Job", "pi", "uid-Job-pi")
    hello = owned("Job", "hello-29459120", "uid-Job-hello-29459120")
    return [
        pod("filebeat-x2m7k", beat, "node-1", cpu="100m"),
        pod("web-5c8-4tqmn", old_web, "node-1", "terminating"),
        pod("db-1", db, "node-1", "terminating", claim="data-db-1", cpu="500m"),
        pod("filebeat-9kd2p", beat, "node-2", cpu="100m"),
        pod("web-6f9-7lsvx", web, "node-2"),
        pod("web-6f9-n4cqq", web, "node-2"),
        pod("pi-3-dq8vz", pi, "node-2", "running", created=1447, job_completion_index="3"),
        pod("pi-1-m2c4h", pi, "node-2", "succeeded", created=500, job_completion_index="1"),
        pod("db-0", db, "node-2", claim="data-db-0", cpu="500m"),
        pod("filebeat-tt5wn", beat, "node-3", cpu="100m"),
        pod("web-6f9-kk2bz", web, "node-3"),
        pod("web-6f9-z8xlm", web, "node-3", "starting"),
        pod("pi-2-x7n9b", pi, "node-3", "backoff", created=900, job_completion_index="2"),
        pod("hello-29459120-4zqnt", hello, "node-3", "succeeded", created=1200),
        pod("db-2", db, "node-3", "creating", claim="data-db-2", cpu="500m", created=1440),
        pod("pi-4-w2hjk", pi, "", "unscheduled", cpu="4", created=1480, job_completion_index="4"),
    ]


UNREACHABLE = [
    {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule", "timeAdded": at(1000)},
    {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": at(1000)},
]


def objects() -> list[Obj]:
    volumes = [
        one
        for name, where in (("data-db-0", "node-2"), ("data-db-1", "node-1"), ("data-db-2", "node-3"))
        for one in volume(name, where)
    ]
    nodes = [
        node("node-1", "a", "Unknown", 1000, UNREACHABLE),
        node("node-2", "b"),
        node("node-3", "c"),
    ]
    return [*nodes, *volumes, *workloads(), *pods()]


def cluster() -> MemoryView:
    """The cluster as a View."""
    return MemoryView(objects(), now_us=NOW_US)


def history() -> list[Change]:
    """How the Pods came to be as they are: each created, started, and brought to its state."""
    changes: list[Change] = []

    def note(at_seconds: float, kind: str, old: Obj | None, new: Obj | None) -> None:
        some = new or old
        assert some is not None
        metadata = some["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        instant = START_US + int(at_seconds * SECOND_US)
        changes.append(Change(len(changes) + 1, instant, kind, key, old, new, 0))

    for name, zone in (("node-1", "a"), ("node-2", "b"), ("node-3", "c")):
        note(0, "Node", None, node(name, zone))
    starts = {"filebeat": 20, "web": 240, "pi": 480, "db-0": 0, "db-1": 48, "db-2": 100, "hello": 1200}
    final = pods()
    for number, one in enumerate(final):
        name = one["metadata"]["name"]
        prefix = name if name in starts else name.split("-")[0]
        start = starts[prefix] + (number * 7 if prefix in ("web", "pi") else 0)
        if name.startswith("pi-4"):
            start = 1480
        unbound = {**one, "spec": {k: v for k, v in one["spec"].items() if k != "nodeName"}}
        unbound = {**unbound, "status": {"phase": "Pending"}, "metadata": _alive(one["metadata"])}
        note(start, "Pod", None, unbound)
        if "nodeName" not in one["spec"]:
            continue
        creating = {**unbound, "spec": one["spec"], "status": pod_status("creating")}
        note(start + 6, "Pod", unbound, creating)
        running = {**creating, "status": pod_status("running", start + 30)}
        note(start + 30, "Pod", creating, running)
        if name == "db-2":
            note(
                1360,
                "Pod",
                running,
                {**running, "metadata": {**one["metadata"], "deletionTimestamp": at(1390)}},
            )
            note(1400, "Pod", running, None)
            note(1405, "Pod", None, unbound)
            note(1420, "Pod", unbound, one)
        elif one["status"]["phase"] != "Running" or "deletionTimestamp" in one["metadata"]:
            note(1296 if "deletionTimestamp" in one["metadata"] else start + 90, "Pod", running, one)
        elif name.startswith(("pi-2", "web-6f9-z8")):
            note(start + 700, "Pod", running, one)
    note(1000, "Node", node("node-1", "a"), node("node-1", "a", "Unknown", 1000, UNREACHABLE))
    changes.sort(key=lambda change: change.at_us)
    return [change._replace(revision=number + 1) for number, change in enumerate(changes)]


def _alive(metadata: Obj) -> Obj:
    return {key: value for key, value in metadata.items() if not key.startswith("deletion")}
