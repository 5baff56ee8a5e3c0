"""One look at a CronJob: which time is due, what is started, and when the next look comes.

Ports the tables of pkg/controller/cronjob/{cronjob_controllerv2,utils}_test.go, v1.36, 86 cases as facts in
tests/reference/cronjob_cases.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slab.api.cron import parse
from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj, owner_reference
from k8slab.clock import HOUR_US, MINUTE_US, SECOND_US, parse_timestamp, timestamp
from k8slab.components import Create, Delete, Done, Record
from k8slab.controllers import cronjob
from k8slab.controllers._cron_missed import ScheduleError, most_recent, wait_us
from tests.controllers.view import MemoryView

CASES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent.parent / "reference" / "cronjob_cases.json").read_text("utf-8")
)
KEY = ("snazzycats", "mycronjob")
PRIOR, HOUR = "2016-05-19T09:01:00Z", "2016-05-19T10:00:00Z"
NO_DEADLINE = -12345


def name_of(case: dict[str, Any]) -> str:
    return str(case["name"])


def a_cron_job(
    schedule: str = "0 * * * ?", status: Obj | None = None, created: str = HOUR, **spec: Any
) -> Obj:
    template = {"metadata": {"labels": {"a": "b"}, "annotations": {"x": "y"}}, "spec": {"parallelism": 1}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": KEY[1], "namespace": KEY[0], "uid": "1a2b3c", "creationTimestamp": created},
        "spec": {
            "schedule": schedule,
            "concurrencyPolicy": "Allow",
            "jobTemplate": template,
            **{name: value for name, value in spec.items() if value is not None},
        },
        "status": status or {},
    }


def a_job_of(cron_job: Obj, at: str, *, ended: str = "", uid: str = "1234", started: str = "") -> Obj:
    made = cronjob.job_from_template(cron_job, parse_timestamp(at))
    status: Obj = {"startTime": started} if started else {}
    if ended:
        status["conditions"] = [{"type": ended, "status": "True"}]
        if ended == "Complete":
            status["completionTime"] = timestamp(parse_timestamp(at) + 10 * SECOND_US)
    return {**made, "metadata": {**made["metadata"], "uid": uid, "creationTimestamp": at}, "status": status}


def reference(job: Obj) -> Obj:
    metadata = job["metadata"]
    return {"kind": "Job", "apiVersion": "batch/v1", **{n: metadata[n] for n in ("name", "namespace", "uid")}}


def look(view: MemoryView, memory: Any = None) -> tuple[list[Any], Done, Obj]:
    actions, done = view.sync(cronjob.plan, KEY, memory)
    stored = view.get("CronJob", KEY)
    assert stored is not None
    return list(actions), done, stored["status"]


def events(actions: list[Any]) -> list[tuple[str, str]]:
    return [(one.reason, one.message) for one in actions if isinstance(one, Record)]


# The recorded tables.


def is_of_the_cluster(case: dict[str, Any]) -> bool:
    """Whether a case doesn't ask for a cache that lags behind the API, and says when it happens."""
    lags = case.get("jobStillNotFoundInLister") or case.get("jobGetErr") or case.get("jobCreateError")
    return not lags and bool(case.get("jobPresentInCJActiveStatus")) and "now" in case


@pytest.mark.parametrize("case", [one for one in CASES["sync"] if is_of_the_cluster(one)], ids=name_of)
def test_look(case: dict[str, Any]) -> None:
    ran = case.get("ranPreviously", False)
    deadline = case.get("deadline", NO_DEADLINE)
    spec = {
        "concurrencyPolicy": case.get("concurrencyPolicy"),
        "suspend": case.get("suspend", False),
        "timeZone": case.get("timeZone"),
        "successfulJobsHistoryLimit": case.get("successfulJobsHistoryLimit"),
        "startingDeadlineSeconds": None if deadline == NO_DEADLINE else deadline,
    }
    born = "2016-05-19T08:59:00Z" if ran else "2016-05-19T09:59:00Z"
    created = case.get("cronjobCreationTime", born)
    cron_job = a_cron_job(case["schedule"], created=created, **spec)
    objects = [cron_job]
    if ran:
        ended = "" if case.get("stillActive") else "Complete"
        job = a_job_of(cron_job, case["jobCreationTime"], ended=ended)
        cron_job["status"] = {
            "lastScheduleTime": case.get("lastScheduleTime", PRIOR),
            "active": [reference(job)],
        }
        objects.append(job)
    view = MemoryView(objects, now_us=parse_timestamp(case["now"]))
    actions, done, status = look(view)
    assert sum(isinstance(one, Create) for one in actions) == case.get("expectCreate", False)
    assert sum(isinstance(one, Delete) for one in actions) == case.get("expectDelete", False)
    warnings = [one for one in actions if isinstance(one, Record) and one.type == "Warning"]
    assert len(warnings) == case.get("expectedWarnings", 0)
    assert (status != cron_job["status"]) == case.get("expectUpdateStatus", False)
    # The tables' own numbers of active Jobs are never compared upstream, and some are wrong.
    kept = case.get("stillActive", False) and not case.get("expectDelete", False)
    assert len(status.get("active", [])) == kept + case.get("expectCreate", False)
    if case.get("expectRequeueAfter"):
        assert done.look_again_us == round(case["expectedRequeueDuration"] * SECOND_US)
    if ran and not case.get("stillActive"):
        assert status["lastSuccessfulTime"] == timestamp(
            parse_timestamp(case["jobCreationTime"]) + 10 * SECOND_US
        )


@pytest.mark.parametrize("case", CASES["most_recent"], ids=name_of)
def test_most_recent_time(case: dict[str, Any]) -> None:
    schedule, now_us = parse(case["cj"]["spec"]["schedule"]), parse_timestamp(case["now"])
    deadline = case.get("includeSDS", False)
    if case.get("wantErr"):
        with pytest.raises(ScheduleError):
            most_recent(case["cj"], schedule, "", now_us, deadline=deadline)
        return
    recent = most_recent(case["cj"], schedule, "", now_us, deadline=deadline)
    assert timestamp(recent.earliest_us) == case["expectedEarliestTime"]
    assert (recent.due_us and timestamp(recent.due_us)) == case.get("expectedRecentTime")
    assert (2 if recent.many else 1 if recent.missed else 0) == case.get("expectedTooManyMissed", 0)


@pytest.mark.parametrize("case", CASES["wait"], ids=name_of)
def test_wait(case: dict[str, Any]) -> None:
    schedule, now_us = parse(case["cj"]["spec"]["schedule"]), parse_timestamp(case["now"])
    wanted = round(case["expectedDuration"] * SECOND_US)
    assert wait_us(case["cj"], schedule, "", now_us) == wanted


# What the tables leave out.


def test_the_job_of_a_time() -> None:
    cron_job = a_cron_job(timeZone="Asia/Tokyo")
    made = cronjob.job_from_template(cron_job, parse_timestamp("2016-05-19T11:00:00Z"))
    assert made["metadata"]["name"] == "mycronjob-24394260"
    assert made["metadata"]["labels"] == {"a": "b"}
    assert made["metadata"]["annotations"] == {
        "x": "y",
        "batch.kubernetes.io/cronjob-scheduled-timestamp": "2016-05-19T20:00:00+09:00",
    }
    assert made["metadata"]["ownerReferences"] == [owner_reference(cron_job)]
    assert made["spec"] is cron_job["spec"]["jobTemplate"]["spec"]
    plain = cronjob.job_from_template(a_cron_job(), parse_timestamp("2016-05-19T11:00:00Z"))
    stamp = plain["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    assert stamp == "2016-05-19T11:00:00Z"


NEXT = parse_timestamp(HOUR) + HOUR_US + 100_000


def test_forbid_says_so_and_waits() -> None:
    cron_job = a_cron_job(concurrencyPolicy="Forbid")
    job = a_job_of(cron_job, HOUR)
    cron_job["status"] = {"active": [reference(job)], "lastScheduleTime": HOUR}
    actions, done, _ = look(MemoryView([cron_job, job], now_us=NEXT))
    text = "Not starting job because prior execution is running and concurrency policy is Forbid"
    assert events(actions) == [("JobAlreadyActive", text)]
    assert done.look_again_us == HOUR_US


def test_replace_deletes_what_runs() -> None:
    cron_job = a_cron_job(concurrencyPolicy="Replace")
    job = a_job_of(cron_job, HOUR)
    cron_job["status"] = {"active": [reference(job)], "lastScheduleTime": HOUR}
    actions, _, status = look(MemoryView([cron_job, job], now_us=NEXT))
    old, new = job["metadata"]["name"], "mycronjob-24394260"
    assert events(actions) == [
        ("SuccessfulDelete", f"Deleted job {old}"),
        ("SuccessfulCreate", f"Created job {new}"),
    ]
    assert [one["name"] for one in status["active"]] == [new]
    assert [one.propagation for one in actions if isinstance(one, Delete)] == ["Background"]


@pytest.mark.parametrize("own", [True, False], ids=["its own", "somebody else's"])
def test_a_name_that_is_taken(own: bool) -> None:
    cron_job = a_cron_job()
    job = a_job_of(cron_job, "2016-05-19T11:00:00Z")
    if not own:
        del job["metadata"]["ownerReferences"]
    actions, done, status = look(MemoryView([cron_job, job], now_us=NEXT))
    assert status == {}
    assert [reason for reason, _ in events(actions)] == (["UnexpectedJob"] if own else [])
    assert (done.look_again_us, done.error) == (None, "the server could not find the requested resource")


def test_a_refused_job_is_tried_again() -> None:
    view = MemoryView([a_cron_job()], now_us=NEXT)
    view.refuse["create", "Job"] = ApiError(422, "Invalid", "bad")
    actions, done, status = look(view)
    assert events(actions) == [("FailedCreate", "Error creating job: bad")]
    assert (done.error, status) == ("bad", {})


def test_an_active_job_that_is_missing() -> None:
    cron_job = a_cron_job()
    cron_job["status"] = {"active": [reference(a_job_of(cron_job, HOUR))], "lastScheduleTime": HOUR}
    view = MemoryView([cron_job], now_us=parse_timestamp(HOUR) + MINUTE_US)
    actions, _, status = look(view)
    assert events(actions) == [("MissingJob", "Active job went missing: mycronjob-24394200")]
    assert status == {"lastScheduleTime": HOUR}


@pytest.mark.parametrize(
    ("successful", "failed", "deleted"),
    [
        (None, None, []),
        (3, 3, []),
        (1, 0, ["good-0", "good-1", "bad-0", "bad-1"]),
        (0, 1, ["good-0", "good-1", "good-2", "bad-0"]),
    ],
)
def test_history_limits(successful: int | None, failed: int | None, deleted: list[str]) -> None:
    cron_job = a_cron_job(
        successfulJobsHistoryLimit=successful, failedJobsHistoryLimit=failed, suspend=True, created=PRIOR
    )
    jobs = []
    for end, stem, number in (("Complete", "good", 3), ("Failed", "bad", 2)):
        for each in reversed(range(number)):
            started = timestamp(parse_timestamp(PRIOR) + each * MINUTE_US)
            job = a_job_of(cron_job, started, ended=end, uid=f"{stem}-{each}", started=started)
            job["metadata"]["name"] = f"{stem}-{each}"
            jobs.append(job)
    actions, _, _ = look(MemoryView([cron_job, *jobs], now_us=NEXT))
    assert [one.key[1] for one in actions if isinstance(one, Delete)] == deleted


def test_too_many_missed_times() -> None:
    cron_job = a_cron_job("* * * * *", created=PRIOR)
    view = MemoryView([cron_job], now_us=parse_timestamp(PRIOR) + 200 * MINUTE_US)
    actions, _, status = look(view)
    assert [reason for reason, _ in events(actions)] == ["TooManyMissedTimes", "SuccessfulCreate"]
    assert status["lastScheduleTime"] == timestamp(view.now_us)


def test_a_missed_deadline() -> None:
    cron_job = a_cron_job(startingDeadlineSeconds=10)
    # A deadline that begins before the time itself leaves nothing due.
    actions, done, _ = look(MemoryView([cron_job], now_us=NEXT + MINUTE_US))
    assert (events(actions), done.look_again_us) == ([], HOUR_US - MINUTE_US)


@pytest.mark.parametrize(
    ("schedule", "zone", "event"),
    [
        (
            "0 0 31 2 *",
            None,
            (
                "InvalidSchedule",
                "invalid schedule: 0 0 31 2 * : " + "time difference between "
                "two schedules is less than 1 second",
            ),
        ),
        (
            "x",
            None,
            ("UnparseableSchedule", 'unparseable schedule: "x" : expected exactly 5 fields, found 1: [x]'),
        ),
        (
            "0 * * * *",
            "Mars/Base",
            ("UnknownTimeZone", 'invalid timeZone: "Mars/Base": unknown time zone Mars/Base'),
        ),
    ],
)
def test_schedules_that_name_no_time(schedule: str, zone: str | None, event: tuple[str, str]) -> None:
    actions, done, _ = look(MemoryView([a_cron_job(schedule, timeZone=zone)], now_us=NEXT))
    assert events(actions) == [event]
    assert done.look_again_us is None


def test_a_new_schedule_counts_from_its_next_time() -> None:
    view = MemoryView([a_cron_job("0 0 1 1 *")], now_us=NEXT)
    _, done, _ = look(view)
    view.change("CronJob", KEY, "spec", "schedule", "* * * * *")
    actions, done, _ = look(view, done.memory)
    assert actions == []
    assert done.look_again_us == MINUTE_US
    view.now_us += MINUTE_US
    actions, done, status = look(view, done.memory)
    assert [reason for reason, _ in events(actions)] == ["SuccessfulCreate"]
    assert status["lastScheduleTime"] == "2016-05-19T11:01:00Z"
