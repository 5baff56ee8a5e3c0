"""ValidatingAdmissionPolicies. Models pkg/apis/admissionregistration/validation/validation.go, v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._conditions import validate_conditions
from k8slab.api.validation._field import required
from k8slab.api.validation._metadata import generic_update, rules
from k8slab.api.validation._policies import validate_policy_head, validate_validations


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    causes = validate_policy_head(spec, mutating=False)
    return causes + validate_validations(new["metadata"].get("name") or "", spec)


def _update(new: Obj, old: Obj) -> list[Cause]:
    return []


def _status(new: Obj, old: Obj) -> list[Cause]:
    status = new.get("status") or {}
    causes = generic_update(new["metadata"], old["metadata"], namespaced=False)
    warnings = (status.get("typeChecking") or {}).get("expressionWarnings") or ()
    for index, warning in enumerate(warnings):
        path = f"status.typeChecking.expressionWarnings[{index}]"
        for name in ("warning", "fieldRef"):
            if not ((warning or {}).get(name) or "").strip():
                causes.append(required(f"{path}.{name}"))
    return causes + validate_conditions(status.get("conditions") or (), "status.conditions")


RULES = rules(
    _create, _update, namespaced=False, recheck="before", own_metadata=False, finalizer_names=False
)._replace(status=_status)
