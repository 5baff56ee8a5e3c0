"""The scheduler: one Pod at a time is given a node, or told why there is none.

A Pod that fits nowhere is tried again as soon as something changes that might help
(see `wakeups`), and after five minutes in any case: a scheduler that has nothing else
to do doesn't wait until a back-off is over (`SchedulerPopFromBackoffQ`). Only after an
error a Pod rests, the longer the more errors there were.

Models pkg/scheduler/schedule_one.go and
pkg/scheduler/backend/queue/{scheduling_queue,backoff_queue}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, condition_of, with_condition
from k8slab.clock import MINUTE_US, SECOND_US, timestamp
from k8slab.components import (
    Action,
    Bind,
    Component,
    Delete,
    Done,
    Memory,
    Outcome,
    Patch,
    Plan,
    Record,
)
from k8slab.scheduler.cluster_state import KINDS, NAME, ClusterState
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.device_binding import (
    NOTHING_TO_FREE,
    bind_devices,
    claims_missing,
    free_devices,
)
from k8slab.scheduler.diagnosis import NO_NODES, diagnose, rejected_text
from k8slab.scheduler.framework import PodInfo, RuleError, Status
from k8slab.scheduler.node_choice import choose
from k8slab.scheduler.node_search import Search, search
from k8slab.scheduler.plugins.node_affinity import unreadable
from k8slab.scheduler.plugins.volume_binding import VolumePlan, plan_volumes
from k8slab.scheduler.preemption import Victims, preempt
from k8slab.scheduler.volume_binding import Awaited, ask_for_volumes, awaited_volumes, still_missing
from k8slab.scheduler.wakeups import WATCHES
from k8slab.store.view import View

INITIAL_BACKOFF_US = SECOND_US
MAX_BACKOFF_US = 10 * SECOND_US
FLUSH_US = 5 * MINUTE_US
"""After this time a Pod is tried again though nothing is known to have helped."""

BIND_TIMEOUT_US = 10 * MINUTE_US
"""How long a Pod waits for the volumes that are made for it."""

_AT_ONCE_US = 1
_TURN_US = 1_000
_MOST_TURNS_GIVEN = 30
"""How often a Pod lets more important new Pods go first, a millisecond each."""

_NOTE_LIMIT = 1024
"""The longest message that an Event may have."""

_STATE_NOT_FOUND = "not found"


class Tries(NamedTuple):
    """What is remembered of a waiting Pod.

    `tried` and `errors` count tries that found no node, and those that
    failed since the last one that didn't; `last_us` is when the last one
    ended; `turns` how often it let others go first; `awaited` are the volumes
    that are being made for it on the node that was chosen.
    """

    uid: str
    tried: int = 0
    errors: int = 0
    last_us: int = 0
    turns: int = 0
    awaited: Awaited | None = None


def backoff_us(tries: Tries) -> int:
    """How long a Pod rests after an error: 1 s, doubled with each, 10 s at most."""
    if not tries.errors:
        return 0
    return min(INITIAL_BACKOFF_US << min(tries.errors - 1, 10), MAX_BACKOFF_US)


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Try to give one Pod a node."""
    cluster: ClusterState = view.cache(NAME)
    pod = cluster.pending.get(key)
    if pod is None:
        return Done(memory=None, why="the Pod is on a node, gone, or another scheduler's")
    if pod.obj["spec"].get("schedulingGates"):
        return Done(why="the Pod has scheduling gates")
    tries = memory if isinstance(memory, Tries) and memory.uid == pod.uid else Tries(pod.uid)
    if pod.terminating:
        message = f"skip schedule deleting pod: {pod.namespace}/{key[1]}"
        yield Record(pod.obj, "Warning", "FailedScheduling", message, action="Scheduling")
        return Done(memory=None, why="the Pod is being deleted")
    cycle = Cycle(view, cluster, now_us)
    why = claims_missing(view, pod)
    if why:
        return Done(why=why)
    if tries.awaited is not None:
        return (yield from _await_volumes(cycle, pod, tries, tries.awaited))
    rest_us = tries.last_us + backoff_us(tries) - now_us
    if rest_us > 0:
        return Done(look_again_us=rest_us, why="the Pod's back-off is not over")
    if _others_first(cluster, pod, tries):
        return Done(look_again_us=_TURN_US, memory=tries._replace(turns=tries.turns + 1))
    if not cluster.nodes:
        return (yield from _refuse(cycle, pod, tries, NO_NODES, nominated=""))
    try:
        found = search(cycle, pod)
    except RuleError as error:
        return (yield from _failed(cycle, pod, tries, str(error)))
    if not found.bits:
        return (yield from _fail(cycle, pod, tries, found))
    why = _unscorable(pod, found)
    if why:
        return (yield from _failed(cycle, pod, tries, why))
    node = choose(cycle, pod, found)
    claims = found.states.get("VolumeBinding")
    if claims is not None and claims.waiting:
        return (yield from _bind_volumes(cycle, pod, tries, plan_volumes(claims, cluster.nodes[node]), node))
    return (yield from _bind(cycle, pod, tries, node))


def _unscorable(pod: PodInfo, found: Search) -> str:
    """Why the nodes can't be scored; of a single one nobody asks for its score."""
    preferred = pod.traits.preferred_nodes
    if not preferred or not found.bits & (found.bits - 1):
        return ""
    fault = unreadable(preferred)
    return f'running PreScore plugin "NodeAffinity": {fault}' if fault else ""


def _others_first(cluster: ClusterState, pod: PodInfo, tries: Tries) -> bool:
    """Whether a more important Pod has come that was not tried yet."""
    if not cluster.fresh or not pod.fresh or tries.turns >= _MOST_TURNS_GIVEN:
        return False
    return max(cluster.fresh) > pod.priority


def _bind_volumes(cycle: Cycle, pod: PodInfo, tries: Tries, volumes: VolumePlan, node: str) -> Plan:
    """Ask for the volumes that the Pod needs on its node, and say meanwhile that it will go there."""
    try:
        if pod.nominated != node:
            yield Patch("Pod", pod.key, {"status": {"nominatedNodeName": node}}, "status", pod.uid)
        yield from ask_for_volumes(volumes, node)
    except ApiError as error:
        message = f'running PreBind plugin "VolumeBinding": {error.message}'
        return (yield from _failed(cycle, pod, tries, message))
    awaited = awaited_volumes(volumes, node, cycle.now_us)
    return Done(look_again_us=BIND_TIMEOUT_US, memory=tries._replace(awaited=awaited))


def _await_volumes(cycle: Cycle, pod: PodInfo, tries: Tries, awaited: Awaited) -> Plan:
    """Bind the Pod once its volumes are there; give up when they won't come."""
    missing = still_missing(cycle.view, pod.namespace, awaited, cycle.cluster.nodes.get(awaited.node))
    tries = tries._replace(awaited=None)
    if missing is None:
        return (yield from _bind(cycle, pod, tries, awaited.node))
    rest_us = awaited.since_us + BIND_TIMEOUT_US - cycle.now_us
    if not missing.error and rest_us > 0:
        return Done(look_again_us=rest_us, why="the Pod's volumes are not bound yet")
    error = missing.error or "context deadline exceeded"
    message = f'running PreBind plugin "VolumeBinding": binding volumes: {error}'
    return (yield from _failed(cycle, pod, tries, message))


def _bind(cycle: Cycle, pod: PodInfo, tries: Tries, node: str) -> Plan:
    fault = yield from bind_devices(cycle, pod, node)
    if fault:
        return (yield from _failed(cycle, pod, tries, f'running PreBind plugin "DynamicResources": {fault}'))
    try:
        yield Bind(pod.key, node, pod.uid)
    except ApiError as error:
        if error.code == 404:
            return Done(memory=None, why="the Pod is gone")
        message = f'running Bind plugin "DefaultBinder": {error.message}'
        return (yield from _failed(cycle, pod, tries, message))
    message = f"Successfully assigned {pod.namespace}/{pod.key[1]} to {node}"
    yield Record(pod.obj, "Normal", "Scheduled", message, action="Binding")
    return Done(memory=None)


def _fail(cycle: Cycle, pod: PodInfo, tries: Tries, found: Search) -> Plan:
    """No node can take the Pod: say so, and make room if that is allowed."""
    total = len(cycle.cluster.nodes)
    if found.rejected is not None:
        return (yield from _reject(cycle, pod, tries, found.rejected))
    diagnosis = found.diagnosis or diagnose(total, found.statuses, found.absent)
    freed = yield from free_devices(cycle, pod, found.states)
    decision = preempt(cycle, pod, found.states, diagnosis.resolvable)
    if decision.victims is not None:
        yield from _evict(cycle, pod, decision.victims)
        node = decision.victims.node
        done = yield from _refuse(cycle, pod, tries, diagnosis.text, nominated=node)
        # A Pod isn't woken before its preemption is over: by its last victim, if that is gone at once.
        last = [victim.key for victim in decision.victims.pods if not victim.terminating][-1:]
        gone = any(cycle.view.get("Pod", key) is None for key in last)
        return done._replace(look_again_us=_AT_ONCE_US) if gone else done
    text = f"{diagnosis.text} {freed}, preemption: {decision.message}"
    nominated = None if decision.keep_nomination else ""
    return (yield from _refuse(cycle, pod, tries, text, nominated=nominated))


def _reject(cycle: Cycle, pod: PodInfo, tries: Tries, rejected: Status) -> Plan:
    """A rule refused the Pod before any node was looked at."""
    text = rejected_text(len(cycle.cluster.nodes), rejected)
    if rejected.plugin != "DynamicResources":
        # What comes after the filters builds on what the rule for devices would have prepared.
        return (yield from _refuse(cycle, pod, tries, f"{text} {_STATE_NOT_FOUND}", nominated=None))
    decision = preempt(cycle, pod, {}, ())
    nominated = None if decision.keep_nomination else ""
    text = f"{text} {NOTHING_TO_FREE}, preemption: {decision.message}"
    return (yield from _refuse(cycle, pod, tries, text, nominated=nominated))


def _evict(cycle: Cycle, pod: PodInfo, victims: Victims) -> Generator[Action, Outcome, None]:
    """Delete the victims, and let less important Pods look for another place than this node."""
    for key, other in sorted(cycle.cluster.nominated.get(victims.node, {}).items()):
        if other.priority < pod.priority:
            yield from _forgiving(Patch("Pod", key, {"status": {"nominatedNodeName": None}}, "status"))
    for victim in victims.pods:
        if victim.terminating:
            continue
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            **_observed(victim.obj),
            "lastProbeTime": None,
            "lastTransitionTime": timestamp(cycle.now_us),
            "reason": "PreemptionByScheduler",
            "message": f"{NAME}: preempting to accommodate a higher priority pod",
        }
        conditions = with_condition((victim.obj.get("status") or {}).get("conditions") or (), condition)
        patch = {"status": {"conditions": conditions}}
        gone = yield from _forgiving(Patch("Pod", victim.key, patch, "status", victim.uid))
        gone = gone or (yield from _forgiving(Delete("Pod", victim.key, victim.uid)))
        if not gone:
            message = f"Preempted by pod {pod.uid} on node {victims.node}"
            yield Record(
                victim.obj, "Normal", "Preempted", message, action="Preempting", related=reference(pod.obj)
            )


def _forgiving(action: Action) -> Generator[Action, Outcome, bool]:
    """Do something to an object that may be gone. Whether it is."""
    try:
        yield action
    except ApiError as error:
        if error.code != 404:
            raise
        return True
    return False


def reference(obj: Obj) -> Obj:
    """An object reference, as an Event holds it."""
    metadata = obj["metadata"]
    named = {name: metadata[name] for name in ("namespace", "name", "uid") if metadata.get(name)}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], **named}


def _refuse(cycle: Cycle, pod: PodInfo, tries: Tries, message: str, *, nominated: str | None) -> Plan:
    """Record that the Pod is unschedulable. `nominated` is its new nominated node; None leaves it."""
    yield from _report(cycle, pod, "Unschedulable", message, nominated)
    memory = tries._replace(tried=tries.tried + 1, errors=0, last_us=cycle.now_us)
    return Done(look_again_us=FLUSH_US, memory=memory)


def _failed(cycle: Cycle, pod: PodInfo, tries: Tries, message: str) -> Plan:
    """Record that the try itself went wrong. The Pod is tried again after its back-off."""
    yield from _report(cycle, pod, "SchedulerError", message, "")
    memory = tries._replace(errors=tries.errors + 1, last_us=cycle.now_us)
    return Done(look_again_us=backoff_us(memory), memory=memory)


def _report(
    cycle: Cycle, pod: PodInfo, reason: str, message: str, nominated: str | None
) -> Generator[Action, Outcome, None]:
    note = message if len(message) <= _NOTE_LIMIT else f"{message[: _NOTE_LIMIT - 4]} ..."
    yield Record(pod.obj, "Warning", "FailedScheduling", note, action="Scheduling")
    current = cycle.view.get("Pod", pod.key)
    if current is None or current["metadata"].get("uid", "") != pod.uid:
        return
    status: Obj = {}
    condition = {
        "type": "PodScheduled",
        "status": "False",
        **_observed(current),
        "lastProbeTime": None,
        "lastTransitionTime": timestamp(cycle.now_us),
        "reason": reason,
        "message": message,
    }
    if not _says_the_same(condition_of(current, "PodScheduled"), condition):
        before = (current.get("status") or {}).get("conditions") or ()
        status["conditions"] = with_condition(before, condition)
    if nominated is not None and nominated != pod.nominated:
        status["nominatedNodeName"] = nominated or None
    if status:
        yield Patch("Pod", pod.key, {"status": status}, "status", pod.uid)


def _observed(pod: Obj) -> Obj:
    generation = pod["metadata"].get("generation")
    return {"observedGeneration": generation} if generation else {}


def _says_the_same(old: Obj | None, new: Obj) -> bool:
    fields = ("status", "reason", "message", "observedGeneration")
    return old is not None and all(old.get(field) == new.get(field) for field in fields)


SCHEDULER = Component(
    NAME,
    WATCHES,
    plan,
    cache=ClusterState,
    cache_kinds=KINDS,
    manager="kube-scheduler",
)
