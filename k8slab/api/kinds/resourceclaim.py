"""ResourceClaim.

Models pkg/apis/resource/v1/defaults.go and pkg/registry/resource/resourceclaim/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter, zero_of
from k8slab.api.kinds._device_requests import DEVICE_REQUESTS
from k8slab.api.kinds._strategy import on_create, on_status, on_update
from k8slab.api.meta import Obj, dig

_on_status = on_status(strict=True)


def _prepare_status(new: Obj, old: Obj) -> Obj:
    """A status write; what drivers said of devices goes when these are given back."""
    kept = _on_status(new, old)
    before, after = _allocated(old), _allocated(kept)
    gone = [one for one in before if one not in after]
    devices = (kept.get("status") or {}).get("devices") or ()
    left = [one for one in devices if _identity(one) not in gone]
    if len(left) == len(devices):
        return kept
    status = {name: value for name, value in kept["status"].items() if name != "devices"}
    return {**kept, "status": {**status, "devices": left} if left else status}


def _allocated(claim: Obj) -> list[tuple[str | None, ...]]:
    return [_identity(one) for one in dig(claim, "status", "allocation", "devices", "results", default=())]


def _identity(device: Obj) -> tuple[str | None, ...]:
    return tuple(device.get(name) for name in ("driver", "pool", "device", "shareID"))


KIND = Kind(
    kind="ResourceClaim",
    group="resource.k8s.io",
    version="v1",
    plural="resourceclaims",
    singular="resourceclaim",
    namespaced=True,
    subresources=("status",),
    default=defaulter("api.resource.v1.ResourceClaim", DEVICE_REQUESTS),
    prepare_create=on_create(status=zero_of("api.resource.v1.ResourceClaimStatus")),
    prepare_update=on_update(),
    prepare_status=_prepare_status,
)
