"""How Scales are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    return (
        obj["metadata"]["name"],
        (obj.get("spec") or {}).get("replicas", 0),
        (obj.get("status") or {}).get("replicas", 0),
        age_of(obj, now_us),
    )


TABLE = Table(
    (
        Column(
            "Name",
            description=(
                "Name must be unique within a namespace. Is required when creating resources, "
                "although some resources may allow a client to request the generation of an "
                "appropriate name automatically. Name is primarily intended for creation idempotence "
                "and configuration definition. Cannot be updated. More info: "
                "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
            ),
        ),
        Column(
            "Desired",
            type="integer",
            description="replicas is the desired number of instances for the scaled object.",
        ),
        Column(
            "Available",
            type="integer",
            description="replicas is the actual number of observed instances of the scaled object.",
        ),
        AGE,
    ),
    _row,
)
