"""Role. Models pkg/apis/rbac/v1/defaults.go and pkg/registry/rbac/role/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter

KIND = Kind(
    kind="Role",
    group="rbac.authorization.k8s.io",
    version="v1",
    plural="roles",
    singular="role",
    namespaced=True,
    default=defaulter("api.rbac.v1.Role"),
    create_on_update=True,
)
