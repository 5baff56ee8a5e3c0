"""HorizontalPodAutoscalers: what metrics ask for, what limits let through, and what is said of it.

Ports cases of pkg/controller/podautoscaler/{horizontal,replica_calculator}_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import owner_reference
from k8slab.clock import MINUTE_US, SECOND_US, START_US, timestamp
from k8slab.components import Record, Update
from k8slab.containers.loads import load
from k8slab.controllers import _hpa_limits as limits
from k8slab.controllers._hpa_limits import History, Recommendation, ScaleEvent
from k8slab.controllers._hpa_metrics import MetricsError, PodMetric, resource_metrics
from k8slab.controllers._hpa_replicas import (
    Tolerances,
    Warmup,
    group_pods,
    per_pod_replicas,
    plain_replicas,
    requests_of,
    resource_replicas,
    total_replicas,
)
from k8slab.controllers.horizontal_pod_autoscaler import SYNC_PERIOD_US, plan
from tests.controllers.view import MemoryView

NOW_US = START_US
WARMUP = Warmup(2 * MINUTE_US, 10 * SECOND_US)
MOST_INT32, MOST_INT64 = 2**31 - 1, 2**63 - 1


def pod(name="p", *, ready="True", phase="Running", started=180, turned=None, request="1", **metadata):
    """A Pod that started and turned ready so many seconds ago."""
    resources = {"requests": {"cpu": request, "memory": "1Gi"}} if request else {}
    status = {"phase": phase, "startTime": timestamp(NOW_US - started * SECOND_US)}
    if ready:
        when = NOW_US - (started if turned is None else turned) * SECOND_US
        status["conditions"] = [{"type": "Ready", "status": ready, "lastTransitionTime": timestamp(when)}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ns", "uid": name, "labels": {"app": "web"}, **metadata},
        "spec": {"containers": [{"name": "main", "resources": resources}]},
        "status": status,
    }


def pods(*options):
    return [pod(f"p{number}", **one) for number, one in enumerate(options)]


def metrics(*values):
    """By Pod in order; None where nothing is known."""
    return {
        f"p{number}": PodMetric(value, NOW_US, SECOND_US)
        for number, value in enumerate(values)
        if value is not None
    }


UNREADY, HOT = {"ready": "False"}, {"started": 60, "turned": 0}
FAILED, GOING = {"phase": "Failed", "ready": "False"}, {"deletionTimestamp": timestamp(NOW_US)}
PENDING = {"phase": "Pending", "ready": "False"}
BY_UTILIZATION = {
    "up": ([{}] * 3, (300, 500, 700), 3, 30, (5, 50, 500)),
    "up less with an unready one": ([UNREADY, {}, {}], (300, 500, 700), 3, 30, (4, 60, 600)),
    "up less with a hot one": ([HOT, {}, {}], (300, 500, 700), 3, 30, (4, 60, 600)),
    "not up with two unready": ([{}, UNREADY, UNREADY], (400, 500, 700), 3, 30, (3, 40, 400)),
    "not up with two hot": ([{}, HOT, HOT], (400, 500, 700), 3, 30, (3, 40, 400)),
    "failed ones don't count": ([{}, {}, FAILED, FAILED], (500, 700), 2, 30, (4, 60, 600)),
    "those that go don't count": ([{}, {}, GOING, GOING], (500, 700), 2, 30, (4, 60, 600)),
    "down": ([{}] * 5, (100, 300, 500, 250, 250), 5, 50, (3, 28, 280)),
    "down without unready ones": (
        [{}, {}, {}, UNREADY, UNREADY],
        (100, 300, 500, 250, 250),
        5,
        50,
        (2, 30, 300),
    ),
    "down without pending ones": (
        [{}, PENDING, PENDING, PENDING, PENDING],
        (100, None, None, None, None),
        5,
        50,
        (1, 10, 100),
    ),
    "down without hot ones": ([{}, {}, {}, HOT, HOT], (100, 300, 500, 250, 250), 5, 50, (2, 30, 300)),
    "down without failed ones": (
        [{}] * 5 + [FAILED, FAILED],
        (100, 300, 500, 250, 250),
        5,
        50,
        (3, 28, 280),
    ),
    "within the tolerance": (
        [{"request": "0.9"}, {}, {"request": "1.1"}], (1010, 1030, 1020), 3, 100, (3, 102, 1020),
    ),
    "metrics of Pods that are not there": (
        [{}] * 4, (4000, 9500, 3000, 7000, 3200, 2000), 4, 100, (24, 587, 5875),
    ),
    "one is missing, nothing changes": ([{}] * 2, (1000, None), 2, 100, (2, 100, 1000)),
    "one is missing, up would go down": ([{}] * 2, (1900, None), 2, 100, (2, 190, 1900)),
    "one is missing, down would go up": ([{}] * 2, (600, None), 2, 100, (2, 60, 600)),
    "missing and unready, no change": ([UNREADY, {}, {}], (100, 450, None), 3, 50, (3, 45, 450)),
    "missing and hot, no change": ([HOT, {}, {}], (100, 450, None), 3, 50, (3, 45, 450)),
    "missing and unready, up": ([UNREADY, {}, {}], (100, 2000, None), 3, 50, (4, 200, 2000)),
    "missing and hot, up": ([HOT, {}, {}], (100, 2000, None), 3, 50, (4, 200, 2000)),
    "missing and unready, down": ([UNREADY, {}, {}, {}], (100, 100, 100, None), 4, 50, (3, 10, 100)),
    "missing, the target is above 100 %": (
        [UNREADY, {}, {"request": "2"}, {"request": "2"}], (200, 100, 100, None), 4, 300, (2, 6, 100),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "values", "current", "target", "expected"), BY_UTILIZATION.values(), ids=BY_UTILIZATION
)
def test_by_utilization(options, values, current, target, expected):
    found = resource_replicas(
        pods(*options), metrics(*values), current, target, "cpu", Tolerances(), NOW_US, warmup=WARMUP
    )
    assert tuple(found) == expected


BY_AVERAGE = {
    "up": ([{}] * 3, (20000, 10000, 30000), 3, 15000, (4, 20000)),
    "unready and hot ones count": ([{}, {}, UNREADY], (50000, 10000, 30000), 3, 15000, (6, 30000)),
    "two unready ones count": ([UNREADY, {}, UNREADY], (50000, 15000, 30000), 3, 15000, (7, 31666)),
    "down": ([{}] * 5, (12000, 12000, 12000, 12000, 12000), 5, 20000, (3, 12000)),
    "within the tolerance": ([{}] * 3, (20000, 21000, 21000), 3, 20000, (3, 20666)),
    "one is missing, nothing changes": ([{}] * 2, (1000, None), 2, 1000, (2, 1000)),
    "surging, as many as run": ([{}] * 3, (1000, 1000, None), 2, 1000, (2, 1000)),
}


@pytest.mark.parametrize(
    ("options", "values", "current", "target", "expected"), BY_AVERAGE.values(), ids=BY_AVERAGE
)
def test_by_average(options, values, current, target, expected):
    found = plain_replicas(
        pods(*options), metrics(*values), current, target, "", Tolerances(), NOW_US, warmup=WARMUP
    )
    assert (found.replicas, found.average) == expected


BY_TOTAL = {
    "up": ([{}] * 3, 20000, 3, 15000, 4),
    "unready ones don't count": ([{}, UNREADY, UNREADY], 50000, 5, 10000, 5),
    "down": ([{}] * 5, 12000, 5, 20000, 3),
    "within the tolerance": ([{}] * 3, 20666, 3, 20000, 3),
    "from nothing": ([], 25000, 0, 10000, 3),
    "stays at nothing": ([], 0, 0, 10000, 0),
    "more than a number holds": ([{}] * 3, MOST_INT64, 3, 1, MOST_INT32),
}


@pytest.mark.parametrize(
    ("options", "usage", "current", "target", "expected"), BY_TOTAL.values(), ids=BY_TOTAL
)
def test_by_total(options, usage, current, target, expected):
    found = total_replicas(pods(*options), usage, current, target, Tolerances())
    assert (found.replicas, found.average) == (expected, usage)


PER_POD = {
    "up": (20000, 3, 5000, (4, 6667)),
    "down": (6000, 5, 2000, (3, 1200)),
    "within the tolerance": (8600, 4, 2166, (4, 2150)),
    "more than a number holds": (MOST_INT64, 1, 1, (MOST_INT32, MOST_INT64)),
    "a large target": (MOST_INT64, 1, MOST_INT64, (1, MOST_INT64)),
}


@pytest.mark.parametrize(("usage", "counted", "target", "expected"), PER_POD.values(), ids=PER_POD)
def test_per_pod(usage, counted, target, expected):
    found = per_pod_replicas(usage, counted, target, Tolerances())
    assert (found.replicas, found.average) == expected


TOLERANCES = {
    "down is tolerated": (Tolerances(0.2, 0.1), 85, 3),
    "down is not": (Tolerances(0.1, 0.1), 85, 3),
    "up is tolerated": (Tolerances(0.1, 0.3), 125, 3),
    "up is not": (Tolerances(0.1, 0.2), 125, 4),
    "none at all": (Tolerances(0.0, 0.0), 101, 4),
}


@pytest.mark.parametrize(("tolerances", "percent", "expected"), TOLERANCES.values(), ids=TOLERANCES)
def test_tolerances(tolerances, percent, expected):
    values = metrics(*[percent * 10] * 3)
    assert resource_replicas(pods({}, {}, {}), values, 3, 100, "cpu", tolerances, NOW_US).replicas == expected


FAILURES = {
    "no Pods": ([], (), "no pods returned by selector while calculating replica count"),
    "all unready": ([UNREADY], (1,), "did not receive metrics for targeted pods (pods might be unready)"),
    "no request": ([{"request": ""}], (1,), "missing request for cpu in container main of Pod p0"),
}


@pytest.mark.parametrize(("options", "values", "message"), FAILURES.values(), ids=FAILURES)
def test_failures(options, values, message):
    with pytest.raises(MetricsError) as caught:
        resource_replicas(pods(*options), metrics(*values), 1, 50, "cpu", Tolerances(), NOW_US, warmup=WARMUP)
    assert str(caught.value) == message


FRESH, STALE = PodMetric(1, NOW_US, 30 * SECOND_US), PodMetric(1, NOW_US, 60 * SECOND_US)
GROUPS = {
    "memory asks for no readiness": ("memory", pod(ready=""), FRESH, ""),
    "CPU without a condition": ("cpu", pod(ready=""), FRESH, "unready"),
    "CPU while it starts, fresh": ("cpu", pod(started=60, turned=30), FRESH, ""),
    "CPU while it starts, not fresh": ("cpu", pod(started=60, turned=30), STALE, "unready"),
    "CPU while it starts, not ready": ("cpu", pod(started=60, turned=54, ready="False"), FRESH, "unready"),
    "CPU later, not fresh": (
        "cpu",
        pod(started=180, turned=180),
        PodMetric(1, NOW_US - 2 * MINUTE_US, MINUTE_US),
        "",
    ),
    "CPU later, was ready before": ("cpu", pod(started=600, turned=540, ready="False"), FRESH, ""),
    "CPU later, never ready": ("cpu", pod(started=600, turned=595, ready="False"), FRESH, "unready"),
    "nothing known": ("cpu", pod(), None, "missing"),
    "pending": ("cpu", pod(phase="Pending"), FRESH, "unready"),
    "failed": ("cpu", pod(phase="Failed"), FRESH, "ignored"),
    "going": ("cpu", pod(**GOING), FRESH, "ignored"),
}


@pytest.mark.parametrize(("resource", "one", "metric", "expected"), GROUPS.values(), ids=GROUPS)
def test_groups(resource, one, metric, expected):
    found = group_pods([one], {"p": metric} if metric else {}, resource, NOW_US, WARMUP)
    assert found.ready == (0 if expected else 1)
    assert found._asdict() | {"ready": 0} == {
        "ready": 0,
        **{name: ["p"] if name == expected else [] for name in ("unready", "missing", "ignored")},
    }


def container(name, cpu=None, **more):
    resources = {"requests": {"cpu": cpu}} if cpu else {}
    return {"name": name, "resources": resources, **more}


SIDECAR = container("side", "20m", restartPolicy="Always")
REQUESTS = {
    "one container": ({"containers": [container("a", "100m")]}, "", 100),
    "two containers": ({"containers": [container("a", "100m"), container("b", "50m")]}, "", 150),
    "one of two": ({"containers": [container("a", "100m"), container("b", "50m")]}, "b", 50),
    "with a sidecar": ({"containers": [container("a", "100m")], "initContainers": [SIDECAR]}, "", 120),
    "the sidecar": ({"containers": [container("a", "100m")], "initContainers": [SIDECAR]}, "side", 20),
    "not an init container": (
        {"containers": [container("a", "100m")], "initContainers": [container("i", "1")]},
        "",
        100,
    ),
    "the Pod's own": (
        {"containers": [container("a", "100m")], "resources": {"requests": {"cpu": "800m"}}},
        "",
        800,
    ),
    "a container's, though the Pod has its own": (
        {"containers": [container("a", "100m")], "resources": {"requests": {"cpu": "800m"}}},
        "a",
        100,
    ),
    "missing": ({"containers": [container("a")]}, "", "missing request for cpu in container a of Pod p"),
    "no such container": ({"containers": [container("a", "1")]}, "b", "container b not found in Pod p"),
}


@pytest.mark.parametrize(("spec", "name", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_requests(spec, name, expected):
    given = [{"metadata": {"name": "p"}, "spec": spec}]
    if isinstance(expected, int):
        assert requests_of(given, name, "cpu") == {"p": expected}
        return
    with pytest.raises(MetricsError, match=expected):
        requests_of(given, name, "cpu")


# Limits.


BOUNDS = {
    "within": (5, 7, 3, 8, (7, "DesiredWithinRange")),
    "too few": (3, 1, 2, 8, (2, "TooFewReplicas")),
    "none at all": (1, 0, 0, 10, (0, "DesiredWithinRange")),
    "too many": (20, 1000, 1, 10, (10, "TooManyReplicas")),
    "too fast": (3, 1000, 1, 2000, (6, "ScaleUpLimit")),
    "at least four": (1, 1000, 1, 2000, (4, "ScaleUpLimit")),
}


@pytest.mark.parametrize(("current", "desired", "least", "most", "expected"), BOUNDS.values(), ids=BOUNDS)
def test_bounds(current, desired, least, most, expected):
    assert limits.within_bounds(current, desired, least, most)[:2] == expected


def recommended(*pairs):
    return tuple(Recommendation(replicas, NOW_US - minutes * MINUTE_US) for replicas, minutes in pairs)


STABILIZED = {
    "nothing before": ((), 5, 5, 1),
    "higher before": (recommended((4, 2), (5, 1)), 3, 5, 3),
    "lower before": (recommended((1, 2), (2, 1)), 3, 3, 3),
    "long ago": (recommended((10, 10), (9, 9)), 3, 3, 2),
    "long ago and higher": (recommended((10, 10), (4, 1), (5, 2), (9, 9)), 3, 5, 4),
}


@pytest.mark.parametrize(("before", "desired", "expected", "count"), STABILIZED.values(), ids=STABILIZED)
def test_stabilizing(before, desired, expected, count):
    found, history = limits.stabilized(History(before), desired, NOW_US)
    assert (found, len(history.recommendations)) == (expected, count)


def rules(pods_value=0, pods_seconds=0, percent=0, percent_seconds=0, window=None, select="Max"):
    policies = []
    if pods_value:
        policies.append({"type": "Pods", "value": pods_value, "periodSeconds": pods_seconds})
    if percent:
        policies.append({"type": "Percent", "value": percent, "periodSeconds": percent_seconds})
    found = {"selectPolicy": select, "policies": policies}
    return found if window is None else {**found, "stabilizationWindowSeconds": window}


def events(*changes, seconds=120):
    apart = seconds / (len(changes) + 1)
    return tuple(
        ScaleEvent(change, int(NOW_US - apart * (number + 1) * SECOND_US))
        for number, change in enumerate(changes)
    )


UP, DOWN = rules(4, 15, 100, 15, 0), rules(0, 0, 100, 15)
RATES = {
    "within": ((), (), UP, DOWN, 5, 7, (3, 8), (7, "DesiredWithinRange")),
    "too few": ((), (), UP, DOWN, 3, 1, (2, 8), (2, "TooFewReplicas")),
    "none at all": ((), (), UP, DOWN, 1, 0, (0, 10), (0, "DesiredWithinRange")),
    "too many": ((), (), UP, DOWN, 20, 1000, (1, 10), (10, "TooManyReplicas")),
    "more than the maximum": ((), (), UP, DOWN, 100, 1000, (100, 150), (150, "TooManyReplicas")),
    "up at a rate": ((), (), rules(0, 0, 1, 60), DOWN, 3, 1000, (1, 2000), (4, "ScaleUpLimit")),
    "down at a rate": ((), (), UP, rules(20, 60), 1000, 3, (3, 2000), (980, "ScaleDownLimit")),
    "up by default": ((), (), UP, DOWN, 10, 50, (1, 1000), (20, "ScaleUpLimit")),
    "Pods above percent": ((), (), rules(100, 60, 100, 60), DOWN, 10, 500, (1, 1000), (110, "ScaleUpLimit")),
    "percent above Pods": ((), (), rules(2, 60, 100, 60), DOWN, 10, 500, (1, 1000), (20, "ScaleUpLimit")),
    "the smaller of both": (
        (), (), rules(2, 60, 100, 60, select="Min"), DOWN, 10, 500, (1, 1000), (12, "ScaleUpLimit"),
    ),
    "up is disabled": (
        (), (), rules(2, 60, select="Disabled"), DOWN, 10, 500, (1, 1000), (10, "ScaleUpLimit"),
    ),
    "many Pods are enough": ((), (), rules(100, 60), DOWN, 10, 50, (1, 1000), (50, "DesiredWithinRange")),
    "up by Pods": ((), (), rules(30, 60), DOWN, 10, 50, (1, 1000), (40, "ScaleUpLimit")),
    "up by percent": ((), (), rules(0, 0, 200, 60), DOWN, 10, 50, (1, 1000), (30, "ScaleUpLimit")),
    "down, percent below Pods": (
        (), (), UP, rules(20, 60, 1, 60), 100, 2, (1, 1000), (80, "ScaleDownLimit"),
    ),
    "down, Pods below percent": ((), (), UP, rules(2, 60, 1, 60), 100, 2, (1, 1000), (98, "ScaleDownLimit")),
    "down, the smaller of both": (
        (), (), UP, rules(2, 60, 1, 60, select="Min"), 100, 2, (1, 1000), (99, "ScaleDownLimit"),
    ),
    "down is disabled": (
        (), (), UP, rules(2, 60, select="Disabled"), 100, 2, (1, 1000), (100, "ScaleDownLimit"),
    ),
    "down to the minimum": ((), (), UP, rules(100, 60), 10, 0, (1, 1000), (1, "TooFewReplicas")),
    "down to the minimum by percent": (
        (), (), UP, rules(0, 0, 100, 60), 10, 2, (5, 1000), (5, "TooFewReplicas"),
    ),
    "down by Pods": ((), (), UP, rules(5, 60), 10, 2, (1, 1000), (5, "ScaleDownLimit")),
    "down by percent": ((), (), UP, rules(0, 0, 50, 60), 10, 5, (1, 1000), (5, "DesiredWithinRange")),
    "up after events, to the maximum": (
        events(1, 5, 9), (), rules(300, 60), DOWN, 100, 500, (1, 200), (200, "TooManyReplicas"),
    ),
    "no further up after many events": (
        events(1, 5, 9), (), rules(5, 120), DOWN, 100, 500, (1, 1000), (100, "ScaleUpLimit"),
    ),
    "up by Pods after events": (
        events(1, 5, 9), (), rules(150, 120), DOWN, 100, 500, (1, 1000), (235, "ScaleUpLimit"),
    ),
    "up by percent after events": (
        events(1, 5, 9), (), rules(0, 0, 200, 120), DOWN, 100, 500, (1, 1000), (255, "ScaleUpLimit"),
    ),
    "up after both": (
        events(4), events(2), rules(0, 0, 300, 300), DOWN, 6, 24, (1, 1000), (16, "ScaleUpLimit"),
    ),
    "down by default after events": (
        (), events(1, 5, 9), UP, DOWN, 10, 5, (1, 1000), (5, "DesiredWithinRange"),
    ),
    "no further down after events": (
        (), events(1, 5, 9), UP, rules(5, 120), 100, 2, (1, 1000), (100, "ScaleDownLimit"),
    ),
    "down by percent after events": (
        (), events(2, 4, 6), UP, rules(0, 0, 50, 120), 100, 0, (1, 1000), (56, "ScaleDownLimit"),
    ),
    "down after both": (
        events(2), events(4), UP, rules(0, 0, 50, 180), 10, 1, (1, 1000), (6, "ScaleDownLimit"),
    ),
    "events keep it where it is": (
        (), events(10, 10, 10), UP, rules(0, 0, 10, 120), 100, 0, (1, 1000), (100, "ScaleDownLimit"),
    ),
    "events still let it go down": (
        (), events(10, 10, 10), UP, rules(0, 0, 1000, 120), 10, 5, (1, 1000), (5, "DesiredWithinRange"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("ups", "downs", "up", "down", "current", "desired", "bounds", "expected"), RATES.values(), ids=RATES
)
def test_rates(ups, downs, up, down, current, desired, bounds, expected):
    history = History((), ups, downs)
    behavior = {"scaleUp": up, "scaleDown": down}
    found = limits.within_rates(history, current, desired, bounds, behavior, NOW_US)
    assert found[:2] == expected


def seconds_ago(*pairs):
    return tuple(Recommendation(replicas, NOW_US - seconds * SECOND_US) for replicas, seconds in pairs)


WINDOWS = {
    "nothing before": ((), 100, 5, 300, 300, (5, "ScaleDownStabilized")),
    "down waits for the highest": (seconds_ago((80, 100)), 100, 5, 0, 300, (80, "ScaleDownStabilized")),
    "up waits for the lowest": (seconds_ago((12, 100)), 10, 50, 300, 0, (12, "ScaleUpStabilized")),
    "up at once without a window": (seconds_ago((12, 100)), 10, 50, 0, 300, (50, "ScaleUpStabilized")),
    "down at once without a window": (seconds_ago((80, 100)), 100, 5, 300, 0, (5, "ScaleDownStabilized")),
    "too long ago": (seconds_ago((80, 400)), 100, 5, 0, 300, (5, "ScaleDownStabilized")),
}


@pytest.mark.parametrize(
    ("before", "current", "desired", "up", "down", "expected"), WINDOWS.values(), ids=WINDOWS
)
def test_windows(before, current, desired, up, down, expected):
    behavior = {"scaleUp": rules(window=up), "scaleDown": rules(window=down)}
    found, history = limits.stabilized_by_behavior(History(before), current, desired, behavior, NOW_US)
    assert found[:2] == expected
    assert history.recommendations[-1 if before[:1] != seconds_ago((80, 400)) else 0].replicas == desired


def test_outdated_events_are_replaced():
    behavior = {"scaleUp": rules(4, 60), "scaleDown": rules(4, 60)}
    old, recent = ScaleEvent(1, NOW_US - 90 * SECOND_US), ScaleEvent(2, NOW_US - 30 * SECOND_US)
    history = limits.with_scale_event(History((), (old, recent)), behavior, 3, 7, NOW_US)
    assert history.ups == (ScaleEvent(4, NOW_US), recent)
    history = limits.with_scale_event(history, behavior, 7, 5, NOW_US)
    assert history.downs == (ScaleEvent(2, NOW_US),)
    assert limits.with_scale_event(history, None, 5, 9, NOW_US) == history


# Whole looks.


KEY = ("ns", "web")


def workload(replicas, *, status=None, **spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "web", "namespace": "ns", "uid": "web"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, **spec},
        "status": {"replicas": replicas},
    }


CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}


def autoscaler(
    least=1, most=10, *, given=(CPU,), target=("apps/v1", "ReplicaSet", "web"), name="web", **spec
):
    api_version, kind, target_name = target
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "ns", "uid": f"hpa-{name}"},
        "spec": {
            "scaleTargetRef": {"apiVersion": api_version, "kind": kind, "name": target_name},
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": list(given),
            **spec,
        },
        "status": {"desiredReplicas": 0, "currentMetrics": None},
    }


def owned(count):
    owner = owner_reference(workload(count))
    return [pod(f"p{i}", started=600, ownerReferences=[owner]) for i in range(count)]


def look(view, memory=None):
    """One look at its time: the scale, the conditions by type, the events, and how it ended."""
    if memory is None:
        _, done = view.sync(plan, KEY)
        memory = done.memory
    view.now_us = memory.due_us
    actions, done = view.sync(plan, KEY, memory)
    status = view.get("HorizontalPodAutoscaler", KEY)["status"]
    conditions = {one["type"]: (one["status"], one["reason"]) for one in status.get("conditions", [])}
    said = [(one.reason, one.message) for one in actions if isinstance(one, Record)]
    return conditions, said, done


def test_it_is_looked_at_every_15_seconds():
    view = MemoryView([autoscaler(), workload(1), *owned(1)])
    actions, done = view.sync(plan, KEY)
    assert (actions, done.look_again_us) == ((), SYNC_PERIOD_US)
    view.now_us += 5 * SECOND_US
    actions, done = view.sync(plan, KEY, done.memory)
    assert (actions, done.look_again_us) == ((), SYNC_PERIOD_US - 5 * SECOND_US)
    _, _, done = look(view, done.memory)
    assert done.look_again_us == SYNC_PERIOD_US


def test_a_load_scales_up():
    view = MemoryView([autoscaler(), workload(2), *owned(2), load("ns", "web", cpuMillis=3000)])
    conditions, said, _ = look(view)
    name = "cpu resource utilization (percentage of request)"
    assert said == [("SuccessfulRescale", f"New size: 4; reason: {name} above target")]
    assert view.get("ReplicaSet", KEY)["spec"]["replicas"] == 4
    assert conditions == {
        "AbleToScale": ("True", "SucceededRescale"),
        "ScalingActive": ("True", "ValidMetricFound"),
        "ScalingLimited": ("True", "ScaleUpLimit"),
    }
    status = view.get("HorizontalPodAutoscaler", KEY)["status"]
    assert status["currentMetrics"] == [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "current": {"averageValue": "1500m", "averageUtilization": 150}},
        }
    ]
    assert (status["currentReplicas"], status["desiredReplicas"]) == (2, 4)
    assert status["lastScaleTime"] == timestamp(view.now_us)


def test_idle_pods_are_scaled_down_after_five_minutes():
    view = MemoryView([autoscaler(), workload(4), *owned(4)])
    conditions, said, done = look(view)
    assert not said
    assert conditions["AbleToScale"] == ("True", "ScaleDownStabilized")
    while view.get("ReplicaSet", KEY)["spec"]["replicas"] == 4:
        conditions, said, done = look(view, done.memory)
        assert view.now_us < START_US + 6 * MINUTE_US
    assert said == [("SuccessfulRescale", "New size: 1; reason: All metrics below target")]
    assert view.now_us >= START_US + 5 * MINUTE_US


ABOVE = "Current number of replicas above Spec.MaxReplicas"
BEFORE_METRICS = {
    "above the maximum": (workload(12), 10, ABOVE),
    "below the minimum": (workload(1), 2, "Current number of replicas below Spec.MinReplicas"),
}


@pytest.mark.parametrize(("target", "size", "reason"), BEFORE_METRICS.values(), ids=BEFORE_METRICS)
def test_bounds_come_before_metrics(target, size, reason):
    view = MemoryView([autoscaler(2, 10), target])
    _, said, _ = look(view)
    assert said == [("SuccessfulRescale", f"New size: {size}; reason: {reason}")]
    assert view.get("ReplicaSet", KEY)["spec"]["replicas"] == size


def test_no_replicas_disable_scaling():
    view = MemoryView([autoscaler(), workload(0)])
    conditions, said, _ = look(view)
    assert conditions["ScalingActive"] == ("False", "ScalingDisabled")
    assert not said


NO_TARGETS = {
    "not there": (("apps/v1", "ReplicaSet", "gone"), 'replicasets.apps "gone" not found'),
    "an unknown kind": (("apps/v1", "Unknown", "web"), 'no matches for kind "Unknown" in group "apps"'),
    "a kind without a scale": (
        ("apps/v1", "DaemonSet", "web"),
        "the server could not find the requested resource",
    ),
    "a malformed version": (("a/b/c", "ReplicaSet", "web"), "unexpected GroupVersion string: a/b/c"),
}


@pytest.mark.parametrize(("target", "message"), NO_TARGETS.values(), ids=NO_TARGETS)
def test_missing_targets(target, message):
    view = MemoryView([autoscaler(target=target), workload(1)])
    conditions, said, done = look(view)
    assert said == [("FailedGetScale", message)]
    assert conditions == {"AbleToScale": ("False", "FailedGetScale")}
    assert done.error == "", "it is looked at again at its time, without back-off"


RESOURCE = "unable to get metrics for resource cpu: no metrics returned from resource metrics API"
NO_METRICS = {
    "utilization": (CPU, "FailedGetResourceMetric", f"failed to get cpu utilization: {RESOURCE}"),
    "average": (
        {"type": "Resource", "resource": {"name": "cpu", "target": {"averageValue": "1"}}},
        "FailedGetResourceMetric",
        f"failed to get cpu usage: {RESOURCE}",
    ),
    "container": (
        {
            "type": "ContainerResource",
            "containerResource": {"name": "cpu", "container": "main", "target": {"averageUtilization": 1}},
        },
        "FailedGetContainerResourceMetric",
        f"failed to get cpu utilization: {RESOURCE}",
    ),
    "Pods": (
        {"type": "Pods", "pods": {"metric": {"name": "qps"}, "target": {"averageValue": "1"}}},
        "FailedGetPodsMetric",
        "unable to get metric qps: unable to fetch metrics from custom metrics API: "
        "no known available metric versions found",
    ),
    "object": (
        {
            "type": "Object",
            "object": {
                "metric": {"name": "qps"},
                "describedObject": {"kind": "Service", "name": "front"},
                "target": {"type": "Value", "value": "1"},
            },
        },
        "FailedGetObjectMetric",
        "unable to get metric qps: unable to fetch metrics from custom metrics API: "
        "no known available metric versions found on Service ns/front",
    ),
    "external": (
        {
            "type": "External",
            "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "1"}},
        },
        "FailedGetExternalMetric",
        "failed to get external metric queue: unable to get external metric ns/queue/nil: "
        "unable to fetch metrics from external metrics API: "
        "the server could not find the requested resource (get queue.external.metrics.k8s.io)",
    ),
}


@pytest.mark.parametrize(("metric", "reason", "message"), NO_METRICS.values(), ids=NO_METRICS)
def test_missing_metrics(metric, reason, message):
    view = MemoryView([autoscaler(given=[metric]), workload(1), pod("p0", phase="Pending")])
    conditions, said, _ = look(view)
    assert said[0] == (reason, message)
    assert [one for one, _ in said] == [reason, "FailedComputeMetricsReplicas"]
    assert said[1][1].startswith("invalid metrics (1 invalid out of 1), first error is: failed to get ")
    assert conditions["ScalingActive"] == ("False", reason)


def test_one_of_two_metrics_is_enough_to_grow():
    queue = {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "30"}}
    missing = {"metric": {"name": "gone"}, "target": {"type": "AverageValue", "averageValue": "30"}}
    both = [{"type": "External", "external": one} for one in (missing, queue)]
    view = MemoryView(
        [autoscaler(given=both), workload(2), *owned(2), load("ns", "queue", metrics={"queue": "90"})]
    )
    conditions, said, done = look(view)
    assert conditions["ScalingActive"] == ("True", "ValidMetricFound")
    assert said[-1] == ("SuccessfulRescale", "New size: 3; reason: external metric queue(nil) above target")
    assert done.why.startswith("invalid metrics (1 invalid out of 2)")


def test_one_of_two_metrics_is_not_enough_to_shrink():
    queue = {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "30"}}
    missing = {"metric": {"name": "gone"}, "target": {"type": "AverageValue", "averageValue": "30"}}
    both = [{"type": "External", "external": one} for one in (missing, queue)]
    view = MemoryView(
        [autoscaler(given=both), workload(2), *owned(2), load("ns", "queue", metrics={"queue": "3"})]
    )
    conditions, _, _ = look(view)
    assert conditions["ScalingActive"] == ("False", "FailedGetExternalMetric")


def test_two_autoscalers_of_the_same_pods():
    other = autoscaler(name="other")
    other["status"]["conditions"] = [{"type": "AbleToScale", "status": "True"}]
    view = MemoryView([autoscaler(), other, workload(1), *owned(1)])
    conditions, said, _ = look(view)
    assert said[0] == (
        "AmbiguousSelector",
        "pods by selector app=web are controlled by multiple HPAs: [{web ns} {other ns}]",
    )
    assert conditions["ScalingActive"] == ("False", "AmbiguousSelector")


def test_a_refused_scale_is_told():
    view = MemoryView([autoscaler(2, 10), workload(1)])
    view.refuse[("update", "ReplicaSet")] = ApiError(500, "InternalError", "no")
    conditions, said, _ = look(view)
    why = "Current number of replicas below Spec.MinReplicas"
    assert said == [("FailedRescale", f"New size: 2; reason: {why}; error: no")]
    assert conditions["AbleToScale"] == ("False", "FailedUpdateScale")


def test_conflicts_are_tried_again():
    view = MemoryView([autoscaler(2, 10), workload(1)])
    view.refuse[("update", "ReplicaSet")] = ApiError(409, "Conflict", "changed")
    before = len(view.actions)
    look(view)
    tries = [one for one in view.actions[before:] if isinstance(one, Update) and one.kind == "ReplicaSet"]
    assert len(tries) == 5


# Down to no Pods, and up again.


def by_queue(name="queue", target="15"):
    described = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    wanted = {"type": "Value", "value": target}
    source = {"metric": {"name": "qps"}, "describedObject": described, "target": wanted}
    return {"type": "Object", "object": source}


def looked_at(least, size, qps, *, metric=None, scaled=False, gates=("HPAScaleToZero",), **spec):
    """The size and the conditions after one look at an autoscaler of one metric."""
    hpa = autoscaler(least, 6, given=[metric or by_queue()], **spec)
    if scaled:
        hpa["status"]["conditions"] = [
            {"type": "ScaledToZero", "status": "True", "reason": "ScaledToZero", "message": ""}
        ]
    loads = [load("ns", "queue", metrics={"qps": qps})]
    view = MemoryView([hpa, workload(size), *owned(size), *loads], gates=frozenset(gates))
    conditions, _, _ = look(view)
    return view.get("ReplicaSet", KEY)["spec"]["replicas"], conditions


ACTIVE, DISABLED = ("True", "ValidMetricFound"), ("False", "ScalingDisabled")
SCALED, NOT_SCALED = ("True", "ScaledToZero"), ("False", "NotScaledToZero")
ZERO = {
    "from zero": ((0, 0, "20", True), 2, ACTIVE, NOT_SCALED),
    "from zero the tolerance is no matter": ((0, 0, "1", True), 1, ACTIVE, NOT_SCALED),
    "from zero, not brought there by the controller": ((0, 0, "20", False), 0, DISABLED, None),
    "from zero, the minimum is higher now": ((2, 0, "10", True), 2, ACTIVE, NOT_SCALED),
    "by hand": ((1, 0, "20", False), 0, DISABLED, None),
    "down to zero": ((0, 1, "0", False), 1, ACTIVE, None),
    "an ordinary change": ((1, 3, "20", True), 4, ACTIVE, NOT_SCALED),
}


@pytest.mark.parametrize(("given", "size", "active", "zero"), ZERO.values(), ids=ZERO)
def test_scaling_from_zero(given, size, active, zero):
    least, before, qps, scaled = given
    after, conditions = looked_at(least, before, qps, scaled=scaled)
    assert (after, conditions["ScalingActive"]) == (size, active)
    assert conditions.get("ScaledToZero") == zero


@pytest.mark.parametrize(("least", "size"), [(0, 0), (2, 0), (1, 3)])
def test_without_the_gate_a_stale_condition_goes(least, size):
    _, conditions = looked_at(least, size, "20", scaled=True, gates=())
    assert "ScaledToZero" not in conditions
    assert conditions["ScalingActive"] == (ACTIVE if size else DISABLED)


def test_scaling_down_to_zero_is_told():
    at_once = {"scaleDown": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": []}}
    at_once["scaleDown"]["policies"] = [{"type": "Percent", "value": 100, "periodSeconds": 15}]
    at_once["scaleUp"] = at_once["scaleDown"]
    size, conditions = looked_at(0, 1, "0", behavior=at_once)
    assert (size, conditions["ScaledToZero"]) == (0, SCALED)


# Targets and metrics that can't be used.


NO_OBJECT_TARGET = "invalid object metric source: neither a value target nor an average value target was set"


@pytest.mark.parametrize(
    "target",
    [{"type": "Utilization", "value": "5"}, {"type": "Value", "averageValue": "5"}],
    ids=["of another type", "of the other value"],
)
def test_an_object_target_is_of_the_type_that_it_says(target):
    metric = by_queue()
    metric["object"]["target"] = target
    view = MemoryView([autoscaler(given=[metric]), workload(1), *owned(1)])
    conditions, said, _ = look(view)
    assert said[0] == ("FailedGetObjectMetric", NO_OBJECT_TARGET)
    assert conditions["ScalingActive"] == ("False", "FailedGetObjectMetric")


def test_a_namespace_is_the_autoscalers_own():
    metric = by_queue("another")
    metric["object"]["describedObject"] = {"apiVersion": "v1", "kind": "Namespace", "name": "another"}
    told = [load("ns", "another", metrics={"qps": "15"}), load("ns", "ns", metrics={"qps": "60"})]
    view = MemoryView([autoscaler(given=[metric]), workload(1), *owned(1), *told])
    look(view)
    assert view.get("ReplicaSet", KEY)["spec"]["replicas"] == 4


def rocket(size, selector):
    spec = {} if size is None else {"replicas": size}
    metadata = {"name": "web", "namespace": "ns", "uid": "web"}
    status = {"replicas": size or 0, "selector": selector}
    return {
        "apiVersion": "x.example/v1", "kind": "Rocket", "metadata": metadata, "spec": spec, "status": status,
    }  # fmt: skip


def rocket_definition():
    paths = {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    version = {"name": "v1", "served": True, "storage": True, "subresources": {"scale": paths}}
    names = {"kind": "Rocket", "plural": "rockets", "singular": "rocket"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "rockets.x.example", "uid": "rockets"},
        "spec": {"group": "x.example", "scope": "Namespaced", "names": names, "versions": [version]},
    }


ROCKETS = {
    "above the maximum": (7, "app=web", ("SuccessfulRescale", "New size: 5; reason: " + ABOVE)),
    "no replicas to read": (
        None,
        "app=web",
        (
            "FailedGetScale",
            'Internal error occurred: the spec replicas field ".spec.replicas" does not exist',
        ),
    ),
    "no selector": (3, "", ("SelectorRequired", "selector is required")),
    "an unparsable selector": (
        3,
        "cheddar cheese",
        (
            "InvalidSelector",
            "couldn't convert selector into a corresponding internal selector object: unable to parse "
            "requirement: found 'cheese', expected: in, notin, =, ==, !=, gt, lt",
        ),
    ),
}


@pytest.mark.parametrize(("size", "selector", "event"), ROCKETS.values(), ids=ROCKETS)
def test_custom_targets(size, selector, event):
    hpa = autoscaler(1, 5, target=("x.example/v1", "Rocket", "web"))
    view = MemoryView([hpa, rocket_definition(), rocket(size, selector)])
    conditions, said, _ = look(view)
    assert said[0] == event
    if event[0] in ("SelectorRequired", "InvalidSelector"):
        assert conditions["ScalingActive"] == ("False", "InvalidSelector")


# Loads.


def test_a_workloads_load_is_shared_among_its_ready_pods():
    view = MemoryView([workload(2), *owned(2), load("ns", "web", cpuMillis=900)])
    stored = view.list("Pod")
    found = resource_metrics(view, stored, "cpu", "", NOW_US)
    assert {name: metric.value for name, metric in found.items()} == {"p0": 450, "p1": 450}


LOADS = {
    "idle": ([], "cpu", 1),
    "its own": ([load("ns", "p0", cpuMillis=70), load("ns", "web", cpuMillis=900)], "cpu", 70),
    "its owner's": ([load("ns", "web", cpuMillis=900)], "cpu", 900),
    "idle memory": ([], "memory", 12 * 1024 * 1024 * 1000),
    "memory is each Pod's": ([load("ns", "web", memoryBytes=5)], "memory", 5000),
}


@pytest.mark.parametrize(("loads", "resource", "expected"), LOADS.values(), ids=LOADS)
def test_loads(loads, resource, expected):
    view = MemoryView([workload(1), *owned(1), *loads])
    (metric,) = resource_metrics(view, view.list("Pod"), resource, "", NOW_US).values()
    assert metric.value == expected


def test_a_young_pod_is_not_reported_yet():
    with pytest.raises(MetricsError, match="no metrics returned from resource metrics API"):
        resource_metrics(MemoryView(), [pod(started=10)], "cpu", "", NOW_US)
