"""What an object says of itself, as a small table: its state, conditions, relations and labels."""

from __future__ import annotations

from html import escape

from k8slab.api.meta import Obj, dig, labels_of
from k8slab.graph import Graph, kind_of, name_of

_MOST_RELATIONS = 8


def facts_of(identity: str, graph: Graph) -> list[tuple[str, str]]:
    """The rows for an object: (what, words)."""
    obj = graph.get(identity)
    if obj is None:
        return []
    rows = [(kind_of(identity), name_of(identity))]
    namespace = obj["metadata"].get("namespace")
    if namespace:
        rows.append(("Namespace", namespace))
    labels = labels_of(obj)
    if labels:
        rows.append(("Labels", ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))))
    rows += _state(obj)
    rows += _conditions(obj)
    rows += _relations(identity, graph)
    return rows


def _state(obj: Obj) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for title, path in (
        ("Phase", ("status", "phase")),
        ("Pod IP", ("status", "podIP")),
        ("Replicas", ("spec", "replicas")),
        ("Schedule", ("spec", "schedule")),
        ("Deleted", ("metadata", "deletionTimestamp")),
    ):
        value = dig(obj, *path)
        if value is not None:
            rows.append((title, str(value)))
    for container in dig(obj, "status", "containerStatuses", default=()):
        state = next(iter(container.get("state") or {}), "waiting")
        reason = dig(container, "state", state, "reason", default="")
        restarts = container.get("restartCount", 0)
        words = state + (f" ({reason})" if reason else "") + (f", {restarts} restarts" if restarts else "")
        rows.append((f"Container {container['name']}", words))
    return rows


def _conditions(obj: Obj) -> list[tuple[str, str]]:
    conditions = dig(obj, "status", "conditions", default=())
    words = [
        f"{one['type']}={one['status']}" + (f" ({one['reason']})" if one.get("reason") else "")
        for one in conditions
    ]
    return [("Conditions", ", ".join(words))] if words else []


def _relations(identity: str, graph: Graph) -> list[tuple[str, str]]:
    words = [
        f"{relation}: {kind_of(other)} {name_of(other)}" for relation, _, other in graph.neighbours(identity)
    ]
    more = len(words) - _MOST_RELATIONS
    if more > 0:
        words = [*words[:_MOST_RELATIONS], f"and {more} more"]
    return [("Related", "; ".join(words))] if words else []


def html(identity: str, graph: Graph) -> str:
    """The table for an object; a hint where nothing is selected."""
    rows = facts_of(identity, graph) if identity else []
    if not rows:
        return "<p>Select a Pod, a node, a volume or a workload to see what it is and to act on it.</p>"
    cells = "".join(f"<tr><td>{escape(what)}</td><td>{escape(words)}</td></tr>" for what, words in rows)
    return f"<table>{cells}</table>"
