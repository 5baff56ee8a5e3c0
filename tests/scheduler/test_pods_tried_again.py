"""Pods that fit nowhere: when a real v1.36.2 scheduler tried them again, and what came of it.

`tests/reference/pods_tried_again.json` holds what all cases begin with, and for each the requests
that were sent before the Pod, the Pod, and then one or two changes. `outcomes` are read off after the
Pod was created and after each change: how often it had been tried, its node and its condition. No
controller ran, and no kubelet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from k8slab.api.meta import Obj, condition_of
from k8slab.clock import SECOND_US
from k8slab.cluster import assembly
from k8slab.cluster.world import World
from k8slab.reference import bench
from k8slab.reference.facts import differences
from k8slab.reference.scenario import TIMING
from k8slab.scheduler import SCHEDULER
from k8slab.scheduler.cluster_state import NAME
from k8slab.scheduler.scheduler import Tries

FACTS = json.loads(
    (Path(__file__).parents[1] / "reference" / "pods_tried_again.json").read_text(encoding="utf-8")
)
KEY = ("sched", "p")
_PAUSE_US = 2 * SECOND_US


def send(world: World, requests: list[Any]) -> None:
    for method, path, *rest in requests:
        content_type = rest[1] if len(rest) > 1 else "application/json"
        body = rest[0] if rest else None
        answer = bench.send(
            world, {"method": method, "path": path, "body": body, "contentType": content_type}
        )
        assert answer.code < 300, answer.body
    bench.run(world, _PAUSE_US)


@lru_cache(maxsize=1)
def beginning() -> World:
    world = World((SCHEDULER,), timing=TIMING)
    assembly.bootstrap(world)
    send(world, FACTS["given"])
    return world


def outcome(world: World) -> Obj:
    pod = world.get("Pod", KEY)
    assert pod is not None
    memory = world.memories.get((NAME, KEY))
    condition = condition_of(pod, "PodScheduled") or {}
    return {
        "tried": memory.tried if isinstance(memory, Tries) else 0,
        "nodeName": pod["spec"].get("nodeName"),
        "condition": {name: condition.get(name) for name in ("status", "reason", "message")},
    }


def outcomes(case: dict[str, Any]) -> Iterator[Obj]:
    world = beginning().copy()
    send(world, case["given"])
    send(world, [["POST", "/api/v1/namespaces/sched/pods", case["pod"]]])
    yield outcome(world)
    for requests in case["then"]:
        send(world, requests)
        yield outcome(world)


@pytest.mark.parametrize("case", FACTS["cases"], ids=lambda case: case["id"])
def test_the_lab_does_the_same(case: dict[str, Any]) -> None:
    assert list(differences(case["outcomes"], list(outcomes(case)))) == []
