"""The lab of the export tests: five nodes, thirty Pods, one minute, and a node that loses its power."""

from __future__ import annotations

from functools import cache
from typing import Any

from k8slab.lab import Lab

Obj = dict[str, Any]


def workload(kind: str, name: str, **spec: Any) -> Obj:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "nginx"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


@cache
def minute() -> Lab:
    """Only read by tests, so it is made once."""
    lab = Lab(nodes=5)
    lab.apply(
        [
            workload("Deployment", "web", replicas=20),
            workload("StatefulSet", "db", replicas=5, serviceName="db"),
            workload("DaemonSet", "beat"),
        ]
    )
    lab.run("40s")
    lab.crash("node-2")
    lab.run("20s")
    return lab


@cache
def short() -> Lab:
    """A small lab in which a Pod comes and goes."""
    lab = Lab(nodes=2)
    lab.apply([workload("StatefulSet", "db", replicas=2, serviceName="db")])
    lab.run("10s")
    lab.delete("pod/db-1")
    lab.run("10s")
    return lab
