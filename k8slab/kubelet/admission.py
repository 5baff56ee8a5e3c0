"""Whether a node's kubelet takes a Pod that was bound to it.

The scheduler has asked the same questions, but a Pod may come past it (with
`spec.nodeName` in its manifest), or two may race.

Models pkg/kubelet/lifecycle/predicate.go and
pkg/scheduler/framework/plugins/noderesources/fit.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import Obj, labels_of
from k8slab.api.quantities import nano
from k8slab.store.view import View

NANO = 1_000_000_000
_REASONS = {
    "cpu": "OutOfcpu",
    "memory": "OutOfmemory",
    "ephemeral-storage": "OutOfephemeral-storage",
    "pods": "OutOfpods",
}


class Rejection(NamedTuple):
    """Why a Pod may not run here: it becomes Failed with this reason."""

    reason: str
    message: str


def rejection(view: View, pod: Obj, node: Obj) -> Rejection | None:
    """The first reason to reject, or None. Only a Pod that the scheduler did not place needs asking."""
    spec = pod["spec"]
    system = (spec.get("os") or {}).get("name")
    if system and system != "linux":
        return Rejection("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
    if labels_of(pod).get("kubernetes.io/os", "linux") != "linux":
        return Rejection(
            "PodOSSelectorNodeLabelDoesNotMatch",
            "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
        )
    return _lack(view, pod, node) or _label_mismatch(spec, node)


def _label_mismatch(spec: Obj, node: Obj) -> Rejection | None:
    labels = labels_of(node)
    for label, value in (spec.get("nodeSelector") or {}).items():
        if labels.get(label) != value:
            return Rejection(
                "NodeAffinity",
                "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
            )
    return None


def _lack(view: View, pod: Obj, node: Obj) -> Rejection | None:
    """The resource of which too little is left."""
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    if not allocatable:
        return None
    name = node["metadata"]["name"]
    wanted = pod_requests(pod["spec"])
    others = []
    for other in view.list("Pod", node=name):
        if other["metadata"]["uid"] == pod["metadata"]["uid"]:
            continue
        if (other.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
            others.append(other)
    limit = int(nano(str(allocatable.get("pods", "0")))) // NANO
    if len(others) + 1 > limit:
        return _insufficient("pods", 1, len(others), limit)
    used: dict[str, int] = {}
    for other in others if wanted else ():
        for resource, amount in pod_requests(other["spec"]).items():
            used[resource] = used.get(resource, 0) + amount
    for resource in sorted(wanted):
        if resource not in allocatable:
            continue
        capacity = nano(str(allocatable[resource]))
        if wanted[resource] > capacity - used.get(resource, 0):
            unit = NANO // 1000 if resource == "cpu" else NANO
            amounts = (wanted[resource], used.get(resource, 0), capacity)
            return _insufficient(resource, *(-(-amount // unit) for amount in amounts))
    return None


def _insufficient(resource: str, requested: int, used: int, capacity: int) -> Rejection:
    reason = _REASONS.get(resource, f"OutOf{resource}")
    return Rejection(
        reason,
        f"Node didn't have enough resource: {resource}, "
        f"requested: {requested}, used: {used}, capacity: {capacity}",
    )


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
