"""How Jobs are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, condition_is, is_terminating
from k8slab.api.printers._format import container_cells, containers_of, format_selector
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of, human_duration
from k8slab.clock import parse_timestamp


def _row(obj: Obj, now_us: int) -> Cells:
    spec = obj["spec"]
    return (
        obj["metadata"]["name"],
        _status(obj),
        _completions(obj),
        _duration(obj.get("status") or {}, now_us),
        age_of(obj, now_us),
        *container_cells(containers_of(obj)),
        format_selector(spec.get("selector")),
    )


def _status(obj: Obj) -> str:
    if condition_is(obj, "Complete"):
        return "Complete"
    if condition_is(obj, "Failed"):
        return "Failed"
    if is_terminating(obj):
        return "Terminating"
    if condition_is(obj, "Suspended"):
        return "Suspended"
    if condition_is(obj, "FailureTarget"):
        return "FailureTarget"
    return "SuccessCriteriaMet" if condition_is(obj, "SuccessCriteriaMet") else "Running"


def _completions(obj: Obj) -> str:
    """How many of the wanted Pods have succeeded; without completions one success is enough."""
    spec, succeeded = obj["spec"], (obj.get("status") or {}).get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(status: Obj, now_us: int) -> str:
    if not status.get("startTime"):
        return ""
    completion = status.get("completionTime")
    end_us = parse_timestamp(completion) if completion else now_us
    return human_duration(end_us - parse_timestamp(status["startTime"]))


TABLE = Table(
    (
        NAME,
        Column("Status", description="Status of the job."),
        Column(
            "Completions",
            description=(
                "The number of pods which reached phase Succeeded. The value increases monotonically "
                "for a given spec. However, it may decrease in reaction to scale down of elastic "
                "indexed jobs."
            ),
        ),
        Column("Duration", description="Time required to complete the job."),
        AGE,
        Column("Containers", priority=1, description="Names of each container in the template."),
        Column("Images", priority=1, description="Images referenced by each container in the template."),
        Column(
            "Selector",
            priority=1,
            description=(
                "A label query over pods that should match the pod count. Normally, the system sets "
                "this field for you. More info: "
                "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"
            ),
        ),
    ),
    _row,
)
