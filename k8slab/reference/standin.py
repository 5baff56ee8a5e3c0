"""The kubelet that stood in when sessions of kubectl were recorded.

It marks a Pod Running and Ready a second after it is bound, lets a Pod that
isn't restarted when it succeeds end a second later, and removes a Terminating
Pod within a second. It knows no images and no probes, so it decides nothing
that a session is compared by but the order in which lines appear.
"""

from __future__ import annotations

from k8slab.api.meta import Key, Obj
from k8slab.clock import SECOND_US
from k8slab.components import Component, Done, Memory, Patch, Plan, Watch
from k8slab.reference import script
from k8slab.store.view import View

_PACE_US = {
    "start": SECOND_US,
    "finish": SECOND_US,
    "stop": SECOND_US * 9 // 10,
}
"""How long after it is seen a Pod's next stage begins."""

_TURN_US = SECOND_US // 20
"""How long it tends one Pod."""


def _stage(pod: Obj) -> str:
    """What comes next for a Pod: empty where nothing does."""
    if not pod["spec"].get("nodeName"):
        return ""
    if "deletionTimestamp" in pod["metadata"]:
        return "stop"
    phase = (pod.get("status") or {}).get("phase")
    if phase == "Pending":
        return "start"
    restarts = pod["spec"].get("restartPolicy", "Always")
    return "finish" if phase == "Running" and restarts != "Always" else ""


def _place(view: View, key: Key) -> int:
    """How many Pods of the namespace are tended before this one."""
    return sum(1 for pod in view.list("Pod", namespace=key[0]) if pod["metadata"]["name"] < key[1])


def _plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Bring one Pod to its next stage when that is due."""
    pod = view.get("Pod", key)
    stage = _stage(pod) if pod is not None else ""
    if pod is None or not stage:
        return Done(memory=None)
    if memory is None or memory[0] != stage:
        delay_us = _PACE_US[stage] + _place(view, key) * _TURN_US
        return Done(look_again_us=delay_us, memory=(stage, now_us + delay_us))
    if now_us < memory[1]:
        return Done(look_again_us=memory[1] - now_us)
    if stage == "start":
        yield Patch("Pod", key, {"status": script.running(pod, now_us)}, "status")
    elif stage == "finish":
        yield Patch("Pod", key, {"status": script.finished(pod, now_us, "Succeeded")}, "status")
    else:
        yield from script.end_pod(pod, key, now_us, {})
    return Done(memory=None)


KUBELET = Component(name="standin-kubelet", watches=(Watch("Pod"),), plan=_plan, manager="kubelet")
