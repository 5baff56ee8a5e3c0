"""The kinds that CustomResourceDefinitions add, for controllers that go over the objects of all kinds.

Models what discovery tells pkg/controller/{namespace,resourcequota}, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj
from k8slab.store.view import View


def custom_kinds(view: View) -> tuple[Kind, ...]:
    """The namespaced custom kinds, in the order in which they were defined."""
    return tuple(_kind_of(one) for one in view.list("CustomResourceDefinition") if _is_counted(one))


def _is_counted(definition: Obj) -> bool:
    spec = definition["spec"]
    return spec["scope"] == "Namespaced" and spec["names"]["kind"] not in kinds()


def _kind_of(definition: Obj) -> Kind:
    spec = definition["spec"]
    names = spec["names"]
    version = next((one["name"] for one in spec["versions"] if one.get("storage")), "")
    singular = names.get("singular") or ""
    return Kind(names["kind"], spec["group"], version, names["plural"], singular, namespaced=True)
