"""Single Pods and what the scheduler did with them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from k8slab.api.meta import Key, Obj, condition_of
from k8slab.cluster.world import World
from k8slab.reference import bench
from k8slab.reference.api_facts import Case, cases
from k8slab.reference.facts import differences
from k8slab.reference.outcome import Outcome, attempt


def scheduling(root: Path) -> Iterator[Outcome]:
    """Where a Pod goes, or why it goes nowhere."""
    for case in cases(root, "scheduling"):
        yield attempt(case["id"], partial(_case, case))


def _case(case: Case) -> Iterator[str]:
    namespace = case["namespace"]
    world = bench.bench(namespace, with_nodes=False)
    for node in case["nodes"]:
        bench.add_node(world, **node)
    bench.run(world)
    bench.send_given(world, case["given"])
    bench.run(world)
    response = bench.send(world, case["request"])
    if response.code != case["code"]:
        yield f"code: expected {case['code']}, got {response.code}: {response.body}"
        return
    _run_until_decided(world, (namespace, response.body["metadata"]["name"]))
    yield from differences(case["outcome"], _outcome(world, namespace, response.body))


_LONGEST_US = 1_500_000
_STEP_US = 10_000


def _run_until_decided(world: World, key: Key) -> None:
    """Let time pass until the scheduler has said where the Pod goes, or why not."""
    end_us = world.now_us + _LONGEST_US
    while world.now_us < end_us:
        bench.run(world, _STEP_US)
        pod = world.get("Pod", key)
        if pod is not None and condition_of(pod, "PodScheduled") is not None:
            return


def _outcome(world: World, namespace: str, created: Obj) -> Obj:
    name = created["metadata"]["name"]
    pod = world.get("Pod", (namespace, name)) or created
    condition = condition_of(pod, "PodScheduled")
    own, preempted = [], []
    for event in world.list("Event", namespace=namespace):
        if event.get("reportingComponent") != "default-scheduler":
            continue
        if event["involvedObject"]["name"] == name:
            own.append(_event(event))
        elif event["reason"] == "Preempted":
            preempted.append(
                {**_event(event), "message": event["message"].replace(pod["metadata"]["uid"], "<uid>")}
            )
    return {
        "condition": {one: (condition or {}).get(one) for one in ("status", "reason", "message")}
        if condition
        else None,
        "events": own,
        "nodeName": pod["spec"].get("nodeName"),
        "nominatedNodeName": (pod.get("status") or {}).get("nominatedNodeName"),
        "phase": (pod.get("status") or {}).get("phase"),
        "preempted": preempted,
    }


def _event(event: Obj) -> dict[str, Any]:
    return {name: event.get(name) for name in ("action", "message", "reason", "reportingComponent", "type")}
