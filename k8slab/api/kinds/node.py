"""Node. Models pkg/apis/core/v1/defaults.go and pkg/registry/core/node/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._pod_spec import RESOURCES
from k8slab.api.kinds._strategy import on_status, on_update, without
from k8slab.api.meta import Obj, dig


def _allocatable_from_capacity(status: Obj) -> Obj:
    """All of a node's capacity is allocatable unless it says otherwise."""
    capacity = status.get("capacity")
    if status.get("allocatable") or not capacity:
        return status
    return {**status, "allocatable": capacity}


def _one_range(spec: Obj) -> Obj:
    """Both fields of a node's Pod range tell the same; the older one counts (Convert_v1_NodeSpec)."""
    first, ranges = spec.get("podCIDR") or "", spec.get("podCIDRs") or []
    if first and (not ranges or ranges[0] != first):
        return {**spec, "podCIDRs": [first]}
    return {**spec, "podCIDR": ranges[0]} if ranges and ranges[0] and not first else spec


_TABLE = Table(
    hooks={"api.core.v1.NodeStatus": _allocatable_from_capacity, "api.core.v1.NodeSpec": _one_range}
)


def _prepare_create(obj: Obj) -> Obj:
    """A node may be registered with a status; what configured kubelets by API is gone."""
    return without(without(obj, "spec", "configSource"), "status", "config")


_keep_status = on_update()
_keep_spec = on_status()


def _prepare_update(new: Obj, old: Obj) -> Obj:
    new = _keep_status(new, old)
    return new if dig(old, "spec", "configSource") else without(new, "spec", "configSource")


def _prepare_status(new: Obj, old: Obj) -> Obj:
    new = _keep_spec(new, old)
    return new if dig(old, "status", "config") else without(new, "status", "config")


KIND = Kind(
    kind="Node",
    group="",
    version="v1",
    plural="nodes",
    singular="node",
    namespaced=False,
    short_names=("no",),
    subresources=("proxy", "status"),
    default=defaulter("api.core.v1.Node", RESOURCES, _TABLE),
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    prepare_status=_prepare_status,
    fields=("spec.unschedulable",),
)
