"""How PersistentVolumes are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, is_terminating
from k8slab.api.printers._format import access_modes, storage_class_of
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec, status = obj["spec"], obj.get("status") or {}
    claim = spec.get("claimRef")
    return (
        obj["metadata"]["name"],
        str((spec.get("capacity") or {}).get("storage", "0")),
        access_modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        "Terminating" if is_terminating(obj) else status.get("phase", ""),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim is not None else "",
        storage_class_of(obj),
        _or_unset(spec.get("volumeAttributesClassName")),
        status.get("reason", ""),
        age_of(obj, now_us),
        _or_unset(spec.get("volumeMode")),
    )


def _or_unset(value: str | None) -> str:
    return "<unset>" if value is None else value


TABLE = Table(
    (
        NAME,
        Column(
            "Capacity",
            description=(
                "capacity is the description of the persistent volume's resources and capacity. More "
                "info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#capacity"
            ),
        ),
        Column(
            "Access Modes",
            description=(
                "accessModes contains all ways the volume can be mounted. More info: "
                "https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes"
            ),
        ),
        Column(
            "Reclaim Policy",
            description=(
                "persistentVolumeReclaimPolicy defines what happens to a persistent volume when "
                "released from its claim. Valid options are Retain (default for manually created "
                "PersistentVolumes), Delete (default for dynamically provisioned PersistentVolumes), "
                "and Recycle (deprecated). Recycle must be supported by the volume plugin underlying "
                "this PersistentVolume. More info: "
                "https://kubernetes.io/docs/concepts/storage/persistent-volumes#reclaiming"
            ),
        ),
        Column(
            "Status",
            description=(
                "phase indicates if a volume is available, bound to a claim, or released by a claim. "
                "More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#phase"
            ),
        ),
        Column(
            "Claim",
            description=(
                "claimRef is part of a bi-directional binding between PersistentVolume and "
                "PersistentVolumeClaim. Expected to be non-nil when bound. claim.VolumeName is the "
                "authoritative bind between PV and PVC. More info: "
                "https://kubernetes.io/docs/concepts/storage/persistent-volumes#binding"
            ),
        ),
        Column("StorageClass", description="StorageClass of the pv"),
        Column("VolumeAttributesClass", description="VolumeAttributesClass of the pv"),
        Column(
            "Reason",
            description=(
                "reason is a brief CamelCase string that describes any failure and is meant for "
                "machine parsing and tidy display in the CLI."
            ),
        ),
        AGE,
        Column(
            "VolumeMode",
            priority=1,
            description=(
                "volumeMode defines if a volume is intended to be used with a formatted filesystem or"
                " to remain in raw block state. Value of Filesystem is implied when not included in "
                "spec."
            ),
        ),
    ),
    _row,
)
