"""Heartbeats that a kubelet writes although they tell nothing new."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from k8slab.lab import Lab


def changes_in(lab: Lab, duration: str) -> Counter[str]:
    """How many changes of each kind are stored while time passes."""
    before = lab.world.store.revision
    lab.run(duration)
    return Counter(row.kind for row in lab.world.store.rows_since(before))


def renewed(lab: Lab, node: str) -> str:
    time: str = lab.get(f"lease/{node}", namespace="kube-node-lease")["spec"]["renewTime"]
    return time


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, {}, id="a-heartbeat-that-tells-nothing-new-is-no-change"),
        pytest.param({"stored_heartbeats": True}, {"Lease": 120, "Node": 4}, id="stored"),
    ],
)
def test_what_healthy_nodes_write_in_ten_minutes(options: dict[str, Any], expected: dict[str, int]) -> None:
    assert changes_in(Lab(2, **options), "10m") == expected


def test_a_node_that_is_down_renews_no_lease_and_goes_on_when_it_is_back() -> None:
    lab = Lab(2, stored_heartbeats=True)
    lab.crash("node-1")
    last = renewed(lab, "node-1")
    assert changes_in(lab, "30s")["Lease"] == 3
    assert renewed(lab, "node-1") == last
    lab.recover("node-1")
    lab.run("30s")
    assert renewed(lab, "node-1") > last


def test_a_node_that_joins_stores_its_heartbeats_too() -> None:
    lab = Lab(1, stored_heartbeats=True)
    lab.add_node("late")
    lab.settle()
    assert changes_in(lab, "1m")["Lease"] == 12


def test_a_lab_with_stored_heartbeats_settles_and_is_replayed() -> None:
    lab = Lab(1, stored_heartbeats=True)
    lab.kubectl("create deployment web --image nginx --replicas 2")
    assert lab.settle()
    lab.run("6m")
    assert Lab.load(lab.save()).digest() == lab.digest()
    assert lab.fork().digest() == lab.digest()
