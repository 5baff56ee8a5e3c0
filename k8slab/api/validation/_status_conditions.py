"""Conditions of which the API server asks only that each has a type, and each type once.

Models pkg/apis/flowcontrol/validation/validation.go (ValidateFlowSchemaStatus), v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import duplicate, required


def validate_typed_conditions(obj: Obj) -> list[Cause]:
    """The conditions of an object's status."""
    causes: list[Cause] = []
    seen: list[str] = []
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        path, kind = f"status.conditions[{index}].type", condition.get("type") or ""
        if kind in seen:
            causes.append(duplicate(path, kind))
        seen.append(kind)
        if not kind:
            causes.append(required(path))
    return causes
