"""Jobs: Pods that run to their end, counted until there are enough, or too many that failed.

One look at a Job goes through these steps: count the Pods that have ended;
decide whether the Job is at its end (and why); if it is, stop what still runs,
else make and remove Pods; write the status; let go of the Pods that the status
has counted. A Pod's finalizer and the status's list of uncounted Pods see to it
that each end is counted exactly once, whatever fails in between. A Job says
FailureTarget or SuccessCriteriaMet as soon as that is decided, and Failed or
Complete when its last Pod is gone.

Changes of Pods and of the status are taken together: a Job is looked at one
second after the first of them; a change of its spec is looked at at once.

Models pkg/controller/job/job_controller.go, v1.36. The gate WorkloadWithJob
(gang scheduling, alpha) is not modelled.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, condition_of, key_of
from k8slab.clock import MINUTE_US, SECOND_US, parse_timestamp, timestamp
from k8slab.components import Action, Component, Done, Memory, Outcome, Patch, Plan, Record, Update, Watch
from k8slab.controllers._job_backoff import Backoff, finished_us, next_backoff, remaining_us
from k8slab.controllers._job_creation import create_pods, delete_pods
from k8slab.controllers._job_indexes import (
    Intervals,
    all_failures_count,
    failed_indexes,
    format_indexes,
    has,
    index_of,
    indexes_of,
    is_indexed,
    merge,
    pending_indexes,
    split_repeated,
    succeeded_indexes,
    total,
    valid_index,
    with_indexes,
)
from k8slab.controllers._job_pods import (
    TRACKING,
    by_worth,
    count_restarts,
    has_finalizer,
    is_failed,
    is_finished_job,
    is_managed_elsewhere,
    replaces_only_failed,
    without_finalizer,
)
from k8slab.controllers._job_policies import match_failure_policy
from k8slab.controllers._job_success import match_success_policy
from k8slab.controllers._pods import (
    aggregate,
    claim,
    is_active,
    is_ready,
    is_terminal,
    keys_of_controllers,
    phase_of,
    selector_of,
)
from k8slab.store.view import View

BATCH_US = SECOND_US
"""Changes of Pods and of the status wait this long, so that they are taken together."""

MOST_UNCOUNTED = 500
MOST_PODS_A_LOOK = 500


class JobMemory(NamedTuple):
    """What is remembered of a Job: which one it is, the spec that was seen, when to look, its back-off."""

    uid: str = ""
    generation: int = 0
    due_us: int | None = None
    backoff: Backoff = Backoff()


@dataclass(slots=True)
class Sync:
    """One look at a Job: the Pods as they were at its beginning, and what is reckoned from them.

    `tracked` are those that still carry the finalizer, of an Indexed Job those with valid indexes.
    `status` is the status in the making. `end` is the condition in which the
    Job ends, once that is decided. `waits` are the durations after which to
    look again. `backoff` takes in what ended since the last look;
    `saved_backoff` is what is remembered once the status has been written.
    """

    view: View
    job: Obj
    indexed: bool
    status: Obj
    pods: list[Obj]
    tracked: list[Obj]
    now_us: int
    saved_backoff: Backoff
    backoff: Backoff
    active_pods: list[Obj]
    active: int
    ready: int
    terminating: int
    succeeded: int = 0
    failed: int = 0
    end: Obj | None = None
    succeeded_before: Intervals = ()
    succeeded_indexes: Intervals = ()
    failed_indexes: Intervals | None = None
    delayed: dict[int, Obj] | None = None
    waits: list[int] | None = None


Acting = Generator[Action, Outcome, str]


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look at a Job if it is time to; otherwise agree on when."""
    job = view.get("Job", key)
    if job is None:
        return Done(memory=None, why="the Job is gone")
    if is_managed_elsewhere(job):
        return Done(memory=None, why="another controller manages the Job")
    if is_finished_job(job):
        return Done(memory=None, why="the Job has finished")
    uid, generation = job["metadata"]["uid"], job["metadata"].get("generation", 0)
    known = memory if isinstance(memory, JobMemory) and memory.uid == uid else JobMemory(uid)
    due_us = now_us + BATCH_US if known.due_us is None else min(known.due_us, now_us + BATCH_US)
    if generation == known.generation and now_us < due_us:
        memory = known if due_us == known.due_us else JobMemory(uid, generation, due_us, known.backoff)
        why = "changes are taken together"
        return Done(look_again_us=due_us - now_us, memory=memory, why=why, postponed=True)
    selector = selector_of(job)
    namespace = key[0]
    candidates = [
        *view.list("Pod", namespace=namespace, owner=uid),
        *view.list("Pod", namespace=namespace, owner="", selector=selector),
    ]
    pods, errors = yield from claim("Pod", candidates, job, selector, finalizers=(TRACKING,))
    if errors:
        memory = JobMemory(uid, generation, now_us + BATCH_US, known.backoff)
        return Done(error=aggregate(errors), memory=memory)
    sync = _begin(view, job, pods, known.backoff, now_us)
    try:
        error = yield from _look(sync)
    except ApiError as refusal:
        error = refusal.message
    wait_us = min(sync.waits) if sync.waits else None
    if error:
        # What was agreed on before the error stands beside the retry, as an entry of a work queue does.
        memory = JobMemory(uid, generation, now_us + BATCH_US, sync.saved_backoff)
        return Done(look_again_us=wait_us, error=error, memory=memory)
    due = None if wait_us is None else now_us + wait_us
    return Done(look_again_us=wait_us, memory=JobMemory(uid, generation, due, sync.saved_backoff))


def _begin(view: View, job: Obj, pods: list[Obj], backoff: Backoff, now_us: int) -> Sync:
    """Count the Pods as they are."""
    status = dict(job.get("status") or {})
    status["uncountedTerminatedPods"] = dict(status.get("uncountedTerminatedPods") or {})
    active_pods = [pod for pod in pods if is_active(pod)]
    tracked = [pod for pod in pods if has_finalizer(pod)]
    indexed = is_indexed(job)
    if indexed:
        tracked = [pod for pod in tracked if valid_index(job, pod)]
    sync = Sync(
        view,
        job,
        indexed,
        status,
        pods,
        tracked,
        now_us,
        backoff,
        backoff,
        active_pods,
        len(active_pods),
        len([pod for pod in active_pods if is_ready(pod)]),
        len([pod for pod in pods if "deletionTimestamp" in pod["metadata"] and not is_terminal(pod)]),
        waits=[],
    )
    uncounted = status["uncountedTerminatedPods"]
    earlier_succeeded, earlier_failed = uncounted.get("succeeded") or (), uncounted.get("failed") or ()
    succeeded = _newly(sync, earlier_succeeded, lambda pod: phase_of(pod) == "Succeeded")
    failed = _newly(sync, earlier_failed, lambda pod: is_failed(pod, job))
    policy = job["spec"].get("podFailurePolicy")
    counted = len([pod for pod in failed if match_failure_policy(policy, pod).counts])
    sync.succeeded = status.get("succeeded", 0) + len(succeeded) + len(earlier_succeeded)
    sync.failed = status.get("failed", 0) + counted + len(earlier_failed)
    sync.backoff = next_backoff(backoff, succeeded, failed)
    if not status.get("startTime") and not job["spec"].get("suspend"):
        status["startTime"] = timestamp(now_us)
    return sync


def _newly(sync: Sync, counted: Sequence[str], fits: Callable[[Obj], bool]) -> list[Obj]:
    """The tracked Pods that fit and are not yet counted."""
    return [pod for pod in sync.tracked if fits(pod) and pod["metadata"]["uid"] not in counted]


# The look.


def _look(sync: Sync) -> Acting:
    """Decide, act, and write what there is. The error, or an empty text."""
    _decide_failure(sync)
    if sync.indexed:
        _count_indexes(sync)
    if sync.end is not None:
        ready, deleted, error = yield from delete_pods(sync.job, sync.active_pods, keep_finalizers=True)
        if deleted != len(sync.active_pods):
            # A Pod that could not be deleted still runs, so that the Job is not at its end.
            sync.end = None
        _note_deleted(sync, ready, deleted)
    else:
        managed = "deletionTimestamp" not in sync.job["metadata"]
        error = (yield from _manage(sync)) if managed else ""
        if _is_complete(sync):
            reason, message = "CompletionsReached", "Reached expected number of succeeded pods"
            sync.end = _condition("SuccessCriteriaMet", reason, message, sync.now_us)
        elif managed:
            yield from _note_suspension(sync)
    _set(sync.status, "active", sync.active)
    sync.status["ready"] = sync.ready
    sync.status["terminating"] = sync.terminating
    try:
        tracking_error = yield from _track(sync)
    except ApiError as refusal:
        tracking_error = refusal.message
    return f"tracking status: {tracking_error}" if tracking_error else error


def _note_deleted(sync: Sync, ready: int, deleted: int) -> None:
    sync.active -= deleted
    sync.terminating += deleted
    sync.ready -= ready


def _set(status: Obj, name: str, value: object) -> None:
    """Set a field as Go writes it: what is zero or empty is left out."""
    if value:
        status[name] = value
    else:
        status.pop(name, None)


def _condition(name: str, reason: str, message: str, now_us: int, status: str = "True") -> Obj:
    when = timestamp(now_us)
    return {
        "type": name,
        "status": status,
        "lastProbeTime": when,
        "lastTransitionTime": when,
        "reason": reason,
        "message": message,
    }


def _ensure(sync: Sync, condition: Obj) -> bool:
    """Set a condition where it says something else; a new one is not set to False. Whether it was set."""
    conditions = list(sync.status.get("conditions") or ())
    for place, old in enumerate(conditions):
        if old["type"] == condition["type"]:
            same = all(old.get(name) == condition[name] for name in ("status", "reason", "message"))
            if not same:
                conditions[place] = condition
                sync.status["conditions"] = conditions
            return not same
    if condition["status"] == "False":
        return False
    sync.status["conditions"] = [*conditions, condition]
    return True


# Is the Job at its end?


def _decide_failure(sync: Sync) -> None:
    """The end that was decided before, else the one that failures or the deadline call for."""
    job, spec = sync.job, sync.job["spec"]
    met, target = condition_of(job, "SuccessCriteriaMet"), condition_of(job, "FailureTarget")
    if met is not None and met["status"] == "True":
        sync.end = met
    elif target is not None and target["status"] == "True":
        sync.end = _condition("Failed", target.get("reason", ""), target.get("message", ""), sync.now_us)
    elif message := _policy_failure(sync):
        sync.end = _condition("FailureTarget", "PodFailurePolicy", message, sync.now_us)
    elif sync.failed > spec["backoffLimit"] or _restarted_too_often(sync):
        text = "Job has reached the specified backoff limit"
        sync.end = _condition("FailureTarget", "BackoffLimitExceeded", text, sync.now_us)
    elif spec.get("activeDeadlineSeconds") is not None and not spec.get("suspend"):
        since_us = parse_timestamp(sync.status["startTime"])
        left_us = since_us + spec["activeDeadlineSeconds"] * SECOND_US - sync.now_us
        if left_us <= 0:
            text = "Job was active longer than specified deadline"
            sync.end = _condition("FailureTarget", "DeadlineExceeded", text, sync.now_us)
        else:
            _look_again(sync, left_us)


def _look_again(sync: Sync, wait_us: int) -> None:
    assert sync.waits is not None, "a look begins with an empty list"
    sync.waits.append(wait_us)


def _policy_failure(sync: Sync) -> str:
    """Why the failure policy ends the Job, by its first failed Pod that says so."""
    policy = sync.job["spec"].get("podFailurePolicy")
    if policy is None:
        return ""
    for pod in sync.pods:
        if is_failed(pod, sync.job):
            message = match_failure_policy(policy, pod).message
            if message:
                return message
    return ""


def _restarted_too_often(sync: Sync) -> bool:
    """With restartPolicy OnFailure the containers' restarts count towards the limit."""
    spec = sync.job["spec"]
    if spec["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    restarts = sum(count_restarts(pod) for pod in sync.pods if phase_of(pod) in ("Running", "Pending"))
    limit: int = spec["backoffLimit"]
    return restarts > 0 if limit == 0 else restarts >= limit


def _count_indexes(sync: Sync) -> None:
    """Which indexes succeeded and failed, and whether that ends the Job."""
    job, spec = sync.job, sync.job["spec"]
    completions = spec["completions"]
    sync.succeeded_before, sync.succeeded_indexes = succeeded_indexes(job, sync.pods)
    sync.succeeded = total(sync.succeeded_indexes)
    if spec.get("backoffLimitPerIndex") is not None:
        sync.failed_indexes = failed_indexes(job, sync.pods)
        failed = total(sync.failed_indexes)
        most = spec.get("maxFailedIndexes")
        if sync.end is None and most is not None and failed > most:
            text = "Job has exceeded the specified maximal number of failed indexes"
            sync.end = _condition("FailureTarget", "MaxFailedIndexesExceeded", text, sync.now_us)
        elif sync.end is None and failed and failed + sync.succeeded >= completions:
            sync.end = _condition("FailureTarget", "FailedIndexes", "Job has failed indexes", sync.now_us)
        sync.delayed = _awaiting_replacement(sync)
    if sync.end is None:
        message = match_success_policy(spec.get("successPolicy"), completions, sync.succeeded_indexes)
        if message:
            sync.end = _condition("SuccessCriteriaMet", "SuccessPolicy", message, sync.now_us)


def _awaiting_replacement(sync: Sync) -> dict[int, Obj]:
    """By index, the last failed Pod, which stays until its replacement has taken over its failure count."""
    active = dict.fromkeys(indexes_of(sync.active_pods))
    found: dict[int, Obj] = {}
    for pod in _newly(sync, (), lambda one: is_failed(one, sync.job)):
        index = index_of(pod)
        if index in active or has(sync.succeeded_indexes, index) or has(sync.failed_indexes or (), index):
            continue
        last = found.get(index)
        if last is None or (
            all_failures_count(last) <= all_failures_count(pod) and finished_us(pod) >= finished_us(last)
        ):
            found[index] = pod
    return found


def _is_complete(sync: Sync) -> bool:
    """Enough Pods succeeded (one, for a work queue) and none runs any more."""
    completions = sync.job["spec"].get("completions")
    enough = sync.succeeded > 0 if completions is None else sync.succeeded >= completions
    return enough and sync.active == 0


def _note_suspension(sync: Sync) -> Generator[Action, Outcome, None]:
    """The condition Suspended, its Event, and the start time, which counts from the last resumption."""
    if sync.job["spec"].get("suspend"):
        if _ensure(sync, _condition("Suspended", "JobSuspended", "Job suspended", sync.now_us)):
            yield Record(sync.job, "Normal", "Suspended", "Job suspended")
            sync.status.pop("startTime", None)
    elif _ensure(sync, _condition("Suspended", "JobResumed", "Job resumed", sync.now_us, "False")):
        yield Record(sync.job, "Normal", "Resumed", "Job resumed")
        sync.status["startTime"] = timestamp(sync.now_us)


# Making and removing Pods.


def _manage(sync: Sync) -> Acting:
    """Bring the running Pods to the wanted number, unless failed ones must not be replaced yet."""
    spec = sync.job["spec"]
    wanted = 0 if spec.get("suspend") else _wanted(sync)
    surplus = _surplus(sync, max(sync.active - wanted, 0))
    if not spec.get("suspend"):
        surplus = surplus[:MOST_PODS_A_LOOK]
    if surplus or spec.get("suspend"):
        ready, deleted, error = yield from delete_pods(sync.job, surplus, keep_finalizers=False)
        _note_deleted(sync, ready, deleted)
        return error
    missing = wanted - sync.active
    if replaces_only_failed(sync.job):
        missing -= sync.terminating
    if missing <= 0:
        return ""
    indexes, wait_us = _places(sync, min(missing, MOST_PODS_A_LOOK))
    if wait_us:
        # While a failed Pod must not be replaced yet the Job says that none is active.
        sync.active = 0
        _look_again(sync, max(wait_us, BATCH_US))
        return ""
    lacking, error = yield from create_pods(sync.job, indexes, sync.delayed or {})
    sync.active += len(indexes) - lacking
    return error


def _wanted(sync: Sync) -> int:
    """How many Pods should run: a work queue with a success starts no more."""
    spec = sync.job["spec"]
    completions: int | None = spec.get("completions")
    parallelism: int = spec["parallelism"]
    if completions is None:
        return sync.active if sync.succeeded > 0 else parallelism
    return max(min(completions - sync.succeeded, parallelism), 0)


def _surplus(sync: Sync, at_least: int) -> list[Obj]:
    """The Pods to remove: those without a valid index, all but one of each index, else the least worth."""
    if not sync.indexed:
        return by_worth(sync.active_pods)[:at_least] if at_least else []
    removed, by_index = split_repeated(sync.active_pods, sync.job["spec"]["completions"])
    left: list[Obj] = []
    for pods in by_index.values():
        ordered = by_worth(pods)
        removed += ordered[:-1]
        left.append(ordered[-1])
    if len(removed) < at_least:
        removed += by_worth(left)[: at_least - len(removed)]
    return removed


def _places(sync: Sync, count: int) -> tuple[list[int], int]:
    """The indexes (or -1 each) to make Pods for, and how long to wait if they must not be made yet."""
    spec = sync.job["spec"]
    per_index = spec.get("backoffLimitPerIndex") is not None
    wait_us = 0 if per_index else remaining_us(sync.backoff, sync.now_us)
    if wait_us or not sync.indexed:
        return [-1] * count, wait_us
    taken = with_indexes(sync.succeeded_indexes, indexes_of(sync.active_pods))
    if replaces_only_failed(sync.job):
        terminating = [
            pod for pod in sync.pods if "deletionTimestamp" in pod["metadata"] and not is_terminal(pod)
        ]
        taken = with_indexes(taken, indexes_of(terminating))
    taken = merge(taken, sync.failed_indexes or ())
    indexes = pending_indexes(taken, count, spec["completions"])
    if not per_index:
        return indexes, 0
    waits = {index: _index_wait_us(sync, index) for index in indexes}
    now = [index for index in indexes if not waits[index]]
    return now, 0 if now else min(waits.values(), default=0)


def _index_wait_us(sync: Sync, index: int) -> int:
    last = (sync.delayed or {}).get(index)
    if last is None:
        return 0
    return remaining_us(Backoff(all_failures_count(last) + 1, finished_us(last)), sync.now_us)


# Counting ends, and letting go of the Pods that are counted.


def _track(sync: Sync) -> Acting:
    """List new ends in the status, let go of their Pods, count them, and say so if the Job is over.

    Models trackJobStatusAndRemoveFinalizers and flushUncountedAndRemoveFinalizers.
    """
    if sync.indexed:
        sync.pods = sorted(sync.pods, key=index_of)
    tracked = {pod["metadata"]["uid"]: True for pod in sync.pods if has_finalizer(pod)}
    _count_released(sync, tracked)
    counted = _list_ends(sync)
    _note_target(sync)
    if (yield from _flush(sync)):
        sync.saved_backoff = sync.backoff
    first = ""
    for pod in counted:
        try:
            yield Patch("Pod", key_of(pod), without_finalizer(pod), uid=pod["metadata"]["uid"])
        except ApiError as error:
            if error.code != 404:
                first = first or error.message
                continue
        tracked.pop(pod["metadata"]["uid"], None)
    if counted and not first:
        # Others see what was decided before they see its outcome: the outcome is written two calls later.
        _look_again(sync, 2 * sync.view.duration_us("api_call", sync.job["metadata"]["uid"]))
        return ""
    _count_released(sync, tracked)
    if first:
        yield from _flush(sync)
        return first
    finished = _finish(sync)
    yield from _flush(sync)
    if finished:
        yield from _record_end(sync)
    return ""


def _flush(sync: Sync) -> Generator[Action, Outcome, bool]:
    """Write the status if it is no longer what is stored. Whether it was written."""
    if sync.status == sync.job.get("status"):
        return False
    written = {**sync.status, "uncountedTerminatedPods": dict(sync.status["uncountedTerminatedPods"])}
    stored = yield Update("Job", {**sync.job, "status": written}, "status")
    sync.job = stored
    return True


def _count_released(sync: Sync, tracked: dict[str, bool]) -> None:
    """Count the listed ends whose Pods no longer carry the finalizer."""
    uncounted = sync.status["uncountedTerminatedPods"]
    for name in ("succeeded", "failed"):
        listed = uncounted.get(name) or []
        kept = [uid for uid in listed if uid in tracked]
        if len(kept) != len(listed):
            _set(uncounted, name, kept)
            _set(sync.status, name, sync.status.get(name, 0) + len(listed) - len(kept))


def _list_ends(sync: Sync) -> list[Obj]:
    """List the new ends in the status, as many as there is room for. The Pods to let go."""
    uncounted = sync.status["uncountedTerminatedPods"]
    listed = {name: dict.fromkeys(uncounted.get(name) or ()) for name in ("succeeded", "failed")}
    # What was listed before this look is not listed again, even where it has just been counted.
    earlier = (sync.job.get("status") or {}).get("uncountedTerminatedPods") or {}
    known = {name: dict.fromkeys(earlier.get(name) or ()) for name in ("succeeded", "failed")}
    indexes: list[int] = []
    counted: list[Obj] = []
    for pod in sync.pods:
        if not has_finalizer(pod) or not _may_let_go(sync, pod):
            continue
        counted.append(pod)
        uid = pod["metadata"]["uid"]
        kind = "" if uid in known["failed"] else _end_of(sync, pod)
        if kind == "index":
            indexes.append(index_of(pod))
        elif kind and uid not in known[kind]:
            listed[kind][uid] = None
        if len(indexes) + len(listed["succeeded"]) + len(listed["failed"]) >= MOST_UNCOUNTED:
            break
    for name in ("succeeded", "failed"):
        _set(uncounted, name, list(listed[name]))
    if sync.indexed:
        _write_indexes(sync, indexes)
    return counted


def _may_let_go(sync: Sync, pod: Obj) -> bool:
    """Whether the Pod's finalizer is no longer needed."""
    if sync.end is not None or phase_of(pod) == "Succeeded" or "deletionTimestamp" in sync.job["metadata"]:
        return True
    if not is_failed(pod, sync.job):
        return False
    delayed = (sync.delayed or {}).get(index_of(pod))
    return delayed is None or delayed["metadata"]["uid"] != pod["metadata"]["uid"]


def _end_of(sync: Sync, pod: Obj) -> str:
    """How the Pod's end is counted: "succeeded", "failed", "index" for a succeeded index, "" not at all."""
    job, indexed = sync.job, sync.indexed
    if phase_of(pod) == "Succeeded":
        if not indexed:
            return "succeeded"
        return "index" if valid_index(job, pod) and not has(sync.succeeded_before, index_of(pod)) else ""
    stopped = sync.end is not None and sync.end["type"] != "SuccessCriteriaMet"
    if not (stopped or is_failed(pod, job)) or (indexed and not valid_index(job, pod)):
        return ""
    return "failed" if match_failure_policy(job["spec"].get("podFailurePolicy"), pod).counts else ""


def _write_indexes(sync: Sync, indexes: list[int]) -> None:
    sync.succeeded_indexes = with_indexes(sync.succeeded_indexes, indexes)
    _set(sync.status, "succeeded", total(sync.succeeded_indexes))
    _set(sync.status, "completedIndexes", format_indexes(sync.succeeded_indexes))
    if sync.failed_indexes is not None:
        sync.status["failedIndexes"] = format_indexes(sync.failed_indexes)
    else:
        sync.status.pop("failedIndexes", None)


def _note_target(sync: Sync) -> None:
    """Announce the end before the Pods are let go, and turn it into the condition that comes after."""
    if sync.end is None:
        return
    reason, message = sync.end.get("reason", ""), sync.end.get("message", "")
    conditions = sync.status.get("conditions") or []
    if sync.end["type"] == "FailureTarget":
        sync.status["conditions"] = [*conditions, sync.end]
        sync.end = _condition("Failed", reason, message, sync.now_us)
    elif sync.end["type"] == "SuccessCriteriaMet":
        if condition_of(sync.job, "SuccessCriteriaMet") is None:
            sync.status["conditions"] = [*conditions, sync.end]
        sync.end = _condition("Complete", reason, message, sync.now_us)


def _finish(sync: Sync) -> bool:
    """Complete or Failed, once every end is counted and every Pod is gone. Whether that is so."""
    uncounted = sync.status["uncountedTerminatedPods"]
    if sync.end is None or uncounted.get("succeeded") or uncounted.get("failed") or sync.terminating > 0:
        return False
    _ensure(sync, sync.end)
    if sync.end["type"] == "Complete":
        sync.status["completionTime"] = sync.end["lastTransitionTime"]
    return True


def _record_end(sync: Sync) -> Generator[Action, Outcome, None]:
    job, end = sync.job, sync.end
    assert end is not None, "a finished Job has a condition"
    if end["type"] != "Complete":
        yield Record(job, "Warning", end["reason"], end["message"])
        return
    completions = job["spec"].get("completions")
    if completions is not None and job["status"].get("succeeded", 0) > completions:
        text = "Too many succeeded pods running after completion count reached"
        yield Record(job, "Warning", "TooManySucceededPods", text)
    yield Record(job, "Normal", "Completed", "Job completed")


CONTROLLER = Component(
    name="job-controller",
    watches=(Watch("Job"), Watch("Pod", keys_of_controllers("Job"), owner="Job")),
    plan=plan,
    retry_base_us=SECOND_US,
    retry_max_us=MINUTE_US,
)
