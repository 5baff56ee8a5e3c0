"""How VolumeAttachments are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec = obj["spec"]
    return (
        obj["metadata"]["name"],
        spec.get("attacher", ""),
        (spec.get("source") or {}).get("persistentVolumeName") or "",
        spec.get("nodeName", ""),
        bool((obj.get("status") or {}).get("attached")),
        age_of(obj, now_us),
    )


TABLE = Table(
    (
        NAME,
        Column(
            "Attacher",
            format="name",
            description=(
                "attacher indicates the name of the volume driver that MUST handle this request. This"
                " is the name returned by GetPluginName()."
            ),
        ),
        Column(
            "PV", description="persistentVolumeName represents the name of the persistent volume to attach."
        ),
        Column("Node", description="nodeName represents the node that the volume should be attached to."),
        Column(
            "Attached",
            type="boolean",
            description=(
                "attached indicates the volume is successfully attached. This field must only be set "
                "by the entity completing the attach operation, i.e. the external-attacher."
            ),
        ),
        AGE,
    ),
    _row,
)
