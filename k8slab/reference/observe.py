"""Reading a played step off the history, in the form of a recording."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from k8slab.api.meta import Obj, condition_is, condition_of, controller_of
from k8slab.cluster.world import World
from k8slab.reference.names import Names
from k8slab.reference.scenario import Played, Scenario
from k8slab.reference.script import is_finished
from k8slab.store.view import Change

_WORKLOADS = (
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "PodDisruptionBudget",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
)
_CHANGING = (*_WORKLOADS, "ConfigMap", "ControllerRevision", "PersistentVolumeClaim", "Pod")
_SCALED = ("Deployment", "ReplicaSet", "ReplicationController", "StatefulSet")
_CONDITION_TIMES = ("lastTransitionTime", "lastUpdateTime", "lastProbeTime")
_QUIET_SOURCES = (
    "default-scheduler",
    "node-controller",
    "persistentvolume-controller",
    "ipallocator-repair-controller",
)


def observe(scenario: Scenario) -> Obj:
    """The whole recording of a played scenario."""
    names, blurred = Names(scenario), Names(scenario, exact=False)
    steps = [_step(scenario, names, number, played) for number, played in enumerate(scenario.steps, 1)]
    last = scenario.steps[-1].world
    history = [change for change in last.store.history if _ours(scenario, change)]
    return {
        "steps": steps,
        "created": _created(blurred, history),
        "final": _final(scenario, names, last),
        "events": _events(scenario, blurred, last),
    }


def _ours(scenario: Scenario, change: Change) -> bool:
    return change.key[0] in (scenario.spec["name"], "")


def _name(names: Names, kind: str, obj: Obj) -> str:
    return f"{kind}/{names.of(kind, obj['metadata']['name'])}"


def _step(scenario: Scenario, names: Names, number: int, played: Played) -> Obj:
    world = played.world
    history = world.store.history[played.after_revision : played.until_revision]
    mine = [change for change in history if _ours(scenario, change)]
    step: Obj = {"step": number, "verb": played.verb}
    if played.error is not None:
        status = played.error.status()
        error: Obj = {name: status[name] for name in ("code", "reason", "message") if name in status}
        causes = (status.get("details") or {}).get("causes")
        if causes:
            error["causes"] = causes
        step["error"] = names.replaced(error)
    step["changes"] = counted(_changes(names, mine))
    step["podOrder"] = _pod_order(names, mine)
    step["scaling"] = _scaling(names, mine)
    step["limits"] = _limits(scenario, names, played, mine)
    step["workloads"] = _workloads(scenario, names, world)
    step["pods"] = counted(_pod(scenario, names, world, pod) for pod in _list(scenario, world, "Pod"))
    step["claims"] = {
        claim["metadata"]["name"]: _claim(names, claim)
        for claim in _list(scenario, world, "PersistentVolumeClaim")
    }
    step["revisions"] = {
        names.of("ControllerRevision", one["metadata"]["name"]): one["revision"]
        for one in _list(scenario, world, "ControllerRevision")
    }
    step["slices"] = {
        names.of("EndpointSlice", one["metadata"]["name"]): slice_of(names, one)
        for one in _list(scenario, world, "EndpointSlice")
    }
    step["nodes"] = {node["metadata"]["name"]: _node(node) for node in world.list("Node")}
    return step


def _list(scenario: Scenario, world: World, kind: str) -> Sequence[Obj]:
    return world.list(kind, namespace=scenario.spec["name"])


def counted(items: Iterable[Obj]) -> list[Obj]:
    """Equal items once, with how many they are, sorted."""
    counts: dict[str, int] = {}
    for item in items:
        text = json.dumps(item, sort_keys=True)
        counts[text] = counts.get(text, 0) + 1
    result = []
    for text in sorted(counts):
        item = json.loads(text)
        if counts[text] > 1:
            item["count"] = counts[text]
        result.append(item)
    return result


def _changes(names: Names, history: Sequence[Change]) -> Iterable[Obj]:
    scaled: dict[tuple[str, str], list[int]] = {}
    for change in history:
        if change.kind not in _CHANGING or _is_root_certificate(change):
            continue
        if change.kind == "Pod":
            yield from _pod_changes(names, change)
        else:
            yield from _object_changes(names, change, scaled)
    for (kind, name), (before, after) in scaled.items():
        if before != after:
            yield {"object": f"{kind}/{name}", "op": "scale", "from": before, "to": after}


def _is_root_certificate(change: Change) -> bool:
    return change.kind == "ConfigMap" and change.key[1] == "kube-root-ca.crt"


def _object_changes(names: Names, change: Change, scaled: dict[tuple[str, str], list[int]]) -> Iterable[Obj]:
    kind, old, new = change.kind, change.old, change.new
    obj = new or old
    assert obj is not None, "a change has an object"
    text = _name(names, kind, obj)
    if old is None:
        made = {"object": text, "op": "create"}
        if kind in _SCALED:
            made["replicas"] = obj["spec"].get("replicas", 1)
        yield made
        return
    if new is None:
        yield {"object": text, "op": "gone"}
        return
    if "deletionTimestamp" in new["metadata"] and "deletionTimestamp" not in old["metadata"]:
        yield {"object": text, "op": "delete"}
    if kind in _SCALED and old["spec"].get("replicas") != new["spec"].get("replicas"):
        slot = (kind, names.of(kind, change.key[1]))
        scaled.setdefault(slot, [old["spec"].get("replicas", 1), 0])[1] = new["spec"].get("replicas", 1)
    if kind == "ControllerRevision" and old["revision"] != new["revision"]:
        yield {"object": text, "op": "renumber", "from": old["revision"], "to": new["revision"]}
    if kind == "Job":
        yield from _job_changes(text, old, new)
    if kind == "PersistentVolumeClaim":
        yield from _claim_owner_changes(names, text, old, new)
    elif kind != "ConfigMap":
        yield from _owner_changes(names, text, old, new)


def _job_changes(text: str, old: Obj, new: Obj) -> Iterable[Obj]:
    before, after = bool(old["spec"].get("suspend")), bool(new["spec"].get("suspend"))
    if before != after:
        yield {"object": text, "op": "suspend" if after else "resume"}
    for condition in (new.get("status") or {}).get("conditions") or ():
        known = condition_of(old, condition["type"])
        if known is None or known["status"] != condition["status"]:
            yield {
                "object": text,
                "op": "condition",
                "condition": f"{condition['type']}={condition['status']}",
                "reason": condition.get("reason"),
            }


def _owner_text(names: Names, reference: Obj) -> str:
    return f"{reference['kind']}/{names.of(reference['kind'], reference['name'])}"


def _owner_changes(names: Names, text: str, old: Obj, new: Obj) -> Iterable[Obj]:
    before, after = controller_of(old), controller_of(new)
    if (before or {}).get("uid") == (after or {}).get("uid"):
        return
    if before is not None:
        yield {"object": text, "op": "release", "owner": _owner_text(names, before)}
    if after is not None:
        yield {"object": text, "op": "adopt", "owner": _owner_text(names, after)}


def _claim_owner_changes(names: Names, text: str, old: Obj, new: Obj) -> Iterable[Obj]:
    before = {one["uid"]: one for one in old["metadata"].get("ownerReferences") or ()}
    after = {one["uid"]: one for one in new["metadata"].get("ownerReferences") or ()}
    for uid, reference in before.items():
        if uid not in after and len(after) < len(before):
            yield {"object": text, "op": "release", "owner": _owner_text(names, reference)}
    for uid, reference in after.items():
        if uid not in before:
            yield {"object": text, "op": "adopt", "owner": _owner_text(names, reference)}


def _pod_changes(names: Names, change: Change) -> Iterable[Obj]:
    old, new = change.old, change.new
    obj = new or old
    assert obj is not None, "a change has an object"
    text = _name(names, "Pod", obj)
    details: Obj = {}
    owner = controller_of(obj)
    if owner is not None:
        details["owner"] = _owner_text(names, owner)
    revision = _revision(names, obj)
    if revision:
        details["revision"] = revision
    if old is None:
        yield {"object": text, "op": "create", **details}
        return
    if new is None:
        yield {"object": text, "op": "gone", **details}
        return
    yield from _owner_changes(names, text, old, new)
    if "deletionTimestamp" in new["metadata"] and "deletionTimestamp" not in old["metadata"]:
        yield {"object": text, "op": "delete", **details}
    if "deletionTimestamp" in new["metadata"]:
        return
    for operation in _pod_transitions(old, new):
        yield {"object": text, "op": operation}


def _pod_transitions(old: Obj, new: Obj) -> Iterable[str]:
    """What became of a Pod that isn't being deleted."""
    if is_finished(new):
        if not is_finished(old):
            yield new["status"]["phase"].lower()
        return
    before, after = condition_is(old, "Ready"), condition_is(new, "Ready")
    if after and not before:
        yield "ready"
    if before and not after:
        yield "unready"


def _revision(names: Names, obj: Obj) -> str:
    labels = obj["metadata"].get("labels") or {}
    value = labels.get("pod-template-hash") or labels.get("controller-revision-hash") or ""
    text = names.text(value) if value else ""
    return f"~{text.rpartition('~')[2]}" if "~" in text else text


def _pod_order(names: Names, history: Sequence[Change]) -> list[str]:
    lines = []
    for change in history:
        if change.kind != "Pod":
            continue
        for item in _pod_changes(names, change):
            if item["op"] in ("create", "ready", "unready", "succeeded", "failed", "delete", "gone"):
                lines.append(f"{item['op']} {item['object'].removeprefix('Pod/')}")
    return lines


def _scaling(names: Names, history: Sequence[Change]) -> list[str]:
    lines = []
    for change in history:
        if change.kind != "ReplicaSet" or change.new is None:
            continue
        before = change.old["spec"].get("replicas", 0) if change.old else 0
        after = change.new["spec"].get("replicas", 0)
        if before != after or change.old is None:
            lines.append(f"{_name(names, 'ReplicaSet', change.new)} {before}->{after}")
    return lines


def _limits(scenario: Scenario, names: Names, played: Played, history: Sequence[Change]) -> Obj:
    """The extremes over a step of how many Pods each top owner had."""
    world = played.world
    pods: dict[str, tuple[str, bool, bool]] = {}
    owners: dict[str, str] = {}
    for change in world.store.history[: played.after_revision]:
        _count_pod(scenario, names, world, change, pods, owners)
    limits: dict[str, Obj] = {}
    _widen(limits, pods)
    for change in history:
        if _count_pod(scenario, names, world, change, pods, owners):
            _widen(limits, pods)
    return limits


def _count_pod(
    scenario: Scenario,
    names: Names,
    world: World,
    change: Change,
    pods: dict[str, tuple[str, bool, bool]],
    owners: dict[str, str],
) -> bool:
    if change.kind != "Pod" or change.key[0] != scenario.spec["name"]:
        return False
    if change.new is None:
        pods.pop(change.key[1], None)
        return True
    pod = change.new
    uid = f"{pod['metadata']['uid']} {(controller_of(pod) or {}).get('uid', '')}"
    if uid not in owners:
        owners[uid] = _top(names, world, pod)
    active = not is_finished(pod) and "deletionTimestamp" not in pod["metadata"]
    pods[change.key[1]] = (owners[uid], active, active and condition_is(pod, "Ready"))
    return True


def _top(names: Names, world: World, obj: Obj) -> str:
    """The top owner; an owner in between counts also if it was released or is gone by now."""
    reference = controller_of(obj)
    while reference is not None:
        higher = names.owners.get(reference["uid"])
        if higher is None:
            return _owner_text(names, reference)
        reference = higher
    return ""


def _widen(limits: dict[str, Obj], pods: dict[str, tuple[str, bool, bool]]) -> None:
    totals: dict[str, list[int]] = {owner: [0, 0, 0] for owner in limits}
    for owner, is_active, is_ready in pods.values():
        if owner:
            counts = totals.setdefault(owner, [0, 0, 0])
            counts[0] += is_active
            counts[1] += is_ready
            counts[2] += 1
    for owner, (active, ready, every) in totals.items():
        one = limits.setdefault(owner, {"maxActive": 0, "minReady": ready, "maxPods": 0})
        one["maxActive"] = max(one["maxActive"], active)
        one["minReady"] = min(one["minReady"], ready)
        one["maxPods"] = max(one["maxPods"], every)


def _status(names: Names, obj: Obj) -> Obj:
    status = dict(obj.get("status") or {})
    if obj["kind"] == "CronJob" and status.get("active"):
        status["active"] = [names.of("Job", one["name"]) for one in status["active"]]
    if obj["kind"] == "Job" and not status.get("uncountedTerminatedPods"):
        # The API keeps an empty struct here; recordings leave it out.
        status.pop("uncountedTerminatedPods", None)
    if status.get("conditions"):
        status["conditions"] = sorted(
            (
                {name: value for name, value in one.items() if name not in _CONDITION_TIMES}
                for one in status["conditions"]
            ),
            key=lambda one: one["type"],
        )
    result: Obj = names.replaced(status)
    return result


def _workloads(scenario: Scenario, names: Names, world: World) -> Obj:
    found: Obj = {}
    kinds = (*_WORKLOADS, "ConfigMap") if scenario.spec["name"].startswith("gc-") else _WORKLOADS
    for kind in kinds:
        for obj in _list(scenario, world, kind):
            if obj["metadata"]["name"] != "kube-root-ca.crt":
                found[_name(names, kind, obj)] = _workload(names, kind, obj)
    return found


def _workload(names: Names, kind: str, obj: Obj) -> Obj:
    metadata = obj["metadata"]
    one: Obj = {}
    for name in ("annotations", "finalizers", "deletionTimestamp"):
        if metadata.get(name):
            one[name] = names.replaced(metadata[name])
    if kind == "ConfigMap":
        if metadata.get("ownerReferences"):
            one["ownerReferences"] = names.replaced(metadata["ownerReferences"])
        return one
    one["generation"] = metadata.get("generation")
    if kind in ("Job", "ReplicaSet", "ReplicationController"):
        owners = metadata.get("ownerReferences") or ()
        one["owners"] = [_owner_text(names, reference) for reference in owners]
    if kind in _SCALED:
        one["replicas"] = obj["spec"].get("replicas", 1)
    if kind == "Job" and obj["spec"].get("suspend"):
        one["suspend"] = True
    one["status"] = _status(names, obj)
    return one


def _pod(scenario: Scenario, names: Names, world: World, pod: Obj) -> Obj:
    metadata = pod["metadata"]
    status = pod.get("status") or {}
    one: Obj = {
        "name": names.of("Pod", metadata["name"]),
        "phase": status.get("phase"),
        "ready": condition_is(pod, "Ready"),
    }
    top = _top(names, world, pod)
    if top:
        one["of"] = top
    revision = _revision(names, pod)
    if revision:
        one["revision"] = revision
    index = (metadata.get("labels") or {}).get("batch.kubernetes.io/job-completion-index")
    if index is not None:
        one["index"] = int(index)
    if metadata.get("finalizers"):
        one["finalizers"] = metadata["finalizers"]
    if "deletionTimestamp" in metadata:
        one["terminating"] = True
    if not pod["spec"].get("nodeName"):
        one["unscheduled"] = True
    owner = controller_of(pod)
    daemon = owner is not None and owner["kind"] == "DaemonSet"
    if scenario.spec.get("showNodes") or (daemon and not names.anonymous_nodes):
        one["node"] = pod["spec"].get("nodeName")
    targets = [
        {name: condition[name] for name in ("message", "reason", "status", "type") if name in condition}
        for condition in status.get("conditions") or ()
        if condition["type"] == "DisruptionTarget"
    ]
    if targets:
        one["conditions"] = names.replaced(targets)
    return one


def _claim(names: Names, claim: Obj) -> Obj:
    metadata, status = claim["metadata"], claim.get("status") or {}
    one: Obj = {"bound": bool(claim["spec"].get("volumeName")), "phase": status.get("phase")}
    if metadata.get("ownerReferences"):
        one["ownerReferences"] = names.replaced(metadata["ownerReferences"])
    if "deletionTimestamp" in metadata:
        one["deletionTimestamp"] = "<time>"
    return one


def slice_of(names: Names, endpoint_slice: Obj) -> Obj:
    """An EndpointSlice's facts, endpoints by target."""
    endpoints = []
    for endpoint in endpoint_slice.get("endpoints") or ():
        one: Obj = {"conditions": endpoint.get("conditions") or {}}
        if endpoint.get("hostname"):
            one["hostname"] = endpoint["hostname"]
        target = endpoint.get("targetRef")
        if target:
            one["target"] = names.of(target["kind"], target["name"])
        endpoints.append(one)
    endpoints.sort(key=lambda one: (str(one.get("target")), json.dumps(one, sort_keys=True)))
    return {
        "addressType": endpoint_slice["addressType"],
        "endpoints": endpoints,
        "ports": endpoint_slice.get("ports"),
    }


def _node(node: Obj) -> Obj:
    ready = condition_of(node, "Ready") or {}
    taints = sorted(
        f"{taint['key']}{'=' + taint['value'] if taint.get('value') else ''}:{taint['effect']}"
        for taint in node["spec"].get("taints") or ()
    )
    return {
        "ready": ready.get("status"),
        "taints": taints,
        "unschedulable": bool(node["spec"].get("unschedulable")),
    }


def _metadata(names: Names, obj: Obj) -> Obj:
    metadata = obj["metadata"]
    one: Obj = {}
    for name in ("annotations", "finalizers", "generateName", "labels", "ownerReferences"):
        if metadata.get(name):
            one[name] = names.replaced(metadata[name])
    return one


def _created(names: Names, history: Sequence[Change]) -> list[Obj]:
    made: dict[tuple[str, str], Obj] = {}
    for change in history:
        if change.old is not None or change.new is None or _is_root_certificate(change):
            continue
        kind, obj = change.kind, change.new
        owned = bool(obj["metadata"].get("ownerReferences"))
        if kind == "PersistentVolumeClaim" or (owned and kind in _MADE):
            # An object that is made anew under its old name counts once, as it was last.
            name = names.of(kind, change.key[1])
            made[(kind, change.key[1] if name.endswith("#") else name)] = _made(names, kind, obj)
    return counted(made.values())


_MADE = ("ConfigMap", "ControllerRevision", "Job", "Pod", "ReplicaSet")


def _made(names: Names, kind: str, obj: Obj) -> Obj:
    one: Obj = {"object": _name(names, kind, obj), "metadata": _metadata(names, obj)}
    if kind == "Pod":
        one["spec"] = names.replaced(_pod_spec(obj["spec"]))
    elif kind == "ControllerRevision":
        one["data"], one["revision"] = names.replaced(obj["data"]), obj["revision"]
    elif kind == "PersistentVolumeClaim":
        wanted = ("accessModes", "resources", "storageClassName", "volumeMode")
        one["spec"] = {name: obj["spec"][name] for name in wanted if name in obj["spec"]}
    elif kind in ("Job", "ReplicaSet"):
        one["spec"] = _controller_spec(names, kind, obj["spec"])
    return one


_JOB_FIELDS = (
    "activeDeadlineSeconds",
    "backoffLimit",
    "backoffLimitPerIndex",
    "completionMode",
    "completions",
    "manualSelector",
    "maxFailedIndexes",
    "parallelism",
    "podReplacementPolicy",
    "selector",
    "suspend",
    "ttlSecondsAfterFinished",
)


def _controller_spec(names: Names, kind: str, spec: Obj) -> Obj:
    if kind == "Job":
        one = {name: spec[name] for name in _JOB_FIELDS if name in spec}
    else:
        one = {name: spec.get(name) for name in ("minReadySeconds", "replicas", "selector")}
    one["templateLabels"] = spec["template"]["metadata"].get("labels")
    result: Obj = names.replaced(one)
    return result


def _pod_spec(spec: Obj) -> Obj:
    """What a controller sets in a Pod's spec; what admission adds is left out."""
    container = spec["containers"][0]
    one: Obj = {"image": container["image"], "restartPolicy": spec["restartPolicy"]}
    if container.get("env"):
        one["env"] = container["env"]
    for name in ("affinity", "hostname", "nodeSelector", "subdomain"):
        if spec.get(name):
            one[name] = spec[name]
    tolerations = [
        toleration
        for toleration in spec.get("tolerations") or ()
        if toleration.get("tolerationSeconds") != 300
    ]
    if tolerations:
        one["tolerations"] = tolerations
    volumes = [
        volume for volume in spec.get("volumes") or () if not volume["name"].startswith("kube-api-access-")
    ]
    if volumes:
        one["volumes"] = {
            volume["name"]: (volume.get("persistentVolumeClaim") or {}).get("claimName") for volume in volumes
        }
    return one


def _final(scenario: Scenario, names: Names, world: World) -> Obj:
    final: Obj = {}
    kinds = (*_WORKLOADS, "ConfigMap", "ControllerRevision", "EndpointSlice", "PersistentVolumeClaim")
    for kind in kinds:
        for obj in _list(scenario, world, kind):
            if obj["metadata"]["name"] != "kube-root-ca.crt":
                final[_name(names, kind, obj)] = _final_object(names, kind, obj)
    for volume in world.list("PersistentVolume"):
        claim = volume["spec"].get("claimRef") or {}
        final[_name(names, "PersistentVolume", volume)] = {
            "claimRef": claim.get("name"),
            "reclaim": volume["spec"].get("persistentVolumeReclaimPolicy"),
            "status": names.replaced(volume.get("status") or {}),
        }
    return final


def _final_object(names: Names, kind: str, obj: Obj) -> Obj:
    owned = controller_of(obj) is not None
    metadata = _metadata(names, obj)
    metadata.pop("generateName", None)
    if kind == "PersistentVolumeClaim":
        # Volumes were provided by script, so nobody was asked to provision them.
        kept = {name: one for name, one in metadata["annotations"].items() if "provisioner" not in name}
        metadata["annotations"] = kept
    if kind == "EndpointSlice":
        # When the change happened that it follows, is a time, which was not recorded.
        kept = dict(metadata.pop("annotations", {}))
        kept.pop("endpoints.kubernetes.io/last-change-trigger-time", None)
        metadata = {"annotations": kept, **metadata} if kept else metadata
    one: Obj = {"metadata": metadata}
    if kind in _WORKLOADS:
        one["generation"] = obj["metadata"].get("generation")
        one["status"] = _status(names, obj)
    if kind in ("Job", "ReplicaSet") and owned:
        one["spec"] = _controller_spec(names, kind, obj["spec"])
    elif kind in _SCALED:
        one["spec"] = {"replicas": obj["spec"].get("replicas", 1)}
    if kind == "ControllerRevision":
        one["data"], one["revision"] = names.replaced(obj["data"]), obj["revision"]
    if kind == "EndpointSlice":
        one["slice"] = slice_of(names, obj)
    if kind == "PersistentVolumeClaim":
        one["status"] = names.replaced(obj.get("status") or {})
        one["volumeName"] = names.of("PersistentVolume", obj["spec"].get("volumeName", ""))
    return one


def _events(scenario: Scenario, names: Names, world: World) -> list[Obj]:
    counts: dict[str, int] = {}
    for event in _list(scenario, world, "Event"):
        component = event.get("reportingComponent") or (event.get("source") or {}).get("component", "")
        if component in _QUIET_SOURCES or event["reason"] == "NoPods":
            continue
        involved = event["involvedObject"]
        one = {
            "component": component,
            "message": names.text(event["message"]),
            "object": f"{involved['kind']}/{names.of(involved['kind'], involved['name'])}",
            "reason": event["reason"],
            "type": event["type"],
        }
        text = json.dumps(one, sort_keys=True)
        counts[text] = counts.get(text, 0) + event.get("count", 1)
    result: list[Obj] = []
    for text in sorted(counts):
        entry: dict[str, Any] = json.loads(text)
        entry["count"] = counts[text]
        result.append(entry)
    return result
