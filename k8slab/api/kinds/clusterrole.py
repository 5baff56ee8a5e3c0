"""ClusterRole. Models pkg/apis/rbac/v1/defaults.go and pkg/registry/rbac/clusterrole/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter

KIND = Kind(
    kind="ClusterRole",
    group="rbac.authorization.k8s.io",
    version="v1",
    plural="clusterroles",
    singular="clusterrole",
    namespaced=False,
    default=defaulter("api.rbac.v1.ClusterRole"),
    create_on_update=True,
)
