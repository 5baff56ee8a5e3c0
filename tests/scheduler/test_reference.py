"""What a real v1.36.2 scheduler said about single Pods, replayed on the plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slab.api.meta import Obj, condition_of
from k8slab.components import Bind, Record
from tests.scheduler.cluster import Cluster

CASES = json.loads((Path(__file__).parent.parent / "reference" / "scheduling.json").read_text())["cases"]


def _node(given: Obj) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": given["name"], "labels": given["labels"]},
        "spec": {"taints": given["taints"], "unschedulable": given["unschedulable"]},
        "status": {"allocatable": given["allocatable"]},
    }


def _admitted(body: Obj, namespace: str, classes: dict[str, Obj]) -> Obj:
    """What the API server makes of a Pod as far as scheduling reads it."""
    spec = dict(body["spec"])
    priority_class = classes.get(spec.get("priorityClassName", ""))
    if priority_class is not None:
        spec["priority"] = priority_class["value"]
        spec["preemptionPolicy"] = priority_class.get("preemptionPolicy", "PreemptLowerPriority")
    containers = []
    for container in spec["containers"]:
        resources = container.get("resources") or {}
        requests = {**resources.get("limits", {}), **resources.get("requests", {})}
        containers.append({**container, "resources": {**resources, "requests": requests}})
    spec["containers"] = containers
    metadata = {**body["metadata"], "namespace": namespace}
    return {**body, "metadata": metadata, "spec": spec, "status": {"phase": "Pending"}}


def _cluster(case: Obj) -> Cluster:
    cluster = Cluster([_node(given) for given in case["nodes"]])
    classes: dict[str, Obj] = {}
    for given in case["given"]:
        body = given["body"]
        if body["kind"] == "PriorityClass":
            classes[body["metadata"]["name"]] = body
        elif body["kind"] == "Pod":
            cluster.add(_admitted(body, case["namespace"], classes))
        else:
            cluster.add({**body, "metadata": {**body["metadata"], "namespace": case["namespace"]}})
    cluster.add(_admitted(case["request"]["body"], case["namespace"], classes))
    return cluster


def _event(record: Record, uid: str) -> dict[str, Any]:
    return {
        "action": record.action,
        "message": record.message.replace(uid, "<uid>"),
        "reason": record.reason,
        "reportingComponent": record.component or "default-scheduler",
        "type": record.type,
    }


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_single_pod(case: Obj) -> None:
    outcome = case["outcome"]
    cluster = _cluster(case)
    name = case["request"]["body"]["metadata"]["name"]
    uid = cluster.get("Pod", (case["namespace"], name))["metadata"]["uid"]
    actions, _ = cluster.schedule(f"{case['namespace']}/{name}")

    records = [action for action in actions if isinstance(action, Record)]
    own = [_event(record, uid) for record in records if record.obj["metadata"]["name"] == name]
    others = [_event(record, uid) for record in records if record.obj["metadata"]["name"] != name]
    assert own == outcome["events"]
    assert others == outcome["preempted"]

    stored = cluster.get("Pod", (case["namespace"], name))
    assert stored is not None
    bound = [action.node for action in actions if isinstance(action, Bind)]
    assert bound == ([outcome["nodeName"]] if outcome["nodeName"] else [])
    assert (stored.get("status") or {}).get("nominatedNodeName") == outcome["nominatedNodeName"]
    condition = condition_of(stored, "PodScheduled") or {}
    if outcome["condition"] and outcome["condition"]["status"] == "False":
        assert {field: condition.get(field) for field in outcome["condition"]} == outcome["condition"]
