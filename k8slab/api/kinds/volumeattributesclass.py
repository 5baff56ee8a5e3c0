"""VolumeAttributesClass. Models pkg/registry/storage/volumeattributesclass/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter

KIND = Kind(
    kind="VolumeAttributesClass",
    group="storage.k8s.io",
    version="v1",
    plural="volumeattributesclasses",
    singular="volumeattributesclass",
    namespaced=False,
    short_names=("vac",),
    default=defaulter("api.storage.v1.VolumeAttributesClass"),
)
