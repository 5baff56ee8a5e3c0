"""DefaultStorageClass: a claim that names no class gets the default one.

Models plugin/pkg/admission/storage/storageclass/setdefault/admission.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of, assoc
from k8slab.cluster.admission._defaultclass import default_class
from k8slab.cluster.admission._plugin import Admission, Request

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_MARKS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def _mutate(request: Request, obj: Obj) -> Obj:
    spec = obj.get("spec") or {}
    if request.subresource or spec.get("storageClassName") is not None or BETA_CLASS in annotations_of(obj):
        return obj
    name = default_class(request.view.list("StorageClass"), _MARKS)
    return assoc(obj, "spec", "storageClassName", name) if name else obj


ADMISSION = Admission(
    "DefaultStorageClass", _mutate, kinds=("PersistentVolumeClaim",), operations=("CREATE",)
)
