"""IPAddresses. Models pkg/apis/networking/validation/validation.go (ValidateIPAddress), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import IMMUTABLE, all_invalid, invalid, required
from k8slab.api.validation._ip import canonical_ip
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import Messages, dns_subdomain, path_segment

_FIELDS = (("Group", "group"), ("Resource", "resource"), ("Namespace", "namespace"), ("Name", "name"))


def _name_rule(name: str) -> Messages:
    return tuple(cause.message.rpartition(f'"{name}": ')[2] for cause in canonical_ip("", name))


def _create(new: Obj) -> list[Cause]:
    parent, path = (new.get("spec") or {}).get("parentRef"), "spec.parentRef"
    if parent is None:
        return [required(path)]
    causes: list[Cause] = []
    group, namespace = parent.get("group"), parent.get("namespace")
    if group:
        causes += all_invalid(f"{path}.group", group, dns_subdomain(group))
    for name in ("resource", "name"):
        value, where = parent.get(name) or "", f"{path}.{name}"
        causes += all_invalid(where, value, path_segment(value)) if value else [required(where)]
    if namespace:
        causes += all_invalid(f"{path}.namespace", namespace, path_segment(namespace))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    parent = (new.get("spec") or {}).get("parentRef")
    if parent == (old.get("spec") or {}).get("parentRef"):
        return []
    shown = parent and {go_name: parent.get(name) or "" for go_name, name in _FIELDS}
    return [invalid("spec.parentRef", shown, IMMUTABLE)]


RULES = rules(_create, _update, namespaced=False, name_rule=_name_rule, recheck="before")
