"""What admission refuses and changes: recorded refusals, and tables after upstream's own tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slab.api.declared_features import needed_to_change
from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj, assoc
from k8slab.cluster import admission
from k8slab.cluster.admission import nodedeclaredfeatures
from tests.kinds.kinds_world import Shelf, create, namespace, request

_ERRORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "reference" / "errors.json").read_text("utf-8")
)["cases"]
RECORDED = [
    case
    for case in _ERRORS
    if case["code"] == 403 and case["request"]["method"] == "POST" and not case.get("precondition")
]


def with_usage(quota: Obj) -> Obj:
    """A quota of which nothing is used, as the quota controller leaves it."""
    hard = quota["spec"]["hard"]
    return {**quota, "status": {"hard": hard, "used": dict.fromkeys(hard, "0")}}


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["id"])
def test_a_refusal_is_worded_as_a_real_server_words_it(case: dict[str, Any]) -> None:
    shelf = Shelf(namespace("lab"))
    for given in case["given"]:
        obj = create(shelf, given["path"], given["body"])
        if obj["kind"] == "ResourceQuota":
            shelf.put(with_usage(obj))
    with pytest.raises(ApiError) as refused:
        create(shelf, case["request"]["path"], case["request"]["body"])
    status = refused.value.status()
    wanted = case["response"]
    assert {name: status.get(name) for name in ("code", "reason", "message", "details")} == {
        name: wanted.get(name) for name in ("code", "reason", "message", "details")
    }


def pod(name: str = "p", **spec: Any) -> Obj:
    containers = spec.pop("containers", [{"name": "main", "image": "nginx:1"}])
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": containers, **spec},
    }


PODS = "/api/v1/namespaces/lab/pods"


def refusal_of(shelf: Shelf, path: str, body: Obj) -> str:
    with pytest.raises(ApiError) as refused:
        create(shelf, path, body)
    return refused.value.message


def test_nothing_is_created_in_a_namespace_that_terminates() -> None:
    ending, account = namespace("lab")
    shelf = Shelf([{**ending, "status": {"phase": "Terminating"}}, account])
    with pytest.raises(ApiError) as refused:
        create(shelf, PODS, pod())
    assert refused.value.message == (
        'pods "p" is forbidden: unable to create new content in namespace lab because it is being terminated'
    )
    assert refused.value.causes[0].reason == "NamespaceTerminating"


def test_nothing_is_created_in_a_namespace_that_is_not_there() -> None:
    assert refusal_of(Shelf(), PODS, pod()) == 'namespaces "lab" not found'


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_a_namespace_that_a_cluster_needs_stays(name: str) -> None:
    old = namespace(name)[0]
    with pytest.raises(ApiError, match="this namespace may not be deleted"):
        admission.validate(request(Shelf([old]), "DELETE", kinds()["Namespace"], None, old))


def labelled(**labels: str) -> Shelf:
    """A namespace with Pod Security labels: `enforce="baseline"`."""
    space, account = namespace("lab")
    marks = {f"pod-security.kubernetes.io/{name.replace('_', '-')}": value for name, value in labels.items()}
    return Shelf([assoc(space, "metadata", "labels", {**space["metadata"]["labels"], **marks}), account])


SECURE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}

VIOLATIONS = {
    "restricted plain": (
        {"enforce": "restricted"},
        pod(),
        'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "main" must '
        "set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "
        '"main" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container '
        '"main" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "main" must '
        'set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ),
    "baseline host namespaces": (
        {"enforce": "baseline"},
        pod(hostNetwork=True, hostPID=True),
        'violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true, hostPID=true)',
    ),
    "baseline privileged": (
        {"enforce": "baseline", "enforce_version": "v1.30"},
        pod(containers=[{"name": "a", "image": "x", "securityContext": {"privileged": True}}]),
        'violates PodSecurity "baseline:v1.30": privileged (container "a" must not set '
        "securityContext.privileged=true)",
    ),
    "baseline host path and capability": (
        {"enforce": "baseline"},
        pod(
            containers=[
                {"name": n, "image": "x", "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}
                for n in "ab"
            ],
            volumes=[{"name": "v", "hostPath": {"path": "/"}}],
        ),
        'violates PodSecurity "baseline:latest": non-default capabilities (containers "a", "b" must not '
        'include "NET_ADMIN" in securityContext.capabilities.add), hostPath volumes (volume "v")',
    ),
    "restricted overrides baseline's volumes": (
        {"enforce": "restricted"},
        pod(
            containers=[{"name": "a", "image": "x", "securityContext": SECURE}],
            volumes=[{"name": "v", "hostPath": {"path": "/"}}],
        ),
        'violates PodSecurity "restricted:latest": restricted volume types (volume "v" uses restricted '
        'volume type "hostPath")',
    ),
}


@pytest.mark.parametrize(("labels", "body", "why"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_a_pod_below_the_namespaces_standard_is_refused(labels: dict[str, str], body: Obj, why: str) -> None:
    assert refusal_of(labelled(**labels), PODS, body) == f'pods "p" is forbidden: {why}'


def test_a_secure_pod_passes_and_a_template_is_only_warned_of() -> None:
    shelf = labelled(enforce="restricted")
    create(shelf, PODS, pod(containers=[{"name": "a", "image": "x", "securityContext": SECURE}]))
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    made = create(shelf, "/apis/apps/v1/namespaces/lab/deployments", body)
    texts = admission.warnings(request(shelf, "CREATE", kinds()["Deployment"], made, None))
    assert [text.partition(": ")[0] for text in texts] == ['would violate PodSecurity "restricted:latest"']


def test_labels_without_meaning_are_refused() -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "n", "labels": {"pod-security.kubernetes.io/enforce": "strict"}},
    }
    assert refusal_of(Shelf(), "/api/v1/namespaces", body) == (
        'Namespace "n" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: '
        'Invalid value: "strict": must be one of privileged, baseline, restricted'
    )


def quota(hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "lab"},
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": dict.fromkeys(hard, "0") | (used or {})},
    }


def sized(**requests: str) -> Obj:
    return pod(containers=[{"name": "main", "image": "x", "resources": {"requests": requests}}])


CHARGES: dict[str, tuple[Obj, Obj, dict[str, str]]] = {
    "a pod": (quota({"pods": "2"}, {"pods": "1"}), pod(), {"pods": "2"}),
    "requests": (
        quota({"requests.cpu": "1", "memory": "1Gi", "pods": "9"}),
        sized(cpu="250m", memory="64Mi"),
        {"requests.cpu": "250m", "memory": "64Mi", "pods": "1"},
    ),
    "an extended resource": (
        quota({"requests.example.com/gpu": "4"}),
        pod(containers=[{"name": "m", "image": "x", "resources": {"limits": {"example.com/gpu": "3"}}}]),
        {"requests.example.com/gpu": "3"},
    ),
    "in scope": (quota({"pods": "2"}, scopes=["BestEffort"]), pod(), {"pods": "1"}),
}


@pytest.mark.parametrize(("given", "body", "used"), CHARGES.values(), ids=CHARGES.keys())
def test_a_pod_is_charged_to_the_quotas_that_it_falls_under(
    given: Obj, body: Obj, used: dict[str, str]
) -> None:
    shelf = Shelf(namespace("lab"))
    made = create(shelf, PODS, body)
    shelf.put(given)
    charges = admission.validate(request(shelf, "CREATE", kinds()["Pod"], made, None))
    assert [(key, charged["status"]["used"]) for key, charged in charges] == [(("lab", "q"), used)]


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (quota({"pods": "2"}, scopes=["NotBestEffort"]), pod()),
        (quota({"services": "2"}), pod()),
        (quota({"pods": "2"}, scopes=["Terminating"]), pod()),
    ],
    ids=["another quality of service", "another resource", "no deadline"],
)
def test_a_pod_outside_a_quota_is_not_charged(given: Obj, body: Obj) -> None:
    shelf = Shelf([*namespace("lab"), given])
    made = create(shelf, PODS, body)
    assert admission.validate(request(shelf, "CREATE", kinds()["Pod"], made, None)) == []


EXCEEDED = {
    "two resources": (
        quota({"cpu": "1", "memory": "1Gi", "pods": "9"}, {"cpu": "900m", "memory": "1000Mi"}),
        sized(cpu="200m", memory="100Mi"),
        "exceeded quota: q, requested: cpu=200m,memory=100Mi, used: cpu=900m,memory=1000Mi, "
        "limited: cpu=1,memory=1Gi",
    ),
    "must specify": (
        quota({"limits.cpu": "1", "requests.memory": "1Gi"}),
        sized(memory="1Mi"),
        "failed quota: q: must specify limits.cpu for: main",
    ),
    "not yet counted": (
        {**quota({"pods": "1"}), "status": {"hard": {"pods": "1"}}},
        pod(),
        "status unknown for quota: q, resources: pods",
    ),
}


@pytest.mark.parametrize(("given", "body", "why"), EXCEEDED.values(), ids=EXCEEDED.keys())
def test_a_pod_beyond_a_quota_is_refused(given: Obj, body: Obj, why: str) -> None:
    shelf = Shelf([*namespace("lab"), given])
    assert refusal_of(shelf, PODS, body) == f'pods "p" is forbidden: {why}'


def test_the_pods_of_one_template_share_one_spec() -> None:
    shelf = Shelf(namespace("lab"))
    kind = kinds()["Pod"]
    template = kinds()["ReplicaSet"].default(
        {
            "spec": {"template": {"spec": {"containers": [{"name": "main", "image": "nginx:1"}]}}},
            "metadata": {},
        }
    )["spec"]["template"]
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u-1", "controller": True}
    specs = []
    for number in range(3):
        body = {
            "metadata": {"name": f"r-{number}", "namespace": "lab", "ownerReferences": [owner]},
            "spec": template["spec"],
        }
        made = kind.default(body)
        made = admission.mutate(request(shelf, "CREATE", kind, made, None))
        specs.append(kind.prepare_create(made)["spec"])
    assert specs[0] is specs[1] is specs[2]
    assert [volume["name"][:-5] for volume in specs[0]["volumes"]] == ["kube-api-access-"]


def test_a_gated_field_stays_only_while_its_gate_is_on() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
    body = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "s"},
        "spec": {
            "serviceName": "s",
            "selector": {"matchLabels": {"a": "b"}},
            "template": template,
            "updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}},
        },
    }
    path = "/apis/apps/v1/namespaces/lab/statefulsets"
    off = create(Shelf(namespace("lab")), path, body)
    on = create(Shelf(namespace("lab"), frozenset({"MaxUnavailableStatefulSet"})), path, body)
    assert off["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 0}
    assert on["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 2, "partition": 0}


def priority_class(name: str, value: int, **more: Any) -> Obj:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        **more,
    }


LOW = priority_class("low", 10, globalDefault=True)
HIGH = priority_class("high", 100)
NEVER = priority_class("never", 50, preemptionPolicy="Never", description="does not push others away")
PRIORITIES: dict[str, tuple[list[Obj], dict[str, Any], tuple[Any, ...]]] = {
    "no class at all": ([], {}, (None, 0, "PreemptLowerPriority")),
    "no default": ([HIGH], {}, (None, 0, "PreemptLowerPriority")),
    "the default": ([LOW, HIGH], {}, ("low", 10, "PreemptLowerPriority")),
    "of two defaults the lower": (
        [priority_class("b", 20, globalDefault=True), LOW],
        {},
        ("low", 10, "PreemptLowerPriority"),
    ),
    "a named one": ([LOW, HIGH], {"priorityClassName": "high"}, ("high", 100, "PreemptLowerPriority")),
    "one that never preempts": ([NEVER], {"priorityClassName": "never"}, ("never", 50, "Never")),
    "the number that the name stands for": (
        [HIGH],
        {"priorityClassName": "high", "priority": 100},
        ("high", 100, "PreemptLowerPriority"),
    ),
}


@pytest.mark.parametrize(("classes", "spec", "expected"), PRIORITIES.values(), ids=PRIORITIES)
def test_a_pod_gets_the_priority_of_its_class(
    classes: list[Obj], spec: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    """Ports TestPodAdmission of plugin/pkg/admission/priority/admission_test.go."""
    stored = [{"preemptionPolicy": "PreemptLowerPriority", **one} for one in classes]
    made = create(Shelf([*namespace("lab"), *stored]), PODS, pod(**spec))["spec"]
    assert (made.get("priorityClassName"), made["priority"], made["preemptionPolicy"]) == expected


MISPLACED = {
    "no such class": ({"priorityClassName": "nobody"}, "no PriorityClass with name nobody was found"),
    "another number": (
        {"priorityClassName": "high", "priority": 7},
        "the integer value of priority (7) must not be provided in pod spec; "
        "priority admission controller computed 100 from the given PriorityClass name",
    ),
    "another policy": (
        {"priorityClassName": "high", "preemptionPolicy": "Never"},
        "the string value of PreemptionPolicy (Never) must not be provided in pod spec; "
        "priority admission controller computed PreemptLowerPriority from the given PriorityClass name",
    ),
}


@pytest.mark.parametrize(("spec", "why"), MISPLACED.values(), ids=MISPLACED)
def test_a_priority_that_its_class_does_not_give_is_refused(spec: dict[str, Any], why: str) -> None:
    high = {**HIGH, "preemptionPolicy": "PreemptLowerPriority"}
    shelf = Shelf([*namespace("lab"), high])
    assert refusal_of(shelf, PODS, pod(**spec)) == f'pods "p" is forbidden: {why}'


@pytest.mark.parametrize(
    "plugin", [one for one in admission.plugins() if one.needs], ids=lambda plugin: plugin.name
)
@pytest.mark.parametrize("operation", ["CREATE", "UPDATE"])
def test_a_plugin_without_what_it_needs_finds_nothing_to_do(
    plugin: admission.Admission, operation: str
) -> None:
    shelf = Shelf(namespace("lab"))
    pod: Obj = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "lab"},
        "spec": {"containers": [{"name": "main", "image": "nginx"}]},
    }
    asked = request(shelf, operation, kinds()["Pod"], pod, pod if operation == "UPDATE" else None)
    assert not shelf.list(plugin.needs)
    assert plugin.mutate is None or plugin.mutate(asked, pod) is pod
    assert plugin.charge is None or plugin.charge(asked) == []
    if plugin.validate is not None:
        plugin.validate(asked)


RESIZES = {
    "a container": ({}, {"containers": [{"name": "main", "resources": {"limits": {"cpu": "1"}}}]}, ()),
    "the Pod as a whole": (
        {},
        {"resources": {"limits": {"cpu": "1"}}},
        ("InPlacePodLevelResourcesVerticalScaling",),
    ),
    "an init container": (
        {"initContainers": [{"name": "first"}]},
        {"initContainers": [{"name": "first", "resources": {"limits": {"cpu": "1"}}}]},
        ("InPlacePodVerticalScalingInitContainers",),
    ),
    "a sidecar": (
        {"initContainers": [{"name": "first", "restartPolicy": "Always"}]},
        {
            "initContainers": [
                {"name": "first", "restartPolicy": "Always", "resources": {"limits": {"cpu": "1"}}}
            ]
        },
        (),
    ),
}


@pytest.mark.parametrize(("before", "after", "needed"), RESIZES.values(), ids=RESIZES)
def test_what_a_node_must_have_declared_for_a_change(
    before: Obj, after: Obj, needed: tuple[str, ...]
) -> None:
    """Cases of staging/src/k8s.io/component-helpers/nodedeclaredfeatures/features/inplacepodresize."""
    assert needed_to_change(before, after) == needed
    old, new = ({**pod(nodeName="n"), "metadata": {"name": "p", "generation": one}} for one in (1, 2))
    old, new = {**old, "spec": {**old["spec"], **before}}, {**new, "spec": {**new["spec"], **after}}
    shelf = Shelf(namespace("lab"))
    node: Obj = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "status": {}}
    shelf.put(node)
    asked = request(shelf, "UPDATE", kinds()["Pod"], new, old)
    if not needed:
        nodedeclaredfeatures.ADMISSION.validate(asked)
        return
    with pytest.raises(ApiError) as refused:
        nodedeclaredfeatures.ADMISSION.validate(asked)
    why = f'pod update requires features {needed[0]} which are not available on node "n"'
    assert refused.value.message == f'pods "p" is forbidden: {why}'
    shelf.put({**node, "status": {"declaredFeatures": list(needed)}})
    nodedeclaredfeatures.ADMISSION.validate(asked)
