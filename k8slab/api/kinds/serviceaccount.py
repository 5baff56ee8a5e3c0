"""ServiceAccount. Models pkg/registry/core/serviceaccount/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter

KIND = Kind(
    kind="ServiceAccount",
    group="",
    version="v1",
    plural="serviceaccounts",
    singular="serviceaccount",
    namespaced=True,
    short_names=("sa",),
    subresources=("token",),
    default=defaulter("api.core.v1.ServiceAccount"),
)
