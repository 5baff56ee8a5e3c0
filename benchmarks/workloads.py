"""How much a cluster costs: CPU seconds for workloads to come up, and to copy the World."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from k8slab.chance import chance
from k8slab.cluster import api
from k8slab.lab import Lab


class Measured(NamedTuple):
    """What a run cost: CPU seconds, lab seconds, changes stored, and the most memory of its process."""

    cpu_s: float
    lab_s: float
    changes: int
    peak_mb: float


class Case(NamedTuple):
    """A run, what it should cost at most, what a real control plane took, and how many Pods it is about."""

    name: str
    run: Callable[[], Measured]
    target: str
    real: str = ""
    pods: int = 0
    repeats: int = 3


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


def measured(lab: Lab, action: Callable[[], object]) -> Measured:
    """What an action on a lab costs."""
    before, begun = lab.world.store.revision, lab.now
    gc.collect()
    started = time.process_time()
    action()
    cpu_s = time.process_time() - started
    return Measured(cpu_s, lab.now - begun, lab.world.store.revision - before, peak_mb())


def come_up(nodes: int, manifests: list[dict[str, Any]]) -> Measured:
    """What it costs until every replica is ready."""
    lab = lab_with(nodes)
    return measured(lab, lambda: bring_up(lab, manifests))


def deployments(count: int) -> list[dict[str, Any]]:
    """Some Deployments of a thousand Pods each."""
    return [deployment(1000, f"web-{number}") for number in range(count)]


def cron_days(days: int) -> Measured:
    """What it costs to let a CronJob run every five minutes for some days."""
    lab = Lab(nodes=3)
    container = {"name": "main", "image": "busybox:1.36", "command": ["date"]}
    pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    spec = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": pod}}}
    lab.apply({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"}, "spec": spec})
    return measured(lab, lambda: lab.run(f"{days * 24}h"))


def loaded(image: str, minutes: int) -> Measured:
    """What it costs to let a shell loop ask a web server every 10 ms, or as often as it answers."""
    lab = Lab(nodes=3)
    lab.kubectl(f"create deployment web --image={image}")
    lab.kubectl("expose deployment web --port=80")
    script = "while sleep 0.01; do wget -q -O- http://web; done"
    lab.kubectl(f'run load-generator --image=busybox:1.28 --restart=Never -- /bin/sh -c "{script}"')
    lab.run("1m")
    return measured(lab, lambda: lab.run(f"{minutes}m"))


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


def fork_ms(lab: Lab, repeats: int = 20) -> float:
    """The median time of a fork, in milliseconds."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        lab.fork()
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)[repeats // 2]


def long_lab(changes: int) -> Lab:
    """A lab of 30 Pods that were rolled out again and again until so many changes had happened."""
    lab = Lab(nodes=5)
    api.create(lab.world, api.ADMIN, "Deployment", deployment(30))
    number = 0
    while lab.world.store.revision < changes:
        lab.run("2m")
        number += 1
        lab.kubectl(f"set image deployment/web main=registry.k8s.io/pause:3.{number % 9 + 1}")
    return lab


def rewind_ms(lab: Lab, changes: int, times: int = 300) -> list[float]:
    """CPU milliseconds of going back to the instants of changes that chance picks, shortest first."""
    history = [change for change in lab.history[:changes] if change.at_us > lab.ready_us]
    found = []
    for number in range(times):
        change = history[int(chance(7, "rewind", number) * len(history))]
        seconds = (change.at_us - lab.start_us) / 1e6
        started = time.process_time()
        lab.at(seconds)
        found.append((time.process_time() - started) * 1000)
    return sorted(found)


SMALL = (
    Case(
        "ordered StatefulSet of 50",
        lambda: come_up(50, [stateful_set(50, "OrderedReady")]),
        "0.15 CPU-s",
        "9.1 CPU-s, 51.5 s",
        50,
    ),
    Case(
        "parallel StatefulSet of 1,000",
        lambda: come_up(50, [stateful_set(1000, "Parallel")]),
        "1.2 CPU-s",
        "",
        1000,
    ),
    Case(
        "Deployment of 1,000",
        lambda: come_up(50, [deployment(1000)]),
        "1 CPU-s",
        "20-44 CPU-s, 11-51 s",
        1000,
    ),
    Case("Deployment of 1,500", lambda: come_up(50, [deployment(1500)]), "", "", 1500),
    Case(
        "Deployment of 5,000",
        lambda: come_up(250, [deployment(5000)]),
        "5 CPU-s",
        "110-210 CPU-s, 70-251 s",
        5000,
    ),
    Case("a week of a CronJob every 5 minutes", lambda: cron_days(7), "", "", 0, 1),
    Case(
        "10 minutes of load on hpa-example", lambda: loaded("registry.k8s.io/hpa-example", 10), "", "", 0, 1
    ),
    Case("2 minutes of load on nginx", lambda: loaded("nginx:1.27", 2), "", "", 0, 1),
)

LARGE = (
    Case("15,000 Pods on 500 nodes", lambda: come_up(500, deployments(15)), "", "", 15000, 1),
    Case(
        "150,000 Pods on 5,000 nodes",
        lambda: come_up(5000, deployments(150)),
        "40 CPU-s, 1,500 MB",
        "",
        150000,
        1,
    ),
    Case("a year of a CronJob every 5 minutes", lambda: cron_days(365), "60 CPU-s", "", 0, 1),
)


def run_case(name: str) -> Measured:
    """The middle run of a case by its name."""
    (case,) = [one for one in (*SMALL, *LARGE) if one.name == name]
    runs = sorted(case.run() for _ in range(case.repeats))
    return runs[len(runs) // 2]
