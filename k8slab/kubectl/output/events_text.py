"""What `kubectl events` prints: events in the order of their time, with how often each was seen.

Models staging/src/k8s.io/kubectl/pkg/cmd/events/{events,event_printer}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import Obj
from k8slab.api.tables import since
from k8slab.clock import parse_timestamp
from k8slab.kubectl.output.go_sort import go_sorted
from k8slab.kubectl.output.tab_writer import TABLES, aligned
from k8slab.kubectl.output.table_text import escape_terminal


def event_interval(event: Obj, now_us: int) -> str:
    """How long ago an event was, and how often since when, e.g. `5m (x3 over 1h)`."""
    first = since(event.get("eventTime") or event.get("firstTimestamp"), now_us)
    series = event.get("series")
    if series is not None:
        return f"{since(series.get('lastObservedTime'), now_us)} (x{series.get('count', 0)} over {first})"
    if event.get("count", 0) > 1:
        return f"{since(event.get('lastTimestamp'), now_us)} (x{event['count']} over {first})"
    return first


def of_types(events: Sequence[Obj], types: Sequence[str]) -> list[Obj]:
    """The events of these types (`Normal`, `Warning`; their case does not matter); all without types."""
    wanted = [name.lower() for name in types]
    return [event for event in events if not wanted or event.get("type", "").lower() in wanted]


def in_time_order(events: Sequence[Obj]) -> list[Obj]:
    """The events in the order in which `kubectl events` shows them, whatever the output format."""
    return go_sorted(events, lambda left, right: _seen_us(left) < _seen_us(right))


def _seen_us(event: Obj) -> int:
    series = event.get("series")
    if series is not None:
        seen = series.get("lastObservedTime")
    else:
        seen = event.get("lastTimestamp") or event.get("eventTime")
    return parse_timestamp(seen) if seen else -(2**62)


def events_text(
    events: Sequence[Obj], now_us: int, *, all_namespaces: bool = False, no_headers: bool = False
) -> str:
    """The table of events that were put in order before."""
    namespace = "NAMESPACE\t" if all_namespaces else ""
    lines = [] if no_headers else [f"{namespace}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE"]
    for event in events:
        involved = event.get("involvedObject") or {}
        cells = [
            event_interval(event, now_us),
            escape_terminal(event.get("type", "")),
            escape_terminal(event.get("reason", "")),
            escape_terminal(f"{involved.get('kind', '')}/{involved.get('name', '')}"),
            escape_terminal(event.get("message", "").strip()),
        ]
        if all_namespaces:
            cells.insert(0, event["metadata"].get("namespace", ""))
        lines.append("\t".join(cells))
    return aligned("".join(line + "\n" for line in lines), TABLES)
