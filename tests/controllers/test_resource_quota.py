"""ResourceQuotas: what is added up of each limit, and what gives something back.

Ports cases of pkg/controller/resourcequota/resource_quota_controller_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.components import CUSTOM, Update
from k8slab.controllers.resource_quota import CONTROLLER, counted_kinds, plan
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

KEY = ("ns", "quota")
HARD = {"cpu": "3", "memory": "100Gi", "pods": "5"}


def quota(hard=HARD, *, status=None, **spec):
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "quota", "namespace": "ns", "uid": "quota"},
        "spec": {"hard": hard, **spec},
        "status": status or {},
    }


def pod(name, cpu=None, memory=None, *, phase="Running", priority="", **metadata):
    requests = {resource: text for resource, text in (("cpu", cpu), ("memory", memory)) if text is not None}
    spec = {"containers": [{"name": "main", "resources": {"requests": requests}}]}
    if priority:
        spec["priorityClassName"] = priority
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ns", "uid": name, **metadata},
        "spec": spec,
        "status": {"phase": phase},
    }


def thing(kind, name="one", namespace="ns", **more):
    metadata = {"name": name, "namespace": namespace, "uid": f"{kind}-{name}"}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **more}


PODS = [
    pod("running", "100m", "1Gi"),
    pod("running-2", "100m", "1Gi"),
    pod("failed", "100m", "1Gi", phase="Failed"),
]
IMPORTANT = [
    pod("high", "500m", "50Gi", priority="high"),
    pod("low", "100m", "1Gi", priority="low"),
    pod("none", "100m", "1Gi"),
]
IDLE = [pod("a"), pod("b"), pod("c", phase="Failed")]


def by_priority(operator, *values):
    selector = {"scopeName": "PriorityClass", "operator": operator, "values": list(values)}
    return {"scopeSelector": {"matchExpressions": [selector]}}


USED = {
    "Pods that run": (quota(), PODS, {"cpu": "200m", "memory": "2Gi", "pods": "2"}),
    "nothing there": (quota(), [], {"cpu": "0", "memory": "0", "pods": "0"}),
    "another namespace": (
        quota(),
        [pod("p", "1", "1Gi") | {"metadata": {"name": "p", "namespace": "other", "uid": "p"}}],
        {"cpu": "0", "memory": "0", "pods": "0"},
    ),
    "best effort only, none": (
        quota(scopes=["BestEffort"]),
        PODS,
        {"cpu": "0", "memory": "0", "pods": "0"},
    ),
    "best effort only": (quota(scopes=["BestEffort"]), IDLE, {"cpu": "0", "memory": "0", "pods": "2"}),
    "any priority, none": (
        quota(**by_priority("Exists")),
        PODS,
        {"cpu": "0", "memory": "0", "pods": "0"},
    ),
    "any priority": (
        quota(**by_priority("Exists")),
        IMPORTANT,
        {"cpu": "600m", "memory": "51Gi", "pods": "2"},
    ),
    "two priorities": (
        quota(**by_priority("In", "high", "low")),
        IMPORTANT,
        {"cpu": "600m", "memory": "51Gi", "pods": "2"},
    ),
    "the high one": (
        quota(**by_priority("In", "high")),
        IMPORTANT,
        {"cpu": "500m", "memory": "50Gi", "pods": "1"},
    ),
    "the low one": (
        quota(**by_priority("In", "low")),
        IMPORTANT,
        {"cpu": "100m", "memory": "1Gi", "pods": "1"},
    ),
    "not the high one": (
        quota(**by_priority("NotIn", "high")),
        IMPORTANT,
        {"cpu": "200m", "memory": "2Gi", "pods": "2"},
    ),
    "no priority": (
        quota(**by_priority("DoesNotExist")),
        IMPORTANT,
        {"cpu": "100m", "memory": "1Gi", "pods": "1"},
    ),
    "another priority": (
        quota(**by_priority("In", "random")),
        IMPORTANT,
        {"cpu": "0", "memory": "0", "pods": "0"},
    ),
    "Pods by their count, ended ones too": (quota({"count/pods": "9"}), PODS, {"count/pods": "3"}),
    "other objects": (
        quota({"secrets": "5", "count/configmaps": "5", "count/deployments.apps": "2"}),
        [thing("Secret"), thing("Secret", "two"), thing("ConfigMap"), thing("Deployment")],
        {"count/configmaps": "1", "count/deployments.apps": "1", "secrets": "2"},
    ),
    "Services": (
        quota({"services": "9", "services.nodeports": "9", "services.loadbalancers": "9"}),
        [
            thing("Service", "a", spec={"type": "ClusterIP", "ports": [{}]}),
            thing("Service", "b", spec={"type": "NodePort", "ports": [{}, {}]}),
            thing("Service", "c", spec={"type": "LoadBalancer", "ports": [{}]}),
        ],
        {"services": "3", "services.loadbalancers": "1", "services.nodeports": "3"},
    ),
    "claims": (
        quota({"requests.storage": "1Ti", "gold.storageclass.storage.k8s.io/requests.storage": "1Ti"}),
        [
            thing(
                "PersistentVolumeClaim",
                name,
                spec={
                    "storageClassName": storage_class,
                    "resources": {"requests": {"storage": "10Gi"}},
                },
            )
            for name, storage_class in (("a", "gold"), ("b", "standard"))
        ],
        {"gold.storageclass.storage.k8s.io/requests.storage": "10Gi", "requests.storage": "20Gi"},
    ),
    "what nobody counts keeps its amount": (
        quota({"example.com/foo": "4", "pods": "5"}, status={"used": {"example.com/foo": "3"}}),
        [],
        {"example.com/foo": "3", "pods": "0"},
    ),
    "a Pod that should be gone": (
        quota({"pods": "5"}),
        [
            pod(
                "late",
                deletionTimestamp=timestamp(START_US - 60 * SECOND_US),
                deletionGracePeriodSeconds=30,
            )
        ],
        {"pods": "0"},
    ),
}


@pytest.mark.parametrize(("given", "objects", "used"), USED.values(), ids=USED)
def test_used(given, objects, used):
    view = MemoryView([given, *objects])
    view.sync(plan, KEY)
    status = view.get("ResourceQuota", KEY)["status"]
    assert status == {"hard": given["spec"]["hard"], "used": used}
    actions, _ = view.sync(plan, KEY)
    assert not actions, "a second look changes nothing"


STALE = {
    "usage": {"hard": HARD, "used": {"cpu": "1", "memory": "1", "pods": "1"}},
    "limits": {
        "hard": {**HARD, "pods": "4"},
        "used": {"cpu": "200m", "memory": "2Gi", "pods": "2"},
    },
    "limits that are no more": {
        "hard": {**HARD, "secrets": "4"},
        "used": {"cpu": "200m", "memory": "2Gi", "pods": "2", "secrets": "1"},
    },
}


@pytest.mark.parametrize("status", STALE.values(), ids=STALE)
def test_stale_statuses_are_renewed(status):
    view = MemoryView([quota(status=status), *PODS])
    (action,), _ = view.sync(plan, KEY)
    assert isinstance(action, Update)
    assert action.subresource == "status"
    assert action.obj["status"] == {"hard": HARD, "used": {"cpu": "200m", "memory": "2Gi", "pods": "2"}}


def test_a_refused_write_is_tried_again():
    view = MemoryView([quota()])
    view.refuse[("update", "ResourceQuota")] = ApiError(409, "Conflict", "changed")
    _, done = view.sync(plan, KEY)
    assert done.error == "changed"


def test_it_looks_again_when_a_pod_should_be_gone():
    going = pod("p", deletionTimestamp=timestamp(START_US + 10 * SECOND_US), deletionGracePeriodSeconds=30)
    view = MemoryView([quota({"pods": "5"}), going])
    _, done = view.sync(plan, KEY)
    assert done.look_again_us == 40 * SECOND_US + 1
    view.now_us += done.look_again_us
    view.sync(plan, KEY)
    assert view.get("ResourceQuota", KEY)["status"]["used"] == {"pods": "0"}


def test_a_status_that_somebody_else_wrote_waits_for_the_next_resync():
    view = MemoryView([quota(status={"hard": {"pods": "9"}})])
    view.now_us = START_US + 100 * SECOND_US
    _, done = view.sync(plan, KEY, memory=HARD)
    assert done.look_again_us == 200 * SECOND_US
    view.now_us += done.look_again_us
    view.sync(plan, KEY, memory=HARD)
    assert view.get("ResourceQuota", KEY)["status"]["hard"] == HARD


NODE_PORT, CLUSTER_IP = ({"spec": {"type": kind}} for kind in ("NodePort", "ClusterIP"))
GIVING_BACK = {
    "a new Pod": ("Pod", None, pod("p"), False),
    "a deleted Pod": ("Pod", pod("p"), None, True),
    "a Pod that ended": ("Pod", pod("p"), pod("p", phase="Succeeded"), True),
    "a Pod that runs now": ("Pod", pod("p", phase="Pending"), pod("p"), False),
    "a deleted Secret": ("Secret", thing("Secret"), None, False),
    "a Service of another type": (
        "Service",
        thing("Service", **NODE_PORT),
        thing("Service", **CLUSTER_IP),
        True,
    ),
    "a Service of the same type": (
        "Service",
        thing("Service", **NODE_PORT),
        thing("Service", **NODE_PORT),
        False,
    ),
}


@pytest.mark.parametrize(("kind", "old", "new", "wakes"), GIVING_BACK.values(), ids=GIVING_BACK)
def test_what_gives_something_back(kind, old, new, wakes):
    hard = {"pods": "1", "services": "1"}
    view = MemoryView([quota(hard, status={"hard": hard})])
    (watch,) = [one for one in CONTROLLER.watches if one.kind == kind]
    change = Change(1, 0, kind, ("ns", "x"), old, new, 0)
    assert list(watch.keys(change, view)) == ([KEY] if wakes else [])


OWN_CHANGES = {
    "new": (None, quota(), True),
    "other limits": (quota(), quota({"pods": "1"}), True),
    "another status": (quota(), quota(status={"used": {"pods": "1"}}), False),
    "other limits in the status": (quota(), quota(status={"hard": {"pods": "1"}}), True),
    "gone": (quota(), None, True),
}


@pytest.mark.parametrize(("old", "new", "wakes"), OWN_CHANGES.values(), ids=OWN_CHANGES)
def test_its_own_changes(old, new, wakes):
    watch = CONTROLLER.watches[0]
    assert bool(watch.keys(Change(1, 0, "ResourceQuota", KEY, old, new, 0), MemoryView())) is wakes


def test_events_and_cluster_wide_kinds_are_not_counted():
    names = [kind.kind for kind in counted_kinds()]
    assert "Event" not in names
    assert "Node" not in names
    assert {"Pod", "Service", "ResourceQuota", "Lease"} <= set(names)


WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
        "versions": [{"name": "v1", "served": True, "storage": True}],
    },
}
WIDGET_LIMIT = {"count/widgets.example.com": "5"}


def test_custom_objects_are_counted_and_given_back():
    view = MemoryView([WIDGETS, quota(WIDGET_LIMIT), thing("Widget", "a"), thing("Widget", "b")])
    view.sync(plan, KEY)
    assert view.get("ResourceQuota", KEY)["status"] == {
        "hard": WIDGET_LIMIT,
        "used": {"count/widgets.example.com": "2"},
    }
    (watch,) = [one for one in CONTROLLER.watches if one.kind == CUSTOM]
    widget = thing("Widget", "a")
    assert list(watch.keys(Change(1, 0, "Widget", ("ns", "a"), widget, None, 0), view)) == [KEY]
    assert list(watch.keys(Change(1, 0, "Widget", ("ns", "a"), None, widget, 0), view)) == []
    assert list(watch.keys(Change(1, 0, "Gadget", ("ns", "a"), widget, None, 0), view)) == []


def test_what_a_new_kind_counts_is_added_up_at_the_next_resync():
    view = MemoryView([quota(WIDGET_LIMIT, status={"hard": WIDGET_LIMIT}), WIDGETS])
    (watch,) = [one for one in CONTROLLER.watches if one.kind == "CustomResourceDefinition"]
    defined = Change(1, 0, "CustomResourceDefinition", ("", "widgets.example.com"), None, WIDGETS, 0)
    assert list(watch.keys(defined, view)) == [KEY]
    view.now_us = START_US + 100 * SECOND_US
    _, done = view.sync(plan, KEY, memory=WIDGET_LIMIT)
    assert done.look_again_us == 200 * SECOND_US
    view.now_us += done.look_again_us
    view.sync(plan, KEY, memory=WIDGET_LIMIT)
    assert view.get("ResourceQuota", KEY)["status"]["used"] == {"count/widgets.example.com": "0"}
