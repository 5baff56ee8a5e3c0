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
        "text get pods --chunk-size=5 -o name": "kubectl reads one page of a list",
    },
    "describe": {
        "describe/limitrange/ratio": "Go's order of a map's keys, which no two runs share",
    },
    "explain": {},
    "cron": {
        "295: 0 0 30 * * Africa/Casablanca": "the zone's rules after 2026 differ between editions of tzdata",
        "297: 30 2 29 3 * Africa/Casablanca": "the zone's rules after 2026 differ between editions of tzdata",
    },
}
"""By category: the facts with which the lab disagrees, and why."""


@pytest.mark.parametrize("category", DISAGREEING)
def test_the_lab_agrees_with_a_real_cluster(category: str) -> None:
    outcomes = list(CATEGORIES[category](ROOT))
    assert outcomes
    disagreeing = {one.name: one.differences for one in outcomes if one.differences}
    assert disagreeing.keys() == DISAGREEING[category].keys(), disagreeing
