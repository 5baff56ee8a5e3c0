"""HorizontalPodAutoscaler, stored as `autoscaling/v2` and also served as `autoscaling/v1`.

Models pkg/apis/autoscaling/v2/defaults.go and
pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind, Version
from k8slab.api.kinds._autoscaler_v1 import from_storage, to_storage
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._strategy import on_create, on_status, on_update
from k8slab.api.meta import Obj

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
    other_versions=(Version("autoscaling", "v1", to_storage, from_storage),),
)
