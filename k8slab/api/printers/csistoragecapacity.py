"""How CSIStorageCapacities are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import NAME, Cells, Column, Table


def _row(obj: Obj, now_us: int) -> Cells:
    return (obj["metadata"]["name"], obj.get("storageClassName", ""), str(obj.get("capacity", "<unset>")))


TABLE = Table(
    (
        NAME,
        Column(
            "StorageClassName",
            description=(
                "storageClassName represents the name of the StorageClass that the reported capacity "
                "applies to. It must meet the same requirements as the name of a StorageClass object "
                "(non-empty, DNS subdomain). If that object no longer exists, the CSIStorageCapacity "
                "object is obsolete and should be removed by its creator. This field is immutable."
            ),
        ),
        Column(
            "Capacity",
            description=(
                "capacity is the value reported by the CSI driver in its GetCapacityResponse for a "
                "GetCapacityRequest with topology and parameters that match the previous fields.\n\nThe"
                " semantic is currently (CSI spec 1.2) defined as: The available capacity, in bytes, "
                "of the storage that can be used to provision volumes. If not set, that information "
                "is currently unavailable."
            ),
        ),
    ),
    _row,
)
