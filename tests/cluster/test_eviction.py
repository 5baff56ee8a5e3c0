"""Evictions: which Pods a budget guards, what an eviction spends, and how a refusal is worded.

Ports the tables of pkg/registry/core/pod/storage/eviction_test.go, v1.36, that need no second writer.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj, condition_of
from k8slab.clock import START_US, timestamp
from k8slab.cluster import assembly
from k8slab.cluster.request import Request, Response
from k8slab.cluster.rest import handle
from k8slab.cluster.world import World
from k8slab.lab import Lab
from k8slab.timing import INSTANT

KEY = ("default", "t")
BUDGET = ("default", "foo")
POLICIES = ("AlwaysAllow", None, "IfHealthyBudget")
VIOLATION = "Cannot evict pod as it would violate the pod's disruption budget."


def pod(phase: str = "Running", ready: str = "", *, going: bool = False) -> Obj:
    metadata = {"name": "t", "namespace": "default", "uid": "t", "labels": {"a": "true"}}
    if going:
        metadata |= {"deletionTimestamp": timestamp(START_US), "deletionGracePeriodSeconds": 30}
    conditions = [{"type": "Ready", "status": ready}] if ready else []
    container = {"name": "main", "image": "nginx", "terminationMessagePolicy": "File"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": "foo", "terminationGracePeriodSeconds": 30, "containers": [container]},
        "status": {"phase": phase, "conditions": conditions},
    }


def budget(
    selector: Obj | None = None, *, name: str = "foo", policy: str | None = None, **status: Any
) -> Obj:
    spec: Obj = {"selector": {"matchLabels": {"a": "true"}} if selector is None else selector}
    if policy:
        spec["unhealthyPodEvictionPolicy"] = policy
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "default", "uid": name},
        "spec": spec,
        "status": {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, **status},
    }


def told(reason: str, message: str = "") -> list[Obj]:
    """The condition of a budget that allows nothing."""
    return [{"type": "DisruptionAllowed", "status": "False", "reason": reason, "message": message}]


def world_of(*objects: Obj) -> World:
    world = World((), timing=INSTANT)
    assembly.bootstrap(world)
    for obj in objects:
        key = (obj["metadata"]["namespace"], obj["metadata"]["name"])
        world.store.write(obj["kind"], key, obj, world.now_us, 0)
    return world


def evicted(world: World, options: Obj | None = None, **query: str) -> Response:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "t", "namespace": "default"}}
    if options is not None:
        body["deleteOptions"] = options
    path = "/api/v1/namespaces/default/pods/t/eviction"
    headers = {"Content-Type": "application/json"}
    return handle(world, Request("POST", path, query, headers, body, "kubernetes-admin", ("system:masters",)))


NOW: Obj = {"gracePeriodSeconds": 0}
NEEDS = "The disruption budget foo needs {} healthy pods and has {} currently"
CASES: dict[str, tuple[Obj, Obj, str, tuple[str | None, ...]]] = {
    "no disruptions allowed, pod pending": (pod("Pending"), {}, "", POLICIES),
    "no disruptions allowed, pod running": (
        pod(ready="False"), {}, NEEDS.format(0, 0), (None, "IfHealthyBudget"),
    ),
    "disruptions allowed, pod running": (
        pod(), {"disruptionsAllowed": 1}, "", (None, "IfHealthyBudget"),
    ),
    "no disruptions allowed, pod terminating": (pod(going=True), {}, "", POLICIES),
    "no disruptions allowed, pod finished": (pod("Succeeded"), {}, "", POLICIES),
    "no disruptions allowed, pod healthy, unhealthy pod not ours": (
        pod(ready="True"), {"currentHealthy": 2, "desiredHealthy": 2}, NEEDS.format(2, 2), POLICIES,
    ),
    "disruptions allowed, pod healthy": (
        pod(ready="True"), {"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 3}, "", POLICIES,
    ),
    "no disruptions allowed, unhealthy pod ours": (
        pod(ready="False"), {"currentHealthy": 2, "desiredHealthy": 2}, "", POLICIES,
    ),
    "no disruptions allowed, unhealthy pod ours, skips the PDB check": (
        pod(ready="False"), {}, "", ("AlwaysAllow",),
    ),
    "pod healthy, empty selector": (
        pod(ready="True"), {"selector": {}, "currentHealthy": 3, "desiredHealthy": 3},
        NEEDS.format(3, 3), POLICIES,
    ),
    "another selector": (pod(ready="True"), {"selector": {"matchLabels": {"a": "false"}}}, "", POLICIES),
    "sync failed": (
        pod(ready="True"), {"conditions": told("SyncFailed", "hoge")},
        "The disruption budget foo does not allow evicting pods currently because it failed sync: hoge",
        POLICIES,
    ),
    "the error includes the reason": (
        pod(ready="True"),
        {"currentHealthy": 4, "desiredHealthy": 3, "conditions": told("bar-reason", "hoge")},
        "The disruption budget foo does not allow evicting pods currently (bar-reason): hoge", POLICIES,
    ),
    "no reason at all": (
        pod(ready="True"), {"currentHealthy": 4, "desiredHealthy": 3},
        "The disruption budget foo does not allow evicting pods currently", POLICIES,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("one", "given", "message", "policy"),
    [(one, given, message, policy) for one, given, message, asked in CASES.values() for policy in asked],
    ids=[f"{name}-{policy}" for name, case in CASES.items() for policy in case[3]],
)
def test_evictions(one: Obj, given: Obj, message: str, policy: str | None) -> None:
    world = world_of(one, budget(policy=policy, **given))
    response = evicted(world, NOW)
    if not message:
        assert response.code == 201, response.body
        assert world.get("Pod", KEY) is None
        return
    body = response.body
    assert (response.code, body["reason"], body["message"]) == (429, "TooManyRequests", VIOLATION)
    assert body["details"]["causes"] == [{"reason": "DisruptionBudget", "message": message}]
    assert world.get("Pod", KEY) is not None


def test_a_budget_that_is_still_looked_at_asks_for_patience() -> None:
    stale = budget(disruptionsAllowed=1)
    stale["metadata"]["generation"] = 2
    response = evicted(world_of(pod(ready="True"), stale))
    assert response.body["details"] == {
        "causes": [
            {
                "reason": "DisruptionBudget",
                "message": "The disruption budget foo is still being processed by the server.",
            }
        ],
        "retryAfterSeconds": 10,
    }


REFUSED = {
    "two budgets": (
        {}, 500,
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    ),
    "a negative number": (
        {"disruptionsAllowed": -1}, 403,
        'poddisruptionbudget.policy "foo" is forbidden: pdb disruptions allowed is negative',
    ),
    "too many that still run": (
        {"disruptionsAllowed": 1, "disruptedPods": {f"p{i}": timestamp(START_US) for i in range(2001)}}, 403,
        'poddisruptionbudget.policy "foo" is forbidden: DisruptedPods map too big - '
        "too many evictions not confirmed by PDB controller",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("status", "code", "message"), REFUSED.values(), ids=REFUSED)
def test_budgets_that_cannot_be_spent(status: Obj, code: int, message: str) -> None:
    others = [budget(name="bar")] if not status else []
    response = evicted(world_of(pod(ready="True"), budget(**status), *others))
    assert (response.code, response.body["message"]) == (code, message)


DRY: list[tuple[Obj, dict[str, str]]] = [
    ({}, {"dryRun": "All"}),
    ({"dryRun": ["All"]}, {}),
    ({"dryRun": ["All"]}, {"dryRun": "All"}),
]


@pytest.mark.parametrize(("options", "query"), DRY, ids=["of the request", "of the options", "of both"])
def test_dry_runs(options: Obj, query: dict[str, str]) -> None:
    world = world_of(pod(ready="True"), budget(disruptionsAllowed=1))
    before = world.store.revision
    assert evicted(world, options, **query).code == 201
    assert world.store.revision == before


def test_an_option_that_no_eviction_takes() -> None:
    response = evicted(world_of(pod()), {"ignoreStoreReadErrorWithClusterBreakingPotential": True})
    assert response.code == 422
    assert response.body["message"] == (
        'Eviction.policy "t" is invalid: deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential: '
        "Invalid value: true: can not be set for pod eviction, try after removing the option"
    )


@pytest.mark.parametrize(
    ("allowed", "after", "reason"), [(1, 0, "InsufficientPods"), (3, 2, "SufficientPods")]
)
def test_what_an_eviction_spends(allowed: int, after: int, reason: str) -> None:
    sufficient = {"type": "DisruptionAllowed", "status": "True", "reason": "SufficientPods", "message": ""}
    sufficient["lastTransitionTime"] = timestamp(START_US)
    world = world_of(pod(), budget(disruptionsAllowed=allowed, conditions=[sufficient]))
    assert evicted(world, {}).code == 201
    stored = world.get("PodDisruptionBudget", BUDGET)
    assert stored is not None
    condition = condition_of(stored, "DisruptionAllowed")
    assert condition is not None
    assert (stored["status"]["disruptionsAllowed"], condition["reason"]) == (after, reason)
    assert stored["status"]["disruptedPods"] == {"t": timestamp(world.now_us)}
    evicting = world.get("Pod", KEY)
    assert evicting is not None
    target = condition_of(evicting, "DisruptionTarget")
    assert target is not None
    assert (target["reason"], target["message"]) == ("EvictionByEvictionAPI", "Eviction API: evicting")
    assert "deletionTimestamp" in evicting["metadata"]


def test_a_drain_waits_for_pods_of_a_namespace_that_ends() -> None:
    lab = Lab(1)
    lab.kubectl("create namespace ending")
    spec = {"nodeName": "node-1", "containers": [{"name": "main", "image": "nginx:1.29"}]}
    metadata = {"name": "held", "finalizers": ["lab.example/held"]}
    lab.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, namespace="ending")
    lab.kubectl("delete namespace ending --wait=false")
    said = lab.kubectl("drain node-1 --force --timeout=20s").stderr
    why = "unable to create new content in namespace ending because it is being terminated"
    assert (
        'error when evicting pod "held" from terminating namespace "ending" (will retry after 5s): '
        f'pods "held" is forbidden: {why}\n'
    ) in said
    assert 'error when waiting for pod "held" in namespace "ending" to terminate' in said
