"""StorageObjectInUseProtection: volumes and claims don't go away while something uses them.

Models plugin/pkg/admission/storage/storageobjectinuseprotection/admission.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, assoc
from k8slab.cluster.admission._plugin import Admission, Request

_FINALIZERS = {
    "PersistentVolume": "kubernetes.io/pv-protection",
    "PersistentVolumeClaim": "kubernetes.io/pvc-protection",
    "VolumeAttributesClass": "kubernetes.io/vac-protection",
}


def _mutate(request: Request, obj: Obj) -> Obj:
    finalizers = obj["metadata"].get("finalizers") or []
    wanted = _FINALIZERS[request.kind.kind]
    if request.subresource or wanted in finalizers:
        return obj
    return assoc(obj, "metadata", "finalizers", [*finalizers, wanted])


ADMISSION = Admission(
    "StorageObjectInUseProtection", _mutate, kinds=tuple(_FINALIZERS), operations=("CREATE",)
)
