"""No field of a workload is silently ignored: each has a row that says who acts by it and what shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from k8slab.api import schema
from k8slab.api.kind import kinds

ROOT = Path(__file__).parents[2]
TABLE: dict[str, dict[str, str | list[str]]] = yaml.safe_load(
    Path(__file__).with_name("fields.yaml").read_text(encoding="utf-8")
)
ROWS = {f"{kind}.{field}": row for kind, fields in TABLE.items() for field, row in fields.items()}
WHOLE = (
    "api.core.v1.PodTemplateSpec",
    "api.core.v1.PersistentVolumeClaim",
    "api.core.v1.ObjectReference",
    "api.batch.v1.JobTemplateSpec",
    "apimachinery.pkg.apis.meta.v1.LabelSelector",
    "apimachinery.pkg.apis.meta.v1.ObjectMeta",
)
"""Types that a row names as a whole."""


def fields_of(expression: str, path: str = "") -> Iterator[str]:
    """The paths of a type's fields, down to what has none; a list's are those of its items."""
    bare = expression.lstrip("*[]")
    named = schema.struct_of(bare)
    if named is None or named.name in WHOLE:
        yield path
        return
    path += "[]" if "[]" in expression else ""
    for field in named.fields.values():
        yield from fields_of(field.type, f"{path}.{field.name}" if path else field.name)


@pytest.mark.parametrize("kind", TABLE)
def test_every_field_has_its_row(kind: str) -> None:
    whole = fields_of(f"#{schema.type_of_kind(kinds()[kind].api_version, kind)}")
    present = [path for path in whole if path.split(".")[0] not in ("apiVersion", "kind", "metadata")]
    assert list(TABLE[kind]) == present


@cache
def words_of(file: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", (ROOT / file).read_text(encoding="utf-8")))


@pytest.mark.parametrize(("field", "row"), ROWS.items(), ids=ROWS)
def test_the_field_is_where_its_row_says(field: str, row: str | list[str]) -> None:
    if isinstance(row, str):
        assert row.startswith("inert: ")
        return
    module, shown = row
    assert module.startswith("k8slab/")
    assert shown.startswith("tests/")
    name = re.findall(r"\w+", field)[-1]
    assert name in words_of(module)
    assert name in words_of(shown)
