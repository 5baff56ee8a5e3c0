"""Endpoints shared out among zones: the shares, the hints that keep to them, and what is said of it.

Ports staging/src/k8s.io/endpointslice/topologycache/{topologycache,utils,sliceinfo}_test.go and
TestReconcileTopology of reconciler_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.components import Record
from k8slab.controllers import _topology_hints as topology
from k8slab.controllers import endpointslice
from k8slab.controllers._topology_hints import Allocation, allocations, cpu_ratios, givers_and_takers
from k8slab.store.view import Change
from tests.controllers.view import MemoryView


def endpoint(zone="a", ready=True, hint=None):
    """An endpoint in `zone-a`; `hint` is the letter of the zone that it is meant for, if any."""
    one = {"addresses": ["10.1.2.3"], "conditions": {} if ready is None else {"ready": ready}}
    if zone:
        one["zone"] = f"zone-{zone}"
    if hint is not None:
        one["hints"] = {"forZones": [{"name": f"zone-{letter}"} for letter in hint]}
    return one


def slice_of(*endpoints):
    return {"endpoints": list(endpoints)}


def zones(**numbers):
    return {f"zone-{letter}": number for letter, number in numbers.items()}


def hints(slices):
    """The zones that endpoints are meant for, as letters, slice by slice; `-` for none."""

    def letter(one):
        given = (one.get("hints") or {}).get("forZones") or ()
        return given[0]["name"][-1] if given else "-"

    return ["".join(letter(one) for one in each["endpoints"]) for each in slices]


# The shares.


def node(name, zone="a", cpu="1000m", ready="True", **labels):
    given = {**({topology.ZONE: f"zone-{zone}"} if zone else {}), **labels}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": given},
        "spec": {},
        "status": {
            "allocatable": {"cpu": cpu} if cpu else {},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


CONTROL_PLANE = {"node-role.kubernetes.io/control-plane": ""}
A, B = node("1", "a"), node("2", "b")
RATIOS = {
    "empty": ([], {}),
    "single node": ([A], {}),
    "single zone": ([A, node("2", "a")], {}),
    "2 zones": ([A, B], zones(a=0.5, b=0.5)),
    "2 zones, unready node in 1, ready node in 1": ([node("1", "a", ready="False"), B], {}),
    "2 zones, control plane node in 1, ready node in 1": ([A, node("2", "b", **CONTROL_PLANE)], {}),
    "2 zones, unready node in 1, ready node in 2": (
        [A, B, node("3", "b", ready="False")], zones(a=0.5, b=0.5),
    ),
    "2 zones, control plane node in 1, ready node in 2": (
        [A, B, node("3", "b", **CONTROL_PLANE)], zones(a=0.5, b=0.5),
    ),
    "3 zones, 4 nodes in 1, 2 nodes in 1, 1 node in 1": (
        [
            *[node(f"a{i}", "a", cpu) for i, cpu in enumerate(("1000m", "1000m", "1000m", "2000m"))],
            node("b1", "b", "3000m"), node("b2", "b", "1500m"), node("c", "c", "500m"),
        ],
        zones(a=0.5, b=0.45, c=0.05),
    ),
    "a node without a zone": ([A, B, node("3", "")], {}),
    "a node without CPUs": ([A, B, node("3", "a", "")], {}),
}  # fmt: skip


@pytest.mark.parametrize(("nodes", "expected"), RATIOS.values(), ids=RATIOS)
def test_shares_of_zones(nodes, expected):
    assert cpu_ratios(nodes) == expected


@pytest.mark.parametrize(
    ("ratios", "count", "expected"),
    [
        ({}, 5, topology.NO_NODES),
        (zones(a=0.3, b=0.4, c=0.3), 2, "Insufficient number of endpoints (2 endpoints, 3 zones)"),
        (
            zones(a=0.9, b=0.1),
            2,
            "Unable to allocate minimum required endpoints to each zone without exceeding overload "
            "threshold (2 endpoints, 2 zones)",
        ),
        (zones(a=0.5, b=0.5), 10, ""),
    ],
    ids=["no nodes", "too few endpoints", "too uneven", "enough"],
)
def test_allocations(ratios, count, expected):
    shares, why_not = allocations(ratios, count)
    assert why_not == expected
    if not expected:
        assert shares == {zone: Allocation(5, 5, 5.0) for zone in ratios}


@pytest.mark.parametrize(
    ("given", "ratios", "expected"),
    [
        ({}, zones(a=1.0), False),
        (zones(a=1), {}, True),
        (zones(a=5, b=5), zones(a=0.5, b=0.5), False),
        (zones(a=5, b=5), zones(a=0.6, b=0.4), False),
        (zones(a=5, b=5), zones(a=0.7, b=0.3), True),
        (zones(a=5), zones(a=0.5, b=0.5), True),
    ],
    ids=["no hints", "no shares", "as it should be", "a fifth less", "more than a fifth less", "a new zone"],
)
def test_overload(given, ratios, expected):
    assert topology.is_overloaded(given, ratios) is expected


# The hints.


LARGE = (
    [slice_of(endpoint("a"), endpoint("b")), slice_of(endpoint("c"), endpoint("c"), endpoint("a"))],
    [slice_of(endpoint("a"), endpoint("a")), slice_of(endpoint("b"), endpoint("c"), endpoint("a"))],
)
ADDED = {
    "empty": ({}, [], [], {}, [], [], topology.NO_NODES),
    "slice to create, no zone ratios": (
        {}, [slice_of(endpoint("a"))], [], {}, ["-"], [], topology.NO_NODES,
    ),
    "slice to create with 2 endpoints, zone ratios require 3": (
        zones(a=0.3, b=0.4, c=0.3), [slice_of(endpoint("a"), endpoint("b"))], [], {}, ["--"], [],
        topology.TOO_FEW.format(2, 3),
    ),
    "slice to create with 2 endpoints, zone ratios only require 2": (
        zones(a=0.45, b=0.55), [slice_of(endpoint("a"), endpoint("b"))], [], zones(a=1, b=1), ["ab"], [], "",
    ),
    "slice to create with 2 ready, 1 unready, 1 unknown endpoints, zone ratios only require 2": (
        zones(a=0.45, b=0.55),
        [slice_of(endpoint("a"), endpoint("b"), endpoint("b", False), endpoint("b", None))],
        [], zones(a=1, b=1), ["ab--"], [], "",
    ),
    "slices to create and update within 3 zone threshold": (
        zones(a=0.35, b=0.35, c=0.30), *LARGE, zones(a=4, b=3, c=3), ["bb", "cca"], ["aa", "bca"], "",
    ),
    "an endpoint without a zone": (
        zones(a=0.5, b=0.5), [slice_of(endpoint("a"), endpoint(""))], [], {}, ["--"], [], topology.NO_ZONE,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("ratios", "create", "update", "expected", "created", "updated", "why_not"), ADDED.values(), ids=ADDED
)
def test_adding_hints(ratios, create, update, expected, created, updated, why_not):
    found = topology.with_hints(create, update, [], ratios)
    assert (found.zones, found.why_not) == (expected, why_not)
    assert (hints(found.create), hints(found.update)) == (created, updated)


def test_unchanged_slices_are_changed_where_they_have_to_be():
    right = slice_of(endpoint("a", hint="a"), endpoint("b", hint="b"))
    wrong = slice_of(endpoint("a"), endpoint("b", hint="x"))
    found = topology.with_hints([], [], [right, wrong], zones(a=0.5, b=0.5))
    assert (hints(found.update), found.zones) == (["ab"], zones(a=2, b=2))
    gone = topology.with_hints([], [], [right, slice_of(endpoint("a"))], {})
    assert (hints(gone.update), gone.why_not) == (["--"], topology.NO_NODES)


GIVING = {
    "empty": ({}, {}, {}, {}),
    "simple allocation with no need for rebalancing": (
        zones(a=1.2, b=1.1, c=1.0), zones(a=1, b=1, c=1), {}, {},
    ),
    "preference for same zone": (
        zones(a=5.1, b=5.1, c=5.8), zones(a=16), zones(a=10), zones(b=5, c=5),
    ),
    "when 2 zones need < 1 endpoint, give to zone that needs endpoint most": (
        zones(a=5.0, b=5.6, c=5.4), zones(a=16), zones(a=11), zones(b=6, c=5),
    ),
    "when 2 zones have extra endpoints, give from zone with most extra": (
        zones(a=5.0, b=5.6, c=5.4), zones(b=8, c=8), zones(b=2, c=3), zones(a=5),
    ),
    "more allocated than allocations": (zones(a=5, b=5, c=5), zones(a=6, b=6, c=6), {}, {}),
    "negative allocations": (zones(a=-5, b=-5, c=-5), zones(a=6, b=6, c=6), {}, {}),
    "negative allocated": (zones(a=5, b=5, c=5), zones(a=-4, b=-3, c=-2), {}, {}),
    "negative for 1 zone": (
        zones(a=5, b=5, c=5), zones(a=-40, b=20, c=20), zones(b=15, c=15), zones(a=30),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("desired", "given", "giving", "taking"), GIVING.values(), ids=GIVING)
def test_givers_and_takers(desired, given, giving, taking):
    shares = {zone: Allocation(0, 0, float(number)) for zone, number in desired.items()}
    assert givers_and_takers(shares, given) == (giving, taking)


def at_most(number, letters):
    return {f"zone-{letter}": Allocation(0, number, 0.0) for letter in letters}


BY_ZONE = {
    "empty": (slice_of(), {}, {}, {}),
    "single zone hint": (slice_of(endpoint(hint="a")), zones(a=1), at_most(3, "a"), zones(a=1)),
    "with 1 unready endpoint and 1 unknown endpoint": (
        slice_of(endpoint(hint="a"), endpoint(ready=False, hint="a"), endpoint(ready=None, hint="a")),
        zones(a=1), at_most(3, "a"), zones(a=1),
    ),
    "multiple zone hints": (
        slice_of(endpoint("a", hint="a"), endpoint("a", hint="b"), endpoint("b", hint="b")),
        zones(a=1, b=1, c=1), at_most(3, "abc"), zones(a=1, b=2),
    ),
    "invalid by zones that no longer requires any allocations": (
        slice_of(endpoint(hint="x")), zones(a=1, b=1, c=1), at_most(3, "a"), None,
    ),
    "invalid by endpoints with nil hints": (slice_of(endpoint()), {}, at_most(3, "a"), None),
    "invalid by endpoint with no hints": (slice_of(endpoint(hint="")), {}, at_most(3, "a"), None),
    "invalid by hints that would make minimum allocations impossible": (
        slice_of(endpoint(hint="a"), endpoint(hint="a")), zones(a=1), at_most(2, "a"), None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("one", "given", "shares", "expected"), BY_ZONE.values(), ids=BY_ZONE)
def test_hints_by_zone(one, given, shares, expected):
    assert topology.hints_by_zone(one, given, shares) == expected


@pytest.mark.parametrize(
    ("annotations", "wanted"),
    [
        ({}, False),
        ({topology.ANNOTATION: "Auto"}, True),
        ({topology.ANNOTATION: "auto"}, True),
        ({topology.ANNOTATION: "AUTO"}, False),
        ({topology.OLD_ANNOTATION: "Auto"}, True),
        ({topology.OLD_ANNOTATION: "Disabled", topology.ANNOTATION: "Auto"}, False),
        ({topology.OLD_ANNOTATION: "auto", topology.ANNOTATION: "Disabled"}, True),
    ],
)
def test_who_wants_hints(annotations, wanted):
    assert topology.is_wanted({"metadata": {"annotations": annotations}}) is wanted


# Whole looks.


KEY = ("ns", "web")


def service(mode="Auto", **spec):
    annotations = {topology.ANNOTATION: mode} if mode else {}
    metadata = {"name": "web", "namespace": "ns", "uid": "web", "annotations": annotations}
    ports = [{"name": "", "port": 80, "targetPort": 80, "protocol": "TCP"}]
    given = {"selector": {"app": "web"}, "clusterIP": "10.0.0.1", "ipFamilies": ["IPv4"], "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {**given, **spec}}


def pod(number, zone):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"p{number}", "namespace": "ns", "uid": f"p{number}", "labels": {"app": "web"}},
        "spec": {"nodeName": f"n-{zone}", "containers": []},
        "status": {
            "phase": "Running",
            "podIPs": [{"ip": f"10.1.0.{number}"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


NODES = [node("n-a", "a"), node("n-b", "b")]
PODS = [pod(1, "a"), pod(2, "a"), pod(3, "b"), pod(4, "b")]


def look(view, memory=None):
    """The Events of one look, the hints after it, and what is remembered."""
    actions, done = view.sync(endpointslice.plan, KEY, memory)
    said = [(one.type, one.reason, one.message) for one in actions if isinstance(one, Record)]
    stored = [one for one in view.list("EndpointSlice") if one.get("endpoints")]
    return said, hints(stored), done.memory


ENABLED = (
    "Normal", "TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled, addressType: IPv4",
)  # fmt: skip


def test_hints_are_given_told_of_once_and_taken_back():
    view = MemoryView([*NODES, *PODS, service()])
    said, given, memory = look(view)
    assert (said, given) == ([ENABLED], ["aabb"])
    said, given, memory = look(view, memory)
    assert (said, given) == ([], ["aabb"])
    view.add(service("Disabled"))
    said, given, memory = look(view, memory)
    message = "Topology Aware Hints has been disabled, addressType: IPv4"
    assert (said, given) == ([("Warning", "TopologyAwareHintsDisabled", message)], ["----"])
    assert not memory.hinted
    assert look(view, memory)[0] == []


def test_too_few_endpoints_have_no_hints():
    view = MemoryView([*NODES, PODS[0], service()])
    said, given, memory = look(view)
    message = "Insufficient number of endpoints (1 endpoints, 2 zones), addressType: IPv4"
    assert (said, given) == ([("Warning", "TopologyAwareHintsDisabled", message)], ["-"])
    assert not memory.hinted


def test_the_annotation_counts_before_the_field():
    view = MemoryView([*NODES, PODS[0], *PODS[2:], pod(5, "b"), service(trafficDistribution="PreferClose")])
    assert look(view)[1] == ["aabb"]
    view = MemoryView([*NODES, PODS[0], *PODS[2:], service("Disabled", trafficDistribution="PreferClose")])
    assert look(view)[1] == ["abb"]


@pytest.mark.parametrize(
    ("new", "woken"),
    [
        (node("n-a", "a", ready="False"), True),
        (node("n-a", "b"), True),
        (node("n-a", "a", cpu="1001m"), False),
    ],
    ids=["a zone is lost", "another zone", "a little more"],
)
def test_nodes_wake_services_that_become_overloaded(new, woken):
    view = MemoryView(
        [*NODES, *PODS, service(), {**service(""), "metadata": {"name": "x", "namespace": "ns"}}]
    )
    look(view)
    view.add(new)
    (watch,) = (one for one in endpointslice.CONTROLLER.watches if one.kind == "Node")
    change = Change(1, 0, "Node", ("", "n-a"), NODES[0], new, 0)
    assert watch.keys(change, view) == ([KEY] if woken else [])
