"""Pictures of any size answer which nodes are full or lost, where Pods wait, and where one Pod is.

The clusters are made up and never ran, so that 30,000 Pods are here in a second. `make crowd` asks for
150,000 on 5,000 nodes, as many as Kubernetes itself is made for.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import pytest

from k8slab.graph import Graph
from k8slab.renderers import svg, text
from k8slab.scene import Composer, Scene, compose
from tests.scene.cluster import Obj, at, node, owned, pod_status
from tests.scene.test_scene import facts

CPU_MILLI = 4000
"""What each node has."""


class Made(NamedTuple):
    """A cluster by kind, as much of a View as a graph reads; and which of its nodes are how."""

    objects: dict[str, list[Obj]]
    lost: list[str]
    full: list[str]
    waiting: int

    def list(self, kind: str, **_: Any) -> Sequence[Obj]:
        return self.objects.get(kind, ())


def _pod(number: int, node_name: str, spec: Obj, status: Obj, owner: list[Obj]) -> Obj:
    metadata = {
        "name": f"web-6f9-{number:06d}",
        "namespace": "default",
        "creationTimestamp": at(0),
        "ownerReferences": owner,
    }
    return {"kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


@cache
def made(nodes: int, pods: int) -> Made:
    """Pods of one ReplicaSet, evenly on nodes: each 50th is lost, each 40th is full; seven Pods wait."""
    owner = owned("ReplicaSet", "web-6f9", "uid-rs")
    names = [f"node-{number + 1}" for number in range(nodes)]
    lost, full = names[1::50], [one for one in names[2::40] if one not in names[1::50]]
    share = CPU_MILLI * nodes // (2 * pods)
    running, creating, unscheduled = (pod_status(one) for one in ("running", "creating", "unscheduled"))
    specs = {}
    for one in names:
        cpu = f"{share * 2 if one in full else share}m"
        containers = [{"name": "main", "image": "web", "resources": {"requests": {"cpu": cpu}}}]
        specs[one] = {"nodeName": one, "containers": containers}
    made_pods = []
    for number in range(pods):
        where = names[number % nodes]
        status = creating if number % 97 == 5 else running
        made_pods.append(_pod(number, where, specs[where], status, owner))
    homeless: Obj = {"containers": specs[names[0]]["containers"]}
    made_pods += [_pod(pods + number, "", homeless, unscheduled, owner) for number in range(7)]
    made_nodes = [
        node(one, "abc"[number % 3], "Unknown" if one in lost else "True") for number, one in enumerate(names)
    ]
    for one in made_nodes:
        one["status"]["allocatable"]["pods"] = str(4 * pods // nodes)
    return Made({"Node": made_nodes, "Pod": made_pods}, lost, full, 7)


CROWD = os.environ.get("K8SLAB_CROWD", "1000 30000").split()
"""Nodes and Pods of the heat map."""
LEVELS = {
    "large": (3, 30),
    "medium": (20, 200),
    "small": (100, 1000),
    "heat": (int(CROWD[0]), int(CROWD[1])),
}


@cache
def graph(level: str) -> Graph:
    return Graph(made(*LEVELS[level]))  # type: ignore[arg-type]


@cache
def picture(level: str) -> Scene:
    composer = Composer(graph(level), facts())
    assert composer.size == level
    return composer.scene


@pytest.mark.parametrize("level", LEVELS)
def test_which_nodes_are_lost(level: str) -> None:
    items = picture(level).items.values()
    lost = made(*LEVELS[level]).lost
    assert sorted(one.label for one in items if one.kind == "Node" and one.state == "lost") == sorted(lost)
    assert f"{lost[0]}: " in (said := text.render(picture(level)))
    assert "NotReady" in next(line for line in said.splitlines() if line.startswith(f"{lost[0]}: "))


@pytest.mark.parametrize("level", LEVELS)
def test_which_nodes_are_full(level: str) -> None:
    """By the height of a bar or a cell, by its frame, and by name."""
    scene, full = picture(level), made(*LEVELS[level]).full
    said = text.render(scene)
    for one in full[:20]:
        line = next(line for line in said.splitlines() if line.startswith(f"{one}: "))
        assert any(f"{share} %" in line for share in range(90, 101)), line
    if level == "heat":
        hot = [one for one in scene.items.values() if one.state == "hot"]
        assert sorted(one.label for one in hot) == sorted(full)
        assert f"{len(full):,} at 90 % or more, {full[0]} the fullest" in scene.items["heat"].detail


@pytest.mark.parametrize("level", LEVELS)
def test_how_many_pods_wait_and_why(level: str) -> None:
    scene = picture(level)
    tray = scene.items["tray"]
    shown = [one for one in scene.items.values() if one.kind == "Pod" and one.state == "waiting"]
    assert tray.detail == "7 Pods"
    assert len(shown) + int(tray.state or 0) == made(*LEVELS[level]).waiting
    assert scene.items["note"].detail == "0/3 nodes are available: 3 Insufficient cpu."


@pytest.mark.parametrize("level", LEVELS)
def test_where_one_pod_is(level: str) -> None:
    """Selected, each Pod is seen on its node: on a heat map under the lens, with the others of that node."""
    nodes, pods = LEVELS[level]
    wanted = f"Pod/default/web-6f9-{pods // 2:06d}"
    name = f"Node/node-{pods // 2 % nodes + 1}"
    scene = picture(level) if level != "heat" else compose(graph(level), facts(selected=wanted))
    assert scene.items[wanted].links[0] == name
    if level == "heat":
        lens = scene.items["lens"]
        beside = [one for one in scene.items.values() if one.kind == "Pod" and name in one.links]
        assert lens.label == name.removeprefix("Node/")
        assert len(beside) == pods // nodes
        assert all(lens.y < one.y < lens.y + lens.height for one in beside)


@pytest.mark.parametrize("level", LEVELS)
def test_a_picture_is_no_larger_than_can_be_looked_at(level: str) -> None:
    nodes, pods = LEVELS[level]
    scene = picture(level)
    assert len(scene.items) <= nodes + min(pods, 2000) + 40
    assert scene.height < 1500
    assert len(text.render(scene)) < 110_000
    assert len(svg.render(scene)) < 120 * nodes + 130 * min(pods, 2000) + 100_000


def test_the_sum_of_a_heat_map() -> None:
    nodes, pods = LEVELS["heat"]
    detail = picture("heat").items["heat"].detail
    lost = len(made(nodes, pods).lost)
    assert detail.startswith(f"{nodes - lost:,} Ready, {lost:,} NotReady")
    creating = sum(1 for number in range(pods) if number % 97 == 5 and number % nodes % 50 != 1)
    assert f"7 waiting, {creating:,} creating, " in detail
