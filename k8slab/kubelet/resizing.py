"""Changing the CPU and memory of a Pod that runs: what the kubelet grants, and when it is in force.

What a Pod's spec asks for, what the kubelet has granted (allocated) and what its containers have
(actuated) are three things. A change of the spec is granted where the node has room for it; until
then the Pod goes on as it was, and says that the change is deferred. What is granted comes into
force a little later, by a restart where the container's resizePolicy asks for one.

Models pkg/kubelet/allocation/allocation_manager.go (handlePodResourcesResize, sortPendingResizes),
kuberuntime/kuberuntime_manager.go (IsPodResizeInProgress), events/resize.go and
status/status_manager.go (SetPodResizePendingCondition), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.api.json_text import go_json
from k8slab.api.meta import Key, Obj, key_of
from k8slab.api.quantities import nano
from k8slab.clock import SECOND_US, timestamp
from k8slab.containers.loads import IDLE_MEMORY_BYTES, memory_told
from k8slab.kubelet import admission
from k8slab.kubelet.admission import NANO
from k8slab.kubelet.qos import qos_class
from k8slab.kubelet.runtime import RUNNING, Slot, changed, is_sidecar
from k8slab.kubelet.work import Work
from k8slab.store.view import Change, View

PENDING = "PodResizePending"
IN_PROGRESS = "PodResizeInProgress"
RECORD = "DeferredResize"
"""The internal kind that marks the Pods of a node that wait for room: its key is (node, uid)."""

RETRY_US = 10 * SECOND_US
"""How long a resize that failed waits for its next try."""
_RESIZABLE = ("cpu", "memory")
_QUALITY = {"Guaranteed": 0, "Burstable": 1, "BestEffort": 2}
_NOTHING: Obj = {}


def consider(work: Work) -> None:
    """Grant what the Pod's spec asks for, or go on with what was granted before."""
    asked, granted = work.pod["spec"], work.runtime.allocated
    if granted is None or same_resources(asked, granted):
        work.set(allocated=asked)
        _set_pending(work, None)
        return
    node = work.view.get("Node", ("", work.node))
    refused = None if node is None else admission.rejection(work.view, work.pod, node, scheduled=False)
    if refused is None:
        work.set(allocated=asked)
        _set_pending(work, None)
        _start(work, granted)
        return
    work.put_spec(with_resources(asked, granted))
    _defer(work, refused.message)


def _start(work: Work, granted: Obj) -> None:
    delay = work.duration_us("resize", work.runtime.uid, _generation(work))
    before = work.runtime.resources or granted.get("resources")
    work.set(resizing=_condition(work, IN_PROGRESS), resize_due_us=work.now_us + delay, resources=before)
    work.event("Normal", "ResizeStarted", f"Pod resize started: {_summary(work)}")


def _defer(work: Work, message: str) -> None:
    before = work.runtime.pending
    condition = _condition(work, PENDING, "Deferred", message)
    if before is not None:
        condition["lastTransitionTime"] = before["lastTransitionTime"]
    if before is None or before["observedGeneration"] != condition["observedGeneration"]:
        work.event("Warning", "ResizeDeferred", f"Pod resize Deferred: {_summary(work, message)}")
    elif before["message"] == message:
        return
    _set_pending(work, condition)


def _set_pending(work: Work, condition: Obj | None) -> None:
    if condition is None and work.runtime.pending is None:
        return
    work.set(pending=condition)
    key = (work.node, work.runtime.uid)
    record = None
    if condition is not None:
        record = {
            "apiVersion": "lab",
            "kind": RECORD,
            "metadata": {"namespace": key[0], "name": key[1]},
            "spec": {"namespace": work.key[0], "name": work.key[1], "sinceUs": work.now_us},
        }
        old = work.box.get(RECORD, key)
        if old is not None:
            return
    work.box.put(RECORD, key, record)


def actuate(work: Work) -> None:
    """Put what was granted into force in the containers that run, when its time has come."""
    runtime = work.runtime
    assert runtime.resizing is not None, "only a resize that was begun is finished"
    if runtime.resize_due_us > work.now_us:
        work.wake(runtime.resize_due_us)
        return
    refused = _below_usage(work)
    if refused:
        _say_refused(work, refused)
        work.wake(work.now_us + RETRY_US)
        return
    for slot in runtime.slots:
        if slot.state == RUNNING and not _is_restarting(slot, work):
            wanted = work.container(slot.name).get("resources") or {}
            if slot.resources is not wanted:
                work.put_slot(changed(slot, resources=wanted))
    if all(_is_in_force(slot, work) for slot in work.runtime.slots):
        generation = runtime.resizing["observedGeneration"]
        work.set(resizing=None, resize_due_us=0, resources=None)
        text = _summary(work, generation=generation)
        work.event("Normal", "ResizeCompleted", f"Pod resize completed: {text}")


def _below_usage(work: Work) -> str:
    """Why a memory limit that was granted can't be set: more is used already. Empty where it can."""
    usage, lowered = {}, {}
    needed = memory_told(work.view, work.pod)
    for number, container in enumerate(work.spec["containers"]):
        name = container["name"]
        before, after = (
            _amount(resources, "limits", "memory") // NANO
            for resources in (work.slot(name).resources, container.get("resources"))
        )
        needs = needed if needed is not None and not number else IDLE_MEMORY_BYTES
        usage[name] = min(needs, before or needs) if work.slot(name).state == RUNNING else 0
        if after and (not before or after < before):
            lowered[name] = after
    whole = sum(usage.values())
    limits = [_amount(one.get("resources"), "limits", "memory") // NANO for one in work.spec["containers"]]
    errors = []
    if lowered and all(limits) and whole >= sum(limits):
        errors.append(f"attempting to set pod memory limit ({sum(limits)}) below current usage ({whole})")
    # Upstream names what the whole Pod uses here, too.
    errors += [
        f'attempting to set container "{name}" memory limit ({limit}) below current usage ({whole})'
        for name, limit in lowered.items()
        if usage[name] >= limit and not _is_restarting(work.slot(name), work)
    ]
    if not errors:
        return ""
    return (
        f"cannot decrease memory limits: {errors[0] if len(errors) == 1 else '[' + ', '.join(errors) + ']'}"
    )


def _say_refused(work: Work, error: str) -> None:
    """Say that the resize goes on but fails, once for each reason."""
    before = work.runtime.resizing or {}
    if before.get("message") == error:
        return
    condition = {**before, "reason": "Error", "message": error}
    work.set(resizing=condition)
    text = _summary(work, error, generation=before["observedGeneration"])
    work.event("Warning", "ResizeError", f"Pod resize error: {text}")


def _is_restarting(slot: Slot, work: Work) -> bool:
    return slot.stop_restart or restart_needed(slot.resources, work.container(slot.name))


def _is_in_force(slot: Slot, work: Work) -> bool:
    """Whether a container has what was granted; one that doesn't run will start with it."""
    if slot.state != RUNNING:
        return True
    container = work.container(slot.name)
    if work.is_init(slot.name) and not is_sidecar(container):
        return True
    return slot.resources is None or same_amounts(slot.resources, container.get("resources"))


def restart_needed(before: Obj | None, container: Obj) -> bool:
    """Whether a container's new resources need a restart by its resizePolicy."""
    after = container.get("resources") or _NOTHING
    for policy in container.get("resizePolicy") or ():
        name = policy["resourceName"]
        for part in ("requests", "limits"):
            if _amount(before, part, name) != _amount(after, part, name):
                if policy["restartPolicy"] == "RestartContainer":
                    return True
    return False


def forget(work: Work) -> None:
    """A Pod that is being ended is resized no more."""
    if work.runtime.pending is not None or work.runtime.resizing is not None:
        _set_pending(work, None)
        work.set(resizing=None, resize_due_us=0)


# What others see of it.


def waiting_beside(change: Change, view: View) -> Iterable[Key]:
    """The Pods whose deferred resize may fit now that another Pod of the node has changed."""
    pod = change.new if change.new is not None else change.old
    node = (pod or _NOTHING).get("spec", _NOTHING).get("nodeName")
    return _waiting(view, node) if node else ()


def waiting_on(change: Change, view: View) -> Iterable[Key]:
    """The Pods whose deferred resize may fit now that their node has other resources."""
    old, new = change.old, change.new
    if old is None or new is None:
        return ()
    before, after = ((one.get("status") or _NOTHING).get("allocatable") for one in (old, new))
    return () if before == after else _waiting(view, change.key[1])


def _waiting(view: View, node: str) -> list[Key]:
    """The Pods of a node with a deferred resize.

    Those that grow nothing come first, then by priority, quality of service and how long they wait.
    """
    found = []
    for record in view.list(RECORD, namespace=node):
        spec = record["spec"]
        waiting = view.get("Pod", (spec["namespace"], spec["name"]))
        if waiting is not None and waiting["metadata"]["uid"] == record["metadata"]["name"]:
            found.append((_rank(waiting, spec["sinceUs"]), key_of(waiting)))
    return [key for _, key in sorted(found)]


def _rank(pod: Obj, since_us: int) -> tuple[bool, int, int, int]:
    spec = pod["spec"]
    asked = admission.pod_requests(spec)
    granted = admission.pod_requests(admission.granted_spec(pod))
    grows = any(asked.get(name, 0) > granted.get(name, 0) for name in _RESIZABLE)
    return (grows, -(spec.get("priority") or 0), _QUALITY[qos_class(spec)], since_us)


# Comparing and showing resources.


def same_resources(spec: Obj, other: Obj) -> bool:
    """Whether two specs of a Pod ask for the same, container by container and as a whole."""
    if spec.get("resources") != other.get("resources"):
        return False
    for field in ("containers", "initContainers"):
        theirs = {one["name"]: one.get("resources") for one in other.get(field) or ()}
        for container in spec.get(field) or ():
            name = container["name"]
            if name in theirs and (container.get("resources") or {}) != (theirs[name] or {}):
                return False
    return True


def same_amounts(one: Obj | None, other: Obj | None) -> bool:
    """Whether CPU and memory of two resource requirements are the same amounts."""
    return all(
        _amount(one, part, name) == _amount(other, part, name)
        for part in ("requests", "limits")
        for name in _RESIZABLE
    )


def _amount(resources: Obj | None, part: str, name: str) -> int:
    text = ((resources or _NOTHING).get(part) or _NOTHING).get(name)
    return int(nano(str(text))) if text is not None else 0


def with_resources(spec: Obj, granted: Obj) -> Obj:
    """A spec with the resources of another one."""
    result = {name: value for name, value in spec.items() if name != "resources"}
    if granted.get("resources") is not None:
        result["resources"] = granted["resources"]
    for field in ("containers", "initContainers"):
        theirs = {one["name"]: one.get("resources") or {} for one in granted.get(field) or ()}
        if spec.get(field):
            result[field] = [
                {**one, "resources": theirs.get(one["name"], one.get("resources") or {})}
                for one in spec[field]
            ]
    return result


def _generation(work: Work) -> int:
    return int(work.pod["metadata"].get("generation", 0))


def _condition(work: Work, kind: str, reason: str = "", message: str = "") -> Obj:
    now = timestamp(work.now_us + work.skew_us)
    condition: Obj = {"type": kind, "observedGeneration": _generation(work), "status": "True"}
    condition.update(lastProbeTime=now, lastTransitionTime=now)
    if reason:
        condition.update(reason=reason, message=message)
    return condition


def _summary(work: Work, error: str = "", generation: int = 0) -> str:
    """What Events say of a resize: what each container asks for, as JSON."""
    spec = work.spec if generation else work.pod["spec"]
    shown: Obj = {}
    for field in ("initContainers", "containers"):
        if spec.get(field):
            shown[field] = [
                {"name": one["name"], "resources": _in_order(one.get("resources") or {})}
                for one in spec[field]
            ]
    shown["generation"] = generation or _generation(work)
    if error:
        shown["error"] = error
    return go_json(shown)


def _in_order(resources: Obj) -> Obj:
    """Resource requirements as Go writes them: limits before requests, names sorted."""
    return {
        part: {name: resources[part][name] for name in sorted(resources[part])}
        for part in ("limits", "requests")
        if resources.get(part)
    }
