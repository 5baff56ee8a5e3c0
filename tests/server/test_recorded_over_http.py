"""Every recorded fact that consists of requests, sent over the sockets of a served lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8slab.cluster.request import Request
from k8slab.reference import bench
from k8slab.reference.asking import ask, over_http
from k8slab.reference.categories import CATEGORIES, OVER_HTTP

ROOT = Path(__file__).parents[1] / "reference"

DISAGREEING = {
    "tables": {"text get pods -o jsonpath={..image}"},
    "describe": {"describe/limitrange/ratio"},
}
"""By category: what no two runs of Go share, its order of a map's keys."""


@pytest.mark.parametrize("category", OVER_HTTP)
def test_the_served_lab_agrees_with_a_real_cluster(category: str) -> None:
    with over_http():
        outcomes = list(CATEGORIES[category](ROOT))
    assert outcomes
    disagreeing = {one.name: one.differences for one in outcomes if one.differences}
    assert disagreeing.keys() == DISAGREEING.get(category, set()), disagreeing


def test_a_fact_that_is_asked_over_http_is_asked_of_a_server() -> None:
    world = bench.bench("facts")
    with over_http():
        answer = ask(world, Request("GET", "/openapi/v3/apis/apps/v1"))
    assert answer.body["openapi"] == "3.0.0"
    # The documents are the HTTP server's own: in process nobody has them.
    assert ask(world, Request("GET", "/openapi/v3/apis/apps/v1")).code == 404
