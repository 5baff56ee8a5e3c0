"""HorizontalPodAutoscalers: as many Pods as the metrics ask for, within bounds, windows and rates.

An autoscaler is looked at every 15 seconds, whatever happens meanwhile. Each
metric proposes a size; the largest counts; then it is stabilised and limited,
and the target's scale is set. What was recommended and done before is
remembered for as long as windows and rates reach back.

Models pkg/controller/podautoscaler/horizontal.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.errors import ApiError, internal_error, not_found
from k8slab.api.kind import Kind
from k8slab.api.meta import Key, Obj, assoc, condition_of, dig, group_version, labels_of
from k8slab.api.selectors import matches, parse_selector
from k8slab.clock import SECOND_US, timestamp
from k8slab.components import Action, Component, Done, Memory, Outcome, Plan, Record, Update, Watch
from k8slab.controllers import _hpa_limits as limits
from k8slab.controllers._custom import kind_at
from k8slab.controllers._hpa_limits import History, Recommendation
from k8slab.controllers._hpa_metrics import (
    MetricsError,
    PodMetric,
    custom_pod_metrics,
    external_metric,
    object_metric,
    resource_metrics,
)
from k8slab.controllers._hpa_replicas import (
    Proposal,
    Tolerances,
    per_pod_replicas,
    plain_replicas,
    resource_replicas,
    total_replicas,
)
from k8slab.controllers._label_selectors import selector_text
from k8slab.store.view import View

SYNC_PERIOD_US = 15 * SECOND_US
EVENT_SOURCE = "horizontal-pod-autoscaler"
_CONFLICT_TRIES = 5

_GOT_SCALE = "the HPA controller was able to get the target's current scale"
_NO_SCALE = "the HPA controller was unable to get the target's current scale: {}"
_DISABLED = "scaling is disabled since the replica count of the target is zero"
_COUNTED_FROM = "the HPA was able to successfully calculate a replica count from {}"
_NOT_COUNTED = "the HPA was unable to compute the replica count: {}"
_STABILIZED_DOWN = (
    "recent recommendations were higher than current one, applying the highest recent recommendation"
)
_NO_TARGET = (
    "invalid resource metric source: "
    "neither an average utilization target nor an average value (usage) target was set"
)
_NO_OBJECT_TARGET = "invalid object metric source: neither a value target nor an average value target was set"
_OBJECT_TARGETS = {"Value": "value", "AverageValue": "averageValue"}
_BELOW_MINIMUM = "Current number of replicas below Spec.MinReplicas"
_ABOVE_MAXIMUM = "Current number of replicas above Spec.MaxReplicas"


class Remembered(NamedTuple):
    """When the autoscaler is looked at next, and what it did and meant to do before."""

    due_us: int
    history: History = History()


class Target(NamedTuple):
    """What is scaled: its kind and object, and the numbers and the selector of its scale."""

    kind: Kind
    obj: Obj
    wanted: int
    current: int
    selector: str


class Metric(NamedTuple):
    """One metric's proposal, its name in messages, and what the status shows of it."""

    replicas: int
    name: str
    status: Obj


class Computed(NamedTuple):
    """What the metrics ask for together. `replicas` is None where they can't be trusted."""

    replicas: int | None
    name: str
    statuses: list[Obj] | None
    error: str


class ScaleError(Exception):
    """Why the target's scale could not be read."""


class Sync:
    """One look at an autoscaler: what is seen, the conditions so far, and the history."""

    __slots__ = ("conditions", "history", "hpa", "now_us", "view")

    def __init__(self, view: View, hpa: Obj, history: History, now_us: int) -> None:
        self.view, self.hpa, self.history, self.now_us = view, hpa, history, now_us
        self.conditions: list[Obj] = list((hpa.get("status") or {}).get("conditions") or ())

    def note(self, kind: str, status: str, reason: str, message: str) -> None:
        """Set a condition; the time of its last change moves only with its status."""
        condition = {
            "type": kind,
            "status": status,
            "lastTransitionTime": timestamp(self.now_us),
            "reason": reason,
            "message": message,
        }
        for index, old in enumerate(self.conditions):
            if old["type"] == kind:
                if old["status"] == status:
                    condition["lastTransitionTime"] = old["lastTransitionTime"]
                self.conditions[index] = condition
                return
        self.conditions.append(condition)

    def forget(self, kind: str) -> None:
        """Remove a condition."""
        self.conditions = [one for one in self.conditions if one["type"] != kind]

    def warn(self, reason: str, message: str) -> Record:
        """A warning about the autoscaler."""
        return Record(self.hpa, "Warning", reason, message, component=EVENT_SOURCE)


Acting = Generator[Action, Outcome, str]
"""A part of a plan that gives an error's text, or an empty one."""


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look at one autoscaler when its time has come, and agree when it comes again."""
    hpa = view.get("HorizontalPodAutoscaler", key)
    if hpa is None:
        return Done(memory=None, why="the HorizontalPodAutoscaler is gone")
    known = memory if isinstance(memory, Remembered) else Remembered(now_us + SYNC_PERIOD_US)
    if now_us < known.due_us:
        return Done(look_again_us=known.due_us - now_us, memory=known, why="it is not yet time")
    sync = Sync(view, hpa, known.history, now_us)
    why = yield from reconcile(sync)
    due = Remembered(now_us + SYNC_PERIOD_US, sync.history)
    return Done(look_again_us=SYNC_PERIOD_US, memory=due, why=why)


def reconcile(sync: Sync) -> Acting:
    """One look (`reconcileAutoscaler`)."""
    try:
        target = find_target(sync.view, sync.hpa)
    except ScaleError as error:
        yield sync.warn("FailedGetScale", str(error))
        sync.note("AbleToScale", "False", "FailedGetScale", _NO_SCALE.format(error))
        yield from _write(sync, sync.hpa.get("status") or {})
        return str(error)
    sync.note("AbleToScale", "True", "SucceededGetScale", _GOT_SCALE)
    if not sync.history.recommendations:
        first = Recommendation(target.wanted, sync.now_us)
        sync.history = sync.history._replace(recommendations=(first,))
    spec = sync.hpa["spec"]
    least, most = spec.get("minReplicas", 1), spec["maxReplicas"]
    if target.wanted == 0 and not _may_leave_zero(sync, least):
        sync.note("ScalingActive", "False", "ScalingDisabled", _DISABLED)
        if "HPAScaleToZero" not in sync.view.gates:
            sync.forget("ScaledToZero")
        return (yield from _finish(sync, target, target.wanted, "", None, ""))
    if target.wanted > most:
        return (yield from _finish(sync, target, most, _ABOVE_MAXIMUM, None, ""))
    if 0 < target.wanted < least:
        return (yield from _finish(sync, target, least, _BELOW_MINIMUM, None, ""))
    computed = yield from compute(sync, target)
    if computed.replicas is None:
        yield from _write(sync, _status(sync, target.wanted, None, computed.statuses))
        yield sync.warn("FailedComputeMetricsReplicas", computed.error)
        return computed.error
    desired, reason = _desired(sync, target, computed, (least, most))
    return (yield from _finish(sync, target, desired, reason, computed.statuses, computed.error))


# The target.


def find_target(view: View, hpa: Obj) -> Target:
    """The scaled object and its scale. ScaleError where there is none."""
    reference = hpa["spec"]["scaleTargetRef"]
    text = reference.get("apiVersion", "")
    if text.count("/") > 1:
        raise ScaleError(f"unexpected GroupVersion string: {text}")
    group, _ = group_version(text)
    kind = kind_at(view, group, reference["kind"])
    if kind is None:
        raise ScaleError(f'no matches for kind "{reference["kind"]}" in group "{group}"')
    if kind.scale is None:
        raise ScaleError("the server could not find the requested resource")
    obj = view.get(kind.kind, (hpa["metadata"]["namespace"], reference["name"]))
    if obj is None:
        raise ScaleError(not_found(kind.plural, kind.group, reference["name"]).message)
    if fault := kind.scale.fault(obj):
        raise ScaleError(internal_error(fault).message)
    wanted = dig(obj, *kind.scale.spec_replicas, default=0)
    current = dig(obj, *kind.scale.status_replicas, default=0)
    return Target(kind, obj, wanted, current, kind.scale.selector(obj))


def _may_leave_zero(sync: Sync, least: int) -> bool:
    """Whether a target of no Pods was brought there by this controller, and may come back."""
    if "HPAScaleToZero" not in sync.view.gates:
        return False
    condition = condition_of(sync.hpa, "ScaledToZero")
    was_scaled = condition is not None and condition["status"] == "True"
    return was_scaled and (least != 0 or _has_outside_metrics(sync.hpa))


def _has_outside_metrics(hpa: Obj) -> bool:
    return any(one["type"] in ("Object", "External") for one in hpa["spec"].get("metrics") or ())


# What the metrics ask for.


def compute(sync: Sync, target: Target) -> Generator[Action, Outcome, Computed]:
    """The largest proposal of all metrics (`computeReplicasForMetrics`)."""
    error = yield from _check_selector(sync, target.selector)
    if error:
        return Computed(None, "", None, error)
    namespace = sync.hpa["metadata"]["namespace"]
    pods = sync.view.list("Pod", namespace=namespace, selector=parse_selector(target.selector))
    specs = sync.hpa["spec"].get("metrics") or ()
    statuses: list[Obj] = []
    best: Metric | None = None
    failures: list[tuple[str, str, str]] = []
    for spec in specs:
        source = SOURCES[spec["type"]]
        try:
            metric = source.propose(sync, target, spec[source.field], pods)
        except MetricsError as failure:
            yield sync.warn(source.reason, str(failure))
            failures.append((source.reason, str(failure), source.prefix(spec[source.field])))
            statuses.append({"type": ""})
            continue
        statuses.append({"type": spec["type"], source.field: metric.status})
        if best is None or best.replicas == 0 or metric.replicas > best.replicas:
            best = metric
    error = ""
    if failures:
        _, text, prefix = failures[0]
        error = (
            f"invalid metrics ({len(failures)} invalid out of {len(specs)}), first error is: {prefix}{text}"
        )
    if best is None or (failures and best.replicas < target.wanted):
        if failures:
            sync.note("ScalingActive", "False", failures[0][0], _NOT_COUNTED.format(failures[0][1]))
        return Computed(None, "", statuses, error)
    sync.note("ScalingActive", "True", "ValidMetricFound", _COUNTED_FROM.format(best.name))
    return Computed(best.replicas, best.name, statuses, error)


def _check_selector(sync: Sync, selector: str) -> Acting:
    """Why the target's Pods can't be scaled by this autoscaler alone, if so."""
    if not selector:
        error = "selector is required"
        yield sync.warn("SelectorRequired", error)
        missing = "the HPA target's scale is missing a selector"
        sync.note("ScalingActive", "False", "InvalidSelector", missing)
        return error
    try:
        parse_selector(selector)
    except ValueError as fault:
        error = f"couldn't convert selector into a corresponding internal selector object: {fault}"
        yield sync.warn("InvalidSelector", error)
        sync.note("ScalingActive", "False", "InvalidSelector", error)
        return error
    autoscalers = _autoscalers_of(sync, selector)
    if len(autoscalers) > 1:
        names = " ".join(
            f"{{{one['metadata']['name']} {one['metadata']['namespace']}}}" for one in autoscalers
        )
        error = f"pods by selector {selector} are controlled by multiple HPAs: [{names}]"
        yield sync.warn("AmbiguousSelector", error)
        sync.note("ScalingActive", "False", "AmbiguousSelector", error)
        return error
    return ""


def _autoscalers_of(sync: Sync, selector: str) -> list[Obj]:
    """The autoscalers that select any of these Pods: this one, and others that were looked at before."""
    namespace, name = sync.hpa["metadata"]["namespace"], sync.hpa["metadata"]["name"]
    every = sync.view.list("HorizontalPodAutoscaler", namespace=namespace)
    if len(every) < 2:
        return [sync.hpa]
    pods = sync.view.list("Pod", namespace=namespace, selector=parse_selector(selector))
    found = []
    for one in every:
        if one["metadata"]["name"] == name:
            found.append(one)
            continue
        if condition_of(one, "AbleToScale") is None:
            continue
        try:
            other = find_target(sync.view, one)
        except ScaleError:
            continue
        if other.selector and any(matches(parse_selector(other.selector), labels_of(pod)) for pod in pods):
            found.append(one)
    return found if pods else [sync.hpa]


def _tolerances(hpa: Obj) -> Tolerances:
    """The tolerances of the autoscaler's behavior, or the controller's."""
    behavior = hpa["spec"].get("behavior") or {}
    given = (dig(behavior, direction, "tolerance") for direction in ("scaleDown", "scaleUp"))
    down, up = (None if text is None else quantities.nano(str(text)) / 1e9 for text in given)
    default = Tolerances()
    return Tolerances(default.down if down is None else down, default.up if up is None else up)


def _quantity(milli: int, resource: str = "") -> str:
    family = quantities.BINARY_SI if resource == "memory" else quantities.DECIMAL_SI
    return quantities.from_nano(milli * quantities.NANO_PER_MILLI, family)


def _resource(sync: Sync, target: Target, source: Obj, pods: Sequence[Obj]) -> Metric:
    """A resource of the Pods, or of one container of each."""
    resource, container, wanted = source["name"], source.get("container", ""), source["target"]
    named = {"name": resource, "container": container} if container else {"name": resource}
    tolerances = _tolerances(sync.hpa)
    is_average = wanted.get("averageValue") is not None
    try:
        proposal = _by_average if is_average else _by_utilization
        found = proposal(sync, target, source, pods, tolerances)
    except MetricsError as error:
        what = "usage" if is_average else "utilization"
        raise MetricsError(f"failed to get {resource} {what}: {error}") from None
    if is_average:
        current: Obj = {"averageValue": _quantity(found.average, resource)}
        return Metric(found.replicas, f"{resource} resource", {**named, "current": current})
    current = {
        "averageValue": _quantity(found.average, resource),
        "averageUtilization": found.utilization,
    }
    of_container = "container " if container else ""
    name = f"{resource} {of_container}resource utilization (percentage of request)"
    return Metric(found.replicas, name, {**named, "current": current})


def _by_average(
    sync: Sync, target: Target, source: Obj, pods: Sequence[Obj], tolerances: Tolerances
) -> Proposal:
    resource = source["name"]
    metrics = _resource_metrics(sync, pods, resource, source.get("container", ""))
    milli = quantities.milli(source["target"]["averageValue"])
    return plain_replicas(pods, metrics, target.wanted, milli, resource, tolerances, sync.now_us)


def _by_utilization(
    sync: Sync, target: Target, source: Obj, pods: Sequence[Obj], tolerances: Tolerances
) -> Proposal:
    resource, container = source["name"], source.get("container", "")
    percent = source["target"].get("averageUtilization")
    if percent is None:
        raise MetricsError(_NO_TARGET)
    metrics = _resource_metrics(sync, pods, resource, container)
    return resource_replicas(
        pods, metrics, target.wanted, percent, resource, tolerances, sync.now_us, container=container
    )


def _resource_metrics(sync: Sync, pods: Sequence[Obj], resource: str, container: str) -> dict[str, PodMetric]:
    try:
        return resource_metrics(sync.view, pods, resource, container, sync.now_us)
    except MetricsError as error:
        raise MetricsError(f"unable to get metrics for resource {resource}: {error}") from None


def _pods(sync: Sync, target: Target, source: Obj, pods: Sequence[Obj]) -> Metric:
    """A custom metric of the Pods."""
    name = source["metric"]["name"]
    try:
        metrics = custom_pod_metrics(sync.view, pods, name, sync.now_us)
    except MetricsError as error:
        raise MetricsError(f"unable to get metric {name}: {error}") from None
    milli = quantities.milli(source["target"]["averageValue"])
    found = plain_replicas(pods, metrics, target.wanted, milli, "", _tolerances(sync.hpa), sync.now_us)
    current = {"averageValue": _quantity(found.average)}
    return Metric(found.replicas, f"pods metric {name}", {"metric": source["metric"], "current": current})


def _object(sync: Sync, target: Target, source: Obj, pods: Sequence[Obj]) -> Metric:
    """A custom metric of one object."""
    name, described = source["metric"]["name"], source["describedObject"]
    namespace = sync.hpa["metadata"]["namespace"]
    tolerances = _tolerances(sync.hpa)
    is_average = source["target"]["type"] == "AverageValue"
    if source["target"].get(_OBJECT_TARGETS.get(source["target"]["type"], "")) is None:
        raise MetricsError(_NO_OBJECT_TARGET)
    try:
        usage = object_metric(sync.view, namespace, described, name)
    except MetricsError as error:
        place = f"{described['kind']} {namespace}/{described['name']}"
        text = f"unable to get metric {name}: {error} on {place}"
        raise MetricsError(f"failed to get {name} object metric: {text}" if is_average else text) from None
    status = {"metric": source["metric"], "describedObject": described}
    if is_average:
        milli = quantities.milli(source["target"]["averageValue"])
        found = per_pod_replicas(usage, target.current, milli, tolerances)
        text = f"external metric {name}({selector_text(source['metric'].get('selector'))})"
        return Metric(found.replicas, text, {**status, "current": {"averageValue": _quantity(found.average)}})
    milli = quantities.milli(source["target"]["value"])
    found = total_replicas(pods, usage, target.wanted, milli, tolerances)
    current = {"value": _quantity(usage)}
    return Metric(found.replicas, f"{described['kind']} metric {name}", {**status, "current": current})


def _external(sync: Sync, target: Target, source: Obj, pods: Sequence[Obj]) -> Metric:
    """A metric from outside the cluster."""
    name, selector = source["metric"]["name"], selector_text(source["metric"].get("selector"))
    namespace = sync.hpa["metadata"]["namespace"]
    tolerances = _tolerances(sync.hpa)
    average = source["target"].get("averageValue")
    which = f"{name} external metric" if average is not None else f"external metric {name}"
    try:
        usage = external_metric(sync.view, namespace, name)
    except MetricsError as error:
        text = f"unable to get external metric {namespace}/{name}/{selector}: {error}"
        raise MetricsError(f"failed to get {which}: {text}") from None
    if average is not None:
        found = per_pod_replicas(usage, target.current, quantities.milli(average), tolerances)
        current = {"averageValue": _quantity(found.average)}
    else:
        milli = quantities.milli(source["target"]["value"])
        try:
            found = total_replicas(pods, usage, target.wanted, milli, tolerances)
        except MetricsError as error:
            raise MetricsError(f"failed to get {which}: {error}") from None
        current = {"value": _quantity(usage)}
    status = {"metric": source["metric"], "current": current}
    return Metric(found.replicas, f"external metric {name}({selector})", status)


class Source(NamedTuple):
    """A type of metric: its field, how it proposes a size, and how its failure is told."""

    field: str
    propose: Callable[[Sync, Target, Obj, Sequence[Obj]], Metric]
    reason: str
    prefix: Callable[[Obj], str]


SOURCES: dict[str, Source] = {
    "Resource": Source(
        "resource",
        _resource,
        "FailedGetResourceMetric",
        lambda source: f"failed to get {source['name']} resource metric value: ",
    ),
    "ContainerResource": Source(
        "containerResource",
        _resource,
        "FailedGetContainerResourceMetric",
        lambda source: f"failed to get {source['container']} container metric value: ",
    ),
    "Pods": Source("pods", _pods, "FailedGetPodsMetric", lambda source: "failed to get pods metric value: "),
    "Object": Source(
        "object", _object, "FailedGetObjectMetric", lambda source: "failed to get object metric value: "
    ),
    "External": Source(
        "external",
        _external,
        "FailedGetExternalMetric",
        lambda source: f"failed to get {source['metric']['name']} external metric value: ",
    ),
}


# From the proposal to the scale.


def _desired(sync: Sync, target: Target, computed: Computed, bounds: tuple[int, int]) -> tuple[int, str]:
    """The size to set and why, after windows, rates and bounds."""
    assert computed.replicas is not None, "the metrics are to be trusted"
    least, _ = bounds
    asked, reason = max(computed.replicas, 0), ""
    if asked > target.wanted:
        reason = f"{computed.name} above target"
    elif asked < target.wanted:
        reason = "All metrics below target"
    behavior = sync.hpa["spec"].get("behavior")
    if behavior is None:
        stable, sync.history = limits.stabilized(sync.history, asked, sync.now_us)
        stabilized = ("ScaleDownStabilized", _STABILIZED_DOWN)
        limited = limits.within_bounds(target.wanted, stable, *bounds)
    else:
        window, sync.history = limits.stabilized_by_behavior(
            sync.history, target.wanted, asked, behavior, sync.now_us
        )
        stable, stabilized = window.replicas, (window.reason, window.message)
        limited = limits.within_rates(sync.history, target.wanted, stable, bounds, behavior, sync.now_us)
    if stable == asked:
        stabilized = ("ReadyForNewScale", "recommended size matches current size")
    sync.note("AbleToScale", "True", *stabilized)
    is_limited = "False" if limited.replicas == stable else "True"
    sync.note("ScalingLimited", is_limited, limited.reason, limited.message)
    if target.wanted == 0 < least and limited.replicas < least:
        return least, reason or _BELOW_MINIMUM
    return limited.replicas, reason


def _finish(
    sync: Sync, target: Target, desired: int, reason: str, statuses: list[Obj] | None, error: str
) -> Acting:
    """Set the target's scale if it shall change, and write the status."""
    rescale = desired != target.wanted
    if rescale:
        failure = yield from _rescale(sync, target, desired)
        if failure:
            yield sync.warn("FailedRescale", f"New size: {desired}; reason: {reason}; error: {failure}")
            text = f"the HPA controller was unable to update the target scale: {failure}"
            sync.note("AbleToScale", "False", "FailedUpdateScale", text)
            yield from _write(sync, _status(sync, target.wanted, None, statuses))
            return failure
        text = f"the HPA controller was able to update the target scale to {desired}"
        sync.note("AbleToScale", "True", "SucceededRescale", text)
        message = f"New size: {desired}; reason: {reason}"
        yield Record(sync.hpa, "Normal", "SuccessfulRescale", message, component=EVENT_SOURCE)
        behavior = sync.hpa["spec"].get("behavior")
        sync.history = limits.with_scale_event(sync.history, behavior, target.wanted, desired, sync.now_us)
        _note_zero(sync, desired)
    failure = yield from _write(sync, _status(sync, target.wanted, desired, statuses, rescale=rescale))
    return failure or error


def _note_zero(sync: Sync, desired: int) -> None:
    """Say whether this controller brought the target to no Pods at all."""
    if "HPAScaleToZero" not in sync.view.gates:
        sync.forget("ScaledToZero")
    elif desired == 0 and sync.hpa["spec"].get("minReplicas", 1) == 0 and _has_outside_metrics(sync.hpa):
        text = "the HPA controller scaled the workload to zero"
        sync.note("ScaledToZero", "True", "ScaledToZero", text)
    else:
        text = "the HPA controller did not scale the workload to zero"
        sync.note("ScaledToZero", "False", "NotScaledToZero", text)


def _rescale(sync: Sync, target: Target, desired: int) -> Acting:
    """Write the size; a conflict is tried again on what is stored then. The error, or an empty text."""
    kind, key = target.kind, (target.obj["metadata"]["namespace"], target.obj["metadata"]["name"])
    assert kind.scale is not None, "the target has a scale"
    error = ""
    for _ in range(_CONFLICT_TRIES):
        stored = sync.view.get(kind.kind, key) or target.obj
        try:
            yield Update(kind.kind, assoc(stored, *kind.scale.spec_replicas, desired), "scale")
            return ""
        except ApiError as refused:
            error = refused.message
            if refused.reason != "Conflict":
                return error
    return error


def _status(
    sync: Sync, current: int, desired: int | None, statuses: list[Obj] | None, *, rescale: bool = False
) -> Obj:
    """The status; `desired` None keeps what it was."""
    old: Obj = sync.hpa.get("status") or {}
    status: Obj = {
        "desiredReplicas": old.get("desiredReplicas", 0) if desired is None else desired,
        "currentMetrics": statuses or None,
    }
    if current:
        status["currentReplicas"] = current
    if rescale:
        status["lastScaleTime"] = timestamp(sync.now_us)
    elif old.get("lastScaleTime"):
        status["lastScaleTime"] = old["lastScaleTime"]
    return status


def _write(sync: Sync, status: Obj) -> Acting:
    """Write the status with the conditions, if it is not what is stored."""
    new = {**status, "conditions": sync.conditions} if sync.conditions else status
    if new == sync.hpa.get("status"):
        return ""
    try:
        yield Update("HorizontalPodAutoscaler", {**sync.hpa, "status": new}, "status")
    except ApiError as error:
        yield sync.warn("FailedUpdateStatus", error.message)
        return f"failed to update status for {sync.hpa['metadata']['name']}: {error.message}"
    return ""


CONTROLLER = Component(
    name="horizontal-pod-autoscaler",
    watches=(Watch("HorizontalPodAutoscaler"),),
    plan=plan,
)
