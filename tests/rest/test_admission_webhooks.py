"""Webhooks in Pods of the lab: when they are asked, and what their answers do."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

import pytest

from k8slab.api.meta import Obj
from k8slab.cluster.admission import _webhooks
from k8slab.cluster.admission._webhooks import response_fault
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


# What an answer must hold: pkg/admission/plugin/webhook/request/admissionreview_test.go.

REVIEW = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
WANTED = "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got "
PATCH = base64.b64encode(b'[{"op":"add","path":"/foo","value":"bar"}]').decode()


def answer_of(kind: Obj | None = None, **response: Any) -> Obj:
    return {**(REVIEW if kind is None else kind), "response": {"uid": "123", "allowed": True, **response}}


ANSWERS: dict[str, tuple[str, bool, Obj, str]] = {
    "v1beta1 allowed validating": ("v1beta1", False, {"response": {"allowed": True}}, ""),
    "v1 allowed validating": ("v1", False, answer_of(), ""),
    "v1 allowed mutating": ("v1", True, answer_of(), ""),
    "v1 patch": ("v1", True, answer_of(patch=PATCH, patchType="JSONPatch"), ""),
    "v1beta1 no response": ("v1beta1", False, {}, "webhook response was absent"),
    "v1 no response": ("v1", False, REVIEW, "webhook response was absent"),
    "v1 wrong group": (
        "v1",
        False,
        answer_of({**REVIEW, "apiVersion": "admission.k8s.io2/v1"}),
        f"{WANTED}admission.k8s.io2/v1, Kind=AdmissionReview",
    ),
    "v1 wrong kind": (
        "v1",
        False,
        answer_of({**REVIEW, "kind": "AdmissionReview2"}),
        f"{WANTED}admission.k8s.io/v1, Kind=AdmissionReview2",
    ),
    "v1 no kind": ("v1", False, answer_of({}), f"{WANTED}/, Kind="),
    "v1 wrong uid": ("v1", False, answer_of(uid="1234"), 'expected response.uid="123", got "1234"'),
    "v1 patch without patch type": (
        "v1",
        True,
        answer_of(patch=PATCH),
        "webhook returned response.patch but not response.patchType",
    ),
    "v1 patch type without patch": (
        "v1",
        True,
        answer_of(patchType="JSONPatch"),
        "webhook returned response.patchType but not response.patch",
    ),
    "v1 empty patch type": (
        "v1",
        True,
        answer_of(patch=PATCH, patchType=""),
        'webhook returned invalid response.patchType of ""',
    ),
    "v1 invalid patch type": ("v1", True, answer_of(patch=PATCH, patchType="Foo"), ""),
    "v1 patch for validating webhook": (
        "v1",
        False,
        answer_of(patch=PATCH),
        "validating webhook may not return response.patch",
    ),
    "v1 patch type for validating webhook": (
        "v1",
        False,
        answer_of(patchType="Foo"),
        "validating webhook may not return response.patchType",
    ),
    "v1beta1 wrong group/version/kind": ("v1beta1", False, answer_of({"kind": "AdmissionReview2"}), ""),
    "v1beta1 wrong uid": ("v1beta1", False, answer_of(uid="1234"), ""),
    "v1beta1 validating returns patch/patchType": ("v1beta1", False, answer_of(patch=PATCH), ""),
    "v1beta1 empty patch type": ("v1beta1", True, answer_of(patch=PATCH, patchType=""), ""),
}


@pytest.mark.parametrize("version, changes, answer, fault", ANSWERS.values(), ids=ANSWERS)
def test_what_is_wrong_with_an_answer(version: str, changes: bool, answer: Obj, fault: str) -> None:
    assert response_fault(answer, version, "123", changes=changes) == fault


class Told(NamedTuple):
    """Webhooks that answer what a test says, in the place of programs; and who was asked."""

    answers: dict[str, Any]
    asked: list[tuple[str, Obj]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    found = Told({}, [])

    def post(view: Any, config: Obj, review: Obj, **more: Any) -> Any:
        path = config["service"]["path"]
        found.asked.append((path, review["request"]))
        answer = found.answers[path]
        answer = answer(review["request"]) if callable(answer) else answer
        return {**REVIEW, "response": {"uid": review["request"]["uid"], "allowed": True, **answer}}

    monkeypatch.setattr(_webhooks, "post", post)
    return found


def patch_of(*operations: Obj) -> Obj:
    return {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(operations).encode()).decode()}


def set_data(name: str, value: str) -> Obj:
    return patch_of({"op": "add", "path": f"/data/{name}", "value": value})


@pytest.fixture
def plain_lab() -> Lab:
    return Lab(1)


REINVOCATIONS: dict[str, tuple[str, str, list[str]]] = {
    "asked again after another's change": ("IfNeeded", "changes", ["/first", "/second", "/first"]),
    "never": ("Never", "changes", ["/first", "/second"]),
    "nothing changed behind it": ("IfNeeded", "nothing", ["/first", "/second"]),
}


@pytest.mark.parametrize("policy, second, asked", REINVOCATIONS.values(), ids=REINVOCATIONS)
def test_who_is_asked_again(plain_lab: Lab, told: Told, policy: str, second: str, asked: list[str]) -> None:
    told.answers.update(
        {"/first": set_data("a", "1"), "/second": set_data("b", "2") if second == "changes" else {}}
    )
    hooks = (
        hook("/first", name="first.lab.example", reinvocationPolicy=policy),
        hook("/second", name="second.lab.example", reinvocationPolicy="IfNeeded"),
    )
    configure(plain_lab, "Mutating", *hooks)
    assert send(plain_lab, "POST", MAPS, config_map(c="3")).code == 201
    assert [path for path, _ in told.asked] == asked


def test_a_change_is_seen_by_the_conditions_of_the_next(plain_lab: Lab, told: Told) -> None:
    told.answers.update({"/first": patch_of({"op": "add", "path": "/metadata/labels", "value": {"a": "b"}})})
    told.answers["/second"] = set_data("b", "2")
    hooks = (
        hook("/first", name="first.lab.example"),
        hook("/second", name="second.lab.example", objectSelector={"matchLabels": {"a": "b"}}),
    )
    configure(plain_lab, "Mutating", *hooks)
    stored = send(plain_lab, "POST", MAPS, config_map(c="3")).body
    assert (stored["metadata"]["labels"], stored["data"]) == ({"a": "b"}, {"b": "2", "c": "3"})


PODS_RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}


def test_what_a_webhook_adds_has_the_defaults_of_the_rest(plain_lab: Lab, told: Told) -> None:
    limits = {"limits": [{"type": "Container", "defaultRequest": {"cpu": "100m"}}]}
    plain_lab.apply({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"}, "spec": limits})

    def add_sidecar(request: Obj) -> Obj:
        if len(request["object"]["spec"]["containers"]) > 1:
            return {}
        sidecar = {"name": "sidecar", "image": "redis:7", "resources": {}}
        return patch_of({"op": "add", "path": "/spec/containers/-", "value": sidecar})

    told.answers["/sidecar"] = add_sidecar
    configure(plain_lab, "Mutating", hook("/sidecar", rules=[PODS_RULE]))
    spec = {"containers": [{"name": "main", "image": "nginx:1.29"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    stored = send(plain_lab, "POST", "/api/v1/namespaces/default/pods", pod).body
    main, sidecar = stored["spec"]["containers"]
    assert sidecar["volumeMounts"] == main["volumeMounts"]
    assert sidecar["resources"] == main["resources"] == {"requests": {"cpu": "100m"}}
    assert [path for path, _ in told.asked] == ["/sidecar"]


def test_everybody_warns_though_one_denies(plain_lab: Lab, told: Told) -> None:
    told.answers["/denies"] = {"allowed": False, "warnings": ["first"], "status": {"message": "no"}}
    told.answers["/warns"] = {"warnings": ["second"]}
    hooks = (hook("/denies", name="denies.lab.example"), hook("/warns", name="warns.lab.example"))
    configure(plain_lab, "Validating", *hooks)
    response = send(plain_lab, "POST", MAPS, config_map())
    assert response.body["message"] == 'admission webhook "denies.lab.example" denied the request: no'
    assert response.warnings == ("first", "second")


def test_deletions_are_told_to_who_changes_objects(plain_lab: Lab, told: Told) -> None:
    send(plain_lab, "POST", MAPS, config_map())
    told.answers["/m"] = {"warnings": ["going"]}
    configure(plain_lab, "Mutating", hook("/m"))
    assert send(plain_lab, "DELETE", f"{MAPS}/c").warnings == ("going",)
    assert [request["operation"] for _, request in told.asked] == ["DELETE"]


SUBRESOURCES: dict[str, tuple[str, str, str, Any]] = {
    "a status": ("pods/status", "PATCH", "status", {"status": {"message": "m"}}),
    "an eviction": (
        "pods/eviction",
        "POST",
        "eviction",
        {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}},
    ),
    "a binding": (
        "pods/binding",
        "POST",
        "binding",
        {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"}, "target": {"name": "node-1"}},
    ),
}


@pytest.mark.parametrize("resource, method, subresource, body", SUBRESOURCES.values(), ids=SUBRESOURCES)
def test_subresources_are_judged(
    plain_lab: Lab, told: Told, resource: str, method: str, subresource: str, body: Obj
) -> None:
    spec = {"containers": [{"name": "main", "image": "nginx:1.29"}], "schedulerName": "nobody"}
    plain_lab.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    told.answers["/no"] = {"allowed": False, "status": {"message": "no"}}
    rule = {**PODS_RULE, "operations": ["*"], "resources": [resource]}
    configure(plain_lab, "Validating", hook("/no", rules=[rule]))
    headers = {"Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
    path = f"/api/v1/namespaces/default/pods/p/{subresource}"
    response = plain_lab.request(Request(method, path, {}, headers, body))
    assert response.body["message"] == f'admission webhook "{NAME}" denied the request: no'
    (_, request) = told.asked[0]
    assert (request["resource"]["resource"], request["subResource"]) == ("pods", subresource)
    assert request["kind"]["kind"] == ("Pod" if method == "PATCH" else subresource.capitalize())


def test_nothing_is_created_under_what_is_in_a_namespace_that_ends(plain_lab: Lab) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "namespace": "n"}}
    account["metadata"]["finalizers"] = ["lab.example/held"]
    plain_lab.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    plain_lab.apply(account, namespace="n")
    send(plain_lab, "DELETE", "/api/v1/namespaces/n")
    path = "/api/v1/namespaces/n/serviceaccounts/a/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    response = send(plain_lab, "POST", path, body)
    why = "unable to create new content in namespace n because it is being terminated"
    assert (response.code, response.body["message"]) == (403, f'serviceaccounts "a" is forbidden: {why}')
