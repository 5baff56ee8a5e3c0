"""Eviction by a kubelet: of Pods that take more disk than they may, and on a node that runs out of it.

Upstream's manager measures every ten seconds. Here it only does where there can
be something to find: after a file was written in a Pod with a limit, and while
a disk was filled. A Pod to be ended is named in an object of an internal kind,
on which the kubelet that runs it acts.

The node's file system is also that of its images, as on most clusters. Images
and dead containers are not removed to make room, for they take none here, and
a program is never told that the disk is full.

Models pkg/kubelet/eviction/{eviction_manager,helpers,defaults_linux}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.meta import Key, Obj, key_of
from k8slab.clock import MINUTE_US, SECOND_US
from k8slab.components import Component, Done, Memory, Plan, Put, Record, Watch
from k8slab.containers.storage import PRESSURE, Usage, has_pressure, usage_of
from k8slab.kubelet.admission import CRITICAL, NANO, pod_requests
from k8slab.kubelet.status import TERMINAL
from k8slab.store.aspects import CREATED, SPEC
from k8slab.store.view import Change, View

PERIOD_US = 10 * SECOND_US
TRANSITION_US = 5 * MINUTE_US
"""For so long after the last shortage the node's condition stays (`evictionPressureTransitionPeriod`)."""
CLEANUP_US = 30 * SECOND_US
"""So long the next eviction waits for the last Pod's containers to be gone."""
EVICTION = "KubeletEviction"
"""The internal kind that tells a kubelet to end a Pod, by the Pod's own key."""
GRACE_SECONDS = 1
REASON = "Evicted"
DISK = "diskFilledBytes"
"""The field of a Machine's spec that says how much of the disk somebody else than Pods has taken."""

_RESOURCE = "ephemeral-storage"
_THRESHOLDS = (10, 15)
"""The percentages of the disk that must be free: `nodefs.available` and `imagefs.available`."""


class State(NamedTuple):
    """What a kubelet's eviction manager remembers: the last shortage, and which Pods it waits for."""

    short_us: int = 0
    waiting: tuple[tuple[Key, str], ...] = ()
    until_us: int = 0


class Shortage(NamedTuple):
    """How much of the disk must be free, and how much is, in bytes."""

    wanted: int
    available: int


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Measure the disk of a node, and evict who takes too much of it."""
    machine = view.get("Machine", key)
    if machine is None:
        yield Put(PRESSURE, key, None)
        return Done(memory=None, why=f"{key[1]} has no machine")
    spec = machine["spec"]
    if (spec["power"], spec["network"], spec["kubelet"]) != ("On", "Up", "Running"):
        return Done(why=f"the kubelet of {key[1]} cannot act")
    state: State = memory or State()
    if state.waiting and now_us < state.until_us and not _are_gone(view, state.waiting):
        return Done(SECOND_US)
    if not state.waiting and now_us % PERIOD_US:
        return Done(PERIOD_US - now_us % PERIOD_US)
    return (yield from _synchronize(view, machine, now_us, state._replace(waiting=())))


def _are_gone(view: View, pods: Iterable[tuple[Key, str]]) -> bool:
    for key, uid in pods:
        pod = view.get("Pod", key)
        if pod is not None and pod["metadata"]["uid"] == uid:
            if (pod.get("status") or {}).get("phase") not in TERMINAL:
                return False
    return True


def _synchronize(view: View, machine: Obj, now_us: int, state: State) -> Plan:
    """One round of the manager: limits first, then the disk as a whole; at most one Pod for the latter."""
    name = machine["metadata"]["name"]
    pods = [(pod, usage_of(view, pod)) for pod in _active(view, name)]
    shortage = shortage_of(view, machine, [usage for _, usage in pods])
    if shortage is not None:
        state = state._replace(short_us=now_us)
    is_short = bool(state.short_us) and now_us - state.short_us < TRANSITION_US
    if is_short != has_pressure(view, ("", name)):
        yield Put(PRESSURE, ("", name), _record(("", name)) if is_short else None)
    chosen = [(pod, words) for pod, usage in pods if (words := _beyond_limit(pod, usage))]
    evicted = [(pod, words, False) for pod, words in chosen if not is_critical(pod)]
    if not evicted and shortage is not None:
        about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}}
        words = f"Attempting to reclaim {_RESOURCE}"
        yield Record(about, "Warning", "EvictionThresholdMet", words, component="kubelet", host=name)
        ranked = sorted((one for one in pods if not is_critical(one[0])), key=_rank)
        evicted = [(pod, _low_words(pod, usage, shortage), True) for pod, usage in ranked[:1]]
    for pod, words, disrupted in evicted:
        yield Record(pod, "Warning", REASON, words, component="kubelet", host=name)
        yield Put(EVICTION, key_of(pod), verdict(pod, words, disrupted))
    if evicted:
        waiting = tuple((key_of(pod), pod["metadata"]["uid"]) for pod, _, _ in evicted)
        return Done(SECOND_US, state._replace(waiting=waiting, until_us=now_us + CLEANUP_US))
    return Done(PERIOD_US if is_short else None, state if is_short else None)


def _record(key: Key, **spec: object) -> Obj:
    return {"apiVersion": "lab", "kind": PRESSURE, "metadata": {"name": key[1]}, "spec": spec}


def verdict(pod: Obj, words: str, disrupted: bool, reason: str = REASON, condition: str = "") -> Obj:
    """What tells a kubelet to end a Pod, and with which status; `condition` is what DisruptionTarget says."""
    namespace, name = key_of(pod)
    spec = {
        "uid": pod["metadata"]["uid"],
        "message": words,
        "isDisruption": disrupted,
        "reason": reason,
        "condition": condition or words,
    }
    return {
        "apiVersion": "lab",
        "kind": EVICTION,
        "metadata": {"namespace": namespace, "name": name},
        "spec": spec,
    }


def _active(view: View, node: str) -> list[Obj]:
    """The Pods that the kubelet has taken and that have not ended, but those that it evicts already."""
    found = []
    for pod in view.list("Pod", node=node):
        status = pod.get("status") or {}
        if status.get("startTime") and status.get("phase") not in TERMINAL and status.get("reason") != REASON:
            if view.get(EVICTION, key_of(pod)) is None:
                found.append(pod)
    return found


def is_critical(pod: Obj) -> bool:
    """Whether the system depends on a Pod: it is never evicted."""
    return bool((pod["spec"].get("priority") or 0) >= CRITICAL)


def shortage_of(view: View, machine: Obj, usages: Iterable[Usage]) -> Shortage | None:
    """Which of the thresholds a node's disk is below, the sharpest first; None where there is enough."""
    node = view.get("Node", ("", machine["metadata"]["name"]))
    capacity = quantities.units(
        (((node or {}).get("status") or {}).get("capacity") or {}).get(_RESOURCE, "0")
    )
    taken = machine["spec"].get(DISK, 0) + sum(usage.on_disk for usage in usages)
    available = max(0, capacity - taken)
    for percent in _THRESHOLDS:
        wanted = capacity * percent // 100
        if available < wanted:
            return Shortage(wanted, available)
    return None


def _request(pod: Obj) -> int:
    return pod_requests(pod["spec"]).get(_RESOURCE, 0) // NANO


def _rank(one: tuple[Obj, Usage]) -> tuple[bool, int, int, Key]:
    """Who goes first: those above their request, then the less important, then the largest."""
    pod, usage = one
    above = usage.on_disk - _request(pod)
    return (above <= 0, pod["spec"].get("priority") or 0, -above, key_of(pod))


# What is said of it.


def _bytes(amount: int) -> str:
    return quantities.from_units(amount)


def _low_words(pod: Obj, usage: Usage, shortage: Shortage) -> str:
    """Why a Pod leaves a node that is short of disk, and which of its containers took more than requested."""
    parts = [
        f"The node was low on resource: {_RESOURCE}. ",
        f"Threshold quantity: {_bytes(shortage.wanted)}, available: {_bytes(shortage.available)}. ",
    ]
    for container in pod["spec"]["containers"]:
        request = ((container.get("resources") or {}).get("requests") or {}).get(_RESOURCE, "0")
        size = usage.layers.get(container["name"], 0)
        if size > quantities.units(request):
            parts.append(
                f"Container {container['name']} was using {_bytes(size)}, "
                f"request is {quantities.canonical(request)}, has larger consumption of {_RESOURCE}. "
            )
    return "".join(parts)


def _beyond_limit(pod: Obj, usage: Usage) -> str:
    """Which limit a Pod exceeds, if any: a volume's, that of all containers, or that of one."""
    for volume in pod["spec"].get("volumes") or ():
        limit = (volume.get("emptyDir") or {}).get("sizeLimit")
        if limit and 0 < quantities.units(limit) < usage.volumes.get(volume["name"], 0):
            size = quantities.canonical(limit)
            return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{size}". '
    limits = _limits(pod)
    if limits and usage.on_disk > sum(quantities.units(text) for text in limits.values()):
        total = _bytes_of(list(limits.values()))
        return f"Pod ephemeral local storage usage exceeds the total limit of containers {total}. "
    for name, text in limits.items():
        if 0 < quantities.units(text) < usage.layers.get(name, 0):
            size = quantities.canonical(text)
            return f'Container {name} exceeded its local ephemeral storage limit "{size}". '
    return ""


def _bytes_of(texts: Sequence[str]) -> str:
    total = texts[0]
    for text in texts[1:]:
        total = quantities.add(total, text)
    return quantities.canonical(total)


def _limits(pod: Obj) -> dict[str, str]:
    """What each container may write, by its name."""
    found = {}
    for container in pod["spec"]["containers"]:
        limit = ((container.get("resources") or {}).get("limits") or {}).get(_RESOURCE)
        if limit is not None:
            found[container["name"]] = limit
    return found


# When to look.


def has_limits(pod: Obj) -> bool:
    """Whether a Pod may be evicted for what it writes, however much room there is."""
    if any((volume.get("emptyDir") or {}).get("sizeLimit") for volume in pod["spec"].get("volumes") or ()):
        return True
    return bool(_limits(pod))


def _of_machine(change: Change, view: View) -> Iterable[Key]:
    """A machine whose disk was filled or emptied, or that comes back short of disk."""
    old, new = change.old, change.new
    if new is None:
        return (change.key,) if has_pressure(view, change.key) else ()
    was = None if old is None else old["spec"].get(DISK)
    return (change.key,) if was != new["spec"].get(DISK) or has_pressure(view, change.key) else ()


def _of_sandbox(change: Change, view: View) -> Iterable[Key]:
    """The node of a Pod that wrote something and has limits, or that was filled."""
    old, new = change.old, change.new
    if new is None or (old is not None and _holds_the_same(old, new)):
        return ()
    pod = view.get("Pod", change.key)
    if pod is None or not (new.get("filled") or has_limits(pod)):
        return ()
    return (("", pod["spec"]["nodeName"]),)


def _holds_the_same(old: Obj, new: Obj) -> bool:
    """Whether nothing was written; what was not is shared."""
    shared = old["roots"] is new["roots"] and old["volumes"] is new["volumes"]
    return shared and old.get("filled") == new.get("filled")


def _of_node(change: Change, view: View) -> Iterable[Key]:
    """A node that registered after its disk was filled."""
    machine = view.get("Machine", change.key) if change.old is None else None
    return (change.key,) if machine is not None and machine["spec"].get(DISK) else ()


EVICTIONS = Component(
    "kubelet-eviction",
    (
        Watch("Machine", _of_machine),
        Watch("Node", _of_node, aspects=CREATED | SPEC),
        Watch("Sandbox", _of_sandbox),
    ),
    plan,
    retry_base_us=1_000_000,
    manager="kubelet",
)
"""Ends Pods that take too much disk."""
