"""Every recorded fact of the API, and those with which the lab does not agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8slab.reference.categories import CATEGORIES

ROOT = Path(__file__).parents[1] / "reference"

DISAGREEING: dict[str, dict[str, str]] = {
    "defaults": {},
    "errors": {},
    "protocol": {},
    "discovery": {},
    "scheduling": {},
    "patches": {},
    "tables": {
        "text get pods -o jsonpath={..image}": "Go's order of a map's keys, which no two runs share",
    },
    "describe": {
        "describe/limitrange/ratio": "Go's order of a map's keys, which no two runs share",
    },
    "explain": {},
    "transcripts": {},
    "cron": {},
    "traces": {},
}
"""By category: the facts with which the lab disagrees, and why."""


@pytest.mark.parametrize("category", DISAGREEING)
def test_the_lab_agrees_with_a_real_cluster(category: str) -> None:
    outcomes = list(CATEGORIES[category](ROOT))
    assert outcomes
    disagreeing = {one.name: one.differences for one in outcomes if one.differences}
    assert disagreeing.keys() == DISAGREEING[category].keys(), disagreeing
