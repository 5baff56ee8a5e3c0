"""LimitRange. Models pkg/apis/core/v1/defaults.go and pkg/registry/core/limitrange/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._pod_spec import RESOURCES
from k8slab.api.meta import Obj, assoc


def _with_defaults(item: Obj) -> Obj:
    """A container's default limit is the maximum, its default request the default limit or the minimum."""
    if item.get("type") != "Container":
        return item
    limits = {**(item.get("max") or {}), **(item.get("default") or {})}
    requests = {**(item.get("min") or {}), **limits, **(item.get("defaultRequest") or {})}
    new: Obj = {}
    for name, amounts in (("default", limits), ("defaultRequest", requests)):
        if amounts and amounts != item.get(name):
            new[name] = amounts
    return {**item, **new} if new else item


_TABLE = Table(hooks={"api.core.v1.LimitRangeItem": _with_defaults})


def _named(obj: Obj) -> Obj:
    """A LimitRange without a name gets its uid as one."""
    metadata = obj["metadata"]
    return obj if metadata.get("name") else assoc(obj, "metadata", "name", metadata.get("uid", ""))


KIND = Kind(
    kind="LimitRange",
    group="",
    version="v1",
    plural="limitranges",
    singular="limitrange",
    namespaced=True,
    short_names=("limits",),
    default=defaulter("api.core.v1.LimitRange", RESOURCES, _TABLE),
    prepare_create=_named,
    create_on_update=True,
)
