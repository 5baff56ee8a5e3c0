"""Disruption budgets: how many Pods there should be, which are healthy, and what may be disturbed.

Ports cases of pkg/controller/disruption/disruption_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.clock import MINUTE_US, SECOND_US, START_US, timestamp
from k8slab.components import Record, Update
from k8slab.controllers import disruption, stale_disruption
from k8slab.controllers._label_selectors import selector_text
from k8slab.controllers.disruption import ScaleError, controller_scale
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

KEY = ("ns", "budget")
READY = [{"type": "Ready", "status": "True"}]
LABELS = {"foo": "bar"}


def budget(**spec):
    selector = spec.pop("selector", {"matchLabels": LABELS})
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "budget", "namespace": "ns", "uid": "budget", "generation": 1},
        "spec": {"selector": selector, **spec},
        "status": {},
    }


def workload(kind, replicas, name="owner", api_version="apps/v1", owner=None):
    metadata = {"name": name, "namespace": "ns", "uid": name}
    if owner is not None:
        metadata["ownerReferences"] = [owner]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {"replicas": replicas}}


def controlled_by(kind, name="owner", api_version="apps/v1"):
    return {"apiVersion": api_version, "kind": kind, "name": name, "uid": name, "controller": True}


def pod(name, owner=None, *, conditions=READY, **metadata):
    given = {"name": name, "namespace": "ns", "uid": name, "labels": LABELS, **metadata}
    if owner is not None:
        given["ownerReferences"] = [owner]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": given,
        "spec": {},
        "status": {"phase": "Running", "conditions": list(conditions)},
    }


def sync(view, memory=None):
    """The numbers (allowed, healthy, desired, expected) and the reasons of the events."""
    actions, _ = view.sync(disruption.plan, KEY, memory)
    status = view.get("PodDisruptionBudget", KEY)["status"]
    numbers = tuple(
        status[name] for name in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    )
    return numbers, [one.reason for one in actions if isinstance(one, Record)]


RS = controlled_by("ReplicaSet")
STATUS_CASES = {
    "no Pods: nothing may be disturbed": (budget(minAvailable=3), [], (0, 0, 3, 0)),
    "an empty selector selects all": (
        budget(minAvailable=3, selector={}),
        [pod("any", labels={"other": "label"})],
        (0, 1, 3, 1),
    ),
    "one too few": (budget(minAvailable=3), [pod(f"p{i}") for i in range(2)], (0, 2, 3, 2)),
    "just enough": (budget(minAvailable=3), [pod(f"p{i}") for i in range(3)], (0, 3, 3, 3)),
    "one to spare": (budget(minAvailable=3), [pod(f"p{i}") for i in range(4)], (1, 4, 3, 4)),
    "an unready one does not count": (
        budget(minAvailable=3),
        [pod("unready", conditions=[]), *[pod(f"p{i}") for i in range(3)]],
        (0, 3, 3, 4),
    ),
    "one that goes does not count": (
        budget(minAvailable=1),
        [pod("going", deletionTimestamp=timestamp(START_US)), pod("stays")],
        (0, 1, 1, 2),
    ),
    "maxUnavailable of a controller's size": (
        budget(maxUnavailable=2),
        [workload("ReplicaSet", 7), pod("p", RS)],
        (0, 1, 5, 7),
    ),
    "maxUnavailable of a smaller size": (
        budget(maxUnavailable=2),
        [workload("ReplicaSet", 5), pod("p", RS)],
        (0, 1, 3, 5),
    ),
    "maxUnavailable in percent rounds up": (
        budget(maxUnavailable="30%"),
        [workload("ReplicaSet", 7), pod("p", RS)],
        (0, 1, 4, 7),
    ),
    "maxUnavailable in percent of 3": (
        budget(maxUnavailable="30%"),
        [workload("ReplicaSet", 3), pod("p", RS)],
        (0, 1, 2, 3),
    ),
    "maxUnavailable above the size": (
        budget(maxUnavailable=9),
        [workload("ReplicaSet", 3), pod("p", RS)],
        (1, 1, 0, 3),
    ),
    "minAvailable in percent of a ReplicaSet": (
        budget(minAvailable="20%"),
        [workload("ReplicaSet", 10), pod("p", RS)],
        (0, 1, 2, 10),
    ),
    "minAvailable of 1 % with two Pods of a controller of 1": (
        budget(minAvailable="1%"),
        [
            workload("ReplicationController", 1, api_version="v1"),
            *[pod(f"p{i}", controlled_by("ReplicationController", api_version="v1")) for i in range(2)],
        ],
        (1, 2, 1, 1),
    ),
    "34 % of 3 rounds up": (
        budget(minAvailable="34%"),
        [
            workload("StatefulSet", 3),
            *[pod(f"p{i}", controlled_by("StatefulSet")) for i in range(3)],
        ],
        (1, 3, 2, 3),
    ),
    "two controllers are added up": (
        budget(minAvailable="28%"),
        [
            workload("ReplicaSet", 11, "rs", owner=controlled_by("Deployment", "dep")),
            workload("Deployment", 11, "dep"),
            workload("ReplicationController", 11, "rc", "v1"),
            *[pod(f"d{i}", controlled_by("ReplicaSet", "rs")) for i in range(4)],
            *[pod(f"r{i}", controlled_by("ReplicationController", "rc", "v1")) for i in range(4)],
        ],
        (1, 8, 7, 22),
    ),
    "a fraction of unmanaged Pods is a fraction of nothing": (
        budget(minAvailable="28%"),
        [pod("naked")],
        (0, 1, 0, 0),
    ),
    "a rogue Pod beside managed ones": (
        budget(minAvailable="34%"),
        [workload("ReplicaSet", 3), *[pod(f"p{i}", RS) for i in range(3)], pod("rogue")],
        (2, 4, 2, 3),
    ),
}


@pytest.mark.parametrize(("pdb", "others", "numbers"), STATUS_CASES.values(), ids=STATUS_CASES)
def test_status(pdb, others, numbers):
    view = MemoryView([pdb, *others])
    assert sync(view)[0] == numbers
    status = view.get("PodDisruptionBudget", KEY)["status"]
    allowed = numbers[0] > 0
    assert status["conditions"] == [
        {
            "type": "DisruptionAllowed",
            "status": "True" if allowed else "False",
            "reason": "SufficientPods" if allowed else "InsufficientPods",
            "message": "",
            "observedGeneration": 1,
            "lastTransitionTime": timestamp(START_US),
        }
    ]
    actions, _ = view.sync(disruption.plan, KEY)
    assert not [one for one in actions if isinstance(one, Update)], "a second look changes nothing"


EVENT_CASES = {
    "no Pods": ([], ["NoPods"]),
    "a Pod without a controller": ([pod("naked")], ["UnmanagedPods"]),
    "a controller of an unknown kind": (
        [pod("p", controlled_by("TestWorkload", api_version="apps.test.io/v1"))],
        ["CalculateExpectedPodCountFailed"],
    ),
    "a managed Pod": ([workload("ReplicaSet", 1), pod("p", RS)], []),
}


@pytest.mark.parametrize(("others", "reasons"), EVENT_CASES.values(), ids=EVENT_CASES)
def test_events(others, reasons):
    view = MemoryView([budget(maxUnavailable=1), *others])
    actions, _ = view.sync(disruption.plan, KEY)
    records = [one for one in actions if isinstance(one, Record)]
    assert [one.reason for one in records] == reasons
    assert all(one.component == "controllermanager" for one in records)


ROCKETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "rockets.x.example", "uid": "rockets"},
    "spec": {
        "group": "x.example",
        "scope": "Namespaced",
        "names": {"kind": "Rocket", "plural": "rockets"},
        "versions": [{
            "name": "v1", "served": True, "storage": True,
            "subresources": {
                "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"},
            },
        }],
    },
}  # fmt: skip
OF_ROCKET = controlled_by("Rocket", api_version="x.example/v1")


@pytest.mark.parametrize(
    ("size", "numbers", "why"),
    [
        (7, (0, 4, 5, 7), ""),
        (
            None,
            None,
            'Internal error occurred: the spec replicas field ".spec.replicas" does not exist',
        ),
    ],
)
def test_a_custom_controller_is_counted_by_its_scale(size, numbers, why):
    one = workload("Rocket", size, api_version="x.example/v1")
    if size is None:
        one["spec"] = {}
    view = MemoryView([ROCKETS, one, budget(maxUnavailable=2), *[pod(f"p{i}", OF_ROCKET) for i in range(4)]])
    actions, _ = view.sync(disruption.plan, KEY)
    status = view.get("PodDisruptionBudget", KEY)["status"]
    if numbers:
        fields = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
        assert tuple(status[field] for field in fields) == numbers
    else:
        (record,) = (one for one in actions if isinstance(one, Record))
        assert record.message == f"Failed to calculate the number of expected pods: {why}"
        assert status["conditions"][0]["message"] == why


JOB = controlled_by("Job", api_version="batch/v1")
FAILURES = {
    "unknown kind": (
        controlled_by("TestWorkload", api_version="apps.test.io/v1"),
        'no matches for kind "TestWorkload" in version "apps.test.io/v1"',
    ),
    "Job": (JOB, "jobs.batch does not implement the scale subresource"),
    "DaemonSet": (
        controlled_by("DaemonSet"),
        "daemonsets.apps does not implement the scale subresource",
    ),
    "gone": (RS, 'found no controllers for pod "p"'),
}


@pytest.mark.parametrize(("owner", "message"), FAILURES.values(), ids=FAILURES)
def test_failing_safe(owner, message):
    stored = budget(minAvailable="50%")
    stored["status"] = {"disruptionsAllowed": 3, "observedGeneration": 1, "expectedPods": 5}
    view = MemoryView([stored, pod("p", owner)])
    actions, done = view.sync(disruption.plan, KEY)
    assert actions[0].message == f"Failed to calculate the number of expected pods: {message}"
    assert done.error == "", "a failed look is not tried again"
    status = view.get("PodDisruptionBudget", KEY)["status"]
    assert (status["disruptionsAllowed"], status["expectedPods"]) == (0, 5)
    assert status["conditions"][0]["reason"] == "SyncFailed"
    assert status["conditions"][0]["message"] == message


DEPLOYMENT = controlled_by("Deployment", "dep")
FINDERS = {
    "ReplicaSet": ([workload("ReplicaSet", 10)], RS, ("owner", 10)),
    "ReplicationController": (
        [workload("ReplicationController", 12, api_version="v1")],
        controlled_by("ReplicationController", api_version="v1"),
        ("owner", 12),
    ),
    "StatefulSet": ([workload("StatefulSet", 14)], controlled_by("StatefulSet"), ("owner", 14)),
    "another uid": ([workload("ReplicaSet", 10)], {**RS, "uid": "other"}, None),
    "Deployment above": (
        [workload("Deployment", 10, "dep"), workload("ReplicaSet", 5, owner=DEPLOYMENT)],
        RS,
        ("dep", 10),
    ),
    "Deployment above by its old group": (
        [
            workload("Deployment", 10, "dep"),
            workload("ReplicaSet", 5, owner={**DEPLOYMENT, "apiVersion": "extensions/v1"}),
        ],
        RS,
        ("dep", 10),
    ),
    "a Deployment of another group": (
        [
            workload("Deployment", 10, "dep"),
            workload("ReplicaSet", 5, owner={**DEPLOYMENT, "apiVersion": "deployment/v1"}),
        ],
        RS,
        ("owner", 5),
    ),
    "a Deployment that is gone": ([workload("ReplicaSet", 5, owner=DEPLOYMENT)], RS, ("owner", 5)),
}


@pytest.mark.parametrize(("objects", "reference", "found"), FINDERS.values(), ids=FINDERS)
def test_finding_controllers(objects, reference, found):
    assert controller_scale(MemoryView(objects), reference, "ns") == found


@pytest.mark.parametrize("api_version", ["invalid/v1", "apps.example.com/v1"])
def test_group_of_a_controller_counts(api_version):
    with pytest.raises(ScaleError, match="no matches for kind"):
        controller_scale(MemoryView(), controlled_by("ReplicaSet", api_version=api_version), "ns")


def test_disrupted_pods_are_believed_in_for_two_minutes():
    stored = budget(minAvailable=1)
    stored["status"]["disruptedPods"] = {
        "p1": timestamp(START_US),
        "p2": timestamp(START_US - 3 * MINUTE_US),
        "p3": timestamp(START_US - MINUTE_US),
        "notthere": timestamp(START_US),
    }
    going = pod("p1", deletionTimestamp=timestamp(START_US))
    view = MemoryView([stored, going, pod("p2"), pod("p3")])
    actions, done = view.sync(disruption.plan, KEY)
    status = view.get("PodDisruptionBudget", KEY)["status"]
    assert status["disruptedPods"] == {"p3": timestamp(START_US - MINUTE_US)}
    assert (status["currentHealthy"], status["disruptionsAllowed"]) == (1, 0)
    assert done.look_again_us == MINUTE_US
    assert [one.message for one in actions if isinstance(one, Record)] == [
        "Pod was expected by PDB ns/ns to be deleted but it wasn't"
    ]
    view.now_us += MINUTE_US + 1
    view.sync(disruption.plan, KEY)
    status = view.get("PodDisruptionBudget", KEY)["status"]
    assert (status["currentHealthy"], status["disruptionsAllowed"]) == (2, 1)
    assert "disruptedPods" not in status


def test_condition_keeps_its_time_until_it_turns():
    view = MemoryView([budget(minAvailable=1), pod("p1")])
    view.sync(disruption.plan, KEY)
    view.now_us += SECOND_US
    view.add(pod("p2", conditions=[]))
    view.sync(disruption.plan, KEY)
    condition = view.get("PodDisruptionBudget", KEY)["status"]["conditions"][0]
    assert condition["lastTransitionTime"] == timestamp(START_US)
    view.add(pod("p2"))
    view.sync(disruption.plan, KEY)
    condition = view.get("PodDisruptionBudget", KEY)["status"]["conditions"][0]
    assert (condition["status"], condition["lastTransitionTime"]) == ("True", timestamp(view.now_us))


@pytest.mark.parametrize(
    ("refusal", "error", "writes"),
    [
        (ApiError(409, "Conflict", "changed"), "changed", 1),
        (ApiError(500, "InternalError", "no"), "no", 2),
    ],
    ids=["a conflict is tried again", "any other refusal fails safe first"],
)
def test_refused_writes(refusal, error, writes):
    view = MemoryView([budget(minAvailable=1), pod("p")])
    view.refuse[("update", "PodDisruptionBudget")] = refusal
    actions, done = view.sync(disruption.plan, KEY)
    assert done.error == error
    assert sum(isinstance(one, Update) for one in actions) == writes


def test_pods_of_several_budgets_are_told_once_a_version():
    other = budget(minAvailable=1)
    other["metadata"] = {**other["metadata"], "name": "second", "uid": "second"}
    view = MemoryView([budget(minAvailable=1), other, pod("p")])
    actions, done = view.sync(disruption.plan, KEY)
    messages = [one.message for one in actions if isinstance(one, Record)]
    assert messages == ['Pod "ns"/"p" matches multiple PodDisruptionBudgets.  Chose "budget" arbitrarily.']
    actions, done = view.sync(disruption.plan, KEY, done.memory)
    assert not actions
    view.add(pod("p", conditions=[]))
    actions, _ = view.sync(disruption.plan, KEY, done.memory)
    assert [one.reason for one in actions if isinstance(one, Record)] == ["MultiplePodDisruptionBudgets"]


def test_pods_wake_the_budgets_that_select_them():
    (keys,) = [watch.keys for watch in disruption.CONTROLLER.watches if watch.kind == "Pod"]
    view = MemoryView([budget(minAvailable=1)])
    fits, other = pod("p"), pod("q", labels={"a": "b"})
    assert keys(Change(1, 0, "Pod", ("ns", "p"), None, fits, 0), view) == [KEY]
    assert keys(Change(1, 0, "Pod", ("ns", "p"), fits, None, 0), view) == [KEY]
    assert keys(Change(1, 0, "Pod", ("ns", "q"), None, other, 0), view) == []


SELECTORS = {
    "nil": (None, "nil"),
    "empty": (
        {},
        "&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{},}",
    ),
    "sorted labels": (
        {"matchLabels": {"b": "2", "a": "1"}},
        "&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},"
        "MatchExpressions:[]LabelSelectorRequirement{},}",
    ),
    "expressions": (
        {"matchExpressions": [{"key": "t", "operator": "In", "values": ["x", "y"]}]},
        "&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{"
        "LabelSelectorRequirement{Key:t,Operator:In,Values:[x y],},},}",
    ),
}


@pytest.mark.parametrize(("selector", "text"), SELECTORS.values(), ids=SELECTORS)
def test_selectors_in_messages(selector, text):
    assert selector_text(selector) == text


def target(**condition):
    return {
        "type": "DisruptionTarget",
        "status": "True",
        "lastTransitionTime": timestamp(START_US),
        **condition,
    }


STALE = {
    "stale": (pod("p", conditions=[target()]), 121, "False"),
    "in progress": (pod("p", conditions=[target()]), 119, "True"),
    "actuated": (
        pod("p", conditions=[target()], deletionTimestamp=timestamp(START_US)),
        121,
        "True",
    ),
    "cleared": (pod("p", conditions=[target(status="False")]), 121, "False"),
    "the kubelet's own": (pod("p", conditions=[target(reason="TerminationByKubelet")]), 121, "True"),
    "finished": (
        {**pod("p"), "status": {"phase": "Failed", "conditions": [target()]}},
        121,
        "True",
    ),
}


@pytest.mark.parametrize(("stored", "seconds", "status"), STALE.values(), ids=STALE)
def test_stale_announcements(stored, seconds, status):
    view = MemoryView([stored])
    view.now_us = START_US + seconds * SECOND_US
    _, done = view.sync(stale_disruption.plan, ("ns", "p"))
    (condition,) = view.get("Pod", ("ns", "p"))["status"]["conditions"]
    assert condition["status"] == status
    assert (done.look_again_us is not None) == (seconds == 119)
    if seconds == 119:
        assert done.look_again_us == SECOND_US


def test_a_pod_without_an_announcement_wakes_nobody():
    (watch,) = stale_disruption.CONTROLLER.watches
    assert not watch.keys(Change(1, 0, "Pod", ("ns", "p"), None, pod("p"), 0), MemoryView())
