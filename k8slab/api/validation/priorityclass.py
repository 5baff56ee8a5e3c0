"""PriorityClasses. Models pkg/apis/scheduling/validation/validation.go, v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import IMMUTABLE, enumerated, forbidden, invalid
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._pod_spec import PREEMPTION_POLICIES

HIGHEST_USER_PRIORITY = 1_000_000_000
_SYSTEM = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}


def _system_fault(name: str, value: int, is_default: bool) -> str:
    """Why a reserved name is refused; "" for the two that exist."""
    if name not in _SYSTEM:
        return f"{name} is not a known system priority class"
    if value != _SYSTEM[name]:
        return f"value of {name} PriorityClass must be {_SYSTEM[name]}"
    return f"globalDefault of {name} PriorityClass must be false" if is_default else ""


def _create(new: Obj) -> list[Cause]:
    name, value = new["metadata"].get("name") or "", new.get("value") or 0
    causes: list[Cause] = []
    if name.startswith("system-"):
        fault = _system_fault(name, value, bool(new.get("globalDefault")))
        if fault:
            detail = "priority class names with 'system-' prefix are reserved for system use only. error: "
            causes.append(forbidden("metadata.name", detail + fault))
    elif value > HIGHEST_USER_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}"
        causes.append(forbidden("value", detail))
    policy = new.get("preemptionPolicy")
    return causes if policy is None else causes + enumerated(policy, "preemptionPolicy", PREEMPTION_POLICIES)


def _update(new: Obj, old: Obj) -> list[Cause]:
    causes: list[Cause] = []
    if (new.get("value") or 0) != (old.get("value") or 0):
        causes.append(forbidden("value", "may not be changed in an update."))
    policy = new.get("preemptionPolicy")
    if policy != old.get("preemptionPolicy"):
        causes.append(invalid("preemptionPolicy", policy, IMMUTABLE))
    return causes


RULES = rules(_create, _update, namespaced=False)
