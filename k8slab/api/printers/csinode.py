"""How CSINodes are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    drivers = (obj.get("spec") or {}).get("drivers") or ()
    return (obj["metadata"]["name"], len(drivers), age_of(obj, now_us))


TABLE = Table(
    (
        NAME,
        Column(
            "Drivers",
            type="integer",
            description="Drivers indicates the number of CSI drivers registered on the node",
        ),
        AGE,
    ),
    _row,
)
