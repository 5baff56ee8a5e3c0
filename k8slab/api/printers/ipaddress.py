"""How IPAddresses are listed.

Models pkg/printers/internalversion/printers.go, v1.36. The age is a cell without a column, as it is upstream.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    parent = (obj.get("spec") or {}).get("parentRef")
    return (obj["metadata"]["name"], _parent(parent) if parent else "<none>", age_of(obj, now_us))


def _parent(parent: Obj) -> str:
    """The parent as `resource.group/namespace/name`."""
    group, resource = parent.get("group", ""), parent.get("resource", "")
    parts = [f"{resource}.{group}".lower() if group else resource.lower()]
    if parent.get("namespace"):
        parts.append(parent["namespace"])
    return "/".join([*parts, parent.get("name", "")])


TABLE = Table(
    (
        NAME,
        Column(
            "ParentRef",
            description=(
                "ParentRef references the resource that an IPAddress is attached to. An IPAddress "
                "must reference a parent object."
            ),
        ),
    ),
    _row,
)
