"""CSIStorageCapacities. Models pkg/apis/storage/validation/validation.go, v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import IMMUTABLE, all_invalid, invalid
from k8slab.api.validation._metadata import rules, validate_label_selector
from k8slab.api.validation._names import dns_subdomain
from k8slab.api.validation._resources import validate_nonnegative_quantity
from k8slab.api.validation._shape import label_selector, same


def _create(new: Obj) -> list[Cause]:
    name = new.get("storageClassName") or ""
    causes = validate_label_selector(new.get("nodeTopology"), "nodeTopology")
    causes += all_invalid("storageClassName", name, dns_subdomain(name))
    if new.get("capacity") is not None:
        causes += validate_nonnegative_quantity(new["capacity"], "capacity")
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    causes: list[Cause] = []
    topology = new.get("nodeTopology")
    if not same("LabelSelector", topology, old.get("nodeTopology"), pointer=True):
        causes.append(invalid("nodeTopology", label_selector(topology), IMMUTABLE))
    name = new.get("storageClassName") or ""
    if name != (old.get("storageClassName") or ""):
        causes.append(invalid("storageClassName", name, IMMUTABLE))
    return causes


RULES = rules(_create, _update, recheck="before")
