"""How many Pods a metric asks for: the ratio of what is used to what is wanted, times the Pods.

Pods whose use is unknown are taken to be as harmless as the direction of the
change allows: idle when there shall be more, at their target when there shall be fewer.

Models pkg/controller/podautoscaler/replica_calculator.go and metrics/utilization.go, v1.36.
Amounts are integers of thousandths, as upstream's milli-values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.kinds._pod_resources import pod_requests, supported_at_pod_level
from k8slab.api.meta import Obj, condition_of
from k8slab.clock import MINUTE_US, SECOND_US, parse_timestamp
from k8slab.controllers._hpa_metrics import MetricsError, PodMetric, PodMetrics
from k8slab.controllers._pods import is_ready, phase_of

CPU_INITIALIZATION_US = 5 * MINUTE_US
INITIAL_READINESS_DELAY_US = 30 * SECOND_US
_MOST_REPLICAS = 2**31 - 1
_MOST_USAGE = 2**63 - 1


class Tolerances(NamedTuple):
    """How far the ratio may be from 1 without consequence, downwards and upwards."""

    down: float = 0.1
    up: float = 0.1

    def allow(self, ratio: float) -> bool:
        """Whether a ratio of use to target is near enough to 1."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


class Warmup(NamedTuple):
    """For how long a young Pod's CPU use is not yet trusted."""

    initialization_us: int = CPU_INITIALIZATION_US
    readiness_delay_us: int = INITIAL_READINESS_DELAY_US


WARMUP = Warmup()


class Groups(NamedTuple):
    """How many Pods count, and the names of those that don't, by why."""

    ready: int
    unready: list[str]
    missing: list[str]
    ignored: list[str]


class Proposal(NamedTuple):
    """The number of Pods that a metric asks for; what is used of the requests in percent, and on average."""

    replicas: int
    utilization: int
    average: int


def group_pods(
    pods: Sequence[Obj],
    metrics: Mapping[str, PodMetric],
    resource: str,
    now_us: int,
    warmup: Warmup = WARMUP,
) -> Groups:
    """Who counts (`groupPods`): not who goes, pends, lacks a metric, or (for CPU) still starts."""
    groups = Groups(0, [], [], [])
    ready = 0
    for pod in pods:
        name = pod["metadata"]["name"]
        if "deletionTimestamp" in pod["metadata"] or phase_of(pod) == "Failed":
            groups.ignored.append(name)
        elif phase_of(pod) == "Pending":
            groups.unready.append(name)
        elif name not in metrics:
            groups.missing.append(name)
        elif resource == "cpu" and _is_warming_up(pod, metrics[name], now_us, warmup):
            groups.unready.append(name)
        else:
            ready += 1
    return groups._replace(ready=ready)


def _is_warming_up(pod: Obj, metric: PodMetric, now_us: int, warmup: Warmup) -> bool:
    condition = condition_of(pod, "Ready")
    started = (pod.get("status") or {}).get("startTime")
    if condition is None or not started:
        return True
    started_us = parse_timestamp(started)
    changed_us = parse_timestamp(condition.get("lastTransitionTime") or "1970-01-01T00:00:00Z")
    unready = bool(condition["status"] == "False")
    if started_us + warmup.initialization_us > now_us:
        return unready or metric.at_us < changed_us + metric.window_us
    return unready and started_us + warmup.readiness_delay_us > changed_us


# What Pods ask for.


def requests_of(pods: Sequence[Obj], container: str, resource: str) -> dict[str, int]:
    """By Pod, what it (or one of its containers) requests. MetricsError where a request is missing."""
    return {pod["metadata"]["name"]: _request(pod, container, resource) for pod in pods}


def _request(pod: Obj, container: str, resource: str) -> int:
    spec, name = pod["spec"], pod["metadata"]["name"]
    whole = (spec.get("resources") or {}).get("requests") or {}
    if not container and any(supported_at_pod_level(one) for one in whole):
        amount = pod_requests(spec).get(resource)
        if amount is None:
            raise MetricsError(f"missing pod-level request for {resource} in Pod {name}")
        return -(-amount.nano // quantities.NANO_PER_MILLI)
    sidecars = [one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"]
    total = 0
    for one in (*spec["containers"], *sidecars):
        if container and one["name"] != container:
            continue
        text = ((one.get("resources") or {}).get("requests") or {}).get(resource)
        if text is None:
            raise MetricsError(f"missing request for {resource} in container {one['name']} of Pod {name}")
        total += quantities.milli(text)
        if container:
            return total
    if container:
        raise MetricsError(f"container {container} not found in Pod {name}")
    return total


# Ratios.


def _truncated(dividend: int, divisor: int) -> int:
    """A quotient as Go divides integers: towards zero."""
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def utilization_ratio(
    metrics: Mapping[str, PodMetric], requests: Mapping[str, int], target_percent: int
) -> tuple[float, int, int]:
    """The ratio to the target, the percentage of the requests, and the average use."""
    known = [name for name in metrics if name in requests]
    requested = sum(requests[name] for name in known)
    if not requested:
        raise MetricsError("no metrics returned matched known pods")
    used = sum(metrics[name].value for name in known)
    percent = _truncated(used * 100, requested)
    return percent / target_percent, percent, _truncated(used, len(known))


def usage_ratio(metrics: Mapping[str, PodMetric], target: int) -> tuple[float, int]:
    """The ratio of the average use to the target, and the average."""
    average = _truncated(sum(metric.value for metric in metrics.values()), len(metrics))
    return average / target, average


# Proposals.


def resource_replicas(
    pods: Sequence[Obj],
    metrics: PodMetrics,
    current: int,
    target_percent: int,
    resource: str,
    tolerances: Tolerances,
    now_us: int,
    *,
    container: str = "",
    warmup: Warmup = WARMUP,
) -> Proposal:
    """By the percentage of their requests that the Pods use (`GetResourceReplicas`). Raises MetricsError."""
    groups, known = _usable(pods, metrics, resource, now_us, warmup)
    requests = requests_of(pods, container, resource)
    ratio, percent, average = utilization_ratio(known, requests, target_percent)
    fallback = max(100, target_percent)
    stand_in = {name: _truncated(requests[name] * fallback, 100) for name in groups.missing}
    again = _with_unknown(groups, known, ratio, stand_in)
    if again is None:
        replicas = current if tolerances.allow(ratio) else math.ceil(ratio * groups.ready)
        return Proposal(replicas, percent, average)
    new_ratio, _, _ = utilization_ratio(again, requests, target_percent)
    return Proposal(_careful(current, ratio, new_ratio, len(again), tolerances), percent, average)


def plain_replicas(
    pods: Sequence[Obj],
    metrics: PodMetrics,
    current: int,
    target: int,
    resource: str,
    tolerances: Tolerances,
    now_us: int,
    *,
    warmup: Warmup = WARMUP,
) -> Proposal:
    """By the average use of the Pods (`calcPlainMetricReplicas`). Raises MetricsError."""
    groups, known = _usable(pods, metrics, resource, now_us, warmup)
    ratio, average = usage_ratio(known, target)
    again = _with_unknown(groups, known, ratio, dict.fromkeys(groups.missing, target))
    if again is None:
        replicas = current if tolerances.allow(ratio) else math.ceil(ratio * groups.ready)
        return Proposal(replicas, 0, average)
    new_ratio, _ = usage_ratio(again, target)
    return Proposal(_careful(current, ratio, new_ratio, len(again), tolerances), 0, average)


def _usable(
    pods: Sequence[Obj], metrics: PodMetrics, resource: str, now_us: int, warmup: Warmup
) -> tuple[Groups, PodMetrics]:
    if not pods:
        raise MetricsError("no pods returned by selector while calculating replica count")
    groups = group_pods(pods, metrics, resource, now_us, warmup)
    left_out = dict.fromkeys((*groups.ignored, *groups.unready))
    known = {name: metric for name, metric in metrics.items() if name not in left_out}
    if not known:
        raise MetricsError("did not receive metrics for targeted pods (pods might be unready)")
    return groups, known


def _with_unknown(
    groups: Groups, known: PodMetrics, ratio: float, stand_in: Mapping[str, int]
) -> PodMetrics | None:
    """The metrics with guesses for the Pods of which nothing is known; None where there are no such Pods."""
    grows_with_unready = bool(groups.unready) and ratio > 1.0
    if not grows_with_unready and not groups.missing:
        return None
    guessed = dict(known)
    for name in groups.missing:
        if ratio < 1.0:
            guessed[name] = PodMetric(stand_in[name])
        elif ratio > 1.0:
            guessed[name] = PodMetric(0)
    if grows_with_unready:
        guessed.update(dict.fromkeys(groups.unready, PodMetric(0)))
    return guessed


def _careful(current: int, ratio: float, new_ratio: float, count: int, tolerances: Tolerances) -> int:
    """The number by the guesses, unless they turn the direction of the change."""
    turned = (ratio < 1.0 < new_ratio) or (new_ratio < 1.0 < ratio)
    if tolerances.allow(new_ratio) or turned:
        return current
    replicas = math.ceil(new_ratio * count)
    if (new_ratio < 1.0 and replicas > current) or (new_ratio > 1.0 and replicas < current):
        return current
    return replicas


def total_replicas(
    pods: Sequence[Obj], usage: int, current: int, target: int, tolerances: Tolerances
) -> Proposal:
    """By one value for all Pods together (`getUsageRatioReplicaCount`). Raises MetricsError."""
    ratio = usage / target
    if current == 0:
        return Proposal(math.ceil(ratio), 0, usage)
    if tolerances.allow(ratio):
        return Proposal(current, 0, usage)
    if not pods:
        why = "no pods returned by selector while calculating replica count"
        raise MetricsError(f"unable to calculate ready pods: {why}")
    ready = sum(phase_of(pod) == "Running" and is_ready(pod) for pod in pods)
    return Proposal(min(math.ceil(ratio * ready), _MOST_REPLICAS), 0, usage)


def per_pod_replicas(usage: int, counted: int, target: int, tolerances: Tolerances) -> Proposal:
    """By one value divided by the number of Pods (`GetExternalPerPodMetricReplicas`)."""
    ratio = usage / (target * counted) if counted else math.inf
    replicas = counted
    if not tolerances.allow(ratio):
        replicas = min(math.ceil(usage / target), _MOST_REPLICAS)
    average = math.ceil(usage / counted) if counted else _MOST_USAGE
    return Proposal(replicas, 0, min(average, _MOST_USAGE))
