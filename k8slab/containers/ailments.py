"""What can be wrong with a node that goes on working: that it is slow, and that its clock is.

Both are facts about the `Machine`. A slow one lacks CPU or has a poor disk: what
its kubelet and runtime do takes a multiple of its time, and an answer to a probe may come
too late. A clock that is off shows in every time that the kubelet writes (into
the statuses of Pods and of the node, into its Lease) and in what programs there
read. Nothing that is measured on the node itself changes by it, and the node
controller goes by its own clock, so that such a node stays Ready.

Models the use of clocks in pkg/controller/nodelifecycle/node_lifecycle_controller.go
(`probeTimestamp`) and pkg/kubelet/kubelet_node_status.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.containers.overlay import Overlay
from k8slab.store.view import View

SLOWNESS, SKEW = "slowness", "clockSkewUs"
"""The fields of a Machine's spec: how many times longer things take, and how far its clock is ahead."""
PROBE_US = 50_000
"""How long a healthy program takes for its answer to a probe."""


def slowness_of(machine: Obj) -> int:
    """How many times longer than elsewhere things take on a machine."""
    return int(machine["spec"].get(SLOWNESS, 1))


def skew_of(machine: Obj) -> int:
    """How many microseconds a machine's clock is ahead."""
    return int(machine["spec"].get(SKEW, 0))


def skew_on(view: View | Overlay, node: str) -> int:
    """The same of the machine of a name; 0 where there is none."""
    machine = view.get("Machine", ("", node))
    return skew_of(machine) if machine is not None else 0
