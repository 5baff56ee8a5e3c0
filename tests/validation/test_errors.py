"""Every recorded refusal that is validation's, and every recorded object that is accepted."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from k8slab.api.errors import Cause
from k8slab.api.kind import resources
from tests.validation.recorded import (
    UID,
    cases,
    create_causes,
    expand,
    states,
    stored,
    target_of,
    update_causes,
)

# Refused before validation (decoding, the request itself, admission) or behind it (allocation).
ELSEWHERE = frozenset(
    (
        "decode/content-type-none",
        "pod/grace-negative",
        "query/dry-run-bad",
        "request/lease-put-no-rv",
        "request/pdb-put-no-rv",
        "service/cluster-ip-range",
        "service/cluster-ip-taken",
        "service/node-port-range",
        "service/node-port-taken",
    )
)
CATEGORIES_ELSEWHERE = ("field-validation", "list", "patch", "scale", "watch")
NODE_WITH_RANGE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-0"},
    "spec": {"podCIDR": "10.244.0.0/24", "podCIDRs": ["10.244.0.0/24"]},
}


def _mine(code: int) -> list[Any]:
    return [
        pytest.param(case, id=case["id"])
        for case in cases()
        if case["code"] == code
        and case["category"] not in CATEGORIES_ELSEWHERE
        and case["id"] not in ELSEWHERE
        and case["request"]["method"] in ("POST", "PUT", "PATCH")
    ]


def _text(message: str) -> str:
    """The message with its placeholders, and without the difference of two specs."""
    message = message.replace(UID, "<uid>").replace("00000000-1111-4222-8333-444444444444", "<uid>")
    message = message.replace("current: <resourceVersion>", "current: 0")
    return re.sub(r"\n.*", "", message, flags=re.DOTALL)


def _texts(causes: list[Cause]) -> list[Cause]:
    return [cause._replace(message=_text(cause.message)) for cause in causes]


def _given(case: dict[str, Any]) -> dict[str, Any]:
    if case["id"].startswith("node/"):
        return stored("/api/v1/nodes", NODE_WITH_RANGE)
    (given,) = case["given"]
    return stored(given["path"], given["body"])


@pytest.mark.parametrize("case", _mine(422))
def test_refused_as_recorded(case: dict[str, Any]) -> None:
    request = case["request"]
    if request["method"] == "POST":
        _, causes = create_causes(request["path"], request["body"])
    else:
        _, causes = update_causes(request, _given(case))
    expected = [
        Cause(cause["reason"], cause["message"], cause.get("field", ""))
        for cause in expand(case["response"]["details"]["causes"])
    ]
    assert _texts(causes) == _texts(expected)


@pytest.mark.parametrize("case", _mine(201))
def test_accepted_though_it_looks_wrong(case: dict[str, Any]) -> None:
    request = case["request"]
    obj, causes = create_causes(request["path"], request["body"])
    assert causes == []
    kind, *_ = target_of(request["path"])
    assert list(kind.rules.warnings(obj, None)) == case["warnings"]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in cases("defaults.json")])
def test_accepts_every_recorded_object(case: dict[str, Any]) -> None:
    request = case["request"]
    obj, causes = create_causes(request["path"], request["body"])
    assert causes == []
    kind, *_ = target_of(request["path"])
    assert list(kind.rules.warnings(obj, None)) == case["warnings"]


def test_accepts_what_a_cluster_holds() -> None:
    by_kind = {(kind.kind, kind.api_version): kind for kind in resources().values()}
    seen = 0
    for obj in states():
        kind = by_kind.get((obj["kind"], obj["apiVersion"]))
        if kind is None:
            continue
        seen += 1
        assert kind.rules.create(obj) == [], obj["metadata"]["name"]
        assert kind.rules.update(obj, obj) == [] or "resourceVersion" not in obj["metadata"]
        if kind.has_status:
            assert kind.rules.status(obj, obj) == []
    assert seen > 200


def test_an_unchanged_object_may_be_written_again() -> None:
    for case in cases("defaults.json"):
        request = case["request"]
        kind, *_ = target_of(request["path"])
        obj = stored(request["path"], request["body"])
        again = json.loads(json.dumps(obj))
        assert kind.rules.update(again, obj) == [], case["id"]
