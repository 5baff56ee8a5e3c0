"""What few clients look at: timeouts in the URL, hashes in discovery, tables in watches."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.cluster.request import Request, Response
from k8slab.lab import Lab

CORE = "/api/v1/namespaces/default"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: foos.lab.example}
spec:
  group: lab.example
  scope: Namespaced
  names: {plural: foos, singular: foo, kind: Foo}
  versions:
    - &version
      name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
      additionalPrinterColumns:
        - {name: A, type: string, jsonPath: .spec.a}
        - {name: D, type: date, jsonPath: .metadata.creationTimestamp}
    - {<<: *version, name: v2, storage: false}
"""


@pytest.fixture(scope="module")
def lab() -> Lab:
    made = Lab(1)
    made.apply(DEFINITION)
    made.settle()
    return made


def get(lab: Lab, path: str, accept: str = "", **more: Any) -> Response:
    path, _, text = path.partition("?")
    query = dict(pair.split("=", 1) for pair in text.split("&")) if text else {}
    return lab.request(Request("GET", path, query, {"Accept": accept} if accept else {}, **more))


REFUSED = "invalid timeout specified in the request URL - time: "
TIMEOUTS = [
    pytest.param("/version?timeout=invalid", f'{REFUSED}invalid duration "invalid"', id="no-duration"),
    pytest.param("/api/v1/nodes?timeout=1x", f'{REFUSED}unknown unit "x" in duration "1x"', id="no-unit"),
    pytest.param("/api/v1/nodes?timeout=5", f'{REFUSED}missing unit in duration "5"', id="a-number"),
    pytest.param(f"{CORE}/pods?timeout=-3s", "", id="a-negative-one"),
    pytest.param("/version?timeout=3m", "", id="a-long-one"),
    pytest.param("/api/v1/nodes?watch=1&timeout=zz", "", id="of-a-watch"),
]


@pytest.mark.parametrize(("path", "message"), TIMEOUTS)
def test_a_timeout_is_a_duration(lab: Lab, path: str, message: str) -> None:
    response = get(lab, path)
    assert (response.code, (response.body or {}).get("message", "") if message else "") == (
        400 if message else 200,
        message,
    )


def test_a_timeout_is_looked_at_before_anybody_is_known(lab: Lab) -> None:
    headers = {"Authorization": "Bearer wrong"}
    assert lab.request(Request("GET", "/version", {"timeout": "1"}, headers)).code == 400


HASHES = [
    pytest.param("/apis/apps/v1", "daemonsets", "dd7pWHUlMKQ=", id="as-it-is-served"),
    pytest.param("/apis/autoscaling/v1", "horizontalpodautoscalers", "qwQve8ut294=", id="in-another-version"),
    pytest.param("/apis/events.k8s.io/v1", "events", "r2yiGXH7wu8=", id="in-another-group"),
    pytest.param(
        "/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", "jfWCUB31mvA=", id="a-definition"
    ),
    pytest.param("/apis/lab.example/v1", "foos", "CqONtwXVp8c=", id="of-a-definition"),
    pytest.param("/apis/lab.example/v2", "foos", "CqONtwXVp8c=", id="of-a-definition-in-another-version"),
    pytest.param("/apis/apps/v1", "daemonsets/status", None, id="a-subresource"),
    pytest.param("/api/v1", "bindings", None, id="what-is-not-stored"),
    pytest.param("/api/v1", "componentstatuses", None, id="what-is-only-read"),
]


@pytest.mark.parametrize(("path", "name", "expected"), HASHES)
def test_discovery_tells_in_which_version_a_kind_is_stored(
    lab: Lab, path: str, name: str, expected: str | None
) -> None:
    resources: list[Obj] = get(lab, path).body["resources"]
    found = next(one for one in resources if one["name"] == name)
    assert found.get("storageVersionHash") == expected


ANNOTATED = {"annotations": {"k8s.io/initial-events-end": "true"}}
BOOKMARKS = [
    pytest.param(f"{CORE}/secrets", ["", "", 0, "<unknown>"], id="of-a-built-in-kind"),
    pytest.param("/apis/apps/v1/deployments", ["", "0/0", 0, 0, "<unknown>", "", "", ""], id="of-another"),
    pytest.param("/apis/lab.example/v1/foos", ["", None, None], id="of-a-custom-kind"),
]


@pytest.mark.parametrize(("path", "cells"), BOOKMARKS)
def test_a_bookmark_of_a_watch_as_tables_is_a_table(lab: Lab, path: str, cells: list[Any]) -> None:
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    event = get(lab, f"{path}?{query}", TABLE).body[-1]
    table = event["object"]
    version = table["metadata"]["resourceVersion"]
    held = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    assert (event["type"], table["kind"]) == ("BOOKMARK", "Table")
    assert len(table["columnDefinitions"]) == len(cells)
    assert table["rows"] == [
        {"cells": cells, "object": {**held, "metadata": {"resourceVersion": version, **ANNOTATED}}}
    ]


EMBEDDING = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: embs.lab.example}
spec:
  group: lab.example
  scope: Namespaced
  names: {plural: embs, singular: emb, kind: Emb}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                template:
                  type: object
                  x-kubernetes-embedded-resource: true
                  properties: {spec: {type: object, properties: {a: {type: string}}}}
                list:
                  type: array
                  items:
                    type: object
                    x-kubernetes-embedded-resource: true
                    x-kubernetes-preserve-unknown-fields: true
"""
HANDLED = 'Emb in version "v1" cannot be handled as a Emb: '
SUB: Obj = {"apiVersion": "foo/v1", "kind": "Sub"}
STRICT = [
    pytest.param(
        {
            "template": {**SUB, "metadata": {"name": "s", "bad": "b"}, "spec": {"zz": 1}},
            "list": [{**SUB, "metadata": {"bad": 1}, "more": 1}],
        },
        f'{HANDLED}strict decoding error: unknown field "spec.template.spec.zz", unknown field '
        '"spec.list[0].metadata.bad", unknown field "spec.template.metadata.bad"',
        id="unknown-fields",
    ),
    pytest.param(
        {"template": {**SUB, "metadata": {"name": "s", "labels": 5}}},
        f'{HANDLED}spec.template.metadata: Invalid value: {{"labels":5,"name":"s"}}: json: cannot unmarshal '
        "number into Go struct field ObjectMeta.labels of type map[string]string",
        id="a-field-of-another-type",
    ),
    pytest.param(
        {"template": {**SUB, "metadata": 7}},
        f"{HANDLED}spec.template.metadata: Invalid value: 7: json: cannot unmarshal number into Go value of "
        "type v1.ObjectMeta",
        id="no-object",
    ),
]


def embed(lab: Lab, spec: Obj, validation: str) -> Response:
    body = {"apiVersion": "lab.example/v1", "kind": "Emb", "metadata": {"name": "x"}, "spec": spec}
    path = "/apis/lab.example/v1/namespaces/default/embs"
    query = {"fieldValidation": validation, "dryRun": "All"}
    return lab.request(Request("POST", path, query, {"Content-Type": "application/json"}, body))


@pytest.mark.parametrize(("spec", "message"), STRICT)
def test_the_metadata_of_an_embedded_object_is_read_strictly(lab: Lab, spec: Obj, message: str) -> None:
    other = lab.fork()
    other.apply(EMBEDDING)
    other.settle()
    response = embed(other, spec, "Strict")
    assert (response.code, response.body["message"]) == (400, message)


def test_an_embedded_object_keeps_the_metadata_of_objects_alone(lab: Lab) -> None:
    other = lab.fork()
    other.apply(EMBEDDING)
    other.settle()
    spec = {"template": {**SUB, "metadata": {"name": "s", "namespace": "n", "bad": "b"}}}
    response = embed(other, spec, "Warn")
    assert response.body["spec"]["template"]["metadata"] == {"name": "s", "namespace": "n"}
    assert response.warnings == ('unknown field "spec.template.metadata.bad"',)


FOOS = "/apis/lab.example/v1/namespaces/default/foos"
NO_PAGE = "404 page not found\n"
REFUSALS = [
    pytest.param("GET", f"{FOOS}/x/status", 404, 'foos.lab.example "x" not found', id="no-such-subresource"),
    pytest.param("POST", f"{FOOS}/x/odd/er", 404, 'foos.lab.example "x" not found', id="a-deeper-one"),
    pytest.param("PUT", FOOS, 400, "name must be provided", id="a-collection-can-not-be-put"),
    pytest.param("PATCH", FOOS, 400, "name must be provided", id="nor-patched"),
    pytest.param("GET", "/apis/lab.example/v1/foos/x", 404, NO_PAGE, id="an-object-in-no-namespace"),
    pytest.param("POST", "/apis/lab.example/v1/foos", 404, NO_PAGE, id="nor-is-one-made-there"),
    pytest.param("GET", "/apis/lab.example/v1/bars", 404, NO_PAGE, id="another-kind-of-the-group"),
    pytest.param("GET", "/apis/lab.example/v9/foos", 404, NO_PAGE, id="another-version"),
]


@pytest.mark.parametrize(("method", "path", "code", "text"), REFUSALS)
def test_a_custom_kind_has_its_own_refusals(lab: Lab, method: str, path: str, code: int, text: str) -> None:
    """As recorded from a v1.36.2 control plane."""
    body = None if method == "GET" else {"metadata": {"name": "x"}}
    headers = {"Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
    response = lab.request(Request(method, path, {}, headers, body))
    found = response.body if isinstance(response.body, str) else response.body["message"]
    assert (response.code, found) == (code, text)


def test_a_name_behind_a_collection_does_not_keep_a_custom_object_from_being_made(lab: Lab) -> None:
    body = {"apiVersion": "lab.example/v1", "kind": "Foo", "metadata": {"name": "made"}}
    fork = lab.fork()
    response = fork.request(Request("POST", f"{FOOS}/other", {}, {"Content-Type": "application/json"}, body))
    assert (response.code, response.body["metadata"]["name"]) == (201, "made")


def test_checks_of_health_are_told_in_the_order_in_which_the_server_adds_them(lab: Lab) -> None:
    lines = get(lab, "/readyz?verbose=").body.splitlines()
    assert lines[:4] == [
        "[+]ping ok",
        "[+]log ok",
        "[+]informer-sync ok",
        "[+]poststarthook/start-apiserver-admission-initializer ok",
    ]
    assert lines[-6:] == [
        "[+]poststarthook/kube-apiserver-autoregistration ok",
        "[+]autoregister-completion ok",
        "[+]poststarthook/apiservice-openapi-controller ok",
        "[+]poststarthook/apiservice-openapiv3-controller ok",
        "[+]shutdown ok",
        "readyz check passed",
    ]


# Lists and maps with nothing in them: judged as they were sent, never stored.

POD_TEMPLATE = {"metadata": {"labels": {}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
MISMATCH = "`selector` does not match template `labels`"
EMPTY = [
    pytest.param(
        "/apis/apps/v1/namespaces/default/replicasets",
        {"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": POD_TEMPLATE}},
        f"spec.template.metadata.labels: Invalid value: {{}}: {MISMATCH}",
        id="labels-as-a-message-tells-them",
    ),
    pytest.param(
        f"{CORE}/limitranges", {"spec": {"limits": []}}, {"f:spec": {"f:limits": {}}}, id="a-list-is-owned"
    ),
    pytest.param(
        f"{CORE}/services",
        {"spec": {"selector": {}, "ports": [{"port": 80}], "externalIPs": []}},
        {
            "f:spec": {
                "f:internalTrafficPolicy": {},
                "f:ports": {
                    ".": {},
                    'k:{"port":80,"protocol":"TCP"}': {
                        ".": {},
                        "f:port": {},
                        "f:protocol": {},
                        "f:targetPort": {},
                    },
                },
                "f:sessionAffinity": {},
                "f:type": {},
            }
        },
        id="what-go-leaves-out-is-not",
    ),
]


@pytest.mark.parametrize(("path", "body", "expected"), EMPTY)
def test_empty_collections(lab: Lab, path: str, body: Obj, expected: Any) -> None:
    body = {"metadata": {"name": "empty"}, **body}
    answer = lab.request(Request("POST", path, {"dryRun": "All"}, {}, body)).body
    if isinstance(expected, str):
        assert expected in answer["message"]
    else:
        assert answer["metadata"]["managedFields"][0]["fieldsV1"] == expected


def test_an_update_with_empty_collections_changes_nothing(lab: Lab) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments"
    template = {**POD_TEMPLATE, "metadata": {"labels": {"app": "x"}}}
    body: Obj = {"metadata": {"name": "same"}, "spec": {"selector": {"matchLabels": {"app": "x"}}}}
    body["spec"]["template"] = template
    lab.request(Request("POST", path, {}, {}, body))
    body["spec"]["template"] = {**template, "spec": {**template["spec"], "volumes": [], "nodeSelector": {}}}
    answer = lab.request(Request("PUT", f"{path}/same", {}, {}, body))
    assert (answer.code, answer.body["metadata"]["generation"]) == (200, 1)
    assert "volumes" not in answer.body["spec"]["template"]["spec"]
