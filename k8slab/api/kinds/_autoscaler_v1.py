"""HorizontalPodAutoscalers in the shape of `autoscaling/v1`: one CPU target, all else as text in annotations.

The text has the old version's shapes, and for the behaviour the names of Go's
own fields: that is what clients of the old version have always been given.

Models pkg/apis/autoscaling/v1/conversion.go, v1.36.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from k8slab.api.json_text import go_json
from k8slab.api.meta import Obj, assoc, dig

_METRICS = "autoscaling.alpha.kubernetes.io/metrics"
_CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics"
_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
_BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
_CARRIED = (_METRICS, _CURRENT_METRICS, _CONDITIONS, _BEHAVIOR)


class _Moved(NamedTuple):
    """A field's name in v1, its path in v2, and whether v1 writes it although it is zero."""

    old: str
    path: tuple[str, ...]
    always: bool = False


_METRIC_NAME = _Moved("metricName", ("metric", "name"), True)
_SELECTOR = _Moved("selector", ("metric", "selector"))
_METRIC_SELECTOR = _Moved("metricSelector", ("metric", "selector"))
_NAME = _Moved("name", ("name",), True)
_CONTAINER = _Moved("container", ("container",), True)
_DESCRIBED = _Moved("target", ("describedObject",), True)

_SPEC_FIELDS: dict[str, tuple[_Moved, ...]] = {
    "object": (
        _DESCRIBED,
        _METRIC_NAME,
        _Moved("targetValue", ("target", "value"), True),
        _SELECTOR,
        _Moved("averageValue", ("target", "averageValue")),
    ),
    "pods": (_METRIC_NAME, _Moved("targetAverageValue", ("target", "averageValue"), True), _SELECTOR),
    "resource": (
        _NAME,
        _Moved("targetAverageUtilization", ("target", "averageUtilization")),
        _Moved("targetAverageValue", ("target", "averageValue")),
    ),
    "containerResource": (
        _NAME,
        _Moved("targetAverageUtilization", ("target", "averageUtilization")),
        _Moved("targetAverageValue", ("target", "averageValue")),
        _CONTAINER,
    ),
    "external": (
        _METRIC_NAME,
        _METRIC_SELECTOR,
        _Moved("targetValue", ("target", "value")),
        _Moved("targetAverageValue", ("target", "averageValue")),
    ),
}
_USED = (
    _Moved("currentAverageUtilization", ("current", "averageUtilization")),
    _Moved("currentAverageValue", ("current", "averageValue"), True),
)
_STATUS_FIELDS: dict[str, tuple[_Moved, ...]] = {
    "object": (
        _DESCRIBED,
        _METRIC_NAME,
        _Moved("currentValue", ("current", "value"), True),
        _SELECTOR,
        _Moved("averageValue", ("current", "averageValue")),
    ),
    "pods": (_METRIC_NAME, _Moved("currentAverageValue", ("current", "averageValue"), True), _SELECTOR),
    "resource": (_NAME, *_USED),
    "containerResource": (_NAME, *_USED, _CONTAINER),
    "external": (
        _METRIC_NAME,
        _METRIC_SELECTOR,
        _Moved("currentValue", ("current", "value"), True),
        _Moved("currentAverageValue", ("current", "averageValue")),
    ),
}
_CONDITION_FIELDS = ("type", "status", "lastTransitionTime", "reason", "message")
_RULE_FIELDS = ("stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance")
_POLICY_FIELDS = ("type", "value", "periodSeconds")


def _old_metric(metric: Obj, fields: dict[str, tuple[_Moved, ...]]) -> Obj:
    """A metric in v1's shape, its keys in Go's order."""
    result: Obj = {"type": metric.get("type", "")}
    for source, moved in fields.items():
        if metric.get(source) is None:
            continue
        old: Obj = {}
        for field in moved:
            value = dig(metric[source], *field.path)
            if field is _DESCRIBED:
                value = {
                    name: value[name] for name in ("kind", "name", "apiVersion") if name in (value or {})
                }
            if value is not None or field.always:
                old[field.old] = value if value is not None else _zero(field)
        result[source] = old
    return result


def _zero(field: _Moved) -> str:
    return "0" if field.old.endswith("Value") else ""


def _new_metric(metric: Obj, fields: dict[str, tuple[_Moved, ...]]) -> Obj:
    """A metric in v2's shape, with the target's type where it has a target."""
    result: Obj = {"type": metric.get("type", "")}
    for source, moved in fields.items():
        if metric.get(source) is None:
            continue
        new: Obj = {}
        for field in moved:
            value = metric[source].get(field.old)
            if value is not None:
                new = assoc(new, *field.path, value)
        if fields is _SPEC_FIELDS:
            new = assoc(new, "target", _typed(source, new.get("target") or {}))
        result[source] = new
    return result


def _typed(source: str, target: Obj) -> Obj:
    """A target with its type, which v1 leaves to be seen from what is given."""
    if source == "object" and "averageValue" in target and target.get("value") == "0":
        target = {name: value for name, value in target.items() if name != "value"}
    if "averageUtilization" in target:
        return {"type": "Utilization", **target}
    is_value = "value" in target and (source == "external" or "averageValue" not in target)
    return {"type": "Value" if is_value else "AverageValue", **target}


def _go_name(name: str) -> str:
    return name[:1].upper() + name[1:]


def _old_behavior(behavior: Obj) -> Obj:
    """The behaviour with Go's field names, every field written."""

    def rules(direction: Obj | None) -> Obj | None:
        if direction is None:
            return None
        result = {_go_name(name): direction.get(name) for name in _RULE_FIELDS}
        policies = direction.get("policies") or ()
        result["Policies"] = [{_go_name(name): one.get(name) for name in _POLICY_FIELDS} for one in policies]
        return result

    return {_go_name(name): rules(behavior.get(name)) for name in ("scaleUp", "scaleDown")}


def _new_behavior(behavior: Any) -> Obj:
    """The behaviour out of an annotation; what is null there is absent."""
    if isinstance(behavior, dict):
        return {
            name[:1].lower() + name[1:]: _new_behavior(value)
            for name, value in behavior.items()
            if value is not None
        }
    return [_new_behavior(item) for item in behavior] if isinstance(behavior, list) else behavior  # type: ignore[return-value]


def _is_cpu_utilization(metric: Obj) -> bool:
    return (
        metric.get("type") == "Resource"
        and dig(metric, "resource", "name") == "cpu"
        and dig(metric, "resource", "target", "averageUtilization") is not None
    )


def _parsed(text: str | None) -> Any:
    """What an annotation says; None where it isn't there or isn't JSON."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _cpu(field: str, part: str, percentage: int) -> Obj:
    used: Obj = {"averageUtilization": percentage}
    if part == "target":
        used = {"type": "Utilization", **used}
    return {"type": field, "resource": {"name": "cpu", part: used}}


def to_storage(autoscaler: Obj) -> Obj:
    """From v1: the CPU target becomes a metric, and the carried fields come out of the annotations."""
    spec, status = dict(autoscaler.get("spec") or {}), dict(autoscaler.get("status") or {})
    metadata = dict(autoscaler.get("metadata") or {})
    annotations = metadata.pop("annotations", None) or {}
    target = spec.pop("targetCPUUtilizationPercentage", None)
    metrics = [_new_metric(metric, _SPEC_FIELDS) for metric in _parsed(annotations.get(_METRICS)) or ()]
    if target is not None:
        metrics.append(_cpu("Resource", "target", target))
    if metrics:
        spec["metrics"] = metrics
    behavior = _parsed(annotations.get(_BEHAVIOR))
    if behavior:
        spec["behavior"] = _new_behavior(behavior)
    used = status.pop("currentCPUUtilizationPercentage", None)
    if used is not None:
        status["currentMetrics"] = [_cpu("Resource", "current", used)]
    current = _parsed(annotations.get(_CURRENT_METRICS))
    if current:
        status["currentMetrics"] = [_new_metric(metric, _STATUS_FIELDS) for metric in current]
    conditions = _parsed(annotations.get(_CONDITIONS))
    if conditions:
        status["conditions"] = conditions
    kept = {name: text for name, text in annotations.items() if name not in _CARRIED}
    if kept:
        metadata["annotations"] = kept
    new = {**autoscaler, "apiVersion": "autoscaling/v2", "metadata": metadata, "spec": spec}
    return {**new, "status": status} if "status" in autoscaler else new


def from_storage(autoscaler: Obj) -> Obj:
    """To v1: the first CPU metric is a field, the others are text in annotations."""
    spec, status = dict(autoscaler.get("spec") or {}), dict(autoscaler.get("status") or {})
    metrics, behavior = spec.pop("metrics", None) or [], spec.pop("behavior", None)
    conditions, current = status.pop("conditions", None) or [], status.pop("currentMetrics", None) or []
    cpu = [metric for metric in metrics if _is_cpu_utilization(metric)]
    if cpu:
        spec["targetCPUUtilizationPercentage"] = cpu[0]["resource"]["target"]["averageUtilization"]
    for metric in current:
        used = dig(metric, "resource", "current", "averageUtilization")
        if metric.get("type") == "Resource" and dig(metric, "resource", "name") == "cpu" and used is not None:
            status["currentCPUUtilizationPercentage"] = used
    others = [_old_metric(metric, _SPEC_FIELDS) for metric in metrics if not _is_cpu_utilization(metric)]
    carried = {
        _METRICS: others,
        _CURRENT_METRICS: [_old_metric(metric, _STATUS_FIELDS) for metric in current],
        _BEHAVIOR: _old_behavior(behavior) if behavior is not None else None,
        _CONDITIONS: [{name: one[name] for name in _CONDITION_FIELDS if name in one} for one in conditions],
    }
    metadata = dict(autoscaler.get("metadata") or {})
    own = {name: text for name, text in (metadata.get("annotations") or {}).items() if name not in _CARRIED}
    annotations = {**own, **{name: go_json(value) for name, value in carried.items() if value}}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    status = {"currentReplicas": 0, "desiredReplicas": 0, **status}
    return {
        **autoscaler,
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }
