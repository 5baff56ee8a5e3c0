"""How ResourceClaims are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, is_terminating
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    return (obj["metadata"]["name"], _state(obj), age_of(obj, now_us))


def _state(claim: Obj) -> str:
    status = claim.get("status") or {}
    states = ["deleted"] if is_terminating(claim) else []
    if status.get("allocation") is not None:
        states.append("allocated")
        if status.get("reservedFor"):
            states.append("reserved")
    elif not states:
        states.append("pending")
    return ",".join(states)


TABLE = Table(
    (
        NAME,
        Column("State", description="A summary of the current state (allocated, pending, reserved, etc.)."),
        AGE,
    ),
    _row,
)
