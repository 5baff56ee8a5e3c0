"""Claims: their spec, and that little more than their size may change.

Models pkg/apis/core/validation/validation.go (ValidatePersistentVolumeClaim,
…Update, …StatusUpdate) and pkg/api/persistentvolumeclaim/util.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api import quantities
from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._claim_spec import validate_claim_spec
from k8slab.api.validation._field import (
    IMMUTABLE,
    all_invalid,
    forbidden,
    invalid,
    not_supported,
    required,
)
from k8slab.api.validation._metadata import rules, validate_metadata
from k8slab.api.validation._names import dns_subdomain, label_key
from k8slab.api.validation._pod_warnings import claim_spec_warnings
from k8slab.api.validation._resources import is_native, nano, validate_amount
from k8slab.api.validation._shape import same

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_RESIZE_STATES = (
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
)


def _create(claim: Obj) -> list[Cause]:
    return validate_claim_spec(claim.get("spec") or {}, "spec")


def _update(new: Obj, old: Obj) -> list[Cause]:
    after, before = new.get("spec") or {}, old.get("spec") or {}
    causes: list[Cause] = []
    if new["metadata"] is not old["metadata"]:
        causes += validate_metadata(new["metadata"], True, dns_subdomain)
    if after is not before:
        causes += validate_claim_spec(after, "spec")
    causes += _changed_spec(new, old)
    if after is before:
        return causes
    causes += _shrunk(new, old)
    if after.get("volumeMode") != before.get("volumeMode"):
        causes.append(invalid("volumeMode", after.get("volumeMode"), IMMUTABLE))
    attributes = after.get("volumeAttributesClassName")
    if attributes != before.get("volumeAttributesClassName"):
        if (old.get("status") or {}).get("currentVolumeAttributesClassName") is not None and not attributes:
            word = "nil" if attributes is None else "empty string"
            detail = f"update to {word} is forbidden when status.currentVolumeAttributesClassName is not nil"
            causes.append(forbidden("spec.volumeAttributesClassName", detail))
    return causes


def _changed_spec(new: Obj, old: Obj) -> list[Cause]:
    """Of a bound claim the size and the attributes class may change, otherwise nothing but the binding."""
    after, before = dict(new.get("spec") or {}), dict(old.get("spec") or {})
    causes: list[Cause] = []
    if not before.get("volumeName"):
        before["volumeName"] = after.get("volumeName")
    notes, old_notes = (one["metadata"].get("annotations") or {} for one in (new, old))
    was, now = before.get("storageClassName"), after.get("storageClassName")
    beta = old_notes.get(BETA_CLASS)
    if beta is not None and was is None and now == beta and notes.get(BETA_CLASS, beta) == beta:
        after["storageClassName"] = None
    else:
        if notes.get(BETA_CLASS, "") != old_notes.get(BETA_CLASS, ""):
            shown = notes.get(BETA_CLASS, "")
            causes.append(invalid(f"metadata.annotations.{BETA_CLASS}", shown, IMMUTABLE))
        if now is not None and was is None and (beta is None or now == beta):
            after["storageClassName"] = None
    if (new.get("status") or {}).get("phase") == "Bound":
        after = _with_size_of(after, before)
        after["volumeAttributesClassName"] = before.get("volumeAttributesClassName")
    if not same("PersistentVolumeClaimSpec", after, before):
        detail = (
            "spec is immutable after creation except resources.requests and "
            f"volumeAttributesClassName for bound claims\n{_difference(before, after)}"
        )
        causes.append(forbidden("spec", detail))
    return causes


def _difference(old: Obj, new: Obj) -> str:
    names = sorted(name for name in {**old, **new} if old.get(name) != new.get(name))
    lines = [f"- \t{name}: {old.get(name)},\n+ \t{name}: {new.get(name)}," for name in names]
    return "\n".join(["  core.PersistentVolumeClaimSpec{", *lines, "  }", ""])


def _size(claim: Obj) -> Any:
    return (((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}).get("storage")


def _with_size_of(after: Obj, before: Obj) -> Obj:
    resources = after.get("resources") or {}
    if not resources.get("requests"):
        return after
    size = ((before.get("resources") or {}).get("requests") or {}).get("storage", "0")
    requests = {**resources["requests"], "storage": size}
    return {**after, "resources": {**resources, "requests": requests}}


def _shrunk(new: Obj, old: Obj) -> list[Cause]:
    """A size may go back, but not to what the volume already has or below."""
    if nano(_size(new)) >= nano(_size(old)):
        return []
    capacity = ((old.get("status") or {}).get("capacity") or {}).get("storage")
    if nano(_size(new)) > nano(capacity):
        return []
    return [forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")]


def _resource_key(name: str, path: str) -> list[Cause]:
    causes = all_invalid(path, name, label_key(name))
    if not causes and is_native(name) and name != "storage":
        causes.append(not_supported(path, name, ("storage",)))
    return causes


def _status(new: Obj, old: Obj) -> list[Cause]:
    status = new.get("status") or {}
    causes: list[Cause] = []
    if not new["metadata"].get("resourceVersion"):
        causes.append(required("resourceVersion"))
    if not (new.get("spec") or {}).get("accessModes"):
        causes.append(required("Spec.accessModes"))
    capacity = status.get("capacity") or {}
    for name in sorted(capacity):
        causes += basic_resource(capacity[name], f"status.capacity[{name}]")
    path, states = "status.allocatedResourceStatuses", status.get("allocatedResourceStatuses") or {}
    for name in sorted(states):
        causes += _resource_key(name, path)
        if states[name] not in _RESIZE_STATES:
            causes.append(not_supported(path, name, sorted(_RESIZE_STATES)))
    path, allocated = "status.allocatedResources", status.get("allocatedResources") or {}
    for name in sorted(allocated):
        where = f"{path}[{name}]"
        found = _resource_key(name, path) or basic_resource(allocated[name], where)
        causes += found or validate_amount("storage", allocated[name], where)
    return causes


def basic_resource(quantity: Any, path: str) -> list[Cause]:
    """A quantity that is not negative, shown as a number."""
    amount = quantities.units(str(quantity))
    return [invalid(path, amount, "must be a valid resource quantity")] if amount < 0 else []


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    found: list[str] = []
    if BETA_CLASS in (new["metadata"].get("annotations") or {}):
        text = 'deprecated since v1.8; use "storageClassName" attribute instead'
        found.append(f"metadata.annotations[{BETA_CLASS}]: {text}")
    return (*found, *claim_spec_warnings(new.get("spec") or {}, "spec"))


RULES = rules(_create, _update, status=_status, warnings=_warnings)
