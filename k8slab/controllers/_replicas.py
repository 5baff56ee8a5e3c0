"""Keeping a number of interchangeable Pods: what ReplicaSets and ReplicationControllers share.

Too few: create in batches that double, and stop at the first failure. Too many:
delete those that are worth least (not yet placed, not ready, cheap, crowded,
young). The status is reckoned from the Pods as they were before.

Models pkg/controller/replicaset/{replica_set,replica_set_utils}.go and the
ranking in pkg/controller/controller_utils.go, v1.36.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from functools import cmp_to_key
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, condition_of, controller_of, key_of, labels_of
from k8slab.api.selectors import Selector, matches
from k8slab.clock import SECOND_US, parse_timestamp, timestamp
from k8slab.components import Action, Create, Delete, Done, Outcome, Patch, Plan, Record
from k8slab.controllers._pods import (
    aggregate,
    available_in_us,
    claim,
    is_active,
    is_ready,
    is_terminal,
    next_availability_us,
    owned_and_orphans,
    phase_of,
    pod_from_template,
    selector_of,
)
from k8slab.controllers._tally import TOPOLOGY_LABELS, Tally
from k8slab.store.view import View

BURST_REPLICAS = 500
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASE_ORDER = {"Pending": 0, "Unknown": 1, "Running": 2}


class _Counts(NamedTuple):
    """The numbers of a status."""

    replicas: int
    labeled: int
    ready: int
    available: int
    terminating: int


Acting = Generator[Action, Outcome, str]
"""A part of a plan that acts and gives an error's text, or an empty one."""


def plan_replicas(view: View, key: Key, now_us: int, kind: str, component: str) -> Plan:
    """Bring one owner's Pods to the wanted number, and write what there is into its status.

    `component` is the name under which the controller keeps its tallies.
    """
    owner = view.get(kind, key)
    if owner is None:
        return Done(why=f"{kind} is gone")
    selector = selector_of(owner)
    tally = view.cache(component).of(owner["metadata"]["uid"])
    if _is_steady(view, owner, selector, tally):
        status = _steady_status(owner, tally)
        if status != (owner.get("status") or {}):
            yield Patch(kind, key, {"status": _replacing(owner, status)}, "status")
        return Done()
    every = owned_and_orphans(view, "Pod", owner)
    candidates = [pod for pod in every if is_active(pod)]
    pods, errors = yield from claim("Pod", candidates, owner, selector)
    if errors:
        return Done(error=aggregate(errors))
    uid = owner["metadata"]["uid"]
    terminating = sum(
        1
        for pod in every
        if "deletionTimestamp" in pod["metadata"]
        and not is_terminal(pod)
        and (controller_of(pod) or {}).get("uid") == uid
        and matches(selector, labels_of(pod))
    )
    error = ""
    if "deletionTimestamp" not in owner["metadata"]:
        error = yield from _manage(view, owner, pods, now_us)
    status = status_of(owner, pods, terminating, error, now_us)
    if status != (owner.get("status") or {}):
        yield Patch(kind, key, {"status": _replacing(owner, status)}, "status", uid=uid)
    return Done(look_again_us=_next_check_us(owner, status, pods, now_us), error=error)


def _is_steady(view: View, owner: Obj, selector: Selector, tally: Tally) -> bool:
    """Whether the owner has just its Pods, alike and fitting, and nobody to adopt: then it needs no visit.

    Everything that this leaves open is settled by looking at each Pod.
    """
    spec = owner["spec"]
    if spec.get("minReadySeconds") or tally.active != spec.get("replicas", 1) or not tally.uniform:
        return False
    if "deletionTimestamp" in owner["metadata"] or condition_of(owner, "ReplicaFailure") is not None:
        return False
    if tally.labels is None or not matches(selector, tally.labels):
        return False
    named = [requirement.label for requirement in selector]
    if any(label in named or label in _template_labels(owner) for label in TOPOLOGY_LABELS):
        return False
    return not view.list("Pod", namespace=owner["metadata"]["namespace"], owner="", selector=selector)


def _template_labels(owner: Obj) -> dict[str, str]:
    labels: dict[str, str] = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
    return labels


def _steady_status(owner: Obj, tally: Tally) -> Obj:
    """The status of an owner whose Pods are alike, from their numbers alone."""
    wanted = _template_labels(owner)
    labeled = tally.active if wanted.items() <= (tally.labels or {}).items() else 0
    counts = _Counts(tally.active, labeled, tally.ready, tally.ready, tally.terminating)
    return _status(owner, counts, list((owner.get("status") or {}).get("conditions") or ()))


def _replacing(owner: Obj, status: Obj) -> Obj:
    """A merge patch that makes the whole status what it should be."""
    gone = {name: None for name in (owner.get("status") or {}) if name not in status}
    return {**status, **gone}


def _next_check_us(owner: Obj, status: Obj, pods: Sequence[Obj], now_us: int) -> int | None:
    seconds = owner["spec"].get("minReadySeconds", 0)
    if not seconds or status.get("readyReplicas", 0) == status.get("availableReplicas", 0):
        return None
    return next_availability_us(pods, seconds, now_us) or seconds * SECOND_US


def _manage(view: View, owner: Obj, pods: Sequence[Obj], now_us: int) -> Acting:
    """Create what is missing or delete what is too many. The first error."""
    missing = owner["spec"].get("replicas", 1) - len(pods)
    if missing > 0:
        return (yield from _create_in_batches(owner, min(missing, BURST_REPLICAS)))
    if missing < 0:
        count = min(-missing, BURST_REPLICAS)
        return (yield from _delete_all(owner, pods_to_delete(view, owner, pods, count, now_us)))
    return ""


def _create_in_batches(owner: Obj, count: int) -> Acting:
    """Slow start: batches of 1, 2, 4 …; a batch with a failure is the last one."""
    size = 1
    while count > 0:
        size = min(size, count)
        error = ""
        for _ in range(size):
            failed = yield from create_pod(owner, owner["spec"]["template"])
            error = error or failed
        if error:
            return error
        count -= size
        size *= 2
    return ""


def create_pod(owner: Obj, template: Obj) -> Acting:
    """Create one Pod of the template and say so in an Event. The error, or an empty text."""
    try:
        pod = yield Create("Pod", pod_from_template(template, owner))
    except ApiError as error:
        if any(cause.reason == "NamespaceTerminating" for cause in error.causes):
            return ""
        yield Record(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
        return error.message
    yield Record(owner, "Normal", "SuccessfulCreate", f"Created pod: {pod['metadata'].get('name', '')}")
    return ""


def delete_pod(owner: Obj, pod: Obj) -> Acting:
    """Delete one Pod and say so in an Event. The error, or an empty text."""
    name = pod["metadata"]["name"]
    try:
        yield Delete("Pod", key_of(pod))
    except ApiError as error:
        if error.code == 404:
            return ""
        yield Record(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
        return f"unable to delete pods: {error.message}"
    yield Record(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")
    return ""


def _delete_all(owner: Obj, pods: Sequence[Obj]) -> Acting:
    first = ""
    for pod in pods:
        error = yield from delete_pod(owner, pod)
        first = first or error
    return first


# Which Pods go first.


def pods_to_delete(view: View, owner: Obj, pods: Sequence[Obj], count: int, now_us: int) -> list[Obj]:
    """The Pods to delete, least valuable first (`getPodsToDelete`)."""
    if count >= len(pods):
        return list(pods)
    crowds = _active_pods_by_node(_related_pods(view, owner))
    return ranked(pods, crowds, now_us)[:count]


def _related_pods(view: View, owner: Obj) -> list[Obj]:
    """The Pods of every ReplicaSet with the same controller, this one's among them."""
    reference = controller_of(owner)
    if reference is None or owner["kind"] != "ReplicaSet":
        return []
    namespace = owner["metadata"]["namespace"]
    found: dict[str, Obj] = {}
    for other in view.list("ReplicaSet", namespace=namespace, owner=reference["uid"]):
        for pod in view.list("Pod", namespace=namespace, selector=selector_of(other)):
            found.setdefault(pod["metadata"]["uid"], pod)
    return list(found.values())


def _active_pods_by_node(pods: Sequence[Obj]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for pod in pods:
        if is_active(pod):
            node = pod["spec"].get("nodeName", "")
            counts[node] = counts.get(node, 0) + 1
    return counts


class _Worth(NamedTuple):
    """What decides when a Pod goes, read from it once: the sort compares each Pod with many others.

    `first` is compared as it stands, what is smaller goes first; then ages and restarts count.
    """

    first: tuple[bool, int, bool, int, int]
    ready_since: str
    ready_rank: int
    restarts: tuple[int, int]
    born: str
    born_rank: int
    uid: str


def ranked(pods: Sequence[Obj], crowds: dict[str, int], now_us: int) -> list[Obj]:
    """The Pods in the order in which they should be deleted (`ActivePodsWithRanks`)."""
    worths = [_worth(pod, crowds, now_us) for pod in pods]

    def compare(left: int, right: int) -> int:
        return _compare(worths[left], worths[right])

    return [pods[place] for place in sorted(range(len(pods)), key=cmp_to_key(compare))]


def _worth(pod: Obj, crowds: dict[str, int], now_us: int) -> _Worth:
    node, ready, metadata = pod["spec"].get("nodeName", ""), is_ready(pod), pod["metadata"]
    phase = _PHASE_ORDER.get(phase_of(pod), 0)
    since = (_ready_time(pod) or "") if ready else ""
    born = metadata.get("creationTimestamp") or ""
    return _Worth(
        (bool(node), phase, ready, deletion_cost(pod), -crowds.get(node, 0)),
        since,
        _age_rank(since, now_us) if since else -1,
        (-_most_restarts(pod), -_most_sidecar_restarts(pod)),
        born,
        _age_rank(born, now_us) if born else -1,
        metadata["uid"],
    )


def _compare(left: _Worth, right: _Worth) -> int:
    """Which of two Pods goes first: -1 for the left one, 0 where it doesn't matter."""
    if left.first != right.first:
        return -1 if left.first < right.first else 1
    if left.ready_since != right.ready_since:
        ready = (
            (left.ready_since, left.ready_rank, left.uid),
            (right.ready_since, right.ready_rank, right.uid),
        )
        return _by_age(*ready)
    if left.restarts != right.restarts:
        return -1 if left.restarts < right.restarts else 1
    if left.born != right.born:
        return _by_age((left.born, left.born_rank, left.uid), (right.born, right.born_rank, right.uid))
    return 0


def _by_age(left: tuple[str, int, str], right: tuple[str, int, str]) -> int:
    """The younger one goes first, where ages count by powers of two (LogarithmicScaleDown)."""
    if not left[0] or not right[0]:
        return 1 if left[0] else -1
    return (left[1:] > right[1:]) - (left[1:] < right[1:])


def _age_rank(time: str, now_us: int) -> int:
    nanoseconds = (now_us - parse_timestamp(time)) * 1000
    return int(math.log2(nanoseconds)) if nanoseconds > 0 else -1


def _ready_time(pod: Obj) -> str | None:
    condition = condition_of(pod, "Ready")
    return condition.get("lastTransitionTime") if condition else None


def deletion_cost(pod: Obj) -> int:
    """The Pod's deletion cost; 0 where the annotation is absent or malformed."""
    text = (pod["metadata"].get("annotations") or {}).get(DELETION_COST, "0")
    if text.startswith("+") or (text.startswith("0") and text != "0"):
        return 0
    try:
        return int(text)
    except ValueError:
        return 0


def _sidecars(pod: Obj) -> list[str]:
    return [
        container["name"]
        for container in pod["spec"].get("initContainers") or ()
        if container.get("restartPolicy") == "Always"
    ]


def _most_restarts(pod: Obj) -> int:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return max((status.get("restartCount", 0) for status in statuses), default=0)


def _most_sidecar_restarts(pod: Obj) -> int:
    names = _sidecars(pod)
    statuses = (pod.get("status") or {}).get("initContainerStatuses") or ()
    return max((one.get("restartCount", 0) for one in statuses if one["name"] in names), default=0)


# Status.


def status_of(owner: Obj, pods: Sequence[Obj], terminating: int, error: str, now_us: int) -> Obj:
    """The owner's new status; equal to the old one where nothing changed (`calculateStatus`)."""
    spec = owner["spec"]
    wanted_labels = _template_labels(owner)
    seconds = spec.get("minReadySeconds", 0)
    labeled = ready = available = 0
    for pod in pods:
        labels = labels_of(pod)
        if labels is wanted_labels or wanted_labels.items() <= labels.items():
            labeled += 1
        if is_ready(pod):
            ready += 1
            if not seconds or available_in_us(pod, seconds, now_us) == 0:
                available += 1
    counts = _Counts(len(pods), labeled, ready, available, terminating)
    return _status(owner, counts, _conditions(owner, pods, error, now_us))


def _status(owner: Obj, counts: _Counts, conditions: list[Obj]) -> Obj:
    """The status as Go writes it: what is zero and may be left out is left out."""
    status: Obj = {"replicas": counts.replicas}
    for name, value in (
        ("fullyLabeledReplicas", counts.labeled),
        ("readyReplicas", counts.ready),
        ("availableReplicas", counts.available),
    ):
        if value:
            status[name] = value
    if owner["kind"] == "ReplicaSet":
        status["terminatingReplicas"] = counts.terminating
    if conditions:
        status["conditions"] = conditions
    generation = owner["metadata"].get("generation", 0)
    if generation:
        status["observedGeneration"] = generation
    return status


def _conditions(owner: Obj, pods: Sequence[Obj], error: str, now_us: int) -> list[Obj]:
    """ReplicaFailure appears with the first error and goes with the first success."""
    old = (owner.get("status") or {}).get("conditions") or []
    failing = condition_of(owner, "ReplicaFailure")
    if error and failing is None:
        missing = owner["spec"].get("replicas", 1) - len(pods)
        reason = "FailedCreate" if missing > 0 else "FailedDelete" if missing < 0 else ""
        condition = {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": timestamp(now_us),
            "reason": reason,
            "message": error,
        }
        return [*old, condition]
    if not error and failing is not None:
        return [one for one in old if one["type"] != "ReplicaFailure"]
    return list(old)
