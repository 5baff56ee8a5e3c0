"""Namespace. Models pkg/apis/core/v1/defaults.go and pkg/registry/core/namespace/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._strategy import on_status, with_field_of
from k8slab.api.meta import Obj, assoc

NAME_LABEL = "kubernetes.io/metadata.name"
FINALIZER = "kubernetes"


def _with_name_label(obj: Obj) -> Obj:
    """Every namespace carries its name as a label, so that selectors can name it."""
    metadata = obj.get("metadata") or {}
    name = metadata.get("name")
    labels = metadata.get("labels") or {}
    if not name or labels.get(NAME_LABEL) == name:
        return obj
    return assoc(obj, "metadata", "labels", {**labels, NAME_LABEL: name})


_TABLE = Table(
    defaults={"api.core.v1.NamespaceStatus": {"phase": "Active"}},
    hooks={"api.core.v1.Namespace": _with_name_label},
)
_ACTIVE = {"phase": "Active"}


def _prepare_create(obj: Obj) -> Obj:
    finalizers = (obj.get("spec") or {}).get("finalizers") or []
    if FINALIZER not in finalizers:
        obj = assoc(obj, "spec", "finalizers", [*finalizers, FINALIZER])
    return _with_name_label({**obj, "status": _ACTIVE})


def _prepare_update(new: Obj, old: Obj) -> Obj:
    return with_field_of(with_field_of(new, old, "spec"), old, "status")


def finalize(new: Obj, old: Obj) -> Obj:
    """What the `finalize` subresource does: only it may change the finalizers in the spec."""
    return with_field_of(new, old, "status")


KIND = Kind(
    kind="Namespace",
    group="",
    version="v1",
    plural="namespaces",
    singular="namespace",
    namespaced=False,
    short_names=("ns",),
    subresources=("finalize", "status"),
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    default=defaulter("api.core.v1.Namespace", _TABLE),
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    prepare_status=on_status(),
    fields=("status.phase",),
)
