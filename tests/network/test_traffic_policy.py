"""Whom kube-proxy leads to whom: Services of others, the own node alone, and Pods that are going."""

from __future__ import annotations

import json

import pytest

from k8slab.lab import Lab
from k8slab.network.routing import route, service_by_address

LABELS = {
    "no label": ({}, True),
    "another proxy's": ({"service.kubernetes.io/service-proxy-name": "mine"}, False),
    "nobody's": ({"service.kubernetes.io/headless": ""}, False),
}


@pytest.mark.parametrize(("labels", "reached"), LABELS.values(), ids=LABELS)
def test_who_is_proxied(labels, reached):
    lab = Lab(1)
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    metadata = {"name": "web", "labels": labels}
    lab.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    service = lab.world.get("Service", ("default", "web"))
    found = service_by_address(lab.world, service["spec"]["clusterIP"])
    assert (found is not None) == reached


def lab_with_slice(policy, *endpoints):
    """A lab of two nodes with a Service whose endpoints are written by hand."""
    lab = Lab(2)
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"web-{number}"},
            "spec": {"nodeName": f"node-{number}", "containers": [{"name": "web", "image": "nginx:1.29"}]},
        }
        for number in (1, 2)
    ]
    spec = {"ports": [{"port": 80}], **policy}
    lab.apply([{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}, *pods])
    lab.settle()
    slice_ = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "web", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 80}],
        "endpoints": [
            {
                "addresses": [address(lab, number)],
                "nodeName": f"node-{number}",
                "conditions": conditions,
                "targetRef": {"kind": "Pod", "namespace": "default", "name": f"web-{number}"},
            }
            for number, conditions in endpoints
        ],
    }
    lab.apply(slice_)
    return lab


def address(lab, number):
    return lab.world.get("Pod", ("default", f"web-{number}"))["status"]["podIP"]


def reached_from_the_first_node(lab):
    """Which Pods calls from the first node's Pod reach, and which errors they meet."""
    ip = lab.world.get("Service", ("default", "web"))["spec"]["clusterIP"]
    found = [route(lab.world, ip, 80, address(lab, 1), salt) for salt in range(20)]
    return sorted({one.pod["metadata"]["name"] if one.pod else one.error for one in found})


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "spec": {"containers": [{"name": "main", "image": "debian:13", "command": ["sleep", "infinity"]}]},
}
READY, GOING = {"ready": True}, {"ready": False, "serving": True, "terminating": True}
LOCAL = {"internalTrafficPolicy": "Local"}
CALLS = {
    "all that are ready": ({}, [(1, READY), (2, READY)], ["web-1", "web-2"]),
    "nobody who is going while another is ready": ({}, [(1, GOING), (2, READY)], ["web-2"]),
    "who is going where nobody is ready": ({}, [(1, GOING)], ["web-1"]),
    "the own node's alone": (LOCAL, [(1, READY), (2, READY)], ["web-1"]),
    "the own node's that is going": (LOCAL, [(1, GOING), (2, READY)], ["web-1"]),
    "nobody on the own node": (LOCAL, [(2, READY)], ["i/o timeout"]),
}


@pytest.mark.parametrize(("policy", "endpoints", "reached"), CALLS.values(), ids=CALLS)
def test_who_is_called(policy, endpoints, reached):
    assert reached_from_the_first_node(lab_with_slice(policy, *endpoints)) == reached


def test_a_slice_that_is_left_to_others_leads_nowhere():
    lab = lab_with_slice({}, (1, READY))
    slice_ = lab.world.get("EndpointSlice", ("default", "web"))
    labels = {**slice_["metadata"]["labels"], "service.kubernetes.io/headless": ""}
    lab.apply({**slice_, "metadata": {"name": "web", "labels": labels}})
    assert reached_from_the_first_node(lab) == ["connect: connection refused"]


MINE, OTHERS = {"forZones": [{"name": "a"}]}, {"forZones": [{"name": "b"}]}
HERE, THERE = {"forNodes": [{"name": "node-1"}]}, {"forNodes": [{"name": "node-2"}]}
BOTH = ["web-1", "web-2"]
# Cases of pkg/proxy/topology_test.go (TestCategorizeEndpoints): the hints of each endpoint.
HINTS = {
    "the own zone's": (MINE, OTHERS, ["web-1"]),
    "what is meant for the zone, wherever it is": (OTHERS, MINE, ["web-2"]),
    "all, where one has no hint": (MINE, {}, BOTH),
    "all, where none is meant for the zone": (OTHERS, OTHERS, BOTH),
    "the own node's": (HERE, THERE, ["web-1"]),
    "the own node's before the zone's": ({**HERE, **OTHERS}, {**THERE, **MINE}, ["web-1"]),
    "the zone's, where none is meant for the node": ({**THERE, **MINE}, {**THERE, **OTHERS}, ["web-1"]),
    "all, where only one names nodes": (HERE, {}, BOTH),
}


def give_hints(lab, *hints):
    """Hints for the endpoints of a slice written by hand."""
    found = lab.world.get("EndpointSlice", ("default", "web"))
    endpoints = [{**one, "hints": own} for one, own in zip(found["endpoints"], hints, strict=True)]
    metadata = {"name": "web", "labels": found["metadata"]["labels"]}
    rest = {name: found[name] for name in ("apiVersion", "kind", "addressType", "ports")}
    lab.apply({**rest, "metadata": metadata, "endpoints": endpoints})


@pytest.mark.parametrize(("first", "second", "reached"), HINTS.values(), ids=HINTS)
def test_whom_hints_lead_to(first, second, reached):
    lab = lab_with_slice({}, (1, READY), (2, READY))
    for number, zone in ((1, "a"), (2, "b")):
        lab.kubectl(f"label node node-{number} topology.kubernetes.io/zone={zone}")
    give_hints(lab, first, second)
    assert reached_from_the_first_node(lab) == reached


def test_hints_count_for_nothing_where_the_traffic_stays_on_the_node():
    lab = lab_with_slice(LOCAL, (1, READY), (2, READY))
    give_hints(lab, THERE, THERE)
    assert reached_from_the_first_node(lab) == ["web-1"]


HEALTH = {
    "an endpoint of its own": ([(1, READY), (2, GOING)], 1, (200, 1)),
    "one that is going": ([(1, READY), (2, GOING)], 2, (503, 0)),
    "none": ([(1, READY)], 2, (503, 0)),
}


@pytest.mark.parametrize("caller", ["client", "host"])
@pytest.mark.parametrize(("endpoints", "node", "expected"), HEALTH.values(), ids=HEALTH)
def test_what_a_node_tells_load_balancers(endpoints, node, expected, caller):
    policy = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    lab = lab_with_slice(policy, *endpoints)
    port = lab.world.get("Service", ("default", "web"))["spec"]["healthCheckNodePort"]
    host = lab.get(f"node/node-{node}")["status"]["addresses"][0]["address"]
    on_host = {**POD, "spec": {**POD["spec"], "hostNetwork": True, "nodeName": f"node-{node}"}}
    lab.apply([{**POD, "metadata": {"name": "client"}}, {**on_host, "metadata": {"name": "host"}}])
    lab.settle()
    said = lab.kubectl(f"exec {caller} -- curl -s -w '%{{http_code}}' http://{host}:{port}/healthz").stdout
    body, code = json.loads(said[:-3]), int(said[-3:])
    assert (code, body["localEndpoints"]) == expected
    assert body["service"] == {"namespace": "default", "name": "web"}
