"""ClusterRoleBinding. Models pkg/apis/rbac/v1/defaults.go
and pkg/registry/rbac/clusterrolebinding/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter
from k8slab.api.kinds._rbac import BINDINGS

KIND = Kind(
    kind="ClusterRoleBinding",
    group="rbac.authorization.k8s.io",
    version="v1",
    plural="clusterrolebindings",
    singular="clusterrolebinding",
    namespaced=False,
    default=defaulter("api.rbac.v1.ClusterRoleBinding", BINDINGS),
    create_on_update=True,
)
