"""Ingress. Models pkg/registry/networking/ingress/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter, zero_of
from k8slab.api.kinds._strategy import on_create, on_status, on_update

KIND = Kind(
    kind="Ingress",
    group="networking.k8s.io",
    version="v1",
    plural="ingresses",
    singular="ingress",
    namespaced=True,
    short_names=("ing",),
    subresources=("status",),
    default=defaulter("api.networking.v1.Ingress"),
    prepare_create=on_create(status=zero_of("api.networking.v1.IngressStatus"), generation=True),
    prepare_update=on_update(bump_for=("spec",)),
    prepare_status=on_status(),
)
