"""How Deployments are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import container_cells, containers_of, selector_text
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec, status = obj["spec"], obj.get("status") or {}
    return (
        obj["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas') or 0}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age_of(obj, now_us),
        *container_cells(containers_of(obj)),
        selector_text(spec.get("selector")),
    )


TABLE = Table(
    (
        NAME,
        Column("Ready", description="Number of the pod with ready state"),
        Column(
            "Up-to-date",
            description=(
                "Total number of non-terminating pods targeted by this deployment that have the "
                "desired template spec."
            ),
        ),
        Column(
            "Available",
            description=(
                "Total number of available non-terminating pods (ready for at least minReadySeconds) "
                "targeted by this deployment."
            ),
        ),
        AGE,
        Column("Containers", priority=1, description="Names of each container in the template."),
        Column("Images", priority=1, description="Images referenced by each container in the template."),
        Column(
            "Selector",
            priority=1,
            description=(
                "Label selector for pods. Existing ReplicaSets whose pods are selected by this will "
                "be the ones affected by this deployment. It must match the pod template's labels."
            ),
        ),
    ),
    _row,
)
