"""Roles. Models pkg/apis/rbac/validation/validation.go (ValidateRole), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import path_segment
from k8slab.api.validation._rbac import validate_policy_rules


def _create(new: Obj) -> list[Cause]:
    return validate_policy_rules(new.get("rules") or (), namespaced=True)


RULES = rules(_create, name_rule=path_segment, recheck="before")
