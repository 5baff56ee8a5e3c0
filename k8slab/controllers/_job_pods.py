"""The Pods of a Job: which failed, since when, in which order surplus ones go, and what new ones look like.

A Pod of a Job carries a finalizer until the Job has counted how it ended, so
that no end goes uncounted.

Models pkg/controller/job/{job_controller,tracking_utils}.go and ActivePods in
pkg/controller/controller_utils.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key

from k8slab.api.meta import Obj, condition_of
from k8slab.controllers._pods import is_ready, phase_of

TRACKING = "batch.kubernetes.io/job-tracking"
_PHASE_ORDER = {"Pending": 0, "Unknown": 1, "Running": 2}


def has_finalizer(pod: Obj) -> bool:
    """Whether the Job has still to count how this Pod ended."""
    return TRACKING in (pod["metadata"].get("finalizers") or ())


def without_finalizer(pod: Obj) -> Obj:
    """The merge patch that takes the tracking finalizer off."""
    kept = [name for name in pod["metadata"].get("finalizers") or () if name != TRACKING]
    return {"metadata": {"finalizers": kept or None}}


def replaces_only_failed(job: Obj) -> bool:
    """Whether a Pod is replaced only once it has ended, not already while it terminates."""
    spec = job["spec"]
    return spec.get("podReplacementPolicy") == "Failed" or spec.get("podFailurePolicy") is not None


def is_failed(pod: Obj, job: Obj) -> bool:
    """Whether the Pod counts as failed; a terminating one does unless only ended ones are replaced."""
    phase = phase_of(pod)
    if phase == "Failed":
        return True
    if phase == "Succeeded" or "deletionTimestamp" not in pod["metadata"]:
        return False
    return not replaces_only_failed(job)


def is_finished_job(job: Obj) -> bool:
    """Whether the Job is Complete or Failed."""
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return True
    return False


def is_managed_elsewhere(job: Obj) -> bool:
    """Whether another controller looks after the Job."""
    return job["spec"].get("managedBy") not in (None, "kubernetes.io/job-controller")


# The order in which surplus Pods go.


def by_worth(pods: Sequence[Obj]) -> list[Obj]:
    """The Pods, those that are least worth keeping first (`ActivePods`)."""
    if len(pods) < 2:
        return list(pods)
    return sorted(pods, key=cmp_to_key(_compare))


def _compare(left: Obj, right: Obj) -> int:
    if _goes_first(left, right):
        return -1
    return 1 if _goes_first(right, left) else 0


def _goes_first(left: Obj, right: Obj) -> bool:
    node_left, node_right = left["spec"].get("nodeName", ""), right["spec"].get("nodeName", "")
    if node_left != node_right and not (node_left and node_right):
        return not node_left
    phase_left, phase_right = _PHASE_ORDER.get(phase_of(left), 0), _PHASE_ORDER.get(phase_of(right), 0)
    if phase_left != phase_right:
        return phase_left < phase_right
    ready_left, ready_right = is_ready(left), is_ready(right)
    if ready_left != ready_right:
        return not ready_left
    if ready_left:
        since = _ready_since(left), _ready_since(right)
        if since[0] != since[1]:
            return _after_or_unknown(*since)
    restarts_left, restarts_right = _most_restarts(left), _most_restarts(right)
    if restarts_left != restarts_right:
        return restarts_left > restarts_right
    born = left["metadata"].get("creationTimestamp", ""), right["metadata"].get("creationTimestamp", "")
    return born[0] != born[1] and _after_or_unknown(*born)


def _after_or_unknown(left: str, right: str) -> bool:
    """Timestamps of whole seconds in UTC compare as texts; an unknown one comes first."""
    return not left or (bool(right) and left > right)


def _ready_since(pod: Obj) -> str:
    since: str = (condition_of(pod, "Ready") or {}).get("lastTransitionTime") or ""
    return since


def _most_restarts(pod: Obj) -> tuple[int, int]:
    """The most restarts of a container, and of a sidecar."""
    status = pod.get("status") or {}
    sidecars = [
        container["name"]
        for container in pod["spec"].get("initContainers") or ()
        if container.get("restartPolicy") == "Always"
    ]
    regular = [one.get("restartCount", 0) for one in status.get("containerStatuses") or ()]
    initial = status.get("initContainerStatuses") or ()
    return max(regular, default=0), max(
        (one.get("restartCount", 0) for one in initial if one["name"] in sidecars), default=0
    )


def count_restarts(pod: Obj) -> int:
    """The restarts of all containers of a Pod."""
    status = pod.get("status") or {}
    return sum(
        one.get("restartCount", 0)
        for name in ("initContainerStatuses", "containerStatuses")
        for one in status.get(name) or ()
    )
