"""Policies that clients store: what they refuse, warn of, change, and how that is said."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.cluster import assembly
from k8slab.cluster.request import Request, Response
from k8slab.cluster.rest import handle
from k8slab.cluster.world import World
from k8slab.lab import Lab
from k8slab.timing import INSTANT

ROOT = "/apis/admissionregistration.k8s.io/v1"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MAPS = "/api/v1/namespaces/default/configmaps"
RULE: Obj = {
    "apiGroups": ["apps"],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["deployments"],
}


def send(world: World, method: str, path: str, body: Any = None, **query: str) -> Response:
    return handle(world, Request(method, path, query, {"Content-Type": "application/json"}, body))


@pytest.fixture
def world() -> World:
    made = World((), timing=INSTANT)
    assembly.bootstrap(made)
    return made


def store(world: World, kind: str, name: str, spec: Obj) -> Response:
    plural = {"y": f"{kind[:-1].lower()}ies"}.get(kind[-1], f"{kind.lower()}s")
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }
    return send(world, "POST", f"{ROOT}/{plural}", body)


def policy(
    world: World, kind: str = "Validating", *, rule: Obj = RULE, binding: Obj | None = None, **spec: Any
) -> None:
    """Store a policy with a binding."""
    constraints = {"resourceRules": [rule], **spec.pop("match", {})}
    response = store(world, f"{kind}AdmissionPolicy", "p", {"matchConstraints": constraints, **spec})
    assert response.code == 201, response.body
    actions = {"validationActions": ["Deny"]} if kind == "Validating" else {}
    response = store(
        world, f"{kind}AdmissionPolicyBinding", "b", {"policyName": "p", **actions, **(binding or {})}
    )
    assert response.code == 201, response.body


def deployment(replicas: int = 1, **metadata: Any) -> Obj:
    container = {"name": "main", "image": "nginx:1.27"}
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": labels, **metadata},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


SAID = [
    pytest.param(
        {"expression": "object.spec.replicas > 1"}, "failed expression: object.spec.replicas > 1", id="itself"
    ),
    pytest.param(
        {"expression": "object.spec.replicas > 1", "message": " wants more "}, "wants more", id="its text"
    ),
    pytest.param(
        {
            "expression": "object.spec.replicas > 1",
            "message": "wants more",
            "messageExpression": "'got ' + string(object.spec.replicas)",
        },
        "got 1",
        id="its own expression",
    ),
    pytest.param(
        {
            "expression": "object.spec.replicas > 1",
            "messageExpression": "'got ' + object.spec.replicas",
        },
        "failed expression: object.spec.replicas > 1",
        id="an expression for the text that fails",
    ),
    pytest.param(
        {"expression": "object.spec.other > 1"},
        "expression 'object.spec.other > 1' resulted in error: no such key: other",
        id="an expression that fails",
    ),
]


@pytest.mark.parametrize("validation, message", SAID)
def test_what_a_denial_says(world: World, validation: Obj, message: str) -> None:
    policy(world, validations=[validation])
    response = send(world, "POST", DEPLOYMENTS, deployment())
    text = f"ValidatingAdmissionPolicy 'p' with binding 'b' denied request: {message}"
    assert (response.code, response.body["reason"]) == (422, "Invalid")
    assert response.body["message"] == f'deployments.apps "web" is forbidden: {text}'
    assert response.body["details"]["causes"] == [{"message": text}]


REASONS = [("Forbidden", 403), ("Invalid", 422), ("RequestEntityTooLarge", 413)]


@pytest.mark.parametrize("reason, code", REASONS, ids=[reason for reason, _ in REASONS])
def test_a_validation_chooses_its_reason(world: World, reason: str, code: int) -> None:
    policy(world, validations=[{"expression": "false", "reason": reason}])
    response = send(world, "POST", DEPLOYMENTS, deployment())
    assert (response.code, response.body["reason"]) == (code, reason)


FALSE = [{"expression": "false"}]
HOLDING_BACK = [
    pytest.param({}, {}, False, id="nothing holds it back"),
    pytest.param(
        {"failurePolicy": "Ignore", "validations": [{"expression": "object.x > 1"}]},
        {},
        True,
        id="a failure that is ignored",
    ),
    pytest.param(
        {"matchConditions": [{"name": "c", "expression": "request.operation == 'DELETE'"}]},
        {},
        True,
        id="a match condition",
    ),
    pytest.param(
        {"match": {"namespaceSelector": {"matchLabels": {"env": "prod"}}}}, {}, True, id="another namespace"
    ),
    pytest.param({"match": {"objectSelector": {"matchLabels": {"app": "db"}}}}, {}, True, id="other labels"),
    pytest.param(
        {"match": {"objectSelector": {"matchLabels": {"app": "web"}}}}, {}, False, id="the same labels"
    ),
    pytest.param(
        {"match": {"excludeResourceRules": [{**RULE, "resourceNames": ["web"]}]}},
        {},
        True,
        id="an excluded name",
    ),
    pytest.param({"rule": {**RULE, "apiGroups": ["*"], "resources": ["*"]}}, {}, False, id="everything"),
    pytest.param({"rule": {**RULE, "resources": ["deployments/*"]}}, {}, False, id="with all subresources"),
    pytest.param({"rule": {**RULE, "resources": ["deployments/scale"]}}, {}, True, id="a subresource only"),
    pytest.param({"rule": {**RULE, "operations": ["DELETE"]}}, {}, True, id="another operation"),
    pytest.param({"rule": {**RULE, "scope": "Cluster"}}, {}, True, id="another scope"),
    pytest.param(
        {},
        {"matchResources": {"resourceRules": [{**RULE, "resourceNames": ["other"]}]}},
        True,
        id="a narrower binding",
    ),
    pytest.param({}, {"validationActions": ["Audit"]}, True, id="no denial bound"),
    pytest.param({}, {"policyName": "other"}, True, id="a binding of another policy"),
]


@pytest.mark.parametrize("spec, binding, passes", HOLDING_BACK)
def test_which_requests_a_policy_concerns(world: World, spec: Obj, binding: Obj, passes: bool) -> None:
    policy(world, binding=binding, **{"validations": FALSE, **spec})
    assert (send(world, "POST", DEPLOYMENTS, deployment()).code == 201) is passes


def test_a_bound_warning_lets_the_request_pass(world: World) -> None:
    policy(
        world,
        validations=[{"expression": "object.spec.replicas > 1"}],
        binding={"validationActions": ["Warn"]},
    )
    response = send(world, "POST", DEPLOYMENTS, deployment())
    assert response.code == 201
    assert response.warnings == (
        "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: "
        "object.spec.replicas > 1",
    )


def test_variables_are_worked_out_once_they_are_needed(world: World) -> None:
    variables = [
        {"name": "replicas", "expression": "object.spec.replicas"},
        {"name": "odd", "expression": "variables.replicas % 2 == 1"},
        {"name": "broken", "expression": "object.nothing"},
    ]
    policy(world, variables=variables, validations=[{"expression": "variables.odd"}])
    assert send(world, "POST", DEPLOYMENTS, deployment(3)).code == 201
    assert send(world, "PUT", f"{DEPLOYMENTS}/web", deployment(2)).code == 422


def test_what_an_update_and_a_deletion_see(world: World) -> None:
    rule = {**RULE, "operations": ["UPDATE", "DELETE"]}
    shrinks = (
        "request.operation == 'DELETE' ? oldObject.metadata.name != 'web' : "
        "object.spec.replicas >= oldObject.spec.replicas"
    )
    policy(world, rule=rule, validations=[{"expression": shrinks}])
    assert send(world, "POST", DEPLOYMENTS, deployment(2)).code == 201
    assert send(world, "PUT", f"{DEPLOYMENTS}/web", deployment(1)).code == 422
    assert send(world, "PUT", f"{DEPLOYMENTS}/web", deployment(3)).code == 200
    assert send(world, "DELETE", f"{DEPLOYMENTS}/web").code == 422


PARAMETERS = [
    pytest.param({"name": "limits"}, 201, id="by name"),
    pytest.param({"selector": {"matchLabels": {"use": "limits"}}}, 201, id="by labels"),
    pytest.param({"name": "none"}, 422, id="missing"),
    pytest.param({"name": "none", "parameterNotFoundAction": "Allow"}, 201, id="missing, and allowed to be"),
]


@pytest.mark.parametrize("reference, code", PARAMETERS)
def test_parameters_are_objects(world: World, reference: Obj, code: int) -> None:
    limits = {"name": "limits", "labels": {"use": "limits"}}
    send(
        world,
        "POST",
        MAPS,
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": limits, "data": {"most": "3"}},
    )
    reference = {"parameterNotFoundAction": "Deny", "namespace": "default", **reference}
    policy(
        world,
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        validations=[{"expression": "object.spec.replicas <= int(params.data.most)"}],
        binding={"paramRef": reference},
    )
    response = send(world, "POST", DEPLOYMENTS, deployment(3))
    assert response.code == code, response.body
    if reference["name" if "name" in reference else "selector"] != "none":
        assert send(world, "PUT", f"{DEPLOYMENTS}/web", deployment(4)).code == 422
    elif code == 422:
        assert response.body["message"].endswith(
            "denied request: failed to configure binding: no params found for policy binding with `Deny` "
            "parameterNotFoundAction"
        )


UNCOMPILED = [
    pytest.param(
        {"validations": [{"expression": "object.spec ="}]},
        "spec.validations[0].expression",
        id="a validation",
    ),
    pytest.param(
        {"validations": [{"expression": "true", "messageExpression": "nobody"}]},
        "spec.validations[0].messageExpression",
        id="its message",
    ),
    pytest.param(
        {"validations": FALSE, "variables": [{"name": "v", "expression": "1 +"}]},
        "spec.variables[0].expression",
        id="a variable",
    ),
    pytest.param(
        {"validations": FALSE, "matchConditions": [{"name": "c", "expression": "variables.x"}]},
        "spec.matchConditions[0].expression",
        id="a match condition has no variables",
    ),
    pytest.param(
        {"validations": [{"expression": "authorizer.group('').resource('pods').check('get').allowed()"}]},
        "spec.validations[0].expression",
        id="the authorizer is not modelled",
    ),
]


@pytest.mark.parametrize("spec, field", UNCOMPILED)
def test_an_expression_that_does_not_compile_is_refused(world: World, spec: Obj, field: str) -> None:
    spec = {"matchConstraints": {"resourceRules": [RULE]}, **spec}
    response = store(world, "ValidatingAdmissionPolicy", "p", spec)
    (cause,) = response.body["details"]["causes"]
    assert (response.code, cause["field"]) == (422, field)
    assert "compilation failed: ERROR: <input>:1:" in cause["message"]


MUTATIONS = [
    pytest.param(
        {
            "patchType": "ApplyConfiguration",
            "applyConfiguration": {"expression": "Object{spec: Object.spec{replicas: 5}}"},
        },
        lambda body: body["spec"]["replicas"],
        5,
        id="a configuration",
    ),
    pytest.param(
        {
            "patchType": "ApplyConfiguration",
            "applyConfiguration": {
                "expression": "Object{metadata: Object.metadata{annotations: {'by': object.metadata.name}}}"
            },
        },
        lambda body: body["metadata"]["annotations"],
        {"by": "web"},
        id="a map",
    ),
    pytest.param(
        {
            "patchType": "ApplyConfiguration",
            "applyConfiguration": {
                "expression": "Object{spec: Object.spec{template: Object.spec.template{spec: "
                "Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: 'side', "
                "image: 'busybox'}]}}}}"
            },
        },
        lambda body: [one["name"] for one in body["spec"]["template"]["spec"]["containers"]],
        ["main", "side"],
        id="an item of a list with keys",
    ),
    pytest.param(
        {
            "patchType": "JSONPatch",
            "jsonPatch": {
                "expression": "[JSONPatch{op: 'add', value: 'x', "
                "path: '/metadata/labels/' + jsonpatch.escapeKey('a/b')}]"
            },
        },
        lambda body: body["metadata"]["labels"],
        {"app": "web", "a/b": "x"},
        id="a JSON patch",
    ),
]


@pytest.mark.parametrize("mutation, part, expected", MUTATIONS)
def test_what_a_mutation_makes(world: World, mutation: Obj, part: Any, expected: Any) -> None:
    policy(world, "Mutating", mutations=[mutation], reinvocationPolicy="Never")
    response = send(world, "POST", DEPLOYMENTS, deployment())
    assert response.code == 201, response.body
    assert part(response.body) == expected


def test_a_mutation_that_does_not_fit_is_a_refusal(world: World) -> None:
    mutation = {
        "patchType": "ApplyConfiguration",
        "applyConfiguration": {"expression": "Object{spec: Object.spec{colour: 'red'}}"},
    }
    policy(world, "Mutating", mutations=[mutation], reinvocationPolicy="Never")
    response = send(world, "POST", DEPLOYMENTS, deployment())
    assert response.code == 422
    assert response.body["message"].endswith(".spec.colour: field not declared in schema")


def test_the_conditions_of_webhooks_must_compile(world: World) -> None:
    hook = {
        "name": "hook.lab.example",
        "clientConfig": {"url": "https://lab.example/hook"},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "c", "expression": "... [] bad expression"}],
    }
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "w"},
        "webhooks": [hook],
    }
    response = send(world, "POST", f"{ROOT}/validatingwebhookconfigurations", body)
    assert response.code == 422
    assert "webhooks[0].matchConditions[0].expression" in response.body["message"]
    assert "compilation failed" in response.body["message"]


LONG = "object.metadata.name.matches('" + "b" * 9600 + "')"
"""An expression that costs some 62,000 units for a name of 250 characters."""
OUT_OF_BUDGET = "validation failed due to running out of cost budget, no further validation rules will be run"


def annotations_of(count: int) -> list[Obj]:
    """Ten audit annotations that read so many variables together."""
    names = [[f"variables.v{place}" for place in range(first, count, 10)] for first in range(10)]
    return [
        {"key": f"k{place}", "valueExpression": f"{' || '.join(some)} ? 'a' : 'b'"}
        for place, some in enumerate(names)
    ]


COSTS: dict[str, tuple[Obj, str]] = {
    "within the budget": ({"validations": [{"expression": f"{LONG} || true"}] * 100}, ""),
    "validations cost too much": ({"validations": [{"expression": f"{LONG} || true"}] * 170}, OUT_OF_BUDGET),
    "variables cost, too": (
        {
            "variables": [{"name": f"v{place}", "expression": LONG} for place in range(170)],
            "validations": [{"expression": f"variables.v{place} || true"} for place in range(170)],
        },
        OUT_OF_BUDGET,
    ),
    "messages cost what the validations left": (
        {"validations": [{"expression": "true", "messageExpression": f"{LONG} ? 'a' : 'b'"}] * 170},
        f"failed messageExpression: {OUT_OF_BUDGET}",
    ),
    "audit annotations have a budget of their own": (
        {
            "validations": [{"expression": f"{LONG} || true"}] * 100,
            "variables": [{"name": f"v{place}", "expression": LONG} for place in range(100)],
            "auditAnnotations": annotations_of(100),
        },
        "",
    ),
    "audit annotations cost too much": (
        {
            "variables": [{"name": f"v{place}", "expression": LONG} for place in range(170)],
            "auditAnnotations": annotations_of(170),
        },
        OUT_OF_BUDGET,
    ),
    "variables cost again for audit annotations": (
        {
            "variables": [{"name": f"v{place}", "expression": LONG} for place in range(170)],
            "validations": [{"expression": f"variables.v{place} || true"} for place in range(100)],
            "auditAnnotations": annotations_of(170),
        },
        OUT_OF_BUDGET,
    ),
    "conditions have a smaller budget": (
        {
            "matchConditions": [
                {"name": f"c{place}", "expression": f"{LONG} || true"} for place in range(45)
            ],
            "validations": [{"expression": "true"}],
        },
        OUT_OF_BUDGET,
    ),
}


@pytest.mark.parametrize("parts, said", COSTS.values(), ids=COSTS)
def test_what_expressions_of_a_policy_may_cost(world: World, parts: Obj, said: str) -> None:
    maps = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    policy(world, rule=maps, **parts)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a" * 250}}
    response = send(world, "POST", MAPS, body)
    message = response.body.get("message", "")
    assert message.partition("denied request: ")[2] == said


# Audit annotations.

PASSING = [{"expression": "true"}]
ANNOTATED = [
    pytest.param("'a'", "", id="a text"),
    pytest.param("null", "", id="nothing"),
    pytest.param("object.spec.replicas > 5 ? 'many' : ''", "", id="a text or an empty one"),
    pytest.param(
        "string(object.spec.nope)",
        "expression 'string(object.spec.nope)' resulted in error: no such key: nope",
        id="an error",
    ),
    pytest.param(
        "variables.number",
        "valueExpression 'variables.number' resulted in unsupported return type: int. "
        "Return type must be either string or null.",
        id="a number",
    ),
]


@pytest.mark.parametrize("bound", ["Deny", "Warn"])
@pytest.mark.parametrize("expression, message", ANNOTATED)
def test_an_audit_annotation_that_fails_denies(
    world: World, expression: str, message: str, bound: str
) -> None:
    annotations = [{"key": "k", "valueExpression": expression}]
    variables = [{"name": "number", "expression": "object.spec.replicas"}]
    binding = {"validationActions": [bound]}
    policy(world, auditAnnotations=annotations, variables=variables, binding=binding)
    response = send(world, "POST", DEPLOYMENTS, deployment())
    assert response.code == (422 if message else 201)
    assert response.body.get("message", "").partition("denied request: ")[2] == message


def test_an_audit_annotation_that_fails_may_be_ignored(world: World) -> None:
    annotations = [{"key": "k", "valueExpression": "string(object.spec.nope)"}]
    policy(world, auditAnnotations=annotations, failurePolicy="Ignore")
    assert send(world, "POST", DEPLOYMENTS, deployment()).code == 201


def test_the_first_denial_is_that_of_a_validation(world: World) -> None:
    annotations = [{"key": "k", "valueExpression": "string(object.spec.nope)"}]
    policy(world, validations=[{"expression": "false", "message": "no"}], auditAnnotations=annotations)
    assert send(world, "POST", DEPLOYMENTS, deployment()).body["message"].endswith("denied request: no")


MISTYPED = [
    ({"validations": [{"expression": "1 + 1"}]}, "must evaluate to bool but got int"),
    ({"validations": [{"expression": "object.spec.paused"}]}, "must evaluate to bool but got dyn"),
    (
        {"validations": [{"expression": "true", "messageExpression": "['a']"}]},
        "must evaluate to string but got list(string)",
    ),
    (
        {"auditAnnotations": [{"key": "k", "valueExpression": "true"}]},
        "must evaluate to one of [string null_type] but got bool",
    ),
    (
        {"validations": PASSING, "matchConditions": [{"name": "c", "expression": "'a'"}]},
        "must evaluate to bool but got string",
    ),
    ({"validations": [{"expression": "1 + 'a' == 2"}]}, "compilation failed: ERROR: <input>:1:3: "),
]


@pytest.mark.parametrize("spec, detail", MISTYPED, ids=[detail for _, detail in MISTYPED])
def test_an_expression_gives_what_is_wanted_of_it(world: World, spec: Obj, detail: str) -> None:
    body = {"matchConstraints": {"resourceRules": [RULE]}, **spec}
    response = store(world, "ValidatingAdmissionPolicy", "p", body)
    assert response.code == 422
    assert detail in response.body["message"]


BY_NODE = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: by-node}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE, DELETE], resources: [configmaps]}
  matchConditions:
    - {name: accounts, expression: request.userInfo.username == "system:serviceaccount:default:default"}
  validations:
    - expression: >-
        request.userInfo.extra[?'authentication.kubernetes.io/node-name'][0].orValue('')
        == (request.operation == 'DELETE' ? oldObject : object).metadata.name
      message: of another node
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: by-node}
spec: {policyName: by-node, validationActions: [Deny]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: edit, namespace: default}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
roleRef: {kind: ClusterRole, name: edit, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: main, image: nginx}]}
"""


def test_a_policy_knows_the_node_of_a_pods_token() -> None:
    lab = Lab(2)
    lab.apply(BY_NODE)
    lab.settle()
    node = lab.get("pod/web")["spec"]["nodeName"]
    read = "exec web -- cat /var/run/secrets/kubernetes.io/serviceaccount/token"
    of_pod, of_nobody = lab.kubectl(read).stdout, lab.kubectl("create token default").stdout.strip()

    def code(method: str, name: str, token: str) -> int:
        body: Obj | None = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
        body = None if method == "DELETE" else body
        path = MAPS if method == "POST" else f"{MAPS}/{name}"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return lab.request(Request(method, path, headers=headers, body=body)).code

    asked = [
        (method, name, token)
        for method in ("POST", "PUT", "DELETE")
        for name, token in ((node, of_pod), ("kube-root-ca.crt", of_pod), (node, of_nobody))
    ]
    codes = [code(*one) for one in asked]
    assert codes == [201, 422, 422, 200, 422, 422, 200, 422, 404]
