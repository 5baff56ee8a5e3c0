"""What requests for devices default to. Models pkg/apis/resource/v1/defaults.go, v1.36."""

from __future__ import annotations

from k8slab.api.kinds._defaulting import Table
from k8slab.api.meta import Obj


def _with_count(request: Obj) -> Obj:
    """A request is for an exact number of devices, and for one, unless it says otherwise."""
    mode = request.get("allocationMode") or "ExactCount"
    new = request if request.get("allocationMode") else {**request, "allocationMode": mode}
    return {**new, "count": 1} if mode == "ExactCount" and not new.get("count") else new


DEVICE_REQUESTS = Table(
    hooks={
        "api.resource.v1.ExactDeviceRequest": _with_count,
        "api.resource.v1.DeviceSubRequest": _with_count,
    }
)
