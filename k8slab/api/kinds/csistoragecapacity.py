"""CSIStorageCapacity. Models pkg/registry/storage/csistoragecapacity/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter

KIND = Kind(
    kind="CSIStorageCapacity",
    group="storage.k8s.io",
    version="v1",
    plural="csistoragecapacities",
    singular="csistoragecapacity",
    namespaced=True,
    default=defaulter("api.storage.v1.CSIStorageCapacity"),
    unconditional_update=False,
)
