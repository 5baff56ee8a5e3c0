"""Defaults and update strategies: facts after upstream's defaults_test.go and strategy_test.go, and laws."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8slab.api.kind import Kind, kinds
from k8slab.api.kinds._pod_resources import quality_of_service
from k8slab.api.kinds._pod_spec import pull_policy
from k8slab.api.kinds._service_allocation import NODE_PORTS, SERVICE_RANGE, allocate
from k8slab.api.kinds.pod import prepare_ephemeral_containers, prepare_resize
from k8slab.api.meta import Obj, assoc, dig
from k8slab.api.schema import base, type_named, type_of_kind
from k8slab.chance import chance

# Images.


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry.example:5000/team/app", "Always"),
        ("registry.example:5000/team/app:v1", "IfNotPresent"),
        ("nginx@sha256:" + "a" * 64, "IfNotPresent"),
        ("nginx:latest@sha256:" + "a" * 64, "Always"),
        ("Not Valid", "IfNotPresent"),
        ("UPPER", "IfNotPresent"),
        ("", "IfNotPresent"),
    ],
)
def test_an_image_is_pulled_by_its_tag(image: str, policy: str) -> None:
    assert pull_policy(image) == policy


# Quality of service.


def _resources(requests: Obj | None = None, limits: Obj | None = None) -> Obj:
    return {name: value for name, value in (("requests", requests), ("limits", limits)) if value is not None}


QUALITIES: dict[str, tuple[list[Obj], str]] = {
    "nothing": ([{}], "BestEffort"),
    "zeros": ([_resources({"cpu": "0"}, {"memory": "0"})], "BestEffort"),
    "other resources": ([_resources({"example.com/gpu": "1"})], "BestEffort"),
    "requests only": ([_resources({"cpu": "1"})], "Burstable"),
    "equal": (
        [_resources({"cpu": "1", "memory": "1Gi"}, {"cpu": "1000m", "memory": "1024Mi"})],
        "Guaranteed",
    ),
    "memory unlimited": ([_resources({"cpu": "1"}, {"cpu": "1"})], "Burstable"),
    "one of two": ([_resources({"cpu": "1", "memory": "1"}, {"cpu": "1", "memory": "1"}), {}], "Burstable"),
}


@pytest.mark.parametrize(("resources", "quality"), QUALITIES.values(), ids=QUALITIES.keys())
def test_quality_of_service_follows_from_cpu_and_memory(resources: list[Obj], quality: str) -> None:
    spec = {"containers": [{"name": str(number), "resources": one} for number, one in enumerate(resources)]}
    assert quality_of_service(spec) == quality


# Defaults.

_CONTAINERS = [{"name": "c", "image": "x:1"}]
_TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": _CONTAINERS}}


def _filled(kind: str, body: Obj, *path: str) -> Any:
    return dig(kinds()[kind].default({"metadata": {"name": "n"}, **body}), *path)


def test_a_probe_is_completed() -> None:
    probe = {"httpGet": {"port": 80}, "periodSeconds": 5}
    container = {"name": "c", "livenessProbe": probe, "readinessProbe": {"grpc": {"port": 1}}}
    filled = _filled("Pod", {"spec": {"containers": [container]}}, "spec", "containers")[0]
    assert filled["livenessProbe"] == {
        "failureThreshold": 3,
        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
        "periodSeconds": 5,
        "successThreshold": 1,
        "timeoutSeconds": 1,
    }
    assert filled["readinessProbe"]["grpc"] == {"port": 1, "service": ""}


SPECS: dict[str, tuple[str, Obj, tuple[str, ...], Any]] = {
    "job: neither": ("Job", {}, ("parallelism",), 1),
    "job: completions only": ("Job", {"completions": 5}, ("parallelism",), 1),
    "job: parallelism only": ("Job", {"parallelism": 5}, ("completions",), None),
    "job: by index": ("Job", {"backoffLimitPerIndex": 2}, ("backoffLimit",), 2147483647),
    "job: failure policy": ("Job", {"podFailurePolicy": {"rules": []}}, ("podReplacementPolicy",), "Failed"),
    "deployment: one given": (
        "Deployment",
        {"strategy": {"rollingUpdate": {"maxSurge": 3}}},
        ("strategy",),
        {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": "25%"}},
    ),
    "deployment: recreate": (
        "Deployment",
        {"strategy": {"type": "Recreate"}},
        ("strategy",),
        {"type": "Recreate"},
    ),
    "statefulset: on delete": (
        "StatefulSet",
        {"updateStrategy": {"type": "OnDelete"}},
        ("updateStrategy",),
        {"type": "OnDelete"},
    ),
    "statefulset: type given": (
        "StatefulSet",
        {"updateStrategy": {"type": "RollingUpdate"}},
        ("updateStrategy",),
        {"type": "RollingUpdate"},
    ),
    "statefulset: partition of zero": (
        "StatefulSet",
        {"updateStrategy": {"rollingUpdate": {}}},
        ("updateStrategy",),
        {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
    ),
    "daemonset: on delete": (
        "DaemonSet",
        {"updateStrategy": {"type": "OnDelete"}},
        ("updateStrategy",),
        {"type": "OnDelete"},
    ),
    "service: client ip": (
        "Service",
        {"sessionAffinity": "ClientIP"},
        ("sessionAffinityConfig", "clientIP", "timeoutSeconds"),
        10800,
    ),
    "service: load balancer": (
        "Service",
        {"type": "LoadBalancer"},
        ("allocateLoadBalancerNodePorts",),
        True,
    ),
    "service: external ips": (
        "Service",
        {"externalIPs": ["192.0.2.1"]},
        ("externalTrafficPolicy",),
        "Cluster",
    ),
    "policy: egress": ("NetworkPolicy", {"egress": [{}]}, ("policyTypes",), ["Ingress", "Egress"]),
    "policy: none": ("NetworkPolicy", {"egress": []}, ("policyTypes",), ["Ingress"]),
    "pod: account by its old name": ("Pod", {"serviceAccount": "s"}, ("serviceAccountName",), "s"),
    "pod: limits are requests": (
        "Pod",
        {"containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}, "requests": {"memory": "1"}}}]},
        ("containers",),
        {"limits": {"cpu": "2"}, "requests": {"cpu": "2", "memory": "1"}},
    ),
    "pod: whole pod": (
        "Pod",
        {
            "containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}],
            "resources": {"limits": {"cpu": "2"}},
        },
        ("resources",),
        {"limits": {"cpu": "2"}, "requests": {"cpu": "1"}},
    ),
}


@pytest.mark.parametrize(("kind", "spec", "path", "wanted"), SPECS.values(), ids=SPECS.keys())
def test_a_spec_gets_its_defaults(kind: str, spec: Obj, path: tuple[str, ...], wanted: Any) -> None:
    found = _filled(kind, {"spec": spec}, "spec", *path)
    assert (found[0]["resources"] if path == ("containers",) else found) == wanted


# Updates.


def _stored(kind: str, **body: Any) -> Obj:
    one = kinds()[kind]
    obj = {"apiVersion": one.api_version, "kind": kind, "metadata": {"name": "n", "uid": "u"}, **body}
    return one.prepare_create(one.default(obj))


WORKLOADS = {
    "Deployment": {"selector": {}, "template": _TEMPLATE},
    "StatefulSet": {"selector": {}, "template": _TEMPLATE, "serviceName": "n"},
    "ReplicaSet": {"selector": {}, "template": _TEMPLATE},
    "DaemonSet": {"selector": {}, "template": _TEMPLATE},
    "ReplicationController": {"selector": {"a": "b"}, "template": _TEMPLATE},
    "Job": {"template": _TEMPLATE},
    "CronJob": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": _TEMPLATE}}},
    "PodDisruptionBudget": {"minAvailable": 1},
}


@pytest.mark.parametrize(("name", "spec"), WORKLOADS.items(), ids=WORKLOADS.keys())
def test_a_changed_spec_counts_a_generation_and_no_status_gets_in(name: str, spec: Obj) -> None:
    kind, old = kinds()[name], _stored(name, spec=spec, status={"replicas": 9, "stray": 1})
    assert old["metadata"]["generation"] == 1
    assert "stray" not in old["status"]
    same = kind.prepare_update({**old, "spec": copy.deepcopy(old["spec"]), "status": {"replicas": 7}}, old)
    assert same["metadata"]["generation"] == 1
    assert same["status"] is old["status"]
    changed = kind.prepare_update(assoc(old, "spec", "minReadySeconds", 5), old)
    assert changed["metadata"]["generation"] == 2
    status = kind.prepare_status({**assoc(old, "spec", "minReadySeconds", 5), "status": {"x": 1}}, old)
    assert (status["spec"], status["status"]) == (old["spec"], {"x": 1})


def test_a_deployments_annotations_count_a_generation_too() -> None:
    old = _stored("Deployment", spec=WORKLOADS["Deployment"])
    new = kinds()["Deployment"].prepare_update(assoc(old, "metadata", "annotations", {"a": "b"}), old)
    assert new["metadata"]["generation"] == 2


def test_a_daemonsets_template_has_a_generation_of_its_own() -> None:
    key = "deprecated.daemonset.template.generation"
    kind, old = kinds()["DaemonSet"], _stored("DaemonSet", spec=WORKLOADS["DaemonSet"])
    assert old["metadata"]["annotations"][key] == "1"
    again = kind.prepare_update(assoc(old, "spec", "minReadySeconds", 5), old)
    assert again["metadata"]["annotations"][key] == "1"
    changed = kind.prepare_update(assoc(old, "spec", "template", "metadata", "labels", {"x": "y"}), old)
    assert (changed["metadata"]["annotations"][key], changed["metadata"]["generation"]) == ("2", 2)


def test_a_kubelets_status_leaves_spec_owners_and_quality_alone() -> None:
    kind = kinds()["Pod"]
    old = _stored("Pod", spec={"containers": _CONTAINERS})
    old = assoc(old, "metadata", "ownerReferences", [{"uid": "o"}])
    sent = {**old, "metadata": {"name": "n"}, "spec": {}, "status": {"phase": "Running"}}
    new = kind.prepare_status(sent, old)
    assert new["spec"] is old["spec"]
    assert new["metadata"]["ownerReferences"] == [{"uid": "o"}]
    assert new["status"] == {"phase": "Running", "qosClass": "BestEffort"}


def test_observed_generations_of_conditions_are_not_forgotten() -> None:
    old = _stored("Pod", spec={"containers": _CONTAINERS})
    old = {**old, "status": {"conditions": [{"type": "Ready", "status": "False", "observedGeneration": 3}]}}
    sent = {**old, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    new = kinds()["Pod"].prepare_status(sent, old)
    assert new["status"]["conditions"] == [{"type": "Ready", "status": "True", "observedGeneration": 3}]


def test_subresources_of_a_pod_change_only_their_part() -> None:
    old = _stored("Pod", spec={"containers": _CONTAINERS, "nodeName": "node-0"})
    sent = {**old, "spec": {"containers": [], "ephemeralContainers": [{"name": "debug"}]}}
    debugged = prepare_ephemeral_containers(sent, old)
    assert debugged["spec"] == {**old["spec"], "ephemeralContainers": [{"name": "debug"}]}
    assert debugged["metadata"]["generation"] == 2
    bigger = {**old["spec"]["containers"][0], "image": "other", "resources": {"requests": {"cpu": "2"}}}
    resized = prepare_resize({**old, "spec": {"containers": [bigger], "nodeName": "elsewhere"}}, old)
    assert resized["spec"]["nodeName"] == "node-0"
    assert resized["spec"]["containers"][0]["image"] == "x:1"
    assert resized["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "2"}}


def test_a_service_that_becomes_an_external_name_gives_up_what_it_had() -> None:
    kind = kinds()["Service"]
    old = _allocated({"type": "NodePort", "ports": [{"port": 80}]})
    new = assoc(assoc(old, "spec", "type", "ExternalName"), "spec", "externalName", "x.example")
    spec = kind.prepare_update(new, old)["spec"]
    assert sorted(spec) == ["externalName", "ports", "sessionAffinity", "type"]
    assert "nodePort" not in spec["ports"][0]


# Allocation.


def _allocated(
    spec: Obj, ips: tuple[str, ...] = (), ports: tuple[int, ...] = (), old: Obj | None = None
) -> Obj:
    service = {"metadata": {"name": "s", "namespace": "n"}, "spec": spec}
    kind = kinds()["Service"]
    service = kind.prepare_create(kind.default(service))
    return allocate(service, ips, ports, lambda *name: chance(7, *name), old)


def test_ports_of_one_number_share_a_node_port() -> None:
    ports = [
        {"name": "t", "port": 53},
        {"name": "u", "port": 53, "protocol": "UDP"},
        {"name": "w", "port": 80},
    ]
    numbers = [port["nodePort"] for port in _allocated({"type": "NodePort", "ports": ports})["spec"]["ports"]]
    assert numbers[0] == numbers[1] != numbers[2]
    assert all(number in NODE_PORTS for number in numbers)


def test_a_balancer_with_a_local_policy_gets_a_port_for_health_checks() -> None:
    spec = {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [{"port": 80}]}
    found = _allocated(spec)["spec"]
    assert found["healthCheckNodePort"] in NODE_PORTS
    assert found["healthCheckNodePort"] != found["ports"][0]["nodePort"]


@given(st.integers(0, 50))
def test_no_two_services_get_one_address_or_port(count: int) -> None:
    ips: list[str] = []
    ports: list[int] = []
    for _ in range(count % 6):
        spec = _allocated({"type": "NodePort", "ports": [{"port": 80}]}, tuple(ips), tuple(ports))["spec"]
        assert spec["clusterIP"] not in ips
        assert spec["ports"][0]["nodePort"] not in ports
        assert spec["clusterIP"].startswith(str(SERVICE_RANGE.network_address)[:3])
        ips.append(spec["clusterIP"])
        ports.append(spec["ports"][0]["nodePort"])


# Laws of every kind.


def _value_for(expression: str, depth: int) -> st.SearchStrategy[Any]:
    target = base(expression).lstrip("*")
    target = base(target)
    if target.startswith("[]"):
        return st.lists(_value_for(target[2:], depth), max_size=2)
    if target.startswith("map:"):
        return st.dictionaries(st.sampled_from(["a", "cpu"]), _value_for(target[4:], depth), max_size=2)
    if target.startswith("#"):
        fields = type_named(target[1:]).fields
        if depth <= 0:
            return st.just({})
        chosen = {
            name: _value_for(field.type, depth - 1) for name, field in fields.items() if name != "metadata"
        }
        return st.fixed_dictionaries({}, optional=chosen)
    samples: dict[str, list[Any]] = {
        "string": ["a", "Container", "RollingUpdate", "LoadBalancer"],
        "bool": [True, False],
        "int32": [0, 1],
        "int64": [0, 1],
        "quantity": ["1", "0.0001", "1Gi"],
        "intorstring": [1, "25%"],
    }
    return st.sampled_from(samples.get(target, ["a"]))


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.kind)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_defaulting_is_idempotent_and_changes_nothing_in_place(kind: Kind, data: st.DataObject) -> None:
    type_name = type_of_kind(kind.api_version, kind.kind)
    body = data.draw(_value_for(f"#{type_name}", 4))
    obj = {**body, "apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "n", "uid": "u"}}
    before = copy.deepcopy(obj)
    once = kind.default(obj)
    assert obj == before
    frozen = copy.deepcopy(once)
    assert kind.default(once) is once
    made = kind.prepare_create(once)
    kind.prepare_update(made, once)
    kind.prepare_status(made, once)
    assert once == frozen


# Other versions.


def test_an_event_reads_in_both_versions() -> None:
    kind = kinds()["Event"]
    other = kind.other_versions[0]
    sent = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "regarding": {"kind": "Pod", "name": "p"},
        "note": "hi",
        "reportingController": "c",
        "deprecatedCount": 2,
    }
    stored = kind.default(other.to_storage(sent))
    assert (stored["message"], stored["reportingComponent"], stored["count"]) == ("hi", "c", 2)
    assert stored["involvedObject"] == sent["regarding"]
    again = other.from_storage(stored)
    assert {name: again[name] for name in sent} == sent


def test_an_autoscaler_carries_in_annotations_what_v1_has_no_field_for() -> None:
    kind = kinds()["HorizontalPodAutoscaler"]
    other = kind.other_versions[0]
    target = {"type": "AverageValue", "averageValue": "1k"}
    stored = kind.default(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "h", "annotations": {"own": "text"}},
            "spec": {
                "maxReplicas": 3,
                "scaleTargetRef": {"kind": "Deployment", "name": "d"},
                "metrics": [
                    {"type": "Pods", "pods": {"metric": {"name": "qps"}, "target": target}},
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 60},
                        },
                    },
                ],
                "behavior": {"scaleDown": {"stabilizationWindowSeconds": 5}},
            },
        }
    )
    shown = other.from_storage(stored)
    assert shown["spec"]["targetCPUUtilizationPercentage"] == 60
    assert shown["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"] == (
        '[{"type":"Pods","pods":{"metricName":"qps","targetAverageValue":"1k"}}]'
    )
    assert (
        '"ScaleDown":{"StabilizationWindowSeconds":5,"SelectPolicy":"Max"'
        in (shown["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/behavior"])
    )
    again = other.to_storage(shown)
    assert again["spec"] == stored["spec"]
    assert again["metadata"] == stored["metadata"]


def test_an_old_autoscaler_without_a_target_aims_at_four_fifths_of_the_cpu() -> None:
    kind = kinds()["HorizontalPodAutoscaler"]
    sent = {"apiVersion": "autoscaling/v1", "metadata": {"name": "h"}, "spec": {"maxReplicas": 3}}
    stored = kind.default(kind.other_versions[0].to_storage(sent))
    assert dig(stored["spec"]["metrics"][0], "resource", "target", "averageUtilization") == 80
