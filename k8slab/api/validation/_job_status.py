"""The status of a Job: an ended Job stays ended, and its numbers agree.

A rule is only asked when one of the fields that it speaks of has changed, so
that a status which already breaks it can still be written.

Models pkg/apis/batch/validation/validation.go (validateJobStatus,
ValidateJobStatusUpdate) and pkg/registry/batch/job/strategy.go
(getStatusValidationOptions), v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj, condition_is
from k8slab.api.validation._field import (
    IMMUTABLE,
    OMITTED,
    duplicate,
    invalid,
    nonnegative_fields,
    required,
)
from k8slab.api.validation._job_spec import count_indexes, parse_interval

_CONDITIONS = "status.conditions"
_COUNTS = ("active", "succeeded", "failed", "ready", "terminating")
_STATES = ("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet", "Suspended")


_NO_STATE = {**dict.fromkeys(_STATES, False), "Finished": False}


def _states(status: Obj) -> dict[str, bool]:
    """Which conditions are True; the first one of a type counts."""
    conditions = status.get("conditions")
    if not conditions:
        return _NO_STATE
    found: dict[str, bool] = {}
    for condition in conditions:
        found.setdefault(condition.get("type", ""), condition.get("status") == "True")
    states = {name: found.get(name, False) for name in _STATES}
    states["Finished"] = states["Complete"] or states["Failed"]
    return states


def _condition(text: str) -> Cause:
    return invalid(_CONDITIONS, OMITTED, text)


def validate_job_status(new: Obj, old: Obj) -> list[Cause]:
    """What a new status may say, given the old one."""
    spec, status, before = new.get("spec") or {}, new.get("status") or {}, old.get("status") or {}
    if status is before:
        return []
    is_now, was = _states(status), _states(before)
    changed = _NO_STATE if is_now is was else {name: is_now[name] != was[name] for name in is_now}
    changed = {**changed, **{name: status.get(name) != before.get(name) for name in {**status, **before}}}
    causes = nonnegative_fields(status, "status", _COUNTS)
    uncounted = status.get("uncountedTerminatedPods")
    if uncounted:
        causes += _validate_uncounted(uncounted)
    has_states = is_now is not _NO_STATE
    if has_states or was is not _NO_STATE or changed.get("completionTime") or changed.get("startTime"):
        causes += _validate_ends(status, is_now, changed)
    if has_states:
        causes += _validate_finished(spec, status, is_now, changed)
    if changed.get("completedIndexes") or changed.get("failedIndexes"):
        causes += _validate_indexes(spec, status, changed)
    causes += _validate_counts(status, is_now, changed)
    if has_states:
        causes += _validate_success(spec, is_now)
    return causes + _validate_changes(new, old, is_now, was, changed)


def _validate_uncounted(uncounted: Obj) -> list[Cause]:
    causes: list[Cause] = []
    seen: list[str] = []
    for name in ("succeeded", "failed"):
        for index, uid in enumerate(uncounted.get(name) or ()):
            where = f"status.uncountedTerminatedPods.{name}[{index}]"
            if not uid:
                causes.append(invalid(where, uid, "must not be empty"))
            elif uid in seen:
                causes.append(duplicate(where, uid))
            seen.append(uid)
    return causes


def _validate_ends(status: Obj, is_now: dict[str, bool], changed: dict[str, bool]) -> list[Cause]:
    """How Complete, Failed and the times go together."""
    causes: list[Cause] = []
    where, ended, started = "status.completionTime", status.get("completionTime"), status.get("startTime")
    complete, failed = is_now["Complete"], is_now["Failed"]
    if (changed["Complete"] or changed["Failed"]) and complete and failed:
        causes.append(_condition("cannot set Complete=True and Failed=true conditions"))
    if (changed["Complete"] or changed["FailureTarget"]) and complete and is_now["FailureTarget"]:
        causes.append(_condition("cannot set Complete=True and FailureTarget=true conditions"))
    if changed["Complete"] or changed.get("completionTime"):
        if ended is not None and not complete:
            detail = "cannot set completionTime when there is no Complete=True condition"
            causes.append(invalid(where, ended, detail))
        if ended is None and complete:
            causes.append(required(where, "completionTime is required for Complete jobs"))
    if (changed.get("startTime") or changed.get("completionTime")) and started and ended and ended < started:
        causes.append(invalid(where, ended, "must be equal to or after `startTime`"))
    if (changed["Failed"] or changed.get("failedIndexes")) and failed and not is_now["FailureTarget"]:
        detail = "cannot set Failed=True condition without the FailureTarget=true condition"
        causes.append(_condition(detail))
    if (changed["Complete"] or changed["SuccessCriteriaMet"]) and complete:
        if not is_now["SuccessCriteriaMet"]:
            detail = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
            causes.append(_condition(detail))
    return causes


def _validate_finished(
    spec: Obj, status: Obj, is_now: dict[str, bool], changed: dict[str, bool]
) -> list[Cause]:
    """A finished Job has no active or uncounted Pods, and was started."""
    if not is_now["Finished"]:
        return []
    causes: list[Cause] = []
    ended = changed["Finished"]
    active, uncounted = status.get("active") or 0, status.get("uncountedTerminatedPods") or {}
    if (ended or changed.get("active")) and active > 0:
        causes.append(invalid("status.active", active, "active>0 is invalid for finished job"))
    nothing_to_do = spec.get("suspend") is True and spec.get("completions") == 0
    if (ended or changed.get("startTime")) and status.get("startTime") is None and not nothing_to_do:
        causes.append(required("status.startTime", "startTime is required for finished job"))
    if ended or changed.get("uncountedTerminatedPods"):
        if uncounted.get("failed") or uncounted.get("succeeded"):
            shown = {"Succeeded": uncounted.get("succeeded"), "Failed": uncounted.get("failed")}
            detail = "must be empty for finished job"
            causes.append(invalid("status.uncountedTerminatedPods", shown, detail))
    return causes


def _validate_indexes(spec: Obj, status: Obj, changed: dict[str, bool]) -> list[Cause]:
    completions = spec.get("completions")
    done, failed = status.get("completedIndexes") or "", status.get("failedIndexes")
    per_index, indexed = spec.get("backoffLimitPerIndex"), spec.get("completionMode") == "Indexed"
    causes: list[Cause] = []
    if changed.get("completedIndexes") and completions is not None:
        causes += _bad_indexes("completedIndexes", done, completions)
    if changed.get("failedIndexes") and None not in (completions, per_index, failed):
        causes += _bad_indexes("failedIndexes", failed or "", completions or 0)
    if changed.get("completedIndexes") and done and not indexed:
        detail = "cannot set non-empty completedIndexes when non-indexed completion mode"
        causes.append(invalid("status.completedIndexes", done, detail))
    if changed.get("failedIndexes") and per_index is None and failed is not None:
        detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        causes.append(invalid("status.failedIndexes", failed, detail))
    if changed.get("failedIndexes") or changed.get("completedIndexes"):
        if completions is not None and failed is not None:
            shared = _shared_index(done, failed, completions)
            if shared is not None:
                detail = f"failedIndexes and completedIndexes overlap at index: {shared}"
                causes.append(invalid("status.failedIndexes", failed, detail))
    return causes


def _bad_indexes(name: str, text: str, completions: int) -> list[Cause]:
    fault = count_indexes(text, completions)[1]
    return [invalid(f"status.{name}", text, f"error parsing {name}: {fault}")] if fault else []


def _shared_index(done: str, failed: str, completions: int) -> int | None:
    """The first index that both texts name."""
    if not done or not failed:
        return None
    ends = [
        [parse_interval(interval, completions) for interval in text.split(",")] for text in (done, failed)
    ]
    for first, last, fault in ends[0]:
        for other_first, other_last, other_fault in ends[1]:
            if not fault and not other_fault and first <= other_last and other_first <= last:
                return max(first, other_first)
    return None


def _validate_counts(status: Obj, is_now: dict[str, bool], changed: dict[str, bool]) -> list[Cause]:
    causes: list[Cause] = []
    terminating, ready = status.get("terminating"), status.get("ready")
    if (changed["Finished"] or changed.get("terminating")) and is_now["Finished"]:
        if terminating is not None and terminating > 0:
            detail = "terminating>0 is invalid for finished job"
            causes.append(invalid("status.terminating", terminating, detail))
    if (changed.get("ready") or changed.get("active")) and ready is not None:
        if ready > (status.get("active") or 0):
            causes.append(invalid("status.ready", ready, "cannot set more ready pods than active"))
    return causes


def _validate_success(spec: Obj, is_now: dict[str, bool]) -> list[Cause]:
    causes: list[Cause] = []
    met = is_now["SuccessCriteriaMet"]
    for name in ("Failed", "FailureTarget"):
        if met and is_now[name]:
            causes.append(_condition(f"cannot set SuccessCriteriaMet=True and {name}=true conditions"))
    if spec.get("successPolicy") is not None and not met and is_now["Complete"]:
        detail = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        causes.append(_condition(detail))
    return causes


def _validate_changes(
    new: Obj, old: Obj, is_now: dict[str, bool], was: dict[str, bool], changed: dict[str, bool]
) -> list[Cause]:
    """What only goes one way."""
    spec, status, before = new.get("spec") or {}, new.get("status") or {}, old.get("status") or {}
    causes = [
        _condition(f"cannot disable the terminal {name}=True condition")
        for name in ("Failed", "Complete", "FailureTarget")
        if was[name] and not is_now[name]
    ]
    elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    for name in ("failed", "succeeded"):
        count = status.get(name) or 0
        if count < (before.get(name) or 0) and not (name == "succeeded" and elastic):
            causes.append(invalid(f"status.{name}", count, f"cannot decrease the {name} counter"))
    ended, started = status.get("completionTime"), status.get("startTime")
    if ended is not None and before.get("completionTime") not in (None, ended):
        causes.append(invalid("status.completionTime", ended, IMMUTABLE))
    resuming = was["Suspended"] and condition_is(new, "Suspended", "False")
    if changed.get("startTime") and before.get("startTime") is not None and not resuming:
        if not spec.get("suspend"):
            detail = "field is immutable for unsuspended job once set"
            causes.append(invalid("status.startTime", started, detail))
    if was["SuccessCriteriaMet"] and not is_now["SuccessCriteriaMet"]:
        causes.append(_condition("cannot disable the SuccessCriteriaMet=True condition"))
    if was["Complete"] and not was["SuccessCriteriaMet"] and is_now["SuccessCriteriaMet"]:
        detail = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        causes.append(_condition(detail))
    return causes
