"""How MutatingAdmissionPolicies are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec = obj.get("spec") or {}
    kind = spec.get("paramKind")
    return (
        obj["metadata"]["name"],
        len(spec.get("mutations") or ()),
        f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind is not None else "<unset>",
        age_of(obj, now_us),
    )


TABLE = Table(
    (
        NAME,
        Column(
            "Mutations",
            type="integer",
            description="Mutation indicates the number of mutations rules defined in this configuration",
        ),
        Column(
            "ParamKind",
            description="ParamKind specifies the kind of resources used to parameterize this policy",
        ),
        AGE,
    ),
    _row,
)
