"""Which Pods a kubelet ends so that one on which the system depends can run.

Models pkg/kubelet/preemption/preemption.go and pkg/kubelet/types/pod_update.go
(IsCriticalPod, Preemptable), v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj, key_of
from k8slab.clock import SECOND_US
from k8slab.components import Record
from k8slab.kubelet import admission
from k8slab.kubelet.admission import NANO, granted_spec, pod_requests
from k8slab.kubelet.eviction import EVICTION, is_critical, verdict
from k8slab.kubelet.qos import qos_class
from k8slab.kubelet.status import TERMINAL
from k8slab.kubelet.work import Work

REASON = "Preempting"
MESSAGE = "Preempted in order to admit critical pod"
DISRUPTION = "Pod was preempted by Kubelet to accommodate a critical pod."

Amounts = Mapping[str, int]
"""Resources in nano-units by name; a Pod counts as one unit of `pods`."""

_CLASSES = ("BestEffort", "Burstable", "Guaranteed")


def _may_preempt(pod: Obj, other: Obj) -> bool:
    if is_critical(pod) and not is_critical(other):
        return True
    one, two = (each["spec"].get("priority") for each in (pod, other))
    return one is not None and two is not None and one > two


class Room(NamedTuple):
    """How the search for room ended: the Pod waits for others to end, or why nobody can make room."""

    waits: bool = False
    fault: str = ""


def make_room(work: Work, *, scheduled: bool) -> Room:
    """End other Pods where a critical one finds too little on its node."""
    if work.runtime.preempting:
        if any(_is_there(work, one) for one in work.runtime.preempting):
            work.wake(work.now_us + SECOND_US)
            return Room(waits=True)
        work.set(preempting=())
        return Room()
    node = work.view.get("Node", ("", work.node))
    if scheduled or node is None or work.deleted or not is_critical(work.pod):
        return Room()
    others = admission.others_on(work.view, work.pod, node)
    lacking = admission.lacking(others, work.spec, node)
    refused = admission.rejection(work.view, work.pod, node, scheduled=False, whatever_it_takes=True)
    if not lacking or refused is not None:
        return Room()
    chosen = pods_to_preempt(work.pod, others, lacking)
    if chosen is None:
        every = [one for group in _by_class(work.pod, others).values() for one in group]
        return Room(fault=_unable(_without(lacking, every)))
    for victim in chosen:
        work.actions.append(Record(victim, "Warning", REASON, MESSAGE, component="kubelet", host=work.node))
        work.box.put(EVICTION, key_of(victim), verdict(victim, MESSAGE, True, REASON, DISRUPTION))
    work.set(preempting=tuple(victim["metadata"]["uid"] for victim in chosen))
    work.wake(work.now_us + SECOND_US)
    return Room(waits=True)


def _is_there(work: Work, uid: str) -> bool:
    for pod in work.view.list("Pod", node=work.node):
        if pod["metadata"]["uid"] == uid:
            return (pod.get("status") or {}).get("phase") not in TERMINAL
    return False


def _unable(left: Amounts) -> str:
    """Why a critical Pod is not taken though it may preempt."""
    units = {"cpu": NANO // 1000}
    amounts = "".join(f"(res: {name}, q: {-(-left[name] // units.get(name, NANO))}), " for name in left)
    return (
        "Unexpected error while attempting to recover from admission failure: preemption: error finding "
        f"a set of pods to preempt: no set of running pods found to reclaim resources: [{amounts}]"
    )


def pods_to_preempt(pod: Obj, others: Sequence[Obj], lacking: Amounts) -> list[Obj] | None:
    """The Pods to end so that `pod` gets what it lacks: as few as possible, the less important first.

    None where even all of them together would not be enough.
    """
    by_class = _by_class(pod, others)
    best_effort, burstable, guaranteed = (by_class[name] for name in _CLASSES)
    if _without(lacking, [*best_effort, *burstable, *guaranteed]):
        return None
    first = _nearest(guaranteed, _without(lacking, [*best_effort, *burstable]))
    second = _nearest(burstable, _without(lacking, [*best_effort, *first]))
    third = _nearest(best_effort, _without(lacking, [*second, *first]))
    return [other for other, _ in (*third, *second, *first)]


def _by_class(pod: Obj, others: Sequence[Obj]) -> dict[str, list[tuple[Obj, Amounts]]]:
    """The Pods that it may preempt with what they ask for, by their quality of service."""
    by_class: dict[str, list[tuple[Obj, Amounts]]] = {name: [] for name in _CLASSES}
    for other in others:
        if _may_preempt(pod, other):
            spec = granted_spec(other)
            by_class[qos_class(spec)].append((other, {**pod_requests(spec), "pods": NANO}))
    return by_class


def _without(lacking: Amounts, pods: Sequence[tuple[Obj, Amounts]]) -> dict[str, int]:
    """What is still lacking when these Pods are gone."""
    left = {name: amount - sum(one.get(name, 0) for _, one in pods) for name, amount in lacking.items()}
    return {name: amount for name, amount in left.items() if amount > 0}


def _nearest(pods: Sequence[tuple[Obj, Amounts]], lacking: Amounts) -> list[tuple[Obj, Amounts]]:
    """One Pod after the other, always the one that covers most of what is lacking, until all is covered."""
    left, remaining = list(pods), dict(lacking)
    chosen = []
    while remaining:
        best = 0
        for index, (_, amounts) in enumerate(left):
            distance, least = _distance(remaining, amounts), _distance(remaining, left[best][1])
            if distance < least or (distance == least and _is_smaller(amounts, left[best][1])):
                best = index
        one = left[best]
        left[best] = left[-1]
        left.pop()
        chosen.append(one)
        remaining = _without(remaining, [one])
    return chosen


def _distance(lacking: Amounts, amounts: Amounts) -> float:
    """How far a Pod's requests are from what is lacking: each resource counts by its share."""
    total = 0.0
    for name, amount in lacking.items():
        missing = amount - amounts.get(name, 0)
        if missing > 0:
            total += (missing / amount) ** 2
    return total


def _is_smaller(one: Amounts, other: Amounts) -> bool:
    for name in ("memory", "cpu"):
        if one.get(name, 0) != other.get(name, 0):
            return one.get(name, 0) < other.get(name, 0)
    return True
