"""EndpointSlice. Models pkg/apis/discovery/v1/defaults.go and
pkg/registry/discovery/endpointslice/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._strategy import next_generation, on_create
from k8slab.api.meta import Obj

_TABLE = Table(defaults={"api.discovery.v1.EndpointPort": {"name": "", "protocol": "TCP"}})
_CONTENT = ("addressType", "endpoints", "ports")

_first_generation = on_create(generation=True)


def _without_topology(obj: Obj, old: Obj | None) -> Obj:
    """The deprecated topology can't be written by v1, only left as it is."""
    endpoints = obj.get("endpoints")
    if not endpoints or (old is not None and old.get("endpoints") == endpoints):
        return obj
    if not any("deprecatedTopology" in one for one in endpoints):
        return obj
    kept = [{name: value for name, value in one.items() if name != "deprecatedTopology"} for one in endpoints]
    return {**obj, "endpoints": kept}


def _prepare_create(obj: Obj) -> Obj:
    return _without_topology(_first_generation(obj), None)


def _prepare_update(new: Obj, old: Obj) -> Obj:
    """Anything but the metadata counts a generation, and so do the labels."""
    changed = any(
        new.get(name) is not old.get(name) and new.get(name) != old.get(name) for name in _CONTENT
    ) or (new["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {})
    return _without_topology(next_generation(new, old) if changed else new, old)


KIND = Kind(
    kind="EndpointSlice",
    group="discovery.k8s.io",
    version="v1",
    plural="endpointslices",
    singular="endpointslice",
    namespaced=True,
    default=defaulter("api.discovery.v1.EndpointSlice", _TABLE),
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
)
