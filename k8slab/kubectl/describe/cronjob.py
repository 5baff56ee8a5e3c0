"""What `kubectl describe` says of a CronJob.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import bool_text, selector_text
from k8slab.kubectl.describe._containers import pod_template
from k8slab.kubectl.describe._parts import (
    date_text,
    labels_and_annotations,
    name_and_namespace,
    optional,
    show_events,
)
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    name_and_namespace(page, obj)
    labels_and_annotations(page, obj)
    page.write(0, f"Schedule:\t{spec.get('schedule', '')}\n")
    page.write(0, f"Concurrency Policy:\t{spec.get('concurrencyPolicy', '')}\n")
    page.write(0, f"Suspend:\t{bool_text(spec.get('suspend'))}\n")
    page.write(0, f"Time Zone:\t{optional(spec.get('timeZone'))}\n")
    page.write(0, f"Successful Job History Limit:\t{optional(spec.get('successfulJobsHistoryLimit'))}\n")
    page.write(0, f"Failed Job History Limit:\t{optional(spec.get('failedJobsHistoryLimit'))}\n")
    deadline = spec.get("startingDeadlineSeconds")
    page.write(0, f"Starting Deadline Seconds:\t{'<unset>' if deadline is None else f'{deadline}s'}\n")
    _job_template(page, spec["jobTemplate"].get("spec") or {})
    last = status.get("lastScheduleTime")
    page.write(0, f"Last Schedule Time:\t{date_text(last) if last else '<unset>'}\n")
    active = ", ".join(job.get("name", "") for job in status["active"]) if status.get("active") else "<none>"
    page.write(0, f"Active Jobs:\t{active}\n")
    show_events(page, context, obj)


def _job_template(page: Page, spec: Obj) -> None:
    selector = spec.get("selector")
    page.write(0, f"Selector:\t{'<unset>' if selector is None else selector_text(selector)}\n")
    page.write(0, f"Parallelism:\t{optional(spec.get('parallelism'))}\n")
    page.write(0, f"Completions:\t{optional(spec.get('completions'))}\n")
    if spec.get("activeDeadlineSeconds") is not None:
        page.write(0, f"Active Deadline Seconds:\t{spec['activeDeadlineSeconds']}s\n")
    pod_template(page, spec.get("template"))


DESCRIBER = Describer("batch", _describe)
