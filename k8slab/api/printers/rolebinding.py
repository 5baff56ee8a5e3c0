"""How RoleBindings are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import subjects_cells
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    role = obj["roleRef"]
    return (
        obj["metadata"]["name"],
        f"{role['kind']}/{role['name']}",
        age_of(obj, now_us),
        *subjects_cells(obj.get("subjects")),
    )


TABLE = Table(
    (
        NAME,
        Column(
            "Role",
            description=(
                "RoleRef can reference a Role in the current namespace or a ClusterRole in the global"
                " namespace. If the RoleRef cannot be resolved, the Authorizer must return an error."
            ),
        ),
        AGE,
        Column("Users", priority=1, description="Users in the roleBinding"),
        Column("Groups", priority=1, description="Groups in the roleBinding"),
        Column("ServiceAccounts", priority=1, description="ServiceAccounts in the roleBinding"),
    ),
    _row,
)
