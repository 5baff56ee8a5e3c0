"""Faults one by one: a valid object of each kind, a patch that spoils it, and what is said of that.

The cases are those of upstream's own tables (pkg/apis/*/validation/*_test.go), cut down to the patch that
matters. A cause is written `Reason field | message`; a message that ends in … need only begin so. A case of
`update` patches the base by `old` before it is stored and sends the stored object patched by `new`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from k8slab.api.errors import Cause
from k8slab.api.patch import merge_patch
from tests.validation.recorded import create_causes, expand, stored, update_causes

TABLES = Path(__file__).parent / "tables"


def _cases(verb: str) -> list[Any]:
    found = []
    for file in sorted(TABLES.glob("*.yaml")):
        for table in yaml.safe_load(file.read_text("utf-8")):
            resource = table["path"].rsplit("/", 1)[1]
            for name, case in table.get(verb, {}).items():
                found.append(pytest.param(table["path"], table["base"], case, id=f"{resource}/{name}"))
    return found


def _assert_said(causes: list[Cause], expected: list[str]) -> None:
    said = [f"{cause.reason.removeprefix('FieldValue')} {cause.field} | {cause.message}" for cause in causes]
    cut = [
        text[: len(wanted) - 1] + "…" if wanted.endswith("…") else text
        for text, wanted in zip(said, expected, strict=False)
    ]
    assert cut + said[len(cut) :] == expected


@pytest.mark.parametrize(("path", "base", "case"), _cases("create"))
def test_create(path: str, base: Any, case: dict[str, Any]) -> None:
    _, causes = create_causes(path, merge_patch(base, expand(case["patch"])))
    _assert_said(causes, case["causes"])


@pytest.mark.parametrize(("path", "base", "case"), _cases("update"))
def test_update(path: str, base: Any, case: dict[str, Any]) -> None:
    first = merge_patch(base, case.get("old", {}))
    request = {
        "path": f"{path}/{first['metadata']['name']}",
        "contentType": "application/merge-patch+json",
        "body": case["new"],
    }
    _, causes = update_causes(request, stored(path, first))
    _assert_said(causes, case["causes"])


def _bases() -> list[Any]:
    return [
        pytest.param(table["path"], table["base"], id=table["path"])
        for file in sorted(TABLES.glob("*.yaml"))
        for table in yaml.safe_load(file.read_text("utf-8"))
    ]


@pytest.mark.parametrize(("path", "base"), _bases())
def test_the_base_itself_is_accepted(path: str, base: Any) -> None:
    assert create_causes(path, base)[1] == []
