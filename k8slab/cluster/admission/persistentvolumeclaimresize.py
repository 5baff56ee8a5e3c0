"""PersistentVolumeClaimResize: only a bound claim whose class allows it may grow.

Models plugin/pkg/admission/storage/persistentvolume/resize/admission.go, v1.36.
"""

from __future__ import annotations

from k8slab.api import quantities
from k8slab.api.meta import Obj, annotations_of, dig
from k8slab.cluster.admission._plugin import Admission, Request, refusal
from k8slab.cluster.admission.defaultstorageclass import BETA_CLASS


def _storage(claim: Obj) -> str:
    return str(dig(claim, "spec", "resources", "requests", "storage", default="0"))


def _class(claim: Obj) -> str:
    return str(annotations_of(claim).get(BETA_CLASS) or dig(claim, "spec", "storageClassName", default=""))


def _validate(request: Request) -> None:
    new, old = request.new, request.old
    if request.subresource or new is None or old is None:
        return
    if quantities.compare(_storage(new), _storage(old)) <= 0:
        return
    if dig(old, "status", "phase") != "Bound":
        raise refusal(request, "Only bound persistent volume claims can be expanded")
    name = _class(new)
    found = request.view.get("StorageClass", ("", name)) if name and name == _class(old) else None
    if found is None or not found.get("allowVolumeExpansion"):
        why = (
            "only dynamically provisioned pvc can be resized and "
            "the storageclass that provisions the pvc must support resize"
        )
        raise refusal(request, why)


ADMISSION = Admission(
    "PersistentVolumeClaimResize",
    validate=_validate,
    kinds=("PersistentVolumeClaim",),
    operations=("UPDATE",),
)
