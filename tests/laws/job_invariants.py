"""What Jobs promise: every end counted once, no more Pods at a time than asked for, one outcome."""

from __future__ import annotations

from k8slab.api.meta import Key, Obj, annotations_of, condition_is, controller_of, key_of
from k8slab.clock import MINUTE_US, SECOND_US, parse_timestamp
from k8slab.cluster.world import World
from k8slab.store.view import Change
from tests.laws.workload_invariants import is_active, phase

INDEX = "batch.kubernetes.io/job-completion-index"
OUTCOMES = ("Complete", "Failed")


def indexes(text: str) -> list[int]:
    """The numbers that `1,3-5` names."""
    found: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


def outcomes(job: Obj) -> list[str]:
    return [name for name in OUTCOMES if condition_is(job, name)]


def counts_only_rise(world: World, change: Change) -> None:
    """What a Job has counted it never takes back, and its outcome is the only one and final."""
    if change.kind != "Job" or change.old is None or change.new is None:
        return
    before, after = change.old.get("status") or {}, change.new.get("status") or {}
    for field in ("succeeded", "failed"):
        assert after.get(field, 0) >= before.get(field, 0), f"{field} fell: {before} to {after}"
    for field in ("completedIndexes", "failedIndexes"):
        lost = [one for one in indexes(before.get(field, "")) if one not in indexes(after.get(field, ""))]
        assert not lost, f"{field} lost {lost}"
    assert len(outcomes(change.new)) <= 1, "a Job both completed and failed"
    assert outcomes(change.old) in ([], outcomes(change.new)), "an outcome was taken back"


def parallelism_is_kept(world: World, change: Change) -> None:
    """A Job makes a Pod only while it runs, for an index that needs one, and never too many at a time."""
    pod = change.new
    if change.kind != "Pod" or change.old is not None or pod is None:
        return
    owner = controller_of(pod)
    job = world.get("Job", (change.key[0], owner["name"])) if owner and owner["kind"] == "Job" else None
    if job is None or owner is None or job["metadata"]["uid"] != owner["uid"]:
        return
    assert not job["spec"].get("suspend"), "a suspended Job made a Pod"
    assert not outcomes(job), "a finished Job made a Pod"
    active = [one for one in world.list("Pod", owner=owner["uid"]) if is_active(one)]
    assert len(active) <= job["spec"]["parallelism"], f"{len(active)} Pods are active"
    index = annotations_of(pod).get(INDEX)
    if index is not None:
        assert int(index) not in indexes(job["status"].get("completedIndexes", "")), (
            f"index {index} had succeeded"
        )
        same = [
            one for one in active if annotations_of(one).get(INDEX) == index and key_of(one) != change.key
        ]
        assert not same, f"index {index} has two active Pods"


OF_JOBS = (counts_only_rise, parallelism_is_kept)


def jobs_have_one_outcome(world: World) -> None:
    """Settled, a Job that isn't suspended is Complete or Failed, and its counts add up."""
    for job in world.list("Job"):
        name, status = job["metadata"]["name"], job.get("status") or {}
        assert len(outcomes(job)) == 1, f"{name} ended in {outcomes(job)}: {status}"
        assert not status.get("active") and not status.get("terminating"), f"{name} still runs: {status}"
        waiting = status.get("uncountedTerminatedPods") or {}
        assert not waiting.get("succeeded") and not waiting.get("failed"), f"{name} has not counted {waiting}"
        completions = job["spec"].get("completions")
        if outcomes(job) == ["Complete"] and completions is not None:
            assert status.get("succeeded", 0) == completions, f"{name}: {status}"
        if job["spec"].get("completionMode") == "Indexed":
            assert len(indexes(status.get("completedIndexes", ""))) == status.get("succeeded", 0)
        ends_are_counted_once(world, job)


def ends_are_counted_once(world: World, job: Obj) -> None:
    """No more ends are counted than there were Pods, and no more successes than Pods that succeeded."""
    last: dict[str, str] = {}
    for change in world.store.history:
        pod = change.new or change.old
        if change.kind == "Pod" and pod is not None:
            if any(
                owner["uid"] == job["metadata"]["uid"]
                for owner in pod["metadata"].get("ownerReferences") or ()
            ):
                last[pod["metadata"]["uid"]] = phase(pod)
    status = job["status"]
    succeeded, failed = status.get("succeeded", 0), status.get("failed", 0)
    assert succeeded + failed <= len(last), f"{succeeded}+{failed} counted of {len(last)} Pods"
    assert succeeded <= sum(one == "Succeeded" for one in last.values()), f"{succeeded} successes of {last}"


def finalizers_are_gone(world: World) -> None:
    """Settled, no ended Pod still carries the finalizer by which its Job counts it."""
    for pod in world.list("Pod"):
        if phase(pod) in ("Failed", "Succeeded"):
            marks = pod["metadata"].get("finalizers") or ()
            assert "batch.kubernetes.io/job-tracking" not in marks, f"{key_of(pod)[1]} was not let go"


SETTLED_JOBS = (jobs_have_one_outcome, finalizers_are_gone)


SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


def _is_scheduled(job: Obj) -> bool:
    """Whether a Job was made for a time of the schedule, not by hand."""
    return SCHEDULED in annotations_of(job)


def forbidden_jobs_never_overlap(world: World, change: Change) -> None:
    """A CronJob that forbids concurrency makes no Job while one of its Jobs runs."""
    alive = [key_of(one)[1] for one in _overlapped(world, change)]
    assert not alive, f"{change.key[1]} was made while {alive} ran"


def forbidden_jobs_overlap_no_listed_one(world: World, change: Change) -> None:
    """The same of the Jobs that the CronJob lists, whatever writes are refused.

    A Job that could not be listed in the status, as the write was refused, is one that the
    controller has forgotten (`UnexpectedJob`): v1.36 finds the name taken when it tries again, asks
    for the Job without its namespace, and never lists it. Every listed Job counts.
    """
    alive = []
    for one in _overlapped(world, change):
        cron_job = _cron_job_of(world, key_of(one), one)
        active = () if cron_job is None else (cron_job.get("status") or {}).get("active") or ()
        if one["metadata"]["uid"] in [listed["uid"] for listed in active]:
            alive.append(key_of(one)[1])
    assert not alive, f"{change.key[1]} was made while {alive} ran"


def _overlapped(world: World, change: Change) -> list[Obj]:
    """The Jobs of a CronJob that run while it makes another one, which it forbids."""
    job = change.new
    if change.kind != "Job" or change.old is not None or job is None:
        return []
    cron_job = _cron_job_of(world, change.key, job)
    if cron_job is None or cron_job["spec"].get("concurrencyPolicy") == "Allow" or not _is_scheduled(job):
        return []
    others = [one for one in world.list("Job", owner=cron_job["metadata"]["uid"]) if _is_scheduled(one)]
    running = [one for one in others if not outcomes(one) and key_of(one) != change.key]
    return [one for one in running if "deletionTimestamp" not in one["metadata"]]


def runs_have_their_own_times(world: World, change: Change) -> None:
    """A CronJob makes one Job for a time, not before it, not past its deadline, and none while suspended."""
    job = change.new
    if change.kind != "Job" or change.old is not None or job is None:
        return
    cron_job = _cron_job_of(world, change.key, job)
    if cron_job is None or world.causes[change.cause].component != "cronjob-controller":
        return
    assert not cron_job["spec"].get("suspend"), "a suspended CronJob made a Job"
    due_us = parse_timestamp(annotations_of(job)[SCHEDULED])
    name = f"{cron_job['metadata']['name']}-{due_us // MINUTE_US}"
    assert change.key[1] == name, f"{change.key[1]} is of {annotations_of(job)[SCHEDULED]}"
    assert due_us <= world.now_us, f"{change.key[1]} was made before its time"
    deadline = cron_job["spec"].get("startingDeadlineSeconds")
    if deadline is not None:
        late_us = world.now_us - due_us
        assert late_us <= deadline * SECOND_US, f"{change.key[1]} was made {late_us} us late"
    last = (cron_job.get("status") or {}).get("lastScheduleTime")
    assert not last or parse_timestamp(last) <= due_us, f"{change.key[1]} is before {last}"


def schedule_times_rise(world: World, change: Change) -> None:
    """The times that a CronJob's status tells never go back, and it lists each Job once."""
    if change.kind != "CronJob" or change.old is None or change.new is None:
        return
    before, after = (obj.get("status") or {} for obj in (change.old, change.new))
    for field in ("lastScheduleTime", "lastSuccessfulTime"):
        assert before.get(field, "") <= after.get(field, ""), f"{field}: {before} to {after}"
    listed = [one["uid"] for one in after.get("active") or ()]
    assert len(listed) == len(dict.fromkeys(listed)), f"a Job is listed twice: {after}"


OF_CRON_JOBS = (forbidden_jobs_overlap_no_listed_one, runs_have_their_own_times, schedule_times_rise)


def active_jobs_are_listed(world: World) -> None:
    """Settled, a CronJob's status lists the Jobs that run, and no other."""
    for cron_job in world.list("CronJob"):
        jobs = world.list("Job", owner=cron_job["metadata"]["uid"])
        running = sorted(job["metadata"]["name"] for job in jobs if not outcomes(job) and _is_scheduled(job))
        listed = sorted(one["name"] for one in (cron_job.get("status") or {}).get("active") or ())
        assert listed == running, f"{listed} are listed, {running} run"


def _cron_job_of(world: World, key: Key, job: Obj) -> Obj | None:
    owner = controller_of(job)
    if owner is None or owner["kind"] != "CronJob":
        return None
    return world.get("CronJob", (key[0], owner["name"]))


def job_history_is_limited(world: World) -> None:
    """Settled, a CronJob keeps no more ended Jobs than its limits say."""
    for cron_job in world.list("CronJob"):
        jobs = world.list("Job", owner=cron_job["metadata"]["uid"])
        for outcome, field, default in (
            ("Complete", "successfulJobsHistoryLimit", 3),
            ("Failed", "failedJobsHistoryLimit", 1),
        ):
            kept = [job["metadata"]["name"] for job in jobs if outcome in outcomes(job)]
            assert len(kept) <= cron_job["spec"].get(field, default), f"{outcome} Jobs kept: {kept}"
