"""VolumeRestrictions: a disk that one Pod may write isn't given to two; ReadWriteOncePod means one Pod.

Models pkg/scheduler/framework/plugins/volumerestrictions, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import CLUSTER_SCOPE, SKIP, NodeInfo, Plugin, PodInfo, Status

_DISK = Status(("node(s) had no available disk",))
_ONE_POD = Status(
    (
        "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode "
        "already in-use by another pod",
    )
)


class RestrictionState(NamedTuple):
    """The Pod, its claims that only one Pod may use, and how many Pods do."""

    pod: PodInfo
    exclusive: tuple[str, ...]
    users: int


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    exclusive = []
    for name, ephemeral in pod.traits.claims:
        if ephemeral:
            continue
        claim = cycle.view.get("PersistentVolumeClaim", (pod.namespace, name))
        if claim is None:
            return Status((f'persistentvolumeclaim "{name}" not found',), resolvable=False)
        if "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ()) and name not in exclusive:
            exclusive.append(name)
    used = cycle.cluster.claim_users
    users = sum(1 for name in exclusive if (pod.namespace, name) in used)
    if not pod.traits.disks and not users:
        return SKIP
    return RestrictionState(pod, tuple(exclusive), users)


def _with_pod(state: RestrictionState, other: PodInfo, node: NodeInfo, sign: int) -> RestrictionState:
    uses = sum(1 for name, ephemeral in other.traits.claims if not ephemeral and name in state.exclusive)
    return state._replace(users=state.users + sign * uses)


def _overlap(one: Obj, other: Obj) -> bool:
    return any(monitor in (other.get("monitors") or ()) for monitor in one.get("monitors") or ())


def _conflict(volume: Obj, other: Obj) -> bool:
    """Whether two volumes are the same disk, and not both only read it."""
    for kind, identity in (
        ("gcePersistentDisk", ("pdName",)),
        ("iscsi", ("iqn",)),
        ("rbd", ("pool", "image")),
    ):
        one, two = volume.get(kind), other.get(kind)
        if one and two and all(one.get(field) == two.get(field) for field in identity):
            if kind == "rbd" and not _overlap(one, two):
                continue
            if not (one.get("readOnly") and two.get("readOnly")):
                return True
    one, two = volume.get("awsElasticBlockStore"), other.get("awsElasticBlockStore")
    return bool(one and two and one.get("volumeID") == two.get("volumeID"))


def shares_disk(pod: PodInfo, other: PodInfo) -> bool:
    """Whether one of a Pod's disks is in the other's hands."""
    return any(_conflict(volume, used) for used in other.traits.disks for volume in pod.traits.disks)


def _filter(state: RestrictionState, node: NodeInfo) -> Status | None:
    if state.pod.traits.disks and any(shares_disk(state.pod, other) for other in node.pods.values()):
        return _DISK
    return _ONE_POD if state.users > 0 else None


PLUGIN = Plugin(
    "VolumeRestrictions", 7, CLUSTER_SCOPE, pre_filter=_pre_filter, filter=_filter, with_pod=_with_pod
)
