"""How ReplicationControllers are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import container_cells, containers_of, format_labels
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
        format_labels(spec.get("selector")),
    )


TABLE = Table(
    (
        NAME,
        Column(
            "Desired",
            type="integer",
            description=(
                "Replicas is the number of desired replicas. This is a pointer to distinguish between"
                " explicit zero and unspecified. Defaults to 1. More info: "
                "https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller"
            ),
        ),
        Column(
            "Current",
            type="integer",
            description=(
                "Replicas is the most recently observed number of replicas. More info: "
                "https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller"
            ),
        ),
        Column(
            "Ready",
            type="integer",
            description="The number of ready replicas for this replication controller.",
        ),
        AGE,
        Column("Containers", priority=1, description="Names of each container in the template."),
        Column("Images", priority=1, description="Images referenced by each container in the template."),
        Column(
            "Selector",
            priority=1,
            description=(
                "Selector is a label query over pods that should match the Replicas count. If "
                "Selector is empty, it is defaulted to the labels present on the Pod template. Label "
                "keys and values that must match in order to be controlled by this replication "
                "controller, if empty defaulted to labels on Pod template. More info: "
                "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"
            ),
        ),
    ),
    _row,
)
