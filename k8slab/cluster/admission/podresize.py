"""PodResizeValidator: a resized Pod may not ask for more than its node could ever give.

Models plugin/pkg/admission/podresize/admission.go, v1.36.
"""

from __future__ import annotations

from k8slab.api import quantities
from k8slab.api.errors import ApiError, Cause
from k8slab.api.kinds._pod_resources import pod_requests
from k8slab.api.meta import Obj, labels_of
from k8slab.cluster.admission._plugin import Admission, Request, refusal

_NONE = quantities.Quantity(0)


def _validate(request: Request) -> None:
    new, old = request.new, request.old
    if request.subresource != "resize" or new is None or old is None:
        return
    name = new["spec"].get("nodeName")
    if not name or new["metadata"].get("generation") == old["metadata"].get("generation"):
        return
    node = request.view.get("Node", ("", name))
    if node is None:
        raise refusal(request, f'node "{name}" not found')
    system = labels_of(node).get("kubernetes.io/os", "linux")
    if system != "linux":
        why = f'pod resize is only supported on linux nodes, node "{name}" is "{system}"'
        raise _refusal(request, why, "UnsupportedPlatform")
    excess = _excess(new, node)
    if excess:
        raise _refusal(
            request, f"node didn't have enough allocatable resources: {'; '.join(excess)}", "NodeCapacity"
        )


def _refusal(request: Request, why: str, reason: str) -> ApiError:
    error = refusal(request, why)
    error.causes = (*error.causes, Cause(reason, ""))
    return error


def _excess(pod: Obj, node: Obj) -> list[str]:
    """For each resource of which a node never has enough: how much is asked for, and how much there is."""
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    requests = pod_requests(pod["spec"])
    excess = []
    for name, unit in (("cpu", quantities.NANO_PER_UNIT // 1000), ("memory", quantities.NANO_PER_UNIT)):
        asked = requests.get(name, _NONE).nano
        there = quantities.nano(str(allocatable.get(name, "0")))
        if asked > there:
            excess.append(f"{name}, requested: {-(-asked // unit)}, allocatable: {-(-there // unit)}")
    return excess


ADMISSION = Admission("PodResizeValidator", validate=_validate, kinds=("Pod",), operations=("UPDATE",))
