"""DefaultTolerationSeconds: a Pod stays five minutes on a node that fails, unless it says otherwise.

Models plugin/pkg/admission/defaulttolerationseconds/admission.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.memo import remember
from k8slab.api.meta import Obj
from k8slab.cluster.admission._plugin import Admission, Request

_SECONDS = 300
_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_ADDED = tuple(
    {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _SECONDS}
    for taint in _TAINTS
)


def _filled(tolerations: list[Obj]) -> list[Obj]:
    """The tolerations with those that are missing; the same list where none is."""
    added = [
        toleration
        for taint, toleration in zip(_TAINTS, _ADDED, strict=True)
        if not any(
            one.get("key", "") in (taint, "") and one.get("effect", "") in ("NoExecute", "")
            for one in tolerations
        )
    ]
    return [*tolerations, *added] if added else tolerations


_with_missing = remember(_filled, idempotent=True)
_NONE: list[Obj] = []


def _spec_with_tolerations(spec: Obj) -> Obj:
    tolerations = spec.get("tolerations") or _NONE
    filled = _with_missing(tolerations)
    return spec if filled is tolerations else {**spec, "tolerations": filled}


_with_tolerations = remember(_spec_with_tolerations, idempotent=True, likens=True)


def _mutate(request: Request, obj: Obj) -> Obj:
    if request.subresource:
        return obj
    spec = obj["spec"]
    filled = _with_tolerations(spec)
    return obj if filled is spec else {**obj, "spec": filled}


ADMISSION = Admission("DefaultTolerationSeconds", _mutate, kinds=("Pod",))
