"""How ReplicaSets are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import container_cells, containers_of, format_selector
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec, status = obj["spec"], obj.get("status") or {}
    return (
        obj["metadata"]["name"],
        spec.get("replicas") or 0,
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age_of(obj, now_us),
        *container_cells(containers_of(obj)),
        format_selector(spec.get("selector")),
    )


TABLE = Table(
    (
        NAME,
        Column(
            "Desired",
            type="integer",
            description=(
                "Replicas is the number of desired pods. This is a pointer to distinguish between "
                "explicit zero and unspecified. Defaults to 1. More info: "
                "https://kubernetes.io/docs/concepts/workloads/controllers/replicaset"
            ),
        ),
        Column(
            "Current",
            type="integer",
            description=(
                "Replicas is the most recently observed number of non-terminating pods. More info: "
                "https://kubernetes.io/docs/concepts/workloads/controllers/replicaset"
            ),
        ),
        Column(
            "Ready",
            type="integer",
            description=(
                "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition."
            ),
        ),
        AGE,
        Column("Containers", priority=1, description="Names of each container in the template."),
        Column("Images", priority=1, description="Images referenced by each container in the template."),
        Column(
            "Selector",
            priority=1,
            description=(
                "Selector is a label query over pods that should match the replica count. Label keys "
                "and values that must match in order to be controlled by this replica set. It must "
                "match the pod template's labels. More info: "
                "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"
            ),
        ),
    ),
    _row,
)
