"""RoleBinding. Models pkg/apis/rbac/v1/defaults.go and pkg/registry/rbac/rolebinding/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter
from k8slab.api.kinds._rbac import BINDINGS

KIND = Kind(
    kind="RoleBinding",
    group="rbac.authorization.k8s.io",
    version="v1",
    plural="rolebindings",
    singular="rolebinding",
    namespaced=True,
    default=defaulter("api.rbac.v1.RoleBinding", BINDINGS),
    create_on_update=True,
)
