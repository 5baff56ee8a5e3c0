"""How Secrets are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    return (obj["metadata"]["name"], obj.get("type", ""), len(obj.get("data") or ()), age_of(obj, now_us))


TABLE = Table(
    (
        NAME,
        Column(
            "Type",
            description=(
                "Used to facilitate programmatic handling of secret data. More info: "
                "https://kubernetes.io/docs/concepts/configuration/secret/#secret-types"
            ),
        ),
        Column(
            "Data",
            description=(
                "Data contains the secret data. Each key must consist of alphanumeric characters, "
                "'-', '_' or '.'. The serialized form of the secret data is a base64 encoded string, "
                "representing the arbitrary (possibly non-string) data value here. Described in "
                "https://tools.ietf.org/html/rfc4648#section-4"
            ),
        ),
        AGE,
    ),
    _row,
)
