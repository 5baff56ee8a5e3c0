"""NodeVolumeLimits: a node can attach only so many volumes of a driver.

Models pkg/scheduler/framework/plugins/nodevolumelimits/csi.go, v1.36, without
the in-tree volumes that upstream translates to CSI.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import dig
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import CLUSTER_SCOPE, SKIP, NodeInfo, Plugin, PodInfo, Status
from k8slab.scheduler.traits import claim_names
from k8slab.scheduler.volumes import csi_source
from k8slab.store.view import View

_FULL = Status(("node(s) exceed max volume count",))


class LimitState(NamedTuple):
    """What is stored, and the Pod's volumes: driver by name of the volume."""

    view: View
    volumes: dict[tuple[str, str], None]


def _volumes(view: View, pod: PodInfo) -> dict[tuple[str, str], None]:
    """Driver and handle of each CSI volume that a Pod uses through a claim."""
    found: dict[tuple[str, str], None] = {}
    for name in claim_names(pod):
        claim = view.get("PersistentVolumeClaim", (pod.namespace, name))
        source = None if claim is None else csi_source(view, claim)
        if source is not None:
            found[source] = None
    return found


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    if not pod.traits.claims:
        return SKIP
    return LimitState(cycle.view, _volumes(cycle.view, pod))


def _limits(view: View, node: NodeInfo) -> dict[str, int]:
    drivers = dig(view.get("CSINode", ("", node.name)) or {}, "spec", "drivers", default=())
    counts = ((driver["name"], dig(driver, "allocatable", "count")) for driver in drivers)
    return {name: count for name, count in counts if count is not None}


def _filter(state: LimitState, node: NodeInfo) -> Status | None:
    limits = _limits(state.view, node)
    if not limits or not state.volumes:
        return None
    attached: dict[tuple[str, str], None] = {}
    for other in node.pods.values():
        if other.traits.claims:
            attached.update(_volumes(state.view, other))
    for attachment in state.view.list("VolumeAttachment"):
        if attachment["spec"]["nodeName"] == node.name:
            name = dig(attachment, "spec", "source", "persistentVolumeName", default="")
            source = dig(state.view.get("PersistentVolume", ("", name)) or {}, "spec", "csi")
            if source is not None:
                attached[(source["driver"], source["volumeHandle"])] = None
    for driver, limit in limits.items():
        used = sum(1 for one, _ in attached if one == driver)
        new = sum(1 for volume in state.volumes if volume[0] == driver and volume not in attached)
        if new and used + new > limit:
            return _FULL
    return None


PLUGIN = Plugin("NodeVolumeLimits", 8, CLUSTER_SCOPE, pre_filter=_pre_filter, filter=_filter)
