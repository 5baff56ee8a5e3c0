"""How NetworkPolicies are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import format_selector
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    selector = (obj.get("spec") or {}).get("podSelector")
    return (obj["metadata"]["name"], format_selector(selector), age_of(obj, now_us))


TABLE = Table(
    (
        NAME,
        Column(
            "Pod-Selector",
            description=(
                "podSelector selects the pods to which this NetworkPolicy object applies. The array "
                "of rules is applied to any pods selected by this field. An empty selector matches "
                "all pods in the policy's namespace. Multiple network policies can select the same "
                "set of pods. In this case, the ingress rules for each are combined additively. This "
                "field is optional. If it is not specified, it defaults to an empty selector."
            ),
        ),
        AGE,
    ),
    _row,
)
