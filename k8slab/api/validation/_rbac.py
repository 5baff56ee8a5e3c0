"""Rules, subjects and role references of RBAC. Models pkg/apis/rbac/validation/validation.go, v1.36."""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, invalid, not_supported, required
from k8slab.api.validation._names import dns_subdomain, path_segment
from k8slab.api.validation._shape import shape

GROUP = "rbac.authorization.k8s.io"


def validate_policy_rules(policy: Sequence[Obj], *, namespaced: bool) -> list[Cause]:
    """What may be done with which resources or paths."""
    causes: list[Cause] = []
    for index, rule in enumerate(policy):
        path = f"rules[{index}]"
        if not rule.get("verbs"):
            causes.append(required(f"{path}.verbs", "verbs must contain at least one value"))
        urls = list(rule.get("nonResourceURLs") or ())
        if urls:
            where = f"{path}.nonResourceURLs"
            if namespaced:
                detail = "namespaced rules cannot apply to non-resource URLs"
                causes.append(invalid(where, urls, detail))
            if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
                detail = "rules cannot apply to both regular resources and non-resource URLs"
                causes.append(invalid(where, urls, detail))
            continue
        if not rule.get("apiGroups"):
            detail = "resource rules must supply at least one api group"
            causes.append(required(f"{path}.apiGroups", detail))
        if not rule.get("resources"):
            detail = "resource rules must supply at least one resource"
            causes.append(required(f"{path}.resources", detail))
    return causes


def validate_binding(binding: Obj, kinds: Sequence[str], *, namespaced: bool) -> list[Cause]:
    """The role that is given, and to whom."""
    reference = binding.get("roleRef") or {}
    group, kind, name = (reference.get(field) or "" for field in ("apiGroup", "kind", "name"))
    causes: list[Cause] = []
    if group != GROUP:
        causes.append(not_supported("roleRef.apiGroup", group, (GROUP,)))
    if kind not in kinds:
        causes.append(not_supported("roleRef.kind", kind, kinds))
    if not name:
        causes.append(required("roleRef.name"))
    else:
        causes += all_invalid("roleRef.name", name, path_segment(name))
    for index, subject in enumerate(binding.get("subjects") or ()):
        causes += _validate_subject(subject, f"subjects[{index}]", namespaced)
    return causes


def _validate_subject(subject: Obj, path: str, namespaced: bool) -> list[Cause]:
    kind, name, group = (subject.get(field) or "" for field in ("kind", "name", "apiGroup"))
    causes = [] if name else [required(f"{path}.name")]
    if kind == "ServiceAccount":
        if name:
            causes += all_invalid(f"{path}.name", name, dns_subdomain(name))
        if group:
            causes.append(not_supported(f"{path}.apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            causes.append(required(f"{path}.namespace"))
    elif kind in ("User", "Group"):
        if group != GROUP:
            causes.append(not_supported(f"{path}.apiGroup", group, (GROUP,)))
    else:
        causes.append(not_supported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group")))
    return causes


def same_role(new: Obj, old: Obj) -> list[Cause]:
    """The role of a binding stays."""
    after, before = new.get("roleRef") or {}, old.get("roleRef") or {}
    if after == before:
        return []
    return [invalid("roleRef", shape("RoleRef", after), "cannot change roleRef")]
