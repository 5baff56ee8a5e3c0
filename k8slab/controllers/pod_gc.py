"""The Pod garbage collector: removes Pods that nobody else will ever remove.

Every 20 seconds it deletes, by force: finished Pods beyond a threshold, oldest
first; Pods of nodes that have been gone for 40 seconds; terminating Pods on
nodes that are out of service; terminating Pods that were never scheduled.
A key is `("", "")` for the threshold, `("", node)` or `(namespace, pod)`. Nothing says
where in those 20 seconds a change falls, so a key is looked at a whole period
after something happened to it, and an idle cluster has no events.

Models pkg/controller/podgc/gc_controller.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, condition_is, is_terminating, key_of, with_condition
from k8slab.clock import SECOND_US, timestamp
from k8slab.components import Action, Component, Delete, Done, Memory, Outcome, Patch, Plan, Watch
from k8slab.controllers._pods import aggregate, is_terminal, phase_of
from k8slab.controllers._taints import OUT_OF_SERVICE, has_taint
from k8slab.store.aspects import BOUND, DELETION, ENDED
from k8slab.store.view import Change, View

CHECK_PERIOD_US = 20 * SECOND_US
QUARANTINE_US = 40 * SECOND_US
TERMINATED_POD_THRESHOLD = 12500
THRESHOLD: Key = ("", "")

_LIVING_PHASES = ("Pending", "Running", "Unknown")


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look at one key at the instant that `memory` holds, or else agree on one."""
    due_us: int = memory if memory is not None else now_us + CHECK_PERIOD_US
    gone = not key[0] and key != THRESHOLD and view.get("Node", key) is None
    if memory is None and gone:
        due_us += QUARANTINE_US
    if now_us < due_us:
        return Done(look_again_us=due_us - now_us, memory=due_us)
    pods, condition = _condemned(view, key, now_us)
    living = [pod for pod in pods if not is_terminal(pod)]
    step = _mark_as_failed(living, condition, now_us) if living else _delete_by_force(pods)
    errors = yield from step
    if living and not errors:
        # Others see that a Pod has failed before it is gone: the deletion is the next call but one.
        return Done(look_again_us=2 * view.duration_us("api_call", *key), memory=due_us)
    if errors:
        # What failed is tried again a period later.
        return Done(look_again_us=CHECK_PERIOD_US, memory=now_us + CHECK_PERIOD_US, why=aggregate(errors))
    return Done(memory=None)


def _condemned(view: View, key: Key, now_us: int) -> tuple[Sequence[Obj], Obj | None]:
    """The Pods to delete for a key, and the condition that tells them why."""
    if key == THRESHOLD:
        return _surplus(view), None
    if key[0]:
        pod = view.get("Pod", key)
        stuck = pod is not None and is_terminating(pod) and not pod["spec"].get("nodeName")
        return [pod] if pod is not None and stuck else [], None
    node = view.get("Node", key)
    pods = view.list("Pod", node=key[1])
    if node is None:
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": timestamp(now_us),
            "reason": "DeletionByPodGC",
            "message": "PodGC: node no longer exists",
        }
        return pods, condition
    if _is_out_of_service(node):
        return _oldest_first([pod for pod in pods if is_terminating(pod)]), None
    return [], None


def _is_out_of_service(node: Obj) -> bool:
    return not condition_is(node, "Ready") and has_taint(node, OUT_OF_SERVICE)


def _surplus(view: View) -> list[Obj]:
    """The finished Pods beyond the threshold."""
    pods = view.list("Pod")
    if len(pods) <= TERMINATED_POD_THRESHOLD:
        return []
    finished = [pod for pod in pods if phase_of(pod) not in _LIVING_PHASES]
    return _oldest_first(finished)[: max(0, len(finished) - TERMINATED_POD_THRESHOLD)]


def _oldest_first(pods: Sequence[Obj]) -> list[Obj]:
    """Evicted Pods first, then by age, then by name."""
    return sorted(
        pods,
        key=lambda pod: (
            not (phase_of(pod) == "Failed" and pod["status"].get("reason") == "Evicted"),
            pod["metadata"]["creationTimestamp"],
            pod["metadata"]["name"],
        ),
    )


Trying = Generator[Action, Outcome, list[str]]
"""Actions on Pods; gives the errors, where a Pod that is gone is none."""


def _mark_as_failed(pods: Sequence[Obj], condition: Obj | None, now_us: int) -> Trying:
    """Mark Pods that haven't finished as Failed."""
    errors = []
    for pod in pods:
        generation = pod["metadata"].get("generation", 0)
        status: Obj = {"phase": "Failed", "observedGeneration": generation}
        if condition is not None:
            before = (pod.get("status") or {}).get("conditions") or []
            told = {**condition, "observedGeneration": generation}
            status["conditions"] = with_condition(before, told)
        try:
            yield Patch("Pod", key_of(pod), {"status": status}, "status", pod["metadata"]["uid"])
        except ApiError as error:
            if error.code != 404:
                errors.append(error.message)
    return errors


def _delete_by_force(pods: Sequence[Obj]) -> Trying:
    """Delete Pods without a grace period."""
    errors = []
    for pod in pods:
        try:
            yield Delete("Pod", key_of(pod), uid=pod["metadata"]["uid"], grace_seconds=0)
        except ApiError as error:
            if error.code != 404:
                errors.append(error.message)
    return errors


def _after_pod(change: Change, view: View) -> list[Key]:
    """What a Pod's change makes worth a look."""
    old, new = change.old, change.new
    if new is None:
        return []
    keys: list[Key] = []
    if is_terminal(new) and not (old is not None and is_terminal(old)):
        keys.append(THRESHOLD)
    name = new["spec"].get("nodeName", "")
    terminates = is_terminating(new) and not (old is not None and is_terminating(old))
    if terminates and not name:
        keys.append(change.key)
    was_bound = old is not None and old["spec"].get("nodeName", "") == name
    if name and (terminates or not was_bound):
        node = view.get("Node", ("", name))
        if node is None or (terminates and _is_out_of_service(node)):
            keys.append(("", name))
    return keys


def _after_node(change: Change, view: View) -> list[Key]:
    """A node that is gone, or that is out of service now."""
    new = change.new
    if new is None:
        return [change.key]
    if not _is_out_of_service(new) or (change.old is not None and _is_out_of_service(change.old)):
        return []
    return [change.key]


CONTROLLER = Component(
    name="pod-garbage-collector",
    watches=(Watch("Pod", _after_pod, aspects=BOUND | DELETION | ENDED), Watch("Node", _after_node)),
    plan=plan,
)
