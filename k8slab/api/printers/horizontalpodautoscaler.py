"""How HorizontalPodAutoscalers are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec, status = obj["spec"], obj.get("status") or {}
    target = spec["scaleTargetRef"]
    minimum = spec.get("minReplicas")
    return (
        obj["metadata"]["name"],
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _metrics(spec.get("metrics") or (), status.get("currentMetrics") or ()),
        "<unset>" if minimum is None else str(minimum),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age_of(obj, now_us),
    )


_SHOWN_METRICS = 2
_SOURCES = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _metrics(specs: Sequence[Obj], statuses: Sequence[Obj]) -> str:
    if not specs:
        return "<none>"
    texts = [
        _metric(spec, statuses[position] if position < len(statuses) else {})
        for position, spec in enumerate(specs)
    ]
    text = ", ".join(texts[:_SHOWN_METRICS])
    return f"{text} + {len(texts) - _SHOWN_METRICS} more..." if len(texts) > _SHOWN_METRICS else text


def _metric(spec: Obj, status: Obj) -> str:
    """One metric as its current value and its target."""
    source = _SOURCES.get(spec.get("type", ""))
    if source is None:
        return "<unknown type>"
    target, found = spec[source].get("target") or {}, status.get(source)
    current = (found or {}).get("current") or {}
    if source in ("resource", "containerResource"):
        return f"{spec[source]['name']}: {_resource(target, current, found is not None)}"
    average = target.get("averageValue")
    if source == "pods":
        return f"{_value(current, 'averageValue', found is not None)}/{average or '<nil>'}"
    if average is not None:
        return f"{current.get('averageValue', '<unknown>')}/{average} (avg)"
    return f"{_value(current, 'value', found is not None)}/{target.get('value', '<nil>')}"


def _value(current: Obj, name: str, is_known: bool) -> str:
    return str(current.get(name, "<nil>")) if is_known else "<unknown>"


def _resource(target: Obj, current: Obj, is_known: bool) -> str:
    average = target.get("averageValue")
    if average is not None:
        return f"{_value(current, 'averageValue', is_known)}/{average}"
    return f"{_percent(current, '<unknown>')}/{_percent(target, '<auto>')}"


def _percent(value: Obj, otherwise: str) -> str:
    utilization = value.get("averageUtilization")
    return otherwise if utilization is None else f"{utilization}%"


TABLE = Table(
    (
        NAME,
        Column(
            "Reference",
            description=(
                "scaleTargetRef points to the target resource to scale, and is used to the pods for "
                "which metrics should be collected, as well as to actually change the replica count."
            ),
        ),
        Column(
            "Targets",
            description=(
                "metrics contains the specifications for which to use to calculate the desired "
                "replica count (the maximum replica count across all metrics will be used).  The "
                "desired replica count is calculated multiplying the ratio between the target value "
                "and the current value by the current number of pods.  Ergo, metrics used must "
                "decrease as the pod count is increased, and vice-versa.  See the individual metric "
                "source types for more information about how each type of metric must respond. If not"
                " set, the default metric will be set to 80% average CPU utilization."
            ),
        ),
        Column(
            "MinPods",
            description=(
                "minReplicas is the lower limit for the number of replicas to which the autoscaler "
                "can scale down.  It defaults to 1 pod.  minReplicas is allowed to be 0 if the alpha "
                "feature gate HPAScaleToZero is enabled and at least one Object or External metric is"
                " configured.  Scaling is active as long as at least one metric value is available."
            ),
        ),
        Column(
            "MaxPods",
            description=(
                "maxReplicas is the upper limit for the number of replicas to which the autoscaler "
                "can scale up. It cannot be less that minReplicas."
            ),
        ),
        Column(
            "Replicas",
            description=(
                "currentReplicas is current number of replicas of pods managed by this autoscaler, as"
                " last seen by the autoscaler."
            ),
        ),
        AGE,
    ),
    _row,
)
