"""Custom kinds of two versions between which a webhook in a Pod of the lab converts."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.cluster.request import Request, Response
from k8slab.lab import Lab

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PLACES = "/apis/stable.example.com/{version}/namespaces/default/places"
TEXT = {"type": "string"}


def send(lab: Lab, method: str, path: str, body: Any = None, **query: str) -> Response:
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    return lab.request(Request(method, path, query, {"Content-Type": kind}, body))


def version(name: str, *, storage: bool, **properties: Obj) -> Obj:
    schema = {"type": "object", "properties": properties}
    fields = [{"jsonPath": f".{field}"} for field in properties]
    return {
        "name": name,
        "served": True,
        "storage": storage,
        "schema": {"openAPIV3Schema": schema},
        "selectableFields": fields,
    }


def versions(stored: str) -> list[Obj]:
    return [
        version("v1", storage=stored == "v1", hostPort=TEXT),
        version("v2", storage=stored == "v2", host=TEXT, port=TEXT),
    ]


def definition(*, path: str = "/crdconvert", service: str = "hook") -> Obj:
    reference = {"namespace": "default", "name": service, "port": 443, "path": path}
    config = {"service": reference, "caBundle": "eA=="}
    webhook = {"clientConfig": config, "conversionReviewVersions": ["v1", "v1beta1"]}
    return {
        "metadata": {"name": "places.stable.example.com"},
        "spec": {
            "group": "stable.example.com",
            "names": {"kind": "Place", "plural": "places"},
            "scope": "Namespaced",
            "versions": versions("v1"),
            "conversion": {"strategy": "Webhook", "webhook": webhook},
        },
    }


@pytest.fixture(scope="module")
def prepared() -> Lab:
    """A lab in which the webhook runs."""
    lab = Lab(1)
    container: Obj = {"name": "c", "image": "registry.k8s.io/e2e-test-images/agnhost:2.59"}
    container["args"] = ["crd-conversion-webhook", "--port=9444"]
    probe = {"scheme": "HTTPS", "port": 9444, "path": "/readyz"}
    container["readinessProbe"] = {"httpGet": probe, "periodSeconds": 1}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "hook", "labels": {"app": "hook"}}}
    lab.apply([{**pod, "spec": {"containers": [container]}}])
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook"}}
    ports = [{"port": 443, "targetPort": 9444}]
    lab.apply([{**service, "spec": {"selector": {"app": "hook"}, "ports": ports}}])
    lab.settle()
    return lab


@pytest.fixture
def lab(prepared: Lab) -> Lab:
    lab = prepared.fork()
    assert send(lab, "POST", DEFINITIONS, definition()).code == 201
    return lab


def place(name: str, which: str, **fields: Any) -> Obj:
    return {
        "apiVersion": f"stable.example.com/{which}",
        "kind": "Place",
        "metadata": {"name": name, "labels": {"a": "b"}},
        **fields,
    }


def created(lab: Lab, obj: Obj) -> Response:
    return send(lab, "POST", PLACES.format(version=obj["apiVersion"].rpartition("/")[2]), obj)


def fields_of(obj: Obj) -> Obj:
    return {name: value for name, value in obj.items() if name not in ("metadata", "kind")}


def test_an_object_of_one_version_is_read_in_another(lab: Lab) -> None:
    assert created(lab, place("p", "v1", hostPort="localhost:8080")).code == 201
    found = send(lab, "GET", f"{PLACES.format(version='v2')}/p").body
    assert fields_of(found) == {"apiVersion": "stable.example.com/v2", "host": "localhost", "port": "8080"}
    assert found["metadata"]["labels"] == {"a": "b"}


def test_an_object_is_stored_in_the_storage_version_however_it_comes(lab: Lab) -> None:
    answer = created(lab, place("p", "v2", host="lab", port="1"))
    assert (answer.code, answer.body["host"]) == (201, "lab")
    stored = lab.world.get("Place", ("default", "p"))
    assert stored is not None
    assert fields_of(stored) == {"apiVersion": "stable.example.com/v1", "hostPort": "lab:1"}


def test_a_patch_speaks_of_the_version_it_is_sent_in(lab: Lab) -> None:
    created(lab, place("p", "v1", hostPort="lab:1"))
    answer = send(lab, "PATCH", f"{PLACES.format(version='v2')}/p", {"port": "2"})
    assert (answer.code, answer.body["port"]) == (200, "2")
    assert send(lab, "GET", f"{PLACES.format(version='v1')}/p").body["hostPort"] == "lab:2"


def test_a_list_of_objects_stored_in_two_versions(lab: Lab) -> None:
    created(lab, place("p", "v1", hostPort="localhost:8080"))
    patch = {"spec": {"versions": versions("v2")}}
    assert send(lab, "PATCH", f"{DEFINITIONS}/places.stable.example.com", patch).code == 200
    created(lab, place("q", "v1", hostPort="localhost:8080"))
    stored = [lab.world.get("Place", ("default", name)) for name in "pq"]
    assert [(obj or {})["apiVersion"][-2:] for obj in stored] == ["v1", "v2"]
    for which, fields in (
        ("v1", {"hostPort": "localhost:8080"}),
        ("v2", {"host": "localhost", "port": "8080"}),
    ):
        items = send(lab, "GET", PLACES.format(version=which)).body["items"]
        wanted = {"apiVersion": f"stable.example.com/{which}", **fields}
        assert [fields_of(obj) for obj in items] == [wanted, wanted]


def test_fields_are_selected_by_their_names_in_the_version_asked_for(lab: Lab) -> None:
    created(lab, place("p", "v1", hostPort="one:80"))
    created(lab, place("q", "v2", host="two", port="80"))
    found = send(lab, "GET", PLACES.format(version="v2"), fieldSelector="host=two,port=80").body["items"]
    assert [obj["metadata"]["name"] for obj in found] == ["q"]
    found = send(lab, "GET", PLACES.format(version="v1"), fieldSelector="hostPort=one:80").body["items"]
    assert [obj["metadata"]["name"] for obj in found] == ["p"]


def test_a_watch_is_told_of_objects_in_its_version(lab: Lab) -> None:
    created(lab, place("p", "v1", hostPort="one:80"))
    response = send(lab, "GET", PLACES.format(version="v2"), watch="1", resourceVersion="0")
    assert [event["object"]["host"] for event in response.body] == ["one"]


def test_what_the_webhook_cannot_convert_is_told_in_its_words(lab: Lab) -> None:
    created(lab, place("p", "v1", hostPort="nothing"))
    answer = send(lab, "GET", f"{PLACES.format(version='v2')}/p")
    text = "conversion webhook for stable.example.com/v1, Kind=Place failed: invalid hostPort value `nothing`"
    assert (answer.code, answer.body["message"]) == (500, text)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"service": "none"}, 'service "none" not found', id="no Service"),
        pytest.param(
            {"path": "/elsewhere"},
            "the server rejected our request for an unknown reason (404)",
            id="another path",
        ),
    ],
)
def test_a_webhook_that_cannot_be_asked(prepared: Lab, changed: dict[str, str], said: str) -> None:
    lab = prepared.fork()
    assert send(lab, "POST", DEFINITIONS, definition(**changed)).code == 201
    answer = created(lab, place("p", "v2", host="lab"))
    assert answer.code == 500
    assert (
        answer.body["message"] == f"conversion webhook for stable.example.com/v2, Kind=Place failed: {said}"
    )


def test_the_version_of_storage_needs_no_webhook(prepared: Lab) -> None:
    lab = prepared.fork()
    send(lab, "POST", DEFINITIONS, definition(service="none"))
    assert created(lab, place("p", "v1", hostPort="lab:1")).code == 201
    assert send(lab, "GET", f"{PLACES.format(version='v1')}/p").code == 200
