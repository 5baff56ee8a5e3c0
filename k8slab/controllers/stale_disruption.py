"""Takes back the announcement that a Pod will be disrupted, where nobody deletes it.

Whoever evicts or preempts a Pod first sets its condition DisruptionTarget and
then deletes it. A Pod that still runs two minutes later is no target any more.

Models pkg/controller/disruption/disruption.go (syncStalePodDisruption), v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Key, Obj, condition_of
from k8slab.clock import MINUTE_US, parse_timestamp, timestamp
from k8slab.components import Component, Done, Memory, Plan, Update, Watch
from k8slab.controllers._pods import is_terminal
from k8slab.store.aspects import DISRUPTED
from k8slab.store.view import Change, View

STALE_AFTER_US = 2 * MINUTE_US
"""How long a Pod may be announced as a target without being deleted."""


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Set the stale condition of one Pod to False, once its time is over."""
    pod = view.get("Pod", key)
    if pod is None:
        return Done(why="the Pod is gone")
    wait_us = stale_in_us(pod, now_us)
    if wait_us is None:
        return Done(why="the Pod is no target of a disruption")
    if wait_us > 0:
        return Done(look_again_us=wait_us)
    condition: Obj = {
        "type": "DisruptionTarget",
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": timestamp(now_us),
    }
    generation = pod["metadata"].get("generation", 0)
    if generation:
        condition["observedGeneration"] = generation
    conditions = [
        condition if one["type"] == "DisruptionTarget" else one for one in pod["status"]["conditions"]
    ]
    yield Update("Pod", {**pod, "status": {**pod["status"], "conditions": conditions}}, "status")
    return Done()


def stale_in_us(pod: Obj, now_us: int) -> int | None:
    """Microseconds until the Pod's condition is stale; None where there is none that could become so.

    What the kubelet announces is never stale, because it may take any time to stop a Pod.
    """
    if "deletionTimestamp" in pod["metadata"] or is_terminal(pod):
        return None
    condition = condition_of(pod, "DisruptionTarget")
    if (
        condition is None
        or condition["status"] != "True"
        or condition.get("reason") == "TerminationByKubelet"
    ):
        return None
    return max(0, parse_timestamp(condition["lastTransitionTime"]) + STALE_AFTER_US - now_us)


def _targets(change: Change, view: View) -> tuple[Key, ...]:
    """A Pod that carries the condition."""
    pod = change.new
    return (change.key,) if pod is not None and condition_of(pod, "DisruptionTarget") is not None else ()


CONTROLLER = Component(
    name="stale-disruption-controller",
    watches=(Watch("Pod", _targets, aspects=DISRUPTED),),
    plan=plan,
)
