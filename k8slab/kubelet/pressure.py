"""Which pressures a node's kubelet reports: what was short there, now or some minutes ago.

Models pkg/kubelet/nodestatus/setters.go (MemoryPressureCondition and its like), v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import Key, Obj
from k8slab.store.view import View

MEMORY_PRESSURE, DISK_PRESSURE, PID_PRESSURE = "MemoryPressure", "DiskPressure", "PIDPressure"
RECORD = "NodePressure"
"""The internal kind that holds a node's pressures, by the node's name."""


class Pressure(NamedTuple):
    """A condition of nodes, and what it says where all is well and where it isn't."""

    condition: str
    reason: str
    message: str
    bad_reason: str
    bad_message: str


PRESSURES = (
    Pressure(
        MEMORY_PRESSURE,
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
        "KubeletHasInsufficientMemory",
        "kubelet has insufficient memory available",
    ),
    Pressure(
        DISK_PRESSURE,
        "KubeletHasNoDiskPressure",
        "kubelet has no disk pressure",
        "KubeletHasDiskPressure",
        "kubelet has disk pressure",
    ),
    Pressure(
        PID_PRESSURE,
        "KubeletHasSufficientPID",
        "kubelet has sufficient PID available",
        "KubeletHasInsufficientPID",
        "kubelet has insufficient PID available",
    ),
)


def pressures_of(view: View, node: Key) -> tuple[str, ...]:
    """The conditions that a node's kubelet reports as true."""
    record = view.get(RECORD, node)
    return tuple(record["conditions"]) if record is not None else ()


def record_of(node: str, conditions: tuple[str, ...]) -> Obj | None:
    """The record of a node's pressures; None where there are none."""
    if not conditions:
        return None
    return {"apiVersion": "lab", "kind": RECORD, "metadata": {"name": node}, "conditions": list(conditions)}
