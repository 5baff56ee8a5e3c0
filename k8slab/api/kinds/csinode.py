"""CSINode. Models pkg/registry/storage/csinode/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter

KIND = Kind(
    kind="CSINode",
    group="storage.k8s.io",
    version="v1",
    plural="csinodes",
    singular="csinode",
    namespaced=False,
    default=defaulter("api.storage.v1.CSINode"),
    unconditional_update=False,
)
