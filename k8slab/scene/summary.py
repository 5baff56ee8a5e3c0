"""What an object says of itself, as a small table: its state, conditions, relations and labels."""

from __future__ import annotations

from k8slab.api.meta import Obj, dig, labels_of
from k8slab.graph import Graph, kind_of, name_of
from k8slab.texts import Language, say

_MOST_RELATIONS = 8


def facts_of(identity: str, graph: Graph, language: Language = "en") -> list[tuple[str, str]]:
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
    rows += _state(obj, language)
    rows += _conditions(obj)
    rows += _relations(identity, graph, language)
    return rows


def _state(obj: Obj, language: Language) -> list[tuple[str, str]]:
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
        words = state + (f" ({reason})" if reason else "")
        if restarts:
            words = say(language, "summary.restarts", state=words, count=restarts)
        rows.append((f"Container {container['name']}", words))
    return rows


def _conditions(obj: Obj) -> list[tuple[str, str]]:
    conditions = dig(obj, "status", "conditions", default=())
    words = [
        f"{one['type']}={one['status']}" + (f" ({one['reason']})" if one.get("reason") else "")
        for one in conditions
    ]
    return [("Conditions", ", ".join(words))] if words else []


def _relations(identity: str, graph: Graph, language: Language) -> list[tuple[str, str]]:
    words = [
        f"{say(language, f'summary.relation.{relation}')}: {kind_of(other)} {name_of(other)}"
        for relation, _, other in graph.neighbours(identity)
    ]
    more = len(words) - _MOST_RELATIONS
    if more > 0:
        words = [*words[:_MOST_RELATIONS], say(language, "summary.more", count=more)]
    return [(say(language, "summary.related"), "; ".join(words))] if words else []
