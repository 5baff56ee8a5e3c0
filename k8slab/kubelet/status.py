"""A Pod's status as its kubelet reports it: phase, conditions, container statuses.

Pure functions of the Pod and of what the kubelet remembers of it. Condition
and template dicts are shared between Pods wherever they are equal, because a
cluster holds hundreds of thousands of them.

Models pkg/kubelet/status/generate.go, kubelet_pods.go (getPhase,
convertToAPIContainerStatuses, generateAPIPodStatus) and
status/status_manager.go (mergePodStatus, normalizeStatus), v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from k8slab.api.kinds._pod_resources import Amounts, pod_limits, pod_requests
from k8slab.api.memo import remember, remember_with
from k8slab.api.meta import Obj
from k8slab.api.quantities import to_text
from k8slab.clock import timestamp
from k8slab.containers.mounts import who_of
from k8slab.kubelet.qos import qos_class
from k8slab.kubelet.restarts import should_restart
from k8slab.kubelet.runtime import ABSENT, EXITED, RUNNING, Runtime, Slot, is_sidecar, restarting

KUBELET_CONDITIONS = frozenset(
    (
        "PodScheduled",
        "Ready",
        "Initialized",
        "ContainersReady",
        "PodReadyToStartContainers",
        "AllContainersRestarting",
        "PodResizePending",
        "PodResizeInProgress",
    )
)
"""Conditions that the kubelet owns (pkg/kubelet/types/pod_status.go); others it leaves alone."""

TERMINAL = ("Succeeded", "Failed")
STATUS_UNKNOWN = "ContainerStatusUnknown"
_NOT_LOCATED = "The container could not be located when the pod was terminated"
_MAX_MESSAGE_BYTES = 12 * 1024


class _Counts(NamedTuple):
    """What `getPhase` counts of containers and sidecars."""

    unknown: int
    running: int
    waiting: int
    stopped: int
    final: int
    succeeded: int
    pending_sidecars: int


def phase_of(spec: Obj, statuses: dict[str, Obj], *, terminal: bool, initialized: bool) -> str:
    """The phase: Pending, Running, Succeeded or Failed.

    `statuses` are container statuses by name, `terminal` whether the Pod is
    done for good, `initialized` whether a regular container has ever started.
    """
    pending, failed = _count_inits(spec, statuses)
    if failed:
        return "Failed"
    counts = _count(spec, statuses)
    if pending or (counts.pending_sidecars and not initialized) or counts.waiting:
        return "Pending"
    if counts.running and not counts.unknown:
        return "Running"
    if not counts.running and counts.stopped and not counts.unknown:
        if not terminal and counts.stopped != counts.final:
            return "Running"
        return "Succeeded" if counts.stopped == counts.succeeded else "Failed"
    return "Pending"


def _ended(status: Obj) -> tuple[bool, Obj | None]:
    """Whether a container is down, and how its last run ended if that is known."""
    state = status.get("state") or {}
    if "terminated" in state:
        return True, state["terminated"]
    if "waiting" in state:
        return True, (status.get("lastState") or {}).get("terminated")
    return False, None


def _restartable(container: Obj, spec: Obj, ended: Obj) -> bool:
    restarting = ended.get("reason") == "RestartingAllContainers"
    return restarting or should_restart(container, spec, ended["exitCode"])


def _count_inits(spec: Obj, statuses: dict[str, Obj]) -> tuple[int, int]:
    """How many ordinary init containers are still to do, and how many failed for good."""
    pending = failed = 0
    for container in spec.get("initContainers") or ():
        if is_sidecar(container):
            continue
        status = statuses.get(container["name"])
        down, ended = _ended(status) if status else (False, None)
        if not down or ended is None:
            pending += 1
        elif ended["exitCode"] != 0 and not _restartable(container, spec, ended):
            failed += 1
    return pending, failed


def _count(spec: Obj, statuses: dict[str, Obj]) -> _Counts:
    unknown = running = waiting = stopped = final = succeeded = pending = 0
    for container in spec.get("initContainers") or ():
        if not is_sidecar(container):
            continue
        status = statuses.get(container["name"])
        if status is None:
            unknown += 1
            continue
        state = status.get("state") or {}
        if "running" in state:
            running += 1
            pending += not status.get("started")
        elif "waiting" in state:
            if not (status.get("lastState") or {}).get("terminated"):
                pending += 1
                waiting += 1
        elif "terminated" not in state:
            pending += 1
            unknown += 1
    for container in spec["containers"]:
        status = statuses.get(container["name"])
        state = (status.get("state") or {}) if status else {}
        if "running" in state:
            running += 1
        elif status is None or not state:
            unknown += 1
        else:
            _, ended = _ended(status)
            if ended is None:
                waiting += 1
                continue
            stopped += 1
            final += not _restartable(container, spec, ended)
            succeeded += "terminated" in state and ended["exitCode"] == 0
    return _Counts(unknown, running, waiting, stopped, final, succeeded, pending)


@lru_cache(maxsize=65536)
def condition(condition_type: str, status: str, reason: str, message: str, generation: int, at: str) -> Obj:
    """A Pod condition; equal ones are one and the same dict."""
    built: Obj = {"type": condition_type}
    if generation:
        built["observedGeneration"] = generation
    built["status"] = status
    built["lastProbeTime"] = None
    built["lastTransitionTime"] = at
    if reason:
        built["reason"] = reason
    if message:
        built["message"] = message
    return built


class Verdict(NamedTuple):
    """A condition's status with its reason and message."""

    status: str
    reason: str = ""
    message: str = ""


TRUE = Verdict("True")
FALSE = Verdict("False")


def _names(names: Sequence[str]) -> str:
    """A list as Go's `%s` prints it: `[a b]`."""
    return f"[{' '.join(names)}]"


def containers_ready(spec: Obj, statuses: dict[str, Obj] | None, phase: str) -> Verdict:
    """The condition ContainersReady. `statuses` is None where nothing is known at all."""
    if statuses is None:
        return Verdict("False", "UnknownContainerStatuses")
    unknown: list[str] = []
    unready: list[str] = []
    sidecars = [one for one in spec.get("initContainers") or () if is_sidecar(one)]
    for container in (*sidecars, *spec["containers"]) if sidecars else spec["containers"]:
        status = statuses.get(container["name"])
        if status is None:
            unknown.append(container["name"])
        elif not status.get("ready"):
            unready.append(container["name"])
    if phase == "Succeeded" and not unknown:
        return Verdict("False", "PodCompleted")
    if phase == "Failed":
        return Verdict("False", "PodFailed")
    messages = []
    if unknown:
        messages.append(f"containers with unknown status: {_names(unknown)}")
    if unready:
        messages.append(f"containers with unready status: {_names(unready)}")
    return Verdict("False", "ContainersNotReady", ", ".join(messages)) if messages else TRUE


def pod_ready(spec: Obj, statuses: dict[str, Obj] | None, phase: str, conditions: Sequence[Obj]) -> Verdict:
    """The condition Ready: ContainersReady, and every readiness gate."""
    ready = containers_ready(spec, statuses, phase)
    return _gated(spec, ready, conditions) if ready is TRUE else ready


def _gated(spec: Obj, ready: Verdict, conditions: Sequence[Obj]) -> Verdict:
    messages = []
    for gate in spec.get("readinessGates") or ():
        wanted = gate["conditionType"]
        found = next((one for one in conditions if one["type"] == wanted), None)
        if found is None:
            messages.append(f'corresponding condition of pod readiness gate "{wanted}" does not exist.')
        elif found["status"] != "True":
            messages.append(
                f'the status of pod readiness gate "{wanted}" is not "True", but {found["status"]}'
            )
    return Verdict("False", "ReadinessGatesNotReady", ", ".join(messages)) if messages else ready


def initialized(
    spec: Obj, statuses: dict[str, Obj] | None, phase: str, old_conditions: Sequence[Obj] = ()
) -> Verdict:
    """The condition Initialized."""
    inits = spec.get("initContainers") or ()
    if not inits:
        return Verdict("True", "PodCompleted") if phase == "Succeeded" else TRUE
    if statuses is None:
        return Verdict("False", "UnknownContainerStatuses")
    unknown: list[str] = []
    incomplete: list[str] = []
    for container in inits:
        status = statuses.get(container["name"])
        if status is None:
            unknown.append(container["name"])
        elif not status.get("started" if is_sidecar(container) else "ready"):
            incomplete.append(container["name"])
    if phase == "Succeeded" and not unknown:
        return Verdict("True", "PodCompleted")
    if _any_regular_started(spec, statuses):
        return TRUE
    messages = []
    if unknown:
        messages.append(f"containers with unknown status: {_names(unknown)}")
    if incomplete:
        messages.append(f"containers with incomplete status: {_names(incomplete)}")
    was_true = any(one["type"] == "Initialized" and one["status"] == "True" for one in old_conditions)
    if not messages or was_true:
        return TRUE
    return Verdict("False", "ContainersNotInitialized", ", ".join(messages))


def _any_regular_started(spec: Obj, statuses: dict[str, Obj]) -> bool:
    """Whether a regular container has ever started (`HasAnyRegularContainerStarted`)."""
    for container in spec["containers"]:
        status = statuses.get(container["name"])
        if status is None:
            continue
        state = status.get("state") or {}
        if "running" in state or "terminated" in state or (status.get("lastState") or {}).get("terminated"):
            return True
    return False


# Container statuses.


def terminated_state(slot: Slot) -> Obj:
    """The `terminated` state of a run that ended."""
    state: Obj = {
        "exitCode": slot.exit_code,
        "reason": slot.exit_reason or ("Completed" if slot.exit_code == 0 else "Error"),
    }
    if slot.exit_message:
        state["message"] = slot.exit_message[:_MAX_MESSAGE_BYTES]
    state["startedAt"] = timestamp(slot.started_us + slot.started_skew_us)
    state["finishedAt"] = timestamp(slot.finished_us + slot.finished_skew_us)
    state["containerID"] = slot.container_id
    return state


def container_status(
    container: Obj, slot: Slot, spec: Obj, images: Any, *, init: bool, deleted: bool, terminal: bool
) -> Obj:
    """One entry of containerStatuses.

    `images(name)` answers the image's full name and its ID. `init` is whether
    this is an init container, `deleted` whether nothing is started any more,
    `terminal` whether the Pod is gone for good.
    """
    name, status_image, image_id = slot.name, container["image"], ""
    state: Obj
    last: Obj = {"terminated": slot.last} if slot.last is not None else {}
    running = slot.state == RUNNING
    if slot.state == ABSENT:
        state, last = _absent_state(container, slot, spec, init, terminal, last)
    else:
        status_image, image_id = images(container["image"])
        if running:
            state = running_since(timestamp(slot.started_us + slot.started_skew_us))
        else:
            state = {"terminated": terminated_state(slot)}
            again = is_sidecar(container) if init else False
            if (
                slot.reason
                and not deleted
                and not (init and slot.exit_code == 0 and not again)
                and should_restart(container, spec, slot.exit_code)
            ):
                last = state
                state = {"waiting": _waiting(slot.reason, slot.message)}
    status: Obj = {"name": name, "state": state, "lastState": last}
    done_init = init and not is_sidecar(container) and slot.state == EXITED and slot.exit_code == 0
    plain_init = init and not is_sidecar(container)
    status["ready"] = (running and slot.ready and slot.started and not plain_init) or done_init
    status["restartCount"] = slot.run
    status["image"] = status_image
    status["imageID"] = image_id
    if slot.container_id:
        status["containerID"] = slot.container_id
    status["started"] = running and slot.started
    if slot.state != ABSENT:
        _add_resources(status, container, slot)
    if container.get("volumeMounts"):
        status["volumeMounts"] = [_mount_status(mount) for mount in container["volumeMounts"]]
    if running:
        status["user"] = _user(container, spec)
    return status


def _absent_state(
    container: Obj, slot: Slot, spec: Obj, init: bool, terminal: bool, last: Obj
) -> tuple[Obj, Obj]:
    """The state of a container that never ran: why it waits, or that it was never found."""
    if terminal:
        return {"terminated": _never_located()}, last
    default = "PodInitializing" if spec.get("initContainers") else "ContainerCreating"
    return {"waiting": _waiting(slot.reason or default, slot.message)}, last


@lru_cache(maxsize=1)
def _never_located() -> Obj:
    return {
        "exitCode": 137,
        "reason": STATUS_UNKNOWN,
        "message": _NOT_LOCATED,
        "startedAt": None,
        "finishedAt": None,
    }


@lru_cache(maxsize=4096)
def _waiting(reason: str, message: str) -> Obj:
    return {"reason": reason, "message": message} if message else {"reason": reason}


def _add_resources(status: Obj, container: Obj, slot: Slot) -> None:
    """What was allocated, and what is in force: a running container has what it was given last."""
    resources = container.get("resources")
    if resources is not None:
        requests = resources.get("requests")
        if requests:
            status["allocatedResources"] = requests
        in_force = slot.resources if slot.state == RUNNING else None
        status["resources"] = resources if in_force is None else in_force


def _mount_status(mount: Obj) -> Obj:
    status: Obj = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        status["readOnly"] = True
        recursive = mount.get("recursiveReadOnly") in ("Enabled", "IfPossible")
        status["recursiveReadOnly"] = "Enabled" if recursive else "Disabled"
    return status


def _user(container: Obj, spec: Obj) -> Obj:
    """The identity of the first process, as SupplementalGroupsPolicy reports it."""
    who = who_of({"spec": spec}, container)
    return _linux_user(who.user, who.groups[0], who.groups)


@lru_cache(maxsize=1024)
def _linux_user(uid: int, gid: int, groups: tuple[int, ...]) -> Obj:
    return {"linux": {"gid": gid, "supplementalGroups": list(groups), "uid": uid}}


class Report(NamedTuple):
    """What a status is made from, beside the Pod and the kubelet's memory.

    `terminal`: the containers are stopped for good. `final`: the Pod is
    terminated and cleaned up (`TerminatePod`).
    """

    host_ip: str
    images: Any
    now_us: int
    terminal: bool = False
    final: bool = False


def pod_status(pod: Obj, runtime: Runtime, report: Report) -> Obj:
    """The whole status, with what others wrote into it kept."""
    spec, old = restarting(pod["spec"], runtime.slots), pod.get("status") or {}
    deleted = "deletionTimestamp" in pod["metadata"] or report.terminal
    by_name = {slot.name: slot for slot in runtime.slots}
    inits: list[Obj] = []
    if spec.get("initContainers"):
        inits = [
            container_status(
                one, by_name[one["name"]], spec, report.images, init=True, deleted=deleted, terminal=False
            )
            for one in spec["initContainers"]
        ]
    ended = report.final and (not inits or _has_initialized(inits, spec))
    regular = [
        container_status(
            one, by_name[one["name"]], spec, report.images, init=False, deleted=deleted, terminal=ended
        )
        for one in spec["containers"]
    ]
    if len(regular) > 1:
        regular.sort(key=lambda status: status["name"])
    statuses = {status["name"]: status for status in (*inits, *regular)}
    started = RUNNING in [by_name[one["name"]].state for one in spec["containers"]]
    phase = phase_of(spec, statuses, terminal=report.terminal, initialized=started)
    made = _assemble(pod, old, runtime, report, phase, statuses, inits, regular)
    if not spec.get("ephemeralContainers"):
        return made
    later = [
        container_status(
            one, by_name[one["name"]], spec, report.images, init=False, deleted=True, terminal=False
        )
        for one in spec["ephemeralContainers"]
        if one["name"] in by_name
    ]
    return {**made, "ephemeralContainerStatuses": later} if later else made


def _has_initialized(inits: list[Obj], spec: Obj) -> bool:
    """Whether the last init container got through (`hasPodInitialized`)."""
    last = inits[-1]
    if is_sidecar(spec["initContainers"][-1]):
        return bool(last.get("started"))
    return bool(last.get("ready"))


def _assemble(
    pod: Obj,
    old: Obj,
    runtime: Runtime,
    report: Report,
    phase: str,
    statuses: dict[str, Obj],
    inits: list[Obj],
    regular: list[Obj],
) -> Obj:
    """Put the parts together and merge them with what is stored (`mergePodStatus`)."""
    old_phase = old.get("phase")
    running = RUNNING in [slot.state for slot in runtime.slots]
    if runtime.failed_reason:
        phase = "Failed"
    if old_phase in TERMINAL:
        phase = old_phase
    elif report.final and phase not in TERMINAL:
        phase = "Failed"
    written = old_phase if phase in TERMINAL and running and old_phase else phase
    conditions = _conditions(pod, old, runtime, report, phase, written, statuses)
    return filled(pod, old, runtime, report, written, conditions, inits, regular)


def filled(
    pod: Obj,
    old: Obj,
    runtime: Runtime,
    report: Report,
    phase: str,
    conditions: list[Obj],
    inits: Sequence[Obj],
    regular: list[Obj],
) -> Obj:
    """A status with these parts, and with what others wrote into the old one kept."""
    spec = pod["spec"]
    status: Obj = dict(old)
    generation = pod["metadata"].get("generation", 0)
    if generation:
        status["observedGeneration"] = generation
    status["phase"] = phase
    if runtime.failed_reason and phase == "Failed":
        status["reason"] = runtime.failed_reason
        if runtime.failed_message:
            status["message"] = runtime.failed_message
    status["conditions"] = conditions
    status["hostIP"] = report.host_ip
    status["hostIPs"] = _ip_list(report.host_ip)
    ip = report.host_ip if spec.get("hostNetwork") else runtime.ip
    if ip:
        status["podIP"] = ip
        status["podIPs"] = _ip_list(ip)
    if "startTime" not in old:
        status["startTime"] = timestamp(report.now_us)
    if inits:
        status["initContainerStatuses"] = inits
    status["containerStatuses"] = regular
    if spec.get("resources"):
        _add_pod_resources(status, spec, runtime)
    if "qosClass" not in old:
        status["qosClass"] = qos_class(spec)
    return status


def _add_pod_resources(status: Obj, spec: Obj, runtime: Runtime) -> None:
    """What was granted to a Pod as a whole, and what is in force (`convertToAPIPodLevelResourcesStatus`).

    Upstream says it of every Pod; here it is left out where it would be nothing but the containers' sum.
    """
    status["allocatedResources"] = _texts(pod_requests(spec))
    in_force = spec if runtime.resources is None else {**spec, "resources": runtime.resources}
    resources = {"limits": _texts(pod_limits(in_force)), "requests": _texts(pod_requests(in_force))}
    status["resources"] = {name: amounts for name, amounts in resources.items() if amounts}


def _texts(amounts: Amounts) -> dict[str, str]:
    return {name: to_text(amounts[name]) for name in sorted(amounts)}


@lru_cache(maxsize=4096)
def running_since(started_at: str) -> Obj:
    """The `running` state of a container."""
    return {"running": {"startedAt": started_at}}


@lru_cache(maxsize=65536)
def _ip_list(ip: str) -> list[Obj]:
    return [{"ip": ip}]


def _conditions(
    pod: Obj,
    old: Obj,
    runtime: Runtime,
    report: Report,
    phase: str,
    written: str,
    statuses: dict[str, Obj],
) -> list[Obj]:
    spec = pod["spec"]
    before = old.get("conditions") or ()
    ready = containers_ready(spec, statuses, phase)
    gated = ready
    if ready is TRUE and spec.get("readinessGates"):
        gated = _gated(spec, ready, _of_others(before))
    verdicts = [
        TRUE if runtime.sandbox_ready else FALSE,
        initialized(spec, statuses, phase, before),
        gated,
        ready,
        TRUE,
    ]
    if could_all_restart(spec):
        verdicts.append(_all_restarting(runtime, written))
    generation, now = pod["metadata"].get("generation", 0), timestamp(report.now_us)
    special = [one for one in (runtime.pending, runtime.resizing) if one is not None]
    special += _disruption(runtime, before, generation, now)
    if special:
        return _laid_out(before, special, generation, now, verdicts)
    return conditions_after(before, generation, now, *verdicts)


def _disruption(runtime: Runtime, before: Sequence[Obj], generation: int, now: str) -> list[Obj]:
    """The condition of a Pod that is evicted because its node is short of something, if it is new."""
    evicted = runtime.evicted
    if evicted is None or not evicted["isDisruption"]:
        return []
    if any(one["type"] == "DisruptionTarget" for one in before):
        return []
    message = evicted["condition"]
    return [condition("DisruptionTarget", "True", "TerminationByKubelet", message, generation, now)]


def _of_others(conditions: Sequence[Obj]) -> list[Obj]:
    return [one for one in conditions if one["type"] not in KUBELET_CONDITIONS]


_ORDER = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
    "AllContainersRestarting",
)
"""The order in which a kubelet writes its conditions."""


@remember_with
def conditions_after(before: Sequence[Obj], generation: int, now: str, *verdicts: Verdict) -> list[Obj]:
    """The conditions that follow on others, given the verdicts in `_ORDER`.

    Pods that start in the same second have the same conditions before and after, and share both lists.
    """
    return _laid_out(before, (), generation, now, verdicts)


def _laid_out(
    before: Sequence[Obj], special: Sequence[Obj], generation: int, now: str, verdicts: Sequence[Verdict]
) -> list[Obj]:
    kept = [*_of_others(before), *special]
    known = {one["type"]: one for one in before}
    for kind, verdict in zip(_ORDER, verdicts, strict=False):
        previous = known.get(kind)
        same = previous is not None and previous["status"] == verdict.status
        at = previous["lastTransitionTime"] if same and previous else now
        kept.append(condition(kind, *verdict, generation, at))
    return kept


def could_all_restart(spec: Obj) -> bool:
    """Whether a container's end can restart all of the Pod's containers."""
    if spec.get("initContainers") and _have_rule_for_all(spec["initContainers"]):
        return True
    return _have_rule_for_all(spec["containers"])


@remember
def _have_rule_for_all(containers: list[Obj]) -> bool:
    for container in containers:
        for rule in container.get("restartPolicyRules") or ():
            if rule.get("action") == "RestartAllContainers":
                return True
    return False


def _all_restarting(runtime: Runtime, phase: str) -> Verdict:
    if phase in TERMINAL:
        return Verdict("False", "PodCompleted" if phase == "Succeeded" else "PodFailed")
    if runtime.restarting_all:
        return Verdict("True", "RestartAllContainersStarted", "container exited with restart policy rule")
    return Verdict("False")


def rejected_status(pod: Obj, runtime: Runtime, report: Report) -> Obj:
    """The status of a Pod that the kubelet did not take (`rejectPod`): nothing but the reason."""
    old = pod.get("status") or {}
    kept = [one for one in old.get("conditions") or () if one["type"] not in KUBELET_CONDITIONS]
    status: Obj = {name: old[name] for name in ("qosClass", "startTime") if name in old}
    status.setdefault("qosClass", qos_class(pod["spec"]))
    status.setdefault("startTime", timestamp(report.now_us))
    if kept:
        status["conditions"] = kept
    status.update(phase="Failed", reason=runtime.failed_reason, message=runtime.failed_message)
    return status
