"""DaemonSets. Models pkg/apis/apps/validation/validation.go (ValidateDaemonSet), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    invalid,
    nonnegative,
    nonnegative_fields,
    not_supported,
    required,
    sorted_map,
)
from k8slab.api.validation._metadata import (
    generation_changed,
    rules,
    selector_is_broken,
    validate_label_selector,
)
from k8slab.api.validation._pod_spec import validate_pod_template
from k8slab.api.validation._pod_warnings import template_warnings
from k8slab.api.validation._replicas import immutable_selector
from k8slab.api.validation._shape import label_selector, shape
from k8slab.api.validation._workload import (
    MISMATCH,
    int_or_percent,
    is_empty_selector,
    not_more_than_100_percent,
    positive_int_or_percent,
    selector_matches,
    template_labels,
    validate_always_restarts,
    validate_collision_count,
)


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    selector, template = spec.get("selector"), spec.get("template") or {}
    causes = validate_label_selector(selector, "spec.selector")
    labels = template_labels(template)
    if not selector_is_broken(selector) and not selector_matches(selector, labels):
        causes.append(invalid("spec.template.metadata.labels", sorted_map(labels), MISMATCH))
    if selector is not None and is_empty_selector(selector):
        detail = "empty selector is invalid for daemonset"
        causes.append(invalid("spec.selector", label_selector(selector), detail))
    causes += validate_pod_template(template, "spec.template")
    causes += validate_always_restarts(template, "spec.template", "DaemonSet")
    causes += nonnegative(spec.get("minReadySeconds"), "spec.minReadySeconds")
    causes += _validate_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    return causes + nonnegative(spec.get("revisionHistoryLimit"), "spec.revisionHistoryLimit")


def _validate_strategy(strategy: Obj, path: str) -> list[Cause]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        shown = shape("DaemonSetUpdateStrategy", strategy)
        return [not_supported(path, shown, ("RollingUpdate", "OnDelete"))]
    where = f"{path}.rollingUpdate"
    if rolling is None:
        return [required(where)]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    causes: list[Cause] = []
    for check in (positive_int_or_percent, not_more_than_100_percent):
        causes += check(unavailable, f"{where}.maxUnavailable")
        causes += check(surge, f"{where}.maxSurge")
    has_unavailable, has_surge = int_or_percent(unavailable) != 0, int_or_percent(surge) != 0
    if has_unavailable and has_surge:
        detail = "may not be set when maxUnavailable is non-zero"
        causes.append(invalid(f"{where}.maxSurge", surge, detail))
    elif not has_unavailable and not has_surge:
        causes.append(required(f"{where}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    if new.get("spec") is old.get("spec"):
        return []
    return immutable_selector(new, old) + _create(new)


_NUMBERS = (
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "observedGeneration",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount",
)


def _status(new: Obj, old: Obj) -> list[Cause]:
    causes = nonnegative_fields(new.get("status") or {}, "status", _NUMBERS)
    return causes + validate_collision_count(new, old)


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    if not generation_changed(new, old):
        return ()
    return tuple(template_warnings((new.get("spec") or {}).get("template") or {}, "spec.template"))


RULES = rules(_create, _update, status=_status, warnings=_warnings)
