"""Deletes Pods that don't tolerate a NoExecute taint of their node, or no longer.

A Pod that tolerates all of them for some seconds is deleted when the shortest
of these times is over; the deletion is cancelled where the taints go first.

Models pkg/controller/tainteviction/{taint_eviction,timed_workers}.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, condition_of, with_condition
from k8slab.clock import SECOND_US, timestamp
from k8slab.components import Component, Delete, Done, Memory, Patch, Plan, Record, Watch
from k8slab.controllers._taints import COMPARISON_GATE, NO_EXECUTE, matching_tolerations, taints_of
from k8slab.store.aspects import BOUND, REMOVED, SPEC
from k8slab.store.view import Change, View


class Eviction(NamedTuple):
    """A deletion that is agreed: when it falls due, whether it was carried out, and how often that failed."""

    due_us: int
    done: bool = False
    tries: int = 0


_TRIES = 5
_BETWEEN_TRIES_US = 10_000


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look at one Pod: delete it, agree when to, or cancel that. `memory` is its Eviction."""
    pod = view.get("Pod", key)
    agreed: Eviction | None = memory
    pending = agreed is not None and not agreed.done
    if pod is not None and agreed is not None and pending and agreed.tries:
        return (yield from _evict(key, pod, now_us, agreed.tries))
    taints = _taints_of(view, pod) if pod is not None else []
    if pod is not None and taints is None:
        return (yield from _on_a_node_that_is_gone(key, pod, now_us, agreed if pending else None))
    if pod is None or not taints:
        if pending:
            yield _event(key, "Cancelling deletion of Pod")
        return Done(memory=None, why="the Pod is gone" if pod is None else "its node has no NoExecute taint")
    tolerations = pod["spec"].get("tolerations") or ()
    used = matching_tolerations(taints, tolerations, COMPARISON_GATE in view.gates)
    if used is None:
        if agreed is not None and pending and agreed.due_us > now_us:
            yield _event(key, "Cancelling deletion of Pod")
        return (yield from _evict(key, pod, now_us))
    wait_us = _shortest_us(used)
    if wait_us is None:
        if pending:
            yield _event(key, "Cancelling deletion of Pod")
        return Done(memory=None, why="the Pod tolerates its node's taints for ever")
    if agreed is not None and agreed.done:
        return Done(why="the Pod was marked for deletion already")
    due_us = agreed.due_us if agreed is not None else now_us + wait_us
    if due_us <= now_us:
        return (yield from _evict(key, pod, now_us))
    return Done(look_again_us=due_us - now_us, memory=Eviction(due_us))


def _taints_of(view: View, pod: Obj) -> list[Obj] | None:
    """The NoExecute taints of a Pod's node; None where the node is gone."""
    node = view.get("Node", ("", pod["spec"].get("nodeName", "")))
    return _no_execute(node) if node is not None else None


def _on_a_node_that_is_gone(key: Key, pod: Obj, now_us: int, agreed: Eviction | None) -> Plan:
    """What was agreed before its node went is carried out; nothing new is agreed."""
    if agreed is None:
        return Done(why="its node is gone")
    if agreed.due_us > now_us:
        return Done(look_again_us=agreed.due_us - now_us)
    return (yield from _evict(key, pod, now_us))


def _shortest_us(tolerations: list[Obj]) -> int | None:
    """The shortest time that these tolerations give: 0 for none at all, None for no limit."""
    limits = [one["tolerationSeconds"] for one in tolerations if one.get("tolerationSeconds") is not None]
    return max(min(limits), 0) * SECOND_US if limits else None


def _evict(key: Key, pod: Obj, now_us: int, tries: int = 0) -> Plan:
    """Say why the Pod goes, and delete it; five times in all, where that is refused."""
    if not tries:
        yield _event(key, "Marking for deletion Pod")
    old = condition_of(pod, "DisruptionTarget")
    condition = {
        "type": "DisruptionTarget",
        "observedGeneration": pod["metadata"].get("generation", 0),
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": timestamp(now_us),
        "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
    }
    try:
        if old is None or any(old.get(name) != condition[name] for name in ("status", "reason", "message")):
            before = (pod.get("status") or {}).get("conditions") or []
            patch = {"status": {"conditions": with_condition(before, condition)}}
            yield Patch("Pod", key, patch, "status", pod["metadata"]["uid"])
        yield Delete("Pod", key, uid=pod["metadata"]["uid"])
    except ApiError as error:
        if error.code == 404 or tries + 1 == _TRIES:
            return Done(memory=None, why=error.message)
        again = Eviction(now_us + _BETWEEN_TRIES_US, tries=tries + 1)
        return Done(look_again_us=_BETWEEN_TRIES_US, memory=again, why=error.message)
    return Done(memory=Eviction(now_us, done=True))


def _event(key: Key, text: str) -> Record:
    """An Event about a Pod; upstream's reference carries no uid."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": key[0], "name": key[1]}}
    return Record(pod, "Normal", "TaintManagerEviction", f"{text} {key[0]}/{key[1]}")


def _after_pod(change: Change, view: View) -> list[Key]:
    """The Pod itself, where its node has such a taint and its node or its tolerations changed."""
    old, new = change.old, change.new
    pod = new if new is not None else old
    if pod is None or not pod["spec"].get("nodeName"):
        return []
    if old is not None and new is not None and old["spec"] is not new["spec"]:
        fields = ("nodeName", "tolerations")
        if all(old["spec"].get(name) == new["spec"].get(name) for name in fields):
            return []
    elif old is not None and new is not None:
        return []
    node = view.get("Node", ("", pod["spec"]["nodeName"]))
    if node is None:
        return [change.key] if new is None else []
    return [change.key] if any(one["effect"] == NO_EXECUTE for one in taints_of(node)) else []


def _after_node(change: Change, view: View) -> list[Key]:
    """Every Pod on a node whose NoExecute taints changed."""
    before = _no_execute(change.old)
    if change.new is None or before == _no_execute(change.new):
        return []
    return [
        (pod["metadata"]["namespace"], pod["metadata"]["name"])
        for pod in view.list("Pod", node=change.key[1])
    ]


def _no_execute(node: Obj | None) -> list[Obj]:
    return [one for one in taints_of(node) if one["effect"] == NO_EXECUTE] if node is not None else []


CONTROLLER = Component(
    name="taint-eviction-controller",
    watches=(Watch("Pod", _after_pod, aspects=BOUND | REMOVED | SPEC), Watch("Node", _after_node)),
    plan=plan,
)
