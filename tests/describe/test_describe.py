"""Descriptions that a real v1.36 kubectl gave of every object of a frozen cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slab.api.kind import kinds
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.kubectl.describe import describe, describe_all
from tests.describe.state_lookup import StateLookup

REFERENCE = Path(__file__).parent.parent / "reference"
CASES = json.loads((REFERENCE / "describe.json").read_text())["describe"]
STATES = json.loads((REFERENCE / "states.json").read_text())["states"]
CUSTOM = {"meters": "Meter"}
SEVERAL = [
    case
    for case in json.loads((REFERENCE / "tables.json").read_text())["text"]
    if case["args"][0] == "describe"
]


def described(case: dict[str, Any]) -> dict[str, Any]:
    plurals = {kind.plural: kind.kind for kind in kinds().values()} | CUSTOM
    args = case["args"]
    namespace = args[args.index("-n") + 1] if "-n" in args else None
    for obj in STATES[case["state"]]:
        metadata = obj["metadata"]
        if (obj["kind"], metadata["name"]) == (plurals[args[1]], args[2]):
            if namespace in (None, metadata.get("namespace")):
                return obj
    raise KeyError(args)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_description_is_what_kubectl_printed(case: dict[str, Any]) -> None:
    lookup = StateLookup(tuple(STATES[case["state"]]))
    now_us = parse_timestamp(case["now"])
    text = describe(lookup, described(case), now_us)
    if text != case["stdout"]:
        # The request was answered at some time before the second was over.
        text = describe(lookup, described(case), now_us - now_us % SECOND_US + SECOND_US - 1)
    if case["category"] == "limitrange":
        # Go visits the members of a map in no order, so only which resources there are is a fact.
        assert sorted(text.splitlines()) == sorted(case["stdout"].splitlines())
    else:
        assert text == case["stdout"]


@pytest.mark.parametrize("case", SEVERAL, ids=lambda case: " ".join(case["args"]))
def test_several_descriptions_follow_one_another(case: dict[str, Any]) -> None:
    plurals = {kind.plural: kind.kind for kind in kinds().values()}
    selector = case["args"][3] if "-l" in case["args"] else ""
    lookup = StateLookup(tuple(STATES["alpha"]))
    found = lookup.list(plurals[case["args"][1]], "alpha", label_selector=selector)
    now_us = parse_timestamp(case["now"])
    last_us = now_us - now_us % SECOND_US + SECOND_US - 1
    assert case["stdout"] in (describe_all(lookup, found, now_us), describe_all(lookup, found, last_us))
