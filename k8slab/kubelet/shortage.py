"""What a node may run out of: memory, room on its disk, process numbers; how much is left, and who takes it.

A kubelet with upstream's defaults has no threshold for process numbers; here
there is one of a tenth, as clusters that are sold as a service have.

What the node's own services take, and what a failure has let somebody else than
Pods take, counts as well: fields of the `Machine` say the latter.

Models pkg/kubelet/eviction/{helpers,defaults_linux}.go (makeSignalObservations,
thresholdsMet, the ranking functions, evictionMessage), v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.meta import Key, Obj, key_of
from k8slab.containers.loads import memory_use
from k8slab.containers.storage import Usage, usage_of
from k8slab.kubelet.admission import NANO, pod_requests
from k8slab.kubelet.images import images_on
from k8slab.kubelet.pressure import DISK_PRESSURE, MEMORY_PRESSURE, PID_PRESSURE
from k8slab.store.view import View

DISK, MEMORY, PIDS = "diskFilledBytes", "memoryTakenBytes", "processesTaken"
"""The fields of a Machine's spec that say what somebody else than Pods has taken."""
SYSTEM_MEMORY_BYTES = 380 * 1024 * 1024
"""What a node's own services take."""
SYSTEM_PROCESSES = 180
MOST_PROCESSES = 32768
"""How many processes a node's kernel lets there be."""
MEMORY_LEFT_BYTES = 100 * 1024 * 1024
PIDS_LEFT_PERCENT = 10
_DISK_THRESHOLDS = (10, 15)
"""The percentages of the disk that must be free: `nodefs.available` and `imagefs.available`."""


class Use(NamedTuple):
    """What a Pod takes: of the disk, of memory by container (bytes), and how many processes it has."""

    pod: Obj
    disk: Usage
    memory: dict[str, int]
    processes: int

    @property
    def memory_bytes(self) -> int:
        """All memory, that of volumes in memory included."""
        in_memory = sum(self.disk.volumes.get(name, 0) for name in self.disk.in_memory)
        return sum(self.memory.values()) + in_memory


class Disk(NamedTuple):
    """How large a node's disk is and how much of it is free, in bytes."""

    capacity: int
    available: int


class Shortage(NamedTuple):
    """A resource that is short: how much of it must be free, and how much is, as texts."""

    condition: str
    resource: str
    wanted: str
    available: str


def use_of(view: View, pod: Obj) -> Use:
    """What a Pod takes now; a container that doesn't run takes neither memory nor processes."""
    running = [
        one["name"]
        for one in (pod.get("status") or {}).get("containerStatuses") or ()
        if "running" in (one.get("state") or {})
    ]
    memory = {name: size for name, size in memory_use(view, pod).items() if name in running}
    # The sandbox has a process of its own.
    return Use(pod, usage_of(view, pod), memory, len(running) + 1)


def shortages_of(view: View, machine: Obj, uses: Iterable[Use]) -> list[Shortage]:
    """What a node has too little of, in the order in which it is reclaimed: memory comes first."""
    name, taken = machine["metadata"]["name"], machine["spec"]
    capacity = ((view.get("Node", ("", name)) or {}).get("status") or {}).get("capacity") or {}
    known = tuple(uses)
    found = (
        _short_of_memory(capacity, taken.get(MEMORY, 0), known),
        _short_of_disk(disk_of(view, machine, known)),
        _short_of_pids(taken.get(PIDS, 0), known),
    )
    return [one for one in found if one is not None]


def _short_of_memory(capacity: Obj, taken: int, uses: Iterable[Use]) -> Shortage | None:
    total = quantities.units(capacity.get("memory", "0"))
    available = max(0, total - SYSTEM_MEMORY_BYTES - taken - sum(use.memory_bytes for use in uses))
    if available >= MEMORY_LEFT_BYTES:
        return None
    return Shortage(MEMORY_PRESSURE, "memory", _bytes(MEMORY_LEFT_BYTES), _bytes(available))


def disk_of(view: View, machine: Obj, uses: Iterable[Use]) -> Disk:
    """A node's disk. Images lie on it as well as what Pods write."""
    name = machine["metadata"]["name"]
    node = view.get("Node", ("", name)) or {}
    capacity = quantities.units(
        ((node.get("status") or {}).get("capacity") or {}).get("ephemeral-storage", "0")
    )
    images = sum(image.size_bytes for image in images_on(view, name))
    written = sum(use.disk.on_disk for use in uses)
    return Disk(capacity, max(0, capacity - machine["spec"].get(DISK, 0) - images - written))


def _short_of_disk(disk: Disk) -> Shortage | None:
    """The sharpest of the thresholds that the disk is below."""
    for percent in _DISK_THRESHOLDS:
        wanted = disk.capacity * percent // 100
        if disk.available < wanted:
            return Shortage(DISK_PRESSURE, "ephemeral-storage", _bytes(wanted), _bytes(disk.available))
    return None


def _short_of_pids(taken: int, uses: Iterable[Use]) -> Shortage | None:
    available = max(0, MOST_PROCESSES - SYSTEM_PROCESSES - taken - sum(use.processes for use in uses))
    wanted = MOST_PROCESSES * PIDS_LEFT_PERCENT // 100
    if available >= wanted:
        return None
    family = quantities.DECIMAL_SI
    return Shortage(PID_PRESSURE, "pids", _bytes(wanted), quantities.from_units(available, family))


# Who goes first.


def ranked(uses: Iterable[Use], resource: str) -> list[Use]:
    """Pods in the order in which they are evicted when a resource is short."""
    return sorted(uses, key=_RANKS[resource])


def _request(pod: Obj, resource: str) -> int:
    return pod_requests(pod["spec"]).get(resource, 0) // NANO


def _priority(use: Use) -> int:
    return use.pod["spec"].get("priority") or 0


def _by_memory(use: Use) -> tuple[bool, int, int, Key]:
    """Those above their request go first, then the less important, then the largest."""
    above = use.memory_bytes - _request(use.pod, "memory")
    return (above <= 0, _priority(use), -above, key_of(use.pod))


def _by_disk(use: Use) -> tuple[bool, int, int, Key]:
    """The same of the disk."""
    above = use.disk.on_disk - _request(use.pod, "ephemeral-storage")
    return (above <= 0, _priority(use), -above, key_of(use.pod))


def _by_processes(use: Use) -> tuple[int, int, Key]:
    """Nobody requests processes: the less important go first, then who has the most."""
    return (_priority(use), -use.processes, key_of(use.pod))


_RANKS: dict[str, Callable[[Use], tuple[object, ...]]] = {
    "memory": _by_memory,
    "ephemeral-storage": _by_disk,
    "pids": _by_processes,
}


# What is said of it.


def _bytes(amount: int) -> str:
    return quantities.from_units(amount)


def low_words(use: Use, shortage: Shortage) -> str:
    """Why a Pod leaves a node that is short of something, and which containers took more than requested."""
    parts = [
        f"The node was low on resource: {shortage.resource}. ",
        f"Threshold quantity: {shortage.wanted}, available: {shortage.available}. ",
    ]
    pod, resource = use.pod, shortage.resource
    whole = ((pod["spec"].get("resources") or {}).get("requests") or {}).get(resource)
    if resource == "memory" and whole is not None:
        name = f"Pod {pod['metadata']['name']}"
        parts.append(_larger(name, use.memory_bytes, quantities.canonical(whole), resource))
    sizes = {"memory": use.memory, "ephemeral-storage": use.disk.layers}.get(resource, {})
    for container in pod["spec"]["containers"]:
        request = ((container.get("resources") or {}).get("requests") or {}).get(resource, "0")
        size = sizes.get(container["name"], 0)
        if size > quantities.units(request):
            name = f"Container {container['name']}"
            parts.append(_larger(name, size, quantities.canonical(request), resource))
    return "".join(parts)


def _larger(who: str, size: int, request: str, resource: str) -> str:
    return f"{who} was using {_bytes(size)}, request is {request}, has larger consumption of {resource}. "
