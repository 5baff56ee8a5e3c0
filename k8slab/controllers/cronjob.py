"""CronJobs: a Job at each time of a schedule, named after that time so that it is made only once.

One look at a CronJob goes through these steps: delete finished Jobs beyond the
history limits; take finished and missing Jobs off the list of active ones;
then, if a time is due that was not dealt with, make its Job, as the
concurrency policy says. A look comes a little after each scheduled time, and
whenever one of the Jobs changes.

A Job belongs to a CronJob by its owner reference's uid. (Upstream compares the
owner's name only; an owner of the same name and another uid is gone, and what
it owned goes with it.)

Models pkg/controller/cronjob/cronjob_controllerv2.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from k8slab.api.cron import CronError, Schedule, parse, unknown_time_zone, zone_of
from k8slab.api.errors import ApiError
from k8slab.api.go_text import quote
from k8slab.api.meta import Key, Obj, key_of, owner_reference
from k8slab.clock import MINUTE_US, SECOND_US, parse_timestamp, timestamp
from k8slab.components import (
    Action,
    Component,
    Create,
    Delete,
    Done,
    Memory,
    Outcome,
    Plan,
    Record,
    Update,
    Watch,
)
from k8slab.controllers._cron_missed import ScheduleError, most_recent, wait_after, wait_us
from k8slab.controllers._pods import resolve_controller
from k8slab.store.view import Change, View

SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


class CronMemory(NamedTuple):
    """What is remembered of a CronJob: which one it is, the schedule that was seen, when to look again."""

    uid: str = ""
    schedule: tuple[str, str] = ("", "")
    due_us: int | None = None


@dataclass(slots=True)
class Sync:
    """One look at a CronJob: its Jobs as they were and how each ended, and the status in the making."""

    view: View
    cron_job: Obj
    jobs: Sequence[Obj]
    ends: Sequence[str]
    status: Obj
    now_us: int

    @property
    def active(self) -> list[Obj]:
        """The references to the Jobs that are thought to run."""
        listed: list[Obj] = self.status.get("active") or []
        return listed

    @active.setter
    def active(self, listed: list[Obj]) -> None:
        if listed:
            self.status["active"] = listed
        else:
            self.status.pop("active", None)


class Outlook(NamedTuple):
    """How a look ended: when to look again, if it is to be, and an error's text."""

    wait_us: int | None = None
    error: str = ""


Looking = Generator[Action, Outcome, Outlook]
Acting = Generator[Action, Outcome, None]


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look at a CronJob; after a change of its schedule only agree on the next time."""
    cron_job = view.get("CronJob", key)
    if cron_job is None:
        return Done(memory=None, why="the CronJob is gone")
    uid, spec = cron_job["metadata"]["uid"], cron_job["spec"]
    schedule = (spec["schedule"], spec.get("timeZone") or "")
    known = memory if isinstance(memory, CronMemory) and memory.uid == uid else CronMemory(uid, schedule)
    due_us = known.due_us if known.due_us is None or known.due_us > now_us else None
    if schedule != known.schedule and due_us == known.due_us:
        outlook = yield from _reschedule(cron_job, now_us)
    else:
        jobs = view.list("Job", namespace=key[0], owner=uid)
        ends = [_end_of(job) for job in jobs]
        sync = Sync(view, cron_job, jobs, ends, dict(cron_job.get("status") or {}), now_us)
        outlook = yield from _look(sync)
    if outlook.wait_us is not None:
        next_us = now_us + max(outlook.wait_us, 1)
        due_us = next_us if due_us is None else min(due_us, next_us)
    return Done(
        look_again_us=None if due_us is None else due_us - now_us,
        memory=CronMemory(uid, schedule, due_us),
        error=outlook.error,
    )


def _reschedule(cron_job: Obj, now_us: int) -> Looking:
    """A new schedule counts from its next time on."""
    try:
        schedule, zone = _schedule(cron_job)
    except CronError:
        text = f"unparseable schedule for cronjob: {cron_job['spec']['schedule']}"
        yield Record(cron_job, "Warning", "UnParseableCronJobSchedule", text)
        return Outlook()
    return Outlook(wait_us(cron_job, schedule, zone, now_us))


def _schedule(cron_job: Obj) -> tuple[Schedule, str]:
    """The schedule, and the time zone in which it is read. CronError where it cannot be read."""
    spec = cron_job["spec"]
    if "TZ" in spec["schedule"]:
        return parse(spec["schedule"]), ""
    zone = spec.get("timeZone") or ""
    return parse(spec["schedule"]), "" if unknown_time_zone(zone) else zone


# The look.


def _look(sync: Sync) -> Looking:
    """Clean up, see what became of the Jobs, start the next one, and write the status."""
    yield from _remove_old_jobs(sync)
    yield from _check_jobs(sync)
    yield from _check_active(sync)
    try:
        outlook = yield from _start_next(sync)
    except ApiError as error:
        outlook = Outlook(error=error.message)
    if sync.status != (sync.cron_job.get("status") or {}):
        try:
            yield Update("CronJob", {**sync.cron_job, "status": sync.status}, "status")
        except ApiError as error:
            return Outlook(error=error.message)
    return outlook


def _remove_old_jobs(sync: Sync) -> Acting:
    """Delete the oldest finished Jobs beyond the history limits."""
    spec = sync.cron_job["spec"]
    for limit, end in (("successfulJobsHistoryLimit", "Complete"), ("failedJobsHistoryLimit", "Failed")):
        if spec.get(limit) is None:
            continue
        surplus = sync.ends.count(end) - spec[limit]
        if surplus > 0:
            ended = [job for job, its_end in zip(sync.jobs, sync.ends, strict=True) if its_end == end]
            for job in sorted(ended, key=_by_start)[:surplus]:
                yield from _delete_job(sync, job)


def _end_of(job: Obj) -> str:
    """Complete or Failed, or empty for a Job that has not finished."""
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return str(condition["type"])
    return ""


def _by_start(job: Obj) -> tuple[bool, str, str]:
    """Jobs in the order of their start times; those that never started come last."""
    start = (job.get("status") or {}).get("startTime") or ""
    return (not start, start, job["metadata"]["name"])


def _delete_job(sync: Sync, job: Obj) -> Generator[Action, Outcome, bool]:
    """Delete a Job with its Pods, and take it off the list. Whether that went well."""
    try:
        yield Delete("Job", key_of(job), propagation="Background")
    except ApiError as error:
        yield Record(sync.cron_job, "Warning", "FailedDelete", f"Deleted job: {error.message}")
        return False
    _strike(sync, job["metadata"]["uid"])
    name = job["metadata"]["name"]
    yield Record(sync.cron_job, "Normal", "SuccessfulDelete", f"Deleted job {name}")
    return True


def _is_listed(sync: Sync, uid: str) -> bool:
    for reference in sync.status.get("active") or ():
        if reference["uid"] == uid:
            return True
    return False


def _strike(sync: Sync, uid: str) -> None:
    sync.active = [one for one in sync.active if one["uid"] != uid]


def _check_jobs(sync: Sync) -> Acting:
    """Take finished Jobs off the list, note the last success, and wonder at Jobs that nobody listed."""
    for job, end in zip(sync.jobs, sync.ends, strict=True):
        uid = job["metadata"]["uid"]
        listed = "active" in sync.status and _is_listed(sync, uid)
        if not end:
            if not listed:
                text = f"Saw a job that the controller did not create or forgot: {job['metadata']['name']}"
                yield Record(sync.cron_job, "Warning", "UnexpectedJob", text)
            continue
        if listed:
            _strike(sync, uid)
            text = f"Saw completed job: {job['metadata']['name']}, condition: {end}"
            yield Record(sync.cron_job, "Normal", "SawCompletedJob", text)
        completed = (job.get("status") or {}).get("completionTime")
        # Timestamps of whole seconds in UTC compare as texts.
        if end == "Complete" and completed and completed > sync.status.get("lastSuccessfulTime", ""):
            sync.status["lastSuccessfulTime"] = completed


def _check_active(sync: Sync) -> Acting:
    """Take Jobs off the list that are no longer there."""
    if not sync.active:
        return
    own = {job["metadata"]["uid"]: True for job in sync.jobs}
    for reference in sync.active:
        if reference["uid"] in own:
            continue
        if sync.view.get("Job", (reference["namespace"], reference["name"])) is None:
            text = f"Active job went missing: {reference['name']}"
            yield Record(sync.cron_job, "Normal", "MissingJob", text)
            _strike(sync, reference["uid"])


# Starting the next Job.


def _start_next(sync: Sync) -> Looking:
    """Start the Job of the time that is due, unless something speaks against it."""
    cron_job, spec = sync.cron_job, sync.cron_job["spec"]
    if "deletionTimestamp" in cron_job["metadata"]:
        return Outlook()
    zone = spec.get("timeZone")
    fault = unknown_time_zone(zone) if zone is not None else None
    if fault:
        yield Record(cron_job, "Warning", "UnknownTimeZone", f"invalid timeZone: {quote(zone)}: {fault}")
        return Outlook()
    if spec.get("suspend"):
        return Outlook()
    if "TZ" in spec["schedule"]:
        yield Record(cron_job, "Warning", "UnsupportedSchedule", _UNSUPPORTED % quote(spec["schedule"]))
    try:
        schedule, zone = _schedule(cron_job)
    except CronError as error:
        text = f"unparseable schedule: {quote(spec['schedule'])} : {error}"
        yield Record(cron_job, "Warning", "UnparseableSchedule", text)
        return Outlook()
    current = {**cron_job, "status": sync.status}
    try:
        recent = most_recent(current, schedule, zone, sync.now_us, deadline=True)
    except ScheduleError as error:
        text = f"invalid schedule: {spec['schedule']} : {error}"
        yield Record(cron_job, "Warning", "InvalidSchedule", text)
        return Outlook()
    if recent.due_us is not None:
        if recent.many:
            yield Record(cron_job, "Warning", "TooManyMissedTimes", _TOO_MANY)
        outlook = yield from _start(sync, recent.due_us)
        if outlook is not None:
            return outlook
    elif spec.get("startingDeadlineSeconds") is None:
        return Outlook(wait_after(recent, schedule, zone, sync.now_us))
    current = {**cron_job, "status": sync.status}
    return Outlook(wait_us(current, schedule, zone, sync.now_us))


_UNSUPPORTED = (
    "CRON_TZ or TZ used in schedule %s is not officially supported, "
    "see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
)
_TOO_MANY = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"


def _start(sync: Sync, due_us: int) -> Generator[Action, Outcome, Outlook | None]:
    """Start the Job of a time. None where the look then ends as usual: by waiting for the next time."""
    cron_job, spec = sync.cron_job, sync.cron_job["spec"]
    deadline = spec.get("startingDeadlineSeconds")
    if deadline is not None and due_us + deadline * SECOND_US < sync.now_us:
        when = datetime.fromtimestamp(due_us // SECOND_US, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
        yield Record(cron_job, "Warning", "MissSchedule", f"Missed scheduled time to start a job: {when}")
        return None
    name = job_name(cron_job, due_us)
    last = sync.status.get("lastScheduleTime")
    if any(one["name"] == name for one in sync.active) or (last and parse_timestamp(last) == due_us):
        return None
    policy = spec.get("concurrencyPolicy")
    if policy == "Forbid" and sync.active:
        text = "Not starting job because prior execution is running and concurrency policy is Forbid"
        yield Record(cron_job, "Normal", "JobAlreadyActive", text)
        return None
    if policy == "Replace":
        error = yield from _stop_active(sync)
        if error:
            return Outlook(error=error)
    job, outlook = yield from _create(sync, due_us)
    if job is None:
        return outlook
    sync.active = [*sync.active, _reference(job)]
    sync.status["lastScheduleTime"] = timestamp(due_us)
    return None


def _stop_active(sync: Sync) -> Generator[Action, Outcome, str]:
    """Delete the Jobs that still run. The error that ends the look, or an empty text."""
    for reference in sync.active:
        job = sync.view.get("Job", (reference["namespace"], reference["name"]))
        if job is None:
            text = f'jobs.batch "{reference["name"]}" not found'
            yield Record(sync.cron_job, "Warning", "FailedGet", f"Get job: {text}")
            return text
        if not (yield from _delete_job(sync, job)):
            return f"could not replace job {reference['namespace']}/{reference['name']}"
    return ""


def _create(sync: Sync, due_us: int) -> Generator[Action, Outcome, tuple[Obj | None, Outlook]]:
    """Create the Job of a time. The Job to list; or None, and how the look ends then.

    A name that is taken ends the look in an error, whoever the Job belongs to:
    v1.36 asks for the Job that is there without its namespace, and no server
    has such a path. So a Job that was made for this time before is not listed again.
    """
    cron_job = sync.cron_job
    wanted = job_from_template(cron_job, due_us)
    try:
        job: Obj = yield Create("Job", wanted)
    except ApiError as error:
        if any(cause.reason == "NamespaceTerminating" for cause in error.causes):
            return None, Outlook(error=error.message)
        if error.reason == "AlreadyExists":
            return None, Outlook(error="the server could not find the requested resource")
        yield Record(cron_job, "Warning", "FailedCreate", f"Error creating job: {error.message}")
        return None, Outlook(error=error.message)
    text = f"Created job {job['metadata']['name']}"
    yield Record(cron_job, "Normal", "SuccessfulCreate", text)
    return job, Outlook()


def job_name(cron_job: Obj, due_us: int) -> str:
    """The name of the Job of a time: the CronJob's, and the minutes since 1970."""
    return f"{cron_job['metadata']['name']}-{due_us // MINUTE_US}"


def job_from_template(cron_job: Obj, due_us: int) -> Obj:
    """The Job of a time. Its spec is the template's own spec object, not a copy."""
    template = cron_job["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    annotations = {**(given.get("annotations") or {}), SCHEDULED: _local_time(cron_job, due_us)}
    metadata: Obj = {
        "name": job_name(cron_job, due_us),
        "namespace": cron_job["metadata"]["namespace"],
        "annotations": annotations,
        "ownerReferences": [owner_reference(cron_job)],
    }
    if given.get("labels"):
        metadata["labels"] = given["labels"]
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template.get("spec") or {}}


def _local_time(cron_job: Obj, due_us: int) -> str:
    """The scheduled time as RFC 3339 in the CronJob's time zone."""
    zone = zone_of(cron_job["spec"].get("timeZone") or "")
    if zone is UTC:
        return timestamp(due_us)
    text = datetime.fromtimestamp(due_us // SECOND_US, zone).isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _reference(job: Obj) -> Obj:
    metadata = job["metadata"]
    reference = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata.get("uid"),
        "resourceVersion": metadata.get("resourceVersion"),
    }
    return {name: value for name, value in reference.items() if value is not None}


def _cron_jobs_of_job(change: Change, view: View) -> list[Key]:
    """The CronJobs that control the Job now or did before."""
    old, new = change.old, change.new
    keys: list[Key] = []
    if old is not None and (new is None or not _have_same_owners(old, new)):
        owner = resolve_controller(view, old, "CronJob")
        if owner is not None:
            keys.append(key_of(owner))
    if new is not None:
        owner = resolve_controller(view, new, "CronJob")
        if owner is not None and key_of(owner) not in keys:
            keys.append(key_of(owner))
    return keys


def _have_same_owners(old: Obj, new: Obj) -> bool:
    """Whether a Job's owners are who they were, as nearly always."""
    return old["metadata"].get("ownerReferences") is new["metadata"].get("ownerReferences")


CONTROLLER = Component(
    name="cronjob-controller",
    watches=(Watch("CronJob"), Watch("Job", _cron_jobs_of_job)),
    plan=plan,
)
