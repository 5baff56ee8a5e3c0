"""RuntimeClass: what a Pod's runtime costs beside its containers, and where it can run.

Models plugin/pkg/admission/runtimeclass/admission.go and pkg/util/tolerations, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj, dig
from k8slab.api.placement import merged_tolerations
from k8slab.cluster.admission._plugin import Admission, Request, refusal

_MISMATCH = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
_WITHOUT_CLASS = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"


def _class_of(request: Request, pod: Obj) -> Obj | None:
    name = pod["spec"].get("runtimeClassName")
    if name is None:
        return None
    if not name:
        raise ApiError(500, "", "resource name may not be empty")
    found = request.view.get("RuntimeClass", ("", name))
    if found is None:
        raise refusal(request, f'pod rejected: RuntimeClass "{name}" not found')
    return found


def _mutate(request: Request, obj: Obj) -> Obj:
    if request.subresource:
        return obj
    found = _class_of(request, obj)
    if found is None:
        return obj
    spec: Obj = obj["spec"]
    overhead = found.get("overhead")
    if overhead is not None:
        fixed = overhead.get("podFixed") or {}
        if spec.get("overhead") and spec["overhead"] != fixed:
            raise refusal(request, _MISMATCH)
        spec = {**spec, "overhead": fixed} if fixed else spec
    if found.get("scheduling") is not None:
        spec = _scheduled(request, spec, found["scheduling"])
    return obj if spec is obj["spec"] else {**obj, "spec": spec}


def _scheduled(request: Request, spec: Obj, scheduling: Obj) -> Obj:
    """The spec with the class's node selector and tolerations beside its own."""
    selector = dict(spec.get("nodeSelector") or {})
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        if selector.get(key, value) != value:
            why = (
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                f"pod.spec.nodeSelector[{key}] = {selector[key]}"
            )
            raise refusal(request, why)
        selector[key] = value
    tolerations = merged_tolerations(
        [*(spec.get("tolerations") or ()), *(scheduling.get("tolerations") or ())]
    )
    new = dict(spec)
    if selector:
        new["nodeSelector"] = selector
    if tolerations:
        new["tolerations"] = tolerations
    return new


def _validate(request: Request) -> None:
    if request.subresource or request.new is None:
        return
    overhead = dig(request.new, "spec", "overhead")
    found = _class_of(request, request.new)
    defined = (found or {}).get("overhead")
    if defined is None:
        if overhead is not None:
            raise refusal(request, _WITHOUT_CLASS)
    elif (overhead or {}) != (defined.get("podFixed") or {}):
        raise refusal(request, _MISMATCH)


ADMISSION = Admission("RuntimeClass", _mutate, _validate, kinds=("Pod",), operations=("CREATE",))
