"""Rows, columns and texts that a real v1.36 server and kubectl gave for a frozen cluster."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.kind import Kind
from k8slab.api.tables import table
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.kubectl.output.events_text import events_text, in_time_order, of_types
from tests.printers.small_kubectl import custom_kind, get, printer_columns, reference, state, stored_at

TABLES = reference("tables.json")
OBJECTS = state(TABLES["state"])
GET_TEXTS = [case for case in TABLES["text"] if case["args"][0] == "get"]
EVENTS_TEXTS = [case for case in TABLES["text"] if case["args"][0] == "events"]


def kind_named(api_version: str, name: str) -> Kind:
    definitions = [custom_kind(obj) for obj in OBJECTS if obj["kind"] == "CustomResourceDefinition"]
    for kind in definitions:
        if kind.kind == name:
            return kind
    group, _, version = api_version.rpartition("/")
    return Kind(name, group, version, name.lower() + "s", name.lower(), True)


def find(wanted: dict[str, Any]) -> dict[str, Any]:
    for obj in OBJECTS:
        metadata = obj["metadata"]
        if (obj["kind"], obj["apiVersion"], metadata["name"], metadata.get("namespace")) == (
            wanted["kind"],
            wanted["apiVersion"],
            wanted["name"],
            wanted["namespace"],
        ):
            return obj
    raise KeyError(wanted)


@pytest.mark.parametrize("case", TABLES["rows"], ids=lambda case: case["id"])
def test_a_row_is_what_the_server_gives(case: dict[str, Any]) -> None:
    wanted = case["object"]
    kind = kind_named(wanted["apiVersion"], wanted["kind"])
    now_us = parse_timestamp(case["now"])
    answer = table(kind, [find(wanted)], now_us, printer_columns=printer_columns(kind, OBJECTS))
    (row,) = answer["rows"]
    assert row.pop("object")["kind"] == "PartialObjectMetadata"
    assert row == case["get"]
    assert case["list"] in ("same as get", [row])


@pytest.mark.parametrize("name", TABLES["columns"])
def test_the_columns_are_what_the_server_gives(name: str) -> None:
    api_version, _, kind_name = name.rpartition("/")
    kind = kind_named(api_version, kind_name)
    answer = table(kind, [], 0, printer_columns=printer_columns(kind, OBJECTS))
    columns = [
        {key: value for key, value in column.items() if key != "description"}
        for column in answer["columnDefinitions"]
    ]
    assert columns == TABLES["columns"][name]
    assert all(
        column["description"] for column in answer["columnDefinitions"] if column["name"] in ("Name", "Age")
    )


@pytest.mark.parametrize("case", GET_TEXTS, ids=lambda case: " ".join(case["args"]))
def test_kubectl_get_prints_what_it_printed(case: dict[str, Any]) -> None:
    now_us = parse_timestamp(case["now"])
    output = get(case["args"][1:], OBJECTS, TABLES["namespace"], now_us)
    if output.stdout != case["stdout"]:
        # The request was answered at some time before the second was over.
        output = get(
            case["args"][1:], OBJECTS, TABLES["namespace"], now_us - now_us % SECOND_US + SECOND_US - 1
        )
    assert output.stderr == case["stderr"]
    if "jsonpath={..image}" in case["args"]:
        # Go visits the members of a map in no order, so only which images there are is a fact.
        assert sorted(output.stdout.split()) == sorted(case["stdout"].split())
    else:
        assert output.stdout == case["stdout"]
    assert output.exit_code == case["exit"]


@pytest.mark.parametrize("case", EVENTS_TEXTS, ids=lambda case: " ".join(case["args"]))
def test_kubectl_events_prints_what_it_printed(case: dict[str, Any]) -> None:
    types = [arg.removeprefix("--types=") for arg in case["args"] if arg.startswith("--types=")]
    found = [obj for obj in OBJECTS if obj["kind"] == "Event"]
    found = [obj for obj in found if obj["metadata"]["namespace"] == TABLES["namespace"]]
    ordered = in_time_order(of_types(sorted(found, key=stored_at), types))
    now_us = parse_timestamp(case["now"])
    last_us = now_us - now_us % SECOND_US + SECOND_US - 1
    assert case["stdout"] in (events_text(ordered, now_us), events_text(ordered, last_us))
