"""ServiceCIDR. Models pkg/registry/networking/servicecidr/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter, zero_of
from k8slab.api.kinds._strategy import on_create, on_status, on_update

KIND = Kind(
    kind="ServiceCIDR",
    group="networking.k8s.io",
    version="v1",
    plural="servicecidrs",
    singular="servicecidr",
    namespaced=False,
    subresources=("status",),
    default=defaulter("api.networking.v1.ServiceCIDR"),
    prepare_create=on_create(status=zero_of("api.networking.v1.ServiceCIDRStatus")),
    prepare_update=on_update(),
    prepare_status=on_status(strict=True),
)
