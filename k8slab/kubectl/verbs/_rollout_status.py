"""How far a rollout is, in words, and whether it is done.

Models staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from k8slab.api.meta import Obj, condition_of
from k8slab.kubectl.command import fail

Status = tuple[str, bool]


def _observed(obj: Obj) -> bool:
    observed: int = (obj.get("status") or {}).get("observedGeneration", 0)
    generation: int = obj["metadata"].get("generation", 0)
    return generation <= observed


def _deployment(obj: Obj, revision: int) -> Status:
    name, spec, status = obj["metadata"]["name"], obj["spec"], obj.get("status") or {}
    if revision > 0:
        text = (obj["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision")
        running = int(text or 0)
        if running != revision:
            raise fail(f"desired revision ({revision}) is different from the running revision ({running})")
    if not _observed(obj):
        return "Waiting for deployment spec update to be observed...\n", False
    condition = condition_of(obj, "Progressing")
    if condition is not None and condition.get("reason") == "ProgressDeadlineExceeded":
        raise fail(f'deployment "{name}" exceeded its progress deadline')
    wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    total, available = status.get("replicas", 0), status.get("availableReplicas", 0)
    waiting = f'Waiting for deployment "{name}" rollout to finish:'
    if updated < wanted:
        return f"{waiting} {updated} out of {wanted} new replicas have been updated...\n", False
    if total > updated:
        return f"{waiting} {total - updated} old replicas are pending termination...\n", False
    if available < updated:
        return f"{waiting} {available} of {updated} updated replicas are available...\n", False
    return f'deployment "{name}" successfully rolled out\n', True


_ONLY_ROLLING = "rollout status is only available for RollingUpdate strategy type"


def _daemon_set(obj: Obj, revision: int) -> Status:
    name, status = obj["metadata"]["name"], obj.get("status") or {}
    if obj["spec"].get("updateStrategy", {}).get("type") != "RollingUpdate":
        raise fail(_ONLY_ROLLING)
    if not _observed(obj):
        return "Waiting for daemon set spec update to be observed...\n", False
    wanted = status.get("desiredNumberScheduled", 0)
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    waiting = f'Waiting for daemon set "{name}" rollout to finish:'
    if updated < wanted:
        return f"{waiting} {updated} out of {wanted} new pods have been updated...\n", False
    if available < wanted:
        return f"{waiting} {available} of {wanted} updated pods are available...\n", False
    return f'daemon set "{name}" successfully rolled out\n', True


def _stateful_set(obj: Obj, revision: int) -> Status:
    spec, status = obj["spec"], obj.get("status") or {}
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") != "RollingUpdate":
        raise fail(_ONLY_ROLLING)
    if not status.get("observedGeneration") or not _observed(obj):
        return "Waiting for statefulset spec update to be observed...\n", False
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    updated = status.get("updatedReplicas", 0)
    if ready < wanted:
        return f"Waiting for {wanted - ready} pods to be ready...\n", False
    rolling = strategy.get("rollingUpdate")
    if rolling is not None:
        partition = rolling.get("partition")
        if partition is not None and updated < wanted - partition:
            return (
                f"Waiting for partitioned roll out to finish: {updated} out of {wanted - partition} new pods "
                "have been updated...\n",
                False,
            )
        return f"partitioned roll out complete: {updated} new pods have been updated...\n", True
    if status.get("updateRevision") != status.get("currentRevision"):
        return (
            f"waiting for statefulset rolling update to complete {updated} pods at revision "
            f"{status.get('updateRevision', '')}...\n",
            False,
        )
    return (
        f"statefulset rolling update complete {status.get('currentReplicas', 0)} pods at revision "
        f"{status.get('currentRevision', '')}...\n",
        True,
    )


VIEWERS: Mapping[str, Callable[[Obj, int], Status]] = {
    "Deployment": _deployment,
    "DaemonSet": _daemon_set,
    "StatefulSet": _stateful_set,
}
