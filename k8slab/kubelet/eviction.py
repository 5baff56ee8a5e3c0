"""Eviction by a kubelet: of Pods that take more disk than they may, and on a node that runs out of something.

Upstream's manager measures every ten seconds. Here it only does where there can
be something to find: after a file was written in a Pod with a limit, after a load
was told, and while disk, memory or processes of a node were taken. A Pod to be ended
is named in an object of an internal kind, on which the kubelet that runs it acts.

The node's file system is also that of its images, as on most clusters: those that
nobody uses are removed before any Pod is. A program is never told that the disk is full.

Models pkg/kubelet/eviction/{eviction_manager,helpers}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.meta import Key, Obj, key_of
from k8slab.clock import MINUTE_US, SECOND_US
from k8slab.components import Action, Component, Done, Memory, Outcome, Plan, Put, Record, Watch
from k8slab.containers.loads import memory_told
from k8slab.containers.storage import Usage
from k8slab.kubelet.admission import CRITICAL
from k8slab.kubelet.images import remove, unused_images
from k8slab.kubelet.node import is_working
from k8slab.kubelet.pressure import PRESSURES, RECORD, pressures_of, record_of
from k8slab.kubelet.shortage import DISK, MEMORY, PIDS, Shortage, Use, low_words, ranked, shortages_of, use_of
from k8slab.kubelet.status import TERMINAL
from k8slab.store.aspects import CREATED, PHASE, SPEC
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

_RESOURCE = "ephemeral-storage"


class State(NamedTuple):
    """What a kubelet's eviction manager remembers: the last shortages by condition, and whom it waits for."""

    short_us: tuple[tuple[str, int], ...] = ()
    waiting: tuple[tuple[Key, str], ...] = ()
    until_us: int = 0


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Measure what a node has left, and evict who takes too much of it."""
    machine = view.get("Machine", key)
    if machine is None:
        yield Put(RECORD, key, None)
        return Done(memory=None, why=f"{key[1]} has no machine")
    if not is_working(machine):
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
    """One round of the manager: limits first, then the node as a whole; at most one Pod for the latter."""
    name = machine["metadata"]["name"]
    uses = [use_of(view, pod) for pod in active_pods(view, name)]
    shortages = shortages_of(view, machine, uses)
    last = dict(state.short_us) | {one.condition: now_us for one in shortages}
    seen = tuple((kind, at_us) for kind, at_us in sorted(last.items()) if now_us - at_us < TRANSITION_US)
    state = state._replace(short_us=seen)
    reported = tuple(one.condition for one in PRESSURES if one.condition in dict(seen))
    if reported != pressures_of(view, ("", name)):
        yield Put(RECORD, ("", name), record_of(name, reported))
    evicted = [(use.pod, words, False) for use in uses if (words := _beyond_limit(use.pod, use.disk))]
    evicted = [one for one in evicted if not is_critical(one[0])]
    if not evicted and shortages:
        evicted = yield from _reclaim(view, machine, now_us, uses, shortages[0])
    for pod, words, disrupted in evicted:
        yield Record(pod, "Warning", REASON, words, component="kubelet", host=name)
        yield Put(EVICTION, key_of(pod), verdict(pod, words, disrupted))
    if evicted:
        waiting = tuple((key_of(pod), pod["metadata"]["uid"]) for pod, _, _ in evicted)
        return Done(SECOND_US, state._replace(waiting=waiting, until_us=now_us + CLEANUP_US))
    return Done(PERIOD_US if seen else None, state if seen else None)


def _reclaim(
    view: View, machine: Obj, now_us: int, uses: Sequence[Use], shortage: Shortage
) -> Generator[Action, Outcome, list[tuple[Obj, str, bool]]]:
    """Make room of what the node itself holds; where that is not enough, choose a Pod to evict."""
    name = machine["metadata"]["name"]
    about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}}
    words = f"Attempting to reclaim {shortage.resource}"
    yield Record(about, "Warning", "EvictionThresholdMet", words, component="kubelet", host=name)
    if shortage.resource == _RESOURCE:
        yield from remove(view, name, unused_images(view, name, now_us, spare_dead=False))
        if not shortages_of(view, machine, uses):
            return []
    first = [use for use in ranked(uses, shortage.resource) if not is_critical(use.pod)][:1]
    return [(use.pod, low_words(use, shortage), True) for use in first]


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


def active_pods(view: View, node: str) -> list[Obj]:
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
    """A machine of which something was taken or given back, or that comes back short of something."""
    old, new = change.old, change.new
    if new is None:
        return (change.key,) if pressures_of(view, change.key) else ()
    was = [None if old is None else old["spec"].get(field) for field in _TAKEN]
    if was != [new["spec"].get(field) for field in _TAKEN] or pressures_of(view, change.key):
        return (change.key,)
    return ()


_TAKEN = (MEMORY, DISK, PIDS)


def of_filled_node(change: Change, view: View) -> Iterable[Key]:
    """A machine whose disk is filled."""
    return (change.key,) if change.new is not None and change.new["spec"].get(DISK) else ()


def of_filled_pod(change: Change, view: View) -> Iterable[Key]:
    """The node of a Pod whose storage was filled."""
    old, new = change.old, change.new
    if new is None or not new.get("filled") or (old is not None and _holds_the_same(old, new)):
        return ()
    pod = view.get("Pod", change.key)
    return (("", pod["spec"]["nodeName"]),) if pod is not None else ()


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
    """A node that registered after something of it was taken."""
    machine = view.get("Machine", change.key) if change.old is None else None
    return (change.key,) if machine is not None and _is_taken(machine) else ()


def _is_taken(machine: Obj) -> bool:
    spec = machine["spec"]
    return bool(spec.get(MEMORY) or spec.get(DISK) or spec.get(PIDS))


def _of_load(change: Change, view: View) -> Iterable[Key]:
    """The nodes of the Pods of which a Load says how much memory they need."""
    nodes = [
        pod["spec"].get("nodeName")
        for pod in view.list("Pod", namespace=change.key[0])
        if memory_told(view, pod) is not None or change.new is None
    ]
    return [("", node) for node in dict.fromkeys(nodes) if node]


def _of_pod(change: Change, view: View) -> Iterable[Key]:
    """The node of a Pod that began to run where something is taken."""
    pod = change.new
    if pod is None or (pod.get("status") or {}).get("phase") != "Running":
        return ()
    key = ("", pod["spec"]["nodeName"])
    machine = view.get("Machine", key)
    return (key,) if machine is not None and _is_taken(machine) else ()


def _of_loaded_pod(change: Change, view: View) -> Iterable[Key]:
    """The node of a Pod that began to run with a Load of its own."""
    pod = change.new
    if pod is None or (pod.get("status") or {}).get("phase") != "Running":
        return ()
    key = ("", pod["spec"]["nodeName"])
    return (key,) if view.get("Machine", key) is not None and memory_told(view, pod) is not None else ()


EVICTIONS = Component(
    "kubelet-eviction",
    (
        Watch("Machine", _of_machine),
        Watch("Node", _of_node, aspects=CREATED | SPEC),
        Watch("Sandbox", _of_sandbox),
        Watch("Load", _of_load),
        Watch("Pod", _of_pod, aspects=PHASE),
        Watch("Pod", _of_loaded_pod, aspects=PHASE, needs="Load"),
    ),
    plan,
    retry_base_us=1_000_000,
    manager="kubelet",
)
"""Ends Pods that take too much of their nodes."""
