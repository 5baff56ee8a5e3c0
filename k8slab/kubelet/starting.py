"""Starting a container: back-off, image, creation, start, post-start hook.

Models pkg/kubelet/kuberuntime/kuberuntime_container.go (startContainer),
kuberuntime_manager.go (doBackOff) and images/image_manager.go
(EnsureImageExists), v1.36.
"""

from __future__ import annotations

from hashlib import blake2b

from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.containers.images import REGISTRY_OUTAGE, bad_name, pull_failure, resolve, unreachable
from k8slab.containers.mounts import note_hook
from k8slab.kubelet import backoff, cri
from k8slab.kubelet.probes import first_probes
from k8slab.kubelet.runtime import ABSENT, CREATING, EXITED, HOOK, PULLING, RUNNING, Slot, changed
from k8slab.kubelet.status import terminated_state
from k8slab.kubelet.work import Work

RELIST_US = SECOND_US
"""How soon the kubelet looks again after a start that failed (the PLEG's relist period)."""
RETRY_US = 10 * SECOND_US
"""How long it waits after an error that has no back-off of its own (`backOffPeriod`)."""
START_ERROR_CODE = 128


def pod_text(work: Work) -> str:
    """A Pod as `format.Pod` writes it: `name_namespace(uid)`."""
    return f"{work.key[1]}_{work.key[0]}({work.runtime.uid})"


def begin_next(work: Work, names: tuple[str, ...]) -> bool:
    """Begin to start the first of these containers that may start now. Whether that ends by now already.

    Otherwise nothing more can happen in this look. A kubelet starts a Pod's containers one after the
    other: the next waits while one is being pulled or created.
    """
    for slot in work.runtime.slots:
        if slot.attempt:
            return False
    for name in names:
        slot = work.slot(name)
        if slot.stop_due_us:
            continue
        if _begin(work, slot, work.container(name)):
            return work.slot(name).attempt_due_us <= work.now_us
        if work.is_init(name) and work.container(name).get("restartPolicy") != "Always":
            return False
    return False


def _begin(work: Work, slot: Slot, container: Obj) -> bool:
    if slot.tried_image and slot.tried_image != container["image"]:
        # The back-off is the old image's.
        slot = changed(
            slot, retry_us=0, pull_backoff_us=0, pull_failed_us=0, tried_image="", backoff_told_us=0
        )
        work.put_slot(slot)
    if slot.backoff_us and slot.image and slot.image != container["image"]:
        # So is that of its crashes (`GetBackoffKey`).
        slot = changed(slot, backoff_us=0, backoff_updated_us=0, backoff_told_us=0)
        work.put_slot(slot)
    if slot.retry_us > work.at_us:
        work.wake(slot.retry_us)
        return False
    if _is_backing_off(work, slot):
        return False
    if slot.state == EXITED:
        slot = work.slot(slot.name)
        delay = backoff.next_crash_backoff(slot.backoff_us, slot.backoff_updated_us, slot.finished_us)
        work.put_slot(changed(slot, backoff_us=delay, backoff_updated_us=work.at_us, backoff_told_us=0))
    return _ensure_image(work, work.slot(slot.name), container)


def _is_backing_off(work: Work, slot: Slot) -> bool:
    """Whether the container crashed too lately. It says so, at most once a minute."""
    if slot.state != EXITED or not slot.backoff_us:
        return False
    if not backoff.in_crash_backoff(slot.backoff_us, slot.backoff_updated_us, slot.finished_us, work.at_us):
        return False
    end_us = slot.finished_us + slot.backoff_us
    told_us = slot.backoff_told_us
    if not told_us or work.at_us - told_us >= backoff.TOLD_EVERY_US:
        work.event(
            "Warning",
            "BackOff",
            f"Back-off restarting failed container {slot.name} in pod {pod_text(work)}",
            slot.name,
        )
        delay = backoff.duration_text(slot.backoff_us)
        slot = changed(
            slot,
            backoff_told_us=work.at_us,
            reason="CrashLoopBackOff",
            message=f"back-off {delay} restarting failed container={slot.name} pod={pod_text(work)}",
        )
        _put_reason_late(work, slot)
        told_us = work.at_us
    work.wake(min(end_us, told_us + backoff.TOLD_EVERY_US))
    return True


def _put_reason_late(work: Work, slot: Slot) -> None:
    """The first status after a crash shows how the container ended; why it waits comes a relist later."""
    seen_us = slot.finished_us + RELIST_US
    if work.at_us < seen_us:
        work.put_slot(changed(slot, reason="", message="", backoff_told_us=0))
        work.actions.pop()
        work.wake(seen_us)
    else:
        work.put_slot(slot)


def _fail(work: Work, slot: Slot, reason: str, message: str, *, error: str = "", retry_us: int) -> bool:
    """Note why a container could not be started, and when to try again."""
    work.event("Warning", "Failed", f"Error: {error or reason}", slot.name)
    again_us = work.at_us + retry_us
    work.put_slot(
        changed(
            slot,
            reason=reason,
            message=message,
            attempt="",
            attempt_due_us=0,
            retry_us=again_us,
            tried_image=work.container(slot.name)["image"],
        )
    )
    work.wake(again_us)
    return False


def _ensure_image(work: Work, slot: Slot, container: Obj) -> bool:
    """Begin to pull the image, or go on to creating the container where it is there."""
    image = container["image"]
    wrong = bad_name(image)
    if wrong:
        message = f'Failed to apply default image tag "{image}": {wrong}'
        work.event("Warning", "InspectFailed", message, slot.name)
        return _fail(work, slot, "InvalidImageName", message, retry_us=RETRY_US)
    policy = container.get("imagePullPolicy", "IfNotPresent")
    ready_us = cri.image_ready_us(work.box, work.node, image)
    if policy != "Always" and ready_us is not None and ready_us <= work.at_us:
        message = f'Container image "{image}" already present on machine and can be accessed by the pod'
        work.event("Normal", "Pulled", message, slot.name)
        return _create(work, slot, container)
    if policy == "Never":
        message = f'Container image "{image}" is not present with pull policy of Never'
        work.event("Warning", "ErrImageNeverPull", message, slot.name)
        return _fail(work, slot, "ErrImageNeverPull", message, retry_us=RETRY_US)
    return _pull(work, slot, image, ready_us)


def _pull(work: Work, slot: Slot, image: str, ready_us: int | None) -> bool:
    if slot.pull_backoff_us and work.at_us < slot.pull_failed_us + slot.pull_backoff_us:
        return _wait_for_pull(work, slot, image)
    work.event("Normal", "Pulling", f'Pulling image "{image}"', slot.name)
    uid = work.runtime.uid
    duration_us = work.duration_us("image_pull", uid, slot.name, slot.run, slot.pull_backoff_us)
    if _pull_failure(work, image):
        duration_us //= 2
    elif ready_us is not None and ready_us <= work.at_us:
        # Every layer is there; only the manifest is asked for.
        duration_us //= 6
    elif ready_us is not None:
        # Another Pod pulls it already; both wait for the same layers.
        duration_us = ready_us - work.at_us
    else:
        cri.note_image(work.box, work.node, image, work.at_us + duration_us)
    due_us = work.at_us + duration_us
    work.put_slot(changed(slot, attempt=PULLING, attempt_due_us=due_us, attempt_since_us=work.at_us))
    return duration_us == 0


def _pull_failure(work: Work, image: str) -> str:
    """Why a pull fails now, or the empty string."""
    if work.view.get("Outage", REGISTRY_OUTAGE) is not None:
        return unreachable(image)
    return pull_failure(image)


def _wait_for_pull(work: Work, slot: Slot, image: str) -> bool:
    """The pull failed lately: say so, and wait."""
    end_us = slot.pull_failed_us + slot.pull_backoff_us
    shown_us = slot.pull_failed_us + RELIST_US
    if work.at_us < shown_us:
        work.wake(shown_us)
        return False
    told_us = slot.backoff_told_us
    if not told_us or work.at_us - told_us >= backoff.TOLD_EVERY_US:
        text = f'Back-off pulling image "{image}"'
        work.event("Normal", "BackOff", text, slot.name)
        slot = changed(slot, backoff_told_us=work.at_us)
        retry_us = min(end_us - work.at_us, backoff.TOLD_EVERY_US)
        return _fail(work, slot, "ImagePullBackOff", f"{text}: {slot.pull_error}", retry_us=retry_us)
    work.wake(end_us)
    return False


def settle(work: Work, slot: Slot) -> bool:
    """Let a pull or a creation that fell due end."""
    if slot.attempt_due_us > work.now_us:
        return False
    work.at_us = slot.attempt_due_us
    container = work.container(slot.name)
    if work.runtime.work != "sync":
        work.put_slot(changed(slot, attempt="", attempt_due_us=0))
        return True
    if slot.attempt == PULLING:
        return _pulled(work, slot, container)
    if slot.attempt == HOOK:
        return _hooked(work, slot, container)
    return _created(work, slot, container)


def _pulled(work: Work, slot: Slot, container: Obj) -> bool:
    image = container["image"]
    failure = _pull_failure(work, image)
    slot = changed(slot, attempt="", attempt_due_us=0)
    if failure:
        work.event("Warning", "Failed", f'Failed to pull image "{image}": {failure}', slot.name)
        delay = backoff.next_pull_backoff(slot.pull_backoff_us, slot.pull_failed_us, work.at_us)
        slot = changed(
            slot,
            pull_backoff_us=delay,
            pull_failed_us=work.at_us,
            pull_error=f"ErrImagePull: {failure}",
            backoff_told_us=0,
        )
        _fail(work, slot, "ErrImagePull", failure, retry_us=RELIST_US)
        return True
    took = backoff.duration_text((work.at_us - slot.attempt_since_us) // 1000 * 1000)
    size = resolve(image).size_bytes
    text = (
        f'Successfully pulled image "{image}" in {took} ({took} including waiting). Image size: {size} bytes.'
    )
    work.event("Normal", "Pulled", text, slot.name)
    _create(work, changed(slot, pull_backoff_us=0, pull_failed_us=0, pull_error=""), container)
    return True


def _create(work: Work, slot: Slot, container: Obj) -> bool:
    """Make the container's configuration, and begin to create it."""
    fault = cri.configuration_fault(work.box, work.pod, container)
    if fault:
        _fail(work, slot, "CreateContainerConfigError", fault, error=fault, retry_us=RETRY_US)
        return False
    run = slot.run if slot.state == ABSENT else slot.run + 1
    delay = work.duration_us("container_create", work.runtime.uid, slot.name, run)
    work.put_slot(
        changed(slot, attempt=CREATING, attempt_due_us=work.at_us + delay, attempt_since_us=work.at_us)
    )
    return True


def container_id(uid: str, name: str, run: int) -> str:
    """The ID that the container runtime gives: 64 hexadecimal digits."""
    return f"containerd://{blake2b(f'{uid}/{name}/{run}'.encode(), digest_size=32).hexdigest()}"


def _created(work: Work, slot: Slot, container: Obj) -> bool:
    """The container exists: start its process."""
    run, last = slot.run, slot.last
    if slot.state == EXITED:
        run, last = slot.run + 1, terminated_state(slot)
    work.event("Normal", "Created", "Container created", slot.name)
    error = cri.launch(work.box, work.pod, container, run, work.runtime.ip, work.at_us)
    fresh = Slot(
        slot.name,
        run=run,
        container_id=container_id(work.runtime.uid, slot.name, run),
        started_us=work.at_us,
        started_skew_us=work.skew_us,
        last=last,
        backoff_us=slot.backoff_us,
        backoff_updated_us=slot.backoff_updated_us,
        image=container["image"],
        resources=container.get("resources") or {},
    )
    if error:
        work.event("Warning", "Failed", f"Error: {error}", slot.name)
        work.put_slot(
            changed(
                fresh,
                state=EXITED,
                started_us=0,
                finished_us=work.at_us,
                finished_skew_us=work.skew_us,
                exit_code=START_ERROR_CODE,
                exit_reason="StartError",
                exit_message=error,
                reason="RunContainerError",
                message=error,
            )
        )
        return True
    work.event("Normal", "Started", "Container started", slot.name)
    slot = changed(fresh, state=RUNNING)
    hook = (container.get("lifecycle") or {}).get("postStart")
    if hook is None:
        work.put_slot(_probed(slot, container, work.at_us))
        return True
    outcome = cri.run_hook(work.box, work.pod, container, hook, work.at_us)
    due_us = work.at_us + outcome.took_us
    slot = changed(slot, attempt=HOOK, attempt_due_us=due_us, hook_error=outcome.error)
    if not outcome.took_us:
        return _hooked(work, slot, container)
    note_hook(work.box, work.pod, slot.name, slot.run)
    return _put(work, slot)


def _put(work: Work, slot: Slot) -> bool:
    work.put_slot(slot)
    return True


def _probed(slot: Slot, container: Obj, at_us: int) -> Slot:
    """A container that runs, with its probes before it: what they have not said yet does not hold."""
    probes = first_probes(container, at_us)
    if not probes:
        return changed(slot, started=True, ready=True)
    started = not any(probe.kind == "startup" for probe in probes)
    ready = not any(probe.kind == "readiness" for probe in probes)
    return changed(slot, probes=probes, started=started, ready=ready)


def _hooked(work: Work, slot: Slot, container: Obj) -> bool:
    """The postStart hook has ended: the container goes on, or is stopped where the hook failed.

    Until then the kubelet does nothing else for the Pod: no probe, no other container, no status.
    """
    name, error = slot.name, slot.hook_error
    note_hook(work.box, work.pod, name, None)
    slot = _probed(changed(slot, attempt="", attempt_due_us=0, hook_error=""), container, work.at_us)
    if error:
        work.event("Warning", "FailedPostStartHook", "PostStartHook failed", name)
        work.event("Normal", "Killing", "FailedPostStartHook", name)
        slot = changed(
            slot,
            stop_due_us=work.at_us + work.duration_us("container_stop", work.runtime.uid, name),
            stop_code=cri.stop_behaviour(work.box, work.pod, container).exit_code,
            reason="PostStartHookError",
            message=error,
        )
    work.put_slot(slot)
    return True
