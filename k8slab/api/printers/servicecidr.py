"""How ServiceCIDRs are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    cidrs = ",".join((obj.get("spec") or {}).get("cidrs") or ())
    return (obj["metadata"]["name"], cidrs, age_of(obj, now_us))


TABLE = Table(
    (
        NAME,
        Column(
            "CIDRs",
            description=(
                'CIDRs defines the IP blocks in CIDR notation (e.g. "192.168.0.0/24" or '
                '"2001:db8::/64") from which to assign service cluster IPs. Max of two CIDRs is '
                "allowed, one of each IP family. This field is immutable."
            ),
        ),
        AGE,
    ),
    _row,
)
