"""How StorageClasses are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    annotations = annotations_of(obj)
    is_default = "true" in (annotations.get(_IS_DEFAULT), annotations.get(_BETA_IS_DEFAULT))
    return (
        obj["metadata"]["name"] + (" (default)" if is_default else ""),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", "Delete"),
        obj.get("volumeBindingMode", "Immediate"),
        bool(obj.get("allowVolumeExpansion")),
        age_of(obj, now_us),
    )


_IS_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_BETA_IS_DEFAULT = "storageclass.beta.kubernetes.io/is-default-class"


TABLE = Table(
    (
        NAME,
        Column("Provisioner", description="provisioner indicates the type of the provisioner."),
        Column(
            "ReclaimPolicy",
            description=(
                "reclaimPolicy controls the reclaimPolicy for dynamically provisioned "
                "PersistentVolumes of this storage class. Defaults to Delete."
            ),
        ),
        Column(
            "VolumeBindingMode",
            description=(
                "volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and "
                "bound.  When unset, VolumeBindingImmediate is used. This field is only honored by "
                "servers that enable the VolumeScheduling feature."
            ),
        ),
        Column(
            "AllowVolumeExpansion",
            description="allowVolumeExpansion shows whether the storage class allow volume expand.",
        ),
        AGE,
    ),
    _row,
)
