"""One look of a kubelet at one Pod: let what is due happen, decide, start and stop, report.

Everything that takes time (a sandbox, a pull, a container's start, a stop) is a
due instant in the kubelet's memory. A look lets all that fell due by now
happen in order, asks `actions.compute` what to do next, and comes back at the
earliest instant still open. So a look that comes late, or once for several
steps, ends in the same state.

Models pkg/kubelet/kubelet.go (SyncPod, SyncTerminatingPod, SyncTerminatedPod),
kuberuntime/kuberuntime_manager.go (SyncPod) and pod_workers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

from k8slab.api.errors import ApiError
from k8slab.api.memo import remember
from k8slab.api.meta import Key, Obj
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.components import Delete, Done, Memory, Plan, Put, Update
from k8slab.containers.ailments import slowness_of
from k8slab.containers.images import names_of
from k8slab.containers.mounts import mount_all
from k8slab.containers.overlay import Overlay
from k8slab.kubelet import actions, admission, cri, preemption, resizing, starting, stopping, volumes
from k8slab.kubelet.addresses import free_ip, node_ip
from k8slab.kubelet.eviction import EVICTION
from k8slab.kubelet.fields import passed_over
from k8slab.kubelet.outlines import usual_status
from k8slab.kubelet.probes import ask_again, run_due_probes
from k8slab.kubelet.restarts import restarts_all
from k8slab.kubelet.runtime import (
    CREATING,
    EXITED,
    HOOK,
    PULLING,
    RUNNING,
    Runtime,
    Slot,
    changed,
    containers_of,
    restarting,
    visible_of,
)
from k8slab.kubelet.status import TERMINAL, Report, pod_status, rejected_status
from k8slab.kubelet.work import Work
from k8slab.store.view import View

_DEADLINE_MESSAGE = "Pod was active on the node longer than the specified deadline"
_Parts = TypeVar("_Parts", bound=tuple[object, ...])
_MOST_ROUNDS = 200
"""No Pod has more transitions due at one instant; a look that needs more would never end."""


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """What the kubelet of a Pod's node does for the Pod at this instant."""
    pod = view.get("Pod", key)
    node = pod["spec"].get("nodeName") if pod is not None else None
    if pod is None or not node:
        if memory is not None:
            yield from _let_go(view, key, memory, now_us)
        return Done(memory=None, why="the Pod is gone, or on no node yet")
    machine = view.get("Machine", ("", node))
    runtime: Runtime | None = memory
    if runtime is not None and runtime.uid != pod["metadata"]["uid"]:
        yield from _let_go(view, key, runtime, now_us)
        runtime = None
    if machine is None:
        return Done(why=f"{node} has no machine")
    spec = machine["spec"]
    if spec["power"] != "On":
        return (yield from _lose_power(view, key, runtime))
    if spec["network"] != "Up" or spec["kubelet"] != "Running":
        return Done(why=f"the kubelet of {node} cannot report")
    if runtime is not None and runtime.finished and "deletionTimestamp" not in pod["metadata"]:
        return Done(why="the Pod is finished")
    work = Work(view, key, pod, machine, now_us, runtime or new_runtime(pod))
    if not _go_on(work):
        yield from work.flush()
        return work.done()
    try:
        shown = _news(work)
        if shown is not None:
            status = _status(work)
            if status is not None:
                work.stored((yield Update("Pod", {**work.pod, "status": status}, "status")))
            # Only what others may overwrite is different now.
            verdicts = _verdicts_in(_conditions_of(work))
            work.set(reported=shown if verdicts is shown[0] else (verdicts, *shown[1:]))
        elif not work.runtime.reported and _is_silent(work):
            yield from _report_before_hooks(work)
        if work.actions or work.box.is_changed:
            yield from work.flush()
        if work.runtime.work == "terminated":
            yield from _clean_up(work)
    except ApiError as error:
        # What the runtime has done stays done; what could not be said is said at another look.
        yield from work.flush()
        return work.done()._replace(error=error.message)
    return work.done()


def _let_go(view: View, key: Key, runtime: Runtime, now_us: int) -> Plan:
    """Forget a Pod that was removed from the API.

    Where that was forced, its containers still run. They are stopped as those of any Pod, and its
    volumes are unmounted only then.
    """
    if runtime.held:
        machine = view.get("Machine", ("", runtime.node))
        running = machine is not None and machine["spec"]["power"] == "On" and not runtime.lost
        slowness = slowness_of(machine) if machine is not None else 1
        until_us = now_us + stopping.time_to_stop(view, key, runtime, slowness) if running else 0
        record = volumes.mounts_record(runtime, until_us) if running else None
        yield Put("Mounts", (runtime.node, runtime.uid), record)
    if runtime.pending is not None:
        yield Put(resizing.RECORD, (runtime.node, runtime.uid), None)
    yield from cri.removal(view, key, [(slot.name, slot.run) for slot in runtime.slots])
    return Done()


def new_runtime(pod: Obj) -> Runtime:
    """What a kubelet knows of a Pod that it sees for the first time.

    A Pod that has run before (the kubelet's memory is gone) keeps its counts.
    """
    spec, status = pod["spec"], pod.get("status") or {}
    slots = tuple([Slot(container["name"]) for container in containers_of(spec)])
    finished = status.get("phase") in TERMINAL
    return Runtime(
        pod["metadata"]["uid"],
        spec["nodeName"],
        spec=spec,
        work="terminating" if finished else "sync",
        slots=slots,
    )


def _lose_power(view: View, key: Key, runtime: Runtime | None) -> Plan:
    """Note that the containers died with their machine; nobody can report it yet."""
    if runtime is None or runtime.lost:
        return Done(why="the machine is off")
    box = Overlay(view)
    cri.halt(box, key)
    yield from box.flush()
    return Done(memory=runtime._replace(lost=True), why="the machine is off")


def _go_on(work: Work) -> bool:
    """Let happen what is due, and begin what is to be done. False where the Pod waits for room."""
    runtime = work.runtime
    if runtime.lost:
        _reboot(work)
    if work.traits.has_later:
        known = work.slots()
        fresh = [Slot(one["name"]) for one in work.spec["ephemeralContainers"] if one["name"] not in known]
        work.set(slots=(*work.runtime.slots, *fresh))
    if not work.runtime.admitted and work.runtime.work == "sync":
        room = preemption.make_room(work, scheduled=_was_scheduled(work.pod))
        if room.waits:
            return False
        if not _admit(work, room.fault):
            work.set(work="terminated", finished=True, rejected=True)
    if work.runtime.work == "sync":
        if work.runtime.allocated is not work.pod["spec"]:
            resizing.consider(work)
        if work.traits.shows_objects or work.runtime.update_due_us:
            _update_volumes(work)
    if work.traits.is_probed:
        _notice_changes(work)
    if work.runtime.work == "sync":
        _terminate_if_asked(work)
    for _ in range(_MOST_ROUNDS):
        if not _round(work):
            break
    if work.runtime.work == "sync":
        if work.runtime.resizing is not None:
            resizing.actuate(work)
    else:
        resizing.forget(work)
    return True


def _notice_changes(work: Work) -> None:
    """Where files, processes or the machine changed, what a steady probe would find may have changed too."""
    changes = cri.change_count(work.box, work.key)
    slowness = slowness_of(work.machine)
    if (changes, slowness) == (work.runtime.seen_changes, work.runtime.seen_slowness):
        return
    work.set(seen_changes=changes, seen_slowness=slowness)
    for slot in work.runtime.slots:
        if slot.state == RUNNING and slot.probes:
            work.put_slot(ask_again(slot, work.now_us))


def _admit(work: Work, fault: str) -> bool:
    """Whether the kubelet takes the Pod. `fault`: why it couldn't make room for it, or nothing."""
    work.set(admitted=True)
    if fault:
        return _reject(work, "UnexpectedAdmissionError", fault)
    node = work.view.get("Node", ("", work.node))
    if node is None or work.deleted:
        return True
    refused = admission.rejection(work.view, work.pod, node, scheduled=_was_scheduled(work.pod))
    if refused is None:
        for path, why in passed_over(work.spec):
            work.event("Warning", "NotSimulated", f"{path} is not simulated: {why}")
        return True
    return _reject(work, refused.reason, refused.message)


def _reject(work: Work, reason: str, message: str) -> bool:
    work.event("Warning", reason, message)
    work.set(failed_reason=reason, failed_message=f"Pod was rejected: {message}")
    return False


def _was_scheduled(pod: Obj) -> bool:
    """Whether the scheduler bound it: its view of the node is as fresh as the kubelet's here."""
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "True":
            return True
    return False


def _reboot(work: Work) -> None:
    """After a power cut every container is found dead and the sandbox has to be made anew."""
    since_us = work.machine["spec"]["sinceUs"]
    for slot in work.runtime.slots:
        if slot.state == RUNNING:
            slot = slot._replace(
                state=EXITED,
                finished_us=since_us,
                finished_skew_us=work.skew_us,
                exit_code=255,
                exit_reason="Unknown",
                exit_message="",
            )
        work.put_slot(
            slot._replace(attempt="", attempt_due_us=0, stop_due_us=0, probes=(), started=False, ready=False)
        )
    work.set(lost=False, sandbox_ready=False, sandbox_due_us=0, ip="", mounted=False)
    _unmount(work)


def _round(work: Work) -> bool:
    """One step of whatever is due or to be decided. Whether something moved."""
    if _settle_containers(work):
        return True
    runtime = work.runtime
    if runtime.work != "sync":
        return stopping.step(work)
    if not runtime.mounted:
        return _mount(work)
    if runtime.sandbox_due_us:
        return _settle_sandbox(work)
    return _decide(work)


def _terminate_if_asked(work: Work) -> None:
    """Turn from running the Pod to ending it, once."""
    verdict = work.view.get(EVICTION, work.key)
    if verdict is not None:
        work.box.put(EVICTION, work.key, None)
        if verdict["spec"]["uid"] == work.runtime.uid:
            message = verdict["spec"]["message"]
            work.set(evicted=verdict["spec"], failed_reason=verdict["spec"]["reason"], failed_message=message)
            work.set(work="terminating")
            return
    if work.deleted:
        work.set(work="terminating")
        return
    seconds = work.spec.get("activeDeadlineSeconds")
    if seconds is None:
        return
    start = (work.pod.get("status") or {}).get("startTime")
    started_us = parse_timestamp(start) - work.skew_us if start else work.now_us
    due_us = started_us + seconds * SECOND_US
    if work.now_us < due_us:
        work.wake(due_us)
        return
    work.event("Normal", "DeadlineExceeded", _DEADLINE_MESSAGE)
    work.set(work="terminating", failed_reason="DeadlineExceeded", failed_message=_DEADLINE_MESSAGE)


def _settle_containers(work: Work) -> bool:
    """Let pulls, starts, stops, exits and probes that fell due happen; the earliest first."""
    moved = False
    for slot in work.runtime.slots:
        if slot.attempt:
            if slot.attempt_due_us <= work.now_us:
                moved = starting.settle(work, slot) or moved
        elif slot.state == RUNNING:
            moved = stopping.settle(work, slot) or moved
            slot = work.slot(slot.name)
            if slot.state == RUNNING and slot.probes:
                moved = run_due_probes(work, slot) or moved
    return moved


def _mount(work: Work) -> bool:
    runtime = work.runtime
    if not work.traits.has_volumes:
        work.set(mounted=True, mount_due_us=0, held=())
        return True
    if volumes.has_slow_volumes(work.spec):
        if runtime.mount_due_us > work.now_us:
            return False
        problem = volumes.first_problem(work.view, work.pod)
        if problem is not None:
            if not problem.silent:
                work.event("Warning", "FailedMount", problem.message)
            tries = max(runtime.mount_tries, 0)
            chance = work.view.chance("mount", runtime.uid, tries)
            delay = volumes.retry_us(problem, tries, chance)
            work.set(mount_tries=tries + 1, mount_due_us=work.now_us + delay)
            return False
        if not runtime.mount_due_us or runtime.mount_tries >= 0:
            delay = work.duration_us("volume_mount", runtime.uid)
            work.set(mount_tries=-1, mount_due_us=work.now_us + delay)
            return delay == 0
    projected = volumes.projected_volumes(work.pod)
    if projected:
        mount_all(work.box, _with_address(work), projected)
    held = volumes.attached_volumes(work.view, work.pod)
    work.set(mounted=True, mount_due_us=0, held=held)
    if held:
        work.box.put("Mounts", (work.node, runtime.uid), volumes.mounts_record(work.runtime, 0))
    return True


def _with_address(work: Work) -> Obj:
    """The Pod with the addresses that the downward API may ask for, though no status says them yet."""
    status = {"hostIP": node_ip(work.machine), **(work.pod.get("status") or {})}
    return {**work.pod, "status": status}


def _update_volumes(work: Work) -> None:
    """Show what has changed in the sources of mounted volumes, the next time that the Pod is synced."""
    stale: list[Obj] = []
    if work.runtime.mounted and volumes.projected_volumes(work.pod):
        stale = volumes.stale_volumes(work.box, _with_address(work))
    if not stale:
        if work.runtime.update_due_us:
            work.set(update_due_us=0)
        return
    due_us = work.runtime.update_due_us
    if not due_us:
        # A change of the Pod itself is a reason to sync it; other changes are found at the next regular one.
        of_pod = all("downwardAPI" in volume for volume in stale)
        delay = 0 if of_pod else work.duration_us("volume_update", work.runtime.uid, work.now_us)
        due_us = work.now_us + delay
        work.set(update_due_us=due_us)
    if due_us <= work.now_us:
        mount_all(work.box, _with_address(work), stale)
        work.set(update_due_us=0)
    else:
        work.wake(due_us)


def _unmount(work: Work) -> None:
    if work.runtime.held:
        work.box.put("Mounts", (work.node, work.runtime.uid), None)
        work.set(held=())


def _settle_sandbox(work: Work) -> bool:
    due_us = work.runtime.sandbox_due_us
    if due_us > work.now_us:
        return False
    work.at_us = due_us
    ip = "" if work.spec.get("hostNetwork") else free_ip(work.view, work.machine)
    work.set(sandbox_due_us=0, sandbox_ready=True, ip=ip)
    return True


def _decide(work: Work) -> bool:
    """Ask what to do, and begin it."""
    runtime = work.runtime
    if runtime.restarting_all or (work.traits.may_restart_all and _restarts_all(work)):
        return stopping.reset_all(work)
    if runtime.sandbox_ready and len(runtime.slots) == 1 and runtime.slots[0].attempt in _BEING_MADE:
        # While the only container is being made there is nothing else to do.
        return False
    todo = actions.compute(
        restarting(work.spec, runtime.slots),
        work.slots(),
        sandbox_ready=runtime.sandbox_ready,
        attempt=runtime.attempt,
        deleted=work.deleted,
    )
    if todo.create_sandbox:
        return _begin_sandbox(work)
    moved = False
    for kill in todo.to_kill:
        moved = stopping.begin_kill(work, kill, kill.name in (*todo.to_start, *todo.init_to_start)) or moved
    if todo.kill_pod and not any(slot.stop_due_us for slot in work.runtime.slots):
        work.set(work="terminating")
        return True
    names = (*todo.later_to_start, *todo.init_to_start, *todo.to_start)
    return starting.begin_next(work, names) or moved


_BEING_MADE = (PULLING, CREATING)


def _restarts_all(work: Work) -> bool:
    for container in work.containers():
        if container.get("restartPolicyRules"):
            slot = work.slot(container["name"])
            if slot.state == EXITED and restarts_all(container, slot.exit_code):
                return True
    return False


def _begin_sandbox(work: Work) -> bool:
    runtime = work.runtime
    if runtime.attempt:
        work.event("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
    delay = work.duration_us("sandbox", runtime.uid, runtime.attempt)
    work.set(attempt=runtime.attempt + 1, sandbox_due_us=work.at_us + delay)
    work.sandbox_wake_us = work.at_us + delay + _time_to_first_start(work)
    return work.at_us + delay <= work.now_us


def _time_to_first_start(work: Work) -> int:
    """How long after the sandbox the first container runs, where nothing has to be pulled or said before.

    Nobody would learn anything from a look in between.
    """
    container = next(work.containers())
    if container.get("imagePullPolicy") == "Always":
        return 0
    ready_us = cri.image_ready_us(work.box, work.node, container["image"])
    if ready_us is None or ready_us > work.now_us:
        return 0
    uid = work.runtime.uid
    slot = work.slot(container["name"])
    run = slot.run if slot.state != EXITED else slot.run + 1
    return work.duration_us("container_create", uid, slot.name, run) + work.duration_us(
        "kubelet_notice", uid, slot.name, run
    )


def _news(work: Work) -> tuple[object, ...] | None:
    """What a status would show now, if that is not what the last one was made from."""
    if _is_silent(work):
        return None
    shown = _shown(work)
    if shown == work.runtime.reported and not work.traits.is_gated:
        return None
    return shown


def _is_silent(work: Work) -> bool:
    """Whether a container waits for its postStart hook: so long the Pod's status says nothing new."""
    if work.runtime.work != "sync":
        return False
    for slot in work.runtime.slots:
        if slot.attempt == HOOK:
            return True
    return False


def _report_before_hooks(work: Work) -> Plan:
    """The first status, which says nothing yet of a container that waits for its postStart hook."""
    runtime = work.runtime
    slots = [Slot(slot.name) if slot.attempt == HOOK else slot for slot in runtime.slots]
    work.set(slots=tuple(slots))
    status = _status(work)
    if status is not None:
        work.stored((yield Update("Pod", {**work.pod, "status": status}, "status")))
    work.runtime = changed(runtime, reported=_shown(work))
    return Done()


@lru_cache(maxsize=4096)
def _same_for_all(parts: _Parts) -> _Parts:
    """One tuple for all that are equal: every Pod remembers some."""
    return parts


_NO_CONDITIONS: tuple[Obj, ...] = ()


@remember
def _verdicts_in(conditions: Sequence[Obj]) -> tuple[tuple[str, str], ...]:
    """What the conditions say, without since when and why."""
    said: tuple[tuple[str, str], ...]
    said = _same_for_all(tuple([(one["type"], one["status"]) for one in conditions]))
    return said


def _conditions_of(work: Work) -> Sequence[Obj]:
    status = work.pod.get("status")
    return (status.get("conditions") if status else None) or _NO_CONDITIONS


def _shown(work: Work) -> tuple[object, ...]:
    """All that a status shows of the kubelet's memory, and what of it others may overwrite.

    While it is the same, so is the status: a node controller that calls a Pod
    unready changes its conditions, so they count as well.
    """
    runtime = work.runtime
    return (
        _verdicts_in(_conditions_of(work)),
        work.pod["metadata"].get("generation"),
        work.spec,
        runtime.work,
        runtime.sandbox_ready,
        runtime.ip,
        _trouble_of(runtime),
        *map(_same_for_all, map(visible_of, runtime.slots)),
        *([slot.resources for slot in runtime.slots] if runtime.resizing is not None else ()),
    )


def _trouble_of(runtime: Runtime) -> tuple[object, ...]:
    """What a status shows of what few Pods have: a failure, a restart of all containers, a resize."""
    trouble = (runtime.failed_reason, runtime.restarting_all, runtime.pending, runtime.resizing)
    return _NO_TROUBLE if trouble == _NO_TROUBLE else trouble


_NO_TROUBLE = ("", False, None, None)


def _status(work: Work, *, final: bool = False) -> Obj | None:
    """The Pod's status as it is now; None where that is what is stored.

    `final`: the containers are gone for good, and what was theirs is cleaned up.
    """
    runtime = work.runtime
    final = final or runtime.finished
    terminal = final or (runtime.work != "sync" and stopping.all_stopped(work))
    report = Report(node_ip(work.machine), names_of, work.now_us + work.skew_us, terminal, final)
    shown = work.pod if work.spec is work.pod["spec"] else {**work.pod, "spec": work.spec}
    status: Obj | None
    if runtime.rejected and not work.deleted:
        status = rejected_status(work.pod, runtime, report)
    else:
        status = usual_status(shown, work.traits, runtime, report)
        if status is None:
            status = pod_status(shown, runtime, report)
    return None if status == (work.pod.get("status") or {}) else status


def _clean_up(work: Work) -> Plan:
    """After the last container: unmount, say the last word, and let the API object go."""
    runtime = work.runtime
    if not runtime.cleanup_due_us:
        work.set(cleanup_due_us=work.now_us + work.duration_us("pod_cleanup", runtime.uid))
    elif runtime.finished and not work.deleted:
        return Done()
    if work.runtime.cleanup_due_us > work.now_us:
        work.wake(work.runtime.cleanup_due_us)
        return Done()
    _unmount(work)
    yield from work.flush()
    status = _status(work, final=True)
    if status is not None:
        work.stored((yield Update("Pod", {**work.pod, "status": status}, "status")))
    work.set(finished=True)
    if work.deleted:
        yield Delete("Pod", work.key, uid=runtime.uid, grace_seconds=0)
    return Done()
