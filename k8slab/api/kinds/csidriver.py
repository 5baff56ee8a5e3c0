"""CSIDriver. Models pkg/apis/storage/v1/defaults.go and pkg/registry/storage/csidriver/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._strategy import on_update

_TABLE = Table(
    defaults={
        "api.storage.v1.CSIDriverSpec": {
            "attachRequired": True,
            "podInfoOnMount": False,
            "storageCapacity": False,
            "fsGroupPolicy": "ReadWriteOnceWithFSType",
            "volumeLifecycleModes": ["Persistent"],
            "requiresRepublish": False,
            "seLinuxMount": False,
        },
    }
)

KIND = Kind(
    kind="CSIDriver",
    group="storage.k8s.io",
    version="v1",
    plural="csidrivers",
    singular="csidriver",
    namespaced=False,
    default=defaulter("api.storage.v1.CSIDriver", _TABLE),
    prepare_update=on_update(status=False, bump_for=("spec",)),
    unconditional_update=False,
)
