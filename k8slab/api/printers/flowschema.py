"""How FlowSchemas are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import Obj, condition_of
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec = obj["spec"]
    method = spec.get("distinguisherMethod")
    return (
        obj["metadata"]["name"],
        (spec.get("priorityLevelConfiguration") or {}).get("name", ""),
        spec.get("matchingPrecedence", 0),
        method.get("type", "") if method else "<none>",
        age_of(obj, now_us),
        (condition_of(obj, "Dangling") or {}).get("status", "?"),
    )


def _by_precedence(schemas: Sequence[Obj]) -> Sequence[Obj]:
    """In the order in which requests are matched."""
    return sorted(
        schemas, key=lambda schema: (schema["spec"].get("matchingPrecedence", 0), schema["metadata"]["name"])
    )


TABLE = Table(
    (
        NAME,
        Column(
            "PriorityLevel",
            description="`name` is the name of the priority level configuration being referenced Required.",
        ),
        Column(
            "MatchingPrecedence",
            description=(
                "`matchingPrecedence` is used to choose among the FlowSchemas that match a given "
                "request. The chosen FlowSchema is among those with the numerically lowest (which we "
                "take to be logically highest) MatchingPrecedence.  Each MatchingPrecedence value "
                "must be ranged in [1,10000]. Note that if the precedence is not specified, it will "
                "be set to 1000 as default."
            ),
        ),
        Column(
            "DistinguisherMethod",
            description=(
                "`distinguisherMethod` defines how to compute the flow distinguisher for requests "
                "that match this schema. `nil` specifies that the distinguisher is disabled and thus "
                "will always be the empty string."
            ),
        ),
        AGE,
        Column("MissingPL", description="references a broken or non-existent PriorityLevelConfiguration"),
    ),
    _row,
    order=_by_precedence,
)
