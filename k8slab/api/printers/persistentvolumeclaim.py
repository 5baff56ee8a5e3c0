"""How PersistentVolumeClaims are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, is_terminating
from k8slab.api.printers._format import access_modes, storage_class_of
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec, status = obj["spec"], obj.get("status") or {}
    bound = bool(spec.get("volumeName"))
    return (
        obj["metadata"]["name"],
        "Terminating" if is_terminating(obj) else status.get("phase", ""),
        spec.get("volumeName", ""),
        str((status.get("capacity") or {}).get("storage", "0")) if bound else "",
        access_modes(status.get("accessModes")) if bound else "",
        storage_class_of(obj),
        _or_unset(spec.get("volumeAttributesClassName")),
        age_of(obj, now_us),
        _or_unset(spec.get("volumeMode")),
    )


def _or_unset(value: str | None) -> str:
    return "<unset>" if value is None else value


TABLE = Table(
    (
        NAME,
        Column("Status", description="phase represents the current phase of PersistentVolumeClaim."),
        Column(
            "Volume",
            description="volumeName is the binding reference to the PersistentVolume backing this claim.",
        ),
        Column("Capacity", description="capacity represents the actual resources of the underlying volume."),
        Column(
            "Access Modes",
            description=(
                "accessModes contains the actual access modes the volume backing the PVC has. More "
                "info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes-1"
            ),
        ),
        Column("StorageClass", description="StorageClass of the pvc"),
        Column("VolumeAttributesClass", description="VolumeAttributesClass of the pvc"),
        AGE,
        Column(
            "VolumeMode",
            priority=1,
            description=(
                "volumeMode defines what type of volume is required by the claim. Value of Filesystem"
                " is implied when not included in claim spec."
            ),
        ),
    ),
    _row,
)
