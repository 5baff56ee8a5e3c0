"""Whether a node's kubelet takes a Pod that was bound to it.

The scheduler has asked the same questions, but a Pod may come past it (with
`spec.nodeName` in its manifest), or two may race.

Models pkg/kubelet/lifecycle/predicate.go, pkg/kubelet/eviction/eviction_manager.go
(Admit), pkg/scheduler/eventhandlers.go (AdmissionCheck) and
pkg/scheduler/framework/plugins/noderesources/fit.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj, labels_of
from k8slab.api.placement import host_ports, labels_match_selector, ports_conflict, tolerates
from k8slab.api.quantities import nano
from k8slab.kubelet.pressure import MEMORY_PRESSURE, pressures_of
from k8slab.kubelet.qos import qos_class
from k8slab.store.view import View

NANO = 1_000_000_000
CRITICAL = 2_000_000_000
"""From this priority on the system depends on a Pod (`SystemCriticalPriority`)."""
_ORDER = {"cpu": 0, "memory": 1, "ephemeral-storage": 2}
"""The order in which resources are compared; others follow by name."""


SAFE_SYSCTLS = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
)
"""The settings of a Pod's own kernel namespaces that touch no other Pod."""


class Rejection(NamedTuple):
    """Why a Pod may not run here: it becomes Failed with this reason."""

    reason: str
    message: str


def rejection(
    view: View, pod: Obj, node: Obj, *, scheduled: bool, whatever_it_takes: bool = False
) -> Rejection | None:
    """The first reason to reject, or None.

    What the scheduler has reserved for a Pod that it placed (`scheduled`) is not added up again.
    `whatever_it_takes`: a lack of resources is no reason.
    """
    spec = pod["spec"]
    pressed = _pressed(spec, pressures_of(view, ("", node["metadata"]["name"])))
    if pressed is not None:
        return pressed
    if labels_of(pod).get("kubernetes.io/os", "linux") != "linux":
        return Rejection(
            "PodOSSelectorNodeLabelDoesNotMatch",
            "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
        )
    system = (spec.get("os") or {}).get("name")
    if system and system != "linux":
        return Rejection("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
    sysctl = _forbidden_sysctl(spec)
    if sysctl:
        return Rejection("SysctlForbidden", f"forbidden sysctl: {sysctl}")
    others = () if scheduled and not host_ports(spec) else others_on(view, pod, node)
    lack = None if scheduled or whatever_it_takes else _lack(others, spec, node)
    return lack or _label_mismatch(spec, node) or _taken_port(others, spec) or _untolerated(spec, node)


_PRESSED = {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}


def _pressed(spec: Obj, pressures: Sequence[str]) -> Rejection | None:
    """A node under pressure takes critical Pods only; short of memory alone, also those that request any."""
    if not pressures or (spec.get("priority") or 0) >= CRITICAL:
        return None
    if tuple(pressures) == (MEMORY_PRESSURE,):
        if qos_class(spec) != "BestEffort" or tolerates(spec.get("tolerations") or (), _PRESSED):
            return None
    return Rejection("Evicted", f"The node had condition: [{' '.join(pressures)}]. ")


def _forbidden_sysctl(spec: Obj) -> str:
    """Why a kernel setting may not be changed, or the empty string (`sysctl/allowlist.go`)."""
    for sysctl in (spec.get("securityContext") or {}).get("sysctls") or ():
        name = sysctl["name"].replace("/", ".")
        if name not in SAFE_SYSCTLS:
            return f'"{name}" not allowlisted'
        field, namespace = ("hostNetwork", "Net") if name.startswith("net.") else ("hostIPC", "IPC")
        if spec.get(field):
            return f'"{name}" not allowed with host {namespace} enabled'
    return ""


def others_on(view: View, pod: Obj, node: Obj) -> tuple[Obj, ...]:
    """The Pods of a node that its kubelet has taken: those that have a start time and have not ended."""
    found = []
    for other in view.list("Pod", node=node["metadata"]["name"]):
        status = other.get("status") or {}
        if status.get("startTime") and status.get("phase") not in ("Succeeded", "Failed"):
            if other["metadata"]["uid"] != pod["metadata"]["uid"]:
                found.append(other)
    return tuple(found)


def _failed(predicate: str, why: str) -> Rejection:
    return Rejection(predicate, f"Predicate {predicate} failed: {why}")


def _label_mismatch(spec: Obj, node: Obj) -> Rejection | None:
    labels = labels_of(node)
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    selector = spec.get("nodeSelector") or {}
    if all(labels.get(label) == value for label, value in selector.items()):
        if labels_match_selector(required, labels, node["metadata"]["name"]):
            return None
    return _failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")


def _taken_port(others: Iterable[Obj], spec: Obj) -> Rejection | None:
    wanted = host_ports(spec)
    used = [port for other in others for port in host_ports(other["spec"])] if wanted else []
    if any(ports_conflict(port, used) for port in wanted):
        return _failed("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    return None


def _untolerated(spec: Obj, node: Obj) -> Rejection | None:
    """Only taints that would drive the Pod away again count: a Pod past the scheduler may ignore others."""
    for taint in node["spec"].get("taints") or ():
        if taint["effect"] == "NoExecute" and not tolerates(spec.get("tolerations") or (), taint):
            return _failed("TaintToleration", "node(s) had taints that the pod didn't tolerate")
    return None


def _lack(others: Sequence[Obj], spec: Obj, node: Obj) -> Rejection | None:
    """The resource of which too little is left."""
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    if not allocatable:
        return None
    limit = int(nano(str(allocatable.get("pods", "0")))) // NANO
    if len(others) + 1 > limit:
        return _insufficient("pods", 1, len(others), limit)
    wanted = {name: amount for name, amount in pod_requests(spec).items() if amount}
    used: dict[str, int] = {}
    for other in others if wanted else ():
        for resource, amount in pod_requests(granted_spec(other)).items():
            used[resource] = used.get(resource, 0) + amount
    for resource in sorted(wanted, key=lambda name: (_ORDER.get(name, len(_ORDER)), name)):
        if resource not in allocatable and _is_extended(resource):
            continue
        capacity = nano(str(allocatable.get(resource, "0")))
        if wanted[resource] > capacity - used.get(resource, 0):
            unit = NANO // 1000 if resource == "cpu" else NANO
            amounts = (wanted[resource], used.get(resource, 0), capacity)
            return _insufficient(resource, *(-(-amount // unit) for amount in amounts))
    return None


def lacking(others: Sequence[Obj], spec: Obj, node: Obj) -> dict[str, int]:
    """All of which a Pod would find too little, in nano-units: a place counts as one unit of `pods`."""
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    wanted = {"pods": NANO, **{name: amount for name, amount in pod_requests(spec).items() if amount}}
    used = {"pods": len(others) * NANO}
    for other in others:
        for resource, amount in pod_requests(granted_spec(other)).items():
            used[resource] = used.get(resource, 0) + amount
    short = {}
    for resource in sorted(wanted, key=lambda name: (_ORDER.get(name, len(_ORDER)), name)):
        if resource in allocatable or not _is_extended(resource):
            missing = (
                wanted[resource] + used.get(resource, 0) - int(nano(str(allocatable.get(resource, "0"))))
            )
            if missing > 0:
                short[resource] = missing
    return short


def _is_extended(resource: str) -> bool:
    """Whether a resource is somebody's own: a kubelet that has never heard of it leaves it to others."""
    domain, slash, _ = resource.partition("/")
    return bool(slash) and not domain.endswith("kubernetes.io") and not resource.startswith("requests.")


def _insufficient(resource: str, requested: int, used: int, capacity: int) -> Rejection:
    return Rejection(
        f"OutOf{resource}",
        f"Node didn't have enough resource: {resource}, "
        f"requested: {requested}, used: {used}, capacity: {capacity}",
    )


def granted_spec(pod: Obj) -> Obj:
    """A Pod's spec with the requests that its kubelet has granted, as its status says them.

    They differ from the spec's own while a resize is deferred, or hasn't been looked at yet.
    """
    spec: Obj = pod["spec"]
    status = pod.get("status") or {}
    if status.get("observedGeneration") == pod["metadata"].get("generation"):
        if not any(one["type"] == "PodResizePending" for one in status.get("conditions") or ()):
            return spec
    granted = {
        one["name"]: one["allocatedResources"]
        for field in ("containerStatuses", "initContainerStatuses")
        for one in status.get(field) or ()
        if "allocatedResources" in one
    }
    result = dict(spec)
    for field in ("containers", "initContainers"):
        if spec.get(field):
            result[field] = [_granted(one, granted.get(one["name"])) for one in spec[field]]
    if spec.get("resources") and status.get("allocatedResources"):
        result["resources"] = {**spec["resources"], "requests": status["allocatedResources"]}
    return result


def _granted(container: Obj, requests: Obj | None) -> Obj:
    if requests is None:
        return container
    return {**container, "resources": {**(container.get("resources") or {}), "requests": requests}}


def pod_requests(spec: Obj) -> dict[str, int]:
    """What a Pod asks for, in nano-units: its containers and sidecars, or its largest init container."""
    total: dict[str, int] = {}
    for container in spec["containers"]:
        _add(total, container)
    sidecars: dict[str, int] = {}
    peak: dict[str, int] = {}
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            _add(sidecars, container)
            _raise_to(peak, sidecars)
        else:
            here = dict(sidecars)
            _add(here, container)
            _raise_to(peak, here)
    for resource, amount in sidecars.items():
        total[resource] = total.get(resource, 0) + amount
    _raise_to(total, peak)
    for resource, text in ((spec.get("resources") or {}).get("requests") or {}).items():
        total[resource] = nano(str(text))
    for resource, text in (spec.get("overhead") or {}).items():
        total[resource] = total.get(resource, 0) + nano(str(text))
    return total


def _add(total: dict[str, int], container: Obj) -> None:
    for resource, text in ((container.get("resources") or {}).get("requests") or {}).items():
        total[resource] = total.get(resource, 0) + nano(str(text))


def _raise_to(total: dict[str, int], other: dict[str, int]) -> None:
    for resource, amount in other.items():
        if amount > total.get(resource, 0):
            total[resource] = amount
