"""What a kubelet says of its node, and what of others it leaves there."""

from __future__ import annotations

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
