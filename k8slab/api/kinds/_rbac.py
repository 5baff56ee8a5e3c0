"""What bindings of roles default to. Models pkg/apis/rbac/v1/defaults.go, v1.36."""

from __future__ import annotations

from k8slab.api.kinds._defaulting import Table
from k8slab.api.meta import Obj

GROUP = "rbac.authorization.k8s.io"


def _with_group(subject: Obj) -> Obj:
    """Users and groups belong to the API group of roles; service accounts to none."""
    if subject.get("kind") not in ("User", "Group") or subject.get("apiGroup"):
        return subject
    return {**subject, "apiGroup": GROUP}


BINDINGS = Table(
    defaults={"api.rbac.v1.RoleRef": {"apiGroup": GROUP}},
    hooks={"api.rbac.v1.Subject": _with_group},
)
