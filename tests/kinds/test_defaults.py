"""What a real v1.36 API server stored for a body, case by case."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from k8slab.api.meta import Obj
from tests.kinds.kinds_world import Shelf, create, namespace, target

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "reference" / "defaults.json").read_text("utf-8")
)["cases"]

SERVER_ONLY = ("managedFields", "resourceVersion")
"""Metadata that neither a kind nor admission writes."""


def standard_class() -> Obj:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "standard",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "example.com/p",
    }


def system_priorities() -> list[Obj]:
    values = {"system-cluster-critical": 2000000000, "system-node-critical": 2000001000}
    return [
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "value": value,
            "preemptionPolicy": "PreemptLowerPriority",
        }
        for name, value in values.items()
    ]


def same(expected: Any, found: Any) -> bool:
    """Equality, where `<something>` in the expectation stands for anything of its kind."""
    if isinstance(expected, str) and re.fullmatch(r"<\w+>", expected):
        return found is not None
    if isinstance(expected, str) and "<generated>" in expected:
        pattern = re.escape(expected).replace("<generated>", "[a-z0-9]{5}")
        return isinstance(found, str) and re.fullmatch(pattern, found) is not None
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(same(expected[name], found[name]) for name in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(same, expected, found))
    return type(expected) is type(found) and expected == found


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    """Where two objects differ, for a failure's message."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            text
            for name in sorted({*expected, *found})
            for text in (
                [f"{path}.{name} is missing"]
                if name not in found
                else [f"{path}.{name} is too much: {found[name]!r}"]
                if name not in expected
                else differences(expected[name], found[name], f"{path}.{name}")
            )
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [
            text
            for index, pair in enumerate(zip(expected, found, strict=True))
            for text in differences(*pair, f"{path}[{index}]")
        ]
    return [] if same(expected, found) else [f"{path}: {expected!r} expected, {found!r} found"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_body_becomes_what_a_real_server_stores(case: dict[str, Any]) -> None:
    path = case["request"]["path"]
    kind, group, version, where = target(path)
    shelf = Shelf([standard_class(), *system_priorities(), *(namespace(where) if where else [])])
    for given in case.get("given") or ():
        create(shelf, given["path"], given["body"])
    stored = create(shelf, path, case["request"]["body"])
    for other in kind.other_versions:
        if (other.group, other.version) == (group, version):
            stored = other.from_storage(stored)
    expected = {
        **case["object"],
        "metadata": {name: v for name, v in case["object"]["metadata"].items() if name not in SERVER_ONLY},
    }
    assert differences(expected, stored) == []
