"""Why something doesn't happen: what an object waits for, in plain sentences.

A cluster says when it does something and keeps silent while it waits. What it
waits for follows from what is stored, so for each kind there is a function from
an object to sentences; an empty list says that nothing is amiss.

Each follows the condition under which the controller of that kind, as modelled
in `k8slab.controllers`, goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8slab.api.meta import Obj, condition_of, dig
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.store.view import View

Waits = Callable[[View, Obj, int], list[str]]
"""From an object, as things stand at an instant, to sentences."""


def waits_of(view: View, obj: Obj, now_us: int) -> list[str]:
    """What an object waits for, or what is amiss with it."""
    if "deletionTimestamp" in obj["metadata"]:
        return _deletion(view, obj, now_us)
    asks = _WAITS.get(obj["kind"])
    return asks(view, obj, now_us) if asks is not None else _conditions(obj)


def _conditions(obj: Obj) -> list[str]:
    """What the conditions of a kind without a function of its own say."""
    return [
        f"Its condition {one['type']} is {one['status']}: {one['message']}"
        for one in (obj.get("status") or {}).get("conditions") or ()
        if one.get("message") and one.get("reason")
    ]


def _seconds(duration_us: int) -> str:
    """`0:07`, `12:03`: minutes and seconds."""
    seconds = max(duration_us, 0) // SECOND_US
    return f"{seconds // 60}:{seconds % 60:02d}"


# Going away.


def _deletion(view: View, obj: Obj, now_us: int) -> list[str]:
    kind = obj["kind"]
    finalizers = obj["metadata"].get("finalizers") or []
    if kind == "Namespace":
        return _namespace_deletion(obj)
    if finalizers:
        return [f"It is being deleted and waits for its finalizers: {', '.join(finalizers)}."]
    if kind != "Pod":
        return ["It is being deleted."]
    node = obj["spec"].get("nodeName", "")
    machine = view.get("Machine", ("", node))
    if machine is not None and not _is_heard(machine):
        return [
            f"It is being deleted, but {node} is unreachable, so nothing confirms that it has stopped. "
            f"Bring {node} back, taint it out-of-service, or force the delete."
        ]
    due_us = parse_timestamp(obj["metadata"]["deletionTimestamp"])
    if due_us > now_us:
        left = _seconds(due_us - now_us)
        return [f"It is being deleted: its containers have {left} left to stop by themselves."]
    return ["It is being deleted and has its grace period to stop."]


def _namespace_deletion(namespace: Obj) -> list[str]:
    lines = [
        f"It is being deleted, and something is left in it: {one['message']}"
        for one in (namespace.get("status") or {}).get("conditions") or ()
        if one["status"] == "True" and one.get("message")
    ]
    return lines or ["It is being deleted, with all that is in it."]


def _is_heard(machine: Obj) -> bool:
    spec = machine["spec"]
    return (spec["power"], spec["network"], spec["kubelet"]) == ("On", "Up", "Running")


# Pods.


def _pod(view: View, pod: Obj, now_us: int) -> list[str]:
    scheduled = condition_of(pod, "PodScheduled") or {}
    if scheduled.get("status") == "False":
        return [f"It waits for a node: {scheduled.get('message', '')}"]
    node = pod["spec"].get("nodeName", "")
    if not node:
        return ["It waits for the scheduler to choose a node."]
    machine = view.get("Machine", ("", node))
    if machine is not None and not _is_heard(machine):
        return [f"Nothing is known of it, because the kubelet of {node} is not heard of."]
    status = pod.get("status") or {}
    if status.get("phase") in ("Succeeded", "Failed"):
        return _end(status)
    lines = _volumes(view, pod, node) or _containers(pod)
    return lines or _readiness(pod)


def _end(status: Obj) -> list[str]:
    if status["phase"] == "Succeeded":
        return ["It has done its work: every container ended with exit code 0."]
    lines = [f"It has failed: {status['message']}"] if status.get("message") else []
    for one in status.get("containerStatuses") or ():
        ended = dig(one, "state", "terminated") or {}
        if ended.get("exitCode"):
            lines.append(f"Its container {one['name']} ended with exit code {ended['exitCode']}.")
    return lines or ["It has failed."]


def _volumes(view: View, pod: Obj, node: str) -> list[str]:
    """Claims that hold its start up: not there, not bound, or attached to another node."""
    if any("state" in one and "waiting" not in one["state"] for one in _container_statuses(pod)):
        return []
    lines = []
    for volume in pod["spec"].get("volumes") or ():
        name = dig(volume, "persistentVolumeClaim", "claimName")
        if not name:
            continue
        claim = view.get("PersistentVolumeClaim", (pod["metadata"]["namespace"], name))
        if claim is None:
            lines.append(f"It waits for its claim {name}, which does not exist.")
            continue
        bound = claim["spec"].get("volumeName", "")
        if not bound:
            lines.append(f"It waits for its claim {name} to be bound.")
            continue
        lines.extend(_attachment(view, name, bound, node))
    return lines


def _attachment(view: View, claim: str, volume: str, node: str) -> list[str]:
    here = False
    for one in view.list("VolumeAttachment"):
        if dig(one, "spec", "source", "persistentVolumeName") != volume:
            continue
        if one["spec"]["nodeName"] != node:
            return [
                f"It waits for the volume of its claim {claim}, which is still attached to "
                f"{one['spec']['nodeName']}."
            ]
        here = bool(dig(one, "status", "attached"))
    csi = dig(view.get("PersistentVolume", ("", volume)) or {}, "spec", "csi")
    if csi and not here:
        return [f"It waits for the volume of its claim {claim} to be attached to {node}."]
    return []


def _container_statuses(pod: Obj) -> Sequence[Obj]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _containers(pod: Obj) -> list[str]:
    lines = []
    for one in _container_statuses(pod):
        waiting = dig(one, "state", "waiting") or {}
        if not waiting.get("reason") or waiting["reason"] == "PodInitializing":
            continue
        message = f": {waiting['message']}" if waiting.get("message") else ""
        lines.append(f"Its container {one['name']} waits: {waiting['reason']}{message}")
        ended = dig(one, "lastState", "terminated") or {}
        if waiting["reason"] == "CrashLoopBackOff" and ended:
            lines.append(
                f"It ended {one.get('restartCount', 0)} times, the last time with exit code "
                f"{ended.get('exitCode', 0)} ({ended.get('reason', '')}); each wait is twice as long as the "
                "one before, up to 5 minutes."
            )
    return lines


def _readiness(pod: Obj) -> list[str]:
    ready = condition_of(pod, "Ready")
    if ready is None or ready["status"] == "True":
        return []
    if ready.get("reason") == "ReadinessGatesNotReady":
        return [f"It is not Ready: {ready.get('message', '')}."]
    unready = [one["name"] for one in _container_statuses(pod) if not one.get("ready") and _runs(one)]
    probed = {
        one["name"]: "startup" if not _started(pod, one["name"]) and "startupProbe" in one else "readiness"
        for one in pod["spec"]["containers"]
        if "readinessProbe" in one or "startupProbe" in one
    }
    return [
        f"Its container {name} runs, but its {probed[name]} probe has not succeeded."
        for name in unready
        if name in probed
    ]


def _runs(status: Obj) -> bool:
    return "running" in (status.get("state") or {})


def _started(pod: Obj, name: str) -> bool:
    return any(one["name"] == name and one.get("started") for one in _container_statuses(pod))


# Workloads.


def _stateful_set(view: View, workload: Obj, now_us: int) -> list[str]:
    """Which Pod an ordered StatefulSet waits for."""
    wanted = workload["spec"].get("replicas", 1)
    owned = view.list("Pod", owner=workload["metadata"]["uid"])
    names = {pod["metadata"]["name"]: pod for pod in owned}
    start = (workload["spec"].get("ordinals") or {}).get("start", 0)
    for ordinal in range(start, start + wanted):
        name = f"{workload['metadata']['name']}-{ordinal}"
        pod = names.get(name)
        if pod is None:
            continue
        if "deletionTimestamp" in pod["metadata"]:
            return [f"It waits for {name}, which is being deleted.", *_of(view, pod, now_us)]
        ready = condition_of(pod, "Ready") or {}
        if ready.get("status") != "True" and workload["spec"].get("podManagementPolicy") != "Parallel":
            return [
                f"It waits for {name} to be Running and Ready before it goes on.",
                *_of(view, pod, now_us),
            ]
    return _stateful_rollout(workload)


def _of(view: View, obj: Obj, now_us: int) -> list[str]:
    """What another object waits for, said of it by name."""
    name = obj["metadata"]["name"]
    return [f"{obj['kind']} {name}: {line[0].lower()}{line[1:]}" for line in waits_of(view, obj, now_us)]


def _stateful_rollout(workload: Obj) -> list[str]:
    status, strategy = workload.get("status") or {}, workload["spec"].get("updateStrategy") or {}
    if status.get("updateRevision") == status.get("currentRevision"):
        return []
    if strategy.get("type") == "OnDelete":
        return ["Its Pods are replaced by the new revision only when somebody deletes them (OnDelete)."]
    partition = dig(strategy, "rollingUpdate", "partition") or 0
    if partition:
        return [f"Its update leaves every Pod with an ordinal below {partition} as it is (partition)."]
    return []


def _deployment(view: View, workload: Obj, now_us: int) -> list[str]:
    lines = []
    spec, status = workload["spec"], workload.get("status") or {}
    if spec.get("paused"):
        lines.append("Its rollout is paused: changes of its template wait until it is resumed.")
    for kind, bad in (("ReplicaFailure", "True"), ("Progressing", "False")):
        condition = condition_of(workload, kind) or {}
        if condition.get("status") == bad and condition.get("reason") != "DeploymentPaused":
            lines.append(f"Its condition {kind} is {bad}: {condition.get('message', '')}")
    wanted = spec.get("replicas", 1)
    if status.get("updatedReplicas", 0) == status.get("availableReplicas", 0) == wanted:
        return lines
    newest = _newest_replica_set(view, workload)
    if newest is not None:
        lines.extend(_unready_pods(view, newest, now_us))
    return lines


def _newest_replica_set(view: View, deployment: Obj) -> Obj | None:
    owned = view.list("ReplicaSet", owner=deployment["metadata"]["uid"])
    revision = "deployment.kubernetes.io/revision"

    def number(one: Obj) -> int:
        text = (one["metadata"].get("annotations") or {}).get(revision, "")
        return int(text) if text.isdigit() else 0

    return max(owned, key=lambda one: (number(one), one["metadata"]["name"]), default=None)


def _replica_set(view: View, workload: Obj, now_us: int) -> list[str]:
    failure = condition_of(workload, "ReplicaFailure") or {}
    lines = []
    if failure.get("status") == "True":
        lines.append(f"It cannot make its Pods: {failure.get('message', '')}")
    return lines + _unready_pods(view, workload, now_us)


def _daemon_set(view: View, workload: Obj, now_us: int) -> list[str]:
    status = workload.get("status") or {}
    if not status.get("desiredNumberScheduled", 0) and view.list("Node"):
        return ["No node fits its Pods: look at its nodeSelector, its affinity, and the taints of the nodes."]
    return _unready_pods(view, workload, now_us)


_MOST_NAMED = 3


def _unready_pods(view: View, owner: Obj, now_us: int) -> list[str]:
    """What the Pods that are not Ready wait for; those that wait for the same are told together."""
    reasons: dict[str, list[str]] = {}
    pods = sorted(
        view.list("Pod", owner=owner["metadata"]["uid"]), key=lambda pod: str(pod["metadata"]["name"])
    )
    for pod in pods:
        if (condition_of(pod, "Ready") or {}).get("status") == "True" or "deletionTimestamp" in pod[
            "metadata"
        ]:
            continue
        for line in waits_of(view, pod, now_us)[:1]:
            reasons.setdefault(line, []).append(pod["metadata"]["name"])
    lines = []
    for line, names in reasons.items():
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        who = f"Pod {', '.join(names[:_MOST_NAMED])}{more}"
        lines.append(f"{who}: {line[0].lower()}{line[1:]}")
    return lines


def _job(view: View, job: Obj, now_us: int) -> list[str]:
    for kind, words in (("Complete", "It is complete"), ("Failed", "It has failed")):
        condition = condition_of(job, kind) or {}
        if condition.get("status") == "True":
            reason = f": {condition['message']}" if condition.get("message") else "."
            return [f"{words}{reason}"]
    if job["spec"].get("suspend"):
        return ["It is suspended: it starts no Pod until spec.suspend is false."]
    status = job.get("status") or {}
    lines = _unready_pods(view, job, now_us)
    failed, active = status.get("failed", 0), status.get("active", 0)
    if failed and not active:
        limit = job["spec"].get("backoffLimit", 6)
        lines.append(
            f"{failed} of its Pods failed; it waits before it tries again, twice as long after each failure "
            f"(10 s, 20 s, … up to 10 minutes), and gives up after {limit} retries."
        )
    return lines


def _cron_job(view: View, cron_job: Obj, now_us: int) -> list[str]:
    if cron_job["spec"].get("suspend"):
        return ["It is suspended: it starts no Job until spec.suspend is false."]
    active = [one["name"] for one in (cron_job.get("status") or {}).get("active") or ()]
    policy = cron_job["spec"].get("concurrencyPolicy", "Allow")
    if active and policy == "Forbid":
        return [f"{', '.join(active)} still runs, and its concurrencyPolicy Forbid lets no second Job start."]
    return []


# The rest.


def _claim(view: View, claim: Obj, now_us: int) -> list[str]:
    if (claim.get("status") or {}).get("phase") == "Bound":
        return []
    name = claim["spec"].get("storageClassName")
    if not name:
        return [
            "It has no StorageClass, so it waits for a volume that fits it and that somebody makes by hand."
        ]
    storage_class = view.get("StorageClass", ("", name))
    if storage_class is None:
        return [f"Its StorageClass {name} does not exist."]
    if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
        return ["It waits for the first Pod that uses it: only then is it known where its volume must be."]
    if storage_class["provisioner"] == "kubernetes.io/no-provisioner":
        return [f"Nothing provisions volumes of its StorageClass {name}: somebody must make one by hand."]
    return [f"It waits for {storage_class['provisioner']} to provision its volume."]


def _service(view: View, service: Obj, now_us: int) -> list[str]:
    selector = service["spec"].get("selector")
    if not selector or service["spec"].get("type") == "ExternalName":
        return []
    namespace = service["metadata"]["namespace"]
    pods = [
        pod
        for pod in view.list("Pod", namespace=namespace)
        if selector.items() <= (pod["metadata"].get("labels") or {}).items()
    ]
    text = ",".join(f"{key}={value}" for key, value in selector.items())
    if not pods:
        return [f"It leads nowhere: no Pod in {namespace} has the labels {text}."]
    if not any((condition_of(pod, "Ready") or {}).get("status") == "True" for pod in pods):
        return [f"It leads nowhere: of the {len(pods)} Pods with the labels {text} none is Ready."]
    return []


def _node(view: View, node: Obj, now_us: int) -> list[str]:
    lines = []
    machine = view.get("Machine", ("", node["metadata"]["name"]))
    if machine is not None and machine["spec"]["power"] != "On":
        lines.append("It has no power.")
    elif machine is not None and machine["spec"]["network"] != "Up":
        lines.append("It is cut off the network.")
    elif machine is not None and machine["spec"]["kubelet"] != "Running":
        lines.append("Its kubelet does not run.")
    if node["spec"].get("unschedulable"):
        lines.append("It is cordoned: no new Pod is put there.")
    return lines + [
        f"Its condition {one['type']} is {one['status']}: {one['message']}"
        for one in (node.get("status") or {}).get("conditions") or ()
        if one.get("message") and one["status"] != ("True" if one["type"] == "Ready" else "False")
    ]


def _budget(view: View, budget: Obj, now_us: int) -> list[str]:
    status = budget.get("status") or {}
    if status.get("expectedPods") and not status.get("disruptionsAllowed", 0):
        return [
            f"It allows no eviction now: {status.get('currentHealthy', 0)} Pods are healthy, and "
            f"{status.get('desiredHealthy', 0)} must be."
        ]
    return []


_WAITS: dict[str, Waits] = {
    "CronJob": _cron_job,
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "Job": _job,
    "Node": _node,
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
    "PodDisruptionBudget": _budget,
    "ReplicaSet": _replica_set,
    "ReplicationController": _replica_set,
    "Service": _service,
    "StatefulSet": _stateful_set,
}
