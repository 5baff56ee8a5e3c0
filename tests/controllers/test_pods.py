"""Readiness, availability, adoption and release, as all controllers of Pods see them.

Ports cases of pkg/controller/{controller_utils,controller_ref_manager}_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import not_found
from k8slab.api.selectors import from_labels
from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.components import Patch, collect
from k8slab.controllers._pods import (
    available_in_us,
    claim,
    is_active,
    is_available,
    keys_of_controllers,
    next_availability_us,
    pod_from_template,
    scaled_int_or_percent,
)
from k8slab.store.view import Change
from tests.controllers.view import MemoryView


def pod(name="web-0", *, ready=True, since_us=START_US, phase="Running", **metadata):
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    if since_us is not None:
        condition["lastTransitionTime"] = timestamp(since_us)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ns", "uid": name, "labels": {"app": "web"}, **metadata},
        "spec": {},
        "status": {"phase": phase, "conditions": [condition]},
    }


OWNER = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "metadata": {"name": "web", "namespace": "ns", "uid": "owner"},
    "spec": {"selector": {"matchLabels": {"app": "web"}}},
}
REFERENCE = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "name": "web",
    "uid": "owner",
    "controller": True,
    "blockOwnerDeletion": True,
}
OTHER = {**REFERENCE, "name": "other", "uid": "other"}
BYSTANDER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "list", "uid": "list"}
SELECTOR = from_labels({"app": "web"})


@pytest.mark.parametrize(
    ("one", "min_ready_seconds", "elapsed_us", "available", "wait_us"),
    [
        pytest.param(pod(), 0, 0, True, 0, id="ready-without-waiting"),
        pytest.param(pod(ready=False), 0, 0, False, None, id="not-ready"),
        pytest.param(pod(), 1, 0, False, SECOND_US, id="ready-for-too-short"),
        pytest.param(pod(), 1, SECOND_US, True, 0, id="ready-for-just-long-enough"),
        pytest.param(pod(), 5, 2 * SECOND_US, False, 3 * SECOND_US, id="some-seconds-left"),
        pytest.param(pod(since_us=None), 1, SECOND_US, False, None, id="no-transition-time"),
        pytest.param(pod(since_us=None), 0, 0, True, 0, id="no-transition-time-needed"),
        pytest.param({**pod(), "status": {}}, 0, 0, False, None, id="no-conditions"),
    ],
)
def test_availability(one, min_ready_seconds, elapsed_us, available, wait_us):
    now_us = START_US + elapsed_us
    assert is_available(one, min_ready_seconds, now_us) is available
    assert available_in_us(one, min_ready_seconds, now_us) == wait_us


@pytest.mark.parametrize(
    ("pods", "min_ready_seconds", "expected"),
    [
        pytest.param([], 3, None, id="no-pods"),
        pytest.param([pod()], 0, None, id="no-minimum"),
        pytest.param([pod(ready=False)], 3, None, id="none-ready"),
        pytest.param([pod(since_us=START_US - 9 * SECOND_US)], 3, None, id="available-already"),
        pytest.param(
            [pod(since_us=START_US - SECOND_US), pod(since_us=START_US)], 3, 2 * SECOND_US, id="the-earliest"
        ),
    ],
)
def test_next_availability(pods, min_ready_seconds, expected):
    assert next_availability_us(pods, min_ready_seconds, START_US) == expected


@pytest.mark.parametrize(
    ("one", "active"),
    [
        pytest.param(pod(), True, id="running"),
        pytest.param(pod(phase="Pending"), True, id="pending"),
        pytest.param(pod(phase="Succeeded"), False, id="succeeded"),
        pytest.param(pod(phase="Failed"), False, id="failed"),
        pytest.param(pod(deletionTimestamp=timestamp(START_US)), False, id="terminating"),
    ],
)
def test_activity(one, active):
    assert is_active(one) is active


def claimed(candidates, owner=OWNER, outcomes=None, **options):
    result = []

    def run():
        result.append((yield from claim("Pod", candidates, owner, SELECTOR, **options)))
        return None

    actions, _ = collect(run(), outcomes)
    return actions, [one["metadata"]["name"] for one in result[0][0]], result[0][1]


def adoption(name, references):
    return Patch("Pod", ("ns", name), {"metadata": {"ownerReferences": references}}, uid=name)


GOING = {**OWNER, "metadata": {**OWNER["metadata"], "deletionTimestamp": timestamp(START_US)}}


@pytest.mark.parametrize(
    ("one", "owner", "actions", "names"),
    [
        pytest.param(pod(), OWNER, [adoption("web-0", [REFERENCE])], ["web-0"], id="adopts-an-orphan"),
        pytest.param(
            pod(ownerReferences=[BYSTANDER]),
            OWNER,
            [adoption("web-0", [BYSTANDER, REFERENCE])],
            ["web-0"],
            id="keeps-other-owners",
        ),
        pytest.param(pod(ownerReferences=[REFERENCE]), OWNER, [], ["web-0"], id="owns-already"),
        pytest.param(pod(ownerReferences=[OTHER]), OWNER, [], [], id="leaves-what-others-control"),
        pytest.param(
            pod(ownerReferences=[REFERENCE], labels={"app": "db"}),
            OWNER,
            [adoption("web-0", None)],
            [],
            id="releases-what-fits-no-more",
        ),
        pytest.param(
            pod(ownerReferences=[BYSTANDER, REFERENCE], labels={}),
            OWNER,
            [adoption("web-0", [BYSTANDER])],
            [],
            id="releases-only-its-own-reference",
        ),
        pytest.param(pod(labels={"app": "db"}), OWNER, [], [], id="ignores-orphans-that-do-not-fit"),
        pytest.param(
            pod(deletionTimestamp=timestamp(START_US)), OWNER, [], [], id="does-not-adopt-the-terminating"
        ),
        pytest.param(pod(), GOING, [], [], id="does-not-adopt-while-being-deleted"),
        pytest.param(
            pod(ownerReferences=[REFERENCE], labels={}),
            GOING,
            [],
            [],
            id="does-not-release-while-being-deleted",
        ),
        pytest.param(
            pod(ownerReferences=[REFERENCE]), GOING, [], ["web-0"], id="still-owns-while-being-deleted"
        ),
    ],
)
def test_claims(one, owner, actions, names):
    assert claimed([one], owner) == (tuple(actions), names, [])


def test_a_filter_refuses_what_the_selector_fits():
    assert claimed([pod()], accept=lambda one: False) == ((), [], [])


def test_finalizers_come_with_adoption_and_go_with_release():
    actions, _, _ = claimed([pod(finalizers=["a"])], finalizers=["b"])
    assert actions[0].patch["metadata"]["finalizers"] == ["a", "b"]
    mine = pod(finalizers=["a", "b"], ownerReferences=[REFERENCE], labels={})
    actions, _, _ = claimed([mine], finalizers=["b"])
    assert actions[0].patch["metadata"]["finalizers"] == ["a"]


def test_a_pod_that_is_gone_is_neither_adopted_nor_an_error():
    _, names, errors = claimed([pod()], outcomes={0: not_found("pods", "", "web-0")})
    assert (names, errors) == ([], [])


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        pytest.param(None, pod(ownerReferences=[REFERENCE]), ["web"], id="created"),
        pytest.param(pod(ownerReferences=[REFERENCE]), None, ["web"], id="removed"),
        pytest.param(
            pod(ownerReferences=[REFERENCE]), pod(ownerReferences=[REFERENCE]), ["web"], id="changed"
        ),
        pytest.param(None, pod(), ["web", "web-two"], id="orphan-created"),
        pytest.param(pod(), pod(ready=False), [], id="orphan-changed-otherwise"),
        pytest.param(pod(labels={}), pod(), ["web", "web-two"], id="orphan-got-labels"),
        pytest.param(pod(), None, [], id="orphan-removed"),
        pytest.param(pod(ownerReferences=[REFERENCE]), pod(), ["web", "web", "web-two"], id="released"),
        pytest.param(None, pod(ownerReferences=[{**REFERENCE, "uid": "before"}]), [], id="earlier-owner"),
        pytest.param(None, pod(ownerReferences=[{**REFERENCE, "kind": "Job"}]), [], id="another-kind"),
        pytest.param(None, pod(labels={}), [], id="no-labels"),
    ],
)
def test_whom_a_change_wakes(old, new, keys):
    second = {**OWNER, "metadata": {**OWNER["metadata"], "name": "web-two", "uid": "two"}}
    view = MemoryView([OWNER, second])
    change = Change(1, START_US, "Pod", ("ns", "web-0"), old, new, 0)
    assert keys_of_controllers("ReplicaSet")(change, view) == [("ns", name) for name in keys]


def test_a_pod_shares_its_templates_spec():
    template = {
        "metadata": {"labels": {"app": "web"}, "annotations": {"a": "b"}},
        "spec": {"containers": []},
    }
    made = pod_from_template(template, OWNER)
    assert made["spec"] is template["spec"]
    assert made["metadata"] == {
        "generateName": "web-",
        "namespace": "ns",
        "labels": {"app": "web"},
        "annotations": {"a": "b"},
        "ownerReferences": [REFERENCE],
    }


@pytest.mark.parametrize(
    ("value", "total", "down", "up"),
    [(3, 10, 3, 3), ("25%", 10, 2, 3), ("100%", 7, 7, 7), ("0%", 7, 0, 0), ("1%", 1, 0, 1)],
)
def test_percentages(value, total, down, up):
    assert scaled_int_or_percent(value, total, round_up=False) == down
    assert scaled_int_or_percent(value, total, round_up=True) == up


def test_other_texts_are_no_percentages():
    with pytest.raises(ValueError, match="not a percentage"):
        scaled_int_or_percent("many", 3, round_up=True)
