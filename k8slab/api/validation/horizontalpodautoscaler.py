"""HorizontalPodAutoscalers.

Models pkg/apis/autoscaling/validation/validation.go and
pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    all_invalid,
    forbidden,
    invalid,
    nonnegative_fields,
    not_supported,
    required,
)
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import dns_label, path_segment
from k8slab.api.validation._resources import (
    nano,
    text_of,
    validate_container_resource_name,
    validate_nonnegative_quantity,
)

TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
_SOURCES = ("object", "external", "pods", "resource", "containerResource")
_FIELD_OF = {
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
    "External": "external",
    "ContainerResource": "containerResource",
}


def _create(new: Obj) -> list[Cause]:
    return _validate_spec(new.get("spec") or {}, None)


def _validate_spec(spec: Obj, old: Obj | None) -> list[Cause]:
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    causes: list[Cause] = []
    if least is not None and least < 1:
        causes.append(invalid("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most == 0:
        causes.append(required("spec.maxReplicas", "must be set and greater than 0"))
    elif most < 0:
        causes.append(invalid("spec.maxReplicas", most, "must be greater than or equal to 1"))
    if least is not None and most < least:
        detail = "must be greater than or equal to `minReplicas`"
        causes.append(invalid("spec.maxReplicas", most, detail))
    causes += _validate_target_reference(spec.get("scaleTargetRef") or {}, old)
    causes += _validate_metrics(spec.get("metrics") or (), least)
    for name in ("scaleUp", "scaleDown"):
        scaling = (spec.get("behavior") or {}).get(name)
        if scaling is not None:
            causes += _validate_scaling_rules(scaling, f"spec.behavior.{name}")
    return causes


def _validate_target_reference(reference: Obj, old: Obj | None) -> list[Cause]:
    """What is scaled; an update that keeps kind and version isn't asked for the version again."""
    before = (old or {}).get("scaleTargetRef") or {}
    kept = old is not None and all(before.get(name) == reference.get(name) for name in ("apiVersion", "kind"))
    # The only core kind that can be scaled has no group.
    needs_group = reference.get("kind") != "ReplicationController"
    path = "spec.scaleTargetRef"
    return _validate_reference(reference, path, needs_group=needs_group, any_version=kept)


def _validate_reference(
    reference: Obj, path: str, *, needs_group: bool, any_version: bool = False
) -> list[Cause]:
    causes: list[Cause] = []
    for name in ("kind", "name"):
        value = reference.get(name) or ""
        where = f"{path}.{name}"
        causes += all_invalid(where, value, path_segment(value)) if value else [required(where)]
    version, where = reference.get("apiVersion") or "", f"{path}.apiVersion"
    if any_version:
        return causes
    if version.count("/") > 1:
        causes.append(invalid(where, version, f"unexpected GroupVersion string: {version}"))
    elif needs_group and not version.rpartition("/")[0]:
        causes.append(invalid(where, version, "apiVersion must specify API group"))
    return causes


def _validate_metrics(metrics: Sequence[Obj], least: int | None) -> list[Cause]:
    causes: list[Cause] = []
    for index, metric in enumerate(metrics):
        causes += _validate_metric(metric, f"spec.metrics[{index}]")
    kinds = [metric.get("type") for metric in metrics]
    if least == 0 and "Object" not in kinds and "External" not in kinds:
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        causes.append(forbidden("spec.metrics", detail))
    return causes


def _validate_metric(metric: Obj, path: str) -> list[Cause]:
    kind, where = metric.get("type") or "", f"{path}.type"
    causes: list[Cause] = []
    if not kind:
        causes.append(required(where, "must specify a metric source type"))
    if kind not in TYPES:
        causes.append(not_supported(where, kind, TYPES))
    present = [name for name in _SOURCES if metric.get(name) is not None]
    if present:
        causes += _validate_source(present[0], metric[present[0]], f"{path}.{present[0]}")
    expected = _FIELD_OF.get(kind, "")
    if not expected:
        causes.append(not_supported(where, kind, TYPES))
    elif expected not in present:
        detail = "must populate information for the given metric source"
        causes.append(required(f"{path}.{expected}", detail))
    if len(present) != 1:
        detail = "must populate the given metric source only"
        causes += [forbidden(f"{path}.{name}", detail) for name in sorted(present) if name != expected]
    return causes


def _validate_source(kind: str, source: Obj, path: str) -> list[Cause]:
    target, where = source.get("target") or {}, f"{path}.target"
    causes: list[Cause] = []
    if kind == "object":
        described = source.get("describedObject") or {}
        causes += _validate_reference(described, f"{path}.describedObject", needs_group=False)
    if kind in ("object", "external", "pods"):
        causes += _validate_identifier(source.get("metric") or {}, f"{path}.metric")
    else:
        causes += _validate_resource(kind, source, path)
    causes += _validate_target(target, where)
    value, average, utilization = (
        target.get(name) for name in ("value", "averageValue", "averageUtilization")
    )
    if kind == "object" and value is None and average is None:
        detail = "must set either a target value or averageValue"
        causes.append(required(f"{where}.averageValue", detail))
    if kind == "pods" and average is None:
        causes.append(required(f"{where}.averageValue", "must specify a positive target averageValue"))
    if kind == "external":
        text = "a target value for metric"
        if value is None and average is None:
            detail = f"must set either {text} or a per-pod target"
            causes.append(required(f"{where}.averageValue", detail))
        if value is not None and average is not None:
            detail = f"may not set both {text} and a per-pod target"
            causes.append(forbidden(f"{where}.value", detail))
    if kind in ("resource", "containerResource"):
        text = "a target raw value"
        if utilization is None and average is None:
            detail = f"must set either {text} or a target utilization"
            causes.append(required(f"{where}.averageUtilization", detail))
        if utilization is not None and average is not None:
            detail = f"may not set both {text} and a target utilization"
            causes.append(forbidden(f"{where}.averageValue", detail))
    return causes


def _validate_resource(kind: str, source: Obj, path: str) -> list[Cause]:
    name, container = source.get("name") or "", source.get("container") or ""
    causes: list[Cause] = []
    if not name:
        causes.append(required(f"{path}.name", "must specify a resource name"))
    elif kind == "containerResource":
        causes += validate_container_resource_name(name, f"{path}.name")
    if kind == "containerResource" and not container:
        causes.append(required(f"{path}.container", "must specify a container"))
    elif kind == "containerResource":
        causes += all_invalid(f"{path}.container", container, dns_label(container))
    return causes


def _validate_identifier(identifier: Obj, path: str) -> list[Cause]:
    name = identifier.get("name") or ""
    if not name:
        return [required(f"{path}.name", "must specify a metric name")]
    return all_invalid(f"{path}.name", name, path_segment(name))


def _validate_target(target: Obj, path: str) -> list[Cause]:
    kind, where = target.get("type") or "", f"{path}.type"
    causes: list[Cause] = []
    if not kind:
        causes.append(required(where, "must specify a metric target type"))
    if kind not in ("Utilization", "Value", "AverageValue"):
        causes.append(invalid(where, kind, "must be either Utilization, Value, or AverageValue"))
    for name in ("value", "averageValue"):
        amount = target.get(name)
        if amount is not None and nano(amount) <= 0:
            causes.append(invalid(f"{path}.{name}", text_of(amount), "must be positive"))
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        causes.append(invalid(f"{path}.averageUtilization", utilization, "must be greater than 0"))
    return causes


def _validate_scaling_rules(scaling: Obj, path: str) -> list[Cause]:
    seconds, where = scaling.get("stabilizationWindowSeconds"), f"{path}.stabilizationWindowSeconds"
    select, policies = scaling.get("selectPolicy"), scaling.get("policies") or ()
    causes: list[Cause] = []
    if seconds is not None and seconds < 0:
        causes.append(invalid(where, seconds, "must be greater than or equal to zero"))
    if seconds is not None and seconds > 3600:
        causes.append(invalid(where, seconds, "must be less than or equal to 3600"))
    if select is not None and select not in ("Disabled", "Max", "Min"):
        causes.append(not_supported(f"{path}.selectPolicy", select, ("Disabled", "Max", "Min")))
    if not policies:
        causes.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(policies):
        causes += _validate_policy(policy, f"{path}.policies[{index}]")
    if scaling.get("tolerance") is not None:
        causes += validate_nonnegative_quantity(scaling["tolerance"], f"{path}.tolerance")
    return causes


def _validate_policy(policy: Obj, path: str) -> list[Cause]:
    kind, seconds = policy.get("type") or "", policy.get("periodSeconds") or 0
    causes: list[Cause] = []
    if kind not in ("Pods", "Percent"):
        causes.append(not_supported(f"{path}.type", kind, ("Percent", "Pods")))
    for name in ("value", "periodSeconds"):
        number = policy.get(name) or 0
        if number <= 0:
            causes.append(invalid(f"{path}.{name}", number, "must be greater than zero"))
    if seconds > 1800:
        causes.append(invalid(f"{path}.periodSeconds", seconds, "must be less than or equal to 1800"))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    if new.get("spec") is old.get("spec"):
        return []
    return _validate_spec(new.get("spec") or {}, old.get("spec") or {})


def _status(new: Obj, old: Obj) -> list[Cause]:
    return nonnegative_fields(new.get("status") or {}, "status", ("currentReplicas", "desiredReplicas"))


RULES = rules(_create, _update, status=_status)
