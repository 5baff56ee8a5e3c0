"""StorageClass. Models pkg/apis/storage/v1/defaults.go and
pkg/registry/storage/storageclass/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter

_TABLE = Table(
    defaults={
        "api.storage.v1.StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    }
)

KIND = Kind(
    kind="StorageClass",
    group="storage.k8s.io",
    version="v1",
    plural="storageclasses",
    singular="storageclass",
    namespaced=False,
    short_names=("sc",),
    default=defaulter("api.storage.v1.StorageClass", _TABLE),
)
