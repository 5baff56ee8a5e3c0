"""What can be made to fail in a lab: nodes, zones, disks, containers, the image registry; how Pods are used.

A failure is a fact about the world outside the API: a machine without power, a
process that is gone, a registry that doesn't answer. It is told to the World as
an object of an internal kind, or as the end of a process, and from there on
everything takes its course: no component knows that it was done on purpose.

`CATALOGUE` names them all, for menus and for those who look for ideas.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from k8slab.api import quantities
from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj
from k8slab.cluster import api
from k8slab.cluster.api import component_actor
from k8slab.cluster.dispatch import execute as carry_out
from k8slab.cluster.streams import pod_at
from k8slab.cluster.world import World
from k8slab.containers.images import REGISTRY_OUTAGE
from k8slab.containers.loads import load
from k8slab.containers.mounts import current_run, note_exit, sandbox_of, with_hung
from k8slab.containers.overlay import Overlay
from k8slab.containers.storage import filled
from k8slab.kubelet.node import DISK_KIBIBYTES
from k8slab.kubelet.shortage import MOST_PROCESSES, SYSTEM_MEMORY_BYTES

__all__ = [
    "CATALOGUE",
    "Failure",
    "amount_of",
    "end_container",
    "fill_storage",
    "full_disk",
    "full_memory",
    "hang_container",
    "load",
    "load_spec",
    "nearly_all_pids",
    "set_registry",
]

KILLED_CODE = 137
"""128 and the number of SIGKILL."""


class Failure(NamedTuple):
    """One way to break a lab. `verb` is the lab's method; it takes a name unless `of` is `Cluster`."""

    verb: str
    of: Literal["Node", "Zone", "Pod", "Cluster"]
    does: str
    mended_by: str = ""


CATALOGUE: tuple[Failure, ...] = (
    Failure(
        "crash", "Node", "Cut the node's power: its containers die and its kubelet falls silent.", "recover"
    ),
    Failure(
        "disconnect",
        "Node",
        "Cut the node off the network: its containers go on, but nobody hears of them.",
        "recover",
    ),
    Failure(
        "stop_kubelet",
        "Node",
        "Stop the node's kubelet: its containers go on and are reached, but nobody looks after them.",
        "recover",
    ),
    Failure("fill_disk", "Node", "Fill the node's disk, so that its kubelet evicts Pods.", "recover"),
    Failure(
        "fill_memory",
        "Node",
        "Let something else than Pods take the node's memory, so that its kubelet evicts Pods.",
        "recover",
    ),
    Failure(
        "use_up_pids",
        "Node",
        "Let something else than Pods use up the node's process numbers, so that its kubelet evicts Pods.",
        "recover",
    ),
    Failure(
        "slow_node",
        "Node",
        "Let all that the node's kubelet does take twenty times longer, and answers to probes come late.",
        "recover",
    ),
    Failure("skew_clock", "Node", "Put the node's clock five minutes forward.", "recover"),
    Failure("crash_zone", "Zone", "Cut the power of every node of a zone.", "recover_zone"),
    Failure("remove_node", "Node", "Take the node's machine away for good."),
    Failure("kill", "Pod", "Kill the main process of the Pod's first container, as SIGKILL does."),
    Failure(
        "hang",
        "Pod",
        "Stop the Pod's first container in the middle of its work: it answers nobody.",
        "resume",
    ),
    Failure("run_out_of_memory", "Pod", "Let the kernel kill the Pod's first container for its memory."),
    Failure("fill_storage", "Pod", "Let the Pod write more to its disk than it may, or than there is room."),
    Failure("stop_api_server", "Cluster", "Let nobody's request be answered.", "start_api_server"),
    Failure("slow_api_server", "Cluster", "Let every request take two seconds longer.", "mend_api_server"),
    Failure("refuse_writes", "Cluster", "Let three in ten writes of components fail.", "mend_api_server"),
    Failure("break_registry", "Cluster", "Let every pull of an image fail.", "mend_registry"),
)


def _running(pod: Obj, container: str) -> str:
    """The name of a running container, the first one where none is named. ApiError where it doesn't run."""
    name = pod["metadata"]["name"]
    names = [one["name"] for one in (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ()))]
    wanted = container or names[0]
    if wanted not in names:
        raise ApiError(400, "BadRequest", f"container {wanted} is not valid for pod {name}")
    statuses = pod.get("status") or {}
    known = (*(statuses.get("containerStatuses") or ()), *(statuses.get("initContainerStatuses") or ()))
    if not any(one["name"] == wanted and "running" in (one.get("state") or {}) for one in known):
        raise ApiError(400, "BadRequest", f'container "{wanted}" in pod "{name}" is not running')
    return str(wanted)


def hang_container(world: World, key: Key, container: str, hung: bool, cause: int) -> None:
    """Stop a running container's process in the middle of its work, as SIGSTOP does, or let it go on.

    ApiError as for `end_container`.
    """
    pod = pod_at(world, key)
    name = _running(pod, container)
    sandbox = with_hung(sandbox_of(Overlay(world), pod), name, hung)
    api.put_internal(world, "Sandbox", key, sandbox, cause)


def end_container(world: World, key: Key, container: str, reason: str, cause: int) -> None:
    """Let a running container's process die by SIGKILL; `reason` is what the runtime says of it.

    Without a name the first container is meant. ApiError where there is no such
    Pod or container, where it doesn't run, or where its node can't be reached.
    """
    pod = pod_at(world, key)
    name = _running(pod, container)
    box, actor = Overlay(world), component_actor("kernel", "kernel")
    run = current_run(pod, name)
    note_exit(box, pod, name, run, KILLED_CODE, world.now_us, reason=reason)
    for action in box.flush():
        carry_out(world, actor, action, cause)


DISK_FULL_PERCENT = 96
"""How full a disk is after it was filled."""


def full_disk() -> int:
    """How many bytes fill a node's disk."""
    return DISK_KIBIBYTES * 1024 * DISK_FULL_PERCENT // 100


MEMORY_LEFT_BYTES = 64 * 1024 * 1024
PIDS_LEFT = 1000
"""What is left of memory and of process numbers after they were taken: too little."""


def full_memory(machine: Obj) -> int:
    """How many bytes take nearly all that a node's own services leave of its memory."""
    capacity = quantities.units(str(machine["spec"].get("memory", "8Gi")))
    return max(1, capacity - SYSTEM_MEMORY_BYTES - MEMORY_LEFT_BYTES)


def nearly_all_pids() -> int:
    """How many processes leave room for few others."""
    return MOST_PROCESSES - PIDS_LEFT


def amount_of(text: str | None, all_of_it: int) -> int | None:
    """How much of something is to be taken: all of it where nothing is said, None for nothing."""
    return all_of_it if text is None else quantities.units(text) or None


def fill_storage(world: World, key: Key, size: str | None, volume: str, cause: int) -> None:
    """Let a Pod take so much of its disk: in an emptyDir (its first one), else in its first container.

    Without a size it is more than the limit there, or fills the node's disk. ApiError where there
    is no such Pod or volume, or where it doesn't run; ValueError for a bad size.
    """
    pod = pod_at(world, key)
    directories = [one["name"] for one in pod["spec"].get("volumes") or () if "emptyDir" in one]
    if volume and volume not in directories:
        raise ApiError(400, "BadRequest", f"volume {volume} is not an emptyDir of pod {key[1]}")
    if (pod.get("status") or {}).get("phase") != "Running":
        raise ApiError(400, "BadRequest", f'pod "{key[1]}" is not running')
    name = volume or (directories[0] if directories else "")
    size_bytes = _beyond(pod, name) if size is None else quantities.units(size)
    part, slot = ("volumes", name) if name else ("roots", pod["spec"]["containers"][0]["name"])
    sandbox = filled(sandbox_of(Overlay(world), pod), part, slot, size_bytes)
    sandbox = {**sandbox, "changes": sandbox["changes"] + 1}
    api.put_internal(world, "Sandbox", key, sandbox, cause)


def _beyond(pod: Obj, volume: str) -> int:
    """A tenth more than the limit of a volume or of the first container, else what fills a disk."""
    if volume:
        sources = {one["name"]: one.get("emptyDir") or {} for one in pod["spec"]["volumes"]}
        limit = sources[volume].get("sizeLimit")
    else:
        limits = (pod["spec"]["containers"][0].get("resources") or {}).get("limits") or {}
        limit = limits.get("ephemeral-storage")
    return quantities.units(limit) * 11 // 10 if limit else full_disk()


def set_registry(world: World, *, down: bool, cause: int) -> bool:
    """Let pulls fail from now on, or succeed again. Whether that is a change."""
    if (world.get("Outage", REGISTRY_OUTAGE) is not None) == down:
        return False
    outage: Obj = {"apiVersion": "lab", "kind": "Outage", "metadata": {"name": REGISTRY_OUTAGE[1]}}
    api.put_internal(world, "Outage", REGISTRY_OUTAGE, outage if down else None, cause)
    return True


def load_spec(cpu: str | None, memory: str | None, metrics: dict[str, str]) -> Obj:
    """The spec of a `Load` from quantities such as `250m` and `1Gi`. ValueError for a bad one."""
    spec: Obj = {}
    if cpu is not None:
        spec["cpuMillis"] = quantities.milli(cpu)
    if memory is not None:
        spec["memoryBytes"] = quantities.units(memory)
    for quantity in metrics.values():
        quantities.milli(quantity)
    if metrics:
        spec["metrics"] = metrics
    return spec
