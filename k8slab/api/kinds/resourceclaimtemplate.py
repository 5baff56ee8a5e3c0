"""ResourceClaimTemplate. Models pkg/apis/resource/v1/defaults.go
and pkg/registry/resource/resourceclaimtemplate/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter
from k8slab.api.kinds._device_requests import DEVICE_REQUESTS

KIND = Kind(
    kind="ResourceClaimTemplate",
    group="resource.k8s.io",
    version="v1",
    plural="resourceclaimtemplates",
    singular="resourceclaimtemplate",
    namespaced=True,
    default=defaulter("api.resource.v1.ResourceClaimTemplate", DEVICE_REQUESTS),
)
