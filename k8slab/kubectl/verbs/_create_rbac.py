"""`create role`, `clusterrole`, `rolebinding` and `clusterrolebinding`.

Models staging/src/k8s.io/kubectl/pkg/cmd/create/{create_role,create_clusterrole,create_rolebinding,
create_clusterrolebinding}.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.kind import Kind
from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import kind_named
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._create import generator, metadata_of

_GROUP = "rbac.authorization.k8s.io"
_VERSION = f"{_GROUP}/v1"
_RESOURCE_VERBS = [
    "*",
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
]
_URL_VERBS = ["*", "get", "put", "post", "head", "options", "delete", "patch"]
_ROLES = (("roles", _GROUP), ("clusterroles", _GROUP))
_SPECIAL_VERBS = {
    "use": (("podsecuritypolicies", "policy"), ("podsecuritypolicies", "extensions")),
    "bind": _ROLES,
    "escalate": _ROLES,
    "impersonate": (
        ("users", ""),
        ("serviceaccounts", ""),
        ("groups", ""),
        ("userextras", "authentication.k8s.io"),
    ),
}


class _Resource(NamedTuple):
    """A resource as `--resource` writes it: `deployments.apps/scale`."""

    name: str
    group: str
    subresource: str


def _resources(texts: list[str]) -> list[_Resource]:
    found = []
    for text in texts:
        whole, slash, subresource = text.partition("/")
        name, dot, group = whole.partition(".")
        if name == "*" and not dot and not slash:
            return [_Resource(name, group, subresource)]
        found.append(_Resource(name, group, subresource))
    return found


def _known(session: Session, resource: _Resource) -> Kind | None:
    try:
        return kind_named(f"{resource.name}.{resource.group}" if resource.group else resource.name, session)
    except KubectlError:
        return None


def _check_verbs(session: Session) -> list[str]:
    verbs = list(dict.fromkeys(session.flags["verb"]))
    if not verbs:
        raise fail("at least one verb must be specified")
    return ["*"] if "*" in verbs else verbs


def _warn_of_verbs(session: Session, verbs: list[str]) -> None:
    for verb in verbs:
        if verb not in _RESOURCE_VERBS:
            session.warn(f"Warning: '{verb}' is not a standard resource verb\n")


def _check_resources(session: Session, resources: list[_Resource], verbs: list[str]) -> None:
    for one in resources:
        if not one.name:
            raise fail("resource must be specified if apiGroup/subresource specified")
        if one.name == "*":
            return
        kind = _known(session, one)
        pair = (kind.plural, kind.group) if kind is not None else (one.name, one.group)
        excused = False
        for verb in verbs:
            special = _SPECIAL_VERBS.get(verb)
            if special is None:
                continue
            if pair not in special:
                raise fail(f"can not perform '{verb}' on '{pair[0]}' in group '{pair[1]}'")
            excused = True
        if kind is None and not excused:
            where = f' in group "{one.group}"' if one.group else ""
            raise KubectlError(f'the server doesn\'t have a resource type "{one.name}"{where}\n')


def _rules(
    session: Session, verbs: list[str], resources: list[_Resource], names: list[str], urls: list[str]
) -> list[Obj]:
    """A rule for each API group, and one for URLs."""
    groups: dict[str, dict[str, bool]] = {}
    for one in resources:
        kind = _known(session, one)
        name, group = (kind.plural, kind.group) if kind is not None else (one.name, one.group)
        if one.subresource:
            name = f"{name}/{one.subresource}"
        groups.setdefault(group, {})[name] = True
    rules: list[Obj] = []
    for group in sorted(groups):
        rule: Obj = {"verbs": verbs, "apiGroups": [group], "resources": list(groups[group])}
        if names:
            rule["resourceNames"] = names
        rules.append(rule)
    if urls:
        rules.append({"verbs": verbs, "nonResourceURLs": urls})
    return rules


def _role(session: Session, name: str) -> Obj:
    flags = session.flags
    verbs = _check_verbs(session)
    _warn_of_verbs(session, verbs)
    resources = _resources(flags["resource"])
    if not resources:
        raise fail("at least one resource must be specified")
    _check_resources(session, resources, verbs)
    names = list(dict.fromkeys(flags["resource-name"]))
    return {
        "apiVersion": _VERSION,
        "kind": "Role",
        "metadata": metadata_of(session, name),
        "rules": _rules(session, verbs, resources, names, []),
    }


def _cluster_role(session: Session, name: str) -> Obj:
    flags = session.flags
    obj: Obj = {"apiVersion": _VERSION, "kind": "ClusterRole", "metadata": {"name": name}}
    if flags["aggregation-rule"]:
        if any(flags[one] for one in ("non-resource-url", "verb", "resource", "resource-name")):
            raise fail(
                "aggregation rule must be specified without nonResourceURLs, verbs, "
                "resources or resourceNames"
            )
        labels = flags["aggregation-rule"]
        return {
            **obj,
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": labels}]},
            "rules": None,
        }
    verbs = _check_verbs(session)
    resources = _resources(flags["resource"])
    urls = list(dict.fromkeys(flags["non-resource-url"]))
    if not resources and not urls:
        raise fail("one of resource or nonResourceURL must be specified")
    if resources:
        _warn_of_verbs(session, verbs)
        _check_resources(session, resources, verbs)
    _check_urls(urls, verbs)
    names = list(dict.fromkeys(flags["resource-name"]))
    return {**obj, "rules": _rules(session, verbs, resources, names, urls)}


def _check_urls(urls: list[str], verbs: list[str]) -> None:
    for verb in verbs if urls else ():
        if verb not in _URL_VERBS:
            raise fail(f"invalid verb: '{verb}' for nonResourceURL")
    for url in urls:
        if url == "*":
            continue
        if not url.startswith("/"):
            raise fail("nonResourceURL should start with /")
        if "*" in url[:-1]:
            raise fail("nonResourceURL only supports wildcard matches when '*' is at the end")


def _subjects(session: Session) -> list[Obj]:
    flags = session.flags
    subjects: list[Obj] = [{"kind": "User", "apiGroup": _GROUP, "name": one} for one in flags["user"]]
    subjects += [{"kind": "Group", "apiGroup": _GROUP, "name": one} for one in flags["group"]]
    for text in flags["serviceaccount"]:
        parts = text.split(":")
        if len(parts) != 2 or not all(parts):
            raise fail("serviceaccount must be <namespace>:<name>")
        subjects.append({"kind": "ServiceAccount", "name": parts[1], "namespace": parts[0]})
    return subjects


def _binding(session: Session, kind: str, metadata: Obj, role_kind: str, role: str) -> Obj:
    obj: Obj = {
        "apiVersion": _VERSION,
        "kind": kind,
        "metadata": metadata,
        "roleRef": {"apiGroup": _GROUP, "kind": role_kind, "name": role},
    }
    subjects = _subjects(session)
    return {**obj, "subjects": subjects} if subjects else obj


def _role_binding(session: Session, name: str) -> Obj:
    role, cluster_role = session.flags["role"], session.flags["clusterrole"]
    if bool(role) == bool(cluster_role):
        raise fail("exactly one of clusterrole or role must be specified")
    kind = "Role" if role else "ClusterRole"
    return _binding(session, "RoleBinding", metadata_of(session, name), kind, role or cluster_role)


def _cluster_role_binding(session: Session, name: str) -> Obj:
    return _binding(
        session, "ClusterRoleBinding", {"name": name}, "ClusterRole", session.flags["clusterrole"]
    )


_RULE_FLAGS = (
    Flag("verb", type="strings"),
    Flag("resource", type="strings"),
    Flag("resource-name", type="array"),
)
_SUBJECT_FLAGS = (
    Flag("clusterrole"),
    Flag("user", type="array"),
    Flag("group", type="array"),
    Flag("serviceaccount", type="array"),
)
ROLE = generator("role", _role, *_RULE_FLAGS, summary="Create a role with single rule")
CLUSTER_ROLE = generator(
    "clusterrole",
    _cluster_role,
    *_RULE_FLAGS,
    Flag("non-resource-url", type="strings"),
    Flag("aggregation-rule", type="pairs"),
    summary="Create a cluster role",
)
ROLE_BINDING = generator(
    "rolebinding",
    _role_binding,
    *_SUBJECT_FLAGS,
    Flag("role"),
    failure="failed to create rolebinding:",
    summary="Create a role binding for a particular role or cluster role",
)
CLUSTER_ROLE_BINDING = generator(
    "clusterrolebinding",
    _cluster_role_binding,
    *_SUBJECT_FLAGS,
    failure="failed to create clusterrolebinding:",
    required=("clusterrole",),
    summary="Create a cluster role binding for a particular cluster role",
)
