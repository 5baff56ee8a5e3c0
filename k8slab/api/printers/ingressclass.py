"""How IngressClasses are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec = obj.get("spec") or {}
    is_default = annotations_of(obj).get("ingressclass.kubernetes.io/is-default-class") == "true"
    return (
        obj["metadata"]["name"] + (" (default)" if is_default else ""),
        spec.get("controller", ""),
        _parameters(spec.get("parameters")),
        age_of(obj, now_us),
    )


def _parameters(reference: Obj | None) -> str:
    if reference is None:
        return "<none>"
    group = reference.get("apiGroup")
    suffix = "" if group is None else f".{group}"
    return f"{reference.get('kind', '')}{suffix}/{reference.get('name', '')}"


TABLE = Table(
    (
        NAME,
        Column("Controller", description="Controller that is responsible for handling this class"),
        Column("Parameters", description="A reference to a resource with additional parameters"),
        AGE,
    ),
    _row,
)
