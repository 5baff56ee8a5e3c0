"""Scores that look at one node: cases of upstream's least_allocated, balanced_allocation, taint_toleration,
node_affinity and image_locality tests."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.scheduler.node_search import nodes_to_find
from k8slab.scheduler.plugins import (
    image_locality,
    node_affinity,
    node_resources_balanced_allocation,
    node_resources_fit,
    taint_toleration,
)
from tests.scheduler.cluster import Cluster, node, pod, scored


def asking(*wanted: tuple[int, int], **fields: Any) -> Obj:
    """A Pod with a container for each pair of milli-CPUs and bytes."""
    obj = pod(fields.pop("name", "p"), **fields)
    obj["spec"]["containers"] = [
        {
            "name": f"c{number}",
            "image": "i",
            "resources": {"requests": {"cpu": f"{cpu}m", "memory": str(memory)}},
        }
        for number, (cpu, memory) in enumerate(wanted)
    ]
    return obj


CPU_AND_MEMORY = ((1000, 2000), (2000, 3000))
CPU_ONLY = ((1000, 0), (2000, 0))

Existing = list[tuple[str, tuple[tuple[int, int], ...]]]
"""Pods that are there: their node, and CPU and memory of their containers."""

FREE: list[tuple[str, Obj, list[tuple[int, int]], Existing, list[int]]] = [
    ("nothing scheduled, nothing requested", asking((0, 0)), [(4000, 10000), (4000, 10000)], [], [100, 100]),
    ("differently sized nodes", asking(*CPU_AND_MEMORY), [(4000, 10000), (6000, 10000)], [], [37, 50]),
    ("no resources requested, Pods without resources", asking((0, 0)), [(4000, 10000), (4000, 10000)],
     [("n0", ((0, 0),)), ("n1", ((0, 0),))], [100, 100]),
    ("no resources requested, Pods with resources", asking((0, 0)), [(10000, 20000), (10000, 20000)],
     [("n0", CPU_ONLY), ("n0", CPU_ONLY), ("n1", CPU_ONLY), ("n1", CPU_AND_MEMORY)], [70, 57]),
    ("resources requested, Pods with resources", asking(*CPU_AND_MEMORY), [(10000, 20000), (10000, 20000)],
     [("n0", CPU_ONLY), ("n1", CPU_AND_MEMORY)], [57, 45]),
    ("the same on nodes of different sizes", asking(*CPU_AND_MEMORY), [(10000, 20000), (10000, 50000)],
     [("n0", CPU_ONLY), ("n1", CPU_AND_MEMORY)], [57, 60]),
    ("requests exceed the node", asking(*CPU_ONLY), [(4000, 10000), (4000, 10000)],
     [("n0", CPU_ONLY), ("n1", CPU_AND_MEMORY)], [50, 25]),
    ("nodes without resources", asking((0, 0)), [(0, 0), (0, 0)],
     [("n0", CPU_ONLY), ("n1", CPU_AND_MEMORY)], [0, 0]),
]  # fmt: skip


def _cluster(
    sizes: list[tuple[int, int]], existing: list[tuple[str, tuple[tuple[int, int], ...]]]
) -> Cluster:
    nodes = [
        node(f"n{number}", cpu=f"{cpu}m", memory=str(memory)) for number, (cpu, memory) in enumerate(sizes)
    ]
    pods = [asking(*wanted, name=f"e{number}", node=at) for number, (at, wanted) in enumerate(existing)]
    return Cluster([*nodes, *pods])


@pytest.mark.parametrize(
    ("incoming", "sizes", "existing", "scores"), [case[1:] for case in FREE], ids=[case[0] for case in FREE]
)
def test_least_allocated(incoming: Obj, sizes: Any, existing: Any, scores: list[int]) -> None:
    found = scored(node_resources_fit.PLUGIN, _cluster(sizes, existing), incoming)
    assert list(found.values()) == scores


EVEN: list[tuple[str, Obj, list[tuple[int, int]], Existing, list[int]]] = [
    ("nothing requested", asking((0, 0)), [(4000, 10000), (4000, 10000)], [], []),
    ("differently sized nodes", asking(*CPU_AND_MEMORY), [(4000, 10000), (6000, 10000)], [], [68, 75]),
    ("Pods with resources", asking(*CPU_AND_MEMORY), [(10000, 20000), (10000, 20000)],
     [("n0", CPU_ONLY), ("n1", CPU_AND_MEMORY)], [73, 74]),
    ("Pods with resources, differently sized nodes", asking(*CPU_AND_MEMORY),
     [(10000, 20000), (10000, 50000)],
     [("n0", CPU_ONLY), ("n1", CPU_AND_MEMORY)], [73, 70]),
    ("the best and the worst", asking((0, 2000), (0, 3000)), [(3000, 5000), (3000, 5000)],
     [("n0", CPU_ONLY)], [100, 50]),
    ("at the node's capacity", asking(*CPU_ONLY), [(6000, 10000), (6000, 10000)],
     [("n0", CPU_ONLY), ("n1", CPU_AND_MEMORY)], [62, 62]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("incoming", "sizes", "existing", "scores"), [case[1:] for case in EVEN], ids=[case[0] for case in EVEN]
)
def test_balanced_allocation(incoming: Obj, sizes: Any, existing: Any, scores: list[int]) -> None:
    found = scored(node_resources_balanced_allocation.PLUGIN, _cluster(sizes, existing), incoming)
    assert list(found.values()) == scores


def unwanted(*pairs: tuple[str, str], effect: str = "PreferNoSchedule") -> list[Obj]:
    return [{"key": key, "value": value, "effect": effect} for key, value in pairs]


def tolerated(*pairs: tuple[str, str], effect: str = "PreferNoSchedule") -> Obj:
    return pod(
        "p",
        tolerations=[{"key": k, "operator": "Equal", "value": v, "effect": effect} for k, v in pairs],
    )


ARM, SSD = ("cpu-type", "arm64"), ("disk-type", "ssd")
TAINTS: list[tuple[str, Obj, list[list[Obj]], list[int]]] = [
    ("the tolerated one is better", tolerated(("foo", "bar")),
     [unwanted(("foo", "bar")), unwanted(("foo", "blah"))], [100, 0]),
    ("tolerated taints don't count", tolerated(ARM, SSD),
     [[], unwanted(ARM), unwanted(ARM, SSD)], [100, 100, 100]),
    ("the more untolerated the worse", tolerated(("foo", "bar")),
     [[], unwanted(ARM), unwanted(ARM, SSD)], [100, 50, 0]),
    ("only PreferNoSchedule counts", tolerated(ARM, SSD, effect="NoSchedule"),
     [[], unwanted(ARM, effect="NoSchedule"), unwanted(ARM, SSD)], [100, 100, 0]),
    ("no tolerations", tolerated(), [[], unwanted(ARM)], [100, 0]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("incoming", "taints", "scores"), [case[1:] for case in TAINTS], ids=[case[0] for case in TAINTS]
)
def test_preferred_taints(incoming: Obj, taints: list[list[Obj]], scores: list[int]) -> None:
    cluster = Cluster([node(f"n{number}", taints=one) for number, one in enumerate(taints)])
    assert list(scored(taint_toleration.PLUGIN, cluster, incoming).values()) == scores


def preferring(*terms: tuple[int, list[Obj]]) -> Obj:
    preferences = [{"weight": w, "preference": {"matchExpressions": one}} for w, one in terms]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferences}}
    return pod("p", affinity=affinity)


def is_in(key: str, *values: str) -> Obj:
    return {"key": key, "operator": "In", "values": list(values)}


LABELS: list[Obj] = [
    {"foo": "bar"},
    {"key": "value"},
    {"az": "az1"},
    {"foo": "bar", "key": "value", "az": "az2"},
]
FOO = (2, [is_in("foo", "bar")])
ALL = (
    (2, [is_in("foo", "bar")]),
    (4, [is_in("key", "value")]),
    (5, [is_in("foo", "bar"), is_in("key", "value"), is_in("az", "az2")]),
)
LIKED: list[tuple[str, Obj, list[int]]] = [
    ("no preference", pod("p"), []),
    ("one label", preferring(FOO), [100, 0, 0, 100]),
    ("nothing matches", preferring((2, [is_in("nope", "x")])), [0, 0, 0, 0]),
    ("several terms add up", preferring(*ALL), [18, 36, 0, 100]),
    ("a weight of nothing", preferring((0, [is_in("foo", "bar")])), [0, 0, 0, 0]),
]


@pytest.mark.parametrize(
    ("incoming", "scores"), [case[1:] for case in LIKED], ids=[case[0] for case in LIKED]
)
def test_preferred_nodes(incoming: Obj, scores: list[int]) -> None:
    cluster = Cluster([node(f"n{number}", labels=one) for number, one in enumerate(LABELS)])
    assert list(scored(node_affinity.PLUGIN, cluster, incoming).values()) == scores


MB = 1024 * 1024
SMALL = {"gcr.io/40:latest": 40 * MB, "gcr.io/300:latest": 300 * MB, "gcr.io/2000:latest": 2000 * MB}
LARGE = {"gcr.io/250:latest": 250 * MB, "gcr.io/10:v1": 10 * MB}


def running(*images: str) -> Obj:
    obj = pod("p")
    obj["spec"]["containers"] = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    return obj


IMAGES: list[tuple[str, Obj, list[dict[str, int]], list[int]]] = [
    ("two images on two nodes, the larger wins", running("gcr.io/40", "gcr.io/250"), [SMALL, LARGE], [0, 5]),
    ("two of the node's images against one", running("gcr.io/40", "gcr.io/300"), [SMALL, LARGE], [7, 0]),
    (
        "too large is cut, too small doesn't count",
        running("gcr.io/10", "gcr.io/2000"),
        [SMALL, LARGE],
        [49, 0],
    ),
    ("two of three nodes have it", running("gcr.io/2000"), [SMALL, SMALL, LARGE], [100, 100, 0]),
    ("nobody has it", running("gcr.io/unknown"), [SMALL, LARGE], [0, 0]),
]


@pytest.mark.parametrize(
    ("incoming", "images", "scores"), [case[1:] for case in IMAGES], ids=[case[0] for case in IMAGES]
)
def test_image_locality(incoming: Obj, images: list[dict[str, int]], scores: list[int]) -> None:
    cluster = Cluster([node(f"n{number}", images=one) for number, one in enumerate(images)])
    assert list(scored(image_locality.PLUGIN, cluster, incoming).values()) == scores


@pytest.mark.parametrize(
    ("nodes", "enough"),
    [(10, 10), (99, 99), (100, 100), (1000, 420), (5000, 500), (6000, 300), (50_000, 2500)],
)
def test_how_many_nodes_are_looked_at(nodes: int, enough: int) -> None:
    assert nodes_to_find(nodes) == enough
