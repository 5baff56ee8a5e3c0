"""HorizontalPodAutoscaler, stored as `autoscaling/v2` and also served as `autoscaling/v1`.

What v1 has no field for it carries in annotations, as text.

Models pkg/apis/autoscaling/v2/defaults.go, pkg/apis/autoscaling/v1/{defaults,conversion}.go and
pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go, v1.36.
"""

from __future__ import annotations

import json
from typing import Any

from k8slab.api.kind import Kind, Version
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._strategy import on_create, on_status, on_update
from k8slab.api.meta import Obj

_METRICS = "autoscaling.alpha.kubernetes.io/metrics"
_CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics"
_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
_BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
_CARRIED = (_METRICS, _CURRENT_METRICS, _CONDITIONS, _BEHAVIOR)

_CPU_METRIC: Obj = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}
_SCALE_UP: Obj = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_SCALE_DOWN: Obj = {
    "selectPolicy": "Max",
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
}


def _with_rules(behavior: Obj) -> Obj:
    """A behavior that says something says everything: each direction's rules are completed."""
    new: Obj = {}
    for name, defaults in (("scaleUp", _SCALE_UP), ("scaleDown", _SCALE_DOWN)):
        given = behavior.get(name) or {}
        missing = {field: value for field, value in defaults.items() if given.get(field) is None}
        if missing:
            new[name] = {**given, **missing}
    return {**behavior, **new} if new else behavior


def _default_spec(spec: Obj) -> Obj:
    return spec if spec.get("metrics") else {**spec, "metrics": [_CPU_METRIC]}


_TABLE = Table(
    defaults={"api.autoscaling.v2.HorizontalPodAutoscalerSpec": {"minReplicas": 1}},
    hooks={
        "api.autoscaling.v2.HorizontalPodAutoscalerSpec": _default_spec,
        "api.autoscaling.v2.HorizontalPodAutoscalerBehavior": _with_rules,
    },
)


def _is_cpu_utilization(metric: Obj) -> bool:
    resource = metric.get("resource") or {}
    target = resource.get("target") or {}
    return (
        metric.get("type") == "Resource"
        and resource.get("name") == "cpu"
        and target.get("averageUtilization") is not None
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _to_storage(autoscaler: Obj) -> Obj:
    """From v1: the CPU target becomes a metric, and the carried fields come out of the annotations."""
    spec = dict(autoscaler.get("spec") or {})
    target = spec.pop("targetCPUUtilizationPercentage", None)
    status = dict(autoscaler.get("status") or {})
    status.pop("currentCPUUtilizationPercentage", None)
    metadata = dict(autoscaler.get("metadata") or {})
    annotations = metadata.get("annotations") or {}
    metrics = _parsed(annotations.get(_METRICS, "")) or []
    if target is not None:
        cpu = {"type": "Utilization", "averageUtilization": target}
        metrics = [*metrics, {"type": "Resource", "resource": {"name": "cpu", "target": cpu}}]
    if metrics:
        spec["metrics"] = metrics
    behavior = _parsed(annotations.get(_BEHAVIOR, ""))
    if behavior:
        spec["behavior"] = behavior
    for name, key in (("conditions", _CONDITIONS), ("currentMetrics", _CURRENT_METRICS)):
        carried = _parsed(annotations.get(key, ""))
        if carried:
            status[name] = carried
    kept = {name: text for name, text in annotations.items() if name not in _CARRIED}
    metadata.pop("annotations", None)
    if kept:
        metadata["annotations"] = kept
    new = {**autoscaler, "apiVersion": "autoscaling/v2", "metadata": metadata, "spec": spec}
    if "status" in autoscaler:
        new["status"] = status
    return new


def _from_storage(autoscaler: Obj) -> Obj:
    """To v1: the first CPU metric is a field, the others are text in annotations."""
    spec = dict(autoscaler.get("spec") or {})
    status = dict(autoscaler.get("status") or {})
    metrics, behavior = spec.pop("metrics", None) or [], spec.pop("behavior", None)
    conditions, current = status.pop("conditions", None), status.pop("currentMetrics", None) or []
    carried: dict[str, str] = {}
    others = []
    for metric in metrics:
        if _is_cpu_utilization(metric) and "targetCPUUtilizationPercentage" not in spec:
            spec["targetCPUUtilizationPercentage"] = metric["resource"]["target"]["averageUtilization"]
        else:
            others.append(metric)
    other_current = []
    for metric in current:
        resource = metric.get("resource") or {}
        used = (resource.get("current") or {}).get("averageUtilization")
        if metric.get("type") == "Resource" and resource.get("name") == "cpu" and used is not None:
            status.setdefault("currentCPUUtilizationPercentage", used)
        other_current.append(metric)
    for key, value in (
        (_METRICS, others),
        (_CURRENT_METRICS, other_current),
        (_CONDITIONS, conditions),
        (_BEHAVIOR, behavior),
    ):
        if value:
            carried[key] = json.dumps(value, separators=(",", ":"))
    metadata = dict(autoscaler.get("metadata") or {})
    if carried:
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **carried}
    status = {"currentReplicas": 0, "desiredReplicas": 0, **status}
    return {
        **autoscaler,
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


KIND = Kind(
    kind="HorizontalPodAutoscaler",
    group="autoscaling",
    version="v2",
    plural="horizontalpodautoscalers",
    singular="horizontalpodautoscaler",
    namespaced=True,
    short_names=("hpa",),
    categories=("all",),
    subresources=("status",),
    default=defaulter("api.autoscaling.v2.HorizontalPodAutoscaler", _TABLE),
    prepare_create=on_create(status=zero_of("api.autoscaling.v2.HorizontalPodAutoscalerStatus")),
    prepare_update=on_update(),
    prepare_status=on_status(),
    other_versions=(Version("autoscaling", "v1", _to_storage, _from_storage),),
)
