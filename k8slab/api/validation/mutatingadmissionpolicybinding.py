"""Bindings of MutatingAdmissionPolicies.

Models pkg/apis/admissionregistration/validation/validation.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._policies import validate_binding, validate_mutated_operations


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    causes = validate_binding(spec)
    return causes + validate_mutated_operations(spec.get("matchResources"), "spec.matchResources")


RULES = rules(_create, namespaced=False, recheck="before", own_metadata=False, finalizer_names=False)
