"""One look at a Job: what it creates and deletes, what it counts, and how it ends.

Ports the tables of pkg/controller/job/job_controller_test.go, v1.36, as facts in
tests/reference/job_cases.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slab.api.errors import ApiError, Cause
from k8slab.api.meta import Obj, owner_reference
from k8slab.clock import SECOND_US, START_US, parse_timestamp, timestamp
from k8slab.components import Create, Delete, Done, Patch, Record, Update
from k8slab.controllers import job as jobs
from k8slab.controllers import job_orphan_pods, ttl_after_finished
from k8slab.controllers._job_backoff import Backoff
from k8slab.controllers._job_pods import TRACKING
from tests.controllers.view import MemoryView

CASES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent.parent / "reference" / "job_cases.json").read_text("utf-8")
)
KEY = ("default", "foobar")
INDEX = "batch.kubernetes.io/job-completion-index"
LONG_AGO = "2000-01-01T00:00:01Z"
NOW = timestamp(START_US)


def name_of(case: dict[str, Any]) -> str:
    return str(case["name"])


def a_job(spec: Obj | None = None, status: Obj | None = None, **metadata: Any) -> Obj:
    """A Job as the API stores it: every default filled in."""
    given = spec or {}
    filled = {
        "selector": {"matchLabels": {"foo": "bar"}},
        "template": {"metadata": {"labels": {"foo": "bar"}}, "spec": {"containers": [{"image": "foo/bar"}]}},
        "parallelism": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "Failed" if given.get("podFailurePolicy") else "TerminatingOrFailed",
        **{name: value for name, value in given.items() if value is not None},
    }
    meta = {"name": "foobar", "namespace": "default", "uid": "job-uid", "generation": 1, **metadata}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": filled, "status": status or {}}


def a_pod(job: Obj, number: int, phase: str = "Running", *, index: str = "-", **status: Any) -> Obj:
    metadata: Obj = {
        "name": f"mypod-{number}",
        "namespace": "default",
        "uid": f"pod-uid-{number}",
        "creationTimestamp": LONG_AGO,
        "labels": {"foo": "bar"},
        "finalizers": [TRACKING],
        "ownerReferences": [owner_reference(job)],
    }
    if index != "-":
        metadata["annotations"] = {INDEX: index}
    if phase in ("Failed", "Succeeded"):
        ended = {"terminated": {"finishedAt": LONG_AGO}}
        status.setdefault("containerStatuses", [{"name": "main", "state": ended}])
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": "node-0", "terminationGracePeriodSeconds": 30, "containers": [{"name": "main"}]},
        "status": {"phase": phase, **status},
    }


def terminating(pod: Obj) -> Obj:
    return {**pod, "metadata": {**pod["metadata"], "deletionTimestamp": NOW, "deletionGracePeriodSeconds": 0}}


def look(view: MemoryView, memory: Any = None) -> tuple[list[Any], Done]:
    actions, done = view.sync(jobs.plan, KEY, memory)
    return list(actions), done


def look_to_the_end(view: MemoryView, memory: Any = None) -> tuple[list[Any], Obj, Obj]:
    """The actions of a look, the status that it left, and the one once its outcome is written too."""
    actions, done = look(view, memory)
    first = status_of(view)
    if done.look_again_us is not None and done.look_again_us < SECOND_US and not done.error:
        view.now_us += done.look_again_us
        look(view, done.memory)
    return actions, first, status_of(view)


def status_of(view: MemoryView) -> Obj:
    job = view.get("Job", KEY)
    assert job is not None
    status: Obj = job["status"]
    return status


def conditions_of(status: Obj) -> list[Obj]:
    shown = ("type", "status", "reason", "message")
    return [{name: one[name] for name in shown if one.get(name)} for one in status.get("conditions") or ()]


def count(actions: list[Any], action: type, kind: str = "Pod") -> int:
    return sum(1 for one in actions if isinstance(one, action) and getattr(one, "kind", "") == kind)


# The recorded tables.


def sync_view(case: dict[str, Any]) -> MemoryView:
    completions = case.get("completions", 0)
    spec = {
        "parallelism": case.get("parallelism", 0),
        "backoffLimit": case.get("backoffLimit", 0),
        "completionMode": case.get("completionMode") or "NonIndexed",
        "suspend": case.get("suspend", False),
        "podReplacementPolicy": case.get("podReplacementPolicy") or "TerminatingOrFailed",
        "podFailurePolicy": case.get("podFailurePolicy"),
    }
    if completions >= 0:
        spec["completions"] = completions
    status: Obj = {}
    initial = case.get("initialStatus")
    if initial is not None:
        status = {"startTime": NOW, "conditions": initial.get("conditions", [])}
        for field, key in (("active", "active"), ("succeeded", "succeed"), ("failed", "failed")):
            if initial.get(key):
                status[field] = initial[key]
    if case.get("wasSuspended"):
        suspended = {
            "type": "Suspended",
            "status": "True",
            "reason": "JobSuspended",
            "message": "Job suspended",
        }
        status["conditions"] = [*status.get("conditions", []), suspended]
    metadata: Obj = {}
    if case.get("deleting"):
        metadata = {"deletionTimestamp": NOW, "finalizers": ["foregroundDeletion"]}
    job = a_job(spec, status, **metadata)
    pods: list[Obj] = []

    def add(number: int, phase: str) -> list[Obj]:
        found = [a_pod(job, len(pods) + each, phase) for each in range(number)]
        pods.extend(found)
        return found

    add(case.get("pendingPods", 0), "Pending")
    for place, pod in enumerate(add(case.get("activePods", 0), "Running")):
        if place < case.get("readyPods", 0):
            pod["status"]["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": NOW}]
    add(case.get("succeededPods", 0), "Succeeded")
    add(case.get("failedPods", 0), "Failed")
    pods.extend(
        terminating(a_pod(job, 100 + each, "Running")) for each in range(case.get("terminatingPods", 0))
    )
    pods.extend(
        a_pod(job, 200 + each, phase, index=index)
        for each, (index, phase) in enumerate(case.get("podsWithIndexes") or ())
    )
    return MemoryView([job, *pods])


def settled(case: dict[str, Any]) -> bool:
    """Whether a case asks what the cluster alone decides: no unfulfilled expectations of a lagging cache."""
    return not case.get("fakeExpectationAtCreation") and not case.get("podControllerError")


@pytest.mark.parametrize("case", [one for one in CASES["sync"] if settled(one)], ids=name_of)
def test_look(case: dict[str, Any]) -> None:
    view = sync_view(case)
    actions, first, last = look_to_the_end(view, memory_of(case))
    limit = case.get("podLimit")
    created = [one for one in actions if isinstance(one, Create)]
    if not limit:
        assert len(created) == case.get("expectedCreations", 0)
        assert first.get("active", 0) == case.get("expectedActive", 0)
    if case.get("expectedCreatedIndexes"):
        indexes = [int(one.obj["metadata"]["annotations"][INDEX]) for one in created]
        assert sorted(indexes) == sorted(case["expectedCreatedIndexes"])
        assert [one.obj["spec"]["hostname"] for one in created] == [f"foobar-{index}" for index in indexes]
    assert count(actions, Delete) == case.get("expectedDeletions", 0)
    assert count(actions, Patch) == case.get("expectedPodPatches", 0)
    assert first.get("ready") == case.get("expectedReady")
    if case.get("expectedTerminating") is not None:
        assert first["terminating"] == case["expectedTerminating"]
    assert last.get("succeeded", 0) == case.get("expectedSucceeded", 0)
    assert last.get("failed", 0) == case.get("expectedFailed", 0)
    assert last.get("completedIndexes", "") == case.get("expectedCompletedIdxs", "")
    assert ("startTime" in last) is not case.get("suspend", False)
    if case.get("jobSuccessPolicy") or case.get("jobManagedBy") or case.get("jobPodReplacementPolicy"):
        assert of_the_same_gates(case, conditions_of(last)) == (case.get("expectedConditions") or [])


def of_the_same_gates(case: dict[str, Any], conditions: list[Obj]) -> list[Obj]:
    """The conditions as the recorded gates have them: success policies brought the reason of a completion."""
    if case.get("jobSuccessPolicy"):
        return conditions
    success = ("SuccessCriteriaMet", "Complete")
    return [
        {"type": one["type"], "status": one["status"]} if one["type"] in success else one
        for one in conditions
    ]


def memory_of(case: dict[str, Any]) -> Any:
    record = case.get("backoffRecord")
    if record is None:
        return None
    last = record.get("lastFailureTime")
    failures = record.get("failuresAfterLastSuccess", 0)
    return jobs.JobMemory("job-uid", backoff=Backoff(failures, parse_timestamp(last) if last else None))


def policy_view(case: dict[str, Any]) -> MemoryView:
    """The Job and the Pods of a case; terminating Pods terminate still."""
    given = case["job"]
    job = a_job(given["spec"], given.get("status"))
    pods = []
    for number, one in enumerate(case.get("pods") or ()):
        pod = a_pod(job, number, (one.get("status") or {}).get("phase", ""))
        own = one.get("metadata") or {}
        pod["metadata"].update(own)
        if "successPolicy" in given["spec"] and "finalizers" not in own:
            # The cases of success policies say of each Pod whether it was counted before.
            del pod["metadata"]["finalizers"]
        pod["metadata"].setdefault("annotations", {})
        if given["spec"].get("completionMode") == "Indexed" and INDEX not in pod["metadata"]["annotations"]:
            pod["metadata"]["annotations"] = {**pod["metadata"]["annotations"], INDEX: str(number)}
        status = one.get("status") or {}
        containers = [{"name": "", **each} for each in status.get("containerStatuses") or ()]
        initial = [{"name": "", **each} for each in status.get("initContainerStatuses") or ()]
        pod["status"] = dict(status)
        if containers:
            pod["status"]["containerStatuses"] = containers
        if initial:
            pod["status"]["initContainerStatuses"] = initial
        pods.append(pod)
    return MemoryView([job, *pods])


def indexed(case: dict[str, Any]) -> bool:
    """Whether a case that has a limit for each index was recorded with the gate for it."""
    limited = case["job"]["spec"].get("backoffLimitPerIndex") is not None
    return not limited or bool(
        case.get("enableJobBackoffLimitPerIndex") or case.get("enableBackoffLimitPerIndex")
    )


def gated(case: dict[str, Any]) -> bool:
    """Whether a case was recorded with the gates that decide when a Job's end is told."""
    return bool(case.get("enableJobManagedBy") or case.get("enableJobPodReplacementPolicy"))


@pytest.mark.parametrize(
    "case", [c for c in CASES["failure_policy_sync"] if not c.get("wantConditions") or gated(c)], ids=name_of
)
def test_look_with_failure_policy(case: dict[str, Any]) -> None:
    view = policy_view(case)
    view.change("Job", KEY, "spec", "podReplacementPolicy", "Failed")
    _, first, last = look_to_the_end(view)
    assert conditions_of(last) == (case.get("wantConditions") or [])
    assert first.get("active", 0) == case.get("wantStatusActive", 0)
    assert last.get("succeeded", 0) == case.get("wantStatusSucceeded", 0)
    assert last.get("failed", 0) == case.get("wantStatusFailed", 0)
    if case.get("wantStatusTerminating") is not None:
        assert first["terminating"] == case["wantStatusTerminating"]


@pytest.mark.parametrize(
    "case",
    [
        c
        for family in ("success_policy_sync", "per_index_sync")
        for c in CASES[family]
        if gated(c) and indexed(c)
    ],
    ids=name_of,
)
def test_look_with_indexes(case: dict[str, Any]) -> None:
    view = policy_view(case)
    _, first, last = look_to_the_end(view)
    wanted = case["wantStatus"]
    assert conditions_of(last) == (wanted.get("conditions") or [])
    for name in ("succeeded", "failed"):
        assert last.get(name, 0) == wanted.get(name, 0), name
    for name in ("completedIndexes", "failedIndexes", "uncountedTerminatedPods"):
        assert last.get(name) == wanted.get(name), name
    assert first.get("active", 0) == wanted.get("active", 0)
    if wanted.get("terminating") is not None:
        assert first["terminating"] == wanted["terminating"]


@pytest.mark.parametrize(
    "case",
    [c for c in CASES["on_failure"] if c.get("enableJobManagedBy") or not c.get("expectedConditions")],
    ids=name_of,
)
def test_restarts_count_towards_the_limit(case: dict[str, Any]) -> None:
    template = {
        "metadata": {"labels": {"foo": "bar"}},
        "spec": {"restartPolicy": "OnFailure", "containers": []},
    }
    spec = {
        **{name: case[name] for name in ("parallelism", "completions", "backoffLimit")},
        "suspend": case.get("suspend", False),
        "template": template,
    }
    job = a_job(spec)
    pods = [
        a_pod(job, number, case["podPhase"], containerStatuses=[{"name": "main", "restartCount": restarts}])
        for number, restarts in enumerate(case["restartCounts"])
    ]
    view = MemoryView([job, *pods])
    _, first, last = look_to_the_end(view)
    assert first.get("active", 0) == case["expectedActive"]
    assert last.get("succeeded", 0) == case["expectedSucceeded"]
    assert last.get("failed", 0) == case["expectedFailed"]
    targets = [one for one in conditions_of(last) if one["type"] != "Complete"]
    assert [one["reason"] for one in targets if one["type"] == "FailureTarget"] == [
        one["reason"] for one in case.get("expectedConditions") or () if one["type"] == "FailureTarget"
    ]


@pytest.mark.parametrize(
    ("elapsed_s", "failed", "backoff_limit", "reason"),
    [
        (5, 0, 6, ""),
        (10, 0, 6, "DeadlineExceeded"),
        (15, 0, 6, "DeadlineExceeded"),
        (15, 1, 0, "BackoffLimitExceeded"),
    ],
    ids=["before", "at", "after", "the back-off limit goes before"],
)
def test_deadline(elapsed_s: int, failed: int, backoff_limit: int, reason: str) -> None:
    started = timestamp(START_US - elapsed_s * SECOND_US)
    spec = {"completions": 1, "activeDeadlineSeconds": 10, "backoffLimit": backoff_limit}
    job = a_job(spec, {"startTime": started})
    view = MemoryView([job, *(a_pod(job, number, "Failed") for number in range(failed)), a_pod(job, 9)])
    actions, done = look(view)
    targets = [
        one["reason"] for one in status_of(view).get("conditions", []) if one["type"] == "FailureTarget"
    ]
    assert targets == ([reason] if reason else [])
    assert count(actions, Delete) == (1 if reason else 0)
    if not reason:
        assert done.look_again_us == (10 - elapsed_s) * SECOND_US


# What a Job remembers, and when it looks.


def test_changes_are_taken_together() -> None:
    job = a_job({"completions": 1})
    view = MemoryView([job])
    actions, done = look(view)
    assert count(actions, Create) == 1
    memory = done.memory
    view.now_us += 2000
    actions, done = look(view, memory)
    assert actions == []
    assert done.look_again_us == SECOND_US
    view.now_us += SECOND_US // 2
    actions, later = look(view, done.memory)
    assert (actions, later.look_again_us) == ([], SECOND_US // 2)
    view.change("Job", KEY, "metadata", "generation", 2)
    view.change("Job", KEY, "spec", "suspend", True)
    actions, _ = look(view, later.memory)
    assert [type(one).__name__ for one in actions] == ["Patch", "Delete", "Record", "Record", "Update"]


def test_failed_pods_are_replaced_after_a_back_off() -> None:
    job = a_job({"completions": 1})
    ended = {"terminated": {"exitCode": 1, "finishedAt": NOW}}
    pod = a_pod(job, 0, "Failed", containerStatuses=[{"name": "main", "state": ended}])
    view = MemoryView([job, pod])
    actions, done = look(view)
    assert count(actions, Create) == 0
    view.now_us += done.look_again_us or 0
    actions, done = look(view, done.memory)
    assert status_of(view)["failed"] == 1
    assert done.look_again_us is not None
    view.now_us += done.look_again_us
    assert view.now_us == START_US + 10 * SECOND_US
    actions, done = look(view, done.memory)
    assert count(actions, Create) == 1


def test_an_end_is_counted_once_whatever_fails_between() -> None:
    job = a_job({"completions": 2, "parallelism": 2})
    view = MemoryView([job, a_pod(job, 0, "Succeeded"), a_pod(job, 1)])
    view.refuse["patch", "Pod"] = ApiError(500, "InternalError", "no")
    _, done = look(view)
    assert done.error == "tracking status: no"
    assert status_of(view)["uncountedTerminatedPods"] == {"succeeded": ["pod-uid-0"]}
    assert "succeeded" not in status_of(view)
    del view.refuse["patch", "Pod"]
    view.now_us += SECOND_US
    _, done = look(view, done.memory)
    view.now_us += SECOND_US
    look(view, done.memory)
    assert status_of(view)["succeeded"] == 1
    assert status_of(view)["uncountedTerminatedPods"] == {}


def test_creation_stops_at_the_first_failing_batch() -> None:
    view = MemoryView([a_job({"completions": 9, "parallelism": 9})])
    view.refuse["create", "Pod"] = ApiError(403, "Forbidden", "exceeded quota")
    actions, done = look(view)
    assert done.error == "exceeded quota"
    assert count(actions, Create) == 1
    assert [one.message for one in actions if isinstance(one, Record)] == ["Error creating: exceeded quota"]
    assert "active" not in status_of(view)


def test_a_namespace_that_goes_is_no_error() -> None:
    view = MemoryView([a_job({"completions": 3, "parallelism": 3})])
    cause = Cause("NamespaceTerminating", "namespace default is being terminated", "metadata.namespace")
    view.refuse["create", "Pod"] = ApiError(403, "Forbidden", "no", [cause])
    actions, done = look(view)
    assert (count(actions, Create), count(actions, Record), done.error) == (3, 0, "")


def test_events_and_conditions_of_a_completion() -> None:
    job = a_job({"completions": 1})
    view = MemoryView([job, a_pod(job, 0, "Succeeded")])
    actions, done = look(view)
    assert [one["type"] for one in status_of(view)["conditions"]] == ["SuccessCriteriaMet"]
    assert isinstance(actions[0], Update)
    assert isinstance(actions[1], Patch)
    view.now_us += SECOND_US
    actions, _ = look(view, done.memory)
    assert [(one.reason, one.message) for one in actions if isinstance(one, Record)] == [
        ("Completed", "Job completed")
    ]
    assert conditions_of(status_of(view)) == [
        {"type": name, "status": "True", "reason": "CompletionsReached", "message": REACHED}
        for name in ("SuccessCriteriaMet", "Complete")
    ]
    assert status_of(view)["completionTime"] == timestamp(view.now_us)


REACHED = "Reached expected number of succeeded pods"


@pytest.mark.parametrize("managed_by", ["example.com/controller", "kubernetes.io/job-controller"])
def test_jobs_of_other_controllers_are_left_alone(managed_by: str) -> None:
    view = MemoryView([a_job({"completions": 1, "managedBy": managed_by})])
    actions, _ = look(view)
    assert bool(actions) is (managed_by == "kubernetes.io/job-controller")


def test_adopted_pods_get_the_finalizer_and_released_ones_lose_it() -> None:
    job = a_job({"completions": 3, "parallelism": 3})
    orphan = a_pod(job, 0)
    orphan["metadata"] = {
        name: value
        for name, value in orphan["metadata"].items()
        if name not in ("ownerReferences", "finalizers")
    }
    stranger = a_pod(job, 1)
    stranger["metadata"]["labels"] = {"foo": "other"}
    view = MemoryView([job, orphan, stranger])
    look(view)
    adopted, released = view.get("Pod", ("default", "mypod-0")), view.get("Pod", ("default", "mypod-1"))
    assert adopted is not None
    assert released is not None
    assert adopted["metadata"]["finalizers"] == [TRACKING]
    assert adopted["metadata"]["ownerReferences"] == [owner_reference(job)]
    assert "ownerReferences" not in released["metadata"]
    assert not released["metadata"].get("finalizers")


# What Jobs leave behind.


FINISHED = {"conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": NOW}]}


@pytest.mark.parametrize(
    ("owner", "released"),
    [
        ("none", True),
        ("gone", True),
        ("running", False),
        ("finished", True),
        ("finished elsewhere", False),
        ("running elsewhere", False),
        ("ReplicaSet", False),
    ],
)
def test_pods_left_behind(owner: str, released: bool) -> None:
    elsewhere = {"managedBy": "example.com/x"} if "elsewhere" in owner else {}
    job = a_job({"completions": 1, **elsewhere}, FINISHED if "finished" in owner else {})
    pod = a_pod(job, 0)
    if owner == "none":
        del pod["metadata"]["ownerReferences"]
    if owner == "ReplicaSet":
        pod["metadata"]["ownerReferences"] = [{**owner_reference(job), "kind": "ReplicaSet"}]
    view = MemoryView([pod] if owner in ("none", "gone", "ReplicaSet") else [job, pod])
    view.sync(job_orphan_pods.plan, ("default", "mypod-0"))
    left = view.get("Pod", ("default", "mypod-0"))
    assert left is not None
    assert (not left["metadata"].get("finalizers")) is released


@pytest.mark.parametrize(
    ("ttl_s", "finished", "deleting", "elapsed_s", "deleted", "wait_s"),
    [
        (None, True, False, 99, False, None),
        (10, False, False, 99, False, None),
        (10, True, True, 99, False, None),
        (10, True, False, 3, False, 7),
        (10, True, False, 10, True, None),
        (0, True, False, 0, True, None),
    ],
    ids=["no time to live", "runs still", "goes already", "not yet", "now", "at once"],
)
def test_finished_jobs_go_when_their_time_is_over(
    ttl_s: int | None, finished: bool, deleting: bool, elapsed_s: int, deleted: bool, wait_s: int | None
) -> None:
    metadata: Obj = {"deletionTimestamp": NOW, "finalizers": ["orphan"]} if deleting else {}
    job = a_job(
        {"completions": 1, "ttlSecondsAfterFinished": ttl_s}, FINISHED if finished else {}, **metadata
    )
    view = MemoryView([job], now_us=START_US + elapsed_s * SECOND_US)
    actions, done = view.sync(ttl_after_finished.plan, KEY)
    assert [(one.propagation, one.uid) for one in actions if isinstance(one, Delete)] == (
        [("Foreground", "job-uid")] if deleted else []
    )
    assert done.look_again_us == (None if wait_s is None else wait_s * SECOND_US)
