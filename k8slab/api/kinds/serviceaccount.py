"""ServiceAccount. Models pkg/registry/core/serviceaccount/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter
from k8slab.api.meta import Obj


def _only_names(obj: Obj) -> Obj:
    """Of the secrets that an account names, only the names are kept."""
    secrets = obj.get("secrets") or ()
    if not any(secret and secret.keys() - {"name"} for secret in secrets):
        return obj
    kept = [{"name": secret["name"]} if (secret or {}).get("name") else {} for secret in secrets]
    return {**obj, "secrets": kept}


def _prepare_update(new: Obj, old: Obj) -> Obj:
    return _only_names(new)


KIND = Kind(
    kind="ServiceAccount",
    group="",
    version="v1",
    plural="serviceaccounts",
    singular="serviceaccount",
    namespaced=True,
    short_names=("sa",),
    subresources=("token",),
    default=defaulter("api.core.v1.ServiceAccount"),
    prepare_create=_only_names,
    prepare_update=_prepare_update,
)
