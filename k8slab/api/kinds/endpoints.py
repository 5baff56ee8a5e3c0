"""Endpoints. Models pkg/apis/core/v1/defaults.go and pkg/registry/core/endpoint/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter

KIND = Kind(
    kind="Endpoints",
    group="",
    version="v1",
    plural="endpoints",
    singular="endpoints",
    namespaced=True,
    short_names=("ep",),
    default=defaulter(
        "api.core.v1.Endpoints", Table(defaults={"api.core.v1.EndpointPort": {"protocol": "TCP"}})
    ),
    create_on_update=True,
)
