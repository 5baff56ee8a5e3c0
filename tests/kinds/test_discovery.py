"""Names, verbs and subresources of the kinds, held to what a real v1.36 server's discovery says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slab.api.kind import Kind, kinds, resources

_CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "reference" / "discovery.json").read_text("utf-8")
)["cases"]

NOT_STORED = {
    "bindings",
    "componentstatuses",
    "localsubjectaccessreviews",
    "selfsubjectaccessreviews",
    "selfsubjectreviews",
    "selfsubjectrulesreviews",
    "subjectaccessreviews",
    "tokenreviews",
}
"""Resources that are only asked or computed: they have no kind of their own here."""


def _of_list(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of an APIResourceList, with their subresources."""
    group, _, version = body["groupVersion"].rpartition("/")
    found = {
        one["name"]: {
            "group": group,
            "version": version,
            "plural": one["name"],
            "kind": one["kind"],
            "singular": one["singularName"],
            "namespaced": one["namespaced"],
            "verbs": one["verbs"],
            "short_names": one.get("shortNames") or [],
            "categories": one.get("categories") or [],
            "subresources": [],
        }
        for one in body["resources"]
        if "/" not in one["name"]
    }
    for one in body["resources"]:
        name, slash, subresource = one["name"].partition("/")
        if slash:
            found[name]["subresources"].append(subresource)
    return list(found.values())


def _of_aggregated(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of an APIGroupDiscoveryList."""
    return [
        {
            "group": item["metadata"].get("name", ""),
            "version": version["version"],
            "plural": one["resource"],
            "kind": one["responseKind"]["kind"],
            "singular": one["singularResource"],
            "namespaced": one["scope"] == "Namespaced",
            "verbs": one["verbs"],
            "short_names": one.get("shortNames") or [],
            "categories": one.get("categories") or [],
            "subresources": [sub["subresource"] for sub in one.get("subresources") or ()],
        }
        for item in body["items"]
        for version in item["versions"]
        for one in version["resources"]
    ]


def recorded() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for case in _CASES:
        body = case["body"]
        if isinstance(body, dict) and body.get("kind") == "APIResourceList":
            found += _of_list(body)
        elif isinstance(body, dict) and body.get("kind") == "APIGroupDiscoveryList":
            found += _of_aggregated(body)
    return [one for one in found if one["plural"] not in NOT_STORED]


@pytest.mark.parametrize(
    "wanted", recorded(), ids=lambda one: f"{one['group']}/{one['version']}/{one['plural']}"
)
def test_a_kind_is_named_as_a_real_server_names_it(wanted: dict[str, Any]) -> None:
    kind = resources()[(wanted["group"], wanted["version"], wanted["plural"])]
    assert {
        **wanted,
        "kind": kind.kind,
        "singular": kind.singular,
        "namespaced": kind.namespaced,
        "verbs": list(kind.verbs),
        "short_names": list(kind.short_names),
        "categories": list(kind.categories),
        "subresources": list(kind.subresources),
    } == wanted


def test_every_served_group_version_has_kinds() -> None:
    paths = next(case["body"]["paths"] for case in _CASES if case["path"] == "/openapi/v3")
    served = {
        tuple(path.split("/")[1:]) for path in paths if path.startswith("apis/") and path.count("/") == 2
    }
    served -= {("authentication.k8s.io", "v1"), ("authorization.k8s.io", "v1")}
    assert served == {(group, version) for group, version, _ in resources() if group}


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.kind)
def test_a_module_holds_the_kind_of_its_name(kind: Kind) -> None:
    module = __import__(f"k8slab.api.kinds.{kind.kind.lower()}", fromlist=["KIND"])
    assert module.KIND.kind == kind.kind
    assert kind.singular == kind.kind.lower()
