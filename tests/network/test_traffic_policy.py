"""Whom kube-proxy leads to whom: Services of others, the own node alone, and Pods that are going."""

from __future__ import annotations

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
