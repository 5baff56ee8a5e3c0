"""PersistentVolumeClaim. Models pkg/apis/core/v1/defaults.go, pkg/api/persistentvolumeclaim/util.go
and pkg/registry/core/persistentvolumeclaim/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._pod_spec import CLAIM_SPEC, RESOURCES
from k8slab.api.kinds._strategy import on_status, with_field_of
from k8slab.api.meta import Obj

CLAIM = Table(
    defaults={
        **CLAIM_SPEC.defaults,
        "api.core.v1.PersistentVolumeClaimStatus": {"phase": "Pending"},
    },
    visitors=RESOURCES.visitors,
)
"""The defaults of a claim; those of a StatefulSet's claim templates too."""

_PENDING = {"phase": "Pending"}
_LEGACY_SOURCES = (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))


def _with_sources(obj: Obj, old: Obj | None) -> Obj:
    """Drop a data source that the old field never allowed, and let both fields say the same."""
    spec = obj.get("spec") or {}
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is None and reference is None:
        return obj
    before = (old or {}).get("spec") or {}
    if reference is not None and reference.get("namespace") and before.get("dataSourceRef") is None:
        # Sources in other namespaces are off by default; then the whole reference is forgotten.
        spec = {name: value for name, value in spec.items() if name != "dataSourceRef"}
        obj, reference = {**obj, "spec": spec}, None
    in_use = before.get("dataSource") is not None or before.get("dataSourceRef") is not None
    if source is not None and reference is None:
        if not in_use and (source.get("apiGroup") or "", source.get("kind")) not in _LEGACY_SOURCES:
            return {**obj, "spec": {name: value for name, value in spec.items() if name != "dataSource"}}
        return {**obj, "spec": {**spec, "dataSourceRef": _copied(source)}}
    if reference is not None and source is None and not reference.get("namespace"):
        return {**obj, "spec": {**spec, "dataSource": _copied(reference)}}
    return obj


def _copied(source: Obj) -> Obj:
    return {
        "apiGroup": source.get("apiGroup"),
        "kind": source.get("kind", ""),
        "name": source.get("name", ""),
    }


def _prepare_create(obj: Obj) -> Obj:
    return _with_sources({**obj, "status": _PENDING}, None)


def _prepare_update(new: Obj, old: Obj) -> Obj:
    return _with_sources(with_field_of(new, old, "status"), old)


KIND = Kind(
    kind="PersistentVolumeClaim",
    group="",
    version="v1",
    plural="persistentvolumeclaims",
    singular="persistentvolumeclaim",
    namespaced=True,
    short_names=("pvc",),
    subresources=("status",),
    default=defaulter("api.core.v1.PersistentVolumeClaim", CLAIM),
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    prepare_status=on_status(),
    fields=("name",),
)
