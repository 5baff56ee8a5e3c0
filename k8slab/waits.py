"""Why something doesn't happen: what an object waits for, in plain sentences.

A cluster says when it does something and keeps silent while it waits. What it
waits for follows from what is stored, so for each kind there is a function from
an object to sentences; an empty list says that nothing is amiss.

Each follows the condition under which the controller of that kind, as modelled
in `k8slab.controllers`, goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from k8slab.api.meta import Obj, condition_of, controller_of, dig
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.containers.ailments import SKEW, SLOWNESS
from k8slab.containers.images import REGISTRY_OUTAGE
from k8slab.hints import SCALING, SCHEDULING, gist, hints_in
from k8slab.kubelet.eviction import REASON
from k8slab.kubelet.shortage import DISK, MEMORY, PIDS
from k8slab.scheduler.device_claims import ClaimError, claims_of
from k8slab.store.view import View
from k8slab.texts import Language, say

Said = tuple[str, dict[str, Any]]
"""A sentence: the key of its text, and what fills its placeholders. `line` is a sentence itself."""

Waits = Callable[[View, Obj, int], list[Said]]
"""From an object, as things stand at an instant, to sentences."""


def told(language: Language, said: Said) -> str:
    """A sentence in a language; one within another goes on in lower case."""
    name, parts = said
    if "line" in parts:
        inner = told(language, parts["line"])
        parts = {**parts, "line": inner[0].lower() + inner[1:]}
    return say(language, f"waits.{name}", **parts)


def waits_of(view: View, obj: Obj, now_us: int) -> list[Said]:
    """What an object waits for, or what is amiss with it."""
    if "deletionTimestamp" in obj["metadata"]:
        return _deletion(view, obj, now_us)
    asks = _WAITS.get(obj["kind"])
    return asks(view, obj, now_us) if asks is not None else _conditions(obj)


def _conditions(obj: Obj) -> list[Said]:
    """What the conditions of a kind without a function of its own say."""
    return [
        _condition(one)
        for one in (obj.get("status") or {}).get("conditions") or ()
        if one.get("message") and one.get("reason")
    ]


def _condition(one: Obj) -> Said:
    return "condition", {"type": one["type"], "status": one["status"], "message": one["message"]}


def _seconds(duration_us: int) -> str:
    """`0:07`, `12:03`: minutes and seconds."""
    seconds = max(duration_us, 0) // SECOND_US
    return f"{seconds // 60}:{seconds % 60:02d}"


# Going away.


def _deletion(view: View, obj: Obj, now_us: int) -> list[Said]:
    kind = obj["kind"]
    finalizers = obj["metadata"].get("finalizers") or []
    if kind == "Namespace":
        return _namespace_deletion(obj)
    if finalizers:
        return [("finalizers", {"finalizers": ", ".join(finalizers)})]
    if kind != "Pod":
        return [("deleted", {})]
    node = obj["spec"].get("nodeName", "")
    machine = view.get("Machine", ("", node))
    if machine is not None and not _is_heard(machine):
        return _held(view, obj, node, now_us)
    due_us = parse_timestamp(obj["metadata"]["deletionTimestamp"])
    if due_us > now_us:
        return [("grace_left", {"left": _seconds(due_us - now_us)})]
    return [("grace", {})]


def _held(view: View, pod: Obj, node: str, now_us: int) -> list[Said]:
    """Why a Pod is still there whose node is lost, and who waits for it to be gone."""
    lines: list[Said] = [("unreachable", {"node": node})]
    silent_us = _silent_us(view, node, now_us)
    if silent_us:
        lines = [("unreachable_for", {"node": node, "for": _seconds(silent_us)})]
    owner = controller_of(pod)
    if owner is not None and owner["kind"] == "StatefulSet":
        lines.append(("no_twin", {"pod": pod["metadata"]["name"], "owner": owner["name"]}))
    return lines


def _silent_us(view: View, node: str, now_us: int) -> int:
    """For how long a node has been given up for lost; 0 while nobody has noticed."""
    ready = condition_of(view.get("Node", ("", node)) or {}, "Ready") or {}
    if ready.get("status") != "Unknown" or not ready.get("lastTransitionTime"):
        return 0
    return max(0, now_us - parse_timestamp(ready["lastTransitionTime"]))


def _namespace_deletion(namespace: Obj) -> list[Said]:
    lines: list[Said] = [
        ("namespace_left", {"message": one["message"]})
        for one in (namespace.get("status") or {}).get("conditions") or ()
        if one["status"] == "True" and one.get("message")
    ]
    return lines or [("namespace", {})]


def _is_heard(machine: Obj) -> bool:
    spec = machine["spec"]
    return (spec["power"], spec["network"], spec["kubelet"]) == ("On", "Up", "Running")


# Pods.


def _pod(view: View, pod: Obj, now_us: int) -> list[Said]:
    scheduled = condition_of(pod, "PodScheduled") or {}
    if scheduled.get("status") == "False":
        return _unscheduled(view, pod, scheduled, now_us)
    node = pod["spec"].get("nodeName", "")
    if not node:
        return [_untried(view, pod)]
    machine = view.get("Machine", ("", node))
    if machine is not None and not _is_heard(machine):
        return [("unheard", {"node": node})]
    status = pod.get("status") or {}
    if status.get("phase") in ("Succeeded", "Failed"):
        return _end(status)
    lines = _volumes(view, pod, node, now_us) or _containers(view, pod)
    return lines or _initialization(pod) or _readiness(pod)


def _untried(view: View, pod: Obj) -> Said:
    """Why the scheduler has said nothing yet of a Pod without a node."""
    scheduler = pod["spec"].get("schedulerName", SCHEDULER)
    if scheduler != SCHEDULER:
        return "no_scheduler", {"name": scheduler}
    try:
        claims_of(view, pod)
    except ClaimError as error:
        return "for_device_claim", {"message": str(error)}
    return "for_scheduler", {}


SCHEDULER = "default-scheduler"


def _unscheduled(view: View, pod: Obj, scheduled: Obj, now_us: int) -> list[Said]:
    """Why no node was found: in the scheduler's words, and what these mean."""
    gates = [one["name"] for one in pod["spec"].get("schedulingGates") or ()]
    if gates:
        return [("gated", {"gates": ", ".join(gates)})]
    message = scheduled.get("message", "")
    lines: list[Said] = [("for_node", {"message": gist(message)})]
    lines += [(name, {}) for name in hints_in(message, SCHEDULING)]
    return lines + [
        said
        for name in _claims_of(pod)
        if (claim := view.get("PersistentVolumeClaim", (pod["metadata"]["namespace"], name))) is not None
        for said in _of(view, claim, now_us)
    ]


def _claims_of(pod: Obj) -> list[str]:
    claims = (dig(one, "persistentVolumeClaim", "claimName") for one in pod["spec"].get("volumes") or ())
    return [name for name in claims if name]


def _initialization(pod: Obj) -> list[Said]:
    """The init container at which its start stands."""
    status = pod.get("status") or {}
    if status.get("phase") != "Pending":
        return []
    sidecars = [
        one["name"] for one in pod["spec"].get("initContainers") or () if one.get("restartPolicy") == "Always"
    ]
    running = [
        one["name"]
        for one in status.get("initContainerStatuses") or ()
        if _runs(one) and one["name"] not in sidecars
    ]
    return [("initializing", {"name": running[0]})] if running else []


def _eviction(message: str) -> str:
    """Which sentence tells why a kubelet evicted a Pod or didn't take it: by what was short."""
    if "resource: memory" in message:
        return "evicted_memory"
    if "resource: pids" in message:
        return "evicted_pids"
    return "rejected" if "condition: [" in message else "evicted"


def _end(status: Obj) -> list[Said]:
    if status["phase"] == "Succeeded":
        return [("done", {})]
    message = (status.get("message") or "").strip()
    lines: list[Said] = [("failed_with", {"message": message})] if message else []
    if status.get("reason") == REASON:
        # How its containers ended says nothing: they were stopped.
        return [(_eviction(message), {"message": message})] if lines else [("failed", {})]
    for one in status.get("containerStatuses") or ():
        ended = dig(one, "state", "terminated") or {}
        if ended.get("exitCode"):
            lines.append(("ended", {"name": one["name"], "code": ended["exitCode"]}))
    return lines or [("failed", {})]


def _volumes(view: View, pod: Obj, node: str, now_us: int) -> list[Said]:
    """Claims that hold its start up: not there, not bound, or attached to another node."""
    if any("state" in one and "waiting" not in one["state"] for one in _container_statuses(pod)):
        return []
    lines: list[Said] = []
    for volume in pod["spec"].get("volumes") or ():
        lines.extend(_source(view, pod, volume))
        name = dig(volume, "persistentVolumeClaim", "claimName")
        if not name:
            continue
        claim = view.get("PersistentVolumeClaim", (pod["metadata"]["namespace"], name))
        if claim is None:
            lines.append(("no_claim", {"claim": name}))
            continue
        bound = claim["spec"].get("volumeName", "")
        if not bound:
            lines += [("unbound_claim", {"claim": name}), *_of(view, claim, now_us)]
            continue
        lines.extend(_attachment(view, name, bound, node))
    return lines


_SOURCES = (("secret", "secretName", "Secret"), ("configMap", "name", "ConfigMap"))


def _source(view: View, pod: Obj, volume: Obj) -> list[Said]:
    """A Secret or a ConfigMap that is to be mounted and is not there."""
    for field, key, kind in _SOURCES:
        name = dig(volume, field, key)
        if name and not dig(volume, field, "optional"):
            if view.get(kind, (pod["metadata"]["namespace"], name)) is None:
                return [("no_source", {"kind": kind, "name": name, "volume": volume["name"]})]
    return []


def _attachment(view: View, claim: str, volume: str, node: str) -> list[Said]:
    here = False
    for one in view.list("VolumeAttachment"):
        if dig(one, "spec", "source", "persistentVolumeName") != volume:
            continue
        if one["spec"]["nodeName"] != node:
            return [("attached_elsewhere", {"claim": claim, "node": one["spec"]["nodeName"]})]
        here = bool(dig(one, "status", "attached"))
    csi = dig(view.get("PersistentVolume", ("", volume)) or {}, "spec", "csi")
    if csi and not here:
        return [("unattached", {"claim": claim, "node": node})]
    return []


def _container_statuses(pod: Obj) -> Sequence[Obj]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _containers(view: View, pod: Obj) -> list[Said]:
    lines: list[Said] = []
    for one in _container_statuses(pod):
        waiting = dig(one, "state", "waiting") or {}
        if not waiting.get("reason") or waiting["reason"] == "PodInitializing":
            continue
        parts = {"name": one["name"], "reason": waiting["reason"]}
        if waiting.get("message"):
            lines.append(("container_with", {**parts, "message": waiting["message"]}))
        else:
            lines.append(("container", parts))
        ended = dig(one, "lastState", "terminated") or {}
        if waiting["reason"] == "CrashLoopBackOff" and ended:
            lines.append(("crash_loop", _last_end(one, ended)))
            lines += _cause_of_end(view, pod, ended)
        if waiting["reason"] in ("ImagePullBackOff", "ErrImagePull"):
            down = view.get("Outage", REGISTRY_OUTAGE) is not None
            lines.append(("registry_down" if down else "image", {"image": one.get("image", "")}))
    return lines


def _cause_of_end(view: View, pod: Obj, ended: Obj) -> list[Said]:
    """Who ended a container that did not end of its own accord."""
    if ended.get("reason") == "OOMKilled":
        return [("hint.memory", {})]
    killed = [
        one
        for one in view.list("Event", namespace=pod["metadata"]["namespace"])
        if one.get("reason") == "Killing" and dig(one, "involvedObject", "uid") == pod["metadata"]["uid"]
    ]
    for probe in ("liveness", "startup"):
        if any(f"failed {probe} probe" in one.get("message", "") for one in killed):
            return [("hint.probe", {"probe": probe})]
    return []


def _last_end(status: Obj, ended: Obj) -> dict[str, Any]:
    return {
        "count": status.get("restartCount", 0),
        "code": ended.get("exitCode", 0),
        "reason": ended.get("reason", ""),
    }


def _readiness(pod: Obj) -> list[Said]:
    ready = condition_of(pod, "Ready")
    if ready is None or ready["status"] == "True":
        return []
    if ready.get("reason") == "ReadinessGatesNotReady":
        return [("gates", {"message": ready.get("message", "")})]
    unready = [one["name"] for one in _container_statuses(pod) if not one.get("ready") and _runs(one)]
    probed = {
        one["name"]: "startup" if not _started(pod, one["name"]) and "startupProbe" in one else "readiness"
        for one in pod["spec"]["containers"]
        if "readinessProbe" in one or "startupProbe" in one
    }
    return [("probe", {"name": name, "probe": probed[name]}) for name in unready if name in probed]


def _runs(status: Obj) -> bool:
    return "running" in (status.get("state") or {})


def _started(pod: Obj, name: str) -> bool:
    return any(one["name"] == name and one.get("started") for one in _container_statuses(pod))


# Workloads.


def _stateful_set(view: View, workload: Obj, now_us: int) -> list[Said]:
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
            return [("for_deleted", {"pod": name}), *_of(view, pod, now_us)]
        ready = condition_of(pod, "Ready") or {}
        if ready.get("status") != "True" and workload["spec"].get("podManagementPolicy") != "Parallel":
            return [("for_ready", {"pod": name}), *_of(view, pod, now_us)]
    return _stateful_rollout(workload)


def _of(view: View, obj: Obj, now_us: int) -> list[Said]:
    """What another object waits for, said of it by name."""
    who = f"{obj['kind']} {obj['metadata']['name']}"
    return [("of", {"who": who, "line": line}) for line in waits_of(view, obj, now_us)]


def _stateful_rollout(workload: Obj) -> list[Said]:
    status, strategy = workload.get("status") or {}, workload["spec"].get("updateStrategy") or {}
    if status.get("updateRevision") == status.get("currentRevision"):
        return []
    if strategy.get("type") == "OnDelete":
        return [("on_delete", {})]
    partition = dig(strategy, "rollingUpdate", "partition") or 0
    if partition:
        return [("partition", {"partition": partition})]
    return []


def _deployment(view: View, workload: Obj, now_us: int) -> list[Said]:
    lines: list[Said] = []
    spec, status = workload["spec"], workload.get("status") or {}
    if spec.get("paused"):
        lines.append(("paused", {}))
    for kind, bad in (("ReplicaFailure", "True"), ("Progressing", "False")):
        condition = condition_of(workload, kind) or {}
        if condition.get("status") == bad and condition.get("reason") != "DeploymentPaused":
            message = condition.get("message", "")
            lines.append(("condition", {"type": kind, "status": bad, "message": message}))
            if kind == "Progressing":
                lines.append(("rollout_stopped", {"name": workload["metadata"]["name"]}))
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


def _replica_set(view: View, workload: Obj, now_us: int) -> list[Said]:
    failure = condition_of(workload, "ReplicaFailure") or {}
    lines: list[Said] = []
    if failure.get("status") == "True":
        lines.append(("no_pods", {"message": failure.get("message", "")}))
    return lines + _unready_pods(view, workload, now_us)


def _daemon_set(view: View, workload: Obj, now_us: int) -> list[Said]:
    status = workload.get("status") or {}
    if not status.get("desiredNumberScheduled", 0) and view.list("Node"):
        return [("no_node_fits", {})]
    return _unready_pods(view, workload, now_us)


_MOST_NAMED = 3


def _unready_pods(view: View, owner: Obj, now_us: int) -> list[Said]:
    """What the Pods that are not Ready wait for; those that wait for the same are told together."""
    reasons: dict[str, tuple[Said, list[str]]] = {}
    pods = sorted(
        view.list("Pod", owner=owner["metadata"]["uid"]), key=lambda pod: str(pod["metadata"]["name"])
    )
    for pod in pods:
        if (condition_of(pod, "Ready") or {}).get("status") == "True" or "deletionTimestamp" in pod[
            "metadata"
        ]:
            continue
        for line in waits_of(view, pod, now_us)[:1]:
            # A sentence is the same as another where it reads the same.
            reasons.setdefault(told("en", line), (line, []))[1].append(pod["metadata"]["name"])
    lines: list[Said] = []
    for line, names in reasons.values():
        more = len(names) - _MOST_NAMED
        parts = {"names": ", ".join(names[:_MOST_NAMED]), "line": line}
        lines.append(("pods_more", {**parts, "count": more}) if more > 0 else ("pods", parts))
    return lines


def _job(view: View, job: Obj, now_us: int) -> list[Said]:
    for kind, name, name_with in (
        ("Complete", "job_complete", "job_complete_with"),
        ("Failed", "failed", "failed_with"),
    ):
        condition = condition_of(job, kind) or {}
        if condition.get("status") == "True":
            message = condition.get("message")
            said: list[Said] = [(name_with, {"message": f"{message}."})] if message else [(name, {})]
            return said + (_unready_pods(view, job, now_us) if kind == "Failed" else [])
    if job["spec"].get("suspend"):
        return [("suspended_job", {})]
    status = job.get("status") or {}
    lines = _unready_pods(view, job, now_us)
    failed, active = status.get("failed", 0), status.get("active", 0)
    if failed and not active:
        lines.append(("job_backs_off", {"failed": failed, "limit": job["spec"].get("backoffLimit", 6)}))
    return lines


def _cron_job(view: View, cron_job: Obj, now_us: int) -> list[Said]:
    if cron_job["spec"].get("suspend"):
        return [("suspended_cron_job", {})]
    active = [one["name"] for one in (cron_job.get("status") or {}).get("active") or ()]
    policy = cron_job["spec"].get("concurrencyPolicy", "Allow")
    if active and policy == "Forbid":
        return [("forbidden", {"jobs": ", ".join(active)})]
    return []


# The rest.


def _claim(view: View, claim: Obj, now_us: int) -> list[Said]:
    if (claim.get("status") or {}).get("phase") == "Bound":
        return []
    name = claim["spec"].get("storageClassName")
    if not name:
        return [("claim_by_hand", {})]
    storage_class = view.get("StorageClass", ("", name))
    if storage_class is None:
        return [("no_class", {"name": name})]
    if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
        return [("first_consumer", {})]
    if storage_class["provisioner"] == "kubernetes.io/no-provisioner":
        return [("no_provisioner", {"name": name})]
    return [("provisioner", {"provisioner": storage_class["provisioner"]})]


def _service(view: View, service: Obj, now_us: int) -> list[Said]:
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
        return [("no_endpoint", {"namespace": namespace, "labels": text})]
    if not any((condition_of(pod, "Ready") or {}).get("status") == "True" for pod in pods):
        return [("no_ready_endpoint", {"count": len(pods), "labels": text})]
    return []


_TAKEN = ((MEMORY, "memory_taken"), (DISK, "disk_full"), (PIDS, "pids_taken"))
"""What a failure has taken of a machine, and the sentence for it."""


def _node(view: View, node: Obj, now_us: int) -> list[Said]:
    lines: list[Said] = []
    name = node["metadata"]["name"]
    machine = view.get("Machine", ("", name))
    if machine is not None and machine["spec"]["power"] != "On":
        lines.append(("no_power", {}))
    elif machine is not None and machine["spec"]["network"] != "Up":
        lines.append(("no_network", {}))
    elif machine is not None and machine["spec"]["kubelet"] != "Running":
        lines.append(("no_kubelet", {}))
    silent_us = _silent_us(view, name, now_us)
    if silent_us:
        lines.append(("silent", {"for": _seconds(silent_us)}))
    elif lines:
        lines.append(("unnoticed", {}))
    ailments = {} if machine is None else machine["spec"]
    if ailments.get(SLOWNESS):
        lines.append(("slow", {"factor": ailments[SLOWNESS]}))
    if ailments.get(SKEW):
        ahead = ailments[SKEW] > 0
        lines.append(("clock_ahead" if ahead else "clock_behind", {"by": _seconds(abs(ailments[SKEW]))}))
    for field, name in _TAKEN:
        if machine is not None and machine["spec"].get(field):
            lines.append((name, {}))
    if node["spec"].get("unschedulable"):
        lines.append(("cordoned", {}))
    # What nobody has heard of is Unknown in each of its conditions, which says no more than one sentence.
    return lines + [
        _condition(one)
        for one in (node.get("status") or {}).get("conditions") or ()
        if not silent_us
        and one.get("message")
        and one["status"] != ("True" if one["type"] == "Ready" else "False")
    ]


def _autoscaler(view: View, autoscaler: Obj, now_us: int) -> list[Said]:
    """What keeps it from scaling, or from scaling further."""
    amiss = {"AbleToScale": "False", "ScalingActive": "False", "ScalingLimited": "True"}
    lines = [
        _condition(one)
        for one in (autoscaler.get("status") or {}).get("conditions") or ()
        if amiss.get(one["type"]) == one["status"] and one.get("message")
    ]
    failed = condition_of(autoscaler, "ScalingActive") or {}
    if failed.get("status") == "False":
        lines += [(name, {}) for name in hints_in(failed.get("message", ""), SCALING)]
    return lines


def _budget(view: View, budget: Obj, now_us: int) -> list[Said]:
    status = budget.get("status") or {}
    if status.get("expectedPods") and not status.get("disruptionsAllowed", 0):
        healthy, wanted = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
        return [("no_eviction", {"healthy": healthy, "wanted": wanted})]
    return []


_WAITS: dict[str, Waits] = {
    "CronJob": _cron_job,
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "HorizontalPodAutoscaler": _autoscaler,
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
