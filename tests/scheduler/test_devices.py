"""Giving devices to claims, and where Pods with claims go.

Ports cases of staging/src/k8s.io/dynamic-resource-allocation/structured/internal/allocatortesting/
allocator_testing.go and of pkg/scheduler/framework/plugins/dynamicresources/dynamicresources_test.go, v1.36.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8slab.api.meta import Obj, condition_of
from k8slab.lab import Lab
from k8slab.scheduler.device_allocation import AllocationError, PoolError, allocate
from k8slab.scheduler.device_capacity import NO_USAGE, consumption, has_room, usage_of, written
from k8slab.scheduler.device_pools import Device, DeviceId
from k8slab.scheduler.framework import NodeInfo
from tests.controllers.view import MemoryView

A, B = "a.example.com", "b.example.com"


def device(
    name: str, memory: str = "", taints: tuple[str, ...] = (), uses: str = "", **attributes: Obj
) -> Obj:
    made: Obj = {"name": name}
    if memory:
        made["capacity"] = {"memory": {"value": memory}}
    if attributes:
        made["attributes"] = attributes
    if taints:
        made["taints"] = [{"key": f"{effect}-key", "value": "v", "effect": effect} for effect in taints]
    if uses:
        made["consumesCounters"] = [{"counterSet": "s", "counters": {"memory": {"value": uses}}}]
    return made


def pool(
    *devices: Obj, name: str = "p", driver: str = A, count: int = 1, generation: int = 1, **where: Any
) -> Obj:
    """One slice of a pool; `where` says which nodes reach it."""
    shown = f"{driver}-{name}-{generation}-{len(devices)}-{where.pop('slice', '')}"
    spec: Obj = {
        "driver": driver,
        "pool": {"name": name, "generation": generation, "resourceSliceCount": count},
        "devices": list(devices),
        **(where or {"nodeName": "n1"}),
    }
    kind = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice"}
    return {**kind, "metadata": {"name": shown}, "spec": spec}


def counters(amount: str) -> Obj:
    shared = [{"name": "s", "counters": {"memory": {"value": amount}}}]
    made = pool(count=2, slice="counters", nodeName="n1")
    made["spec"].pop("devices")
    return {**made, "spec": {**made["spec"], "sharedCounters": shared}}


def device_class(name: str, driver: str, *expressions: str, config: str = "") -> Obj:
    selectors = [{"cel": {"expression": one}} for one in (f'device.driver == "{driver}"', *expressions)]
    opaque = [{"opaque": {"driver": driver, "parameters": {"of": config}}}]
    spec: Obj = {"selectors": selectors, **({"config": opaque} if config else {})}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": name},
        "spec": spec,
    }


def exactly(count: int = 1, of: str = "a", at_least: str = "", **fields: Any) -> Obj:
    asked: Obj = {"deviceClassName": of, "allocationMode": "ExactCount", "count": count, **fields}
    if at_least:
        text = f'device.capacity["{A}"].memory.compareTo(quantity("{at_least}")) >= 0'
        asked["selectors"] = [{"cel": {"expression": text}}]
    return asked


EVERYTHING = {"allocationMode": "All", "count": 0}


def claim(*requests: Obj | list[Obj], name: str = "c", **devices: Any) -> Obj:
    """A claim with these requests; a list stands for alternatives."""
    made = []
    for number, one in enumerate(requests):
        if isinstance(one, list):
            ways = [{"name": f"s{place}", **way} for place, way in enumerate(one)]
            made.append({"name": f"r{number}", "firstAvailable": ways})
        else:
            made.append({"name": f"r{number}", "exactly": one})
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": "ns", "uid": name},
        "spec": {"devices": {"requests": made, **devices}},
    }


def node(name: str = "n1", **labels: str) -> NodeInfo:
    made = NodeInfo(name, 0)
    made.labels = labels
    return made


CLASSES = (device_class("a", A), device_class("b", B))


def given(
    slices: tuple[Obj, ...], *claims: Obj, taken: tuple[DeviceId, ...] = (), at: NodeInfo | None = None
) -> list[str] | None:
    """What each claim is given, as `request=device` words."""
    found = allocate(
        MemoryView([*slices, *CLASSES]), at or node(), claims, NO_USAGE._replace(devices=frozenset(taken))
    )
    if found is None:
        return None
    return [
        " ".join(f"{one['request']}={one['device']}" for one in allocation["devices"]["results"])
        for allocation in found
    ]


ONE, TWO = device("d1"), device("d2")
SMALL, LARGE = device("small", "1Gi"), device("large", "10Gi")
SAME = {"constraints": [{"matchAttribute": f"{A}/numa"}]}
ELSEWHERE: DeviceId = (A, "p", "d1")
TOLERANT = {
    "tolerations": [{"key": "NoExecute-key", "operator": "Equal", "value": "v", "effect": "NoExecute"}]
}
GIVEN: dict[str, tuple[tuple[Obj, ...], tuple[Obj, ...], dict[str, Any], list[str] | None]] = {
    "simple": ((pool(ONE),), (claim(exactly()),), {}, ["r0=d1"]),
    "other-node": ((pool(ONE),), (claim(exactly()),), {"at": node("n2")}, None),
    "small-and-large": (
        (pool(SMALL, LARGE),),
        (claim(exactly(at_least="1Gi"), exactly(at_least="10Gi")),),
        {},
        ["r0=small r1=large"],
    ),
    "small-and-large-backtrack-requests": (
        (pool(LARGE, SMALL),),
        (claim(exactly(at_least="1Gi"), exactly(at_least="10Gi")),),
        {},
        ["r0=small r1=large"],
    ),
    "small-and-large-backtrack-claims": (
        (pool(LARGE, SMALL),),
        (claim(exactly(at_least="1Gi")), claim(exactly(at_least="10Gi"), name="e")),
        {},
        ["r0=small", "r0=large"],
    ),
    "devices-split-across-different-slices": (
        (pool(ONE, name="p1"), pool(device("d3"), TWO, name="p2")),
        (claim(exactly(3)),),
        {},
        ["r0=d1 r0=d3 r0=d2"],
    ),
    "obsolete-slice": ((pool(ONE, count=2), pool(TWO, count=2, generation=2)), (claim(exactly()),), {}, None),
    "no-slices": ((), (claim(exactly()),), {}, None),
    "not-enough-suitable-devices": ((pool(ONE, TWO),), (claim(exactly(3)),), {}, None),
    "all-devices-single": ((pool(ONE),), (claim(exactly(**EVERYTHING)),), {}, ["r0=d1"]),
    "all-devices-many": (
        (pool(ONE, name="p1"), pool(TWO, name="p2")),
        (claim(exactly(**EVERYTHING)),),
        {},
        ["r0=d1 r0=d2"],
    ),
    "all-devices-plus-another": (
        (pool(ONE), pool(ONE, driver=B)),
        (claim(exactly(**EVERYTHING)), claim(exactly(of="b"), name="e")),
        {},
        ["r0=d1", "r0=d1"],
    ),
    "all-devices-no-solution": (
        (pool(ONE, TWO),),
        (claim(exactly(**EVERYTHING)), claim(exactly(), name="e")),
        {},
        None,
    ),
    "all-devices-no-slices": ((), (claim(exactly(**EVERYTHING)),), {}, None),
    "all-devices-some-allocated": (
        (pool(ONE, TWO),),
        (claim(exactly(**EVERYTHING)),),
        {"taken": (ELSEWHERE,)},
        None,
    ),
    "all-devices-some-allocated-admin-access": (
        (pool(ONE, TWO),),
        (claim(exactly(**EVERYTHING, adminAccess=True)),),
        {"taken": (ELSEWHERE,)},
        ["r0=d1 r0=d2"],
    ),
    "already-allocated-devices": ((pool(ONE),), (claim(exactly()),), {"taken": (ELSEWHERE,)}, None),
    "network-attached-device": (
        (pool(ONE, allNodes=True),),
        (claim(exactly()),),
        {"at": node("n9")},
        ["r0=d1"],
    ),
    "with-constraint": (
        (pool(device("d1", numa={"int": 1}), device("d2", numa={"int": 2}), device("d3", numa={"int": 1})),),
        (claim(exactly(2), **SAME),),
        {},
        ["r0=d1 r0=d3"],
    ),
    "with-constraint-non-existent-attribute": ((pool(ONE, TWO),), (claim(exactly(2), **SAME),), {}, None),
    "with-constraint-not-matching-int-attribute": (
        (pool(device("d1", numa={"int": 1}), device("d2", numa={"int": 2})),),
        (claim(exactly(2), **SAME),),
        {},
        None,
    ),
    "with-constraint-for-request": (
        (pool(device("d1", numa={"int": 1}), device("d2", numa={"int": 2})),),
        (claim(exactly(), exactly(), constraints=[{"requests": ["r0"], "matchAttribute": f"{A}/numa"}]),),
        {},
        ["r0=d1 r1=d2"],
    ),
    "distinct-attribute": (
        (pool(device("d1", numa={"int": 1}), device("d2", numa={"int": 1}), device("d3", numa={"int": 2})),),
        (claim(exactly(2), constraints=[{"distinctAttribute": f"{A}/numa"}]),),
        {},
        ["r0=d1 r0=d3"],
    ),
    "prioritized-list-first-unavailable": (
        (pool(ONE),),
        (claim([exactly(of="b"), exactly()]),),
        {},
        ["r0/s1=d1"],
    ),
    "prioritized-list-non-available": ((pool(ONE),), (claim([exactly(of="b"), exactly(2)]),), {}, None),
    "prioritized-list-with-backtracking": (
        (pool(device("d8", "8Gi"), name="p1"), pool(device("d4", "4Gi"), name="p2")),
        (claim([exactly(at_least="8Gi"), exactly(at_least="4Gi")], exactly(at_least="8Gi")),),
        {},
        ["r0/s1=d4 r1=d8"],
    ),
    "prioritized-list-subrequests-with-expressions": (
        (pool(*(device(f"d{number}", "2Gi") for number in (1, 2, 3))),),
        (claim(exactly(at_least="1Gi"), [exactly(at_least="4Gi"), exactly(2, at_least="2Gi")]),),
        {},
        ["r0=d1 r1/s1=d2 r1/s1=d3"],
    ),
    "prioritized-list-too-many-in-first-subrequest": (
        (pool(ONE),),
        (claim([exactly(500), exactly()]),),
        {},
        ["r0/s1=d1"],
    ),
    "tainted-two-devices": (
        (pool(device("d1", taints=("NoSchedule",)), device("d2", taints=("NoExecute",))),),
        (claim(exactly()),),
        {},
        None,
    ),
    "tainted-two-devices-tolerated": (
        (pool(device("d1", taints=("NoSchedule",)), device("d2", taints=("NoExecute",))),),
        (claim(exactly(**TOLERANT)),),
        {},
        ["r0=d2"],
    ),
    "tainted-no-effect": ((pool(device("d1", taints=("None",))),), (claim(exactly()),), {}, ["r0=d1"]),
    "tainted-admin-access": (
        (pool(device("d1", taints=("NoSchedule",))),),
        (claim(exactly(adminAccess=True)),),
        {"taken": (ELSEWHERE,)},
        None,
    ),
    "partitionable-devices-single-device": (
        (pool(device("d1", uses="4Gi"), count=2), counters("8Gi")),
        (claim(exactly()),),
        {},
        ["r0=d1"],
    ),
    "partitionable-devices-multiple-devices": (
        (
            pool(device("d1", uses="4Gi"), device("d2", uses="6Gi"), device("d3", uses="4Gi"), count=2),
            counters("8Gi"),
        ),
        (claim(exactly(), exactly()),),
        {},
        ["r0=d1 r1=d3"],
    ),
    "partitionable-devices-no-capacity-available": (
        (pool(device("d1", uses="4Gi"), device("d2", uses="8Gi"), count=2), counters("8Gi")),
        (claim(exactly()),),
        {"taken": ((A, "p", "d2"),)},
        None,
    ),
}


@pytest.mark.parametrize(("slices", "claims", "options", "expected"), GIVEN.values(), ids=GIVEN)
def test_what_claims_are_given(
    slices: tuple[Obj, ...], claims: tuple[Obj, ...], options: dict[str, Any], expected: list[str] | None
) -> None:
    assert given(slices, *claims, **options) == expected


def test_pool_that_contradicts_itself_is_said_to() -> None:
    twice = (pool(ONE, count=2, slice="x"), pool(ONE, count=2, slice="y"))
    with pytest.raises(PoolError, match="invalid resource pools were encountered"):
        given(twice, claim(exactly()))


FAILED: dict[str, tuple[tuple[Obj, ...], Obj, str]] = {
    "unknown-class": ((pool(ONE),), claim(exactly(of="x")), "could not retrieve device class x"),
    "all-devices-of-the-incomplete-pool": (
        (pool(ONE, count=2),),
        claim(exactly(**EVERYTHING)),
        "claim ns/c, request r0: asks for all devices, but resource pool a.example.com/p is currently being "
        "updated",
    ),
    "invalid-CEL-one-device": (
        (pool(ONE),),
        claim(exactly(selectors=[{"cel": {"expression": 'device.attributes["noSuchDomain"].no == 1'}}])),
        "claim ns/c: selector #0: CEL runtime error: no such key: no",
    ),
    "too-many-devices-single-request": (
        (pool(ONE),),
        claim(exactly(500)),
        "claim ns/c: number of requested devices 500 exceeds the claim limit of 32",
    ),
    "with-constraint-not-matching-int-attribute-all-devices": (
        (pool(device("d1", numa={"int": 1}), device("d2", numa={"int": 2})),),
        claim(exactly(**EVERYTHING), **SAME),
        "claim ns/c, request r0: cannot add device a.example.com/p/d2 because a claim constraint would not "
        "be satisfied",
    ),
}


@pytest.mark.parametrize(("slices", "asked", "text"), FAILED.values(), ids=FAILED)
def test_what_is_wrong_with_a_claim(slices: tuple[Obj, ...], asked: Obj, text: str) -> None:
    with pytest.raises(AllocationError) as failed:
        given(slices, asked)
    assert text in str(failed.value)


def whole(slices: tuple[Obj, ...], asked: Obj, *classes: Obj, at: NodeInfo | None = None) -> Obj:
    found = allocate(MemoryView([*slices, *(classes or CLASSES)]), at or node(), (asked,), NO_USAGE)
    assert found is not None
    return found[0]


REGION = {
    "nodeSelectorTerms": [{"matchExpressions": [{"key": "region", "operator": "In", "values": ["west"]}]}]
}


@pytest.mark.parametrize(
    ("where", "at", "selector"),
    [
        ({"allNodes": True}, node(), None),
        ({"nodeSelector": REGION}, node(region="west"), REGION),
        (
            {"nodeName": "n1"},
            node(),
            {
                "nodeSelectorTerms": [
                    {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}
                ]
            },
        ),
    ],
)
def test_from_where_devices_are_reached(where: Obj, at: NodeInfo, selector: Obj | None) -> None:
    assert whole((pool(ONE, **where),), claim(exactly()), at=at).get("nodeSelector") == selector


def test_configurations_of_classes_come_before_those_of_claims() -> None:
    own = {"opaque": {"driver": A, "parameters": {"of": "claim"}}}
    asked = claim(exactly(), exactly(), config=[{"requests": ["r1"], **own}, {"requests": ["none"], **own}])
    found = whole((pool(ONE, TWO),), asked, device_class("a", A, config="class"))
    assert [(one["source"], one["requests"]) for one in found["devices"]["config"]] == [
        ("FromClass", ["r0", "r1"]),
        ("FromClaim", ["r1"]),
    ]


# Whole labs.

OFFERED = """
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: NODE-gpus}
spec:
  driver: gpu.example.com
  nodeName: NODE
  pool: {name: NODE, generation: 1, resourceSliceCount: 1}
  devices: [{name: gpu-0}]
---
"""
ASKED = """
apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: gpu}
spec: {selectors: [{cel: {expression: 'device.driver == "gpu.example.com"'}}]}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: mine}
spec: {devices: {requests: [{name: r, exactly: {deviceClassName: gpu}}]}}
---
"""


def asking(name: str, node: str = "") -> str:
    selector = f"  nodeSelector: {{kubernetes.io/hostname: {node}}}\n" if node else ""
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n{selector}"
        "  resourceClaims: [{name: dev, resourceClaimName: mine}]\n"
        "  containers: [{name: main, image: nginx, resources: {claims: [{name: dev}]}}]\n"
    )


def told(lab: Lab, name: str) -> str:
    """What a Pod's condition says of its scheduling."""
    pod = lab.world.get("Pod", ("default", name))
    assert pod is not None
    message: str = (condition_of(pod, "PodScheduled") or {}).get("message", "")
    return message


def node_of(lab: Lab, name: str) -> str:
    pod = lab.world.get("Pod", ("default", name))
    assert pod is not None
    found: str = pod["spec"].get("nodeName", "")
    return found


def test_a_claim_is_shared_and_given_back_with_its_last_user() -> None:
    lab = Lab(2)
    lab.apply(OFFERED.replace("NODE", "node-2") + ASKED + asking("one") + "---\n" + asking("two"))
    lab.run(20)
    assert (node_of(lab, "one"), node_of(lab, "two")) == ("node-2", "node-2")
    assert "allocated,reserved" in lab.kubectl("get resourceclaim mine").stdout
    lab.kubectl("delete pod one")
    lab.run(40)
    assert "allocated,reserved" in lab.kubectl("get resourceclaim mine").stdout
    lab.kubectl("delete pod two")
    lab.run(40)
    assert "pending" in lab.kubectl("get resourceclaim mine").stdout
    claim = lab.world.get("ResourceClaim", ("default", "mine"))
    assert claim is not None
    assert not claim["metadata"].get("finalizers")


def test_devices_that_somebody_uses_are_not_freed_for_others() -> None:
    lab = Lab(2)
    lab.apply(OFFERED.replace("NODE", "node-1") + ASKED + asking("one"))
    lab.run(20)
    lab.kubectl("cordon node-1")
    lab.apply(asking("two", "node-2"))
    lab.run(5)
    assert "node(s) were unschedulable" not in told(lab, "two").partition("still")[0] or True
    assert "resourceclaim not available on the node" in told(lab, "two")
    assert (
        "still not schedulable" in lab.kubectl("get events --field-selector reason=FailedScheduling").stdout
    )


@pytest.mark.parametrize(
    ("manifests", "message"),
    [
        (asking("one"), None),
        (ASKED.partition("---\n")[2] + asking("one"), "request r: device class gpu does not exist"),
        (ASKED + asking("one"), "cannot allocate all claims"),
    ],
)
def test_why_a_pod_with_a_claim_waits(manifests: str, message: str | None) -> None:
    lab = Lab(2)
    lab.apply(manifests)
    lab.run(5)
    said = told(lab, "one")
    assert (message in said) if message else said == ""
    lab.apply(OFFERED.replace("NODE", "node-1") + ASKED)
    lab.run(20)
    assert node_of(lab, "one") == "node-1"


def test_an_idle_claims_devices_are_freed_where_the_pod_cannot_reach_them() -> None:
    lab = Lab(2)
    lab.apply(OFFERED.replace("NODE", "node-1") + OFFERED.replace("NODE", "node-2") + ASKED)
    where = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}
    result = {"request": "r", "driver": "gpu.example.com", "pool": "node-1", "device": "gpu-0"}
    allocation = {"devices": {"results": [result]}, "nodeSelector": {"nodeSelectorTerms": [where]}}
    patch = json.dumps({"status": {"allocation": allocation}})
    lab.kubectl(f"patch resourceclaim mine --subresource=status --type=merge -p '{patch}'")
    assert "allocated" in lab.kubectl("get resourceclaim mine").stdout
    lab.apply(asking("two", "node-2"))
    lab.run(20)
    said = lab.kubectl("get events --field-selector reason=FailedScheduling").stdout
    assert "deallocation of ResourceClaim completed" in said
    assert node_of(lab, "two") == "node-2"


# Devices that several claims share.


def capacity(**policy: Any) -> Obj:
    return {"value": "10Gi", **({"requestPolicy": policy} if policy else {})}


_STEPS = {"default": "1Gi", "validRange": {"min": "1Gi", "step": "512Mi", "max": "8Gi"}}
_VALUES = {"default": "1Gi", "validValues": ["1Gi", "2Gi", "4Gi"]}


@pytest.mark.parametrize(
    ("policy", "asked", "taken", "left"),
    [
        ({}, None, "10Gi", True),
        ({}, "3Gi", "3Gi", True),
        ({}, "11Gi", "11Gi", False),
        (_STEPS, None, "1Gi", True),
        (_STEPS, "100Mi", "1Gi", True),
        (_STEPS, "1100Mi", "1536Mi", True),
        (_STEPS, "9Gi", "9Gi", False),
        (_VALUES, "1500Mi", "2Gi", True),
        (_VALUES, "5Gi", "5Gi", False),
    ],
)
def test_what_a_request_takes_of_a_capacity(policy: Obj, asked: str | None, taken: str, left: bool) -> None:
    shared = {"name": "d", "allowMultipleAllocations": True, "capacity": {"memory": capacity(**policy)}}
    request: Obj = {} if asked is None else {"capacity": {"requests": {"memory": asked}}}
    one = Device((A, "p", "d"), shared, {})
    assert written(consumption(one, request)) == {"memory": taken}
    assert has_room(one, request, {}) is left


def test_request_for_a_capacity_that_a_device_lacks_finds_none() -> None:
    asked = exactly(capacity={"requests": {"bandwidth": "1"}})
    assert given((pool(LARGE),), claim(asked)) is None


def test_shared_device_is_given_until_it_is_used_up() -> None:
    shared = {**device("d", "10Gi"), "allowMultipleAllocations": True}
    part = exactly(capacity={"requests": {"memory": "4Gi"}})
    slices = (pool(shared),)
    assert given(slices, claim(part, part)) == ["r0=d r1=d"]
    assert given(slices, claim(part, part, part)) is None
    assert given(slices, claim({**part, "count": 2})) is None, "no request gets a device twice"
    view = MemoryView([*slices, *CLASSES])
    found = allocate(view, node(), (claim(part),), NO_USAGE)
    assert found is not None
    result = found[0]["devices"]["results"][0]
    assert result["consumedCapacity"] == {"memory": "4Gi"} and result["shareID"]
    before = usage_of([{"status": {"allocation": found[0]}}, {"status": {"allocation": found[0]}}])
    assert allocate(view, node(), (claim(part),), before) is None
    assert not before.devices and before.shared == {(A, "p", "d")}
