"""The Gantt chart of Pods' phases."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.clock import SECOND_US, START_US
from k8slab.renderers import draw, svg, text
from k8slab.scene import Header, Scene
from k8slab.scene.gantt import HEIGHTS, MOST_PODS, compose, lives_of
from k8slab.scene.tokens import PHASES
from k8slab.store.view import Change
from tests.renderers.labs import short
from tests.scene import golden
from tests.scene.cluster import INPUTS, NOW_US, history, node, owned, pod, pod_status

HEADER = Header("k8slab", START_US, 7, 214)


def chart(**options: Any) -> Scene:
    return compose(history(), INPUTS, HEADER, NOW_US, **options)


def changes(*steps: tuple[float, str, str, Any]) -> list[Change]:
    found = []
    for number, (seconds, kind, name, obj) in enumerate(steps):
        key = ("" if kind == "Node" else "default", name)
        found.append(Change(number + 1, START_US + int(seconds * SECOND_US), kind, key, None, obj, 0))
    return found


def stretches(*steps: tuple[float, str, str, Any], until: float = 100) -> list[tuple[str, float, float]]:
    (life,) = lives_of(changes(*steps), START_US + int(until * SECOND_US))
    return [
        (
            one.tone,
            (one.from_us - START_US) / SECOND_US,
            (one.to_us - START_US) / SECOND_US if one.to_us else 0,
        )
        for one in life.stretches
    ]


BOUND = {**pod("p", None, "node-1"), "status": pod_status("creating")}
RUNNING = pod("p", None, "node-1", "running")
UNBOUND = {**pod("p", None, ""), "status": {"phase": "Pending"}}
WELL, LOST = node("node-1", "a"), node("node-1", "a", "Unknown")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            [(1, "Pod", "p", UNBOUND), (2, "Pod", "p", BOUND), (5, "Pod", "p", RUNNING)],
            [("waiting", 1, 2), ("creating", 2, 5), ("running", 5, 0)],
        ),
        (
            [(0, "Node", "node-1", WELL), (1, "Pod", "p", RUNNING), (3, "Node", "node-1", LOST)],
            [("running", 1, 3), ("unknown", 3, 0)],
        ),
        (
            [(0, "Node", "node-1", LOST), (1, "Pod", "p", RUNNING), (3, "Node", "node-1", WELL)],
            [("unknown", 1, 3), ("running", 3, 0)],
        ),
        (
            [(1, "Pod", "p", RUNNING), (3, "Pod", "p", None), (7, "Pod", "p", RUNNING)],
            [("running", 1, 3), ("running", 7, 0)],
        ),
        ([(1, "Pod", "p", RUNNING), (200, "Pod", "p", None)], [("running", 1, 0)]),
    ],
    ids=["a start", "a node is lost", "a node comes back", "gone and there again", "what comes later"],
)
def test_phases_follow_each_other(steps: Any, expected: Any) -> None:
    assert stretches(*steps) == expected


def test_pods_stand_with_their_workload() -> None:
    web = owned("ReplicaSet", "web-1", "u")
    replica_set = {"metadata": {"name": "web-1", "ownerReferences": owned("Deployment", "web", "d")}}
    found = lives_of(
        changes(
            (1, "Pod", "web-1-a", pod("web-1-a", web, "")),
            (1, "ReplicaSet", "web-1", replica_set),
            (2, "Pod", "alone", pod("alone", None, "")),
            (3, "Pod", "web-1-b", pod("web-1-b", web, "")),
        ),
        NOW_US,
    )
    assert [(life.pod, life.owner) for life in found] == [
        ("Pod/default/web-1-a", "Deployment/default/web"),
        ("Pod/default/web-1-b", "Deployment/default/web"),
        ("Pod/default/alone", "Pod/default/alone"),
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_words(language: Any) -> None:
    golden.check(f"gantt-{language}.txt", text.render(chart(language=language)))


def test_picture() -> None:
    golden.check("gantt.svg", svg.render(chart()))


def test_every_phase_has_a_height_that_tells_it_from_its_neighbours() -> None:
    assert HEIGHTS.keys() == set(PHASES)
    assert len({HEIGHTS[tone] for tone in ("waiting", "creating", "starting", "running", "unknown")}) == 5


def test_too_many_pods_are_counted() -> None:
    many = changes(*((1, "Pod", f"p-{number}", UNBOUND) for number in range(MOST_PODS + 5)))
    scene = compose(many, (), HEADER, NOW_US)
    assert sum(1 for item in scene.items.values() if item.kind == "Pod") == MOST_PODS
    assert scene.items["legend"].label == "and 5 more Pods"


def test_nothing_yet() -> None:
    assert "no Pod yet" in text.render(compose([], (), HEADER, START_US))


def test_a_lab_draws_its_chart() -> None:
    assert "db-1" in draw(short(), what="gantt", format="text")
    assert short().draw("gantt").svg.startswith("<svg")
    assert short().draw("gantt", format="figure").axes
    with pytest.raises(ValueError, match='nothing is called "graph"'):
        short().draw("graph")
