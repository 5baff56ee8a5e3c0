"""Rows that upstream's own tests of its printers expect, as facts: objects and cells.

From pkg/printers/internalversion/printers_test.go, v1.36. A case of fewer cells
than there are columns was made without the columns for `-o wide`.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.tables import tables
from tests.printers.small_kubectl import reference

PRINTERS = reference("printers.json")


@pytest.mark.parametrize("case", PRINTERS["cases"], ids=lambda case: case["name"])
def test_a_row_is_what_upstream_expects(case: dict[str, Any]) -> None:
    table = tables()[case["kind"].lower()]
    cells = list(table.row(case["object"], PRINTERS["nowUs"]))
    shown = [cell for cell, column in zip(cells, table.columns) if not column.priority]
    shown += cells[len(table.columns) :]
    assert case["cells"] in (cells, shown)
