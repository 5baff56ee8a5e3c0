"""The kinds that CustomResourceDefinitions add, for controllers that meet objects of any kind.

Models what discovery tells pkg/controller/{disruption,namespace,resourcequota,podautoscaler}, v1.36.
"""

from __future__ import annotations

from k8slab.api.custom_scale import scale_of
from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj
from k8slab.store.view import View


def custom_kinds(view: View) -> tuple[Kind, ...]:
    """The namespaced custom kinds, in the order in which they were defined."""
    return tuple(_kind_of(one) for one in view.list("CustomResourceDefinition") if _is_counted(one))


def _is_counted(definition: Obj) -> bool:
    spec = definition["spec"]
    return spec["scope"] == "Namespaced" and spec["names"]["kind"] not in kinds()


def kind_at(view: View, group: str, kind: str) -> Kind | None:
    """The kind of a group, built-in or custom and namespaced; None where nothing serves it."""
    for one in (kinds().get(kind), *custom_kinds(view)):
        if one is not None and (one.group, one.kind) == (group, kind):
            return one
    return None


def _kind_of(definition: Obj) -> Kind:
    spec = definition["spec"]
    names = spec["names"]
    stored: Obj = next((one for one in spec["versions"] if one.get("storage")), {"name": ""})
    return Kind(
        kind=names["kind"],
        group=spec["group"],
        version=stored["name"],
        plural=names["plural"],
        singular=names.get("singular") or "",
        namespaced=True,
        scale=scale_of((stored.get("subresources") or {}).get("scale")),
    )
