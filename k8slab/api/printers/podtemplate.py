"""How PodTemplates are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import container_cells, format_labels
from k8slab.api.tables import NAME, Cells, Column, Table


def _row(obj: Obj, now_us: int) -> Cells:
    template = obj.get("template") or {}
    containers = (template.get("spec") or {}).get("containers") or ()
    labels = (template.get("metadata") or {}).get("labels")
    return (obj["metadata"]["name"], *container_cells(containers), format_labels(labels))


TABLE = Table(
    (
        NAME,
        Column("Containers", description="Names of each container in the template."),
        Column("Images", description="Images referenced by each container in the template."),
        Column("Pod Labels", description="The labels for the pod template."),
    ),
    _row,
)
