"""What a container's processes see of each other: the part of /proc that tools read.

A container has a process namespace of its own, in which its command is process 1. Where a Pod shares
one, the sandbox's process is the first and all containers see each other; an ephemeral container
that targets another one joins that one's.

Models pkg/kubelet/kuberuntime/util/util.go (PodSandboxNamespaces, NamespacesForPod) and
pkg/kubelet/qos/policy.go (GetContainerOOMScoreAdjust), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from k8slab.api.kinds._pod_resources import container_total, quality_of_service
from k8slab.api.meta import Obj
from k8slab.api.quantities import NANO_PER_UNIT, units
from k8slab.containers.program import plain_command

SANDBOX = ("/pause",)
_SANDBOX_USER = 65535
_FIRST, _STEP = 1, 6
_GUARANTEED, _BEST_EFFORT = -997, 1000
_NODE_CRITICAL = "system-node-critical"
_LISTS = (
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)


class Process(NamedTuple):
    """A container's own process, as one in a namespace sees it. `container` is None for the sandbox's."""

    pid: int
    argv: tuple[str, ...]
    container: Obj | None


def processes(pod: Obj, container: Obj) -> tuple[Process, ...]:
    """The containers' processes that one in `container` sees, by their numbers."""
    if pod["spec"].get("shareProcessNamespace"):
        seen: list[Obj | None] = [None, *_running(pod, container)]
    elif container.get("targetContainerName"):
        target = container["targetContainerName"]
        seen = [*(one for one in _running(pod, container) if one["name"] == target), container]
    else:
        seen = [container]
    return tuple(
        Process(_FIRST + _STEP * place, SANDBOX if one is None else plain_command(one), one)
        for place, one in enumerate(seen)
    )


def _running(pod: Obj, own: Obj) -> Iterator[Obj]:
    """The Pod's containers that run, in the spec's order; the own one always counts."""
    status: Obj = pod.get("status") or {}
    for field, statuses in _LISTS:
        running = [one["name"] for one in status.get(statuses) or () if "running" in (one.get("state") or {})]
        for one in pod["spec"].get(field) or ():
            if one["name"] in running or one["name"] == own["name"]:
                yield one


def proc_tree(pod: Obj, container: Obj, memory_bytes: int) -> dict[str, str]:
    """The files of those processes. `memory_bytes` is what the node has."""
    tree = {}
    for process in processes(pod, container):
        words = process.argv
        tree[f"/proc/{process.pid}/cmdline"] = "".join(f"{word}\0" for word in words)
        tree[f"/proc/{process.pid}/comm"] = f"{words[0].rpartition('/')[2] if words else ''}\n"
        score = -998 if process.container is None else oom_score_adjust(pod, process.container, memory_bytes)
        tree[f"/proc/{process.pid}/oom_score_adj"] = f"{score}\n"
    tree["/proc/self/status"] = (
        f"Seccomp:\t{2 if _is_filtered(pod, container) else 0}\nCpus_allowed_list:\t0-3\n"
    )
    return tree


def _is_filtered(pod: Obj, container: Obj) -> bool:
    """Whether a seccomp profile restricts the container; without one it is unconfined."""
    contexts = [(one or {}).get("securityContext") or {} for one in (container, pod["spec"])]
    if contexts[0].get("privileged"):
        return False
    profiles = [one["seccompProfile"] for one in contexts if one.get("seccompProfile")]
    return bool(profiles) and profiles[0].get("type") != "Unconfined"


def oom_score_adjust(pod: Obj, container: Obj, memory_bytes: int) -> int:
    """How much sooner (up to 1000) or later (down to -1000) the kernel kills a container for memory."""
    spec = pod["spec"]
    quality = quality_of_service(spec)
    if spec.get("priorityClassName") == _NODE_CRITICAL or quality == "Guaranteed":
        return _GUARANTEED
    if quality == "BestEffort":
        return _BEST_EFFORT
    capacity = max(memory_bytes, 1)
    extra = _unclaimed(spec)
    score = 1000 - 1000 * (_memory(container) + extra) // capacity
    sidecar = container.get("restartPolicy") == "Always"
    if sidecar and any(one["name"] == container["name"] for one in spec.get("initContainers") or ()):
        least = min(_memory(one) for one in spec["containers"])
        score = min(score, 1000 - 1000 * (least + extra) // capacity)
    if score < 1000 + _GUARANTEED:
        return 1000 + _GUARANTEED
    return _BEST_EFFORT - 1 if score == _BEST_EFFORT else score


def _memory(container: Obj) -> int:
    requests = (container.get("resources") or {}).get("requests") or {}
    return units(str(requests.get("memory", "0")))


def _unclaimed(spec: Obj) -> int:
    """Each container's share of the memory that only the Pod as a whole asks for."""
    requests = (spec.get("resources") or {}).get("requests") or {}
    if "memory" not in requests:
        return 0
    count = len(spec["containers"]) + len(spec.get("initContainers") or ())
    asked = container_total(spec, "requests").get("memory")
    left = units(str(requests["memory"])) - (asked.nano // NANO_PER_UNIT if asked is not None else 0)
    return left // count
