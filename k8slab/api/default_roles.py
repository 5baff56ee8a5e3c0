"""The roles and bindings that every cluster has, as the API server and its controllers leave them.

An administrator may change and delete them. The API server puts back what is missing
when it starts, which a lab's never does again.

Models plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go (its metadata) and
pkg/registry/rbac/rest/storage_rbac.go (PostStartHook), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from k8slab.api.default_role_tables import (
    AGGREGATED,
    BINDINGS,
    CLUSTER_BINDINGS,
    CLUSTER_ROLES,
    CONTROLLER_ROLES,
    ROLES,
    Rule,
)
from k8slab.api.meta import Obj

GROUP = "rbac.authorization.k8s.io"
KINDS = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
"""The kinds of which there are such objects."""

_CONTROLLER = "system:controller:"
_ANNOTATIONS = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}


@cache
def first_objects(kind: str) -> tuple[Obj, ...]:
    """The objects of one of `KINDS`, by namespace and name, without what the store adds."""
    made = {
        "ClusterRole": _cluster_roles,
        "ClusterRoleBinding": _cluster_role_bindings,
        "Role": _roles,
        "RoleBinding": _role_bindings,
    }[kind]()
    return tuple(sorted(made, key=_place))


def _place(obj: Obj) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _head(kind: str, name: str, namespace: str = "", labels: dict[str, str] | None = None) -> Obj:
    metadata: Obj = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata |= {"labels": {**_LABELS, **(labels or {})}, "annotations": _ANNOTATIONS}
    return {"kind": kind, "apiVersion": f"{GROUP}/v1", "metadata": metadata}


def rules_of(table: Iterable[Rule]) -> list[Obj]:
    """The rules of a table as a role spells them."""
    return [_rule(*one) for one in table]


def _rule(verbs: str, groups_or_paths: str, resources: str = "", names: str = "") -> Obj:
    rule: Obj = {"verbs": verbs.split()}
    if not resources:
        return {**rule, "nonResourceURLs": groups_or_paths.split()}
    rule |= {"apiGroups": groups_or_paths.split(" "), "resources": resources.split()}
    return {**rule, "resourceNames": names.split()} if names else rule


def _cluster_roles() -> list[Obj]:
    roles = [
        {**_head("ClusterRole", name, labels=_chosen_for(name)), "rules": rules_of(table)}
        for name, table in CLUSTER_ROLES.items()
    ]
    for name in AGGREGATED:
        selectors = [{"matchLabels": {_chosen(name): "true"}}]
        roles.append(
            {
                **_head("ClusterRole", name, labels=_chosen_for(name)),
                "aggregationRule": {"clusterRoleSelectors": selectors},
                "rules": rules_of(_gathered(name)),
            }
        )
    for name, table in CONTROLLER_ROLES.items():
        roles.append({**_head("ClusterRole", _CONTROLLER + name), "rules": rules_of(table)})
    return roles


def _chosen(role: str) -> str:
    return f"{GROUP}/aggregate-to-{role}"


def _chosen_for(name: str) -> dict[str, str]:
    """The label of a role that is a part of another."""
    whole = AGGREGATED.get(name) or name.removeprefix("system:aggregate-to-")
    return {_chosen(whole): "true"} if whole != name else {}


def _gathered(name: str) -> tuple[Rule, ...]:
    """The rules of an aggregated role: of the roles that are parts of it, by their names."""
    parts = [part for part, whole in AGGREGATED.items() if whole == name]
    gathered: list[Rule] = []
    for part in sorted([*parts, f"system:aggregate-to-{name}"]):
        gathered += _gathered(part) if part in AGGREGATED else CLUSTER_ROLES[part]
    return tuple(dict.fromkeys(gathered))


def _cluster_role_bindings() -> list[Obj]:
    subjects = {
        **CLUSTER_BINDINGS,
        **{_CONTROLLER + name: (f"ServiceAccount {name}",) for name in CONTROLLER_ROLES},
    }
    return [
        _binding(_head("ClusterRoleBinding", name), "ClusterRole", name, those)
        for name, those in subjects.items()
    ]


def _roles() -> list[Obj]:
    return [
        {**_head("Role", name, namespace), "rules": rules_of(table)}
        for (namespace, name), table in ROLES.items()
    ]


def _role_bindings() -> list[Obj]:
    return [
        _binding(_head("RoleBinding", name, namespace), "Role", role, subjects)
        for (namespace, name), (role, subjects) in BINDINGS.items()
    ]


def _binding(head: Obj, role_kind: str, role: str, subjects: tuple[str, ...]) -> Obj:
    binding = {**head, "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role}}
    return {**binding, "subjects": [_subject(*one.split(" ")) for one in subjects]} if subjects else binding


def _subject(kind: str, name: str) -> Obj:
    if kind == "ServiceAccount":
        return {"kind": kind, "name": name, "namespace": "kube-system"}
    return {"kind": kind, "apiGroup": GROUP, "name": name}
