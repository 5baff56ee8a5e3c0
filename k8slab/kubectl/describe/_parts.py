"""What many descriptions have in common: labels, annotations, times, owners, events.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go and
pkg/util/{storage,event}, v1.36.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from k8slab.api.meta import Obj, annotations_of, controller_of, dig, labels_of
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.kubectl.describe._text import Context, Page
from k8slab.kubectl.output.events_text import event_interval
from k8slab.kubectl.output.go_sort import go_sorted

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_LONGEST_ANNOTATION = 140
_ZERO_TIME = "Mon, 01 Jan 0001 00:00:00 +0000"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def date_text(timestamp: str | None) -> str:
    """A time as `Mon, 05 Jan 2026 09:00:00 +0000`, in UTC."""
    if not timestamp:
        return _ZERO_TIME
    at = time.gmtime(parse_timestamp(timestamp) // SECOND_US)
    return (
        f"{_DAYS[at.tm_wday]}, {at.tm_mday:02d} {_MONTHS[at.tm_mon - 1]} {at.tm_year:04d} "
        f"{at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d} +0000"
    )


def name_and_namespace(page: Page, obj: Obj) -> None:
    """The first two lines of a namespaced object."""
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    page.write(0, f"Namespace:\t{obj['metadata'].get('namespace', '')}\n")


def labels_and_annotations(page: Page, obj: Obj) -> None:
    """The labels and annotations of an object."""
    multiline(page, "Labels", labels_of(obj))
    annotation_lines(page, "Annotations", annotations_of(obj))


def multiline(page: Page, title: str, labels: Mapping[str, str] | None, indent: str = "") -> None:
    """A title and a line for each label, sorted; `<none>` where there are none."""
    lines(page, title, [f"{name}={value}" for name, value in sorted((labels or {}).items())], indent)


def lines(page: Page, title: str, items: Sequence[str], indent: str = "") -> None:
    """A title and its items below one another in the next column; `<none>` where there are none."""
    page.write(0, f"{indent}{title}:\t")
    if not items:
        page.line("<none>")
    for position, item in enumerate(items):
        if position:
            page.write(0, indent)
            page.write(0, "\t")
        page.write(0, f"{item}\n")


def annotation_lines(page: Page, title: str, values: Mapping[str, str] | None) -> None:
    """A title and the annotations, sorted; a long or many-lined one starts on a line of its own."""
    page.write(0, f"{title}:\t")
    names = sorted(name for name in values or () if name != LAST_APPLIED)
    if not names:
        page.line("<none>")
    for position, name in enumerate(names):
        if position:
            page.write(0, "\t")
        value = (values or {})[name].removesuffix("\n")
        if "\n" in value or byte_length(value) + byte_length(name) + 2 > _LONGEST_ANNOTATION:
            page.write(0, f"{name}:\n")
            for line in value.split("\n"):
                page.write(0, f"\t  {shortened(line, _LONGEST_ANNOTATION - 2)}\n")
        else:
            page.write(0, f"{name}: {value}\n")


def byte_length(text: str) -> int:
    """The length of a text in UTF-8, which is what Go's len gives."""
    return len(text) if text.isascii() else len(text.encode())


def shortened(text: str, longest: int) -> str:
    """The text, cut to so many bytes with dots behind."""
    if byte_length(text) <= longest:
        return text
    return text.encode()[:longest].decode("utf-8", "replace") + "..."


def controlled_by(page: Page, obj: Obj) -> None:
    """A line with the owner, where there is one."""
    owner = controller_of(obj)
    if owner is not None:
        page.write(0, f"Controlled By:\t{owner['kind']}/{owner['name']}\n")


def conditions(page: Page, obj: Obj, *, reasons: bool = True) -> None:
    """The status conditions as a table of type, status and, with `reasons`, reason."""
    found = dig(obj, "status", "conditions", default=())
    if not found:
        return
    if not reasons:
        page.write(0, "Conditions:\n  Type\tStatus\n")
        for condition in found:
            page.write(1, f"{condition['type']} \t{condition.get('status', '')} \n")
        return
    page.write(0, "Conditions:\n  Type\tStatus\tReason\n")
    page.write(1, "----\t------\t------\n")
    for condition in found:
        page.write(1, f"{condition['type']} \t{condition.get('status', '')}\t{condition.get('reason', '')}\n")


def pods_status(context: Context, obj: Obj, label_selector: str) -> str:
    """How many Pods of an owner are in which phase."""
    uid = obj["metadata"]["uid"]
    counts = {"Running": 0, "Pending": 0, "Succeeded": 0, "Failed": 0}
    namespace = obj["metadata"].get("namespace", "")
    for pod in context.lookup.list("Pod", namespace, label_selector=label_selector):
        owner = controller_of(pod)
        phase = dig(pod, "status", "phase", default="")
        if owner is not None and owner["uid"] == uid and phase in counts:
            counts[phase] += 1
    running, waiting, succeeded, failed = counts.values()
    return f"{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed"


def events_of(context: Context, obj: Obj, *, kind: str | None = None, uid: str | None = None) -> list[Obj]:
    """The events about an object; with an empty `kind` about any kind of its name and uid."""
    metadata = obj["metadata"]
    kind = obj["kind"] if kind is None else kind
    uid = metadata.get("uid", "") if uid is None else uid
    namespace = metadata.get("namespace", "")
    selector = {
        "involvedObject.kind": kind,
        "involvedObject.name": metadata["name"],
        "involvedObject.namespace": namespace,
        "involvedObject.uid": uid,
    }
    if not kind:
        del selector["involvedObject.kind"]
    if not uid:
        del selector["involvedObject.uid"]
    text = ",".join(f"{name}={value}" for name, value in selector.items())
    return list(context.lookup.list("Event", namespace, field_selector=text))


def show_events(page: Page, context: Context, obj: Obj) -> None:
    """The events about an object, where events are to be shown."""
    if context.show_events:
        events_table(page, context, events_of(context, obj))


def _last_seen_us(event: Obj) -> int:
    return parse_timestamp(event["lastTimestamp"]) if event.get("lastTimestamp") else -(2**62)


def events_table(page: Page, context: Context, events: Iterable[Obj]) -> None:
    """A table of events, the last seen below."""
    ordered = go_sorted(events, lambda left, right: _last_seen_us(left) < _last_seen_us(right))
    if not ordered:
        page.write(0, "Events:\t<none>\n")
        return
    page.flush()
    page.write(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage\n")
    page.write(1, "----\t------\t----\t----\t-------\n")
    for event in ordered:
        source = dig(event, "source", "component", default="") or event.get("reportingComponent", "")
        field_path = dig(event, "involvedObject", "fieldPath", default="")
        message = event.get("message", "").strip()
        page.write(
            1,
            f"{event.get('type', '')}\t{event.get('reason', '')}\t{event_interval(event, context.now_us)}\t"
            f"{source}\t{f'{field_path}: {message}' if field_path else message}\n",
        )


def optional(value: Any, otherwise: str = "<unset>") -> str:
    """A value as text, or what to write for none."""
    return otherwise if value is None else str(value)


def timed_conditions(page: Page, found: Iterable[Obj]) -> None:
    """Conditions as a table with the time of their last change."""
    page.write(0, "Conditions:\n")
    page.write(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage\n")
    page.write(1, "----\t------\t------------------\t------\t-------\n")
    for condition in found:
        page.write(
            1,
            f"{condition['type']}\t{condition.get('status', '')}\t"
            f"{date_text(condition.get('lastTransitionTime'))}\t{condition.get('reason', '')}\t"
            f"{condition.get('message', '')}\n",
        )


def requirement_lines(
    page: Page, level: int, title: str, requirements: Sequence[tuple[str, str, Sequence[str] | None]]
) -> None:
    """A title and requirements (key, operator, values) below one another in the next column."""
    page.write(level, f"{title}:\t")
    if not requirements:
        page.line("<none>")
    for position, (key, operator, values) in enumerate(requirements):
        if position:
            page.write(level, "\t")
        page.write(0, f"{key} {operator} [{', '.join(values)}]\n" if values else f"{key} {operator}\n")
