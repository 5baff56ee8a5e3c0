"""Which Pods a kubelet takes that came past the scheduler, and what it says to the others.

The reasons and texts are those of pkg/kubelet/lifecycle/predicate.go and its tests
(predicate_test.go), v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.cluster import api
from tests.kubelet.nodes import Nodes, nginx


def _port(number, **more):
    return {"containerPort": 80, "hostPort": number, **more}


def _labels(terms):
    required = {"nodeSelectorTerms": terms}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


PREDICATES = {
    "a selector that the node lacks": (
        {"nodeSelector": {"disk": "fast"}},
        "NodeAffinity",
        "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    ),
    "an affinity that the node lacks": (
        {"affinity": _labels([{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}])},
        "NodeAffinity",
        "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    ),
    "an affinity that the node has": (
        {"affinity": _labels([{"matchExpressions": [{"key": "kubernetes.io/os", "operator": "Exists"}]}])},
        "",
        "",
    ),
    "a port that is taken": (
        {"containers": [nginx(ports=[_port(8080)])]},
        "NodePorts",
        "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    ),
    "the same number of the other protocol": (
        {"containers": [nginx(ports=[_port(8080, protocol="UDP")])]},
        "",
        "",
    ),
    "a port that is free": ({"containers": [nginx(ports=[_port(8081)])]}, "", ""),
    "one address of a port that is taken on all": (
        {"containers": [nginx(ports=[_port(8080, hostIP="127.0.0.1")])]},
        "NodePorts",
        "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    ),
    "a system that is not the node's": (
        {"os": {"name": "windows"}},
        "PodOSNotSupported",
        "Failed to admit pod as the OS field doesn't match node OS",
    ),
    "more memory than there is": (
        {"containers": [nginx(resources={"requests": {"memory": "100Gi"}})]},
        "OutOfmemory",
        "Node didn't have enough resource: memory, requested: 107374182400, used: 0, capacity: 8589934592",
    ),
    "more processors than there are": (
        {"containers": [nginx(resources={"requests": {"cpu": "5", "memory": "100Gi"}})]},
        "OutOfcpu",
        "Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000",
    ),
    "more storage than there is": (
        {"containers": [nginx(resources={"requests": {"ephemeral-storage": "1Ti"}})]},
        "OutOfephemeral-storage",
        "Node didn't have enough resource: ephemeral-storage, requested: 1099511627776, used: 0, "
        "capacity: 105494650880",
    ),
    "a resource that is somebody's own": (
        {
            "containers": [
                nginx(resources={"requests": {"lab.example/gpu": "1"}, "limits": {"lab.example/gpu": "1"}})
            ]
        },
        "",
        "",
    ),
}


@pytest.mark.parametrize(("spec", "reason", "message"), PREDICATES.values(), ids=PREDICATES)
def test_a_pod_that_came_past_the_scheduler(spec, reason, message):
    nodes = Nodes()
    nodes.pod("holder", nginx(ports=[_port(8080)]))
    nodes.run(5)
    spec = dict(spec)
    nodes.pod("late", *spec.pop("containers", ()), **spec)
    nodes.run(5)
    status = nodes.status("late")
    if not reason:
        assert status["phase"] == "Running"
        return
    assert (status["phase"], status["reason"]) == ("Failed", reason)
    assert status["message"] == f"Pod was rejected: {message}"
    assert nodes.events("late") == [("Warning", reason, message, 1)]


def test_a_taint_that_evicts_keeps_out_what_came_past_the_scheduler():
    nodes = Nodes()
    node = nodes.world.get("Node", ("", "node-1"))
    taints = [{"key": "gone", "effect": "NoExecute"}]
    api.update(nodes.world, api.ADMIN, "Node", {**node, "spec": {**node["spec"], "taints": taints}})
    nodes.pod("plain")
    nodes.pod("patient", tolerations=[{"key": "gone", "operator": "Exists"}])
    nodes.run(5)
    assert nodes.status("plain")["reason"] == "TaintToleration"
    assert nodes.status("plain")["message"] == (
        "Pod was rejected: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"
    )
    assert nodes.status("patient")["phase"] == "Running"


def test_two_pods_of_one_port_made_at_once():
    nodes = Nodes()
    nodes.pod("one", nginx(ports=[_port(8080)]))
    nodes.pod("two", nginx(ports=[_port(8080)]))
    nodes.run(5)
    assert sorted(nodes.status(name)["phase"] for name in ("one", "two")) == ["Failed", "Running"]
