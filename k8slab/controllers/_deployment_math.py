"""The arithmetic of rollouts: surge, unavailability, proportions, revisions, and what counts as progress.

Models pkg/controller/deployment/util/deployment_util.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US, parse_timestamp, timestamp
from k8slab.controllers._pods import scaled_int_or_percent

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
ROLLBACK_TO = "deprecated.deployment.rollback.to"
TEMPLATE_HASH = "pod-template-hash"
NOT_COPIED = (
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    ROLLBACK_TO,
)
"""Annotations of a Deployment that its ReplicaSets don't get."""

_LARGEST_NUMBER = _NO_DEADLINE = 2147483647
_LONGEST_HISTORY = 2000


def replicas_of(workload: Obj) -> int:
    """The wanted replicas of a Deployment or ReplicaSet."""
    count: int = workload["spec"].get("replicas", 1)
    return count


def total(sets: Iterable[Obj]) -> int:
    """How many Pods these ReplicaSets want."""
    return sum(replicas_of(one) for one in sets)


def counted(sets: Iterable[Obj], field: str) -> int:
    """A number of the status, summed over ReplicaSets."""
    return sum((one.get("status") or {}).get(field, 0) for one in sets)


def active(sets: Iterable[Obj]) -> list[Obj]:
    """The ReplicaSets that want Pods."""
    return [one for one in sets if replicas_of(one) > 0]


def by_creation(sets: Iterable[Obj]) -> list[Obj]:
    """The oldest first; equally old ones by name."""
    return sorted(sets, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))


def is_rolling(deployment: Obj) -> bool:
    """Whether the strategy is RollingUpdate."""
    return (deployment["spec"].get("strategy") or {}).get("type") == "RollingUpdate"


def fenceposts(deployment: Obj) -> tuple[int, int]:
    """Surge (rounded up) and unavailability (rounded down); one may be unavailable where both are zero."""
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    wanted = replicas_of(deployment)
    surge = scaled_int_or_percent(rolling.get("maxSurge", 0), wanted, round_up=True)
    unavailable = scaled_int_or_percent(rolling.get("maxUnavailable", 0), wanted, round_up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def max_surge(deployment: Obj) -> int:
    """How many Pods there may be above the wanted number."""
    return fenceposts(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Obj) -> int:
    """How many of the wanted Pods may be unavailable."""
    if not is_rolling(deployment) or not replicas_of(deployment):
        return 0
    return min(fenceposts(deployment)[1], replicas_of(deployment))


def new_replicas(deployment: Obj, every: Sequence[Obj], new: Obj) -> int:
    """How many Pods the new ReplicaSet may have now (`NewRSNewReplicas`)."""
    wanted = replicas_of(deployment)
    if not is_rolling(deployment):
        return wanted
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
    most = wanted + scaled_int_or_percent(rolling.get("maxSurge", 0), wanted, round_up=True)
    room = most - total(every)
    here = replicas_of(new)
    return here if room <= 0 else here + min(room, wanted - here)


def is_saturated(deployment: Obj, new: Obj | None) -> bool:
    """Whether the new ReplicaSet has, and knows that it has, all of the Pods, and all are available."""
    if new is None:
        return False
    wanted = replicas_of(deployment)
    noted = (new["metadata"].get("annotations") or {}).get(DESIRED_REPLICAS)
    return (
        replicas_of(new) == wanted and noted == str(wanted) and counted([new], "availableReplicas") == wanted
    )


def desired_replicas(replica_set: Obj) -> int | None:
    """The Deployment's size that a ReplicaSet was last told of."""
    return _number(replica_set, DESIRED_REPLICAS)


def _number(obj: Obj, annotation: str, most: int = _LARGEST_NUMBER) -> int | None:
    text = (obj["metadata"].get("annotations") or {}).get(annotation, "")
    number = int(text) if text.isdigit() else -1
    return number if 0 <= number <= most else None


def revision_of(obj: Obj) -> int:
    """The revision that an object is annotated with; 0 without one."""
    return _number(obj, REVISION, 2**63 - 1) or 0


def proportion(replica_set: Obj, deployment: Obj, to_add: int, added: int) -> int:
    """A ReplicaSet's share of the Pods to add or (negative) remove (`GetReplicaSetProportion`)."""
    if not replicas_of(replica_set) or not to_add or to_add == added:
        return 0
    share, allowed = _fraction(replica_set, deployment), to_add - added
    return min(share, allowed) if to_add > 0 else max(share, allowed)


def _fraction(replica_set: Obj, deployment: Obj) -> int:
    here = replicas_of(replica_set)
    if not replicas_of(deployment):
        return -here
    before = _number(replica_set, MAX_REPLICAS) or (deployment.get("status") or {}).get("replicas", 0)
    if not before:
        return 0
    size = here * (replicas_of(deployment) + max_surge(deployment)) / before
    return int(size + 0.5 if size >= 0 else size - 0.5) - here


def with_replica_notes(annotations: Obj, deployment: Obj) -> Obj:
    """Annotations that tell a ReplicaSet the Deployment's size and its most Pods."""
    wanted = replicas_of(deployment)
    return {
        **annotations,
        DESIRED_REPLICAS: str(wanted),
        MAX_REPLICAS: str(wanted + max_surge(deployment)),
    }


def new_annotations(deployment: Obj, old: Obj, revision: int, *, exists: bool) -> Obj:
    """The annotations of the new ReplicaSet: the Deployment's, its revision and its earlier ones."""
    annotations = dict(old)
    for name, value in (deployment["metadata"].get("annotations") or {}).items():
        if name not in NOT_COPIED:
            annotations[name] = value
    before = old.get(REVISION, "")
    if before and not before.isdigit():
        return annotations
    if int(before or 0) < revision:
        annotations[REVISION] = str(revision)
        if before:
            annotations[REVISION_HISTORY] = _history(old.get(REVISION_HISTORY, ""), before)
    return annotations if exists else with_replica_notes(annotations, deployment)


def _history(history: str, revision: str) -> str:
    """The earlier revisions with one more; the oldest are dropped past 2,000 letters."""
    if not history:
        return revision
    parts = history.split(",")
    length = len(history) + len(revision) + 1
    start = 0
    while length > _LONGEST_HISTORY and start < len(parts):
        length -= len(parts[start]) + 1
        start += 1
    return ",".join([*parts[start:], revision]) if length <= _LONGEST_HISTORY else history


def same_template(left: Obj, right: Obj) -> bool:
    """Whether two Pod templates are equal but for the template hash."""
    if (left.get("spec") or {}) != (right.get("spec") or {}):
        return False
    return _bare_metadata(left) == _bare_metadata(right)


def _bare_metadata(template: Obj) -> Obj:
    metadata = {name: value for name, value in (template.get("metadata") or {}).items() if value}
    labels = {name: value for name, value in (metadata.get("labels") or {}).items() if name != TEMPLATE_HASH}
    metadata.pop("creationTimestamp", None)
    return {**metadata, "labels": labels}


# Conditions and progress.


def condition(kind: str, status: str, reason: str, message: str, now_us: int) -> Obj:
    """A Deployment's condition, changed now."""
    when = timestamp(now_us)
    return {
        "type": kind,
        "status": status,
        "lastUpdateTime": when,
        "lastTransitionTime": when,
        "reason": reason,
        "message": message,
    }


def find_condition(conditions: Iterable[Obj], kind: str) -> Obj | None:
    """The condition of a type among these."""
    return next((one for one in conditions if one["type"] == kind), None)


def without_condition(conditions: Iterable[Obj], kind: str) -> list[Obj]:
    """The conditions without those of a type."""
    return [one for one in conditions if one["type"] != kind]


def set_condition(conditions: list[Obj], new: Obj) -> list[Obj]:
    """The conditions with one set at their end; the same ones where status and reason are unchanged."""
    old = find_condition(conditions, new["type"])
    if old is not None and old["status"] == new["status"]:
        if old.get("reason") == new["reason"]:
            return conditions
        new = {**new, "lastTransitionTime": old["lastTransitionTime"]}
    return [*without_condition(conditions, new["type"]), new]


def has_deadline(deployment: Obj) -> bool:
    """Whether lack of progress is reported."""
    seconds = deployment["spec"].get("progressDeadlineSeconds")
    return seconds is not None and seconds != _NO_DEADLINE


def is_complete(deployment: Obj, status: Obj) -> bool:
    """Whether every wanted Pod is updated and available and no old one is left."""
    wanted = replicas_of(deployment)
    observed: int = status.get("observedGeneration", 0)
    generation: int = deployment["metadata"].get("generation", 0)
    counts = {status.get(field, 0) for field in ("updatedReplicas", "replicas", "availableReplicas")}
    return counts == {wanted} and observed >= generation


def is_progressing(old: Obj, new: Obj) -> bool:
    """Whether a new status shows progress over an old one."""

    def left_over(status: Obj) -> int:
        count: int = status.get("replicas", 0) - status.get("updatedReplicas", 0)
        return count

    return left_over(new) < left_over(old) or any(
        new.get(field, 0) > old.get(field, 0)
        for field in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )


def has_timed_out(deployment: Obj, conditions: Iterable[Obj], now_us: int) -> bool:
    """Whether the last sign of progress is older than the deadline."""
    progressing = find_condition(conditions, "Progressing")
    if not has_deadline(deployment) or progressing is None:
        return False
    if progressing.get("reason") == "NewReplicaSetAvailable":
        return False
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return True
    return deadline_us(deployment, progressing) < now_us


def deadline_us(deployment: Obj, progressing: Obj) -> int:
    """The instant at which a rollout that shows no more progress times out."""
    seconds: int = deployment["spec"]["progressDeadlineSeconds"]
    return parse_timestamp(progressing["lastUpdateTime"]) + seconds * SECOND_US
