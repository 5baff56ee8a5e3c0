"""A kubelet's care for its own Node object: registration, status, lease.

A healthy node's heartbeats are virtual: nothing is stored while nothing
changes. Whoever needs to know when a kubelet was last heard of reads the
machine (`lastHeartbeatUs` of one that cannot report). A machine whose
`heartbeats` are `Stored` writes them all the same, for clients that watch them.

Models pkg/kubelet/kubelet_node_status.go, nodestatus/setters.go and
staging/src/k8s.io/component-helpers/apimachinery/lease/controller.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from k8slab.api.declared_features import DECLARED
from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, assoc
from k8slab.api.quantities import compare, to_text
from k8slab.api.quantities import parse as parse_quantity
from k8slab.clock import SECOND_US, micro_timestamp, timestamp
from k8slab.components import Component, Create, Done, Memory, Plan, Put, Record, Update, Watch
from k8slab.containers.ailments import skew_of
from k8slab.containers.images import resolve
from k8slab.kubelet.addresses import node_ip, pod_cidr
from k8slab.kubelet.pressure import PRESSURES, RECORD, pressures_of
from k8slab.kubelet.status import TERMINAL
from k8slab.kubelet.volumes import attached_volumes, claims_of
from k8slab.store.aspects import BOUND, CLAIMS, REMOVED
from k8slab.store.view import Change, View
from k8slab.timing import HEARTBEAT_US

VERSION = "v1.36.2"
READY_AFTER_US = SECOND_US
"""How long after its registration a kubelet has its runtime and network ready."""
REPORT_US = 10 * SECOND_US
"""A changed status is reported at the next tick of `nodeStatusUpdateFrequency`."""
LEASE_SECONDS = 40
STATUS_US = 300 * SECOND_US
"""A status that didn't change is reported every `nodeStatusReportFrequency`."""
_MAX_IMAGES = 50

_NOT_READY = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Register the node, make it Ready, and report what changed."""
    name = key[1]
    machine = view.get("Machine", key)
    if machine is None:
        return Done(memory=None, why=f"{name} has no machine")
    if not is_working(machine):
        return Done(memory={**(memory or {}), "silent": True}, why=f"the kubelet of {name} cannot report")
    node = view.get("Node", key)
    if node is None:
        return (yield from _register(machine, now_us))
    known = memory or {}
    if known.get("skewUs", 0) != skew_of(machine):
        # The next heartbeat carries other times than was thought.
        known = {**known, "silent": True}
    return (yield from _update(view, machine, node, now_us, known))


def is_working(machine: Obj) -> bool:
    """Whether a machine's kubelet runs and reaches the API server."""
    spec = machine["spec"]
    return (spec["power"], spec["network"], spec["kubelet"]) == ("On", "Up", "Running")


def _register(machine: Obj, now_us: int) -> Plan:
    node = new_node(machine, now_us + skew_of(machine))
    try:
        stored = yield Create("Node", node)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
        return Done(look_again_us=READY_AFTER_US)
    if stored is not None:
        node = stored
    yield _event(node, "Starting", "Starting kubelet.")
    for one in PRESSURES:
        yield _status_event(node, one.reason)
    yield _event(node, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods")
    return Done(look_again_us=READY_AFTER_US, memory={"registeredUs": now_us, "skewUs": skew_of(machine)})


def _event(node: Obj, reason: str, message: str) -> Record:
    """An Event about the node; upstream's reference carries the node's name as its uid."""
    name = node["metadata"]["name"]
    about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}}
    return Record(about, "Normal", reason, message, component="kubelet", host=name)


def _status_event(node: Obj, reason: str) -> Record:
    """The Event of a condition's new reason: `KubeletHasDiskPressure` is told as `NodeHasDiskPressure`."""
    told = reason.replace("Kubelet", "Node", 1)
    return _event(node, told, f"Node {node['metadata']['name']} status is now: {told}")


def _update(view: View, machine: Obj, node: Obj, now_us: int, memory: Obj) -> Plan:
    name = node["metadata"]["name"]
    known = memory.get("registeredUs", 0)
    if now_us < known + READY_AFTER_US:
        return Done(look_again_us=known + READY_AFTER_US - now_us)
    skew_us, silent = skew_of(machine), memory.get("silent", False)
    untold_us = -(now_us - known - READY_AFTER_US) % REPORT_US
    if untold_us and not silent and _is_overwritten(machine, node):
        return Done(look_again_us=untold_us, memory=memory)
    beats = _beats(machine, memory, now_us)
    yield from _renew_lease(view, node, now_us + skew_us, silent or beats.renews)
    status = _status(view, machine, node, now_us, skew_us)
    was_ready = _is_ready(node.get("status") or {})
    had, has = _pressures(node.get("status") or {}), pressures_of(view, ("", name))
    if _worth_reporting(node.get("status") or {}, status, silent or beats.reports):
        yield Update("Node", {**node, "status": status}, "status")
    if not was_ready:
        yield _event(node, "NodeReady", f"Node {name} status is now: NodeReady")
    for one in PRESSURES:
        if (one.condition in had) != (one.condition in has):
            yield _status_event(node, one.bad_reason if one.condition in has else one.reason)
    yield from _forget_unmounted(view, name, now_us)
    looks = [one for one in (_next_look(view, name, now_us), beats.look_again_us) if one is not None]
    return Done(
        look_again_us=min(looks, default=None),
        memory={"registeredUs": known, "skewUs": skew_us, **beats.memory},
    )


class _Beats(NamedTuple):
    """Which heartbeats of a machine that stores them are due, when the next is, and what to keep in mind."""

    renews: bool
    reports: bool
    look_again_us: int | None
    memory: Obj


def _beats(machine: Obj, memory: Obj, now_us: int) -> _Beats:
    if machine["spec"].get("heartbeats") != "Stored":
        return _Beats(False, False, None, {})
    renewed_us, reported_us = memory.get("renewedUs", now_us), memory.get("reportedUs", now_us)
    renews, reports = now_us >= renewed_us + HEARTBEAT_US, now_us >= reported_us + STATUS_US
    renewed_us = now_us if renews else renewed_us
    kept = {"renewedUs": renewed_us, "reportedUs": now_us if reports else reported_us}
    return _Beats(renews, reports, renewed_us + HEARTBEAT_US - now_us, kept)


def _next_look(view: View, node: str, now_us: int) -> int | None:
    """How long until there is more to report: an image that was pulled, a volume that was unmounted."""
    pulling_us = _pulled_later(view, node, now_us)
    dues = [mounts["untilUs"] for mounts in _mounts(view, node) if mounts["untilUs"] > now_us]
    if pulling_us:
        dues.append(max(pulling_us, now_us) + REPORT_US)
    return min(dues) - now_us if dues else None


def _worth_reporting(old: Obj, new: Obj, silent: bool) -> bool:
    """Whether anything but heartbeat times changed; after a silence those count too."""
    if silent:
        return True

    def bare(status: Obj) -> Obj:
        conditions = [
            {field: value for field, value in one.items() if field != "lastHeartbeatTime"}
            for one in status.get("conditions") or ()
        ]
        return {**status, "conditions": conditions}

    return bare(old) != bare(new)


def _is_overwritten(machine: Obj, node: Obj) -> bool:
    """Whether the resources of a node are not as its kubelet would tell them: somebody else wrote them."""
    status = node.get("status") or {}
    told = [status.get(field) or {} for field in ("capacity", "allocatable")]
    wanted = _resources(machine, told[0])
    return any(
        one.keys() != wanted.keys() or any(compare(one[name], wanted[name]) for name in wanted)
        for one in told
    )


def _is_ready(status: Obj) -> bool:
    for condition in status.get("conditions") or ():
        if condition["type"] == "Ready":
            return bool(condition["status"] == "True")
    return False


def _pressures(status: Obj) -> list[str]:
    """The conditions of a node that are true, Ready among them."""
    return [one["type"] for one in status.get("conditions") or () if one["status"] == "True"]


def _renew_lease(view: View, node: Obj, now_us: int, silent: bool) -> Plan:
    name = node["metadata"]["name"]
    lease = view.get("Lease", ("kube-node-lease", name))
    if lease is None:
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
        yield Create(
            "Lease",
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": name, "namespace": "kube-node-lease", "ownerReferences": [owner]},
                "spec": {
                    "holderIdentity": name,
                    "leaseDurationSeconds": LEASE_SECONDS,
                    "renewTime": micro_timestamp(now_us),
                },
            },
        )
    elif silent:
        yield Update("Lease", assoc(lease, "spec", "renewTime", micro_timestamp(now_us)))
    return Done()


def new_node(machine: Obj, now_us: int) -> Obj:
    """The Node object with which a kubelet registers.

    It has the TTL annotation of a small cluster, which its controller would give it a moment later.
    """
    name, spec = machine["metadata"]["name"], machine["spec"]
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        **(spec.get("labels") or {}),
    }
    cidr = pod_cidr(spec.get("number", 0))
    node: Obj = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": {"podCIDR": cidr, "podCIDRs": [cidr]},
    }
    return {**node, "status": _base_status(machine, _conditions({}, now_us, ready=False), {})}


DISK_KIBIBYTES = 103022120
"""How large a node's disk is."""


def _resources(machine: Obj, known: Obj) -> Obj:
    """What a machine has; what somebody else advertises, an extended resource, stays (`MachineInfo`)."""
    spec = machine["spec"]
    return {
        **known,
        "cpu": str(spec.get("cpu", "4")),
        "ephemeral-storage": f"{DISK_KIBIBYTES}Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": _in_kibibytes(str(spec.get("memory", "8Gi"))),
        "pods": str(spec.get("pods", 110)),
    }


def _base_status(machine: Obj, conditions: list[Obj], known: Obj) -> Obj:
    name, spec = machine["metadata"]["name"], machine["spec"]
    resources = _resources(machine, known)
    return {
        "addresses": [
            {"type": "InternalIP", "address": node_ip(machine)},
            {"type": "Hostname", "address": name},
        ],
        "allocatable": resources,
        "capacity": resources,
        "conditions": conditions,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "declaredFeatures": DECLARED,
        "features": {"supplementalGroupsPolicy": True},
        "images": [],
        "nodeInfo": _node_info(name, spec),
    }


def _in_kibibytes(text: str) -> str:
    """Memory as a kubelet reports it, e.g. `8388608Ki`."""
    quantity = parse_quantity(text)
    kibibytes, rest = divmod(quantity.nano, 1024 * 10**9)
    return to_text(quantity) if rest else f"{kibibytes}Ki"


def _node_info(name: str, spec: Obj) -> Obj:
    def identity(kind: str) -> str:
        return blake2b(f"{kind}/{name}".encode(), digest_size=16).hexdigest()

    uuid = identity("system")
    boots = spec.get("boots", 0)
    boot = identity(f"boot{boots}")
    return {
        "architecture": "amd64",
        "bootID": f"{boot[:8]}-{boot[8:12]}-{boot[12:16]}-{boot[16:20]}-{boot[20:]}",
        "containerRuntimeVersion": "containerd://2.2.0",
        "kernelVersion": "6.12.57",
        "kubeProxyVersion": "",
        "kubeletVersion": VERSION,
        "machineID": identity("machine"),
        "operatingSystem": "linux",
        "osImage": "Debian GNU/Linux 13 (trixie)",
        "systemUUID": f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}",
    }


def _conditions(old: Obj, now_us: int, *, ready: bool, pressures: Sequence[str] = ()) -> list[Obj]:
    """The node's conditions; Ready comes last."""
    known = {one["type"]: one for one in old.get("conditions") or ()}
    wanted = [
        (one.condition, "True", one.bad_reason, one.bad_message)
        if one.condition in pressures
        else (one.condition, "False", one.reason, one.message)
        for one in PRESSURES
    ]
    if ready:
        wanted.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
    else:
        wanted.append(("Ready", "False", "KubeletNotReady", _NOT_READY))
    now = timestamp(now_us)
    conditions = [one for one in known.values() if one["type"] not in {entry[0]: 0 for entry in wanted}]
    for kind, status, reason, message in wanted:
        before = known.get(kind)
        kept = before is not None and before["status"] == status
        conditions.append(
            {
                "type": kind,
                "status": status,
                "lastHeartbeatTime": now,
                "lastTransitionTime": before["lastTransitionTime"] if kept and before else now,
                "reason": reason,
                "message": message,
            }
        )
    return conditions


def _status(view: View, machine: Obj, node: Obj, now_us: int, skew_us: int) -> Obj:
    old = node.get("status") or {}
    pressures = pressures_of(view, ("", machine["metadata"]["name"]))
    conditions = _conditions(old, now_us + skew_us, ready=True, pressures=pressures)
    status = {**old, **_base_status(machine, conditions, old.get("capacity") or {})}
    images = _images(view, machine["metadata"]["name"], now_us)
    status["images"] = images if images else old.get("images", [])
    in_use = _volumes_in_use(view, machine["metadata"]["name"], now_us)
    if in_use:
        status["volumesInUse"] = in_use
    else:
        status.pop("volumesInUse", None)
    return status


def _images(view: View, node: str, now_us: int) -> list[Obj]:
    cache = view.get("ImageCache", ("", node))
    if cache is None:
        return []
    present = [resolve(image) for image, at_us in cache["images"].items() if at_us <= now_us]
    present.sort(key=lambda info: (-info.size_bytes, info.name))
    return [
        {"names": [info.image_id, info.name], "sizeBytes": info.size_bytes} for info in present[:_MAX_IMAGES]
    ]


def _pulled_later(view: View, node: str, now_us: int) -> int:
    """When the next pull that is under way ends, or 0."""
    cache = view.get("ImageCache", ("", node))
    later = [at_us for at_us in (cache or {"images": {}})["images"].values() if at_us > now_us]
    return min(later, default=0)


def _volumes_in_use(view: View, node: str, now_us: int) -> list[str]:
    """The attachable volumes that the Pods on the node want, and those that are mounted there still."""
    found: dict[str, None] = {}
    for pod in view.list("Pod", node=node):
        if pod["spec"].get("volumes") and (pod.get("status") or {}).get("phase") not in TERMINAL:
            found.update(dict.fromkeys(attached_volumes(view, pod)))
    for mounts in _mounts(view, node):
        if not mounts["untilUs"] or mounts["untilUs"] > now_us:
            found.update(dict.fromkeys(mounts["volumes"]))
    return sorted(found)


def _mounts(view: View, node: str) -> list[Obj]:
    """What is mounted on the node for each Pod."""
    return [one["spec"] for one in view.list("Mounts", namespace=node)]


def _forget_unmounted(view: View, node: str, now_us: int) -> Plan:
    for mounts in view.list("Mounts", namespace=node):
        if 0 < mounts["spec"]["untilUs"] <= now_us:
            yield Put("Mounts", (node, mounts["metadata"]["name"]), None)
    return Done()


def _of_mounts(change: Change, view: View) -> Iterable[Key]:
    """A node on which something was unmounted, or will be."""
    if change.new is None or change.new["spec"]["untilUs"]:
        return (("", change.key[0]),)
    return ()


def _of_node(change: Change, view: View) -> Iterable[Key]:
    """A node whose readiness or resources somebody changed.

    One that was removed under its kubelet is registered again after a restart only.
    """
    if change.old is None or change.new is None:
        return ()
    old, new = change.old.get("status") or {}, change.new.get("status") or {}
    is_same = _is_ready(old) == _is_ready(new) and all(
        old.get(field) == new.get(field) for field in ("capacity", "allocatable")
    )
    return () if is_same else (change.key,)


def _of_images(change: Change, view: View) -> Iterable[Key]:
    return () if change.new is None else (change.key,)


def _of_pod(change: Change, view: View) -> Iterable[Key]:
    """The node of a Pod with claims that came to it or left it: its volumes in use change."""
    pod = change.new or change.old
    if pod is None or not pod["spec"].get("volumes"):
        return ()
    node = pod["spec"].get("nodeName")
    arrived = change.old is None or not change.old["spec"].get("nodeName")
    if not node or not (arrived or change.new is None) or not claims_of(pod):
        return ()
    return (("", node),)


NODE_KUBELET = Component(
    "kubelet-node",
    (
        Watch("Machine"),
        Watch("Node", _of_node),
        Watch("ImageCache", _of_images),
        Watch("Pod", _of_pod, aspects=BOUND | REMOVED, only=CLAIMS),
        Watch("Mounts", _of_mounts),
        Watch(RECORD),
    ),
    plan,
    retry_base_us=1_000_000,
    manager="kubelet",
)
"""Registers each machine as a Node and reports its state."""
