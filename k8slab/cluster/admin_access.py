"""Admin access to devices: only claims in namespaces whose label allows it may ask for it.

Models pkg/registry/resource/utils.go (AuthorizedForAdmin, AuthorizedForAdminStatus), v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj, dig, labels_of
from k8slab.api.validation._field import forbidden
from k8slab.cluster.world import World

_LABEL = "resource.kubernetes.io/admin-access"
_DETAIL = f"admin access to devices requires the `{_LABEL}: true` label on the containing namespace"
_SPECS = {"ResourceClaim": ("spec",), "ResourceClaimTemplate": ("spec", "spec")}


def validate_created(world: World, kind: str, new: Obj) -> list[Cause]:
    """What is wrong with a new claim or template; a spec never changes, so updates aren't asked."""
    if kind not in _SPECS:
        return []
    requests = dig(new, *_SPECS[kind], "devices", "requests") or ()
    # A template's requests are reported as if they stood in a claim.
    return _allowed(world, new, [one.get("exactly") or {} for one in requests], "spec.devices.requests")


def validate_status(world: World, kind: str, new: Obj, old: Obj) -> list[Cause]:
    """What is wrong with a claim's status that grants the access for the first time."""
    if kind != "ResourceClaim":
        return []
    path = ("status", "allocation", "devices", "results")
    if any(one.get("adminAccess") for one in dig(old, *path) or ()):
        return []
    return _allowed(world, new, list(dig(new, *path) or ()), ".".join(path))


def _allowed(world: World, claim: Obj, rows: list[Obj], path: str) -> list[Cause]:
    """One fault, at the first row that has the access, where the namespace doesn't allow it."""
    asking = next((index for index, row in enumerate(rows) if row.get("adminAccess")), None)
    if asking is None:
        return []
    namespace = world.store.get("Namespace", ("", claim["metadata"].get("namespace", "")))
    if namespace is not None and labels_of(namespace).get(_LABEL) == "true":
        return []
    return [forbidden(f"{path}[{asking}].adminAccess", _DETAIL)]
