"""MutatingAdmissionPolicies. Models pkg/apis/admissionregistration/validation/validation.go, v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._policies import validate_mutations, validate_policy_head


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    return validate_policy_head(spec, mutating=True) + validate_mutations(spec)


RULES = rules(_create, namespaced=False, recheck="before", own_metadata=False, finalizer_names=False)
