"""How Events are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import Cells, Column, Table, since


def _row(obj: Obj, now_us: int) -> Cells:
    first = since(obj.get("firstTimestamp") or obj.get("eventTime"), now_us)
    last = since(obj["lastTimestamp"], now_us) if obj.get("lastTimestamp") else first
    count = obj.get("count") or 1
    series = obj.get("series")
    if series is not None:
        last, count = since(series.get("lastObservedTime"), now_us), series.get("count", 0)
    involved = obj.get("involvedObject") or {}
    kind, name = involved.get("kind", "").lower(), involved.get("name")
    return (
        last,
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{name}" if name else kind,
        involved.get("fieldPath", ""),
        _source(obj),
        obj.get("message", "").strip(),
        first,
        count,
        obj["metadata"]["name"],
    )


def _source(event: Obj) -> str:
    """Who reported the event, and where; the fields of the newer API stand in for the older ones."""
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent") or ""
    instance = source.get("host") or event.get("reportingInstance") or ""
    return f"{component}, {instance}" if instance else component


TABLE = Table(
    (
        Column(
            "Last Seen",
            description="The time at which the most recent occurrence of this event was recorded.",
        ),
        Column(
            "Type", description="Type of this event (Normal, Warning), new types could be added in the future"
        ),
        Column(
            "Reason",
            description=(
                "This should be a short, machine understandable string that gives the reason for the "
                "transition into the object's current status."
            ),
        ),
        Column("Object", description="The object that this event is about."),
        Column(
            "Subobject",
            priority=1,
            description=(
                "If referring to a piece of an object instead of an entire object, this string should"
                " contain a valid JSON/Go field access statement, such as "
                "desiredState.manifest.containers[2]. For example, if the object reference is to a "
                'container within a pod, this would take on a value like: "spec.containers{name}" '
                '(where "name" refers to the name of the container that triggered the event) or if no'
                ' container name is specified "spec.containers[2]" (container with index 2 in this '
                "pod). This syntax is chosen only to have some well-defined way of referencing a part"
                " of an object."
            ),
        ),
        Column(
            "Source",
            priority=1,
            description=(
                "The component reporting this event. Should be a short machine understandable string."
            ),
        ),
        Column("Message", description="A human-readable description of the status of this operation."),
        Column(
            "First Seen",
            priority=1,
            description=(
                "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)"
            ),
        ),
        Column("Count", priority=1, description="The number of times this event has occurred."),
        Column(
            "Name",
            format="name",
            priority=1,
            description=(
                "Name must be unique within a namespace. Is required when creating resources, "
                "although some resources may allow a client to request the generation of an "
                "appropriate name automatically. Name is primarily intended for creation idempotence "
                "and configuration definition. Cannot be updated. More info: "
                "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
            ),
        ),
    ),
    _row,
)
