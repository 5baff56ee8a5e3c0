"""Webhooks in Pods of the lab: when they are asked, and what their answers do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.cluster.request import Request, Response
from k8slab.lab import Lab

ROOT = "/apis/admissionregistration.k8s.io/v1"
MAPS = "/api/v1/namespaces/default/configmaps"
NAME = "hook.lab.example"


@pytest.fixture(scope="module")
def served() -> str:
    """A lab with a webhook's Pod and Service, as text: each test plays it anew."""
    lab = Lab(1)
    container = {
        "name": "main",
        "image": "registry.k8s.io/e2e-test-images/agnhost:2.59",
        "args": ["webhook", "--port=8444"],
        "ports": [{"containerPort": 8444}],
    }
    pod = {"metadata": {"name": "hook", "labels": {"app": "hook"}}, "spec": {"containers": [container]}}
    ports = [{"port": 8443, "targetPort": 8444}]
    service = {"metadata": {"name": "hook"}, "spec": {"selector": {"app": "hook"}, "ports": ports}}
    lab.apply(
        [{"apiVersion": "v1", "kind": "Pod", **pod}, {"apiVersion": "v1", "kind": "Service", **service}]
    )
    lab.settle()
    return lab.save()


@pytest.fixture
def lab(served: str) -> Lab:
    return Lab.load(served)


def send(lab: Lab, method: str, path: str, body: Any = None, **query: str) -> Response:
    return lab.request(Request(method, path, query, {"Content-Type": "application/json"}, body))


def hook(path: str, **more: Any) -> Obj:
    service = {"namespace": "default", "name": "hook", "port": 8443, "path": path}
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE", "DELETE"],
        "resources": ["configmaps"],
    }
    return {
        "name": NAME,
        "clientConfig": {"service": service, "caBundle": "eA=="},
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **more,
    }


def configure(lab: Lab, kind: str, *hooks: Obj) -> None:
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}WebhookConfiguration",
        "metadata": {"name": "w"},
        "webhooks": list(hooks),
    }
    response = send(lab, "POST", f"{ROOT}/{kind.lower()}webhookconfigurations", body)
    assert response.code == 201, response.body


def config_map(name: str = "c", **data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_a_denial_is_told_in_the_webhooks_name(lab: Lab) -> None:
    configure(lab, "Validating", hook("/always-deny"))
    response = send(lab, "POST", MAPS, config_map())
    assert (response.code, response.body["message"]) == (
        400,
        f'admission webhook "{NAME}" denied the request: this webhook denies all requests',
    )


def test_creation_and_deletion_are_judged_by_what_they_hold(lab: Lab) -> None:
    configure(lab, "Validating", hook("/configmaps"))
    refused = send(lab, "POST", MAPS, config_map(**{"webhook-e2e-test": "webhook-disallow"}))
    assert "the configmap contains unwanted key and value" in refused.body["message"]
    assert send(lab, "POST", MAPS, config_map(**{"webhook-e2e-test": "webhook-nondeletable"})).code == 201
    assert "cannot be deleted" in send(lab, "DELETE", f"{MAPS}/c").body["message"]


def test_one_change_sees_another(lab: Lab) -> None:
    first, second = (hook("/mutating-configmaps", name=f"{name}.lab.example") for name in ("a", "b"))
    configure(lab, "Mutating", first, second)
    data = send(lab, "POST", MAPS, config_map(**{"mutation-start": "yes"})).body["data"]
    assert data == {"mutation-start": "yes", "mutation-stage-1": "yes", "mutation-stage-2": "yes"}


def to_nobody(**place: Any) -> Obj:
    service = {"namespace": "default", "name": "hook", "port": 8443, "path": "/always-deny", **place}
    return {"service": service, "caBundle": "eA=="}


FAILURES = [
    pytest.param({"clientConfig": to_nobody(name="none")}, 'service "none" not found', id="no Service"),
    pytest.param(
        {"clientConfig": to_nobody(port=1)}, 'no endpoints available for service "hook"', id="no such port"
    ),
    pytest.param(
        {"clientConfig": to_nobody(path="/nothing")},
        "the server rejected our request for an unknown reason (404)",
        id="no such path",
    ),
    pytest.param(
        {"clientConfig": {"url": "https://lab.example/x"}},
        'Post "https://lab.example/x": not in the lab: it has no way out',
        id="outside of the lab",
    ),
    pytest.param(
        {"clientConfig": to_nobody(path="/always-allow-delay-5s"), "timeoutSeconds": 1},
        'Post "https://hook.default.svc:8443/always-allow-delay-5s?timeout=1s": context deadline exceeded',
        id="too slow",
    ),
    pytest.param(
        {"clientConfig": {"service": to_nobody()["service"]}},
        'Post "https://hook.default.svc:8443/always-deny?timeout=10s": tls: failed to verify certificate: '
        "x509: certificate signed by unknown authority",
        id="nobody vouches for it",
    ),
]


@pytest.mark.parametrize("fault, text", FAILURES)
def test_a_failure_refuses_unless_it_is_to_be_ignored(lab: Lab, fault: Obj, text: str) -> None:
    configure(lab, "Validating", hook("/always-deny", **fault))
    response = send(lab, "POST", MAPS, config_map())
    assert response.code == 500
    assert response.body["message"] == (
        f'Internal error occurred: failed calling webhook "{NAME}": failed to call webhook: {text}'
    )
    path = f"{ROOT}/validatingwebhookconfigurations/w"
    patch = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]
    headers = {"Content-Type": "application/json-patch+json"}
    assert lab.request(Request("PATCH", path, {}, headers, json.dumps(patch))).code == 200
    assert send(lab, "POST", MAPS, config_map()).code == 201


UNASKED = [
    pytest.param({"objectSelector": {"matchLabels": {"a": "b"}}}, id="other labels"),
    pytest.param({"namespaceSelector": {"matchLabels": {"a": "b"}}}, id="another namespace"),
    pytest.param(
        {"matchConditions": [{"name": "c", "expression": "object.metadata.name != 'c'"}]}, id="a condition"
    ),
    pytest.param({"rules": []}, id="no rule"),
]


@pytest.mark.parametrize("limit", UNASKED)
def test_who_is_not_asked(lab: Lab, limit: Obj) -> None:
    configure(lab, "Validating", hook("/always-deny", **limit))
    assert send(lab, "POST", MAPS, config_map()).code == 201


def test_configurations_can_always_be_deleted(lab: Lab) -> None:
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
    configure(lab, "Validating", hook("/always-deny", rules=[rule]))
    assert send(lab, "DELETE", f"{ROOT}/validatingwebhookconfigurations/w").code == 200


def test_a_dry_run_asks_nobody_with_side_effects(lab: Lab) -> None:
    configure(lab, "Validating", hook("/configmaps", sideEffects="NoneOnDryRun"))
    assert send(lab, "POST", MAPS, config_map(), dryRun="All").code == 201


def test_an_attachment_is_judged(lab: Lab) -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CONNECT"], "resources": ["pods/attach"]}
    configure(lab, "Validating", {**hook("/pods/attach"), "rules": [rule]})
    spec = {"containers": [{"name": "container1", "image": "nginx:1.29"}]}
    names = ("to-be-attached-pod", "another")
    lab.apply([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": one}, "spec": spec} for one in names])
    lab.settle()
    query = {"container": "container1", "stdin": "true"}
    said = [send(lab, "GET", f"/api/v1/namespaces/default/pods/{one}/attach", **query) for one in names]
    why = "attaching to pod 'to-be-attached-pod' is not allowed"
    assert [one.body["message"] for one in said] == [
        f'admission webhook "{NAME}" denied the request: {why}',
        "Upgrade request required",
    ]
