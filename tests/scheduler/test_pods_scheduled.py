"""Pods of many forms, beside up to six others: what a real v1.36.2 scheduler did with each.

`tests/reference/pods_scheduled.json` holds the nodes, what all cases begin with, and for each the Pods that
were there before (bound by their manifests), the Pod, and the outcome as in `scheduling.json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slab.reference import scheduling_facts

RECORDED = Path(__file__).parents[1] / "reference" / "pods_scheduled.json"
FACTS = json.loads(RECORDED.read_text(encoding="utf-8"))
NAMESPACE = "sched"


def creation(body: dict[str, Any]) -> dict[str, Any]:
    path = f"/api/v1/namespaces/{NAMESPACE}/pods"
    return {
        "method": "POST",
        "path": path,
        "query": {},
        "headers": {},
        "contentType": "application/json",
        "body": body,
    }


@pytest.mark.parametrize("case", FACTS["cases"], ids=lambda case: case["id"])
def test_the_lab_does_the_same(case: dict[str, Any]) -> None:
    fact = {
        "namespace": NAMESPACE,
        "nodes": FACTS["nodes"],
        "given": [*FACTS["given"], *map(creation, case["pods"])],
        "request": creation(case["pod"]),
        "code": 201,
        "outcome": case["outcome"],
    }
    assert list(scheduling_facts._case(fact)) == []


def test_the_record_shows_every_reason_that_a_filter_has_for_pods_without_volumes() -> None:
    said = json.dumps(FACTS["cases"])
    for reason in (
        "Insufficient cpu",
        "Insufficient memory",
        "didn't match Pod's node affinity/selector",
        "didn't have free ports for the requested pod ports",
        "didn't match pod affinity rules",
        "didn't match pod anti-affinity rules",
        "didn't match pod topology spread constraints",
        "had untolerated taint(s)",
        "were unschedulable",
        "No preemption victims found",
        "preemptionPolicy=Never",
        "Preempted by ",
    ):
        assert reason in said, reason
