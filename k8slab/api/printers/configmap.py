"""How ConfigMaps are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    count = len(obj.get("data") or ()) + len(obj.get("binaryData") or ())
    return (obj["metadata"]["name"], count, age_of(obj, now_us))


TABLE = Table(
    (
        NAME,
        Column(
            "Data",
            description=(
                "Data contains the configuration data. Each key must consist of alphanumeric "
                "characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the "
                "BinaryData field. The keys stored in Data must not overlap with the keys in the "
                "BinaryData field, this is enforced during validation process."
            ),
        ),
        AGE,
    ),
    _row,
)
