"""What `kubectl describe` says of a Job.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.go_text import sprint
from k8slab.api.meta import Obj
from k8slab.api.printers._format import selector_text
from k8slab.api.tables import human_duration
from k8slab.clock import parse_timestamp
from k8slab.kubectl.describe._containers import pod_template
from k8slab.kubectl.describe._parts import (
    controlled_by,
    date_text,
    labels_and_annotations,
    name_and_namespace,
    optional,
    show_events,
)
from k8slab.kubectl.describe._text import Context, Describer, Page

_SHOWN_INDEXES = 50
_SPEC_LINES = (
    ("Completion Mode", "completionMode"),
    ("Suspend", "suspend"),
    ("Backoff Limit", "backoffLimit"),
    ("TTL Seconds After Finished", "ttlSecondsAfterFinished"),
)


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec = obj["spec"]
    name_and_namespace(page, obj)
    page.write(0, f"Selector:\t{selector_text(spec.get('selector'))}\n")
    labels_and_annotations(page, obj)
    controlled_by(page, obj)
    if spec.get("parallelism") is not None:
        page.write(0, f"Parallelism:\t{spec['parallelism']}\n")
    page.write(0, f"Completions:\t{optional(spec.get('completions'))}\n")
    for title, name in _SPEC_LINES:
        if spec.get(name) is not None:
            page.write(0, f"{title}:\t{sprint(spec[name])}\n")
    _progress(page, spec, obj.get("status") or {})
    pod_template(page, spec.get("template"))
    show_events(page, context, obj)


def _progress(page: Page, spec: Obj, status: Obj) -> None:
    started, completed = status.get("startTime"), status.get("completionTime")
    if started:
        page.write(0, f"Start Time:\t{date_text(started)}\n")
    if completed:
        page.write(0, f"Completed At:\t{date_text(completed)}\n")
    if started and completed:
        duration = human_duration(parse_timestamp(completed) - parse_timestamp(started))
        page.write(0, f"Duration:\t{duration}\n")
    if spec.get("activeDeadlineSeconds") is not None:
        page.write(0, f"Active Deadline Seconds:\t{spec['activeDeadlineSeconds']}s\n")
    ready = "" if status.get("ready") is None else f" ({status['ready']} Ready)"
    page.write(
        0,
        f"Pods Statuses:\t{status.get('active', 0)} Active{ready} / {status.get('succeeded', 0)} Succeeded / "
        f"{status.get('failed', 0)} Failed\n",
    )
    if spec.get("completionMode") == "Indexed":
        page.write(0, f"Completed Indexes:\t{_indexes(status.get('completedIndexes', ''))}\n")


def _indexes(indexes: str) -> str:
    """The indexes, cut at a comma where there are many."""
    comma = indexes.find(",", _SHOWN_INDEXES)
    return (indexes if comma < 0 else f"{indexes[: comma + 1]}...") or "<none>"


DESCRIBER = Describer("batch", _describe)
