"""The scripted side of a recorded scenario: nodes and the life of Pods, played exactly as told.

A scenario's recording fixes what kubelets did, so that only the control
plane's decisions are compared. This kubelet starts, readies, fails and ends
Pods as the scenario says; its modes are kept in an object of an internal kind.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, with_condition
from k8slab.clock import MINUTE_US, timestamp
from k8slab.components import Component, Create, Delete, Done, Memory, Patch, Plan, Put, Watch
from k8slab.store.view import Change, View

REACTION_US = 200_000
"""How long the automatic modes take (0.2 s)."""

SCRIPT = ("", "script")
AUTO: Obj = {
    "apiVersion": "lab",
    "kind": "Script",
    "metadata": {"name": "script"},
    "spec": {"start": "auto", "stop": "auto", "dead": {}},
}


def script_of(view: View) -> Obj:
    """The scenario's present modes: `start`, `stop`, and the nodes that are dead."""
    script = view.get("Script", SCRIPT) or AUTO
    return script["spec"]  # type: ignore[no-any-return]


def is_finished(pod: Obj) -> bool:
    """Whether the Pod has ended for good."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _conditions(pod: Obj, ready: bool, now_us: int, reason: str = "ContainersNotReady") -> list[Obj]:
    when = timestamp(now_us)
    conditions = list((pod.get("status") or {}).get("conditions") or ())
    for name in ("PodReadyToStartContainers", "Initialized"):
        conditions = with_condition(
            conditions, {"type": name, "status": "True", "lastProbeTime": None, "lastTransitionTime": when}
        )
    for name in ("ContainersReady", "Ready"):
        condition = {
            "type": name,
            "status": "True" if ready else "False",
            "lastProbeTime": None,
            "lastTransitionTime": when,
        }
        if not ready:
            condition["reason"] = reason
        conditions = with_condition(conditions, condition)
    return conditions


def _container_statuses(pod: Obj, now_us: int, state: Obj, *, ready: bool, restarts: int = 0) -> list[Obj]:
    return [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": ready,
            "started": ready,
            "restartCount": restarts,
            "state": state,
            "lastState": {},
        }
        for container in pod["spec"]["containers"]
    ]


def running(pod: Obj, now_us: int, *, ready: bool = True) -> Obj:
    """The status of a Pod whose containers run."""
    status = pod.get("status") or {}
    number = sum(map(ord, pod["metadata"]["uid"])) % 250 + 1
    return {
        **status,
        "phase": "Running",
        "podIP": f"10.244.0.{number}",
        "podIPs": [{"ip": f"10.244.0.{number}"}],
        "startTime": status.get("startTime") or timestamp(now_us),
        "conditions": _conditions(pod, ready, now_us),
        "containerStatuses": _container_statuses(
            pod, now_us, {"running": {"startedAt": timestamp(now_us)}}, ready=ready
        ),
    }


def with_readiness(pod: Obj, now_us: int, ready: bool) -> Obj:
    """The status of a running Pod whose readiness changes now."""
    status = pod["status"]
    containers = [{**one, "ready": ready} for one in status.get("containerStatuses") or ()]
    return {**status, "conditions": _conditions(pod, ready, now_us), "containerStatuses": containers}


def finished(pod: Obj, now_us: int, phase: str, options: Obj | None = None) -> Obj:
    """The final status of a Pod: its containers have ended with the given exit code."""
    options = options or {}
    status = pod.get("status") or {}
    default = 0 if phase == "Succeeded" else 1
    code = options.get("exitCode", default)
    only = options.get("container")
    when = timestamp(now_us)
    containers = []
    for one in _container_statuses(pod, now_us, {}, ready=False):
        exit_code = code if only in (None, one["name"]) else 0
        reason = "Completed" if exit_code == 0 else "Error"
        ended = {"exitCode": exit_code, "reason": reason, "startedAt": when, "finishedAt": when}
        containers.append({**one, "state": {"terminated": ended}, "started": False})
    reason = "PodCompleted" if phase == "Succeeded" else "PodFailed"
    conditions = _conditions(pod, False, now_us, reason)
    for extra in options.get("conditions") or ():
        conditions = with_condition(conditions, {"lastProbeTime": None, "lastTransitionTime": when, **extra})
    result = {
        **status,
        "phase": phase,
        "startTime": status.get("startTime") or when,
        "conditions": conditions,
        "containerStatuses": containers,
    }
    for name in ("reason", "message"):
        if options.get(name):
            result[name] = options[name]
    return result


def restarted(pod: Obj, now_us: int, restarts: int, exit_code: int) -> Obj:
    """The status of a Pod whose containers were restarted and are ready again."""
    when = timestamp(now_us)
    ended = {"exitCode": exit_code, "reason": "Error", "startedAt": when, "finishedAt": when}
    containers = [
        {**one, "restartCount": restarts, "lastState": {"terminated": ended}}
        for one in pod["status"].get("containerStatuses") or ()
    ]
    conditions = [
        {**one, "lastTransitionTime": when} if one["type"] in ("Ready", "ContainersReady") else one
        for one in pod["status"].get("conditions") or ()
    ]
    return {**pod["status"], "conditions": conditions, "containerStatuses": containers}


def _plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Start or end one Pod where its node's kubelet is automatic, 0.2 s after it is seen."""
    pod = view.get("Pod", key)
    script = script_of(view)
    if pod is None or not pod["spec"].get("nodeName") or pod["spec"]["nodeName"] in script["dead"]:
        return Done(memory=None)
    if "deletionTimestamp" in pod["metadata"]:
        stage = "stop" if script["stop"] == "auto" else ""
    else:
        phase = (pod.get("status") or {}).get("phase")
        stage = "start" if script["start"] == "auto" and phase == "Pending" else ""
    if not stage:
        return Done(memory=None)
    if memory is None or memory[0] != stage:
        return Done(look_again_us=REACTION_US, memory=(stage, now_us + REACTION_US))
    if now_us < memory[1]:
        return Done(look_again_us=memory[1] - now_us)
    if stage == "start":
        yield Patch("Pod", key, {"status": running(pod, now_us)}, "status")
    else:
        yield from end_pod(pod, key, now_us, {})
    return Done(memory=None)


def end_pod(pod: Obj, key: Key, now_us: int, options: dict[str, Any]) -> Plan:
    """Give a Terminating Pod its final status (unless it had ended) and remove it."""
    if not is_finished(pod):
        phase = options.get("phase", "Failed")
        code = {"exitCode": options.get("exitCode", 143 if phase == "Failed" else 0)}
        yield Patch("Pod", key, {"status": finished(pod, now_us, phase, code)}, "status")
    yield Delete("Pod", key, uid=pod["metadata"]["uid"], grace_seconds=0)
    return Done()


def _all_pods(change: Change, view: View) -> list[Key]:
    return [
        (pod["metadata"]["namespace"], pod["metadata"]["name"])
        for pod in view.list("Pod")
        if pod["spec"].get("nodeName")
    ]


KUBELET = Component(
    name="scripted-kubelet",
    watches=(Watch("Pod"), Watch("Script", _all_pods)),
    plan=_plan,
    manager="kubelet",
)


def _provide_volume(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Let a volume for a new claim appear at once, as the recorded clusters did."""
    claim = view.get("PersistentVolumeClaim", key)
    if claim is None or claim["spec"].get("volumeName") or "deletionTimestamp" in claim["metadata"]:
        return Done()
    name = f"pvc-{claim['metadata']['uid']}"
    if view.get("PersistentVolume", ("", name)) is not None:
        return Done()
    reference = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": key[0],
        "name": key[1],
        "uid": claim["metadata"]["uid"],
    }
    spec = {
        "accessModes": claim["spec"]["accessModes"],
        "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        "claimRef": reference,
        "hostPath": {"path": f"/volumes/{name}"},
        "persistentVolumeReclaimPolicy": "Delete",
        "storageClassName": claim["spec"].get("storageClassName", ""),
        "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
    }
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
    yield Create("PersistentVolume", volume)
    return Done()


PROVISIONER = Component(
    name="scripted-provisioner",
    watches=(Watch("PersistentVolumeClaim"),),
    plan=_provide_volume,
    manager="provisioner",
)

LONGEST_STEP_US = 60 * MINUTE_US


def put_script(view: View, **changes: Any) -> Put:
    """The action that changes the scenario's modes."""
    return Put("Script", SCRIPT, {**AUTO, "spec": {**script_of(view), **changes}})


__all__ = ["KUBELET", "ApiError", "end_pod", "finished", "restarted", "running", "with_readiness"]
