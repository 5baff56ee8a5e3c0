"""How ComponentStatuses are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import NAME, Cells, Column, Table


def _row(obj: Obj, now_us: int) -> Cells:
    for condition in obj.get("conditions") or ():
        if condition["type"] == "Healthy":
            status = "Healthy" if condition.get("status") == "True" else "Unhealthy"
            return (obj["metadata"]["name"], status, condition.get("message", ""), condition.get("error", ""))
    return (obj["metadata"]["name"], "Unknown", "", "")


TABLE = Table(
    (
        NAME,
        Column("Status", description="Status of the component conditions"),
        Column("Message", description="Message of the component conditions"),
        Column("Error", description="Error of the component conditions"),
    ),
    _row,
)
