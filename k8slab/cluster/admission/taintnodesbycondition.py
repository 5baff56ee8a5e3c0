"""TaintNodesByCondition: a new node takes no Pods until it has shown itself to be ready.

Models plugin/pkg/admission/nodetaint/admission.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, assoc
from k8slab.cluster.admission._plugin import Admission, Request

_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def _mutate(request: Request, obj: Obj) -> Obj:
    if request.subresource:
        return obj
    taints = (obj.get("spec") or {}).get("taints") or []
    for taint in taints:
        if taint.get("key") == _NOT_READY["key"] and taint.get("effect") == _NOT_READY["effect"]:
            return obj
    return assoc(obj, "spec", "taints", [*taints, _NOT_READY])


ADMISSION = Admission("TaintNodesByCondition", _mutate, kinds=("Node",), operations=("CREATE",))
