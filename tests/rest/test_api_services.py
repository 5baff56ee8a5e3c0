"""What an API server comes with: its APIServices and flow control, and APIs that others serve behind it."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj, condition_of
from k8slab.cluster.request import Request, Response
from k8slab.lab import Lab

SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
NAME = "v1alpha1.wardle.example.com"
REMOTE = "/apis/wardle.example.com/v1alpha1"


@pytest.fixture
def lab() -> Lab:
    return Lab(1)


def send(lab: Lab, method: str, path: str, body: Any = None, **headers: str) -> Response:
    return lab.request(
        Request(method, path, headers={"Content-Type": "application/json", **headers}, body=body)
    )


def announce(lab: Lab) -> None:
    spec = {
        "group": "wardle.example.com",
        "version": "v1alpha1",
        "groupPriorityMinimum": 2000,
        "versionPriority": 200,
        "insecureSkipTLSVerify": True,
        "service": {"name": "api", "namespace": "default"},
    }
    assert send(lab, "POST", SERVICES, {"metadata": {"name": NAME}, "spec": spec}).code == 201
    lab.run(1)


def available(lab: Lab) -> tuple[str, str]:
    condition = condition_of(send(lab, "GET", f"{SERVICES}/{NAME}").body, "Available") or {}
    return condition["status"], condition["reason"]


def behind(lab: Lab, image: str, *arguments: str, port: int) -> None:
    container: Obj = {"name": "c", "image": image, "args": [*arguments]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "labels": {"app": "api"}}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api"}}
    ports = [{"port": 443, "targetPort": port}]
    lab.apply([{**pod, "spec": {"containers": [container]}}])
    lab.apply([{**service, "spec": {"selector": {"app": "api"}, "ports": ports}}])
    lab.settle()


def groups(lab: Lab) -> list[str]:
    return [one["name"] for one in send(lab, "GET", "/apis").body["groups"]]


def test_the_built_in_apis_are_announced(lab: Lab) -> None:
    listed = lab.kubectl("get apiservices").stdout.splitlines()
    assert listed[1].split() == ["v1.", "Local", "True", listed[1].split()[-1]]
    assert [line.split()[0] for line in listed if "autoscaling" in line] == [
        "v1.autoscaling",
        "v2.autoscaling",
    ]
    assert not [line for line in listed if "v1.apiregistration" in line]


def test_every_announced_group_and_version_is_served(lab: Lab) -> None:
    for service in lab.list("apiservices"):
        spec = service["spec"]
        path = f"/apis/{spec['group']}/{spec['version']}" if spec.get("group") else "/api/v1"
        assert send(lab, "GET", path).code == 200


def test_a_custom_kind_is_announced_while_it_is_served(lab: Lab) -> None:
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object"}},
    }
    names = {"kind": "Meter", "plural": "meters"}
    spec = {"group": "lab.example", "names": names, "scope": "Namespaced", "versions": [version]}
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert send(lab, "POST", path, {"metadata": {"name": "meters.lab.example"}, "spec": spec}).code == 201
    lab.run(1)
    found = send(lab, "GET", f"{SERVICES}/v1.lab.example").body
    assert (found["spec"]["groupPriorityMinimum"], found["spec"]["versionPriority"]) == (1000, 100)
    assert found["metadata"]["labels"] == {"kube-aggregator.kubernetes.io/automanaged": "true"}
    assert send(lab, "DELETE", f"{SERVICES}/v1.lab.example").code == 200
    lab.run(1)
    assert send(lab, "GET", f"{SERVICES}/v1.lab.example").code == 200
    send(lab, "DELETE", f"{path}/meters.lab.example")
    lab.run(1)
    assert send(lab, "GET", f"{SERVICES}/v1.lab.example").code == 404


def test_an_api_behind_a_service_that_is_not_there(lab: Lab) -> None:
    announce(lab)
    assert available(lab) == ("False", "ServiceNotFound")
    assert "wardle.example.com" in groups(lab)
    answer = send(lab, "GET", REMOTE)
    assert (answer.code, answer.body) == (503, "service unavailable\n")


def test_an_api_behind_a_service_without_pods_or_port(lab: Lab) -> None:
    announce(lab)
    lab.kubectl("create service clusterip api --tcp=80:80")
    lab.run(1)
    assert available(lab) == ("False", "ServicePortError")
    lab.kubectl("delete service api")
    lab.kubectl("create service clusterip api --tcp=443:80")
    lab.run(1)
    assert available(lab) == ("False", "MissingEndpoints")


def test_a_pod_that_serves_no_such_api_fails_the_check(lab: Lab) -> None:
    announce(lab)
    behind(lab, "nginx", port=80)
    assert available(lab) == ("False", "FailedDiscoveryCheck")


def test_requests_go_to_the_pod_behind_an_available_api(lab: Lab) -> None:
    """netexec answers every path that it doesn't know with its page, so it passes for an API server."""
    announce(lab)
    behind(lab, "registry.k8s.io/e2e-test-images/agnhost:2.59", "netexec", "--http-port=8443", port=8443)
    assert available(lab) == ("True", "Passed")
    answer = send(lab, "POST", f"{REMOTE}/namespaces/default/flunders", {"kind": "Flunder"})
    assert answer.code == 200
    assert answer.body.startswith("NOW: ")
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_who_may_not_ask_is_not_handed_on(lab: Lab) -> None:
    announce(lab)
    assert lab.request(Request("GET", f"{REMOTE}/flunders", user="stranger", groups=())).code == 403


def test_aggregated_discovery_calls_what_cannot_be_asked_stale(lab: Lab) -> None:
    announce(lab)
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    items = send(lab, "GET", "/apis", Accept=accept).body["items"]
    found = next(one for one in items if one["metadata"]["name"] == "wardle.example.com")
    assert found["versions"] == [{"version": "v1alpha1", "freshness": "Stale"}]


def test_every_flow_schema_of_a_new_cluster_has_its_level(lab: Lab) -> None:
    levels = {one["metadata"]["name"] for one in lab.list("prioritylevelconfigurations")}
    schemas = lab.list("flowschemas")
    assert {one["spec"]["priorityLevelConfiguration"]["name"] for one in schemas} == levels
    assert {(condition_of(one, "Dangling") or {})["status"] for one in schemas} == {"False"}


def test_a_schema_whose_level_is_missing_dangles_until_it_comes(lab: Lab) -> None:
    root = "/apis/flowcontrol.apiserver.k8s.io/v1"
    spec: Obj = {"priorityLevelConfiguration": {"name": "mine"}, "matchingPrecedence": 7}
    assert send(lab, "POST", f"{root}/flowschemas", {"metadata": {"name": "s"}, "spec": spec}).code == 201
    lab.run(1)
    assert "True" in lab.kubectl("get flowschema s").stdout
    limited = {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}
    body = {"metadata": {"name": "mine"}, "spec": limited}
    assert send(lab, "POST", f"{root}/prioritylevelconfigurations", body).code == 201
    lab.run(1)
    assert "False" in lab.kubectl("get flowschema s").stdout


def test_what_every_cluster_has_comes_back_within_a_minute(lab: Lab) -> None:
    lab.kubectl("delete flowschema probes")
    lab.kubectl("delete prioritylevelconfiguration system")
    assert "NotFound" in lab.kubectl("get flowschema probes").stderr
    lab.run(61)
    assert lab.kubectl("get flowschema probes").code == 0
    assert lab.kubectl("get prioritylevelconfiguration system").code == 0


def sample_api_server(lab: Lab) -> None:
    """Upstream's own server behind the aggregator, with the etcd in which it keeps its objects."""
    announce(lab)
    etcd = ["/usr/local/bin/etcd", "--listen-client-urls", "http://127.0.0.1:2379"]
    containers = [
        {"name": "server", "image": "registry.k8s.io/e2e-test-images/sample-apiserver:1.29.2"},
        {"name": "etcd", "image": "registry.k8s.io/etcd:3.6.8-0", "command": etcd},
    ]
    containers[0]["args"] = ["--etcd-servers=http://127.0.0.1:2379"]
    probe = {"httpGet": {"scheme": "HTTPS", "port": 443, "path": "/readyz"}, "periodSeconds": 1}
    containers[0]["readinessProbe"] = probe
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "labels": {"app": "api"}}}
    lab.apply([{**pod, "spec": {"containers": containers}}])
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api"}}
    lab.apply([{**service, "spec": {"selector": {"app": "api"}, "ports": [{"port": 443}]}}])
    lab.settle()


def flunder(name: str, **labels: str) -> Obj:
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "wardle.example.com/v1alpha1", "kind": "Flunder", "metadata": metadata}


def test_objects_of_an_api_server_behind_the_aggregator(lab: Lab) -> None:
    sample_api_server(lab)
    assert available(lab) == ("True", "Passed")
    path = f"{REMOTE}/namespaces/default/flunders"
    made = send(lab, "POST", path, flunder("a", n="1"))
    assert (made.code, made.body["kind"], made.body["metadata"]["namespace"]) == (201, "Flunder", "default")
    assert send(lab, "POST", path, flunder("a")).body["reason"] == "AlreadyExists"
    assert send(lab, "POST", path, flunder("b", n="2")).code == 201
    listed = send(lab, "GET", path).body
    assert [one["metadata"]["name"] for one in listed["items"]] == ["a", "b"]
    changed = {**made.body, "spec": {"reference": "b"}}
    assert send(lab, "PUT", f"{path}/a", changed).body["spec"] == {"reference": "b"}
    assert send(lab, "PUT", f"{path}/a", changed).body["reason"] == "Conflict"
    patch = {"metadata": {"labels": {"n": "3"}}}
    headers = {"Content-Type": "application/merge-patch+json"}
    patched = lab.request(Request("PATCH", f"{path}/b", headers=headers, body=patch)).body
    assert patched["metadata"]["labels"] == {"n": "3"}
    assert send(lab, "DELETE", f"{path}/a").body["status"] == "Success"
    assert send(lab, "GET", f"{path}/a").body["message"] == 'flunders.wardle.example.com "a" not found'
    assert send(lab, "GET", f"{REMOTE}/nothing").code == 404
    assert lab.kubectl("get flunders -o name").stdout == "flunder.wardle.example.com/b\n"
    assert lab.kubectl("delete flunder b").code == 0
    assert send(lab, "GET", path).body["items"] == []
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_discovery_asks_the_server_behind_what_it_has(lab: Lab) -> None:
    sample_api_server(lab)
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    items = send(lab, "GET", "/apis", Accept=accept).body["items"]
    (version,) = next(one for one in items if one["metadata"]["name"] == "wardle.example.com")["versions"]
    assert version["freshness"] == "Current"
    assert [one["resource"] for one in version["resources"]] == ["fischers", "flunders"]
    assert "flunders" in lab.kubectl("api-resources").stdout
