"""Bindings of ValidatingAdmissionPolicies.

Models pkg/apis/admissionregistration/validation/validation.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._policies import validate_actions, validate_binding


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    actions = list(spec.get("validationActions") or ())
    return validate_binding(spec) + validate_actions(actions, "spec.validationActions")


RULES = rules(_create, namespaced=False, recheck="before", own_metadata=False, finalizer_names=False)
