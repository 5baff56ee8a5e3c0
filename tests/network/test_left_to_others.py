"""Services that a label takes away from kube-proxy."""

from __future__ import annotations

import pytest

from k8slab.lab import Lab
from k8slab.network.routing import service_by_address

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
