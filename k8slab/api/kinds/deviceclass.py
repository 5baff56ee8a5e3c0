"""DeviceClass.

Models pkg/apis/resource/v1/defaults.go and pkg/registry/resource/deviceclass/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter
from k8slab.api.kinds._strategy import on_create, on_update

KIND = Kind(
    kind="DeviceClass",
    group="resource.k8s.io",
    version="v1",
    plural="deviceclasses",
    singular="deviceclass",
    namespaced=False,
    default=defaulter("api.resource.v1.DeviceClass"),
    prepare_create=on_create(generation=True),
    prepare_update=on_update(status=False, bump_for=("spec",)),
)
