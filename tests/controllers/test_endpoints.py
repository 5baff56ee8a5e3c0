"""Endpoints and what mirrors them, case by case.

Ports pkg/controller/endpoint/endpoints_controller_test.go, pkg/api/v1/endpoints/util_test.go,
staging/src/k8s.io/endpointslice/util/controller_utils_test.go and
pkg/controller/endpointslicemirroring/{endpointslicemirroring_controller,reconciler,reconciler_helpers}_test.go,
v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError, Cause, not_found
from k8slab.api.meta import assoc, labels_of
from k8slab.clock import START_US
from k8slab.components import Create, Delete, Record, Update
from k8slab.controllers import endpoints, endpointslice, endpointslice_mirroring
from k8slab.controllers._endpoints import _subset_order, repack_subsets, services_of_pod
from k8slab.store.view import Change
from tests.controllers.test_endpointslice import GONE, KEY, hand_made, node, pod, service, slices
from tests.controllers.view import MemoryView

OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
TRIGGERED = "endpoints.kubernetes.io/last-change-trigger-time"


def stored(view):
    return view.get("Endpoints", KEY)


def sync(view, memory=None):
    return view.sync(endpoints.plan, KEY, memory)


def addresses(one, field="addresses"):
    return [address for subset in one.get("subsets") or () for address in subset.get(field) or ()]


# Whose addresses are listed (TestSyncServiceAddresses).


@pytest.mark.parametrize(
    ("phase", "ready", "going", "publish", "listed"),
    [
        ("Running", True, False, False, (1, 0)),
        ("Running", True, True, False, (0, 0)),
        ("Unknown", True, False, False, (1, 0)),
        ("Unknown", True, True, False, (0, 0)),
        ("Pending", True, False, False, (1, 0)),
        ("Pending", True, True, False, (0, 0)),
        ("Unknown", False, False, False, (0, 1)),
        ("Pending", False, False, False, (0, 1)),
        ("Failed", False, False, False, (0, 0)),
        ("Succeeded", False, False, False, (0, 0)),
        ("Running", False, False, True, (1, 0)),
        ("Running", False, True, True, (1, 0)),
        ("Unknown", False, False, True, (1, 0)),
        ("Unknown", False, True, True, (1, 0)),
        ("Pending", False, False, True, (1, 0)),
        ("Pending", False, True, True, (1, 0)),
        ("Failed", False, False, True, (0, 0)),
        ("Succeeded", False, False, True, (0, 0)),
    ],
)
def test_whose_addresses_are_listed(phase, ready, going, publish, listed):
    metadata = {"deletionTimestamp": GONE} if going else {}
    one = pod(0, phase=phase, ready=ready, **metadata)
    view = MemoryView([service(publishNotReadyAddresses=publish), one])
    sync(view)
    found = stored(view)
    assert (len(addresses(found)), len(addresses(found, "notReadyAddresses"))) == listed


V4, V6 = "10.244.0.1", "fd00::10"


@pytest.mark.parametrize(
    ("cluster_ip", "families", "ips", "listed"),
    [
        pytest.param("10.0.0.1", ["IPv4"], [V4], V4, id="v4"),
        pytest.param("10.0.0.1", ["IPv4"], [V4, V6], V4, id="v4-in-a-dual-stack-cluster"),
        pytest.param("10.0.0.1", ["IPv4"], [V6, V4], V4, id="v4-where-v6-comes-first"),
        pytest.param("None", ["IPv4"], [V4], V4, id="headless-v4"),
        pytest.param("None", ["IPv4"], [V4, V6], V4, id="headless-v4-in-a-dual-stack-cluster"),
        pytest.param("3000::1", ["IPv6"], [V4, V6], V6, id="v6-in-a-dual-stack-cluster"),
        pytest.param("None", ["IPv6"], [V6], V6, id="headless-v6"),
        pytest.param("None", ["IPv6"], [V4, V6], V6, id="headless-v6-in-a-dual-stack-cluster"),
        pytest.param("3000::1", ["IPv6"], [V4], None, id="v6-in-a-v4-only-cluster"),
        pytest.param("10.0.0.1", None, [V4], V4, id="no-families-v4"),
        pytest.param("fd00::1", None, [V6], V6, id="no-families-v6"),
        pytest.param("10.0.0.1", None, [V6], None, id="no-families-and-no-address-that-fits"),
        pytest.param("None", None, [V4], V4, id="no-families-headless-v4"),
        pytest.param("None", None, [V6], V6, id="no-families-headless-v6"),
    ],
)
def test_the_family_of_addresses(cluster_ip, families, ips, listed):
    one = pod(0)
    one["status"].update(podIP=ips[0], podIPs=[{"ip": ip} for ip in ips])
    view = MemoryView([service(clusterIP=cluster_ip, ipFamilies=families), one])
    sync(view)
    assert [address["ip"] for address in addresses(stored(view))] == ([listed] if listed else [])


def test_ports_come_and_go_with_their_pods():
    first, second = (
        {"name": f"p{number}", "protocol": "TCP", "port": 79 + number, "targetPort": f"svc{number}"}
        for number in (1, 2)
    )

    def offering(number):
        ports = [{"name": f"svc{number}", "containerPort": 99 + number}]
        return pod(number, spec={"containers": [{"name": "main", "ports": ports}]})

    view = MemoryView([service(ports=[first]), offering(1)])
    seen = []
    for ports, more in (([first], ()), ([first, second], [offering(2)]), ([second], ())):
        view.change("Service", KEY, "spec", "ports", ports)
        for one in more:
            view.add(one)
        sync(view)
        found = {
            (port["name"], port["port"], *(address["ip"] for address in subset["addresses"]))
            for subset in stored(view)["subsets"]
            for port in subset["ports"]
        }
        seen.append(found)
    left, right = ("p1", 100, "10.0.0.2"), ("p2", 101, "10.0.0.3")
    assert seen == [{left}, {left, right}, {right}]


# More than a thousand (TestSyncServiceOverCapacity, TestTruncateEndpoints).


@pytest.mark.parametrize(
    ("annotation", "existing", "ready", "unready", "kept", "truncated"),
    [
        (None, 0, 0, 0, (0, 0), False),
        (None, 999, 997, 4, (997, 3), True),
        (None, 999, 1000, 10, (1000, 0), True),
        ("truncated", 999, 999, 0, (999, 0), False),
        ("warning", 1000, 1000, 0, (1000, 0), False),
        ("warning", 1001, 1001, 0, (1000, 0), True),
        ("truncated", 1000, 1000, 0, (1000, 0), False),
        ("invalid", 1001, 1001, 0, (1000, 0), True),
    ],
)
def test_over_capacity(annotation, existing, ready, unready, kept, truncated):
    pods = [pod(number, ready=number < ready) for number in range(ready + unready)]
    ports = [{"name": "http", "protocol": "TCP", "port": 8080}]
    subset = {"addresses": [{"ip": one["status"]["podIP"]} for one in pods[:existing]], "ports": ports}
    annotations = {OVER_CAPACITY: annotation} if annotation else {}
    view = MemoryView([service(), *pods, hand_made([subset], annotations=annotations)])
    sync(view)
    found = stored(view)
    assert (len(addresses(found)), len(addresses(found, "notReadyAddresses"))) == kept
    given = found["metadata"].get("annotations", {})
    assert given.get(OVER_CAPACITY) == ("truncated" if truncated else None)


def test_a_truncated_object_is_written_at_every_look():
    view = MemoryView([service(), *(pod(number) for number in range(1001))])
    sync(view)
    memory = endpoints.Known(endpoints.triggers_of(service_of(view), view.list("Pod")))
    (action,), _ = sync(view, memory)
    assert isinstance(action, Update)
    assert TRIGGERED not in stored(view)["metadata"]["annotations"]


def service_of(view):
    return view.get("Service", KEY)


@pytest.mark.parametrize(
    ("ready", "unready", "kept_ready", "kept_unready"),
    [
        ([], [], [], []),
        ([50, 100, 100, 100, 100], [50, 100, 100, 100, 100], None, None),
        ([100] * 5, [100] * 5, None, None),
        ([90, 110, 50, 10, 20], [101, 200, 200, 201, 298], None, [73, 144, 144, 145, 214]),
        ([205, 400, 402, 400, 693], [100, 200, 200, 200, 300], [98, 191, 192, 191, 328], [0] * 5),
    ],
)
def test_shares_of_a_thousand(ready, unready, kept_ready, kept_unready):
    subsets = [
        {"addresses": [{}] * some, "notReadyAddresses": [{}] * others}
        for some, others in zip(ready, unready, strict=True)
    ]
    kept, _ = endpoints.truncate(subsets)
    assert [len(one.get("addresses") or ()) for one in kept] == (kept_ready or ready)
    assert [len(one.get("notReadyAddresses") or ()) for one in kept] == (kept_unready or unready)


# Whether a look writes.

MANAGED = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}


@pytest.mark.parametrize(
    ("given", "of_service", "right"),
    [
        pytest.param(MANAGED, {}, True, id="nothing-but-the-manager"),
        pytest.param({}, {}, False, id="no-manager"),
        pytest.param({**MANAGED, "a": "b"}, {"a": "b"}, True, id="copied"),
        pytest.param({**MANAGED, "a": "b"}, {}, False, id="one-too-many"),
        pytest.param(MANAGED, {"a": "b"}, False, id="one-missing"),
        pytest.param({**MANAGED, "a": "b"}, {"a": "c"}, False, id="another-value"),
        pytest.param({**MANAGED, "service.kubernetes.io/headless": ""}, {}, True, id="headless"),
        pytest.param(
            {**MANAGED, "service.kubernetes.io/headless": ""},
            {"service.kubernetes.io/headless": ""},
            False,
            id="a-service-that-says-headless-itself",
        ),
    ],
)
def test_labels_that_need_no_write(given, of_service, right):
    one = assoc(service(), "metadata", "labels", of_service)
    assert endpoints.has_labels_of({"metadata": {"labels": given}}, one) is right


@pytest.mark.parametrize(
    ("subsets", "writes"),
    [
        pytest.param(None, 0, id="no-subsets"),
        pytest.param([], 0, id="empty-subsets"),
        pytest.param([{"addresses": [{"ip": "6.7.8.9"}], "ports": [{"port": 1000}]}], 1, id="other-subsets"),
    ],
)
def test_existing_subsets(subsets, writes):
    one = hand_made(subsets, labels=MANAGED)
    view = MemoryView([service(), one])
    assert len(sync(view)[0]) == writes


def test_the_order_in_which_somebody_wrote_them_is_no_reason_to_write():
    view = MemoryView([service(ports=[]), pod(0), pod(1), pod(2)])
    view.change("Service", KEY, "spec", "clusterIP", "None")
    sync(view)
    (subset,) = stored(view)["subsets"]
    view.change("Endpoints", KEY, "subsets", [{"addresses": subset["addresses"][::-1]}])
    assert sync(view)[0] == ()


@pytest.mark.parametrize(
    ("before", "reason", "message"),
    [
        (False, "FailedToCreateEndpoint", "Failed to create endpoint for service ns/web: no"),
        (True, "FailedToUpdateEndpoint", "Failed to update endpoint ns/web: no"),
    ],
)
def test_what_is_told_of_a_refusal(before, reason, message):
    view = MemoryView([service(), pod(0), *([hand_made([])] if before else [])])
    view.refuse[("create", "Endpoints")] = view.refuse[("update", "Endpoints")] = ApiError(500, "", "no")
    actions, done = sync(view)
    told = actions[-1]
    assert isinstance(told, Record)
    assert (told.type, told.reason, told.message, done.error) == ("Warning", reason, message, "no")


# Packing (TestPackSubsets); `a` to `c` are addresses, `~` stands before one that isn't ready.

IPS = {"a": "1.2.3.4", "b": "1.2.3.5", "c": "1.2.3.6"}


def subset(text):
    """`a:1 ~b 111` is a subset of the ready address `a` of the Pod 1 and the unready `b` at port 111."""
    made = {}
    for word in text.split():
        if word.isdigit():
            made.setdefault("ports", []).append({"port": int(word), "protocol": "TCP"})
            continue
        letter, _, uid = word.removeprefix("~").partition(":")
        address = {"ip": IPS[letter]}
        if uid:
            address["targetRef"] = {"kind": "Pod", "uid": uid}
        made.setdefault("notReadyAddresses" if word[0] == "~" else "addresses", []).append(address)
    return made


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([""], []),
        (["111"], []),
        (["a"], ["a"]),
        (["~a"], ["~a"]),
        (["a 111"], ["a 111"]),
        (["~a 111"], ["~a 111"]),
        (["a:1 111"], ["a:1 111"]),
        (["~a:1 111"], ["~a:1 111"]),
        (["a b 111"], ["a b 111"]),
        (["a ~b 111"], ["a ~b 111"]),
        (["a ~a 111"], ["~a 111"]),
        (["a 111 222"], ["a 111 222"]),
        (["a a 111"], ["a 111"]),
        (["a 111 111"], ["a 111"]),
        (["a 111", "a 111"], ["a 111"]),
        (["a 111", "~a 111"], ["~a 111"]),
        (["a 111", "a 222"], ["a 111 222"]),
        (["a:1 111", "a:1 222"], ["a:1 111 222"]),
        (["a:1 111", "~a:1 222"], ["a:1 111", "~a:1 222"]),
        (["a 111", "b 111"], ["a b 111"]),
        (["a:1 111", "a:2 111"], ["a:1 a:2 111"]),
        (["a 111", "a:2 111"], ["a a:2 111"]),
        (["b 111", "b:1 111", "a:1 111", "a 111"], ["a a:1 b b:1 111"]),
        (["b 111", "~b:1 111", "~a:1 111", "~a 111"], ["b ~a ~a:1 ~b:1 111"]),
        (["a 111", "b 222"], ["a 111", "b 222"]),
        (["a 111", "b 222", "c 111", "b 333"], ["a c 111", "b 222 333"]),
        (["a 111", "~b 222", "c 111", "~b 333"], ["a c 111", "~b 222 333"]),
    ],
)
def test_packing(given, expected):
    packed = repack_subsets([subset(text) for text in given])
    for one in packed:
        one.get("ports", []).sort(key=lambda port: port["port"])
    wanted = [subset(text) for text in expected]
    assert sorted(packed, key=repr) == sorted(wanted, key=repr)


@pytest.mark.parametrize(
    ("one", "order"),
    [
        (
            {
                "addresses": [
                    {
                        "ip": "10.0.0.1",
                        "nodeName": "node-0",
                        "targetRef": {"kind": "Pod", "namespace": "ns", "name": "web-0", "uid": "uid-0"},
                    },
                    {"ip": "10.0.0.2", "hostname": "h"},
                ],
                "ports": [
                    {"name": "http", "port": 80, "protocol": "TCP", "appProtocol": "http"},
                    {"port": 81, "protocol": "UDP"},
                ],
            },
            0x25455941862A245729C13BAAFF899866,
        ),
        ({"notReadyAddresses": [{"ip": "10.0.0.1"}]}, 0x4D4F4604C1A51C97597E6C7A75C104C9),
    ],
)
def test_subsets_are_ordered_by_the_hash_of_their_go_values(one, order):
    """The numbers were made by the library that upstream hashes with."""
    assert _subset_order(one) == order


# Whom a changed Pod concerns (Test_podChanged).


def with_ips(one, *ips):
    return {**one, "status": {**one["status"], "podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]}}


PLAIN = pod(0, ready=False, ip=False)


@pytest.mark.parametrize(
    ("old", "new", "woken"),
    [
        pytest.param(PLAIN, assoc(PLAIN, "spec", "nodeName", "changed"), False, id="node-name"),
        pytest.param(PLAIN, assoc(PLAIN, "metadata", "resourceVersion", "9"), False, id="resource-version"),
        pytest.param(PLAIN, with_ips(PLAIN, V4), True, id="add-v4"),
        pytest.param(with_ips(PLAIN, V4), with_ips(PLAIN, "2.3.4.5"), True, id="change-v4"),
        pytest.param(PLAIN, with_ips(PLAIN, V6), True, id="add-v6"),
        pytest.param(with_ips(PLAIN, V6), with_ips(PLAIN, "fd00::2"), True, id="change-v6"),
        pytest.param(with_ips(PLAIN, V4), with_ips(PLAIN, V4, V6), True, id="add-second"),
        pytest.param(with_ips(PLAIN, V4, V6), with_ips(PLAIN, V4, "fd00::2"), True, id="change-second"),
        pytest.param(with_ips(PLAIN, V4, V6), with_ips(PLAIN, V4), True, id="remove-second"),
        pytest.param(PLAIN, pod(0, ip=False), True, id="readiness"),
        pytest.param(PLAIN, assoc(PLAIN, "metadata", "deletionTimestamp", GONE), True, id="deletion"),
        pytest.param(PLAIN, assoc(PLAIN, "metadata", "labels", {}), True, id="remove-label"),
        pytest.param(
            PLAIN, assoc(PLAIN, "metadata", "labels", {"app": "web", "x": "y"}), False, id="add-label"
        ),
    ],
)
def test_whom_a_changed_pod_concerns(old, new, woken):
    view = MemoryView([service()])
    found = services_of_pod(Change(1, START_US, "Pod", ("ns", "web-0"), old, new, 0), view)
    assert found == ([KEY] if woken else [])


# Mirroring (TestSyncEndpoints, TestShouldMirror, TestReconcile).


def mirror(view):
    return view.sync(endpointslice_mirroring.plan, KEY)


def mirrored(*subsets, **metadata):
    view = MemoryView([service(selector=None), hand_made(list(subsets), **metadata)])
    mirror(view)
    return view


def ported(text, *ports):
    return {
        "addresses": [{"ip": ip} for ip in text.split()],
        "ports": [{"name": f"p{number}", "port": number, "protocol": "TCP"} for number in ports],
    }


@pytest.mark.parametrize(
    ("subsets", "metadata", "sizes"),
    [
        pytest.param([], {}, [], id="no-subsets"),
        pytest.param([ported("", 80)], {}, [], id="no-addresses"),
        pytest.param([ported("10.0.0.1", 80)], {}, [1], id="one"),
        pytest.param([ported("10.0.0.1", 80), ported("10.0.0.2", 443)], {}, [1, 1], id="two"),
        pytest.param([ported("10.0.0.1", 80), ported("10.0.0.1", 443)], {}, [1], id="one-address-two-ports"),
        pytest.param([ported("10.0.0.1", 80), ported("10.0.0.2", 80)], {}, [2], id="one-port-two-addresses"),
        pytest.param([ported("10.0.0.1", 80)], {"deletionTimestamp": GONE}, [], id="being-deleted"),
        pytest.param([ported("10.0.0.1 10.0.0.2", 80, 443)], {}, [2], id="two-ports-two-addresses"),
        pytest.param(
            [ported("10.0.0.1 10.0.0.2", 80), ported("10.0.1.1 10.0.1.2 10.0.1.3", 81)],
            {},
            [2, 3],
            id="more-subsets",
        ),
        pytest.param(
            [ported("10.0.0.1 fd00::1", 80), ported("10.0.1.1 fd00::2 fd00::3", 81)],
            {},
            [1, 1, 1, 2],
            id="dual-stack",
        ),
        pytest.param([ported("fd00::1 fd00::2", 80), ported("fd00::3", 81)], {}, [1, 2], id="v6-only"),
        pytest.param([ported("10.0.0.1 nowhere", 80), ported("x", 81)], {}, [1], id="some-are-invalid"),
        pytest.param([ported("this is not one", 80)], {}, [], id="all-are-invalid"),
        pytest.param(
            [ported("10.0.0.1", 80)],
            {"labels": {"endpointslice.kubernetes.io/skip-mirror": "false"}},
            [1],
            id="skip-false",
        ),
        pytest.param(
            [ported("10.0.0.1", 80)],
            {"labels": {"endpointslice.kubernetes.io/skip-mirror": "invalid"}},
            [1],
            id="skip-invalid",
        ),
        pytest.param(
            [ported("10.0.0.1", 80)],
            {"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
            [],
            id="skip-true",
        ),
        pytest.param(
            [ported("10.0.0.1", 80)],
            {"annotations": {"control-plane.alpha.kubernetes.io/leader": ""}},
            [],
            id="leader-election",
        ),
    ],
)
def test_how_many_slices_mirror(subsets, metadata, sizes):
    view = mirrored(*subsets, **metadata)
    assert sorted(len(one["endpoints"]) for one in slices(view)) == sorted(sizes)


APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"foo": "bar", APPLIED: "{}"}, {"foo": "bar"}),
        ({APPLIED: "{}"}, {}),
        ({"foo": "bar", APPLIED: ""}, {"foo": "bar"}),
        ({"foo": "bar", "foo2": "bar2"}, {"foo": "bar", "foo2": "bar2"}),
        ({"foo": "bar", TRIGGERED: "2020-01-21T00:00:00Z"}, {"foo": "bar"}),
    ],
)
def test_which_annotations_are_mirrored(given, kept):
    view = mirrored(ported("10.0.0.1", 80), annotations=given)
    (one,) = slices(view)
    assert one["metadata"].get("annotations", {}) == kept
    assert mirror(view)[0] == ()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("metadata", "annotations", {"foo": "bar"}), id="another-annotation"),
        pytest.param(("metadata", "labels", "foo", "bar"), id="another-label"),
        pytest.param(
            (
                "metadata",
                "ownerReferences",
                [{"apiVersion": "v1", "kind": "Endpoints", "name": "web", "uid": "earlier"}],
            ),
            id="owned-by-an-earlier-object",
        ),
        pytest.param(
            ("endpoints", [{"addresses": ["10.0.0.9"], "conditions": {"ready": True}}]), id="address"
        ),
        pytest.param(("endpoints", []), id="empty"),
    ],
)
def test_a_slice_that_says_something_else_is_written_anew(change):
    view = mirrored(ported("10.0.0.1", 80))
    (one,) = slices(view)
    view.change("EndpointSlice", ("ns", one["metadata"]["name"]), *change)
    (action,), _ = mirror(view)
    assert isinstance(action, Update)
    (new,) = slices(view)
    assert new["endpoints"] == one["endpoints"]
    assert "foo" not in labels_of(new)
    assert new["metadata"].get("annotations", {}) == {}


def test_hints_that_somebody_gave_a_mirror_stay():
    view = mirrored(ported("10.0.0.1", 80))
    (one,) = slices(view)
    hinted = [{**one["endpoints"][0], "hints": {"forZones": [{"name": "a"}]}}]
    view.change("EndpointSlice", ("ns", one["metadata"]["name"]), "endpoints", hinted)
    assert mirror(view)[0] == ()


@pytest.mark.parametrize(
    ("before", "after", "verbs"),
    [
        pytest.param(["10.0.0.1"], ["10.0.0.1"], [], id="the-same"),
        pytest.param(["10.0.0.1"], [], ["Delete"], id="gone"),
        pytest.param([], ["10.0.0.1"], ["Create"], id="new"),
        pytest.param(["10.0.0.1"], ["10.0.0.2"], ["Update"], id="recycled"),
        pytest.param(["10.0.0.1"], ["10.0.0.2", "10.0.0.3"], ["Create", "Update"], id="one-recycled"),
        pytest.param(["10.0.0.1", "10.0.0.2"], ["10.0.0.3"], ["Update", "Delete"], id="one-too-many"),
        pytest.param(["10.0.0.1"], ["fd00::1"], ["Create", "Delete"], id="another-family"),
        pytest.param(["10.0.0.1", "fd00::1"], ["10.0.0.2", "fd00::2"], ["Update"] * 2, id="both-families"),
    ],
)
def test_recycling(before, after, verbs):
    """Each address has a port of its own, so that each slice is to be replaced by another."""
    view = mirrored(*(ported(ip, 80 + number) for number, ip in enumerate(before)))
    number = 80 if before == after else 90
    view.change("Endpoints", KEY, "subsets", [ported(ip, number + i) for i, ip in enumerate(after)])
    actions, _ = mirror(view)
    assert [type(action).__name__ for action in actions] == verbs


@pytest.mark.parametrize(
    ("verb", "change", "error"),
    [
        ("create", [ported("10.0.0.1", 80), ported("fd00::1", 80)], "failed to create EndpointSlice"),
        ("update", [ported("10.0.0.2", 80)], "failed to update {} EndpointSlice"),
        ("delete", [], "failed to delete {} EndpointSlice"),
    ],
)
def test_refusals_in_upstreams_words(verb, change, error):
    view = mirrored(ported("10.0.0.1", 80))
    view.change("Endpoints", KEY, "subsets", change)
    view.refuse[(verb, "EndpointSlice")] = ApiError(500, "", "no")
    (one,) = slices(view)
    text = f"{error.format(one['metadata']['name'])} for Endpoints ns/web: no"
    assert mirror(view)[1].error == text


def test_every_mirror_is_tried_when_all_go():
    view = mirrored(ported("10.0.0.1", 80), ported("10.0.0.2", 81))
    view.remove("Endpoints", KEY)
    view.refuse[("delete", "EndpointSlice")] = ApiError(500, "", "no")
    actions, done = mirror(view)
    assert [type(action) for action in actions] == [Delete, Delete]
    assert done.error == "error(s) deleting 2/2 EndpointSlices for ns/web Endpoints, including: no"


def test_a_namespace_that_ends_is_no_error_for_a_mirror():
    view = MemoryView([service(selector=None), hand_made([ported("10.0.0.1", 80)])])
    cause = Cause("NamespaceTerminating", "namespace ns is being terminated", "metadata.namespace")
    view.refuse[("create", "EndpointSlice")] = ApiError(403, "Forbidden", "no", [cause])
    assert mirror(view)[1].error == ""


# Slices of Services with a selector.


def reconcile(view, memory=None):
    return view.sync(endpointslice.plan, KEY, memory)


def test_nothing_but_the_name_of_a_recycled_slice_is_kept():
    view = MemoryView([service(), node()])
    reconcile(view)
    (one,) = slices(view)
    name = one["metadata"]["name"]
    view.change("EndpointSlice", ("ns", name), "metadata", "annotations", {"mine": "x"})
    view.add(pod(0))
    (action,), _ = reconcile(view)
    assert isinstance(action, Update)
    assert action.obj["metadata"]["name"] == name
    assert "mine" not in action.obj["metadata"].get("annotations", {})
    assert "resourceVersion" not in action.obj["metadata"]


def test_the_placeholder_of_an_earlier_service_will_do():
    view = MemoryView([service()])
    reconcile(view)
    view.change("Service", KEY, "metadata", "uid", "another")
    assert reconcile(view)[0] == ()


def test_a_slice_that_is_gone_already_is_a_failure_to_delete_it():
    view = MemoryView([service(), node(), *(pod(number) for number in range(101))])
    reconcile(view)
    small = min(slices(view), key=lambda one: len(one["endpoints"]))
    name = small["metadata"]["name"]
    view.refuse[("delete", "EndpointSlice")] = not_found("endpointslices", "discovery.k8s.io", name)
    view.remove("Pod", ("ns", small["endpoints"][0]["targetRef"]["name"]))
    actions, done = reconcile(view)
    why = f'endpointslices.discovery.k8s.io "{name}" not found'
    assert done.error == f"failed to delete {name} EndpointSlice for Service ns/web: {why}"
    assert actions[-1].reason == "FailedToUpdateEndpointSlices"


def test_hints_of_a_service_are_forgotten_with_a_family():
    both = {"ipFamilies": ["IPv4", "IPv6"], "publishNotReadyAddresses": True}
    one = assoc(service(**both), "metadata", "annotations", {"service.kubernetes.io/topology-mode": "Auto"})
    view = MemoryView([one])
    reconcile(view)
    view.change("Service", KEY, "spec", "ipFamilies", ["IPv4"])
    _, done = reconcile(view, endpointslice.Known(hinted=True))
    assert done.memory.hinted is False


def test_creates_come_before_updates():
    view = MemoryView([service(), node(), *(pod(number) for number in range(100))])
    reconcile(view)
    view.change("Pod", ("ns", "web-0"), "status", "conditions", [{"type": "Ready", "status": "False"}])
    view.add(pod(100))
    actions, _ = reconcile(view)
    assert [type(action) for action in actions] == [Create, Update]
