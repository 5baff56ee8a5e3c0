"""CronJobs.

Models pkg/apis/batch/validation/validation.go (ValidateCronJobCreate,
ValidateCronJobUpdate) and pkg/registry/batch/cronjob/strategy.go, v1.36.
"""

from __future__ import annotations

import re

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._cron import schedule_fault, unknown_time_zone
from k8slab.api.validation._field import enumerated, invalid, nonnegative, not_supported, required
from k8slab.api.validation._job_spec import job_spec_warnings, validate_job_spec
from k8slab.api.validation._metadata import generation_changed, name_warnings, rules
from k8slab.api.validation._names import byte_length
from k8slab.api.validation._shape import label_selector


def _validate_spec(spec: Obj, old: Obj | None) -> list[Cause]:
    schedule = spec.get("schedule") or ""
    causes: list[Cause] = []
    if not schedule:
        causes.append(required("spec.schedule"))
    else:
        with_zone = old is not None and "TZ" in (old.get("schedule") or "")
        causes += _validate_schedule(schedule, spec.get("timeZone"), with_zone)
    causes += nonnegative(spec.get("startingDeadlineSeconds"), "spec.startingDeadlineSeconds")
    if old is None or spec.get("timeZone") != old.get("timeZone"):
        causes += _validate_time_zone(spec.get("timeZone"), "spec.timeZone")
    policies = ("Allow", "Forbid", "Replace")
    causes += enumerated(spec.get("concurrencyPolicy"), "spec.concurrencyPolicy", policies)
    job, where = (spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec"
    causes += validate_job_spec(job, where)
    if job.get("selector") is not None:
        shown = label_selector(job["selector"])
        causes.append(invalid(f"{where}.selector", shown, "`selector` will be auto-generated"))
    if job.get("manualSelector"):
        causes.append(not_supported(f"{where}.manualSelector", True, ("nil", "false")))
    for name in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        causes += nonnegative(spec.get(name), f"spec.{name}")
    return causes


def _validate_schedule(schedule: str, zone: str | None, with_zone: bool) -> list[Cause]:
    path = "spec.schedule"
    fault = schedule_fault(schedule)
    causes = [invalid(path, schedule, fault)] if fault is not None else []
    if "TZ" in schedule:
        if not with_zone:
            detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            causes.append(invalid(path, schedule, detail))
        elif zone is not None:
            detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
            causes.append(invalid(path, schedule, detail))
    return causes


def _validate_time_zone(zone: str | None, path: str) -> list[Cause]:
    if zone is None:
        return []
    if not zone:
        return [invalid(path, zone, "timeZone must be nil or non-empty string")]
    for part in zone.split("/"):
        if part in (".", "..") or part.startswith("-") or not re.fullmatch(r"[A-Za-z.\-_0-9+]{1,14}", part):
            return [invalid(path, zone, f"unknown time zone {zone}")]
    causes: list[Cause] = []
    if zone.lower() == "local":
        detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        causes.append(invalid(path, zone, detail))
    fault = unknown_time_zone(zone)
    return causes if fault is None else [*causes, invalid(path, zone, fault)]


def _create(new: Obj) -> list[Cause]:
    causes = _validate_spec(new.get("spec") or {}, None)
    name = new["metadata"].get("name") or ""
    if byte_length(name) > 52:
        causes.append(invalid("metadata.name", name, "must be no more than 52 characters"))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    if new.get("spec") is old.get("spec"):
        return []
    return _validate_spec(new.get("spec") or {}, old.get("spec") or {})


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    spec = new.get("spec") or {}
    found = name_warnings(new["metadata"]) if old is None else []
    if generation_changed(new, old):
        job = (spec.get("jobTemplate") or {}).get("spec") or {}
        found += job_spec_warnings(job, "spec.jobTemplate.spec")
    if old is not None and "TZ" in (spec.get("schedule") or ""):
        found.append(
            "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
        )
    return tuple(found)


RULES = rules(_create, _update, warnings=_warnings)
