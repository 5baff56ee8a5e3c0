"""Stopping containers: pre-stop hook, SIGTERM, grace period, SIGKILL; and the end of a Pod.

Models pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer,
executePreStopHook), kuberuntime_termination_order.go and kubelet.go
(SyncTerminatingPod), v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Key, Obj
from k8slab.clock import SECOND_US
from k8slab.containers.mounts import end_lines
from k8slab.containers.overlay import Overlay
from k8slab.kubelet import cri
from k8slab.kubelet.actions import Kill
from k8slab.kubelet.eviction import GRACE_SECONDS, REASON
from k8slab.kubelet.runtime import ABSENT, EXITED, RUNNING, Runtime, Slot, changed, is_sidecar, slot_of
from k8slab.kubelet.status import terminated_state
from k8slab.kubelet.work import Work
from k8slab.store.view import View

MINIMUM_GRACE_SECONDS = 2
KILLED_CODE = 137


def all_stopped(work: Work) -> bool:
    """Whether no container of the Pod runs."""
    return all(slot.state != RUNNING for slot in work.runtime.slots)


def settle(work: Work, slot: Slot) -> bool:
    """Take note that a container's process has ended, by itself or because it was stopped."""
    exit_ = cri.exit_of(work.box, work.key, slot.name, slot.run)
    if exit_ is not None and (not slot.stop_due_us or exit_.at_us <= slot.stop_due_us):
        work.at_us = exit_.at_us
        _ended(work, slot, exit_.code, exit_.at_us, exit_.message, exit_.reason)
        return True
    if slot.stop_due_us and slot.stop_due_us <= work.now_us:
        work.at_us = slot.stop_due_us
        end_lines(work.box, work.pod, slot.name, slot.stop_due_us)
        message = cri.termination_message(work.box, work.pod, work.container(slot.name), slot.stop_code)
        _ended(work, slot, slot.stop_code, slot.stop_due_us, message)
        cri.end_process(work.box, work.key, slot.name)
        return True
    return False


def _ended(work: Work, slot: Slot, code: int, at_us: int, message: str, reason: str = "") -> None:
    work.put_slot(
        changed(
            slot,
            state=EXITED,
            finished_us=at_us,
            finished_skew_us=work.skew_us,
            exit_code=code,
            exit_reason=reason,
            exit_message=message,
            probes=(),
            started=False,
            ready=False,
            stop_due_us=0,
            backoff_told_us=0,
        )
    )


def begin_kill(work: Work, kill: Kill, restart: bool) -> bool:
    """Begin to stop one container because a probe failed. Whether that is new."""
    slot = work.slot(kill.name)
    if slot.stop_due_us:
        return False
    container = work.container(kill.name)
    grace = work.spec.get("terminationGracePeriodSeconds", 30)
    if kill.cause:
        probe = container.get(f"{kill.cause}Probe") or {}
        grace = probe.get("terminationGracePeriodSeconds", grace)
    work.event("Normal", "Killing", kill.message, kill.name)
    _begin_stop(work, slot, container, grace, work.at_us)
    if restart and not kill.cause:
        work.put_slot(work.slot(slot.name)._replace(stop_restart=True))
    return True


def _begin_stop(work: Work, slot: Slot, container: Obj, grace_seconds: int, from_us: int) -> None:
    """Fix when and how a running container will have ended, given its grace period."""
    left_us = grace_seconds * SECOND_US
    spent_us = 0
    hook = (container.get("lifecycle") or {}).get("preStop")
    if hook is not None and grace_seconds > 0:
        outcome = cri.run_hook(work.box, work.pod, container, hook, from_us)
        if outcome.error:
            work.event("Warning", "FailedPreStopHook", "PreStopHook failed", slot.name)
        spent_us = min(outcome.took_us, left_us)
    left_us = max(left_us - spent_us, MINIMUM_GRACE_SECONDS * SECOND_US)
    behaviour = cri.stop_behaviour(work.box, work.pod, container)
    stop_us = work.duration_us("container_stop", work.runtime.uid, slot.name, slot.run)
    stop_us += behaviour.takes_us
    if behaviour.heeds and stop_us <= left_us:
        due_us, code = from_us + spent_us + stop_us, behaviour.exit_code
    else:
        due_us, code = from_us + spent_us + left_us, KILLED_CODE
    work.put_slot(work.slot(slot.name)._replace(stop_due_us=max(due_us, work.at_us + 1), stop_code=code))
    if behaviour.takes_us:
        cri.note_term(work.box, work.pod, slot.name, from_us + spent_us)
    if behaviour.handles:
        cri.signal(work.box, work.key, slot.name, from_us + spent_us)


def time_to_stop(view: View, key: Key, runtime: Runtime, slowness: int) -> int:
    """How long it takes to end a Pod that is gone from the API, with the grace period of its spec."""
    pod = {"metadata": {"namespace": key[0], "name": key[1], "uid": runtime.uid}, "spec": runtime.spec}
    grace_us = max(runtime.spec.get("terminationGracePeriodSeconds", 30), 1) * SECOND_US
    longest_us = 0
    box = Overlay(view)
    for container in (*runtime.spec["containers"], *(runtime.spec.get("initContainers") or ())):
        slot = slot_of(runtime.slots, container["name"])
        if slot is None or slot.state != RUNNING:
            continue
        behaviour = cri.stop_behaviour(box, pod, container)
        stop_us = view.duration_us("container_stop", runtime.uid, slot.name, slot.run) * slowness
        stop_us += behaviour.takes_us
        longest_us = max(longest_us, min(stop_us, grace_us) if behaviour.heeds else grace_us)
    return longest_us + view.duration_us("pod_cleanup", runtime.uid) * slowness


def _grace_seconds(work: Work) -> int:
    """The grace period of a Pod that is being ended; one that is evicted has next to none."""
    evicted = work.runtime.evicted
    if evicted is not None and evicted["reason"] == REASON:
        return GRACE_SECONDS
    asked = work.pod["metadata"].get("deletionGracePeriodSeconds")
    if asked is not None:
        return int(asked)
    return int(work.spec.get("terminationGracePeriodSeconds", 30))


def step(work: Work) -> bool:
    """One step in ending a Pod: stop every container, then note that all have ended."""
    runtime = work.runtime
    if runtime.work == "terminated":
        return False
    grace = _grace_seconds(work)
    first = runtime.grace_seconds < 0
    if first or grace < runtime.grace_seconds:
        work.set(grace_seconds=grace)
        _stop_all(work, grace, first)
    if not all_stopped(work):
        return False
    for slot in work.runtime.slots:
        if slot.attempt:
            work.put_slot(slot._replace(attempt="", attempt_due_us=0))
    work.set(work="terminated", sandbox_ready=False, sandbox_due_us=0)
    return True


def _stop_all(work: Work, grace: int, first: bool) -> None:
    """Begin to stop all that runs: sidecars only after the others, in reverse order."""
    work.set(sandbox_due_us=0, mount_due_us=0)
    for slot in work.runtime.slots:
        if slot.attempt:
            work.put_slot(slot._replace(attempt="", attempt_due_us=0))
    last_us = work.at_us
    for container in (*work.spec["containers"], *(work.spec.get("ephemeralContainers") or ())):
        slot = work.slot(container["name"])
        if slot.state == RUNNING:
            _announce(work, slot, first)
            _begin_stop(work, slot, container, grace, work.at_us)
            last_us = max(last_us, work.slot(slot.name).stop_due_us)
    for container in reversed(work.spec.get("initContainers") or ()):
        slot = work.slot(container["name"])
        if slot.state != RUNNING:
            continue
        _announce(work, slot, first)
        left = max(grace - (last_us - work.at_us) // SECOND_US, 0) if is_sidecar(container) else grace
        _begin_stop(work, slot, container, left, last_us if is_sidecar(container) else work.at_us)
        last_us = max(last_us, work.slot(slot.name).stop_due_us)


def _announce(work: Work, slot: Slot, first: bool) -> None:
    if first:
        work.event("Normal", "Killing", f"Stopping container {slot.name}", slot.name)


def reset_all(work: Work) -> bool:
    """Kill every container at once so that the Pod starts over (RestartAllContainersOnContainerExits)."""
    moved = not work.runtime.restarting_all
    work.set(restarting_all=True)
    for slot in work.runtime.slots:
        if slot.state == RUNNING and not slot.stop_due_us:
            work.event("Normal", "Killing", "killing", slot.name)
            work.put_slot(slot._replace(stop_due_us=work.at_us + SECOND_US, stop_code=KILLED_CODE))
            moved = True
    if not all_stopped(work):
        return moved
    for slot in work.runtime.slots:
        if slot.state != ABSENT:
            work.put_slot(Slot(slot.name, run=slot.run + 1, last=terminated_state(slot)))
    work.set(restarting_all=False)
    return True
