"""How ValidatingWebhookConfigurations are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    return (obj["metadata"]["name"], len(obj.get("webhooks") or ()), age_of(obj, now_us))


TABLE = Table(
    (
        NAME,
        Column(
            "Webhooks",
            type="integer",
            description="Webhooks indicates the number of webhooks registered in this configuration",
        ),
        AGE,
    ),
    _row,
)
