"""How StatefulSets are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import container_cells, containers_of
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    ready = (obj.get("status") or {}).get("readyReplicas", 0)
    return (
        obj["metadata"]["name"],
        f"{ready}/{obj['spec'].get('replicas') or 0}",
        age_of(obj, now_us),
        *container_cells(containers_of(obj)),
    )


TABLE = Table(
    (
        NAME,
        Column("Ready", description="Number of the pod with ready state"),
        AGE,
        Column("Containers", priority=1, description="Names of each container in the template."),
        Column("Images", priority=1, description="Images referenced by each container in the template."),
    ),
    _row,
)
