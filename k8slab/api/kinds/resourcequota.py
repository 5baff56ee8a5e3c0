"""ResourceQuota. Models pkg/registry/core/resourcequota/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter, zero_of
from k8slab.api.kinds._pod_spec import RESOURCES
from k8slab.api.kinds._strategy import on_create, on_status, on_update

KIND = Kind(
    kind="ResourceQuota",
    group="",
    version="v1",
    plural="resourcequotas",
    singular="resourcequota",
    namespaced=True,
    short_names=("quota",),
    subresources=("status",),
    default=defaulter("api.core.v1.ResourceQuota", RESOURCES),
    prepare_create=on_create(status=zero_of("api.core.v1.ResourceQuotaStatus")),
    prepare_update=on_update(),
    prepare_status=on_status(),
)
