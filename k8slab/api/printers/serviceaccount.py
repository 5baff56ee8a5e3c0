"""How ServiceAccounts are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    return (obj["metadata"]["name"], age_of(obj, now_us))


TABLE = Table(
    (
        NAME,
        AGE,
    ),
    _row,
)
