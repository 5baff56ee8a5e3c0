"""The spreading that every Pod of a Service or a controller gets: softly over hosts, then zones.

Models pkg/scheduler/framework/plugins/podtopologyspread (system defaults) and
plugins/helper/spread.go (DefaultSelector), v1.36.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slab.api.meta import controller_of
from k8slab.api.selectors import Selector, from_label_selector, from_labels, matches
from k8slab.scheduler.framework import PodInfo, SpreadConstraint
from k8slab.scheduler.traits import merged

if TYPE_CHECKING:
    from k8slab.scheduler.cycle import Cycle

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"

HOST_SKEW = 3
ZONE_SKEW = 5

_OWNERS = {
    "ReplicationController": "v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
}


def default_selector(cycle: Cycle, pod: PodInfo) -> Selector:
    """What picks out the Pods of the same Services and controller; empty where there are none."""
    view = cycle.view
    selector: Selector = ()
    for service in view.list("Service", namespace=pod.namespace):
        of_service = service["spec"].get("selector")
        if of_service is not None and matches(from_labels(of_service), pod.labels):
            selector = merged(selector, from_labels(of_service))
    owner = controller_of(pod.obj)
    if owner is None or _OWNERS.get(owner["kind"]) != owner["apiVersion"]:
        return selector
    found = view.get(owner["kind"], (pod.namespace, owner["name"]))
    if found is None:
        return selector
    of_owner = found["spec"].get("selector")
    if owner["kind"] == "ReplicationController":
        return merged(selector, from_labels(of_owner))
    return merged(selector, from_label_selector(of_owner))


def default_constraints(cycle: Cycle, pod: PodInfo) -> tuple[SpreadConstraint, ...]:
    """The system's constraints for a Pod that has none of its own."""
    selector = default_selector(cycle, pod)
    if not selector:
        return ()
    return (
        SpreadConstraint(HOST_SKEW, HOSTNAME, selector, "ScheduleAnyway"),
        SpreadConstraint(ZONE_SKEW, ZONE, selector, "ScheduleAnyway"),
    )


def weighted(count: int, max_skew: int, weight: float) -> float:
    """What the Pods near a node add to its raw score for one constraint."""
    return count * weight + (max_skew - 1)


def rounded(total: float) -> int:
    """Half away from zero, as Go's math.Round does; for what can't be negative."""
    return int(total + 0.5)
