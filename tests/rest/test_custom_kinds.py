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
