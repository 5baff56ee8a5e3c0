"""The directives and lists of strategic merge patches, on a Pod's and a Deployment's fields."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.strategic import strategic_merge_patch

POD_SPEC = "api.core.v1.PodSpec"
META = "apimachinery.pkg.apis.meta.v1.ObjectMeta"
STRATEGY = "api.apps.v1.DeploymentSpec"


def named(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize(
    ("type_name", "old", "patch", "expected"),
    [
        pytest.param(
            POD_SPEC, {"containers": named("a", "b")}, {"containers": [{"name": "b", "image": "x"}]},
            {"containers": [{"name": "a"}, {"name": "b", "image": "x"}]}, id="item merged by its key",
        ),
        pytest.param(
            POD_SPEC, {"containers": named("a", "b")}, {"containers": [{"name": "a", "$patch": "delete"}]},
            {"containers": named("b")}, id="item deleted",
        ),
        pytest.param(
            POD_SPEC, {"containers": named("a", "b")}, {"containers": [{"name": "c"}, {"$patch": "replace"}]},
            {"containers": named("c")}, id="list replaced",
        ),
        pytest.param(
            POD_SPEC, {"containers": named("a", "b", "d")},
            {"$setElementOrder/containers": named("b", "c", "a"), "containers": [{"name": "c"}]},
            {"containers": named("b", "c", "a", "d")}, id="order set, the server's own kept behind",
        ),
        pytest.param(
            POD_SPEC, {"containers": named("one", "two", "four")},
            {
                "$setElementOrder/containers": named("two", "three"),
                "containers": [{"name": "three"}, {"name": "one", "$patch": "delete"}],
            },
            {"containers": named("two", "four", "three")}, id="a new item takes a deleted one's place",
        ),
        pytest.param(
            META, {"finalizers": ["a", "b", "c"]}, {"$deleteFromPrimitiveList/finalizers": ["b"]},
            {"finalizers": ["a", "c"]}, id="deleted from a list of texts",
        ),
        pytest.param(
            META, {"finalizers": ["a", "b"]}, {"finalizers": ["b", "c"]},
            {"finalizers": ["a", "b", "c"]}, id="texts merged",
        ),
        pytest.param(
            META, {"labels": {"a": "1"}}, {"labels": {"$patch": "replace", "b": "2"}},
            {"labels": {"b": "2"}}, id="map replaced",
        ),
        pytest.param(
            META, {"labels": {"a": "1"}}, {"labels": {"$patch": "delete"}}, {"labels": {}}, id="map deleted",
        ),
        pytest.param(
            STRATEGY, {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}},
            {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
            {"strategy": {"type": "Recreate"}}, id="keys retained",
        ),
        pytest.param(
            POD_SPEC, {}, {"containers": [{"name": "a", "image": None}, {"name": "b", "$patch": "delete"}]},
            {"containers": named("a")}, id="nothing there: nulls and directives dropped",
        ),
        pytest.param(
            POD_SPEC, {"nodeName": "n"}, {"nodeName": None, "hostname": "h"}, {"hostname": "h"},
            id="null deletes",
        ),
    ],
)  # fmt: skip
def test_strategic_merge(type_name: str, old: Any, patch: Any, expected: Any) -> None:
    before = json.dumps([old, patch])
    assert strategic_merge_patch(type_name, old, patch) == expected
    assert json.dumps([old, patch]) == before


def test_a_list_of_maps_loses_nothing_by_the_directive_for_texts() -> None:
    patch = {"$deleteFromPrimitiveList/containers": [{"name": "a"}, {"name": "b"}]}
    merged = strategic_merge_patch(POD_SPEC, {"containers": [{"name": "a", "image": "x"}]}, patch)
    assert merged == {"containers": [{"name": "a", "image": "x"}, {"name": "b"}]}


def test_untouched_subtrees_are_shared() -> None:
    old = {"containers": named("a"), "volumes": named("v"), "securityContext": {}}
    result = strategic_merge_patch(POD_SPEC, old, {"containers": [{"name": "a", "image": "x"}]})
    assert result["volumes"] is old["volumes"]
    assert strategic_merge_patch(POD_SPEC, old, {"securityContext": {}}) is old


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        (
            {"containers": [{"image": "x"}]},
            500,
            "map: map[image:x] does not contain declared merge key: name",
        ),
        (
            {"containers": [{"name": "a", "$patch": "up"}]},
            500,
            "unknown patch type: up in map: map[$patch:up name:a]",
        ),
        (
            {"containers": [{"name": "a", "$patch": "merge"}]},
            500,
            "merging lists cannot yet be specified in the patch",
        ),
        ({"$patch": "up"}, 500, "unknown patch type: up in map: map[$patch:up]"),
        (
            {"containers": [{"name": "a", "$patch": None}]},
            500,
            "unknown patch type: %!s(<nil>) in map: map[$patch:<nil> name:a]",
        ),
        (
            {
                "containers": [{"name": "a"}, {"name": "b", "$patch": "replace"}],
                "$setElementOrder/containers": [{"name": "a"}, {"name": "b"}, None],
            },
            500,
            "expected a map[string]interface {}, but received a %!s(<nil>)",
        ),
        ({"$setElementOrder/containers": 1}, 500, "expected a []interface {}, but received a int64"),
        ({"$deleteFromPrimitiveList": ["a"]}, 400, "invalid patch format of primitive list"),
        ({"$retainKeys": ["a"], "nodeName": "b"}, 400, "invalid patch format of retainKeys"),
        ({"containers": ["a"]}, 500, "list element types are not identical: [[map[name:a]] [a]]"),
        ({"containers": [["a"]]}, 500, "list element types are not identical: [[map[name:a]] [[a]]]"),
    ],
)
def test_malformed_patches(patch: Any, code: int, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        strategic_merge_patch(POD_SPEC, {"containers": named("a")}, patch)
    assert (refused.value.code, refused.value.message) == (code, message)
