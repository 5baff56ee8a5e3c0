"""Which Pods make room for a critical one: upstream's own cases (preemption_test.go, v1.36)."""

from __future__ import annotations

import pytest

from k8slab.kubelet.admission import CRITICAL, NANO
from k8slab.kubelet.preemption import pods_to_preempt
from tests.kubelet.nodes import Nodes, nginx


def pod(name, amount=0, *, limited=False, priority=None):
    resources = {}
    if amount:
        resources["requests"] = {"cpu": f"{amount}m", "memory": f"{amount}Mi"}
    if limited:
        resources["limits"] = resources["requests"]
    spec = {"containers": [{"name": "main", "resources": resources}]}
    if priority is not None:
        spec["priority"] = priority
    return {"kind": "Pod", "metadata": {"namespace": "default", "name": name}, "spec": spec}


BEST_EFFORT, BURSTABLE, GUARANTEED = (
    pod("best-effort"),
    pod("burstable", 100),
    pod("guaranteed", 100, limited=True),
)
LARGE_BURSTABLE, LARGE_GUARANTEED = pod("large-burstable", 300), pod("large-guaranteed", 300, limited=True)
CLUSTER = pod("cluster-critical", 100, priority=CRITICAL)
NODE = pod("node-critical", 100, priority=CRITICAL + 100)
EVERY = [BEST_EFFORT, BURSTABLE, LARGE_BURSTABLE, GUARANTEED, LARGE_GUARANTEED]


def lack(cpu=0, memory=0, pods=0):
    amounts = {"cpu": cpu * NANO // 1000, "memory": memory * NANO * 1024 * 1024, "pods": pods * NANO}
    return {name: amount for name, amount in amounts.items() if amount}


CASES = {
    "no requirements": (CLUSTER, [], lack(), []),
    "no pods": (CLUSTER, [], lack(pods=1), None),
    "equal pods and requirements": (CLUSTER, [BURSTABLE], lack(100, 100, 1), ["burstable"]),
    "higher requirements than requests": (CLUSTER, [BURSTABLE], lack(200, 200, 2), None),
    "best effort before burstable": (CLUSTER, [BURSTABLE, BEST_EFFORT], lack(pods=1), ["best-effort"]),
    "burstable before guaranteed": (CLUSTER, [BURSTABLE, GUARANTEED], lack(pods=1), ["burstable"]),
    "the lower request if it is enough": (
        CLUSTER,
        [BEST_EFFORT, LARGE_BURSTABLE, BURSTABLE],
        lack(100, 100),
        ["burstable"],
    ),
    "the higher request if the lower is not enough": (
        CLUSTER,
        [BEST_EFFORT, BURSTABLE, LARGE_BURSTABLE],
        lack(150, 150),
        ["large-burstable"],
    ),
    "several": (CLUSTER, EVERY, lack(350, 350), ["burstable", "large-burstable"]),
    "guaranteed where it must be, and no burstable too many": (
        CLUSTER,
        EVERY,
        lack(0, 550),
        ["large-burstable", "large-guaranteed"],
    ),
    "a cluster-critical one for a node-critical one": (NODE, [CLUSTER], lack(100), ["cluster-critical"]),
    "no node-critical one for a cluster-critical one": (CLUSTER, [NODE], lack(100), None),
    "none for a Pod that is not critical": (BURSTABLE, [GUARANTEED], lack(100), None),
}


@pytest.mark.parametrize(("preemptor", "others", "lacking", "expected"), CASES.values(), ids=CASES)
def test_who_makes_room(preemptor, others, lacking, expected):
    chosen = pods_to_preempt(preemptor, others, lacking)
    assert (chosen and sorted(one["metadata"]["name"] for one in chosen)) == expected


def cpu(amount):
    return nginx(resources={"requests": {"cpu": amount}})


def test_a_critical_pod_drives_another_one_out():
    nodes = Nodes(1)
    nodes.pod("large", cpu("3"))
    nodes.pod("small", cpu("1"))
    nodes.run(3)
    nodes.pod("vip", cpu("2"), priorityClassName="system-node-critical")
    nodes.run(30)
    assert nodes.status("vip")["phase"] == "Running"
    assert nodes.status("small")["phase"] == "Running"
    gone = nodes.status("large")
    assert (gone["phase"], gone["reason"], gone["message"]) == (
        "Failed",
        "Preempting",
        "Preempted in order to admit critical pod",
    )
    condition = nodes.condition("large", "DisruptionTarget")
    assert (condition["reason"], condition["message"]) == (
        "TerminationByKubelet",
        "Pod was preempted by Kubelet to accommodate a critical pod.",
    )
    assert "Preempting" in nodes.reasons("large")


def test_where_nobody_can_make_room_the_critical_pod_is_not_taken():
    nodes = Nodes(1)
    nodes.pod("small", cpu("1"))
    nodes.run(3)
    nodes.pod("vip", cpu("5"), priorityClassName="system-node-critical")
    nodes.run(30)
    status = nodes.status("vip")
    assert (status["phase"], status["reason"]) == ("Failed", "UnexpectedAdmissionError")
    assert status["message"].endswith(
        "no set of running pods found to reclaim resources: [(res: cpu, q: 1000), ]"
    )
    assert nodes.status("small")["phase"] == "Running"
