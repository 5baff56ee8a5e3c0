"""NodeDeclaredFeatures: a Pod goes where the kubelet knows all that the Pod asks of it.

Models pkg/scheduler/framework/plugins/nodedeclaredfeatures, v1.36.
"""

from __future__ import annotations

from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import NODE_SCOPE, SKIP, NodeInfo, Plugin, PodInfo, Status

_REFUSED = Status(("node(s) didn't match Pod's required features",), resolvable=False)


def _pre_filter(cycle: Cycle, pod: PodInfo) -> object:
    return pod.traits.features or SKIP


def _filter(features: tuple[str, ...], node: NodeInfo) -> Status | None:
    declared = (node.obj.get("status") or {}).get("declaredFeatures") or ()
    return None if all(feature in declared for feature in features) else _REFUSED


PLUGIN = Plugin("NodeDeclaredFeatures", 18, NODE_SCOPE, pre_filter=_pre_filter, filter=_filter)
