"""Deployments. Models pkg/apis/apps/validation/validation.go (ValidateDeployment), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import forbidden, invalid, nonnegative, not_supported, required
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._replicas import immutable_selector, workload_warnings
from k8slab.api.validation._shape import shape
from k8slab.api.validation._workload import (
    int_or_percent,
    not_more_than_100_percent,
    positive_int_or_percent,
    validate_collision_count,
    validate_replica_status,
    validate_selector_and_template,
)


def _validate_spec(spec: Obj) -> list[Cause]:
    causes = nonnegative(spec.get("replicas"), "spec.replicas")
    causes += validate_selector_and_template(spec, "spec")
    causes += _validate_strategy(spec.get("strategy") or {}, "spec.strategy")
    for name in ("minReadySeconds", "revisionHistoryLimit"):
        causes += nonnegative(spec.get(name), f"spec.{name}")
    seconds, where = spec.get("progressDeadlineSeconds"), "spec.progressDeadlineSeconds"
    if seconds is not None:
        causes += nonnegative(seconds, where)
        if seconds <= (spec.get("minReadySeconds") or 0):
            causes.append(invalid(where, seconds, "must be greater than minReadySeconds"))
    return causes


def _validate_strategy(strategy: Obj, path: str) -> list[Cause]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    where = f"{path}.rollingUpdate"
    if kind == "Recreate":
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden(where, detail)] if rolling is not None else []
    if kind != "RollingUpdate":
        return [not_supported(path, shape("DeploymentStrategy", strategy), ("Recreate", "RollingUpdate"))]
    if rolling is None:
        return [required(where, "this should be defaulted and never be nil")]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    causes = positive_int_or_percent(unavailable, f"{where}.maxUnavailable")
    causes += positive_int_or_percent(surge, f"{where}.maxSurge")
    if int_or_percent(unavailable) == 0 and int_or_percent(surge) == 0:
        causes.append(invalid(f"{where}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    return causes + not_more_than_100_percent(unavailable, f"{where}.maxUnavailable")


def _create(new: Obj) -> list[Cause]:
    return _validate_spec(new.get("spec") or {})


def _update(new: Obj, old: Obj) -> list[Cause]:
    if new.get("spec") is old.get("spec"):
        return []
    return _validate_spec(new.get("spec") or {}) + immutable_selector(new, old)


_NUMBERS = (
    "observedGeneration",
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "terminatingReplicas",
    "collisionCount",
)


def _status(new: Obj, old: Obj) -> list[Cause]:
    parts = ("updatedReplicas", "readyReplicas", "availableReplicas")
    causes = validate_replica_status(new.get("status") or {}, "status", _NUMBERS, parts)
    return causes + validate_collision_count(new, old)


RULES = rules(_create, _update, status=_status, warnings=workload_warnings)
