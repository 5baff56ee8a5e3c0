"""ConfigMap. Models pkg/registry/core/configmap/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter

KIND = Kind(
    kind="ConfigMap",
    group="",
    version="v1",
    plural="configmaps",
    singular="configmap",
    namespaced=True,
    short_names=("cm",),
    default=defaulter("api.core.v1.ConfigMap"),
)
