from __future__ import annotations

import json
import os
import socket
import stat
import time

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8slab.api import schema
from k8slab.lab import Lab
from k8slab.server import protobuf, serve

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture(scope="module")
def served():
    lab = Lab(2)
    with serve(lab, live=False, token="secret") as serving:
        headers = {"Authorization": "Bearer secret"}
        with httpx.Client(base_url=serving.url, headers=headers, timeout=60) as http:
            yield lab, serving, http
        assert serving.app.faults == []


UNAUTHORIZED = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "Unauthorized",
    "reason": "Unauthorized",
    "code": 401,
}


@pytest.mark.parametrize(
    "path, headers",
    [
        pytest.param(PODS, {"Authorization": "Bearer wrong"}, id="wrong token"),
        pytest.param(f"/token/wrong{PODS}", {}, id="wrong secret in the path"),
        pytest.param(
            f"/token/wrong{PODS}", {"Authorization": "Bearer secret"}, id="wrong secret, right token"
        ),
    ],
)
def test_with_bad_credentials(served, path: str, headers: dict[str, str]) -> None:
    _, serving, _ = served
    answer = httpx.get(serving.url + path, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


@pytest.mark.parametrize(
    "path, headers",
    [
        pytest.param(PODS, {}, id="no credentials"),
        pytest.param(PODS, {"Authorization": "Basic c2VjcmV0"}, id="not a bearer token"),
        pytest.param("/openapi/v3", {}, id="documents"),
        pytest.param("/metrics", {}, id="figures"),
    ],
)
def test_the_anonymous_user_may_see_next_to_nothing(served, path: str, headers: dict[str, str]) -> None:
    _, serving, _ = served
    answer = httpx.get(serving.url + path, headers=headers, timeout=60)
    assert answer.status_code == 403
    assert 'User "system:anonymous" cannot ' in answer.json()["message"]


def test_the_anonymous_user_may_not_impersonate(served) -> None:
    _, serving, _ = served
    headers = {"Impersonate-User": "admin", "Impersonate-Group": "system:masters"}
    assert httpx.get(serving.url + PODS, headers=headers, timeout=60).status_code == 403


def test_good_credentials(served) -> None:
    _, serving, http = served
    assert http.get(PODS).status_code == 200
    assert httpx.get(f"{serving.url}/token/secret{PODS}", timeout=60).status_code == 200
    assert httpx.get(f"{serving.url}/readyz", timeout=60).text == "ok"


def test_impersonation_is_judged_by_roles(served) -> None:
    _, _, http = served
    answer = http.get(PODS, headers={"Impersonate-User": "stranger"})
    assert answer.status_code == 403
    assert 'User "stranger" cannot list resource "pods"' in answer.json()["message"]


def test_the_token_of_a_service_account_is_that_account(served) -> None:
    _, serving, http = served
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    made = http.post("/api/v1/namespaces/default/serviceaccounts/default/token", json=review)
    token = made.json()["status"]["token"]
    answer = httpx.get(serving.url + PODS, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert answer.status_code == 403
    assert "system:serviceaccount:default:default" in answer.json()["message"]


def test_a_body_of_more_than_three_mebibytes(served) -> None:
    _, _, http = served
    answer = http.post(
        PODS, content=b"x" * (3 * 1024 * 1024 + 1), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["reason"]) == (413, "RequestEntityTooLarge")


def test_a_client_that_goes_away_in_the_middle_of_its_body_harms_nobody(served) -> None:
    _, serving, http = served
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", serving.port)) as connection:
            head = f"POST {PODS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n"
            connection.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
    assert http.get(PODS).status_code == 200


def test_a_warning_travels_as_a_header(served) -> None:
    _, _, http = served
    pod = {"metadata": {"name": "odd"}, "spec": {"containers": [{"name": "c", "image": "nginx"}], "zzz": 1}}
    answer = http.post(PODS, json=pod)
    assert answer.status_code == 201
    assert answer.headers["warning"] == '299 - "unknown field \\"spec.zzz\\""'


def test_yaml_in_and_out(served) -> None:
    _, _, http = served
    body = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: plain\ndata:\n  a: b\n"
    headers = {"Content-Type": "application/yaml", "Accept": "application/yaml"}
    answer = http.post("/api/v1/namespaces/default/configmaps", content=body, headers=headers)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/yaml"
    assert answer.text.startswith("apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\n")


def test_protobuf_in_and_out(served) -> None:
    _, _, http = served
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "binary", "labels": {"a": "b"}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "c",
                    "image": "nginx",
                    "resources": {"requests": {"cpu": "100m"}},
                    "livenessProbe": {"httpGet": {"port": "http"}, "periodSeconds": 5},
                    "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                }
            ],
            "volumes": [{"name": "v", "configMap": {"name": "m", "defaultMode": 420}}],
        },
    }
    content = protobuf.encode_envelope(pod)
    assert protobuf.decode_envelope(content) == pod
    headers = {"Content-Type": protobuf.MEDIA_TYPE, "Accept": protobuf.MEDIA_TYPE}
    answer = http.post(PODS, content=content, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (201, protobuf.MEDIA_TYPE)
    plain = http.get(f"{PODS}/binary").json()
    assert plain["spec"]["volumes"][0] == pod["spec"]["volumes"][0]
    told = protobuf.decode_envelope(answer.content)
    assert told["metadata"]["uid"] == plain["metadata"]["uid"]
    assert told["spec"]["containers"][0]["livenessProbe"]["httpGet"]["port"] == "http"


def test_every_listed_kind_can_be_told_in_protobuf(served) -> None:
    _, _, http = served
    for path in ("/api/v1/nodes", "/api/v1/namespaces", "/api/v1/services", "/api/v1/serviceaccounts"):
        plain = http.get(path).json()
        answer = http.get(path, headers={"Accept": protobuf.MEDIA_TYPE})
        assert answer.status_code == 200, answer.text
        told = protobuf.decode_envelope(answer.content)
        assert [one["metadata"]["name"] for one in told["items"]] == [
            one["metadata"]["name"] for one in plain["items"]
        ]


def test_the_fields_of_messages_are_those_of_json() -> None:
    unknown = [
        (message, field.name)
        for message in protobuf.message_names()
        if schema.has_type(message) and schema.type_named(message).is_struct
        for field in protobuf.fields_of(message)
        if not field.inline and field.name not in schema.type_named(message).fields
    ]
    assert unknown == []


def test_a_definition_survives_protobuf() -> None:
    properties = {
        "any": {"x-kubernetes-preserve-unknown-fields": True, "default": {"a": [1, None]}},
        "count": {"type": "integer", "minimum": 1, "enum": [1, 2]},
        "list": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "open": {"type": "object", "additionalProperties": True},
    }
    validations = [{"rule": "self.count > 0", "message": "too few"}]
    schema_ = {"type": "object", "properties": properties, "x-kubernetes-validations": validations}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema_}}
    names = {"plural": "foos", "kind": "Foo"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]},
    }
    assert protobuf.decode_envelope(protobuf.encode_envelope(definition)) == definition


def test_a_table_can_not_be_told_in_protobuf(served) -> None:
    _, _, http = served
    accept = f"{protobuf.MEDIA_TYPE};as=Table;v=v1;g=meta.k8s.io"
    assert http.get("/api/v1/nodes", headers={"Accept": accept}).status_code == 406


def test_metrics_count_what_happened(served) -> None:
    lab, _, http = served
    text = http.get("/metrics").text
    assert 'apiserver_storage_objects{resource="nodes"} 2\n' in text
    assert f"k8slab_store_revision {lab.world.store.revision}\n" in text


def test_every_document_of_the_index_is_there_and_complete(served) -> None:
    _, serving, http = served
    index = http.get("/openapi/v3").json()["paths"]
    assert "apis/apps/v1" in index
    for place in index.values():
        document = httpx.get(serving.url + place["serverRelativeURL"], timeout=60).json()
        schemas = document["components"]["schemas"]
        references = json.dumps(document).split('"$ref": "#/components/schemas/')[1:]
        assert {one.split('"')[0] for one in references} <= set(schemas)
        for path, operations in document["paths"].items():
            names = [one["name"] for one in operations.get("patch", {}).get("parameters", ())]
            assert "fieldValidation" in names or "patch" not in operations, path


def test_serving_sets_the_environment_and_puts_it_back(monkeypatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/before")
    monkeypatch.delenv("KUBECACHEDIR", raising=False)
    with serve(Lab(1), live=False) as serving:
        assert os.environ["KUBECONFIG"] == serving.kubeconfig
        assert stat.S_IMODE(os.stat(serving.kubeconfig).st_mode) == 0o600
        assert serving.url in repr(serving)
    assert os.environ["KUBECONFIG"] == "/before"
    assert "KUBECACHEDIR" not in os.environ
    assert not os.path.exists(serving.kubeconfig)
    serving.close()


def test_time_follows_the_wall_while_it_is_live() -> None:
    lab = Lab(1)
    with serve(lab, speed=100):
        before, real = lab.now, time.monotonic()
        lab.run("10m")
        jumped = lab.now
        time.sleep(0.3)
    passed = lab.now - jumped
    assert jumped - before >= 600
    assert 15 <= passed <= 100 * (time.monotonic() - real)


def test_https_with_a_certificate_of_its_own() -> None:
    pytest.importorskip("cryptography")
    with serve(Lab(1), live=False, tls=True) as serving:
        assert serving.kubectl("get", "nodes", "-o", "name").stdout == "node/node-1\n"
        assert serving.kubectl("create", "configmap", "a").returncode == 0


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "NONSENSE")
PLACES = (
    "/",
    "/api",
    "/apis",
    "/api/v1/pods",
    PODS,
    f"{PODS}/x",
    f"{PODS}/x/log",
    f"{PODS}/x/exec",
    f"{PODS}/x/scale",
    "/apis/apps/v1/namespaces/default/deployments/web/scale",
    "/apis/apps/v1/deployments",
    "/apis/nonsense/v9/things",
    "/openapi/v3/apis/apps/v1",
    "/api/v1/namespaces/default/bindings",
    "/api/v1/watch/pods",
    "/token/",
    "//",
    "/api/v1/nodes/node-1/status",
)
CONTENT_TYPES = (
    "",
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
    "text/plain",
)
QUERIES = (
    "limit", "continue", "labelSelector", "fieldSelector", "resourceVersion", "dryRun", "fieldManager",
    "force", "gracePeriodSeconds", "propagationPolicy", "tailLines", "container", "pretty", "fieldValidation",
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "kind", "apiVersion", "name", "labels", "op", "path", "value"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
bodies = st.one_of(
    st.binary(max_size=60),
    st.binary(max_size=60).map(lambda data: protobuf.MAGIC + data),
    json_values.map(lambda value: json.dumps(value).encode()),
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(METHODS),
    place=st.sampled_from(PLACES),
    content_type=st.sampled_from(CONTENT_TYPES),
    query=st.dictionaries(st.sampled_from(QUERIES), st.text(max_size=8), max_size=3),
    body=bodies,
)
def test_nonsense_is_refused_and_breaks_nothing(served, method, place, content_type, query, body) -> None:
    _, serving, http = served
    headers = {"Content-Type": content_type} if content_type else {}
    answer = http.request(method, place, params=query, headers=headers, content=body)
    assert not serving.app.faults
    if answer.status_code >= 500:
        assert answer.json()["kind"] == "Status"
        assert "panic" not in answer.text


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\r\n\r\n", id="empty lines"),
        pytest.param(b"GET\r\n\r\n", id="no path"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="a TLS handshake"),
        pytest.param(b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", id="a negative length"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="a bad chunk"),
        pytest.param(b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", id="an endless path"),
    ],
)
def test_bytes_that_are_no_request(served, raw: bytes) -> None:
    _, serving, http = served
    with socket.create_connection(("127.0.0.1", serving.port), timeout=60) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(65536)
    assert http.get(PODS).status_code == 200


PARTS = "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


@pytest.mark.parametrize(
    "accept, is_binary",
    [
        pytest.param(f"{protobuf.MEDIA_TYPE};{PARTS},application/json;{PARTS}", True, id="metadata"),
        pytest.param(f"application/json;{PARTS},{protobuf.MEDIA_TYPE};{PARTS}", False, id="rather as JSON"),
        pytest.param(f"{protobuf.MEDIA_TYPE},application/json", False, id="whole objects"),
    ],
)
def test_metadata_alone_comes_in_protobuf_where_that_is_preferred(
    served, accept: str, is_binary: bool
) -> None:
    _, _, http = served
    answer = http.get("/api/v1/nodes", headers={"Accept": accept})
    assert answer.content.startswith(protobuf.MAGIC) == is_binary


def test_answers_name_the_flow_of_their_request(served) -> None:
    lab, serving, http = served
    answer = http.get("/version", headers={"Impersonate-User": "foo"})
    found = [answer.headers[f"x-kubernetes-pf-{name}-uid"] for name in ("flowschema", "prioritylevel")]
    kinds = ("flowschema", "prioritylevelconfiguration")
    assert found == [lab.get(f"{kind}/global-default")["metadata"]["uid"] for kind in kinds]
    assert (
        "x-kubernetes-pf-flowschema-uid"
        not in httpx.get(serving.url + PODS, headers={"Authorization": "Bearer wrong"}, timeout=60).headers
    )
    assert 'nominal_limit_seats{priority_level="system"} 74' in http.get("/metrics").text
