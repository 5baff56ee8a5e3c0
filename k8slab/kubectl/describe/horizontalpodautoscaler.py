"""What `kubectl describe` says of a HorizontalPodAutoscaler.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.api.go_text import quote
from k8slab.api.meta import Obj
from k8slab.kubectl.describe._parts import (
    date_text,
    labels_and_annotations,
    name_and_namespace,
    optional,
    show_events,
)
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    target = spec["scaleTargetRef"]
    name_and_namespace(page, obj)
    labels_and_annotations(page, obj)
    page.write(0, f"CreationTimestamp:\t{date_text(obj['metadata'].get('creationTimestamp'))}\n")
    page.write(0, f"Reference:\t{target.get('kind', '')}/{target.get('name', '')}\n")
    page.write(0, "Metrics:\t( current / target )\n")
    current = status.get("currentMetrics") or ()
    for position, metric in enumerate(spec.get("metrics") or ()):
        _metric(page, metric, current[position] if position < len(current) else {})
    page.write(0, f"Min replicas:\t{optional(spec.get('minReplicas'))}\n")
    page.write(0, f"Max replicas:\t{spec.get('maxReplicas', 0)}\n")
    if spec.get("behavior") is not None:
        page.write(0, "Behavior:\n")
        for title, name in (("Scale Up", "scaleUp"), ("Scale Down", "scaleDown")):
            _behavior(page, title, spec["behavior"].get(name))
    replicas = f"{status.get('currentReplicas', 0)} current / {status.get('desiredReplicas', 0)} desired"
    page.write(0, f"{target.get('kind', '')} pods:\t{replicas}\n")
    if status.get("conditions"):
        page.write(0, "Conditions:\n")
        page.write(1, "Type\tStatus\tReason\tMessage\n")
        page.write(1, "----\t------\t------\t-------\n")
    for condition in status.get("conditions") or ():
        cells = (condition.get(name, "") for name in ("type", "status", "reason", "message"))
        page.write(1, "\t".join(cells) + "\n")
    show_events(page, context, obj)


def _metric(page: Page, metric: Obj, status: Obj) -> None:
    """One metric: what it is of, its current value and its target."""
    describe = _METRICS.get(metric.get("type", ""))
    if describe is None:
        page.write(1, f"<unknown metric type {quote(metric.get('type', ''))}>\n")
        return
    name, of = describe
    source, found = metric[name], status.get(name)
    current = None if found is None else found.get("current") or {}
    of(page, source, source.get("target") or {}, current)


def _value(current: Obj | None, name: str) -> str:
    return "<unknown>" if current is None else str(current.get(name, "<nil>"))


def _external(page: Page, source: Obj, target: Obj, current: Obj | None) -> None:
    title = quote(source["metric"].get("name", ""))
    if target.get("averageValue") is not None:
        known = current if current and current.get("averageValue") is not None else None
        values = f"{_value(known, 'averageValue')} / {target['averageValue']}"
        page.write(1, f"{title} (target average value):\t{values}\n")
    else:
        page.write(
            1, f"{title} (target value):\t{_value(current, 'value')} / {target.get('value', '<nil>')}\n"
        )


def _pods(page: Page, source: Obj, target: Obj, current: Obj | None) -> None:
    values = f"{_value(current, 'averageValue')} / {target.get('averageValue', '<nil>')}"
    page.write(1, f"{quote(source['metric'].get('name', ''))} on pods:\t{values}\n")


def _object(page: Page, source: Obj, target: Obj, current: Obj | None) -> None:
    described = source.get("describedObject") or {}
    where = f"{described.get('kind', '')}/{described.get('name', '')}"
    name, kind = (
        ("averageValue", "average value") if target.get("type") == "AverageValue" else ("value", "value")
    )
    values = f"{_value(current, name)} / {target.get(name, '<nil>')}"
    page.write(1, f'"{source["metric"].get("name", "")}" on {where} (target {kind}):\t{values}\n')


def _resource(page: Page, source: Obj, target: Obj, current: Obj | None) -> None:
    _utilization(page, f"resource {source['name']} on pods", target, current)


def _container_resource(page: Page, source: Obj, target: Obj, current: Obj | None) -> None:
    title = f'resource {source["name"]} of container "{source.get("container", "")}" on pods'
    _utilization(page, title, target, current)


def _utilization(page: Page, title: str, target: Obj, current: Obj | None) -> None:
    """A resource's average value, or its use as a percentage of the request."""
    page.write(1, title)
    if target.get("averageValue") is not None:
        page.write(0, f":\t{_value(current, 'averageValue')} / {target['averageValue']}\n")
        return
    used = "<unknown>"
    if current and current.get("averageUtilization") is not None:
        used = f"{current['averageUtilization']}% ({current.get('averageValue', '<nil>')})"
    wanted = target.get("averageUtilization")
    goal = "<auto>" if wanted is None else f"{wanted}%"
    page.write(1, f"(as a percentage of request):\t{used} / {goal}\n")


_METRICS: dict[str, tuple[str, Callable[[Page, Obj, Obj, Obj | None], None]]] = {
    "External": ("external", _external),
    "Pods": ("pods", _pods),
    "Object": ("object", _object),
    "Resource": ("resource", _resource),
    "ContainerResource": ("containerResource", _container_resource),
}


def _behavior(page: Page, title: str, rules: Obj | None) -> None:
    if rules is None:
        return
    page.write(1, f"{title}:\n")
    if rules.get("stabilizationWindowSeconds") is not None:
        page.write(2, f"Stabilization Window: {rules['stabilizationWindowSeconds']} seconds\n")
    if rules.get("policies"):
        page.write(2, f"Select Policy: {rules.get('selectPolicy') or 'Max'}\n")
        page.write(2, "Policies:\n")
    for policy in rules.get("policies") or ():
        value, period = policy.get("value", 0), policy.get("periodSeconds", 0)
        page.write(3, f"- Type: {policy.get('type', '')}\tValue: {value}\tPeriod: {period} seconds\n")


DESCRIBER = Describer("autoscaling", _describe)
