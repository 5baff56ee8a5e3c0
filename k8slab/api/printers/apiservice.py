"""How APIServices are listed. Models kube-aggregator/pkg/registry/apiservice/etcd/etcd.go, v1.36."""

from __future__ import annotations

from k8slab.api.meta import Obj, condition_of
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    service = obj["spec"].get("service")
    place = "Local" if service is None else f"{service['namespace']}/{service['name']}"
    return obj["metadata"]["name"], place, _availability(obj), age_of(obj, now_us)


def _availability(obj: Obj) -> str:
    condition = condition_of(obj, "Available")
    if condition is None:
        return "Unknown"
    status, reason = condition.get("status", ""), condition.get("reason", "")
    return f"{status} ({reason})" if reason and status != "True" else status


TABLE = Table(
    (
        NAME,
        Column("Service", description="The reference to the service that hosts this API endpoint."),
        Column("Available", description="Whether this service is available."),
        AGE,
    ),
    _row,
)
