"""The API server as a proxy to Pods and Services: whom it finds, and what comes back."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.cluster.request import Request, Response
from k8slab.lab import Lab

ROOT = "/api/v1/namespaces/default"


@pytest.fixture(scope="module")
def lab() -> Lab:
    made = Lab(1)
    container: dict[str, Any] = {
        "name": "main",
        "image": "registry.k8s.io/e2e-test-images/agnhost:2.59",
        "args": ["netexec"],
        "ports": [{"containerPort": 8080}],
    }
    ports = [{"name": "web", "port": 80, "targetPort": 8080}]
    made.apply(
        [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "web", "labels": {"app": "web"}},
                "spec": {"containers": [container]},
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "front"},
                "spec": {"selector": {"app": "web"}, "ports": ports},
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "empty"},
                "spec": {"selector": {"app": "none"}, "ports": ports},
            },
        ]
    )
    made.settle()
    return made


def ask(lab: Lab, path: str, method: str = "GET", **query: str) -> Response:
    return lab.request(Request(method, ROOT + path, query))


ANSWERED = [
    pytest.param("/pods/web/proxy/hostname", id="a Pod at the first port that it declares"),
    pytest.param("/pods/web:8080/proxy/hostname", id="a Pod at a port"),
    pytest.param("/pods/http:web:8080/proxy/hostname", id="a Pod with a scheme"),
    pytest.param("/services/front:web/proxy/hostname", id="a Service at a named port"),
    pytest.param("/services/front:80/proxy/hostname", id="a Service at a number"),
    pytest.param("/services/http:front:web/proxy/hostname", id="a Service with a scheme"),
]


@pytest.mark.parametrize("path", ANSWERED)
def test_what_the_program_says_is_passed_back(lab: Lab, path: str) -> None:
    response = ask(lab, path)
    assert (response.code, response.body, response.content_type) == (200, "web", "text/plain; charset=utf-8")


@pytest.mark.parametrize("method", ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"])
def test_every_method_is_passed_on(lab: Lab, method: str) -> None:
    assert ask(lab, "/pods/web/proxy/echo", method, msg="hello").body == "hello"


def test_the_root_is_found_behind_a_redirect(lab: Lab) -> None:
    response = ask(lab, "/pods/web/proxy", msg="x")
    assert (response.code, response.headers) == (301, {"Location": "proxy/?msg=x"})


REFUSED = [
    pytest.param("/pods/none/proxy/", 404, 'pods "none" not found', id="no such Pod"),
    pytest.param("/pods/ftp:web:80/proxy/", 400, 'invalid pod request "ftp:web:80"', id="no such scheme"),
    pytest.param(
        "/pods/web:81/proxy/",
        503,
        "error trying to reach service: dial tcp 10.244.0.2:81: connect: connection refused",
        id="nobody listens",
    ),
    pytest.param("/services/none/proxy/", 404, 'services "none" not found', id="no such Service"),
    pytest.param(
        "/services/front:81/proxy/",
        503,
        'no service port 81 found for service "front"',
        id="no such port of the Service",
    ),
    pytest.param(
        "/services/front/proxy/",
        503,
        'no endpoints available for service "front"',
        id="a named port must be named",
    ),
    pytest.param(
        "/services/empty:web/proxy/",
        503,
        'no endpoints available for service "empty"',
        id="a Service without Pods",
    ),
    pytest.param(
        "/nodes/node-1/proxy/", 404, "the server could not find the requested resource", id="no such path"
    ),
]


@pytest.mark.parametrize("path, code, text", REFUSED)
def test_refusals(lab: Lab, path: str, code: int, text: str) -> None:
    response = ask(lab, path)
    assert (response.code, response.body["message"]) == (code, text)


def test_links_of_a_page_lead_through_the_proxy(lab: Lab) -> None:
    response = ask(lab, "/pods/web/proxy/echo", msg='<a href="/next">next</a>')
    assert response.content_type == "text/html; charset=utf-8"
    assert response.body == f'<a href="{ROOT}/pods/web/proxy/next">next</a>'


def test_what_a_proxied_request_does_is_played_again(lab: Lab) -> None:
    ask(lab, "/pods/web/proxy/hostname")
    assert Lab.load(lab.save()).digest() == lab.digest()


# A node's kubelet.


def kubelet(lab: Lab, path: str, method: str = "GET", node: str = "") -> Response:
    node = node or lab.get("pod/web")["spec"]["nodeName"]
    return lab.request(Request(method, f"/api/v1/nodes/{node}/proxy{path}"))


def test_a_kubelet_tells_its_pods(lab: Lab) -> None:
    body = kubelet(lab, "/pods").body
    assert body["kind"] == "PodList"
    assert "web" in [pod["metadata"]["name"] for pod in body["items"]]
    assert {pod["spec"]["nodeName"] for pod in body["items"]} == {lab.get("pod/web")["spec"]["nodeName"]}


def test_a_kubelet_tells_its_health_and_its_logs(lab: Lab) -> None:
    assert kubelet(lab, "/healthz").body == "ok"
    name = lab.get("pod/web")["spec"]["containers"][0]["name"]
    assert kubelet(lab, f"/containerLogs/default/web/{name}").body == lab.kubectl("logs web").stdout
    assert kubelet(lab, f"/containerLogs/default/missing/{name}").code == 404
    assert kubelet(lab, "/nothing").code == 404


def test_who_is_no_kubelet_or_does_not_answer(lab: Lab) -> None:
    other = lab.fork()
    node = other.get("pod/web")["spec"]["nodeName"]
    address = other.get(f"node/{node}")["status"]["addresses"][0]["address"]
    assert kubelet(other, "/pods", node="missing").body["message"] == 'nodes "missing" not found'
    refused = kubelet(other, "/pods", node=f"{node}:10251")
    assert refused.code == 503
    assert refused.body["message"].endswith(f"dial tcp {address}:10251: connect: connection refused")
    other.crash(node)
    assert kubelet(other, "/pods").body["message"].endswith(f"dial tcp {address}:10250: i/o timeout")
