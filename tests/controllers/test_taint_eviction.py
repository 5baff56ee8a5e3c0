"""Pods that don't tolerate a NoExecute taint, or not for long.

Ports cases of pkg/controller/tainteviction/taint_eviction_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import assoc
from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.components import Delete, Patch, Record
from k8slab.controllers.taint_eviction import CONTROLLER, Eviction, plan
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

KEY = ("ns", "p")
TAINT = {"key": "k", "value": "v", "effect": "NoExecute"}
SECOND_TAINT = {"key": "other", "effect": "NoExecute"}
FOR_EVER = {"key": "k", "operator": "Exists"}


def seconds(count, key="k"):
    return {"key": key, "operator": "Exists", "tolerationSeconds": count}


def node(*taints):
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": {"taints": list(taints)}}


def pod(*tolerations, node_name="n"):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "ns", "uid": "p", "generation": 1},
        "spec": {
            "nodeName": node_name,
            "tolerations": list(tolerations),
            "terminationGracePeriodSeconds": 30,
        },
        "status": {"phase": "Running"},
    }


def look(one, host, memory=None):
    view = MemoryView([each for each in (one, host) if each])
    actions, done = view.sync(plan, KEY, memory)
    messages = [action.message for action in actions if isinstance(action, Record)]
    deleted = any(isinstance(action, Delete) for action in actions)
    return messages, deleted, done


MARKING, CANCELLING = "Marking for deletion Pod ns/p", "Cancelling deletion of Pod ns/p"
SOON, DUE = Eviction(START_US + 5 * SECOND_US), Eviction(START_US)
DONE = Eviction(START_US, done=True)


@pytest.mark.parametrize(
    ("one", "host", "memory", "messages", "deleted", "wait"),
    [
        pytest.param(pod(), node(), None, [], False, None, id="no-taint"),
        pytest.param(pod(), node(TAINT), None, [MARKING], True, None, id="not-tolerated"),
        pytest.param(pod(FOR_EVER), node(TAINT), None, [], False, None, id="tolerated-for-ever"),
        pytest.param(pod(seconds(5)), node(TAINT), None, [], False, 5, id="tolerated-for-a-while"),
        pytest.param(pod(seconds(5)), node(TAINT), SOON, [], False, 5, id="still-tolerated"),
        pytest.param(pod(seconds(5)), node(TAINT), DUE, [MARKING], True, None, id="time-is-over"),
        pytest.param(pod(seconds(0)), node(TAINT), None, [MARKING], True, None, id="tolerated-for-no-time"),
        pytest.param(
            pod(seconds(9), seconds(5, "other")),
            node(TAINT, SECOND_TAINT),
            None,
            [],
            False,
            5,
            id="the-shortest-time-counts",
        ),
        pytest.param(
            pod(FOR_EVER, seconds(5, "other")),
            node(TAINT, SECOND_TAINT),
            None,
            [],
            False,
            5,
            id="for-ever-and-a-while",
        ),
        pytest.param(
            pod(seconds(5)), node(TAINT, SECOND_TAINT), None, [MARKING], True, None, id="one-not-tolerated"
        ),
        pytest.param(
            pod(seconds(5)),
            node(TAINT, SECOND_TAINT),
            SOON,
            [CANCELLING, MARKING],
            True,
            None,
            id="one-more-taint-while-waiting",
        ),
        pytest.param(pod(seconds(5)), node(), SOON, [CANCELLING], False, None, id="taints-gone"),
        pytest.param(
            pod(FOR_EVER), node(TAINT), SOON, [CANCELLING], False, None, id="tolerated-for-ever-now"
        ),
        pytest.param(None, node(TAINT), SOON, [CANCELLING], False, None, id="pod-gone-while-waiting"),
        pytest.param(None, node(TAINT), DONE, [], False, None, id="pod-gone"),
        pytest.param(pod(seconds(5)), node(TAINT), DONE, [], False, None, id="marked-already"),
        pytest.param(pod(), node(TAINT), DONE, [MARKING], True, None, id="not-tolerated-again"),
        pytest.param(pod(seconds(5)), None, None, [], False, None, id="node-gone"),
        pytest.param(pod(seconds(5)), None, SOON, [], False, 5, id="node-gone-while-waiting"),
        pytest.param(pod(seconds(5)), None, DUE, [MARKING], True, None, id="node-gone-and-time-is-over"),
    ],
)
def test_evictions(one, host, memory, messages, deleted, wait):
    found_messages, found_deleted, done = look(one, host, memory)
    assert (found_messages, found_deleted) == (messages, deleted)
    assert done.look_again_us == (wait * SECOND_US if wait else None)


def test_the_reason_is_in_the_pods_status():
    view = MemoryView([pod(), node(TAINT)])
    actions, _ = view.sync(plan, KEY)
    assert actions[1] == Patch(
        "Pod",
        KEY,
        {
            "status": {
                "conditions": [
                    {
                        "type": "DisruptionTarget",
                        "observedGeneration": 1,
                        "status": "True",
                        "lastProbeTime": None,
                        "lastTransitionTime": timestamp(START_US),
                        "reason": "DeletionByTaintManager",
                        "message": "Taint manager: deleting due to NoExecute taint",
                    }
                ]
            }
        },
        "status",
        "p",
    )


def test_a_pod_that_is_gone_is_not_tried_again():
    view = MemoryView([pod(), node(TAINT)])
    view.refuse[("delete", "Pod")] = ApiError(404, "", "no")
    _, done = view.sync(plan, KEY)
    assert (done.error, done.memory, done.look_again_us) == ("", None, None)


def test_a_refusal_is_tried_five_times_and_told_once():
    view = MemoryView([pod(), node(TAINT)])
    view.refuse[("delete", "Pod")] = ApiError(500, "", "no")
    memory, messages, tries = None, [], 0
    while True:
        actions, done = view.sync(plan, KEY, memory)
        messages += [action.message for action in actions if isinstance(action, Record)]
        tries += 1
        if done.look_again_us is None:
            break
        view.now_us += done.look_again_us
        memory = done.memory
    assert (messages, tries, done.memory, done.error) == ([MARKING], 5, None, "")


WATCHES = {watch.kind: watch for watch in CONTROLLER.watches}


@pytest.mark.parametrize(
    ("old", "new", "woken"),
    [
        pytest.param(None, pod(), True, id="created-on-a-tainted-node"),
        pytest.param(pod(), pod(), False, id="unchanged"),
        pytest.param(pod(), assoc(pod(), "status", "phase", "Failed"), False, id="status"),
        pytest.param(pod(), pod(FOR_EVER), True, id="tolerations"),
        pytest.param(pod(node_name=""), pod(), True, id="bound"),
        pytest.param(None, pod(node_name=""), False, id="not-bound"),
        pytest.param(pod(), None, True, id="removed"),
    ],
)
def test_which_pods_are_looked_at(old, new, woken):
    change = Change(1, START_US, "Pod", KEY, old, new, 0)
    assert WATCHES["Pod"].keys(change, MemoryView([node(TAINT)])) == ([KEY] if woken else [])
    assert WATCHES["Pod"].keys(change, MemoryView([node()])) == []


@pytest.mark.parametrize(
    ("old", "new", "woken"),
    [
        (node(), node(TAINT), True),
        (node(TAINT), node(), True),
        (node(TAINT), node(TAINT), False),
        (node(), node({**TAINT, "effect": "NoSchedule"}), False),
        (node(TAINT), None, False),
    ],
)
def test_a_nodes_pods_are_looked_at_when_its_taints_change(old, new, woken):
    change = Change(1, START_US, "Node", ("", "n"), old, new, 0)
    assert WATCHES["Node"].keys(change, MemoryView([pod()])) == ([KEY] if woken else [])
