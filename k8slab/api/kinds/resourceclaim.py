"""ResourceClaim.

Models pkg/apis/resource/v1/defaults.go and pkg/registry/resource/resourceclaim/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter, zero_of
from k8slab.api.kinds._device_requests import DEVICE_REQUESTS
from k8slab.api.kinds._strategy import on_create, on_status, on_update

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
    prepare_status=on_status(strict=True),
)
