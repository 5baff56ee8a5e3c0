"""RoleBindings. Models pkg/apis/rbac/validation/validation.go (ValidateRoleBinding), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import path_segment
from k8slab.api.validation._rbac import same_role, validate_binding


def _create(new: Obj) -> list[Cause]:
    return validate_binding(new, ("Role", "ClusterRole"), namespaced=True)


RULES = rules(_create, same_role, name_rule=path_segment, recheck="before")
