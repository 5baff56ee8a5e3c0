"""NetworkPolicies: who still reaches whom, by the rules that the API's documentation states."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.lab import Lab

PODS = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - {name: web, image: "nginx:1.27", ports: [{name: http, containerPort: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: near, labels: {role: client}}
spec:
  containers: [{name: shell, image: "busybox:1.37", command: [sleep, "100000"]}]
"""
NEAR, FAR = ("default", "near"), ("other", "far")
BY_LABEL = {"podSelector": {"matchLabels": {"role": "client"}}}
OTHER = {"namespaceSelector": {"matchLabels": {"team": "other"}}}
NOBODY = {"podSelector": {"matchLabels": {"role": "nobody"}}}
DNS = {"ports": [{"protocol": "UDP", "port": 53}]}


@pytest.fixture(scope="module")
def lab() -> Lab:
    made = Lab(2, timing="instant")
    made.kubectl("create namespace other")
    made.kubectl("label namespace other team=other")
    made.settle()
    made.apply(PODS)
    made.kubectl("run far -n other --labels=role=client --image=busybox:1.37 -- sleep 100000")
    made.kubectl("expose pod web --port=8080 --target-port=http")
    made.settle()
    return made


def reaches(lab: Lab, client: tuple[str, str], host: str) -> bool:
    namespace, pod = client
    done = lab.kubectl(f"exec -n {namespace} {pod} -- wget -q -O- -T 1 http://{host}")
    assert ("Welcome to nginx" in done.stdout) is (done.code == 0)
    assert done.code == 0 or "timed out" in done.stderr or "bad address" in done.stderr, done.stderr
    return done.code == 0


def policy(namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "judged", "namespace": namespace},
        "spec": spec,
    }


def into_web(*rules: dict[str, Any]) -> dict[str, Any]:
    return policy("default", {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": list(rules)})


def from_near(*rules: dict[str, Any]) -> dict[str, Any]:
    selector = {"matchLabels": {"role": "client"}}
    return policy("default", {"podSelector": selector, "policyTypes": ["Egress"], "egress": [DNS, *rules]})


TO_WEB = {"podSelector": {"matchLabels": {"app": "web"}}}
CASES = {
    "nothing may come in": (into_web(), (False, False)),
    "an empty rule lets all in": (into_web({}), (True, True)),
    "a policy about other Pods": (
        policy("default", {"podSelector": {"matchLabels": {"app": "x"}}}),
        (True, True),
    ),
    "a policy of another namespace": (policy("other", {"podSelector": {}}), (True, True)),
    "Pods of the own namespace": (into_web({"from": [BY_LABEL]}), (True, False)),
    "all Pods of a namespace": (into_web({"from": [OTHER]}), (False, True)),
    "some Pods of a namespace": (into_web({"from": [{**OTHER, **BY_LABEL}]}), (False, True)),
    "no such Pods of a namespace": (into_web({"from": [{**OTHER, **NOBODY}]}), (False, False)),
    "one peer or the other": (into_web({"from": [OTHER, BY_LABEL]}), (True, True)),
    "one rule or the other": (into_web({"from": [OTHER]}, {"from": [BY_LABEL]}), (True, True)),
    "the Pod's port, not the Service's": (into_web({"ports": [{"port": 80}]}), (True, True)),
    "the Service's port": (into_web({"ports": [{"port": 8080}]}), (False, False)),
    "a port by its name": (into_web({"ports": [{"port": "http"}]}), (True, True)),
    "a name that the Pod hasn't": (into_web({"ports": [{"port": "metrics"}]}), (False, False)),
    "a range of ports": (into_web({"ports": [{"port": 70, "endPort": 90}]}), (True, True)),
    "a range beside it": (into_web({"ports": [{"port": 81, "endPort": 90}]}), (False, False)),
    "another transport": (into_web({"ports": [{"port": 80, "protocol": "UDP"}]}), (False, False)),
    "a block of addresses": (into_web({"from": [{"ipBlock": {"cidr": "10.244.0.0/16"}}]}), (True, True)),
    "a block with exceptions": (
        into_web({"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.244.0.0/16"]}}]}),
        (False, False),
    ),
    "nothing may go out but questions": (from_near(), (False, True)),
    "out to some Pods": (from_near({"to": [TO_WEB]}), (True, True)),
    "out to other Pods": (from_near({"to": [NOBODY]}), (False, True)),
    "out to a port": (from_near({"ports": [{"port": 80}]}), (True, True)),
    "out to another port": (from_near({"ports": [{"port": 81}]}), (False, True)),
    "not even questions may go out": (
        policy("default", {"podSelector": {}, "policyTypes": ["Egress"]}),
        (False, True),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_who_reaches_a_service(lab: Lab, case: str) -> None:
    manifest, (near, far) = CASES[case]
    lab.apply(manifest, namespace=manifest["metadata"]["namespace"])
    try:
        host = "web.default.svc.cluster.local:8080"
        assert (reaches(lab, NEAR, host), reaches(lab, FAR, host)) == (near, far)
    finally:
        lab.kubectl(f"delete networkpolicy judged -n {manifest['metadata']['namespace']}")


def test_an_address_needs_no_question(lab: Lab) -> None:
    address = lab.get("pod/web")["status"]["podIP"]
    lab.apply(
        policy(
            "default",
            {"podSelector": BY_LABEL["podSelector"], "policyTypes": ["Egress"], "egress": [{"to": [TO_WEB]}]},
        )
    )
    try:
        assert reaches(lab, NEAR, address)
        assert not reaches(lab, NEAR, "web:8080")
    finally:
        lab.kubectl("delete networkpolicy judged")


def test_a_pod_reaches_itself_and_its_kubelet_reaches_it(lab: Lab) -> None:
    lab.apply(policy("default", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}))
    try:
        address = lab.get("pod/web")["status"]["podIP"]
        assert "Welcome to nginx" in lab.kubectl(f"exec web -- curl -s http://{address}").stdout
        probe = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1, "failureThreshold": 1}
        container = {"name": "web", "image": "nginx:1.27", "readinessProbe": probe}
        lab.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "probed"},
                "spec": {"containers": [container]},
            }
        )
        assert lab.kubectl("wait --for=condition=Ready pod/probed --timeout=60s").code == 0
    finally:
        lab.kubectl("delete networkpolicy judged")
