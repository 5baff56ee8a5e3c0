"""DefaultIngressClass: an Ingress that names no class gets the default one.

Models plugin/pkg/admission/network/defaultingressclass/admission.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of, assoc
from k8slab.cluster.admission._defaultclass import default_class
from k8slab.cluster.admission._plugin import Admission, Request

_MARKS = ("ingressclass.kubernetes.io/is-default-class",)
_OLD_CLASS = "kubernetes.io/ingress.class"


def _mutate(request: Request, obj: Obj) -> Obj:
    spec = obj.get("spec") or {}
    if request.subresource or spec.get("ingressClassName") is not None or _OLD_CLASS in annotations_of(obj):
        return obj
    name = default_class(request.view.list("IngressClass"), _MARKS)
    return assoc(obj, "spec", "ingressClassName", name) if name else obj


ADMISSION = Admission("DefaultIngressClass", _mutate, kinds=("Ingress",), operations=("CREATE",))
