"""How ValidatingAdmissionPolicyBindings are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import parameter_text
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec = obj.get("spec") or {}
    parameter = parameter_text(spec.get("paramRef"))
    return (obj["metadata"]["name"], spec.get("policyName", ""), parameter, age_of(obj, now_us))


TABLE = Table(
    (
        NAME,
        Column(
            "PolicyName",
            description="PolicyName indicates the policy definition which the policy binding binded to",
        ),
        Column(
            "ParamRef", description="ParamRef indicates the param resource which sets the configuration param"
        ),
        AGE,
    ),
    _row,
)
