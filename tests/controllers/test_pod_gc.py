"""Pods that nobody else will ever remove.

Ports cases of pkg/controller/podgc/gc_controller_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import assoc
from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.components import Delete, Patch
from k8slab.controllers import pod_gc
from k8slab.controllers.pod_gc import CHECK_PERIOD_US, CONTROLLER, QUARANTINE_US, THRESHOLD, plan
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

OUT_OF_SERVICE = {"key": "node.kubernetes.io/out-of-service", "value": "x", "effect": "NoExecute"}
GONE = {"deletionTimestamp": timestamp(START_US), "deletionGracePeriodSeconds": 30}


def pod(name="p", *, phase="Running", node_name="n", created=0, reason="", **metadata):
    status = {"phase": phase, **({"reason": reason} if reason else {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "ns",
            "uid": name,
            "generation": 1,
            "creationTimestamp": timestamp(START_US + created * SECOND_US),
            **metadata,
        },
        "spec": {"nodeName": node_name} if node_name else {},
        "status": status,
    }


def node(ready="Unknown", *taints):
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n"},
        "spec": {"taints": list(taints)},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def due(view, key):
    """The names deleted once the key's time has come."""
    _, done = view.sync(plan, key)
    while done.look_again_us is not None:
        view.now_us += done.look_again_us
        actions, done = view.sync(plan, key, done.memory)
    assert all(one.grace_seconds == 0 for one in actions if isinstance(one, Delete))
    return [one.key[1] for one in actions if isinstance(one, Delete)]


@pytest.mark.parametrize(
    ("key", "host", "one", "expected"),
    [
        pytest.param(("", "n"), None, pod(), ["p"], id="node-gone"),
        pytest.param(("", "n"), None, pod(phase="Succeeded"), ["p"], id="node-gone-and-finished"),
        pytest.param(("", "n"), node(), pod(), [], id="node-back"),
        pytest.param(("", "n"), node("Unknown", OUT_OF_SERVICE), pod(**GONE), ["p"], id="out-of-service"),
        pytest.param(("", "n"), node("False", OUT_OF_SERVICE), pod(**GONE), ["p"], id="not-ready"),
        pytest.param(("", "n"), node("True", OUT_OF_SERVICE), pod(**GONE), [], id="ready-after-all"),
        pytest.param(("", "n"), node("Unknown"), pod(**GONE), [], id="no-taint"),
        pytest.param(("", "n"), node("Unknown", OUT_OF_SERVICE), pod(), [], id="not-terminating"),
        pytest.param(("ns", "p"), node(), pod(node_name="", **GONE), ["p"], id="never-scheduled"),
        pytest.param(("ns", "p"), node(), pod(node_name=""), [], id="waits-to-be-scheduled"),
        pytest.param(("ns", "p"), node(), pod(**GONE), [], id="scheduled-and-terminating"),
        pytest.param(("ns", "gone"), node(), pod(), [], id="pod-gone"),
    ],
)
def test_what_is_deleted(key, host, one, expected):
    view = MemoryView([each for each in (host, one) if each])
    assert due(view, key) == expected


def test_the_pods_of_a_node_that_is_gone_have_a_quarantine():
    view = MemoryView([pod()])
    _, done = view.sync(plan, ("", "n"))
    assert done.look_again_us == CHECK_PERIOD_US + QUARANTINE_US


def test_a_pod_that_had_not_finished_is_marked_as_failed_and_told_why():
    view = MemoryView([pod()])
    due(view, ("", "n"))
    patch = next(one for one in view.actions if isinstance(one, Patch))
    assert patch.patch["status"] == {
        "phase": "Failed",
        "observedGeneration": 1,
        "conditions": [
            {
                "type": "DisruptionTarget",
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": timestamp(view.now_us),
                "reason": "DeletionByPodGC",
                "message": "PodGC: node no longer exists",
                "observedGeneration": 1,
            }
        ],
    }


def test_a_finished_pod_is_not_marked_again():
    view = MemoryView([pod(phase="Succeeded")])
    due(view, ("", "n"))
    assert not any(isinstance(one, Patch) for one in view.actions)


@pytest.mark.parametrize(
    ("pods", "threshold", "expected"),
    [
        pytest.param(["Succeeded", "Failed"], 2, [], id="as-many-as-allowed"),
        pytest.param(["Succeeded", "Failed"], 1, ["p0"], id="one-too-many"),
        pytest.param(["Running", "Failed", "Pending"], 1, [], id="living-ones-do-not-count"),
        pytest.param(["Running", "Failed", "Succeeded"], 1, ["p1"], id="the-oldest-finished-one"),
        pytest.param(["Succeeded"] * 5, 2, ["p0", "p1", "p2"], id="several"),
    ],
)
def test_finished_pods_beyond_the_threshold(monkeypatch, pods, threshold, expected):
    monkeypatch.setattr(pod_gc, "TERMINATED_POD_THRESHOLD", threshold)
    view = MemoryView([pod(f"p{i}", phase=phase, created=i) for i, phase in enumerate(pods)])
    assert due(view, THRESHOLD) == expected


def test_evicted_pods_go_first(monkeypatch):
    monkeypatch.setattr(pod_gc, "TERMINATED_POD_THRESHOLD", 1)
    old = pod("old", phase="Failed")
    evicted = pod("evicted", phase="Failed", reason="Evicted", created=9)
    assert due(MemoryView([old, evicted]), THRESHOLD) == ["evicted"]


def test_a_refusal_is_tried_again_a_period_later():
    view = MemoryView([pod(phase="Failed")])
    view.refuse[("delete", "Pod")] = ApiError(500, "", "no")
    view.now_us += 60 * SECOND_US
    _, done = view.sync(plan, ("", "n"), view.now_us)
    assert (done.look_again_us, done.error) == (CHECK_PERIOD_US, "")


def test_a_pod_is_failed_for_a_moment_before_it_is_gone():
    view = MemoryView([pod()])
    view.now_us += 60 * SECOND_US
    actions, done = view.sync(plan, ("", "n"), view.now_us)
    assert [type(one) for one in actions] == [Patch]
    actions, done = view.sync(plan, ("", "n"), done.memory)
    assert [type(one) for one in actions] == [Delete]
    assert done.memory is None


WATCHES = {watch.kind: watch for watch in CONTROLLER.watches}


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        pytest.param(None, pod(), [], id="running"),
        pytest.param(pod(), pod(phase="Failed"), [THRESHOLD], id="finished"),
        pytest.param(pod(phase="Failed"), pod(phase="Failed"), [], id="finished-already"),
        pytest.param(pod(), pod(**GONE), [("", "n")], id="terminating-on-a-node-out-of-service"),
        pytest.param(None, pod(node_name="gone"), [("", "gone")], id="bound-to-a-node-that-is-gone"),
        pytest.param(
            pod(node_name=""), pod(node_name="", **GONE), [("ns", "p")], id="terminating-never-scheduled"
        ),
        pytest.param(pod(), None, [], id="removed"),
    ],
)
def test_what_a_pods_change_concerns(old, new, keys):
    view = MemoryView([node("Unknown", OUT_OF_SERVICE)])
    assert WATCHES["Pod"].keys(Change(1, START_US, "Pod", ("ns", "p"), old, new, 0), view) == keys


@pytest.mark.parametrize(
    ("old", "new", "woken"),
    [
        (node(), None, True),
        (node(), node("Unknown", OUT_OF_SERVICE), True),
        (node("Unknown", OUT_OF_SERVICE), node("Unknown", OUT_OF_SERVICE), False),
        (None, node("True"), False),
    ],
)
def test_what_a_nodes_change_concerns(old, new, woken):
    keys = WATCHES["Node"].keys(Change(1, START_US, "Node", ("", "n"), old, new, 0), MemoryView())
    assert keys == ([("", "n")] if woken else [])


def test_a_pod_that_was_told_before_keeps_the_place_and_the_time_of_its_condition():
    told = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": timestamp(START_US)}
    ready = {"type": "Ready", "status": "True"}
    view = MemoryView([assoc(pod(), "status", "conditions", [told, ready])])
    due(view, ("", "n"))
    patch = next(one for one in view.actions if isinstance(one, Patch))
    conditions = patch.patch["status"]["conditions"]
    assert [one["type"] for one in conditions] == ["DisruptionTarget", "Ready"]
    assert conditions[0]["lastTransitionTime"] == timestamp(START_US)
