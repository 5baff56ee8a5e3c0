"""What to do about a Pod's containers next: start, kill, or let be.

A pure function of the Pod's spec and of what its containers are doing, so that
upstream's tables of cases can be held against it line by line.

Models pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions) and
kuberuntime_container.go (computeInitContainerActions), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.kubelet.resizing import restart_needed
from k8slab.kubelet.restarts import restarts_after_probe, should_restart
from k8slab.kubelet.runtime import ABSENT, EXITED, FAILURE, RUNNING, SUCCESS, Slot, is_sidecar


class Kill(NamedTuple):
    """A running container that must go, and why. `cause` is "", liveness or startup."""

    name: str
    message: str
    cause: str = ""


class PodActions(NamedTuple):
    """What `computePodActions` answers; containers are named in the order in which they are started."""

    kill_pod: bool = False
    create_sandbox: bool = False
    init_to_start: tuple[str, ...] = ()
    to_start: tuple[str, ...] = ()
    to_kill: tuple[Kill, ...] = ()
    later_to_start: tuple[str, ...] = ()


NOTHING = PodActions()


def compute(
    spec: Obj, slots: dict[str, Slot], *, sandbox_ready: bool, attempt: int, deleted: bool
) -> PodActions:
    """The next actions for a Pod.

    `slots` are its containers by name, `attempt` counts the sandboxes made so
    far, `deleted` is whether its deletion was asked for: then nothing restarts.
    """
    if not sandbox_ready:
        return _with_new_sandbox(spec, slots, attempt)
    if spec.get("ephemeralContainers"):
        later = _later_to_start(spec, slots, deleted)
        plain = {name: value for name, value in spec.items() if name != "ephemeralContainers"}
        rest = compute(plain, slots, sandbox_ready=sandbox_ready, attempt=attempt, deleted=deleted)
        return rest._replace(later_to_start=later)
    init_to_start: tuple[str, ...] = ()
    to_kill: list[Kill] = []
    if spec.get("initContainers"):
        verdict = _init_actions(spec, slots, deleted)
        to_kill.extend(verdict.to_kill)
        init_to_start = verdict.to_start
        if verdict.failed or not verdict.initialized:
            return PodActions(verdict.failed, False, init_to_start, (), tuple(to_kill))
    to_start: list[str] = []
    kept = 0
    for container in spec["containers"]:
        name = container["name"]
        slot = slots[name]
        if slot.state != RUNNING:
            if not deleted and (slot.state == ABSENT or should_restart(container, spec, slot.exit_code)):
                to_start.append(name)
            continue
        changed = _changed(slot, container)
        if changed:
            # What the container should be has changed: it is started again whatever its policy.
            to_kill.append(Kill(name, f"{changed}, will be restarted"))
            to_start.append(name)
            continue
        kill = _probe_verdict(slot, f"Container {name}")
        if kill is None:
            kept += 1
            continue
        if restarts_after_probe(container, spec):
            kill = kill._replace(message=f"{kill.message}, will be restarted")
            to_start.append(name)
        to_kill.append(kill)
    if not kept and not to_start:
        return PodActions(True, False, (), (), tuple(to_kill))
    return PodActions(False, False, init_to_start, tuple(to_start), tuple(to_kill))


def _later_to_start(spec: Obj, slots: dict[str, Slot], deleted: bool) -> tuple[str, ...]:
    """The ephemeral containers that have never run; none is ever started again."""
    names = [one["name"] for one in spec["ephemeralContainers"]]
    return tuple([name for name in names if not deleted and slots[name].state == ABSENT])


def _changed(slot: Slot, container: Obj) -> str:
    """Why a running container has to be made anew, or the empty string."""
    if slot.image and slot.image != container["image"]:
        return f"Container {slot.name} definition changed"
    if slot.resources is not None and slot.resources is not container.get("resources"):
        if restart_needed(slot.resources, container):
            return f"Container {slot.name} resize requires restart"
    return ""


def _with_new_sandbox(spec: Obj, slots: dict[str, Slot], attempt: int) -> PodActions:
    """A sandbox is needed first, unless everything is done and must not run again."""
    if spec.get("restartPolicy") == "Never" and attempt and _have_run(slots.values()):
        return PodActions(kill_pod=True)
    to_start = []
    for container in spec["containers"]:
        policy = container.get("restartPolicy") or spec.get("restartPolicy")
        slot = slots[container["name"]]
        if policy == "OnFailure" and slot.state == EXITED and slot.exit_code == 0:
            continue
        to_start.append(container["name"])
    if not to_start and _have_run([slots[container["name"]] for container in spec["containers"]]):
        return PodActions(kill_pod=True)
    inits = spec.get("initContainers")
    if inits:
        return PodActions(True, True, (inits[0]["name"],), ())
    return PodActions(True, True, (), tuple(to_start))


def _have_run(slots: Iterable[Slot]) -> bool:
    """Whether any of these containers has run."""
    return any(slot.state != ABSENT for slot in slots)


def _probe_verdict(slot: Slot, label: str) -> Kill | None:
    """The reason to kill a running container that one of its probes gives, if any."""
    if not slot.probes:
        return None
    if probe_result(slot, "liveness") == FAILURE:
        return Kill(slot.name, f"{label} failed liveness probe", "liveness")
    if probe_result(slot, "startup") == FAILURE:
        return Kill(slot.name, f"{label} failed startup probe", "startup")
    return None


def probe_result(slot: Slot, kind: str) -> str:
    """What a probe of that kind has told the kubelet; "" where there is no such probe."""
    for probe in slot.probes:
        if probe.kind == kind:
            return probe.result
    return ""


class _Initialization(NamedTuple):
    """How far the init containers are, and what they need."""

    initialized: bool
    failed: bool = False
    to_start: tuple[str, ...] = ()
    to_kill: tuple[Kill, ...] = ()


def _init_actions(spec: Obj, slots: dict[str, Slot], deleted: bool) -> _Initialization:
    """Walk the init containers backwards to the one that decides, as upstream does.

    The walk is backwards because the runtime may have removed the older ones:
    the last one that has a status says how far the Pod got.
    """
    inits = spec["initContainers"]
    initialized = any(slots[container["name"]].state == RUNNING for container in spec["containers"])
    previous = initialized
    starts: list[str] = []
    kills: list[Kill] = []
    last = len(inits) - 1
    for index in range(last, -1, -1):
        container = inits[index]
        slot = slots[container["name"]]
        sidecar = is_sidecar(container)
        if slot.state == ABSENT:
            if previous and sidecar:
                starts.append(container["name"])
            continue
        if previous and not sidecar:
            continue
        if slot.state == RUNNING:
            if sidecar:
                step = _running_sidecar(inits, index, slot, previous)
                starts.extend(step.to_start)
                kills.extend(step.to_kill)
                initialized = initialized or step.initialized
        elif sidecar:
            starts.append(container["name"])
        elif slot.exit_code != 0:
            if deleted or not should_restart(container, spec, slot.exit_code):
                return _Initialization(False, True, (), tuple(kills))
            starts.append(container["name"])
        elif index == last:
            initialized = True
        else:
            starts.append(inits[index + 1]["name"])
        previous = True
    if not previous:
        starts.append(inits[0]["name"])
    return _Initialization(initialized, False, tuple(reversed(starts)), tuple(kills))


def _running_sidecar(inits: list[Obj], index: int, slot: Slot, previous: bool) -> _Initialization:
    """A running sidecar counts as initialized once it has started.

    Failed probes restart it, and so do another image and a resize that asks for it.
    """
    name, container = slot.name, inits[index]
    startup = probe_result(slot, "startup")
    if startup and startup != SUCCESS:
        if startup == FAILURE:
            failed = Kill(name, f"Init container {name} failed startup probe", "startup")
            return _Initialization(False, False, (name,), (failed,))
        return _Initialization(False)
    starts: list[str] = []
    initialized = index == len(inits) - 1
    if not initialized and not previous:
        starts.append(inits[index + 1]["name"])
    kill: Kill | None = None
    if slot.image and slot.image != container["image"]:
        kill = Kill(name, f"Init container {name} definition changed")
    elif probe_result(slot, "liveness") == FAILURE:
        kill = Kill(name, f"Init container {name} failed liveness probe", "liveness")
    elif slot.resources is not None and restart_needed(slot.resources, container):
        kill = Kill(name, f"Container {name} resize requires restart")
    if kill is not None:
        return _Initialization(initialized, False, (*starts, name), (kill,))
    return _Initialization(initialized, False, tuple(starts))
