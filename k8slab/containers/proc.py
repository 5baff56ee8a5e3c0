"""What a container's processes see of each other: the part of /proc that tools read.

A container has a process namespace of its own, in which its command is process 1. Where a Pod shares
one, the sandbox's process is the first and all containers see each other; an ephemeral container
that targets another one joins that one's. Who has the node's (`hostPID`) sees all that runs there: the
first process, runtime and kubelet, and those of every Pod.

Models pkg/kubelet/kuberuntime/util/util.go (PodSandboxNamespaces, NamespacesForPod) and
pkg/kubelet/qos/policy.go (GetContainerOOMScoreAdjust), v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from k8slab.api.kinds._pod_resources import container_total, quality_of_service
from k8slab.api.meta import Obj
from k8slab.api.quantities import NANO_PER_UNIT, units
from k8slab.containers.files import Who
from k8slab.containers.program import Server, argv_of_service, executable_of, plain_command, server_of

SANDBOX = ("/pause",)
_SANDBOX_SCORE = -998
_FIRST, _STEP = 1, 6
_GUARANTEED, _BEST_EFFORT = -997, 1000
_NODE_CRITICAL = "system-node-critical"
_LISTS = (
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)


class Process(NamedTuple):
    """A process as one in a namespace sees it, and how soon it is killed for memory (`oom_score_adj`).

    `container` is whose it is, "" for a sandbox's or the node's own; `service` the place among the
    servers that the container's process has started, or -1 for that process itself.
    """

    pid: int
    argv: tuple[str, ...]
    score: int
    container: str = ""
    service: int = -1


_ROOT = Who(0, (0,))
_NO_RECORDS: Mapping[str, Obj] = {}
_OF_NODES = (
    Process(1, ("/sbin/init",), 0),
    Process(612, ("/usr/bin/containerd",), -999),
    Process(745, ("/usr/bin/kubelet", "--config=/var/lib/kubelet/config.yaml"), -999),
)
"""What runs on every node beside Pods."""
_FIRST_OF_PODS = 1000


def processes(
    pod: Obj,
    container: Obj,
    memory_bytes: int,
    others: Sequence[Obj] = (),
    records: Mapping[str, Obj] = _NO_RECORDS,
) -> tuple[Process, ...]:
    """The processes that one in `container` sees, by their numbers.

    `memory_bytes` is what the node has, `others` are all Pods of the node, for those that see them,
    and `records` those of the Pod's processes that do something by themselves, by container.
    """
    if pod["spec"].get("hostPID"):
        return _on_the_node(pod, container, memory_bytes, others)
    if pod["spec"].get("shareProcessNamespace"):
        seen: list[Obj | None] = [None, *_running(pod, container)]
    elif container.get("targetContainerName"):
        target = container["targetContainerName"]
        seen = [*(one for one in _running(pod, container) if one["name"] == target), container]
    else:
        seen = [container]
    found: list[Process] = []
    for place, one in enumerate(seen):
        record = records.get(one["name"]) if one is not None else None
        found.extend(_processes_of(_FIRST + _STEP * place, pod, one, memory_bytes, record))
    return tuple(found)


def _processes_of(
    pid: int, pod: Obj, container: Obj | None, memory_bytes: int, record: Obj | None
) -> Iterator[Process]:
    """A container's own process and the servers that it has started, or, with None, its sandbox's."""
    if container is None:
        yield Process(pid, SANDBOX, _SANDBOX_SCORE)
        return
    name, score = container["name"], oom_score_adjust(pod, container, memory_bytes)
    if record is None:
        server = server_of(container)
        argv = plain_command(container)
        yield Process(pid, _shown(server, argv), score, name)
        return
    started = [(place, one) for place, one in enumerate(record["services"]) if not one.get("ended")]
    replacing = [one for _, one in started if one.get("replaces")]
    yield Process(
        pid, _shown_of(container, replacing[0]) if replacing else tuple(record["argv"]), score, name
    )
    for place, one in started:
        if not one.get("replaces"):
            yield Process(pid + 1 + place, _shown_of(container, one), score, name, place)


def _shown_of(container: Obj, service: Obj) -> tuple[str, ...]:
    executable = executable_of(container["image"], argv_of_service(service))
    return _shown(executable.server if executable is not None else None, tuple(service["arguments"]))


def _shown(server: Server | None, argv: tuple[str, ...]) -> tuple[str, ...]:
    """A server's command line as `ps` shows it."""
    return server.shown if server is not None and server.shown else argv


def _on_the_node(pod: Obj, container: Obj, memory_bytes: int, others: Sequence[Obj]) -> tuple[Process, ...]:
    """All that runs on a node: its services, then the Pods' sandboxes, each with its containers."""
    found = list(_OF_NODES)
    for other in others:
        own = other["metadata"]["uid"] == pod["metadata"]["uid"]
        running = list(_running(other, container if own else _NOBODY))
        if running:
            for one in (None, *running):
                pid = _FIRST_OF_PODS + _STEP * (len(found) - len(_OF_NODES))
                found.extend(_processes_of(pid, other, one, memory_bytes, None))
    return tuple(found)


_NOBODY: Obj = {"name": ""}


def _running(pod: Obj, own: Obj) -> Iterator[Obj]:
    """The Pod's containers that run, in the spec's order; the own one always counts."""
    status: Obj = pod.get("status") or {}
    for field, statuses in _LISTS:
        running = [one["name"] for one in status.get(statuses) or () if "running" in (one.get("state") or {})]
        for one in pod["spec"].get(field) or ():
            if one["name"] in running or one["name"] == own["name"]:
                yield one


def proc_tree(
    pod: Obj,
    container: Obj,
    memory_bytes: int,
    others: Sequence[Obj] = (),
    records: Mapping[str, Obj] = _NO_RECORDS,
    who: Callable[[Obj], Who] = lambda container: _ROOT,
) -> dict[str, str]:
    """The files of those processes (see `processes`). `who` says as whom a container's are."""
    tree = {}
    own = {one["name"]: one for field, _ in _LISTS for one in pod["spec"].get(field) or ()}
    for process in processes(pod, container, memory_bytes, others, records):
        words = process.argv
        tree[f"/proc/{process.pid}/cmdline"] = "".join(f"{word}\0" for word in words)
        tree[f"/proc/{process.pid}/comm"] = f"{_command_name(words)}\n"
        tree[f"/proc/{process.pid}/oom_score_adj"] = f"{process.score}\n"
        owner = own.get(process.container)
        tree[f"/proc/{process.pid}/status"] = _status(pod, process, owner, who(owner) if owner else _ROOT)
    context = container.get("securityContext") or {}
    tree["/proc/self/status"] = (
        f"NoNewPrivs:\t{int(context.get('allowPrivilegeEscalation') is False)}\n"
        f"Seccomp:\t{2 if _is_filtered(pod, container) else 0}\nCpus_allowed_list:\t0-3\n"
    )
    return tree


_CAPABILITIES = (
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
)
"""By their numbers (include/uapi/linux/capability.h)."""
_EVERY = (1 << len(_CAPABILITIES)) - 1
_USUAL = 0xA80425FB
"""What containerd gives every container."""


def capabilities_of(pod: Obj, container: Obj) -> int:
    """The capabilities that a container may have, as the kernel's bits."""
    context = container.get("securityContext") or {}
    if context.get("privileged"):
        return _EVERY
    changed = context.get("capabilities") or {}
    bits = _USUAL
    for name in changed.get("drop") or ():
        bits &= ~_bit(name)
    for name in changed.get("add") or ():
        bits |= _bit(name)
    return bits


def _bit(name: str) -> int:
    name = name.upper().removeprefix("CAP_")
    if name == "ALL":
        return _EVERY
    return 1 << _CAPABILITIES.index(name) if name in _CAPABILITIES else 0


def _status(pod: Obj, process: Process, container: Obj | None, who: Who) -> str:
    """What /proc/PID/status tells of a process: its names, its user, and what it may do."""
    bounding = _EVERY if container is None else capabilities_of(pod, container)
    held = bounding if who.user == 0 else 0
    parent = process.pid - 1 - process.service if process.service >= 0 else 0
    lines = (
        ("Name", _command_name(process.argv)),
        ("State", "S (sleeping)"),
        ("Tgid", process.pid),
        ("Pid", process.pid),
        ("PPid", parent),
        ("Uid", "\t".join([str(who.user)] * 4)),
        ("Gid", "\t".join([str(who.groups[0])] * 4)),
        ("Groups", " ".join(str(one) for one in sorted(who.groups))),
        ("CapInh", f"{0:016x}"),
        ("CapPrm", f"{held:016x}"),
        ("CapEff", f"{held:016x}"),
        ("CapBnd", f"{bounding:016x}"),
        ("CapAmb", f"{0:016x}"),
    )
    return "".join(f"{name}:\t{value}\n" for name, value in lines)


def _command_name(words: Sequence[str]) -> str:
    """A program's own name, be it that it shows what it does behind it: `nginx: master process …`."""
    return words[0].partition(" ")[0].rpartition("/")[2].rstrip(":")[:15] if words else ""


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
