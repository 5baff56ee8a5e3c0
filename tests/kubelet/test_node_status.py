"""What a kubelet says of its node, and what of others it leaves there."""

from __future__ import annotations

import pytest

from k8slab.api.meta import Obj
from k8slab.cluster import api
from tests.kubelet.nodes import Nodes


def test_what_somebody_else_advertises_stays() -> None:
    nodes = Nodes(1)
    node = nodes.world.get("Node", ("", "node-1"))
    status = node["status"]
    more = {name: {**status[name], "lab.example/foo": "5"} for name in ("allocatable", "capacity")}
    api.update(nodes.world, api.ADMIN, "Node", {**node, "status": {**status, **more}}, "status")
    nodes.pod("web")
    nodes.run(400)
    after = nodes.world.get("Node", ("", "node-1"))["status"]
    assert after["images"], "the kubelet has written the status since"
    assert after["capacity"]["lab.example/foo"] == after["allocatable"]["lab.example/foo"] == "5"
    assert after["capacity"]["cpu"] == status["capacity"]["cpu"]


@pytest.mark.parametrize(
    ("capacity", "allocatable", "expected"),
    [
        pytest.param({"lab.example/foo": "5"}, {}, ("5", "5", "4"), id="what-is-there-can-be-had"),
        pytest.param({}, {"lab.example/foo": "5"}, (None, None, "4"), id="what-is-not-there-can-not-be-had"),
        pytest.param({"cpu": "90"}, {"cpu": "90"}, (None, None, "4"), id="what-the-machine-has"),
    ],
)
def test_a_kubelet_tells_its_resources_at_its_next_tick(
    capacity: Obj, allocatable: Obj, expected: tuple[str | None, str | None, str]
) -> None:
    nodes = Nodes(1)
    node = nodes.world.get("Node", ("", "node-1"))
    told = node["status"]
    written = {
        **told,
        "capacity": {**told["capacity"], **capacity},
        "allocatable": {**told["allocatable"], **allocatable},
    }
    api.update(nodes.world, api.ADMIN, "Node", {**node, "status": written}, "status")
    nodes.run(1)
    assert nodes.world.get("Node", ("", "node-1"))["status"] == written
    nodes.run(10)
    after = nodes.world.get("Node", ("", "node-1"))["status"]
    shown = (after["capacity"].get("lab.example/foo"), after["allocatable"].get("lab.example/foo"))
    assert (*shown, after["allocatable"]["cpu"]) == expected
