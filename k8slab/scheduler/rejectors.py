"""Which rules refused a Pod, read from the sentence that says so in its condition.

Upstream's queue holds the names of the plugins that refused a Pod beside it. Here they
are found in the Pod itself, so that they are the same after a fork and a rewind.

Models pkg/scheduler/framework/types.go (QueuedPodInfo.UnschedulablePlugins), v1.36.
"""

from __future__ import annotations

import re
from functools import lru_cache

from k8slab.api.meta import condition_of
from k8slab.scheduler.framework import PodInfo

_SAYINGS = {
    "NodeUnschedulable": r"were unschedulable",
    "NodeName": r"didn't match the requested node name",
    "TaintToleration": r"had untolerated taint",
    "NodeAffinity": r"node affinity/selector|pod affinity terms conflict|plugin\(s\) \[NodeAffinity\]",
    "NodePorts": r"free ports for the requested pod ports",
    "NodeResourcesFit": r"\bInsufficient |\bToo many pods",
    "VolumeRestrictions": r"had no available disk|ReadWriteOncePod access mode"
    r'|(?<!create the )persistentvolumeclaim "[^"]*" not found',
    "NodeVolumeLimits": r"exceed max volume count",
    "VolumeBinding": r"unbound immediate PersistentVolumeClaims|PersistentVolume's node affinity"
    r"|available persistent volumes to bind|enough free storage|bound to non-existent"
    r'|persistentvolumeclaim "[^"]*" is being deleted|was not created for pod'
    r"|waiting for ephemeral volume controller",
    "VolumeZone": r"no available volume zone|had no pv name and storageClass name"
    r'|PersistentVolume had no name|persistentvolume "[^"]*" not found|storageclass\.storage\.k8s\.io',
    "PodTopologySpread": r"pod topology spread constraints",
    "InterPodAffinity": r"pod affinity rules|pod anti-affinity rules|pods anti-affinity rules",
    "DynamicResources": r"cannot allocate all claims|resourceclaim|resource claim|device class",
    "NodeDeclaredFeatures": r"required features",
}
"""What each rule says when it refuses a node, or the Pod as a whole."""

_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _SAYINGS.items())
_AFTERWARDS = re.compile(
    r" (?:no new claims to deallocate|still not schedulable|deallocation of ResourceClaim completed), "
)
"""Where the part begins that is about preemption."""


@lru_cache(maxsize=4096)
def named_in(message: str) -> frozenset[str]:
    """The rules that a message of the scheduler speaks of."""
    said = _AFTERWARDS.split(message, maxsplit=1)[0]
    return frozenset(name for name, pattern in _PATTERNS if pattern.search(said))


def rejectors_of(pod: PodInfo) -> frozenset[str]:
    """The rules that refused a Pod when it was last tried; none where it wasn't, or nobody knows."""
    condition = condition_of(pod.obj, "PodScheduled")
    if condition is None or condition.get("reason") != "Unschedulable":
        return frozenset()
    return named_in(condition.get("message") or "")
