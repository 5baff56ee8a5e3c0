"""The rules of Jobs one by one: policies, indexes, back-off, names, and which Pods go first.

Ports the tables of pkg/controller/job/{indexed_job_utils,backoff_utils}_test.go and of
{pod_failure_policy,success_policy}_test.go there, v1.36, as facts in tests/reference/job_cases.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.clock import MINUTE_US, SECOND_US, START_US, timestamp
from k8slab.controllers._job_backoff import Backoff, finished_us, next_backoff, remaining_us
from k8slab.controllers._job_creation import index_generate_name, with_index_variable
from k8slab.controllers._job_indexes import (
    INDEX,
    failure_annotations,
    format_indexes,
    has,
    indexes_of,
    merge,
    parse_indexes,
    pending_indexes,
    split_repeated,
    succeeded_indexes,
    total,
    with_indexes,
)
from k8slab.controllers._job_pods import TRACKING, by_worth
from k8slab.controllers._job_policies import match_failure_policy
from k8slab.controllers._job_success import match_success_policy

CASES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent.parent / "reference" / "job_cases.json").read_text("utf-8")
)


def name_of(case: dict[str, Any]) -> str:
    return str(case["name"])


def intervals(listed: list[list[int]] | None) -> tuple[tuple[int, int], ...]:
    return tuple((first, last) for first, last in listed or ())


def pod(index: str, phase: str, **metadata: Any) -> Obj:
    annotations = {} if index == "-" else {INDEX: index}
    return {
        "metadata": {"annotations": annotations, "finalizers": [TRACKING], **metadata},
        "status": {"phase": phase},
    }


def named_containers(status: Obj) -> Obj:
    """The recorded tables leave out the names of containers that are alike."""
    return {
        field: [{"name": "", **one} for one in value] if field.endswith("Statuses") else value
        for field, value in status.items()
    }


@pytest.mark.parametrize("case", CASES["failure_policy"], ids=name_of)
def test_failure_policy(case: dict[str, Any]) -> None:
    failed = {**case["failedPod"], "status": named_containers(case["failedPod"]["status"])}
    match = match_failure_policy(case.get("podFailurePolicy"), failed)
    assert match.message == (case.get("wantJobFailureMessage") or "")
    assert match.counts is case.get("wantCountFailed", False)
    assert match.action == (case.get("wantAction") or "")


@pytest.mark.parametrize("case", CASES["success_policy"], ids=name_of)
def test_success_policy(case: dict[str, Any]) -> None:
    found = match_success_policy(
        case.get("successPolicy"), case["completions"], intervals(case.get("succeededIndexes"))
    )
    assert found == case.get("wantMessage", "")


@pytest.mark.parametrize("case", CASES["succeeded_indexes"], ids=name_of)
def test_succeeded_indexes(case: dict[str, Any]) -> None:
    job = {
        "spec": {"completions": case["completions"]},
        "status": {"completedIndexes": case.get("prevSucceeded", "")},
    }
    pods = [pod(index, phase) for index, phase in case.get("pods") or ()]
    before, now = succeeded_indexes(job, pods)
    assert before == intervals(case.get("wantStatusIntervals"))
    assert now == intervals(case.get("wantIntervals"))


@pytest.mark.parametrize("case", CASES["pending_indexes"], ids=name_of)
def test_pending_indexes(case: dict[str, Any]) -> None:
    active = indexes_of(pod(index, phase) for index, phase in case.get("activePods") or ())
    taken = with_indexes(intervals(case.get("succeededIndexes")), active)
    taken = merge(taken, intervals(case.get("failedIndexes")))
    assert pending_indexes(taken, case["cnt"], case["completions"]) == (case.get("want") or [])


@pytest.mark.parametrize("case", CASES["repeated_indexes"], ids=name_of)
def test_repeated_indexes(case: dict[str, Any]) -> None:
    pods = [{**pod(index, phase), "spec": {}} for index, phase in case["pods"]]
    removed, by_index = split_repeated(pods, case["completions"])
    left = []
    for same in by_index.values():
        ordered = by_worth(same)
        removed += ordered[:-1]
        left.append(ordered[-1])

    def shown(some: list[Obj]) -> list[list[str]]:
        return sorted(
            [one["metadata"]["annotations"].get(INDEX, "-"), one["status"]["phase"]] for one in some
        )

    assert shown(removed) == sorted(case.get("wantRm") or [])
    assert shown(left) == sorted(case.get("wantLeft") or [])


@pytest.mark.parametrize(
    ("text", "completions", "parsed"),
    [
        ("", 5, ()),
        ("0", 5, ((0, 0),)),
        ("0,1", 5, ((0, 1),)),
        ("0-3,5", 10, ((0, 3), (5, 5))),
        ("0-3,4-6", 10, ((0, 6),)),
        ("7", 5, ()),
        ("3-9", 5, ((3, 4),)),
        ("x,2", 5, ((2, 2),)),
        ("1-x,3", 5, ((3, 3),)),
    ],
)
def test_parse_indexes(text: str, completions: int, parsed: tuple[tuple[int, int], ...]) -> None:
    assert parse_indexes(text, completions) == parsed


@pytest.mark.parametrize(
    ("indexes", "text"),
    [((), ""), ((3,), "3"), ((3, 4), "3,4"), ((3, 4, 5), "3-5"), ((0, 2, 3, 5, 6, 7), "0,2,3,5-7")],
)
def test_format_indexes(indexes: tuple[int, ...], text: str) -> None:
    found = with_indexes((), indexes)
    assert format_indexes(found) == text
    assert total(found) == len(indexes)
    assert [index for index in range(10) if has(found, index)] == list(indexes)


@pytest.mark.parametrize(
    ("failures", "since_s", "left_s"),
    [
        (0, 0, 0),
        (1, 0, 10),
        (1, 4, 6),
        (1, 10, 0),
        (1, 60, 0),
        (2, 0, 20),
        (3, 5, 35),
        (6, 0, 320),
        (7, 0, 600),
        (9, 1, 599),
        (40, 0, 600),
    ],
)
def test_back_off(failures: int, since_s: int, left_s: int) -> None:
    record = Backoff(failures, START_US - since_s * SECOND_US if failures else None)
    assert remaining_us(record, START_US) == left_s * SECOND_US


def ended(at_s: int) -> Obj:
    at = timestamp(START_US + at_s * SECOND_US)
    return {
        "metadata": {"creationTimestamp": timestamp(START_US)},
        "spec": {},
        "status": {"containerStatuses": [{"name": "main", "state": {"terminated": {"finishedAt": at}}}]},
    }


@pytest.mark.parametrize(
    ("before", "succeeded", "failed", "after"),
    [
        (Backoff(), (), (), Backoff()),
        (Backoff(2, 5), (), (), Backoff(2, 5)),
        (Backoff(), (), (3,), Backoff(1, START_US + 3 * SECOND_US)),
        (Backoff(2, 5), (), (9, 3), Backoff(4, START_US + 9 * SECOND_US)),
        (Backoff(2, 5), (4,), (), Backoff()),
        (Backoff(2, 5), (4,), (3,), Backoff()),
        (Backoff(2, 5), (4,), (4,), Backoff()),
        (Backoff(2, 5), (4,), (3, 6, 5), Backoff(2, START_US + 6 * SECOND_US)),
        (Backoff(2, 5), (1, 7), (3, 6, 8), Backoff(1, START_US + 8 * SECOND_US)),
    ],
)
def test_next_back_off(
    before: Backoff, succeeded: tuple[int, ...], failed: tuple[int, ...], after: Backoff
) -> None:
    assert next_backoff(before, [ended(at) for at in succeeded], [ended(at) for at in failed]) == after


def test_when_a_pod_finished() -> None:
    assert finished_us(ended(7)) == START_US + 7 * SECOND_US
    created = {"metadata": {"creationTimestamp": timestamp(START_US)}, "spec": {}, "status": {}}
    assert finished_us(created) == START_US
    gone = {
        **created,
        "metadata": {**created["metadata"], "deletionTimestamp": timestamp(START_US + MINUTE_US)},
    }
    assert finished_us(gone) == START_US + MINUTE_US
    graceful = {**gone, "metadata": {**gone["metadata"], "deletionGracePeriodSeconds": 30}}
    assert finished_us(graceful) == START_US + 30 * SECOND_US
    unready = {"type": "Ready", "status": "False", "lastTransitionTime": timestamp(START_US + 5 * SECOND_US)}
    assert finished_us({**graceful, "status": {"conditions": [unready]}}) == START_US + 5 * SECOND_US
    running = {"containerStatuses": [{"name": "main", "state": {"running": {}}}], "conditions": [unready]}
    assert finished_us({**created, "status": running}) == START_US + 5 * SECOND_US


def test_names_and_variables_of_indexes() -> None:
    assert index_generate_name("work", 3) == "work-3-"
    assert index_generate_name("w" * 60, 12) == "w" * 54 + "-12-"
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    variable = {"name": "JOB_COMPLETION_INDEX", "valueFrom": source}
    own = {"name": "b", "env": [{"name": "JOB_COMPLETION_INDEX", "value": "mine"}]}
    spec = {"initContainers": [{"name": "i"}], "containers": [{"name": "a", "env": [{"name": "X"}]}, own]}
    assert with_index_variable(spec) == {
        "initContainers": [{"name": "i", "env": [variable]}],
        "containers": [{"name": "a", "env": [{"name": "X"}, variable]}, own],
    }


def test_failures_are_handed_on() -> None:
    count, ignored = (
        "batch.kubernetes.io/job-index-failure-count",
        "batch.kubernetes.io/job-index-ignored-failure-count",
    )
    job = {"spec": {}}
    assert failure_annotations(job, None) == {count: "0"}
    old = {
        "metadata": {"name": "p", "annotations": {count: "2", ignored: "1"}},
        "status": {"phase": "Failed"},
    }
    assert failure_annotations(job, old) == {count: "3", ignored: "1"}
    odd = {
        "metadata": {"name": "p", "annotations": {count: "x", ignored: "-4"}},
        "status": {"phase": "Failed"},
    }
    assert failure_annotations(job, odd) == {count: "1"}
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    disrupted = {
        **old,
        "status": {"phase": "Failed", "conditions": [{"type": "DisruptionTarget", "status": "True"}]},
    }
    assert failure_annotations({"spec": {"podFailurePolicy": {"rules": [rule]}}}, disrupted) == {
        count: "2",
        ignored: "2",
    }


def test_least_worth_goes_first() -> None:
    def one(name: str, node: str = "n", phase: str = "Running", ready: str = "", restarts: int = 0) -> Obj:
        status: Obj = {"phase": phase, "containerStatuses": [{"name": "main", "restartCount": restarts}]}
        if ready:
            status["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": ready}]
        born = "2026-01-05T09:00:00Z" if name != "young" else "2026-01-05T09:30:00Z"
        return {
            "metadata": {"name": name, "creationTimestamp": born},
            "spec": {"nodeName": node} if node else {},
            "status": status,
        }

    ordered = [
        one("unbound", node="", phase="Pending"),
        one("pending", phase="Pending"),
        one("restarted", restarts=3),
        one("young"),
        one("old"),
        one("ready-late", ready="2026-01-05T09:20:00Z"),
        one("ready-early", ready="2026-01-05T09:10:00Z"),
    ]
    assert [each["metadata"]["name"] for each in by_worth(ordered[::-1])] == [
        each["metadata"]["name"] for each in ordered
    ]
