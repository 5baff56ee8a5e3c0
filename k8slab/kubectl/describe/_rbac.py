"""Roles and bindings.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go and pkg/util/rbac, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.kubectl.describe._parts import labels_and_annotations
from k8slab.kubectl.describe._text import Page


class Permission(NamedTuple):
    """What verbs are for: one resource of one group, perhaps one name of it, or one URL."""

    group: str | None
    resource: str | None
    name: str | None
    url: str | None


def role(page: Page, obj: Obj) -> None:
    """A Role or ClusterRole with its rules, one line a resource."""
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    labels_and_annotations(page, obj)
    page.write(0, "PolicyRule:\n")
    page.write(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs\n")
    page.write(1, "---------\t-----------------\t--------------\t-----\n")
    for permission, verbs in _compact(obj.get("rules") or ()):
        url, name = permission.url or "", permission.name or ""
        page.write(1, f"{_resource_text(permission)}\t[{url}]\t[{name}]\t[{' '.join(verbs)}]\n")


def _compact(rules: Iterable[Obj]) -> list[tuple[Permission, list[str]]]:
    """The verbs of each resource together; each URL keeps a line a verb."""
    urls: list[tuple[Permission, list[str]]] = []
    resources: dict[Permission, list[str]] = {}
    for rule in rules:
        verbs = rule.get("verbs") or ()
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                for verb in verbs:
                    for name in rule.get("resourceNames") or (None,):
                        known = resources.setdefault(Permission(group, resource, name, None), [])
                        if verb not in known:
                            known.append(verb)
        for url in rule.get("nonResourceURLs") or ():
            urls += [(Permission(None, None, None, url), [verb]) for verb in verbs]
    return sorted([*urls, *resources.items()], key=lambda one: _order(*one))


def _order(permission: Permission, verbs: list[str]) -> str:
    """The rule as Go prints the structure itself, by which rules are sorted."""
    group, resource, name, url = ("[]" if one is None else f"[{one}]" for one in permission)
    return (
        f"&PolicyRule{{Verbs:[{' '.join(verbs)}],APIGroups:{group},Resources:{resource},"
        f"ResourceNames:{name},NonResourceURLs:{url},}}"
    )


def _resource_text(permission: Permission) -> str:
    """The resource with its group, e.g. `deployments.apps/scale`."""
    if permission.resource is None:
        return ""
    resource, slash, subresource = permission.resource.partition("/")
    return f"{resource}{f'.{permission.group}' if permission.group else ''}{slash}{subresource}"


def binding(page: Page, obj: Obj) -> None:
    """A RoleBinding or ClusterRoleBinding."""
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    labels_and_annotations(page, obj)
    page.write(0, "Role:\n")
    page.write(1, f"Kind:\t{obj['roleRef'].get('kind', '')}\n")
    page.write(1, f"Name:\t{obj['roleRef'].get('name', '')}\n")
    page.write(0, "Subjects:\n")
    page.write(1, "Kind\tName\tNamespace\n")
    page.write(1, "----\t----\t---------\n")
    for subject in obj.get("subjects") or ():
        page.write(
            1, f"{subject.get('kind', '')}\t{subject.get('name', '')}\t{subject.get('namespace', '')}\n"
        )
