"""VolumeZone: a volume that is labelled with a zone is used in that zone.

Models pkg/scheduler/framework/plugins/volumezone, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import labels_of
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import CLUSTER_SCOPE, SKIP, NodeInfo, Plugin, PodInfo, Status
from k8slab.scheduler.traits import claim_names
from k8slab.scheduler.volumes import DELAYED, class_of_claim

PLACE_LABELS = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region": "topology.kubernetes.io/region",
}
"""The labels that bind a volume to a place, and what each is called today."""

_CONFLICT = Status(("node(s) had no available volume zone",), resolvable=False)


class VolumePlace(NamedTuple):
    """A label of a volume, and the values of it that will do."""

    label: str
    values: tuple[str, ...]


def _unresolvable(reason: str) -> Status:
    return Status((reason,), resolvable=False)


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    places: list[VolumePlace] = []
    for name in claim_names(pod):
        claim = cycle.view.get("PersistentVolumeClaim", (pod.namespace, name))
        if claim is None:
            return _unresolvable(f'persistentvolumeclaim "{name}" not found')
        volume_name = claim["spec"].get("volumeName")
        if not volume_name:
            class_name = class_of_claim(claim)
            if not class_name:
                return _unresolvable("PersistentVolumeClaim had no pv name and storageClass name")
            found = cycle.view.get("StorageClass", ("", class_name))
            if found is None:
                return _unresolvable(f'storageclass.storage.k8s.io "{class_name}" not found')
            if found.get("volumeBindingMode") == DELAYED:
                continue
            return _unresolvable("PersistentVolume had no name")
        volume = cycle.view.get("PersistentVolume", ("", volume_name))
        if volume is None:
            return _unresolvable(f'persistentvolume "{volume_name}" not found')
        labels = labels_of(volume)
        places += [
            VolumePlace(label, tuple(labels[label].split("__"))) for label in PLACE_LABELS if label in labels
        ]
    return tuple(places) or SKIP


def _filter(places: tuple[VolumePlace, ...], node: NodeInfo) -> Status | None:
    labels = node.labels
    if not any(label in labels for label in PLACE_LABELS):
        # A cluster without zones has no zone conflicts.
        return None
    for label, values in places:
        value = labels.get(label, labels.get(PLACE_LABELS[label]))
        if value not in values:
            return _CONFLICT
    return None


PLUGIN = Plugin("VolumeZone", 10, CLUSTER_SCOPE, pre_filter=_pre_filter, filter=_filter)
