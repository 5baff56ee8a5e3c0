"""What Pods use, as a metrics server would report it: of what requests cost them, or as the lab's user says.

No process here burns CPU. What a request costs its server is counted where it is
answered (`containers.cpu_time`); any other load is told: an object of the internal
kind `Load`, whose key is the namespace and the name of a Pod or of a workload, and
whose `spec` may say

* `cpuMillis`: thousandths of a CPU. A Pod's load is its own; a workload's is
  the work of all its ready Pods together and is shared evenly among them, so
  that more Pods mean less for each, as behind a Service. A limit caps it.
* `memoryBytes`: bytes, of each Pod.
* `metrics`: by name, the quantity of any other metric: of each Pod, of the
  object of that name, or, where the Load is named as the metric, from outside.

The first container carries a Pod's load, which counts instead of its requests. All
else idles. As with a real metrics server, values come every 15 seconds, are averages
of those, and only of Pods that ran for a whole period.

Models pkg/controller/podautoscaler/metrics/client.go, v1.36, and what
metrics-server answers it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.meta import Obj, dig, key_of
from k8slab.clock import parse_timestamp
from k8slab.containers.cpu_time import WINDOW_US, cpu_limit, served_millis
from k8slab.containers.loads import is_of_program, memory_use, owners_of
from k8slab.controllers._pods import is_ready
from k8slab.store.view import View

SCRAPE_PERIOD_US = WINDOW_US

IDLE_CPU_MILLIS = 1


class MetricsError(Exception):
    """Why there is no metric, or none that could be used, in upstream's words."""


class PodMetric(NamedTuple):
    """What one Pod uses, in thousandths of the resource's unit, and of which window."""

    value: int
    at_us: int = 0
    window_us: int = SCRAPE_PERIOD_US


PodMetrics = dict[str, PodMetric]
"""By the Pods' names."""


class ContainerUse(NamedTuple):
    """What a container uses."""

    cpu_millis: int
    memory_bytes: int


def resource_metrics(
    view: View, pods: Sequence[Obj], resource: str, container: str, now_us: int
) -> PodMetrics:
    """The use of `cpu` or `memory` by Pods, or by one container of each. MetricsError where there is none."""
    scraped_us = now_us // SCRAPE_PERIOD_US * SCRAPE_PERIOD_US
    seen = [pod for pod in pods if _is_reported(pod, scraped_us)]
    if not seen:
        raise MetricsError("no metrics returned from resource metrics API")
    found: PodMetrics = {}
    for pod in seen:
        values = _use_of(view, pod, resource, scraped_us)
        if values and container:
            values = {name: value for name, value in values.items() if name == container}
        if values:
            found[pod["metadata"]["name"]] = PodMetric(sum(values.values()), scraped_us)
    return found


def container_use(view: View, pod: Obj, now_us: int) -> dict[str, ContainerUse]:
    """What each container of a Pod uses; nothing of a Pod that hasn't run for a whole period."""
    scraped_us = now_us // SCRAPE_PERIOD_US * SCRAPE_PERIOD_US
    if not _is_reported(pod, scraped_us):
        return {}
    cpu, memory = (_use_of(view, pod, resource, scraped_us) for resource in ("cpu", "memory"))
    return {name: ContainerUse(millis, memory[name] // 1000) for name, millis in cpu.items()}


def _is_reported(pod: Obj, scraped_us: int) -> bool:
    """Whether all containers ran for a whole period before the last scrape."""
    status = pod.get("status") or {}
    if status.get("phase") != "Running":
        return False
    began = [dig(one, "state", "running", "startedAt") for one in status.get("containerStatuses") or ()]
    if not began:
        began = [status.get("startTime")]
    return all(text and parse_timestamp(text) + SCRAPE_PERIOD_US <= scraped_us for text in began)


def _use_of(view: View, pod: Obj, resource: str, scraped_us: int) -> dict[str, int]:
    """By container, in thousandths; empty for a resource that nobody measures."""
    if resource == "cpu":
        return _cpu_use(view, pod, scraped_us)
    if resource == "memory":
        return {name: size * 1000 for name, size in memory_use(view, pod).items()}
    return {}


def _cpu_use(view: View, pod: Obj, scraped_us: int) -> dict[str, int]:
    """What each container used in the last window: what its program needs, and what requests cost it.

    Where the lab's user has said how heavily the Pod is used, that is what its first container uses. A
    limit caps it.
    """
    served = served_millis(view, pod, scraped_us)
    used = {one["name"]: IDLE_CPU_MILLIS + served.get(one["name"], 0) for one in pod["spec"]["containers"]}
    first = pod["spec"]["containers"][0]["name"]
    own = view.get("Load", key_of(pod))
    if own is not None and is_of_program(own):
        used[first] = int(own["spec"]["cpuMillis"]) + served.get(first, 0)
    else:
        used[first] = _told_cpu_millis(view, pod, own, used[first])
    limits = {one["name"]: cpu_limit(pod, one) for one in pod["spec"]["containers"]}
    return {name: min(millis, limits[name] or millis) for name, millis in used.items()}


def _told_cpu_millis(view: View, pod: Obj, own: Obj | None, otherwise: int) -> int:
    """What the lab's user has said of the Pod, or of the nearest of its owners."""
    if own is not None and own["spec"].get("cpuMillis") is not None:
        return int(own["spec"]["cpuMillis"])
    for owner in owners_of(view, pod):
        told = view.get("Load", (pod["metadata"]["namespace"], owner["metadata"]["name"]))
        if told is None or told["spec"].get("cpuMillis") is None:
            continue
        sharing = sum(is_ready(one) for one in _pods_below(view, owner))
        return int(told["spec"]["cpuMillis"]) // sharing if sharing and is_ready(pod) else IDLE_CPU_MILLIS
    return otherwise


def _pods_below(view: View, owner: Obj) -> list[Obj]:
    """The Pods of an owner, and of the ReplicaSets that it owns."""
    uid = owner["metadata"]["uid"]
    found = list(view.list("Pod", owner=uid))
    for below in view.list("ReplicaSet", owner=uid) if owner["kind"] == "Deployment" else ():
        found.extend(view.list("Pod", owner=below["metadata"]["uid"]))
    return found


# Metrics of other kinds than resources.


def custom_pod_metrics(view: View, pods: Sequence[Obj], name: str, now_us: int) -> PodMetrics:
    """A custom metric of Pods. MetricsError where no Load tells it."""
    found: PodMetrics = {}
    for pod in pods:
        for obj in (pod, *owners_of(view, pod)):
            value = _custom(view, pod["metadata"]["namespace"], obj["metadata"]["name"], name)
            if value is not None:
                found[pod["metadata"]["name"]] = PodMetric(value, now_us)
                break
    if not found:
        raise MetricsError(f"unable to fetch metrics from custom metrics API: {_NO_ADAPTER}")
    return found


def object_metric(view: View, namespace: str, described: Mapping[str, str], name: str) -> int:
    """A custom metric of an object, in thousandths. MetricsError where no Load tells it.

    An autoscaler sees no namespace but its own, whatever name it gives.
    """
    is_namespace = described["kind"] == "Namespace" and "/" not in described.get("apiVersion", "")
    value = _custom(view, namespace, namespace if is_namespace else described["name"], name)
    if value is None:
        raise MetricsError(f"unable to fetch metrics from custom metrics API: {_NO_ADAPTER}")
    return value


def external_metric(view: View, namespace: str, name: str) -> int:
    """A metric from outside the cluster, in thousandths. MetricsError where no Load tells it."""
    value = _custom(view, namespace, name, name)
    if value is None:
        missing = f"the server could not find the requested resource (get {name}.external.metrics.k8s.io)"
        raise MetricsError(f"unable to fetch metrics from external metrics API: {missing}")
    return value


_NO_ADAPTER = "no known available metric versions found"


def _custom(view: View, namespace: str, owner: str, name: str) -> int | None:
    told = view.get("Load", (namespace, owner))
    text = (told["spec"].get("metrics") or {}).get(name) if told is not None else None
    return None if text is None else quantities.milli(str(text))
