"""OpenAPI over HTTP: documents of custom kinds, the older form, and whether they have changed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from k8slab.lab import Lab
from k8slab.server import serve

DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "meters.lab.example"},
    "spec": {
        "group": "lab.example",
        "names": {"kind": "Meter", "plural": "meters"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "selectableFields": [{"jsonPath": ".spec.unit"}],
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "description": "What is measured.",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["unit", "note"],
                                "properties": {
                                    "unit": {"type": "string"},
                                    "note": {"type": "string", "nullable": True},
                                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}
NAME = "example.lab.v1.Meter"


@pytest.fixture(scope="module")
def http():
    lab = Lab(1)
    lab.apply(DEFINITION)
    with serve(lab, live=False, token="secret") as serving:
        headers = {"Authorization": "Bearer secret"}
        with httpx.Client(base_url=serving.url, headers=headers, timeout=30) as client:
            yield client


def test_a_definition_has_a_document_of_its_own(http) -> None:
    url = http.get("/openapi/v3").json()["paths"]["apis/lab.example/v1"]["serverRelativeURL"]
    document = http.get(url.removeprefix("/token/secret")).json()
    schemas = document["components"]["schemas"]
    meter = schemas[NAME]
    assert meter["description"] == "What is measured."
    assert sorted(meter["properties"]) == ["apiVersion", "kind", "metadata", "spec"]
    assert meter["x-kubernetes-group-version-kind"] == [
        {"group": "lab.example", "kind": "Meter", "version": "v1"}
    ]
    assert meter["x-kubernetes-selectable-fields"] == [{"fieldPath": "spec.unit"}]
    assert schemas[f"{NAME}List"]["properties"]["items"]["items"] == {
        "allOf": [{"$ref": f"#/components/schemas/{NAME}"}]
    }
    patch = document["paths"]["/apis/lab.example/v1/namespaces/{namespace}/meters/{name}"]["patch"]
    assert "application/strategic-merge-patch+json" not in patch["requestBody"]["content"]


def test_the_older_form_leaves_out_what_it_has_no_words_for(http) -> None:
    document = http.get("/openapi/v2").json()
    assert document["swagger"] == "2.0"
    assert document["definitions"][NAME]["properties"]["spec"] == {
        "type": "object",
        "required": ["unit"],
        "properties": {
            "unit": {"type": "string"},
            "note": {},
            "free": {"x-kubernetes-preserve-unknown-fields": True},
        },
    }
    pod = document["definitions"]["io.k8s.api.core.v1.Pod"]
    assert pod["properties"]["spec"] == {"$ref": "#/definitions/io.k8s.api.core.v1.PodSpec"}
    assert document["definitions"]["io.k8s.apimachinery.pkg.api.resource.Quantity"] == {"type": "string"}


@pytest.mark.parametrize("sign", [".", "@"])
def test_the_older_form_is_sent_as_protobuf_to_those_who_ask_for_it(http, sign: str) -> None:
    accept = f"application/com.github.proto-openapi.spec.v2{sign}v1.0+protobuf"
    answer = http.get("/openapi/v2", headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["etag"] == http.get("/openapi/v2").headers["etag"]
    assert answer.content.startswith(b"\x0a\x032.0\x12")
    assert b"io.k8s.api.core.v1.Pod" in answer.content
    assert NAME.encode() in answer.content


def test_the_older_form_is_not_sent_in_words_that_it_does_not_have(http) -> None:
    answer = http.get("/openapi/v2", headers={"Accept": "text/html, application/yaml"})
    assert (answer.status_code, answer.content) == (406, b"")


def test_the_older_form_names_no_defaults(http) -> None:
    definitions = http.get("/openapi/v2").json()["definitions"]
    assert definitions["io.k8s.api.core.v1.ServicePort"]["properties"]["protocol"]["type"] == "string"
    assert "default" not in definitions["io.k8s.api.core.v1.ServicePort"]["properties"]["protocol"]


def test_every_reference_of_the_older_form_leads_somewhere(http) -> None:
    document = http.get("/openapi/v2").json()

    def references(value: Any):
        if isinstance(value, dict):
            for name, one in value.items():
                if name == "$ref" and isinstance(one, str):
                    yield one
                else:
                    yield from references(one)
        elif isinstance(value, list):
            for one in value:
                yield from references(one)

    unknown = set(references(document)) - {f"#/definitions/{name}" for name in document["definitions"]}
    assert unknown == set()


@pytest.mark.parametrize(
    "path", ["/openapi/v2", "/openapi/v3/apis/lab.example/v1", "/openapi/v3/apis/apps/v1"]
)
def test_a_document_is_sent_again_only_when_it_has_changed(http, path: str) -> None:
    first = http.get(path)
    tag = first.headers["etag"]
    again = http.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert http.get(path, headers={"If-None-Match": '"OTHER"'}).content == first.content


def test_a_serving_lab_has_an_api_server_at_an_address(http) -> None:
    endpoints = http.get("/api/v1/namespaces/default/endpoints/kubernetes").json()
    slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
    endpoint_slice = http.get(slices).json()
    addresses = [one["ip"] for one in endpoints["subsets"][0]["addresses"]]
    assert addresses == endpoint_slice["endpoints"][0]["addresses"]
    assert endpoints["subsets"][0]["ports"][0]["port"] == endpoint_slice["ports"][0]["port"] == 6443
    service_range = http.get("/apis/networking.k8s.io/v1/servicecidrs/kubernetes").json()
    assert service_range["spec"] == {"cidrs": ["10.96.0.0/12"]}
    assert [(one["type"], one["status"]) for one in service_range["status"]["conditions"]] == [
        ("Ready", "True")
    ]
