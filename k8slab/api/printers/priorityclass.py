"""How PriorityClasses are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    return (
        obj["metadata"]["name"],
        obj.get("value", 0),
        bool(obj.get("globalDefault")),
        age_of(obj, now_us),
        obj.get("preemptionPolicy") or "",
    )


TABLE = Table(
    (
        NAME,
        Column(
            "Value",
            type="integer",
            description=(
                "value represents the integer value of this priority class. This is the actual "
                "priority that pods receive when they have the name of this class in their pod spec."
            ),
        ),
        Column(
            "Global-Default",
            type="boolean",
            description=(
                "globalDefault specifies whether this PriorityClass should be considered as the "
                "default priority for pods that do not have any priority class. Only one "
                "PriorityClass can be marked as `globalDefault`. However, if more than one "
                "PriorityClasses exists with their `globalDefault` field set to true, the smallest "
                "value of such global default PriorityClasses will be used as the default priority."
            ),
        ),
        AGE,
        Column(
            "PreemptionPolicy",
            description=(
                "preemptionPolicy is the Policy for preempting pods with lower priority. One of "
                "Never, PreemptLowerPriority. Defaults to PreemptLowerPriority if unset."
            ),
        ),
    ),
    _row,
)
