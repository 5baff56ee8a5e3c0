"""Request bodies as a real v1.36.2 server read them, and Go's errors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from k8slab.api import instants, schema
from k8slab.api.decode import decode_text
from k8slab.api.errors import ApiError
from k8slab.api.json_text import MOST_LEVELS, JsonError, decode_json
from k8slab.api.kind import Kind
from k8slab.api.patched import decode_patched, restore_fault
from k8slab.api.unmarshal import base64_fault, unmarshal

REFERENCE = Path(__file__).parents[1] / "reference"
SCHEME = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"
WORDS = ("cannot be handled as", "is unrecognized", "does not match the expected API version")


def resources() -> dict[tuple[str, str], Kind]:
    facts = json.loads((REFERENCE / "discovery.json").read_text())
    found: dict[tuple[str, str], Kind] = {}
    for case in facts["cases"]:
        body = case["body"]
        if not isinstance(body, dict) or body.get("kind") != "APIResourceList":
            continue
        group, _, version = body["groupVersion"].rpartition("/")
        for one in body["resources"]:
            kind = Kind(one["kind"], group, version, one["name"], "", one["namespaced"])
            found[(body["groupVersion"], one["name"])] = kind
    return found


RESOURCES = resources()


def target(path: str) -> tuple[str, Kind] | None:
    parts = path.strip("/").split("/")
    api_version, rest = (parts[1], parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
    if len(rest) > 2 and rest[0] == "namespaces":
        rest = rest[2:]
    kind = RESOURCES.get((api_version, rest[0])) if rest and len(rest) <= 2 else None
    return (api_version, kind) if kind and schema.type_of_kind(api_version, kind.kind) else None


def expanded(value: Any) -> Any:
    if isinstance(value, dict):
        if "$repeat" in value:
            return value["$repeat"] * value["times"]
        return {key: expanded(item) for key, item in value.items()}
    return [expanded(item) for item in value] if isinstance(value, list) else value


ERRORS = [
    case
    for case in json.loads((REFERENCE / "errors.json").read_text())["cases"]
    if case["request"]["method"] in ("POST", "PUT") and target(case["request"]["path"])
]


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case["id"])
def test_recorded_body(case: dict[str, Any]) -> None:
    """A body is refused by decoding exactly where the server did so, and with its words."""
    request, response = case["request"], case["response"]
    found = target(request["path"])
    assert found is not None
    api_version, kind = found
    body = request["body"] if isinstance(request["body"], str) else json.dumps(expanded(request["body"]))
    message = response.get("message", "") if isinstance(response, dict) else ""
    try:
        _, warnings, _ = decode_text(
            kind,
            body.encode(),
            api_version=api_version,
            validation=(request["query"] or {}).get("fieldValidation", "Warn"),
            is_yaml="yaml" in (request["contentType"] or ""),
        )
    except ApiError as error:
        assert (error.code, error.message) == (case["code"], message.replace("<source>", SCHEME))
        return
    assert not any(word in message for word in WORDS)
    if warnings:
        assert list(warnings) == case["warnings"]


def filled(value: Any) -> Any:
    """The recorded object with something of the right kind in place of its placeholders."""
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    places = {"<time>": "2026-01-01T00:00:00Z", "<managedFields>": [{}], "<nodePort>": 30000}
    return places.get(value, value) if isinstance(value, str) else value


def stored_objects() -> list[dict[str, Any]]:
    cases = json.loads((REFERENCE / "defaults.json").read_text())["cases"]
    return [filled(case["object"]) for case in cases]


@pytest.mark.parametrize("obj", stored_objects(), ids=lambda obj: obj["kind"])
def test_what_the_server_gives_back_is_normal(obj: dict[str, Any]) -> None:
    type_name = schema.type_of_kind(obj["apiVersion"], obj["kind"])
    result, strict = unmarshal(type_name, obj)
    assert result is obj
    assert strict == ()


@pytest.mark.parametrize(
    ("type_name", "body", "expected"),
    [
        ("api.core.v1.Container", {}, {"name": "", "resources": {}}),
        (
            "api.core.v1.Container",
            {"name": "a", "image": None, "args": [], "stdin": False},
            {"name": "a", "resources": {}},
        ),
        ("api.core.v1.ContainerPort", {"containerPort": 1, "hostPort": 0, "x": 1}, {"containerPort": 1}),
        (
            "api.apps.v1.ReplicaSetSpec",
            {"replicas": 0, "selector": None},
            {"replicas": 0, "selector": None, "template": {"metadata": {}, "spec": {"containers": None}}},
        ),
        (
            "api.core.v1.ResourceRequirements",
            {"limits": {"cpu": 1, "memory": "1024Mi"}},
            {"limits": {"cpu": "1", "memory": "1Gi"}},
        ),
        (
            "api.core.v1.ResourceFieldSelector",
            {"resource": "limits.cpu"},
            {"resource": "limits.cpu", "divisor": "0"},
        ),
        (
            "api.core.v1.Secret",
            {"data": {"a": None, "b": "eA=="}},
            {"metadata": {}, "data": {"a": "", "b": "eA=="}},
        ),
        (
            "api.core.v1.PodCondition",
            {"type": "Ready", "status": "True"},
            {"type": "Ready", "status": "True", "lastProbeTime": None, "lastTransitionTime": None},
        ),
        (
            "api.core.v1.PodCondition",
            {
                "type": "a",
                "status": "b",
                "lastProbeTime": "2026-01-01T02:00:00.5+01:00",
                "lastTransitionTime": None,
            },
            {"type": "a", "status": "b", "lastProbeTime": "2026-01-01T01:00:00Z", "lastTransitionTime": None},
        ),
        ("api.rbac.v1.Role", {"rules": []}, {"metadata": {}, "rules": None}),
        ("api.core.v1.ConfigMap", {"data": {"a": None}}, {"metadata": {}, "data": {"a": ""}}),
    ],
)
def test_normalisation(type_name: str, body: Any, expected: Any) -> None:
    assert unmarshal(type_name, body)[0] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected end of JSON input"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ("[1 2]", "invalid character '2' after array element"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        ("{} x", "invalid character 'x' after top-level value"),
        ("tru e", "invalid character ' ' in literal true (expecting 'e')"),
        ("-x", "invalid character 'x' in numeric literal"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ('"\n"', "invalid character '\\n' in string literal"),
        ('"\\x"', "invalid character 'x' in string escape code"),
        ("'a'", "invalid character '\\'' looking for beginning of value"),
        ("NaN", "invalid character 'N' looking for beginning of value"),
    ],
)
def test_json_syntax(text: str, message: str) -> None:
    with pytest.raises(JsonError) as refused:
        decode_json(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-28T23:00:00-02:00", "2026-03-01T01:00:00Z"),
        (
            "yesterday",
            'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
        ),
        ("2026-13-01T00:00:00Z", 'parsing time "2026-13-01T00:00:00Z": month out of range'),
        ("2026-02-30T00:00:00Z", 'parsing time "2026-02-30T00:00:00Z": day out of range'),
        (
            "2026-01-01 00:00:00Z",
            'parsing time "2026-01-01 00:00:00Z" as "2006-01-02T15:04:05Z07:00": '
            'cannot parse " 00:00:00Z" as "T"',
        ),
        (
            "2026-01-01T00:00:00",
            'parsing time "2026-01-01T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"',
        ),
        ("2026-01-01T00:00:00Zx", 'parsing time "2026-01-01T00:00:00Zx": extra text: "x"'),
    ],
)
def test_times(text: str, expected: str) -> None:
    try:
        assert instants.canonical_seconds(text) == expected
    except instants.InstantError as error:
        assert str(error) == expected


@pytest.mark.parametrize(
    ("text", "fault"), [("eA==", None), ("eA=", 3), ("e", 0), ("e!", 1), ("eAxx\n", None), ("====", 0)]
)
def test_base64(text: str, fault: int | None) -> None:
    assert base64_fault(text) == fault


def recorded(name: str) -> dict[str, Any]:
    cases = json.loads((REFERENCE / "errors.json").read_text())["cases"]
    return next(case for case in cases if case["id"] == name)


@pytest.mark.parametrize("name", ["field-validation/patch-unknown-strict", "scale/patch-word"])
def test_recorded_refusal_of_a_patched_object(name: str) -> None:
    """The object before the patch is read back from the refusal's own text."""
    case = recorded(name)
    request, message = case["request"], case["response"]["message"]
    for place, value in (("<time>", "2026-01-01T00:00:00Z"), ("<uid>", "u"), ("<resourceVersion>", "1")):
        message = message.replace(place, value)
    quoted, _ = json.JSONDecoder().raw_decode(message[message.index('"{') :])
    new = json.loads(quoted)
    old = json.loads(quoted)
    for key in request["body"]["spec"]:
        del old["spec"][key]
    type_name = schema.type_of_kind(new["apiVersion"], new["kind"])
    with pytest.raises(ApiError) as refused:
        decode_patched(
            type_name,
            old,
            request["body"],
            new,
            patch_type=request["contentType"],
            validation=request["query"].get("fieldValidation", "Warn"),
        )
    assert refused.value.code == case["code"]
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ({"replicas": "two"}, "unrecognized type: int32"),
        ({"replicas": 1.5}, "cannot convert float64 to int32"),
        ({"replicas": 2.0, "paused": 1}, "unrecognized type: bool"),
        ({"template": []}, "cannot restore struct from: slice"),
        ({"template": {"spec": {"containers": {}}}}, "cannot restore slice from map"),
        ({"template": {"spec": {"nodeSelector": "x"}}}, "cannot restore map from string"),
        ({"template": {"spec": {"dnsPolicy": 5}}}, "cannot convert int64 to v1.DNSPolicy"),
        ({"template": {"spec": {"nodeName": True}}}, "unrecognized type: string"),
        ({"replicas": 2, "template": {"spec": {"hostname": None}}}, ""),
    ],
)
def test_what_a_strategic_patch_cannot_restore(spec: Any, fault: str) -> None:
    assert restore_fault("#api.apps.v1.Deployment", {"spec": spec}) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 300 + "]" * 300, "invalid character '[' exceeded max depth"),
        ("[" * 50_000, "invalid character '[' exceeded max depth"),
        ('{"a":' * 300 + "1" + "}" * 300, "invalid character '{' exceeded max depth"),
        ('{"a":[' * 40_000 + "1" + "]}" * 40_000, "invalid character '[' exceeded max depth"),
        ("[" * 200 + "}", "invalid character '}' looking for beginning of value"),
        ("[[", "unexpected end of JSON input"),
    ],
    ids=["lists", "lists without end", "objects", "both", "wrong bracket", "cut off"],
)
def test_texts_that_nest_too_deep_are_refused(text: str, message: str) -> None:
    with pytest.raises(JsonError, match=re.escape(message)):
        decode_json(text)


def test_as_deep_as_may_be() -> None:
    depth = MOST_LEVELS + 1
    value = decode_json("[" * depth + "]" * depth)
    for _ in range(depth - 1):
        (value,) = value
    assert value == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"a\ud800b"', "a\ufffdb"),
        (r'{"\uDC00": ["\udfff\ud800"]}', {"\ufffd": ["\ufffd\ufffd"]}),
        (r'"\ud7ff"', "\ud7ff"),
    ],
    ids=["a pair", "the first half", "keys and lists", "no half"],
)
def test_halves_of_surrogate_pairs_are_replaced_as_go_does(text: str, value: object) -> None:
    assert decode_json(text) == value
    assert decode_json(text.encode()) == value
