"""How Leases are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    holder = (obj.get("spec") or {}).get("holderIdentity") or ""
    return (obj["metadata"]["name"], holder, age_of(obj, now_us))


TABLE = Table(
    (
        NAME,
        Column(
            "Holder",
            description=(
                "holderIdentity contains the identity of the holder of a current lease. If "
                "Coordinated Leader Election is used, the holder identity must be equal to the "
                "elected LeaseCandidate.metadata.name field."
            ),
        ),
        AGE,
    ),
    _row,
)
