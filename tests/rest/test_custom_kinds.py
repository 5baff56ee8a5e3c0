"""Kinds that definitions add: pruned, defaulted, judged and listed by their schema."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.cluster import assembly
from k8slab.cluster.request import Request, Response
from k8slab.cluster.rest import handle
from k8slab.cluster.world import World
from k8slab.timing import INSTANT

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
METERS = "/apis/lab.example/v1/namespaces/default/meters"
SCHEMA: Obj = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["level"],
            "properties": {
                "level": {"type": "integer", "minimum": 0, "maximum": 9},
                "mode": {"type": "string", "enum": ["on", "off"], "default": "on"},
                "unit": {"type": "string", "maxLength": 3, "pattern": "^[a-z]+$"},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "replicas": {"type": "integer"},
            },
        },
        "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
    },
}
METER: Obj = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "meters.lab.example"},
    "spec": {
        "group": "lab.example",
        "names": {"kind": "Meter", "plural": "meters", "shortNames": ["mt"]},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": SCHEMA},
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.replicas",
                        "statusReplicasPath": ".status.replicas",
                    },
                },
                "additionalPrinterColumns": [{"name": "Level", "type": "integer", "jsonPath": ".spec.level"}],
            }
        ],
    },
}


def send(
    world: World, method: str, path: str, body: Any = None, accept: str = "*/*", **query: str
) -> Response:
    patch = method == "PATCH"
    content_type = "application/merge-patch+json" if patch else "application/json"
    return handle(world, Request(method, path, query, {"Content-Type": content_type, "Accept": accept}, body))


@pytest.fixture
def world() -> World:
    made = World((), timing=INSTANT)
    assembly.bootstrap(made)
    response = send(made, "POST", DEFINITIONS, METER)
    assert response.code == 201, response.body
    return made


def meter(**spec: Any) -> Obj:
    return {"apiVersion": "lab.example/v1", "kind": "Meter", "metadata": {"name": "m"}, "spec": spec}


def test_unknown_fields_are_pruned_with_a_warning_and_defaults_filled_in(world: World) -> None:
    response = send(world, "POST", METERS, meter(level=1, colour="red", free={"any": [1]}))
    assert response.code == 201
    assert response.body["spec"] == {"level": 1, "free": {"any": [1]}, "mode": "on"}
    assert response.body["metadata"]["generation"] == 1
    assert response.warnings == ('unknown field "spec.colour"',)


def test_unknown_fields_are_refused_where_the_client_is_strict(world: World) -> None:
    response = send(world, "POST", METERS, meter(level=1, colour="red"), fieldValidation="Strict")
    assert (response.code, response.body["message"]) == (
        400,
        'Meter in version "v1" cannot be handled as a Meter: strict decoding error: '
        'unknown field "spec.colour"',
    )


FAULTS: dict[str, tuple[Obj, str]] = {
    "missing": ({}, "spec.level: Required value"),
    "type": (
        {"level": "high"},
        'spec.level: Invalid value: "string": spec.level in body must be of type integer: "string"',
    ),
    "minimum": (
        {"level": -1},
        "spec.level: Invalid value: -1: spec.level in body should be greater than or equal to 0",
    ),
    "maximum": (
        {"level": 10},
        "spec.level: Invalid value: 10: spec.level in body should be less than or equal to 9",
    ),
    "enum": (
        {"level": 1, "mode": "up"},
        'spec.mode: Unsupported value: "up": supported values: "on", "off"',
    ),
    "pattern": (
        {"level": 1, "unit": "K"},
        "spec.unit: Invalid value: \"K\": spec.unit in body should match '^[a-z]+$'",
    ),
    "length": ({"level": 1, "unit": "abcd"}, "spec.unit: Too long: may not be more than 3 bytes"),
}


@pytest.mark.parametrize(("spec", "text"), FAULTS.values(), ids=list(FAULTS))
def test_faults_are_worded_as_the_schema_validator_words_them(world: World, spec: Obj, text: str) -> None:
    response = send(world, "POST", METERS, meter(**spec))
    assert (response.code, response.body["message"]) == (422, f'Meter.lab.example "m" is invalid: {text}')


def test_status_and_spec_are_written_apart(world: World) -> None:
    made = send(world, "POST", METERS, {**meter(level=1, replicas=2), "status": {"replicas": 5}}).body
    assert "status" not in made
    changed = {**made, "spec": {"level": 2}, "status": {"replicas": 1}}
    status = send(world, "PUT", f"{METERS}/m/status", changed).body
    assert (status["spec"]["level"], status["status"]) == (1, {"replicas": 1})
    assert status["metadata"]["generation"] == 1
    version = status["metadata"]["resourceVersion"]
    changed = {**changed, "metadata": {**made["metadata"], "resourceVersion": version}, "status": {}}
    spec = send(world, "PUT", f"{METERS}/m", changed).body
    assert (spec["spec"]["level"], spec["status"]) == (2, {"replicas": 1})
    assert spec["metadata"]["generation"] == 2


def test_a_custom_kind_scales(world: World) -> None:
    send(world, "POST", METERS, meter(level=1, replicas=2))
    assert send(world, "GET", f"{METERS}/m/scale").body["spec"] == {"replicas": 2}
    scaled = send(world, "PATCH", f"{METERS}/m/scale", {"spec": {"replicas": 4}})
    assert (scaled.code, scaled.body["spec"]) == (200, {"replicas": 4})
    assert send(world, "GET", f"{METERS}/m").body["spec"]["replicas"] == 4


def test_replicas_below_zero_are_refused_as_the_object_is(world: World) -> None:
    send(world, "POST", METERS, meter(level=1, replicas=2))
    refused = send(world, "PATCH", f"{METERS}/m/scale", {"spec": {"replicas": -1}})
    fault = ".spec.replicas: Invalid value: -1: should be a non-negative integer"
    assert (refused.code, refused.body["message"]) == (422, f'Meter.lab.example "m" is invalid: {fault}')


def test_one_custom_object_is_no_list_of_metadata(world: World) -> None:
    send(world, "POST", METERS, meter(level=1))
    accepted = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    refused = send(world, "GET", f"{METERS}/m", accept=accepted)
    assert (refused.code, refused.body["message"]) == (500, "content is not a list")


def test_the_column_of_ages_is_described_where_a_definition_has_no_columns(world: World) -> None:
    define(world, of_spec(level={"type": "integer"}), additionalPrinterColumns=[])
    table = send(world, "GET", METERS, accept="application/json;as=Table;v=v1;g=meta.k8s.io").body
    assert table["columnDefinitions"][1]["description"].startswith("CreationTimestamp is a timestamp")


def test_each_version_judges_by_its_own_schema(world: World) -> None:
    stored = send(world, "GET", f"{DEFINITIONS}/meters.lab.example").body
    first = stored["spec"]["versions"][0]
    loose = {**first, "name": "v1beta1", "storage": False}
    loose["schema"] = {"openAPIV3Schema": of_spec(unit={"type": "string", "maxLength": 1})}
    changed = {**stored, "spec": {**stored["spec"], "versions": [first, loose]}}
    assert send(world, "PUT", f"{DEFINITIONS}/meters.lab.example", changed).code == 200
    old, new = METERS.replace("/v1/", "/v1beta1/"), METERS
    without_level = {**meter(unit="k"), "apiVersion": "lab.example/v1beta1"}
    assert send(world, "POST", old, without_level).code == 201
    assert send(world, "PATCH", f"{new}/m", {"spec": {"unit": "m"}}).code == 422
    refused = send(world, "PATCH", f"{old}/m", {"spec": {"unit": "km"}}).body["message"]
    assert refused == 'Meter.lab.example "m" is invalid: spec.unit: Too long: may not be more than 1 bytes'


def test_discovery_and_tables_know_a_custom_kind_until_its_definition_goes(world: World) -> None:
    send(world, "POST", METERS, meter(level=3))
    listed = send(world, "GET", "/apis/lab.example/v1").body["resources"]
    assert [one["name"] for one in listed] == ["meters", "meters/scale", "meters/status"]
    assert listed[0]["shortNames"] == ["mt"]
    table = send(world, "GET", METERS, accept="application/json;as=Table;v=v1;g=meta.k8s.io").body
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Level"]
    assert [row["cells"] for row in table["rows"]] == [["m", 3]]
    send(world, "DELETE", f"{DEFINITIONS}/meters.lab.example")
    assert send(world, "GET", METERS).code == 404


def test_a_strategic_patch_of_a_custom_kind_is_no_media_type(world: World) -> None:
    send(world, "POST", METERS, meter(level=3))
    headers = {"Content-Type": "application/strategic-merge-patch+json"}
    response = handle(world, Request("PATCH", f"{METERS}/m", {}, headers, b"{}"))
    assert (response.code, response.body["message"]) == (
        415,
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    )


# Read, selected and applied by the definition as it is now.


def define(world: World, schema: Obj, **version: Any) -> None:
    """Put another schema into the place of the Meters'."""
    stored = send(world, "GET", f"{DEFINITIONS}/meters.lab.example").body
    first = {**stored["spec"]["versions"][0], "schema": {"openAPIV3Schema": schema}, **version}
    changed = {**stored, "spec": {**stored["spec"], "versions": [first]}}
    response = send(world, "PUT", f"{DEFINITIONS}/meters.lab.example", changed)
    assert response.code == 200, response.body


def of_spec(**properties: Obj) -> Obj:
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}


def test_a_stored_object_is_read_with_the_defaults_of_today(world: World) -> None:
    send(world, "POST", METERS, meter(level=1, unit="k"))
    define(world, of_spec(level={"type": "integer"}, scale={"type": "string", "default": "linear"}))
    for path, found in ((f"{METERS}/m", lambda body: body), (METERS, lambda body: body["items"][0])):
        assert found(send(world, "GET", path).body)["spec"] == {"level": 1, "scale": "linear"}


@pytest.mark.parametrize(
    "selector, names",
    [
        pytest.param("spec.unit=k", ["a"], id="equal"),
        pytest.param("spec.unit!=k", ["b"], id="not equal"),
        pytest.param("spec.level=2,spec.unit=m", ["b"], id="both"),
        pytest.param("metadata.namespace=default,metadata.name=a", ["a"], id="name and namespace"),
    ],
)
def test_objects_are_selected_by_the_fields_that_the_definition_names(
    world: World, selector: str, names: list[str]
) -> None:
    fields = [{"jsonPath": ".spec.unit"}, {"jsonPath": ".spec.level"}]
    define(world, of_spec(level={"type": "integer"}, unit={"type": "string"}), selectableFields=fields)
    for name, level, unit in (("a", 1, "k"), ("b", 2, "m")):
        send(world, "POST", METERS, {**meter(level=level, unit=unit), "metadata": {"name": name}})
    found = send(world, "GET", METERS, fieldSelector=selector).body
    assert [one["metadata"]["name"] for one in found["items"]] == names


def test_a_field_that_the_definition_does_not_name_selects_nothing(world: World) -> None:
    response = send(world, "GET", METERS, fieldSelector="spec.mode=on")
    assert (response.code, response.body["message"]) == (
        400,
        "field label not supported: spec.mode",
    )


APPLY = {"Content-Type": "application/apply-patch+yaml"}
PORT: Obj = {
    "type": "object",
    "required": ["number"],
    "properties": {
        "number": {"type": "integer"},
        "protocol": {"type": "string", "default": "TCP"},
        "name": {"type": "string"},
    },
}
PORTS: Obj = {
    "type": "array",
    "items": PORT,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["number", "protocol"],
}


def applied(world: World, spec: Obj, manager: str, **more: Any) -> Response:
    body = {**meter(**spec), **more}
    query = {"fieldManager": manager, "fieldValidation": "Strict"}
    return handle(world, Request("PATCH", f"{METERS}/m", query, APPLY, body))


def test_two_appliers_share_a_list_by_the_keys_of_its_items(world: World) -> None:
    define(world, of_spec(ports=PORTS))
    assert applied(world, {"ports": [{"number": 80, "protocol": "TCP"}]}, "a").code == 201
    both = applied(world, {"ports": [{"number": 81, "protocol": "TCP", "name": "x"}]}, "b").body
    assert [port["number"] for port in both["spec"]["ports"]] == [80, 81]
    owned = {
        entry["manager"]: entry["fieldsV1"]["f:spec"]["f:ports"]
        for entry in both["metadata"]["managedFields"]
    }
    assert list(owned["a"]) == ['k:{"number":80,"protocol":"TCP"}']
    assert list(owned["b"]) == ['k:{"number":81,"protocol":"TCP"}']


def test_a_list_without_keys_has_one_owner(world: World) -> None:
    define(world, of_spec(names={"type": "array", "items": {"type": "string"}}))
    applied(world, {"names": ["a"]}, "a")
    conflict = applied(world, {"names": ["b"]}, "b")
    assert (conflict.code, conflict.body["details"]["causes"][0]["field"]) == (409, ".spec.names")


UNDECLARED = {
    "of the object": ({}, {"colour": "red"}, ".colour"),
    "of its spec": ({"colour": "red"}, {}, ".spec.colour"),
    "of its metadata": ({}, {"metadata": {"name": "m", "colour": "red"}}, ".metadata.colour"),
}


@pytest.mark.parametrize(("spec", "more", "path"), UNDECLARED.values(), ids=UNDECLARED)
def test_an_apply_may_only_hold_declared_fields(world: World, spec: Obj, more: Obj, path: str) -> None:
    response = applied(world, {"level": 1, **spec}, "a", **more)
    assert response.code == 500
    assert response.body["message"] == (
        "failed to create typed patch object (/m; lab.example/v1, Kind=Meter): "
        f"{path}: field not declared in schema"
    )
