"""Descriptions of objects with every field that a description shows, as a real kubectl gave them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slab.kubectl.describe import describe, describers
from tests.describe.state_lookup import StateLookup

REFERENCE = Path(__file__).parent.parent / "reference"
RICH = json.loads((REFERENCE / "descriptions.json").read_text())
LOOKUP = StateLookup(tuple(RICH["objects"]))
BY_NAME = {(obj["kind"], obj["metadata"]["name"]): obj for obj in RICH["objects"]}


@pytest.mark.parametrize("case", RICH["descriptions"], ids=lambda case: f"{case['kind']}/{case['name']}")
def test_a_rich_object_is_described_as_kubectl_did(case: dict[str, Any]) -> None:
    assert describe(LOOKUP, BY_NAME[case["kind"], case["name"]], case["nowUs"]) == case["text"]


def test_every_describer_is_tried_on_some_object() -> None:
    tried = {case["kind"].lower() for case in RICH["descriptions"]}
    assert set(describers()) - tried <= {"clusterrolebinding"}


def test_events_can_be_left_out() -> None:
    text = describe(LOOKUP, BY_NAME["Pod", "full"], 0, show_events=False)
    assert "Events:" not in text
