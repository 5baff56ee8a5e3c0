"""EndpointSlices, Endpoints and mirroring.

Ports cases of staging/src/k8s.io/endpointslice/{reconciler,utils}_test.go,
pkg/controller/endpoint/endpoints_controller_test.go and
pkg/controller/endpointslicemirroring/reconciler_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError, Cause
from k8slab.api.meta import assoc, labels_of
from k8slab.clock import START_US, timestamp
from k8slab.components import Create, Record, Update
from k8slab.controllers import endpoints, endpointslice, endpointslice_mirroring
from k8slab.controllers._endpoints import find_port, repack_subsets, services_of_pod
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

KEY = ("ns", "web")


def service(**spec):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "ns", "uid": "service"},
        "spec": {
            "clusterIP": "10.96.0.7",
            "ipFamilies": ["IPv4"],
            "selector": {"app": "web"},
            "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}],
            **spec,
        },
    }


def node(name="node-0", zone=""):
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}}


def pod(number, *, ready=True, phase="Running", ip=True, node_name="node-0", spec=None, **metadata):
    name = metadata.pop("name", f"web-{number}")
    status = {
        "phase": phase,
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
    }
    if ip:
        status["podIPs"] = [{"ip": ip if isinstance(ip, str) else f"10.0.{number // 250}.{number % 250 + 1}"}]
        status["podIP"] = status["podIPs"][0]["ip"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "ns",
            "uid": f"uid-{number}",
            "labels": {"app": "web"},
            **metadata,
        },
        "spec": {"nodeName": node_name, "containers": [], **(spec or {})},
        "status": status,
    }


def slices(view):
    return list(view.list("EndpointSlice", namespace="ns"))


def sync(view):
    actions, done = view.sync(endpointslice.plan, KEY)
    return actions, done


def conditions(view):
    return [tuple(one["conditions"].values()) for each in slices(view) for one in each["endpoints"] or ()]


def sizes(view):
    return [len(one["endpoints"] or ()) for one in slices(view)]


# EndpointSlices.


def test_the_whole_slice():
    view = MemoryView([service(), node(zone="a"), pod(0)])
    (action,), _ = sync(view)
    assert action == Create(
        "EndpointSlice",
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "generateName": "web-",
                "namespace": "ns",
                "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": "2026-01-05T09:00:00Z"},
                "labels": {
                    "kubernetes.io/service-name": "web",
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                },
                "ownerReferences": [
                    {
                        "apiVersion": "v1",
                        "kind": "Service",
                        "name": "web",
                        "uid": "service",
                        "controller": True,
                        "blockOwnerDeletion": True,
                    }
                ],
            },
            "addressType": "IPv4",
            "endpoints": [
                {
                    "addresses": ["10.0.0.1"],
                    "conditions": {"ready": True, "serving": True, "terminating": False},
                    "targetRef": {"kind": "Pod", "namespace": "ns", "name": "web-0", "uid": "uid-0"},
                    "nodeName": "node-0",
                    "zone": "a",
                }
            ],
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        },
    )


def test_a_service_without_pods_has_one_empty_slice():
    view = MemoryView([service()])
    sync(view)
    (one,) = slices(view)
    assert (one["endpoints"], one["ports"]) == (None, None)
    assert sync(view)[0] == ()


def test_the_placeholder_becomes_the_first_slice_and_the_last_slice_the_placeholder():
    view = MemoryView([service(), node()])
    sync(view)
    name = slices(view)[0]["metadata"]["name"]
    view.add(pod(0))
    (action,), _ = sync(view)
    assert isinstance(action, Update)
    assert [one["metadata"]["name"] for one in slices(view)] == [name]
    view.remove("Pod", ("ns", "web-0"))
    sync(view)
    (one,) = slices(view)
    assert (one["metadata"]["name"], one["endpoints"], one["ports"]) == (name, None, None)


GONE = timestamp(START_US)


@pytest.mark.parametrize(
    ("one", "publish", "expected"),
    [
        pytest.param(pod(0), False, [(True, True, False)], id="ready"),
        pytest.param(pod(0, ready=False), False, [(False, False, False)], id="unready"),
        pytest.param(pod(0, ready=False), True, [(True, False, False)], id="unready-but-published"),
        pytest.param(pod(0, deletionTimestamp=GONE), False, [(False, True, True)], id="terminating"),
        pytest.param(
            pod(0, ready=False, deletionTimestamp=GONE),
            False,
            [(False, False, True)],
            id="terminating-unready",
        ),
        pytest.param(
            pod(0, deletionTimestamp=GONE), True, [(True, True, True)], id="terminating-but-published"
        ),
        pytest.param(pod(0, phase="Succeeded"), False, [], id="succeeded"),
        pytest.param(pod(0, phase="Failed"), True, [], id="failed"),
        pytest.param(pod(0, ip=False), False, [], id="no-address"),
        pytest.param(pod(0, labels={"app": "db"}), False, [], id="not-selected"),
    ],
)
def test_conditions(one, publish, expected):
    view = MemoryView([service(publishNotReadyAddresses=publish), node(), one])
    sync(view)
    assert conditions(view) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"hostname": "web-0", "subdomain": "web"}, "web-0"),
        ({"hostname": "web-0", "subdomain": "db"}, None),
        ({"hostname": "web-0"}, None),
        ({"subdomain": "web"}, None),
    ],
)
def test_host_names(spec, expected):
    view = MemoryView([service(clusterIP="None"), node(), pod(0, spec=spec)])
    sync(view)
    assert slices(view)[0]["endpoints"][0].get("hostname") == expected


@pytest.mark.parametrize(
    ("given", "cluster_ip", "expected"),
    [
        ({}, "10.96.0.7", {}),
        ({}, "None", {"service.kubernetes.io/headless": ""}),
        ({"team": "a"}, "10.96.0.7", {"team": "a"}),
        ({"service.kubernetes.io/headless": "x"}, "10.96.0.7", {}),
        ({"kubernetes.io/service-name": "x", "team": "a"}, "10.96.0.7", {"team": "a"}),
    ],
)
def test_labels(given, cluster_ip, expected):
    one = assoc(service(clusterIP=cluster_ip), "metadata", "labels", given)
    view = MemoryView([one])
    sync(view)
    reserved = {
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    assert labels_of(slices(view)[0]) == {**expected, **reserved}


def test_changed_labels_of_the_service_reach_the_slice():
    view = MemoryView([service(), node(), pod(0)])
    sync(view)
    view.change("Service", KEY, "metadata", "labels", {"team": "a"})
    sync(view)
    assert labels_of(slices(view)[0])["team"] == "a"
    assert sync(view)[0] == ()


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
def test_a_slice_holds_a_hundred(count):
    view = MemoryView([service(), node(), *(pod(number) for number in range(count))])
    sync(view)
    assert sorted(sizes(view), reverse=True) == [100] * (count // 100) + (
        [count % 100] if count % 100 else []
    )
    assert sync(view)[0] == ()


def test_new_endpoints_go_into_the_fullest_slice_that_has_room():
    view = MemoryView([service(), node(), *(pod(number) for number in range(150))])
    sync(view)
    view.add(pod(150))
    actions, _ = sync(view)
    assert len(actions) == 1
    assert sorted(sizes(view)) == [51, 100]


def test_a_slice_that_changes_anyway_is_filled_first():
    view = MemoryView([service(), node(), *(pod(number) for number in range(150))])
    sync(view)
    view.remove("Pod", ("ns", "web-0"))
    view.add(pod(150))
    actions, _ = sync(view)
    assert len(actions) == 1
    assert sorted(sizes(view)) == [50, 100]


def test_a_slice_without_endpoints_is_removed():
    view = MemoryView([service(), node(), *(pod(number) for number in range(101))])
    sync(view)
    view.remove("Pod", ("ns", "web-100"))
    sync(view)
    assert sizes(view) == [100]


def test_pods_with_other_ports_have_slices_of_their_own():
    ports = [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": "http"}]
    old = {"containers": [{"name": "main", "ports": [{"name": "http", "containerPort": 80}]}]}
    new = {"containers": [{"name": "main", "ports": [{"name": "http", "containerPort": 8080}]}]}
    view = MemoryView([service(ports=ports), node(), pod(0, spec=old), pod(1, spec=new)])
    sync(view)
    assert sorted(one["ports"][0]["port"] for one in slices(view)) == [80, 8080]


def test_a_named_port_that_a_pod_lacks_is_left_out():
    ports = [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": "http"}]
    view = MemoryView([service(ports=ports), node(), pod(0)])
    sync(view)
    (one,) = slices(view)
    assert one["ports"] is None
    assert len(one["endpoints"]) == 1


def test_several_ports_are_listed_in_a_fixed_order():
    ports = [
        {"name": name, "protocol": "TCP", "port": number, "targetPort": number}
        for name, number in (("http", 80), ("https", 443), ("metrics", 9090))
    ]
    found = []
    for order in (ports, ports[::-1]):
        view = MemoryView([service(ports=order), node(), pod(0)])
        sync(view)
        found.append(slices(view)[0]["ports"])
    assert found[0] == found[1]
    assert len(found[0]) == 3


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"type": "ExternalName"}, "ExternalName"),
        ({"selector": None}, "without a selector"),
    ],
)
def test_services_without_slices(changes, why):
    view = MemoryView([service(**changes), node(), pod(0)])
    actions, done = sync(view)
    assert actions == ()
    assert why in done.why


def test_a_service_that_is_gone():
    assert sync(MemoryView())[0] == ()


@pytest.mark.parametrize(
    ("families", "addresses", "expected"),
    [
        (["IPv4"], ["10.0.0.1", "fd00::1"], {"IPv4": ["10.0.0.1"]}),
        (["IPv6"], ["10.0.0.1", "fd00::1"], {"IPv6": ["fd00::1"]}),
        (["IPv4", "IPv6"], ["10.0.0.1", "fd00::1"], {"IPv4": ["10.0.0.1"], "IPv6": ["fd00::1"]}),
    ],
)
def test_families(families, addresses, expected):
    one = assoc(pod(0), "status", "podIPs", [{"ip": address} for address in addresses])
    view = MemoryView([service(ipFamilies=families), node(), one])
    sync(view)
    assert {each["addressType"]: each["endpoints"][0]["addresses"] for each in slices(view)} == expected


def test_slices_of_a_family_that_is_no_longer_served_go():
    both = [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]
    view = MemoryView([service(ipFamilies=["IPv4", "IPv6"]), node(), assoc(pod(0), "status", "podIPs", both)])
    sync(view)
    view.change("Service", KEY, "spec", "ipFamilies", ["IPv4"])
    sync(view)
    assert [one["addressType"] for one in slices(view)] == ["IPv4"]


def test_slices_of_an_earlier_service_of_the_same_name_are_replaced():
    view = MemoryView([service(), node(), pod(0)])
    sync(view)
    view.change("Service", KEY, "metadata", "uid", "another")
    sync(view)
    (one,) = slices(view)
    assert one["metadata"]["ownerReferences"][0]["uid"] == "another"


def test_a_pod_of_a_missing_node_is_skipped_with_an_error():
    view = MemoryView([service(), node(), pod(0), pod(1, node_name="gone")])
    actions, done = sync(view)
    assert len(conditions(view)) == 1
    text = "skipping Pod web-1 for Service ns/web: Node gone Not Found"
    assert done.error == text
    assert actions[-1].message == f"Error updating Endpoint Slices for Service ns/web: {text}"


def test_a_pod_of_a_missing_node_is_published_if_asked_for():
    view = MemoryView([service(publishNotReadyAddresses=True), pod(0, node_name="gone")])
    assert sync(view)[1].error == ""
    assert len(conditions(view)) == 1


def test_retries_come_to_an_end():
    view = MemoryView([service(), pod(0)])
    _, done = view.sync(endpointslice.plan, KEY, endpointslice.Known(14))
    assert (done.memory.failures, bool(done.error)) == (15, True)
    _, done = view.sync(endpointslice.plan, KEY, endpointslice.Known(15))
    assert (done.memory.failures, done.error) == (0, "")


def test_a_refused_slice_is_told_of():
    view = MemoryView([service(), node(), pod(0)])
    view.refuse[("create", "EndpointSlice")] = ApiError(500, "", "no")
    actions, done = sync(view)
    assert done.error == "failed to create EndpointSlice for Service ns/web: no"
    assert isinstance(actions[-1], Record)


def test_a_terminating_namespace_is_no_error():
    view = MemoryView([service(), node(), pod(0)])
    cause = Cause("NamespaceTerminating", "namespace ns is being terminated", "metadata.namespace")
    view.refuse[("create", "EndpointSlice")] = ApiError(403, "Forbidden", "no", [cause])
    assert sync(view)[1].error == ""


def test_no_slice_is_made_for_a_service_that_is_being_deleted():
    one = assoc(service(), "metadata", "deletionTimestamp", GONE)
    assert sync(MemoryView([one, node(), pod(0)]))[0] == ()


@pytest.mark.parametrize(
    ("distribution", "ready", "zone", "hints"),
    [
        (None, True, "a", None),
        ("PreferClose", True, "a", {"forZones": [{"name": "a"}]}),
        ("PreferSameZone", True, "a", {"forZones": [{"name": "a"}]}),
        (
            "PreferSameNode",
            True,
            "a",
            {"forZones": [{"name": "a"}], "forNodes": [{"name": "node-0"}]},
        ),
        ("PreferClose", False, "a", None),
        ("PreferClose", True, "", None),
        ("Anything", True, "a", None),
    ],
)
def test_hints(distribution, ready, zone, hints):
    view = MemoryView([service(trafficDistribution=distribution), node(zone=zone), pod(0, ready=ready)])
    sync(view)
    assert slices(view)[0]["endpoints"][0].get("hints") == hints
    assert sync(view)[0] == ()


def test_hints_go_with_the_wish_for_them():
    view = MemoryView([service(trafficDistribution="PreferClose"), node(zone="a"), pod(0)])
    sync(view)
    view.change("Service", KEY, "spec", "trafficDistribution", None)
    sync(view)
    assert "hints" not in slices(view)[0]["endpoints"][0]


@pytest.mark.parametrize(
    ("target", "expected"),
    [(8080, 8080), ("http", 80), ("dns", 53), ("side", 9000), ("init", None), ("none", None)],
)
def test_finding_ports(target, expected):
    containers = [
        {"name": "a", "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}]},
        {"name": "b", "ports": [{"name": "dns", "containerPort": 54, "protocol": "UDP"}]},
        {"name": "c", "ports": [{"name": "dns", "containerPort": 53, "protocol": "TCP"}]},
    ]
    init = [
        {"name": "i", "ports": [{"name": "init", "containerPort": 1, "protocol": "TCP"}]},
        {
            "name": "s",
            "restartPolicy": "Always",
            "ports": [{"name": "side", "containerPort": 9000, "protocol": "TCP"}],
        },
    ]
    one = pod(0, spec={"containers": containers, "initContainers": init})
    assert find_port(one, {"port": 1, "protocol": "TCP", "targetPort": target}) == expected


@pytest.mark.parametrize(
    ("old", "new", "woken"),
    [
        pytest.param(None, pod(0), ["web"], id="created"),
        pytest.param(pod(0), None, ["web"], id="removed"),
        pytest.param(pod(0), pod(0), [], id="nothing-that-matters"),
        pytest.param(pod(0), pod(0, ready=False), ["web"], id="readiness"),
        pytest.param(pod(0, ip=False), pod(0), ["web"], id="address"),
        pytest.param(pod(0), pod(0, deletionTimestamp=GONE), ["web"], id="terminating"),
        pytest.param(pod(0), pod(0, labels={"app": "db"}), ["db", "web"], id="labels"),
        pytest.param(pod(0), pod(0, labels={"app": "web", "x": "y"}), [], id="labels-that-change-nothing"),
        pytest.param(None, pod(0, labels={}), [], id="selected-by-none"),
    ],
)
def test_whom_a_pod_wakes(old, new, woken):
    other = service(selector={"app": "db"})
    other["metadata"]["name"] = "db"
    view = MemoryView([service(), other])
    found = services_of_pod(Change(1, START_US, "Pod", ("ns", "web-0"), old, new, 0), view)
    assert found == [("ns", name) for name in woken]


# Endpoints.


def stored(view):
    return view.get("Endpoints", KEY)


def test_the_whole_endpoints_object():
    view = MemoryView([service(), node(), pod(1), pod(0), pod(2, ready=False)])
    view.sync(endpoints.plan, KEY)
    one = stored(view)
    assert labels_of(one) == {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}
    (subset,) = one["subsets"]
    assert [address["ip"] for address in subset["addresses"]] == ["10.0.0.1", "10.0.0.2"]
    assert subset["addresses"][0] == {
        "ip": "10.0.0.1",
        "nodeName": "node-0",
        "targetRef": {"kind": "Pod", "namespace": "ns", "name": "web-0", "uid": "uid-0"},
    }
    assert [address["ip"] for address in subset["notReadyAddresses"]] == ["10.0.0.3"]
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    assert view.sync(endpoints.plan, KEY)[0] == ()


def test_endpoints_without_pods_have_no_subsets():
    view = MemoryView([service()])
    view.sync(endpoints.plan, KEY)
    assert "subsets" not in stored(view)


@pytest.mark.parametrize(
    ("publish", "ready", "unready"), [(False, ["10.0.0.1"], []), (True, ["10.0.0.1", "10.0.0.2"], [])]
)
def test_terminating_pods_are_listed_only_if_published(publish, ready, unready):
    view = MemoryView(
        [service(publishNotReadyAddresses=publish), node(), pod(0), pod(1, deletionTimestamp=GONE)]
    )
    view.sync(endpoints.plan, KEY)
    (subset,) = stored(view)["subsets"]
    assert [one["ip"] for one in subset["addresses"]] == ready
    assert [one["ip"] for one in subset.get("notReadyAddresses", ())] == unready


def test_endpoints_go_with_their_service():
    view = MemoryView([service(), node(), pod(0)])
    view.sync(endpoints.plan, KEY)
    view.remove("Service", KEY)
    view.sync(endpoints.plan, KEY)
    assert stored(view) is None


def test_a_headless_service_without_ports_has_addresses_without_ports():
    view = MemoryView([service(clusterIP="None", ports=[]), node(), pod(0)])
    view.sync(endpoints.plan, KEY)
    (subset,) = stored(view)["subsets"]
    assert "ports" not in subset
    assert labels_of(stored(view))["service.kubernetes.io/headless"] == ""


def address(number):
    return {"ip": f"10.0.0.{number}"}


@pytest.mark.parametrize(
    ("subsets", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param(
            [
                {"addresses": [address(1)], "ports": [{"port": 1, "protocol": "TCP"}]},
                {"addresses": [address(2)], "ports": [{"port": 1, "protocol": "TCP"}]},
            ],
            [([1, 2], [], [1])],
            id="one-port-of-two-addresses",
        ),
        pytest.param(
            [
                {"addresses": [address(1)], "ports": [{"port": 1, "protocol": "TCP"}]},
                {"addresses": [address(1)], "ports": [{"port": 1, "protocol": "UDP", "name": "u"}]},
            ],
            [([1], [], [1, 1])],
            id="two-ports-of-one-address",
        ),
        pytest.param(
            [
                {"addresses": [address(1)], "ports": [{"port": 1, "protocol": "TCP"}]},
                {"addresses": [address(2)], "ports": [{"port": 2, "protocol": "TCP"}]},
            ],
            [([2], [], [2]), ([1], [], [1])],
            id="two-ports-of-two-addresses",
        ),
        pytest.param(
            [
                {"addresses": [address(1)], "ports": [{"port": 1, "protocol": "TCP"}]},
                {"notReadyAddresses": [address(1)], "ports": [{"port": 1, "protocol": "TCP"}]},
            ],
            [([], [1], [1])],
            id="not-ready-wins",
        ),
        pytest.param([{"addresses": [address(1)]}], [([1], [], [])], id="no-ports"),
    ],
)
def test_repacking(subsets, expected):
    packed = repack_subsets(subsets)
    found = [
        (
            [int(one["ip"].rpartition(".")[2]) for one in subset.get("addresses", ())],
            [int(one["ip"].rpartition(".")[2]) for one in subset.get("notReadyAddresses", ())],
            [port["port"] for port in subset.get("ports", ())],
        )
        for subset in packed
    ]
    assert found == expected
    assert repack_subsets(packed) == packed


@pytest.mark.parametrize(
    ("ready", "unready", "kept_ready", "kept_unready", "truncated"),
    [
        (1000, 0, 1000, 0, False),
        (1001, 0, 1000, 0, True),
        (900, 200, 900, 100, True),
        (1200, 500, 1000, 0, True),
        (0, 1500, 0, 1000, True),
    ],
)
def test_a_thousand_addresses_at_most(ready, unready, kept_ready, kept_unready, truncated):
    subset = {"addresses": [address(1)] * ready, "notReadyAddresses": [address(2)] * unready}
    kept, cut = endpoints.truncate([subset])
    assert cut is truncated
    assert len(kept[0].get("addresses", ())) == kept_ready
    assert len(kept[0].get("notReadyAddresses", ())) == kept_unready


# Mirroring.


def hand_made(subsets, **metadata):
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "web", "namespace": "ns", "uid": "endpoints", **metadata},
        "subsets": subsets,
    }


SUBSET = {"addresses": [address(1), {"ip": "fd00::1"}], "ports": [{"port": 80, "protocol": "TCP"}]}


def mirror(view):
    return view.sync(endpointslice_mirroring.plan, KEY)


def test_each_family_is_mirrored_into_a_slice():
    view = MemoryView([service(selector=None), hand_made([SUBSET], labels={"a": "b"})])
    mirror(view)
    found = {one["addressType"]: one["endpoints"] for one in slices(view)}
    assert found == {
        "IPv4": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}],
        "IPv6": [{"addresses": ["fd00::1"], "conditions": {"ready": True}}],
    }
    assert labels_of(slices(view)[0]) == {
        "a": "b",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    }
    assert mirror(view)[0] == ()


@pytest.mark.parametrize(
    ("changed_service", "changed_endpoints"),
    [
        pytest.param(service(), hand_made([SUBSET]), id="the-service-got-a-selector"),
        pytest.param(
            service(selector=None),
            hand_made([SUBSET], labels={"endpointslice.kubernetes.io/skip-mirror": "true"}),
            id="not-to-be-mirrored",
        ),
        pytest.param(
            service(selector=None),
            hand_made([SUBSET], annotations={"control-plane.alpha.kubernetes.io/leader": "{}"}),
            id="leader-election",
        ),
        pytest.param(service(selector=None), None, id="endpoints-gone"),
        pytest.param(None, hand_made([SUBSET]), id="service-gone"),
    ],
)
def test_mirrors_go_where_there_is_nothing_to_mirror(changed_service, changed_endpoints):
    view = MemoryView([service(selector=None), hand_made([SUBSET])])
    mirror(view)
    for kind, one in (("Service", changed_service), ("Endpoints", changed_endpoints)):
        if one is None:
            view.remove(kind, KEY)
        else:
            view.add(one)
    mirror(view)
    assert slices(view) == []


def test_a_changed_address_changes_its_mirror():
    view = MemoryView([service(selector=None), hand_made([{**SUBSET, "addresses": [address(1)]}])])
    mirror(view)
    name = slices(view)[0]["metadata"]["name"]
    view.change("Endpoints", KEY, "subsets", [{**SUBSET, "addresses": [address(2)]}])
    mirror(view)
    (one,) = slices(view)
    assert (one["metadata"]["name"], one["endpoints"][0]["addresses"]) == (name, ["10.0.0.2"])


def test_what_is_no_address_is_skipped_and_told_of():
    view = MemoryView([service(selector=None), hand_made([{"addresses": [{"ip": "nowhere"}]}])])
    actions, _ = mirror(view)
    assert actions[0].message == "Skipped 1 invalid IP addresses when mirroring to EndpointSlices"


def test_a_thousand_addresses_are_mirrored_at_most():
    addresses = [{"ip": f"10.0.{number // 250}.{number % 250}"} for number in range(1005)]
    view = MemoryView([service(selector=None), hand_made([{**SUBSET, "addresses": addresses}])])
    actions, _ = mirror(view)
    assert actions[0].reason == "TooManyAddressesToMirror"
    assert sizes(view) == [1000]
