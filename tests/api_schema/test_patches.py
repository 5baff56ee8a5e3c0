"""What a real v1.36.2 server answered to patches, as far as pure functions can tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slab import clock
from k8slab.api import decode, schema, yaml
from k8slab.api.apply import apply
from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind
from k8slab.api.managed_fields import track_update
from k8slab.api.patch import JSON_PATCH, MERGE_PATCH, json_patch, merge_patch, read_patch
from k8slab.api.strategic import strategic_merge_patch

CASES = json.loads((Path(__file__).parents[1] / "reference" / "patches.json").read_text())["cases"]
TIME = "2026-01-01T00:00:00Z"
NOW_US = clock.parse_timestamp(TIME)

# What other parts of a server decide: validation, preconditions, pruning by a CRD, the scale subresource.
DECIDED_ELSEWHERE = (
    "apply/immutable-selector",
    "apply/resource-version-conflict",
    "apply/uid-on-create",
    "merge/custom-resource-pruned",
    "merge/scale-subresource",
    "merge/strategy-recreate-fails",
)
ALLOCATED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
BOOKKEEPING = ("resourceVersion", "generation", "uid", "creationTimestamp", "namespace", "managedFields")


def with_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_times(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_times(item) for item in value]
    return TIME if value == "<time>" else value


def bare(obj: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: item for key, item in obj["metadata"].items() if key not in BOOKKEEPING}
    spec = {key: item for key, item in (obj.get("spec") or {}).items() if key not in ALLOCATED}
    rest = {key: item for key, item in obj.items() if key not in ("metadata", "spec", "status")}
    return {**rest, "metadata": metadata, "spec": spec}


def kind_of(case: dict[str, Any]) -> Kind:
    body = case["request"]["body"]
    known = case["before"] or case.get("after") or body
    group, _, version = known["apiVersion"].rpartition("/")
    subresources = () if known["kind"] in ("ConfigMap", "Secret") else ("status",)
    return Kind(
        known["kind"],
        group,
        version,
        "",
        "",
        True,
        subresources=subresources,
        default=defaulted(known["kind"]),
    )


def defaulted(kind: str) -> Any:
    from k8slab.api.kind import kinds

    return kinds()[kind].default if kind in kinds() else lambda obj: obj


def applied(case: dict[str, Any], kind: Kind) -> tuple[dict[str, Any], list[Any]]:
    request = case["request"]
    config = yaml.load(request["body"]) if isinstance(request["body"], str) else request["body"]
    result = apply(
        kind,
        with_times(case["before"]),
        config,
        manager=request["query"]["fieldManager"],
        force=request["query"].get("force") == "true",
        now_us=NOW_US,
        api_version=kind.api_version,
    )
    return result, result["metadata"].get("managedFields", [])


def patched(case: dict[str, Any], kind: Kind) -> tuple[dict[str, Any], list[Any]]:
    request = case["request"]
    before = with_times(case["before"])
    body = request["body"] if isinstance(request["body"], str) else json.dumps(request["body"])
    patch, _ = read_patch(body, request["contentType"])
    type_name = schema.type_of_kind(kind.api_version, kind.kind)
    if request["contentType"] == JSON_PATCH:
        result = json_patch(before, patch)
    elif request["contentType"] == MERGE_PATCH:
        result = merge_patch(before, patch)
    else:
        result = strategic_merge_patch(type_name, before, patch)
    result, _, _ = decode.decode(kind, result, api_version=kind.api_version)
    result = decode.stored(kind, result)
    result = kind.default(result)
    managed = track_update(
        kind,
        before,
        result,
        before["metadata"].get("managedFields", []),
        manager=request["query"].get("fieldManager", "facts"),
        api_version=kind.api_version,
        now_us=NOW_US,
    )
    return result, managed


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["id"] not in DECIDED_ELSEWHERE], ids=lambda case: case["id"]
)
def test_recorded_patch(case: dict[str, Any]) -> None:
    kind = kind_of(case)
    run = applied if case["request"]["contentType"].startswith("application/apply") else patched
    if "error" in case:
        with pytest.raises(ApiError) as refused:
            run(case, kind)
        status = refused.value.status()
        expected = case["error"]
        assert (status["code"], status["message"]) == (expected["code"], expected["message"])
        assert status.get("details", {}).get("causes") == expected.get("details", {}).get("causes")
        return
    result, managed = run(case, kind)
    after = with_times(case["after"])
    assert bare(result) == bare(after)
    assert managed == after["metadata"].get("managedFields", [])


def test_every_exception_is_a_case() -> None:
    assert set(DECIDED_ELSEWHERE) <= {case["id"] for case in CASES}
    assert len(CASES) == 59


@pytest.mark.parametrize(
    ("old", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "text"}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
        ({"a": 1}, {"a": True}, {"a": True}),
    ],
)
def test_merge_patch(old: Any, patch: Any, expected: Any) -> None:
    result = merge_patch(old, patch)
    assert result == expected
    assert json.dumps(result, sort_keys=True) == json.dumps(expected, sort_keys=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from("abc"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@given(OBJECTS, OBJECTS)
def test_merge_patch_shares_and_changes_nothing(old: dict[str, Any], patch: dict[str, Any]) -> None:
    before = json.dumps(old)
    result = merge_patch(old, patch)
    assert json.dumps(old) == before
    for key, value in old.items():
        if key not in patch:
            assert result[key] is value
    assert merge_patch(result, patch) is result


@given(OBJECTS)
def test_empty_merge_patch_gives_the_object_itself(old: dict[str, Any]) -> None:
    assert merge_patch(old, {}) is old


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"op": "add", "path": "/a/1", "value": 9}], {"a": [1, 9, 2], "b": {"c~/": 1}}),
        ([{"op": "add", "path": "/a/-", "value": 9}], {"a": [1, 2, 9], "b": {"c~/": 1}}),
        ([{"op": "remove", "path": "/a/-1"}], {"a": [1], "b": {"c~/": 1}}),
        ([{"op": "replace", "path": "/b/c~0~1", "value": 2}], {"a": [1, 2], "b": {"c~/": 2}}),
        ([{"op": "replace", "path": "/b/new", "value": 2}], {"a": [1, 2], "b": {"c~/": 1, "new": 2}}),
        ([{"op": "test", "path": "/x"}, {"op": "remove", "path": "/b"}], {"a": [1, 2]}),
        ([{"op": "test", "path": "/a", "value": [1, True]}], None),
        ([{"op": "test", "path": "/a/0", "value": 1.0}], None),
        ([{"op": "add", "path": "", "value": {}}], None),
        ([{"op": "remove", "path": "/x"}], None),
        ([{"op": "explode", "path": "/a"}], None),
        ([{"op": "add", "path": "/x/y", "value": 1}], None),
    ],
)
def test_json_patch(operations: list[Any], expected: Any) -> None:
    old = {"a": [1, 2], "b": {"c~/": 1}}
    if expected is not None:
        assert json_patch(old, operations) == expected
        return
    with pytest.raises(ApiError) as refused:
        json_patch(old, operations)
    assert refused.value.code == 422
    assert refused.value.message == "the server rejected our request due to an error in our request"


@pytest.mark.parametrize(
    ("text", "patch_type", "message"),
    [
        (
            "[]",
            MERGE_PATCH,
            "error decoding patch: "
            "json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (
            "{}",
            JSON_PATCH,
            "error decoding patch: "
            "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        ("{", MERGE_PATCH, "error decoding patch: unexpected end of JSON input"),
        (
            '[{"op":1}]',
            JSON_PATCH,
            "error decoding patch: "
            "json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
        ),
    ],
)
def test_what_is_no_patch(text: str, patch_type: str, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        read_patch(text, patch_type)
    assert (refused.value.code, refused.value.message) == (400, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        ('["x"]', "json: cannot unmarshal string into Go value of type jsonpatch.Operation"),
        ("[[]]", "json: cannot unmarshal array into Go value of type jsonpatch.Operation"),
    ],
)
def test_what_is_no_json_patch_where_fields_are_not_validated(text: str, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        read_patch(text, JSON_PATCH, "Ignore")
    assert (refused.value.code, refused.value.message) == (400, message)


@pytest.mark.parametrize("text", ['[{"op":{}}]', '[{"op":"test","path":1}]', "[null]"])
def test_an_operation_that_nobody_looked_into_is_refused_where_it_is_applied(text: str) -> None:
    operations, _ = read_patch(text, JSON_PATCH, "Ignore")
    with pytest.raises(ApiError) as refused:
        json_patch({}, operations)
    assert refused.value.code == 422
