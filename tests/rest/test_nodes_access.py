"""What a node may do in its own name, and what it is told where it may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.cluster.request import Request, Response
from k8slab.lab import Lab

OBJECTS = """
apiVersion: v1
kind: Secret
metadata: {name: used}
---
apiVersion: v1
kind: Secret
metadata: {name: spare}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  nodeName: node-1
  containers:
    - name: main
      image: nginx
      envFrom: [{configMapRef: {name: settings}}]
  volumes:
    - {name: secret, secret: {secretName: used}}
    - {name: data, persistentVolumeClaim: {claimName: data}}
"""
CORE, PODS = "/api/v1/namespaces/default", "/api/v1/namespaces/default/pods"
LEASES = "/apis/coordination.k8s.io/v1/namespaces"


@pytest.fixture(scope="module")
def lab() -> Lab:
    made = Lab(2)
    made.apply(OBJECTS)
    made.settle()
    return made


def send(lab: Lab, method: str, path: str, body: Any = None, node: str = "node-1", **query: str) -> Response:
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    headers = {"Content-Type": kind} if body is not None else {}
    user, groups = f"system:node:{node}", ("system:nodes",)
    return lab.request(Request(method, path, query, headers, body, user=user, groups=groups))


def no_way(why: str) -> str:
    return f"no relationship found between node '{why}' and this object"


READS = [
    pytest.param(f"{CORE}/secrets/used", {}, "", id="a-secret-of-its-pod"),
    pytest.param(f"{CORE}/secrets/spare", {}, no_way("node-1"), id="a-secret-of-nobody"),
    pytest.param(f"{CORE}/secrets/missing", {}, no_way("node-1"), id="a-secret-that-is-not-there"),
    pytest.param(f"{CORE}/secrets", {}, "No Object name found", id="all-secrets"),
    pytest.param(f"{CORE}/secrets", {"fieldSelector": "metadata.name=used"}, "", id="a-list-of-one-secret"),
    pytest.param(
        "/api/v1/secrets", {}, "can only read namespaced object of this type", id="secrets-of-everywhere"
    ),
    pytest.param(f"{CORE}/configmaps/settings", {}, "", id="a-config-map-of-its-pods-variables"),
    pytest.param(f"{CORE}/configmaps/kube-root-ca.crt", {}, "", id="a-config-map-of-its-pods-token"),
    pytest.param(f"{CORE}/persistentvolumeclaims/data", {}, "", id="a-claim"),
    pytest.param(
        f"{CORE}/persistentvolumeclaims",
        {},
        "can only get individual resources of this type",
        id="all-claims",
    ),
    pytest.param(f"{CORE}/serviceaccounts/default", {}, "", id="an-account"),
    pytest.param("/api/v1/nodes/node-1", {}, "", id="itself"),
    pytest.param(
        "/api/v1/nodes/node-2",
        {},
        "node 'node-1' cannot read 'node-2', only its own Node object",
        id="another-node",
    ),
    pytest.param(
        "/api/v1/nodes", {}, "node 'node-1' cannot read all nodes, only its own Node object", id="all-nodes"
    ),
    pytest.param("/api/v1/pods", {"fieldSelector": "spec.nodeName=node-1"}, "", id="its-pods"),
    pytest.param(
        "/api/v1/pods",
        {"fieldSelector": "spec.nodeName=node-2"},
        "can only list/watch pods with spec.nodeName field selector",
        id="pods-of-another-node",
    ),
    pytest.param(f"{PODS}/web", {}, "", id="its-pod"),
    pytest.param("/api/v1/services", {}, "", id="what-all-nodes-read"),
    pytest.param(f"{LEASES}/kube-node-lease/leases/node-1", {}, "", id="its-lease"),
    pytest.param(
        f"{LEASES}/kube-node-lease/leases/node-2",
        {},
        "can only access node lease with the same name as the requesting node",
        id="the-lease-of-another-node",
    ),
    pytest.param(
        f"{LEASES}/default/leases/node-1",
        {},
        'can only access leases in the "kube-node-lease" system namespace',
        id="a-lease-elsewhere",
    ),
]


@pytest.mark.parametrize(("path", "query", "why"), READS)
def test_what_a_node_reads(lab: Lab, path: str, query: dict[str, str], why: str) -> None:
    response = send(lab, "GET", path, **query)
    if not why:
        assert response.code == 200, response.body
        return
    assert response.code == 403
    assert response.body["message"].endswith(f": {why}")


def test_a_volume_is_read_by_the_node_whose_pod_has_its_claim(lab: Lab) -> None:
    volume = lab.get("pvc/data")["spec"]["volumeName"]
    path = f"/api/v1/persistentvolumes/{volume}"
    assert send(lab, "GET", path).code == 200
    refused = send(lab, "GET", path, node="node-2")
    assert refused.body["message"].endswith(no_way("node-2"))


def test_a_node_without_a_name_is_told_so(lab: Lab) -> None:
    message = send(lab, "GET", f"{CORE}/secrets/used", node="").body["message"]
    assert message.endswith(': unknown node for user "system:node:"')


def test_without_the_group_a_node_is_a_user_like_any_other(lab: Lab) -> None:
    asked = Request("GET", f"{CORE}/secrets/used", user="system:node:node-1", groups=())
    assert lab.request(asked).body["message"].endswith('in the namespace "default"')


def test_what_a_review_says_of_a_node(lab: Lab) -> None:
    attributes: Obj = {"namespace": "default", "verb": "list", "resource": "pods"}
    selector = {"requirements": [{"key": "spec.nodeName", "operator": "In", "values": ["node-1"]}]}

    def allowed(attributes: Obj) -> bool:
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        user, groups = "system:node:node-1", ("system:nodes", "system:authenticated")
        kind = {"Content-Type": "application/json"}
        request = Request("POST", path, headers=kind, body=body, user=user, groups=groups)
        return bool(lab.request(request).body["status"]["allowed"])

    assert not allowed(attributes)
    assert allowed({**attributes, "fieldSelector": selector})
    assert allowed({**attributes, "fieldSelector": {"rawSelector": "spec.nodeName=node-1"}})


def mirror(node: str = "node-1", owner: Obj | None = None, **spec: Any) -> Obj:
    metadata: Obj = {"name": "static", "annotations": {"kubernetes.io/config.mirror": "x"}}
    if owner is not None:
        metadata["ownerReferences"] = [{"apiVersion": "v1", "kind": "Node", "controller": True, **owner}]
    container = {"name": "main", "image": "nginx"}
    body = {"nodeName": node, "containers": [container], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": body}


NODES_PATH, CLAIM = "/api/v1/nodes", f"{CORE}/persistentvolumeclaims/data"
ELSEWHERE: Obj = {"metadata": {"labels": {"example.com/a": "b"}}}
WRITES = [
    pytest.param(
        ("POST", NODES_PATH, {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "foo"}}),
        'node "node-1" is not allowed to modify node "foo"',
        id="another-node-is-made",
    ),
    pytest.param(
        ("PATCH", f"{NODES_PATH}/node-2", ELSEWHERE),
        'node "node-1" is not allowed to modify node "node-2"',
        id="another-node",
    ),
    pytest.param(("PATCH", f"{NODES_PATH}/node-1", ELSEWHERE), "", id="a-label-of-its-own"),
    pytest.param(
        ("PATCH", f"{NODES_PATH}/node-1", {"metadata": {"labels": {"kubernetes.io/role": "x"}}}),
        "is not allowed to modify labels: kubernetes.io/role",
        id="a-label-that-others-give",
    ),
    pytest.param(
        ("PATCH", f"{NODES_PATH}/node-1", {"metadata": {"labels": {"node.kubernetes.io/role": "x"}}}),
        "",
        id="a-label-that-kubelets-give",
    ),
    pytest.param(
        ("PATCH", f"{NODES_PATH}/node-1", {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}),
        'node "node-1" is not allowed to modify taints',
        id="a-taint",
    ),
    pytest.param(
        ("PATCH", f"{NODES_PATH}/node-2/status", {"status": {"phase": "x"}}),
        'node "node-1" is not allowed to modify node "node-2"',
        id="the-status-of-another-node",
    ),
    pytest.param(
        ("PATCH", f"{PODS}/other/status", {"status": {"message": "x"}}),
        'node "node-1" can only update pod status for pods with spec.nodeName set to itself',
        id="the-status-of-a-pod-elsewhere",
    ),
    pytest.param(
        ("PATCH", f"{PODS}/web/status", {"status": {"message": "x"}}), "", id="the-status-of-its-pod"
    ),
    pytest.param(
        ("DELETE", f"{PODS}/other", None),
        'node "node-1" can only delete pods with spec.nodeName set to itself',
        id="a-pod-elsewhere",
    ),
    pytest.param(
        ("POST", PODS, {**mirror(), "metadata": {"name": "plain"}}),
        'pod does not have "kubernetes.io/config.mirror" annotation, node "node-1" can only create mirror '
        "pods",
        id="a-pod-that-stands-for-nothing",
    ),
    pytest.param(
        ("POST", PODS, mirror()),
        'node "node-1" can only create pods with an owner reference set to itself',
        id="a-mirror-without-an-owner",
    ),
    pytest.param(
        ("POST", PODS, mirror(owner={"name": "node-1", "uid": "x"})),
        "node node-1 UID mismatch: expected x got <uid>",
        id="a-mirror-of-a-node-that-was",
    ),
    pytest.param(
        ("POST", PODS, mirror(owner={"name": "node-1", "uid": "<uid>"}, hostNetwork=True)),
        "",
        id="a-mirror",
    ),
    pytest.param(
        ("PATCH", f"{CLAIM}/status", {"metadata": {"labels": {"a": "b"}}, "status": {"phase": "Lost"}}),
        'node "node-1" is not allowed to update fields other than status.quantity and status.conditions',
        id="a-claims-phase",
    ),
    pytest.param(
        ("POST", f"{PODS}/other/eviction", {"kind": "Eviction", "apiVersion": "policy/v1"}),
        "node node-1 can only evict pods with spec.nodeName set to itself",
        id="an-eviction-elsewhere",
    ),
]


@pytest.mark.parametrize(("request_", "why"), WRITES)
def test_what_a_node_writes(lab: Lab, request_: tuple[str, str, Any], why: str) -> None:
    other = lab.fork()
    other.apply(OBJECTS.split("---")[-1].replace("name: web", "name: other").replace("node-1", "node-2"))
    other.settle()
    uid = other.get("node/node-1")["metadata"]["uid"]
    method, path, body = request_
    if path.endswith("eviction"):
        body = {**body, "metadata": {"name": "other", "namespace": "default"}}
    if body is not None:
        body = json.loads(json.dumps(body).replace("<uid>", uid))
    response = send(other, method, path, body)
    if not why:
        assert response.code in (200, 201), response.body
        return
    assert response.code == 403, response.body
    assert response.body["message"].endswith(f": {why.replace('<uid>', uid)}")


TOKENS = [
    pytest.param({}, "node requested token not bound to a pod", id="of-nobody"),
    pytest.param(
        {"pod": "other"}, "node requested token bound to a pod scheduled on a different node", id="x"
    ),
    pytest.param({"pod": "web"}, "", id="of-its-pod"),
    pytest.param(
        {"pod": "web", "audiences": ["vault"]},
        'audience "vault" not found in pod spec volume, system:node:node-1 is not authorized to request '
        "tokens for this audience",
        id="for-whom-the-pod-does-not-ask",
    ),
]


@pytest.mark.parametrize(("asked", "why"), TOKENS)
def test_a_nodes_tokens_are_for_its_pods(lab: Lab, asked: Obj, why: str) -> None:
    other = lab.fork()
    other.apply(OBJECTS.split("---")[-1].replace("name: web", "name: other").replace("node-1", "node-2"))
    spec: Obj = {"audiences": asked.get("audiences", [])}
    if "pod" in asked:
        uid = other.get(f"pod/{asked['pod']}")["metadata"]["uid"]
        spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", "name": asked["pod"], "uid": uid}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    response = send(other, "POST", f"{CORE}/serviceaccounts/default/token", body)
    assert response.body.get("message", "").endswith(why)
    assert response.code == (403 if why else 201)
