"""PodDisruptionBudgets.

Models pkg/apis/policy/validation/validation.go and
pkg/registry/policy/poddisruptionbudget/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.kind import Rules
from k8slab.api.meta import Obj
from k8slab.api.validation._conditions import validate_conditions
from k8slab.api.validation._field import invalid, nonnegative_fields, not_supported
from k8slab.api.validation._metadata import (
    generic_create,
    generic_update,
    validate_label_selector,
)
from k8slab.api.validation._shape import label_selector
from k8slab.api.validation._workload import not_more_than_100_percent, positive_int_or_percent


def _validate_spec(spec: Obj) -> list[Cause]:
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    causes: list[Cause] = []
    if least is not None and most is not None:
        shown = {
            "MinAvailable": least,
            "Selector": label_selector(spec.get("selector")),
            "MaxUnavailable": most,
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        causes.append(invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set"))
    for name, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            causes += positive_int_or_percent(value, f"spec.{name}")
            causes += not_more_than_100_percent(value, f"spec.{name}")
    causes += validate_label_selector(spec.get("selector"), "spec.selector")
    policy, policies = spec.get("unhealthyPodEvictionPolicy"), ("AlwaysAllow", "IfHealthyBudget")
    if policy is not None and policy not in policies:
        causes.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, policies))
    return causes


def _create(new: Obj) -> list[Cause]:
    # Upstream's own rules leave the metadata to the server's.
    return _validate_spec(new.get("spec") or {}) or generic_create(new["metadata"], True)


def _update(new: Obj, old: Obj) -> list[Cause]:
    causes = generic_update(new["metadata"], old["metadata"])
    if new.get("spec") is old.get("spec"):
        return causes
    return causes + _validate_spec(new.get("spec") or {})


def _status(new: Obj, old: Obj) -> list[Cause]:
    names = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    causes = generic_update(new["metadata"], old["metadata"])
    status = new.get("status") or {}
    causes += validate_conditions(status.get("conditions") or (), "status.conditions")
    return causes + nonnegative_fields(status, "status", names)


RULES = Rules(create=_create, update=_update, status=_status)
