"""Ownership of fields: server-side apply, what other writes own, and the algebra of field sets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slab import clock
from k8slab.api import field_sets, structured
from k8slab.api.apply import LAST_APPLIED, apply
from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind
from k8slab.api.managed_fields import track_update

CONFIG_MAP = Kind("ConfigMap", "", "v1", "configmaps", "configmap", True)
DEPLOYMENT = Kind(
    "Deployment", "apps", "v1", "deployments", "deployment", True, subresources=("status", "scale")
)
SERVICE = Kind("Service", "", "v1", "services", "service", True, subresources=("status",))
START_US = clock.parse_timestamp("2026-01-01T00:00:00Z")
SECOND_US = 1_000_000


def config_map(data: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", **metadata}}
    return obj if data is None else {**obj, "data": data}


def do(
    live: Any, config: dict[str, Any], manager: str, at: int = 0, kind: Kind = CONFIG_MAP, **options: Any
) -> Any:
    now_us = START_US + at * SECOND_US
    return apply(kind, live, config, manager=manager, now_us=now_us, api_version=kind.api_version, **options)


def owners(obj: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{entry['manager']}/{entry['operation']}": entry["fieldsV1"]
        for entry in obj["metadata"].get("managedFields", [])
    }


def test_applying_the_same_again_changes_nothing() -> None:
    first = do(None, config_map({"a": "1"}), "ann")
    assert do(first, config_map({"a": "1"}), "ann", at=5) == first


def test_what_is_no_longer_applied_goes_unless_somebody_else_owns_it() -> None:
    live = do(None, config_map({"a": "1", "b": "1"}), "ann")
    live = do(live, config_map({"a": "1"}), "bob")
    live = do(live, config_map({}), "ann", at=1)
    assert live["data"] == {"a": "1"}
    assert owners(live) == {"bob/Apply": {"f:data": {"f:a": {}}}, "ann/Apply": {"f:data": {}}}


def test_forcing_takes_the_field() -> None:
    live = do(None, config_map({"a": "1"}), "ann")
    with pytest.raises(ApiError, match=r'Apply failed with 1 conflict: conflict with "ann": \.data\.a'):
        do(live, config_map({"a": "2"}), "bob")
    live = do(live, config_map({"a": "2"}), "bob", at=1, force=True)
    assert owners(live) == {"bob/Apply": {"f:data": {"f:a": {}}}}


def test_an_update_takes_over_and_conflicts_name_its_version() -> None:
    live = do(None, config_map({"a": "1"}), "ann")
    new = {**live, "data": {"a": "5"}}
    entries = track_update(
        CONFIG_MAP,
        live,
        new,
        live["metadata"]["managedFields"],
        manager="ed",
        api_version="v1",
        now_us=START_US,
    )
    live = {**new, "metadata": {**new["metadata"], "managedFields": entries}}
    assert owners(live) == {"ed/Update": {"f:data": {"f:a": {}}}}
    with pytest.raises(ApiError) as refused:
        do(live, config_map({"a": "1"}), "ann")
    assert refused.value.message == 'Apply failed with 1 conflict: conflict with "ed" using v1: .data.a'


def test_untracked_fields_belong_to_before_first_apply() -> None:
    live = config_map({"a": "1"}, uid="u", labels={"x": "y"})
    result = do(live, config_map({"b": "2"}), "ann")
    assert owners(result) == {
        "ann/Apply": {"f:data": {"f:b": {}}},
        "before-first-apply/Update": {
            "f:data": {".": {}, "f:a": {}},
            "f:metadata": {"f:labels": {".": {}, "f:x": {}}},
        },
    }


def test_kubectl_may_take_what_it_applied_client_side() -> None:
    last = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1"}}'
    live = config_map({"a": "1"}, uid="u", annotations={LAST_APPLIED: last})
    result = do(live, config_map({"a": "2"}), "kubectl")
    assert result["data"] == {"a": "2"}
    assert result["metadata"]["annotations"][LAST_APPLIED] == (
        '{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"c"}}\n'
    )
    with pytest.raises(ApiError):
        do(live, config_map({"a": "2"}), "somebody")


def test_ports_are_told_apart_by_number_and_protocol() -> None:
    def service(*ports: dict[str, Any]) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "s"},
            "spec": {"ports": list(ports)},
        }

    live = do(None, service({"port": 53}), "ann", kind=SERVICE)
    live = do(live, service({"port": 53, "protocol": "UDP"}), "bob", kind=SERVICE)
    assert [(port["port"], port.get("protocol")) for port in live["spec"]["ports"]] == [
        (53, None),
        (53, "UDP"),
    ]
    assert list(owners(live)["ann/Apply"]["f:spec"]["f:ports"]) == ['k:{"port":53,"protocol":"TCP"}']


@pytest.mark.parametrize(
    ("kind", "config", "message"),
    [
        (
            DEPLOYMENT,
            {"spec": {"replicas": "two"}},
            ".spec.replicas: expected numeric (int or float), got string",
        ),
        (DEPLOYMENT, {"spec": {"colour": 1}}, ".spec.colour: field not declared in schema"),
        (DEPLOYMENT, {"spec": []}, ".spec: expected map, got &{[]}"),
        (DEPLOYMENT, {"spec": {"paused": "x"}}, ".spec.paused: expected boolean, got &{x}"),
        (
            DEPLOYMENT,
            {"spec": {"template": {"spec": {"nodeName": 5}}}},
            ".spec.template.spec.nodeName: expected string, got &value.valueUnstructured{Value:5}",
        ),
        (
            DEPLOYMENT,
            {"spec": {"template": {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}}},
            '.spec.template.spec.containers: duplicate entries for key [name="a"]',
        ),
    ],
)
def test_what_does_not_fit_the_schema(kind: Kind, config: dict[str, Any], message: str) -> None:
    whole = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "x"}, **config}
    with pytest.raises(ApiError) as refused:
        do(None, whole, "ann", kind=kind)
    assert refused.value.code == 500
    assert refused.value.message == (
        f"failed to create typed patch object (/x; apps/v1, Kind=Deployment): {message}"
    )


def test_the_wrong_kind_and_brought_managed_fields() -> None:
    with pytest.raises(ApiError, match="invalid object type: apps/v1, Kind=ConfigMap"):
        do(None, {**config_map(), "apiVersion": "apps/v1"}, "ann")
    with pytest.raises(ApiError, match=r"metadata\.managedFields must be nil"):
        do(None, config_map(managedFields=[]), "ann")


def test_status_and_bookkeeping_belong_to_nobody() -> None:
    new = {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "x", "uid": "u", "generation": 1, "labels": {"a": "b"}},
        "spec": {"replicas": 1, "selector": {}, "template": {"metadata": {}, "spec": {}}},
        "status": {"replicas": 3},
    }  # fmt: skip
    entries = track_update(DEPLOYMENT, None, new, [], manager="me", api_version="apps/v1", now_us=START_US)
    assert [entry["fieldsV1"] for entry in entries] == [
        {
            "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
            "f:spec": {"f:replicas": {}, "f:selector": {}},
        }
    ]
    changed = {**new, "spec": {**new["spec"], "replicas": 9}, "status": {"replicas": 4}}
    entries = track_update(
        DEPLOYMENT,
        new,
        changed,
        entries,
        manager="me",
        subresource="status",
        api_version="apps/v1",
        now_us=START_US,
    )
    assert entries[1] == {
        "manager": "me", "operation": "Update", "apiVersion": "apps/v1", "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:status": {"f:replicas": {}}}, "subresource": "status",
    }  # fmt: skip


def test_ten_update_managers_are_kept() -> None:
    live, entries = config_map({}), []
    for number in range(14):
        new = config_map({**live.get("data", {}), f"k{number:02}": "v"}, uid="u")
        old = live if number else None
        entries = track_update(
            CONFIG_MAP,
            old,
            new,
            entries,
            manager=f"m{number:02}",
            api_version="v1",
            now_us=START_US + number * SECOND_US,
        )
        live = new
    names = [entry["manager"] for entry in entries]
    assert names == ["ancient-changes", *(f"m{number:02}" for number in range(5, 14))]
    assert list(entries[0]["fieldsV1"]["f:data"]) == [".", *(f"f:k{number:02}" for number in range(5))]


def test_managed_fields_can_be_reset_and_untracked_objects_stay_so() -> None:
    old = config_map({"a": "1"}, uid="u")
    tracked = [
        {"manager": "x", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}}
    ]
    for reset in ([], [{}]):
        new = config_map({"a": "2"}, uid="u", managedFields=reset)
        assert track_update(CONFIG_MAP, old, new, tracked, manager="m", api_version="v1", now_us=0) == []
    assert track_update(CONFIG_MAP, old, config_map({}), [], manager="m", api_version="v1", now_us=0) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["a", "b"], ["b", "a"], ["b", "a"]),
        (["a", "b", "c"], ["c", "a"], ["b", "c", "a"]),
        (["a", "b"], ["x", "b"], ["a", "x", "b"]),
        (["a", "b"], ["b", "x"], ["a", "b", "x"]),
        ([], ["a"], ["a"]),
    ],
)
def test_order_of_merged_lists(old: list[str], new: list[str], expected: list[str]) -> None:
    place = structured.Ref("[]#api.core.v1.Container", "map", ("name",))
    merged = structured.merge(place, [{"name": one} for one in old], [{"name": one} for one in new])
    assert [item["name"] for item in merged] == expected


PATHS = st.lists(
    st.lists(st.sampled_from(["f:a", "f:b", 'k:{"n":1}', 'v:"x"']), min_size=1, max_size=3), max_size=6
)


def set_of(paths: list[list[str]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for path in paths:
        field_sets.insert(fields, path)
    return fields


def listed(fields: dict[str, Any]) -> list[tuple[str, ...]]:
    return sorted(field_sets.paths(fields))


@given(PATHS, PATHS)
def test_algebra_of_field_sets(left: list[list[str]], right: list[list[str]]) -> None:
    one, other = set_of(left), set_of(right)
    left_paths, right_paths = {tuple(path) for path in left}, {tuple(path) for path in right}
    assert listed(one) == sorted(left_paths)
    assert listed(field_sets.union(one, other)) == sorted(left_paths | right_paths)
    assert listed(field_sets.intersection(one, other)) == sorted(left_paths & right_paths)
    assert listed(field_sets.difference(one, other)) == sorted(left_paths - right_paths)
    below = {path for path in left_paths if any(path[: len(top)] == top for top in right_paths)}
    assert listed(field_sets.without_trees(one, other)) == sorted(left_paths - below)
    assert field_sets.parse(field_sets.ordered(one)) == one


DATA = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)


@given(DATA, DATA)
def test_apply_is_idempotent(first: dict[str, str], second: dict[str, str]) -> None:
    live = do(do(None, config_map(first), "ann"), config_map(second), "bob", at=1, force=True)
    again = do(live, config_map(second), "bob", at=2)
    assert again == live
    assert all(live["data"][key] == value for key, value in second.items())
