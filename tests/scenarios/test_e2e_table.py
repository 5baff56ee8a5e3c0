"""Every end-to-end test that upstream has of workloads has its story, or a reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
TABLE = yaml.safe_load((HERE / "e2e.yaml").read_text(encoding="utf-8"))
NOT_SIMULATED = "not simulated: "
ROWS = {f"{file}: {test}": told for file, tests in TABLE.items() for test, told in tests.items()}


def stories(told: str | list[str]) -> list[str]:
    if isinstance(told, list):
        return told
    return [] if told.startswith(NOT_SIMULATED) else [told]


@pytest.mark.parametrize("told", ROWS.values(), ids=ROWS)
def test_the_story_is_there(told: str | list[str]) -> None:
    if isinstance(told, str) and told.startswith(NOT_SIMULATED):
        assert len(told) > len(NOT_SIMULATED), "a reason is given"
        return
    for story in stories(told):
        assert (HERE / "golden" / f"{story}.yaml").is_file()
        assert (HERE / "golden" / f"{story}.txt").is_file()


def test_most_are_told() -> None:
    """138 tests in 11 files; eleven of them are about what the lab does not simulate."""
    untold = [row for row, told in ROWS.items() if not stories(told)]
    assert (len(ROWS), len(TABLE), len(untold)) == (138, 11, 11)
