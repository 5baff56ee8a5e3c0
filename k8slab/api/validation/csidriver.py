"""CSIDrivers. Models pkg/apis/storage/validation/validation.go (ValidateCSIDriver), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import IMMUTABLE, duplicate, invalid, not_supported, required
from k8slab.api.validation._metadata import rules

_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
_NEEDED = (
    ("attachRequired", "attachedRequired"),
    ("podInfoOnMount", "podInfoOnMount"),
    ("storageCapacity", "storageCapacity"),
)


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    causes = [required(f"spec.{shown}") for name, shown in _NEEDED if spec.get(name) is None]
    policy = spec.get("fsGroupPolicy")
    if policy is not None and policy not in _POLICIES:
        causes.append(not_supported("spec.fsGroupPolicy", policy, _POLICIES))
    causes += _validate_tokens(spec)
    for mode in spec.get("volumeLifecycleModes") or ():
        if mode not in ("Persistent", "Ephemeral"):
            causes.append(not_supported("spec.volumeLifecycleModes", mode, ("Persistent", "Ephemeral")))
    if spec.get("seLinuxMount") is None:
        causes.append(required("spec.seLinuxMount"))
    seconds = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if seconds is not None and seconds < 10:
        detail = "must be greater than or equal to 10 seconds"
        causes.append(invalid("spec.nodeAllocatableUpdatePeriodSeconds", seconds, detail))
    in_secrets = spec.get("serviceAccountTokenInSecrets")
    if in_secrets is not None and not spec.get("tokenRequests"):
        detail = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        causes.append(invalid("spec.serviceAccountTokenInSecrets", in_secrets, detail))
    return causes


def _validate_tokens(spec: Obj) -> list[Cause]:
    causes: list[Cause] = []
    seen: list[str] = []
    for index, request in enumerate(spec.get("tokenRequests") or ()):
        path, audience = f"spec.tokenRequests[{index}]", request.get("audience") or ""
        seconds = request.get("expirationSeconds")
        if audience in seen:
            causes.append(duplicate(f"{path}.audience", audience))
            continue
        seen.append(audience)
        if seconds is not None and seconds < 600:
            detail = "may not specify a duration less than 10 minutes"
            causes.append(invalid(f"{path}.expirationSeconds", seconds, detail))
        if seconds is not None and seconds > 1 << 32:
            detail = "may not specify a duration larger than 2^32 seconds"
            causes.append(invalid(f"{path}.expirationSeconds", seconds, detail))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    after, before = new.get("spec") or {}, old.get("spec") or {}
    causes = _create(new)
    for name, shown in (
        ("attachRequired", "attachedRequired"),
        ("volumeLifecycleModes", "volumeLifecycleModes"),
    ):
        if after.get(name) != before.get(name):
            causes.append(invalid(f"spec.{shown}", after.get(name), IMMUTABLE))
    return causes


_TOKENS_EXPOSED = (
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent "
    "possible logging of tokens in volume attributes"
)


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    """Tokens that are asked for, now or anew, come among the volume attributes unless told otherwise."""
    spec = new.get("spec") or {}
    asked = spec.get("tokenRequests") or []
    before = ((old or {}).get("spec") or {}).get("tokenRequests") or []
    if asked and asked != before and spec.get("serviceAccountTokenInSecrets") is None:
        return (_TOKENS_EXPOSED,)
    return ()


RULES = rules(_create, _update, namespaced=False, warnings=_warnings)
