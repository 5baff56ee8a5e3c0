"""Says of each FlowSchema whether its priority level exists, and brings back those that every cluster has.

How many requests are served at once is not limited here: these objects are
kept as a real API server keeps them, and no request waits for another.

Models staging/src/k8s.io/apiserver/pkg/util/flowcontrol/apf_controller.go and
pkg/registry/flowcontrol/{ensurer,rest}, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.api.flow_control import dangling, first_objects
from k8slab.api.meta import Key, Obj, condition_of
from k8slab.clock import MINUTE_US, timestamp
from k8slab.components import Component, Create, Done, Memory, Patch, Plan, Watch
from k8slab.store.view import Change, View

_LEVEL = "PriorityLevelConfiguration"


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look at one FlowSchema (`("FlowSchema", name)`) or one priority level."""
    kind, name = key
    obj = view.get(kind, ("", name))
    if obj is None:
        return (yield from _bring_back(kind, name, now_us, memory))
    if kind == "FlowSchema":
        level = obj["spec"]["priorityLevelConfiguration"]["name"]
        found = view.get(_LEVEL, ("", level)) is not None or level in _imagined()
        condition = dangling(obj, found=found, when=timestamp(now_us))
        told = condition_of(obj, "Dangling") or {}
        if any(told.get(field) != condition[field] for field in ("status", "reason", "message")):
            patch = {"status": {"conditions": [condition]}}
            yield Patch("FlowSchema", ("", name), patch, "status", obj["metadata"]["uid"])
    return Done(memory=None)


def _imagined() -> tuple[str, ...]:
    """The levels that requests are given also while nobody has stored them."""
    return ("exempt", "catch-all")


def _bring_back(kind: str, name: str, now_us: int, memory: Memory) -> Plan:
    """Create again what every cluster has, at the next of the minutes at which that is seen to."""
    body = next(
        (one for one in first_objects() if (one["kind"], one["metadata"]["name"]) == (kind, name)), None
    )
    if body is None:
        return Done(memory=None)
    due_us = memory if memory is not None else now_us + MINUTE_US - now_us % MINUTE_US
    if now_us < due_us:
        return Done(look_again_us=due_us - now_us, memory=due_us)
    yield Create(kind, body)
    return Done(memory=None)


def _own(change: Change, view: View) -> list[Key]:
    return [(change.kind, change.key[1])]


def _of_level(change: Change, view: View) -> Iterable[Key]:
    """The level itself, and the schemas that name it, where it came or went."""
    name = change.key[1]
    if change.old is not None and change.new is not None:
        return []
    return [(_LEVEL, name), *(("FlowSchema", one["metadata"]["name"]) for one in _named(view, name))]


def _named(view: View, level: str) -> list[Obj]:
    return [
        one for one in view.list("FlowSchema") if one["spec"]["priorityLevelConfiguration"]["name"] == level
    ]


CONTROLLER = Component(
    name="flow-control",
    watches=(Watch("FlowSchema", _own), Watch(_LEVEL, _of_level)),
    plan=plan,
    manager="api-priority-and-fairness-config-consumer-v1",
)
