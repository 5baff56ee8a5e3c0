"""How Pods are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj, condition_is, is_terminating
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of, since


def _row(obj: Obj, now_us: int) -> Cells:
    spec, status = obj["spec"], obj.get("status") or {}
    seen = summary_of(obj)
    restarts = str(seen.restarts)
    if seen.restarts and seen.last_restart:
        restarts = f"{seen.restarts} ({since(seen.last_restart, now_us)} ago)"
    return (
        obj["metadata"]["name"],
        f"{seen.ready}/{seen.total}",
        seen.reason,
        restarts,
        age_of(obj, now_us),
        _address(status) or "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        _readiness_gates(spec, status),
    )


def _address(status: Obj) -> str:
    """The first of `podIPs`; where `podIP` says something else it counts, as in upstream's conversion."""
    addresses = status.get("podIPs") or [{}]
    address: str = status.get("podIP") or addresses[0].get("ip", "")
    return address


_FINISHED = {"Succeeded": "The pod has completed successfully.", "Failed": "The pod failed."}


def _conditions(obj: Obj) -> list[Obj]:
    phase = (obj.get("status") or {}).get("phase", "")
    if phase not in _FINISHED:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": _FINISHED[phase]}]


class Summary(NamedTuple):
    """What the statuses of a Pod's containers come to. `last_restart` is empty where it is unknown."""

    reason: str
    ready: int
    total: int
    restarts: int
    last_restart: str


def _sidecars(spec: Obj) -> tuple[str, ...]:
    """The init containers that go on running beside the others."""
    return tuple(
        container["name"]
        for container in spec.get("initContainers") or ()
        if container.get("restartPolicy") == "Always"
    )


def _restarts(statuses: Sequence[Obj]) -> tuple[int, str]:
    """How often these containers were restarted, and when last."""
    count, last = 0, ""
    for status in statuses:
        count += status.get("restartCount", 0)
        terminated = (status.get("lastState") or {}).get("terminated")
        if terminated:
            last = max(last, terminated.get("finishedAt") or "")
    return count, last


def summary_of(pod: Obj) -> Summary:
    """The one word that `kubectl get` shows for a Pod, and what stands beside it."""
    spec, status = pod["spec"], pod.get("status") or {}
    reason = status.get("reason") or status.get("phase", "")
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    statuses = status.get("containerStatuses") or ()
    total = len(spec.get("containers") or ())
    if spec.get("initContainers") or status.get("initContainerStatuses"):
        reason, ready, sidecars, restarts, last_restart = _with_init_containers(pod, reason, statuses)
        total += sidecars
    else:
        restarts, last_restart = _restarts(statuses)
        reason, ready = _main_containers(pod, statuses, reason)
    if is_terminating(pod) and status.get("reason") == "NodeLost":
        reason = "Unknown"
    elif is_terminating(pod) and status.get("phase") not in _FINISHED:
        reason = "Terminating"
    return Summary(reason, ready, total, restarts, last_restart)


def _with_init_containers(pod: Obj, reason: str, statuses: Sequence[Obj]) -> tuple[str, int, int, int, str]:
    """The reason, how many containers are ready, how many sidecars there are, restarts and the last one."""
    spec, status = pod["spec"], pod.get("status") or {}
    sidecars = _sidecars(spec)
    init_statuses = status.get("initContainerStatuses") or ()
    seen, init_reason, ready = _init_containers(
        init_statuses, sidecars, len(spec.get("initContainers") or ())
    )
    reason = init_reason or reason
    restarts, last_restart = _restarts(init_statuses[:seen])
    if not init_reason or condition_is(pod, "Initialized"):
        running = [one for one in init_statuses[:seen] if one["name"] in sidecars]
        restarts, last_restart = _restarts([*running, *statuses])
        reason, main_ready = _main_containers(pod, statuses, reason)
        ready += main_ready
    return reason, ready, len(sidecars), restarts, last_restart


def _init_containers(statuses: Sequence[Obj], sidecars: Sequence[str], total: int) -> tuple[int, str, int]:
    """How far initialization got, by the init containers' statuses.

    Gives how many statuses were looked at, the reason to show (empty once all
    are through), and how many sidecars among them are ready.
    """
    ready = 0
    for position, status in enumerate(statuses):
        state = status.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if terminated is not None and terminated.get("exitCode", 0) == 0:
            continue
        if status["name"] in sidecars and status.get("started"):
            ready += bool(status.get("ready"))
            continue
        if terminated is not None:
            return position + 1, f"Init:{_exit_reason(terminated)}", ready
        if waiting.get("reason") and waiting["reason"] != "PodInitializing":
            return position + 1, f"Init:{waiting['reason']}", ready
        return position + 1, f"Init:{position}/{total}", ready
    return len(statuses), "", ready


def _exit_reason(terminated: Obj) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _main_containers(pod: Obj, statuses: Sequence[Obj], reason: str) -> tuple[str, int]:
    """The reason that the containers give, the first one's above the others', and how many are ready."""
    ready = 0
    error_reason = ""
    for status in reversed(statuses):
        state = status.get("state") or {}
        waiting, terminated = state.get("waiting"), state.get("terminated")
        if waiting and waiting.get("reason"):
            reason = waiting["reason"]
        elif terminated is not None:
            reason = _exit_reason(terminated)
            if terminated.get("exitCode", 0) != 0:
                error_reason = reason
        elif status.get("ready") and state.get("running") is not None:
            ready += 1
    if reason == "Completed":
        if ready and condition_is(pod, "Ready"):
            reason = "Running"
        elif error_reason:
            reason = error_reason
        elif ready:
            reason = "NotReady"
    return reason, ready


def _readiness_gates(spec: Obj, status: Obj) -> str:
    gates = spec.get("readinessGates") or ()
    if not gates:
        return "<none>"
    pod = {"status": status}
    open_gates = sum(condition_is(pod, gate["conditionType"]) for gate in gates)
    return f"{open_gates}/{len(gates)}"


TABLE = Table(
    (
        NAME,
        Column("Ready", description="The aggregate readiness state of this pod for accepting traffic."),
        Column("Status", description="The aggregate status of the containers in this pod."),
        Column(
            "Restarts",
            description=(
                "The number of times the containers in this pod have been restarted and when the last"
                " container in this pod has restarted."
            ),
        ),
        AGE,
        Column(
            "IP",
            priority=1,
            description=(
                "podIP address allocated to the pod. Routable at least within the cluster. Empty if "
                "not yet allocated."
            ),
        ),
        Column(
            "Node",
            priority=1,
            description=(
                "NodeName indicates in which node this pod is scheduled. If empty, this pod is a "
                "candidate for scheduling by the scheduler defined in schedulerName. Once this field "
                "is set, the kubelet for this node becomes responsible for the lifecycle of this pod."
                " This field should not be used to express a desire for the pod to be scheduled on a "
                "specific node. "
                "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename"
            ),
        ),
        Column(
            "Nominated Node",
            priority=1,
            description=(
                "nominatedNodeName is set only when this pod preempts other pods on the node, but it "
                "cannot be scheduled right away as preemption victims receive their graceful "
                "termination periods. This field does not guarantee that the pod will be scheduled on"
                " this node. Scheduler may decide to place the pod elsewhere if other nodes become "
                "available sooner. Scheduler may also decide to give the resources on this node to a "
                "higher priority pod that is created after preemption. As a result, this field may be"
                " different than PodSpec.nodeName when the pod is scheduled."
            ),
        ),
        Column(
            "Readiness Gates",
            priority=1,
            description=(
                "If specified, all readiness gates will be evaluated for pod readiness. A pod is "
                "ready when all its containers are ready AND all conditions specified in the "
                'readiness gates have status equal to "True" More info: '
                "https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates"
            ),
        ),
    ),
    _row,
    _conditions,
)
