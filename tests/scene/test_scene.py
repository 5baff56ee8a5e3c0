"""Scenes: kept pictures, places that hold, patches that compose, and colours that can be told apart."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.graph import Graph
from k8slab.scene import Composer, Facts, Item, Scene, apply, compose, diff, dumps, patch_to_json, to_json
from k8slab.scene.icons import ICONS, SPINNING
from k8slab.scene.layout import size_for
from k8slab.scene.marks import clock_text, text_at
from k8slab.scene.metrics import shortened, text_width, wrapped
from k8slab.scene.phases import look
from k8slab.scene.places import Places
from k8slab.scene.portrayal import Subject, portrayals
from k8slab.scene.timeline import Row, axis_for, thinned
from k8slab.scene.tokens import PHASES, TOKENS, colours
from tests.controllers.view import MemoryView
from tests.scene import golden
from tests.scene.cluster import (
    INPUTS,
    NOW_US,
    START_US,
    cluster,
    history,
    node,
    objects,
    owned,
    pod,
    pod_status,
    volume,
)

SECOND = 1_000_000
CONSOLE = ("$ kubectl get pods", "NAME   READY", "db-0   1/1")


def facts(now_us: int = NOW_US, **more: Any) -> Facts:
    return Facts(now_us, START_US, 7, 214, **more)


def whole_scene() -> Scene:
    shown = facts(inputs=INPUTS, selected="Pod/default/db-1", console=CONSOLE)
    return compose(Graph(cluster()), shown, history=history())


def crowd(nodes: int, pods: int) -> MemoryView:
    """Many nodes, and Pods of one Deployment spread over them."""
    made: list[Any] = [node(f"node-{number + 1}", "abc"[number % 3]) for number in range(nodes)]
    owner = owned("ReplicaSet", "web-6f9", "u-rs")
    for number in range(pods):
        state = "running" if number % 7 else "creating"
        made.append(pod(f"web-6f9-{number:05d}", owner, f"node-{number % nodes + 1}", state))
    return MemoryView(made, now_us=NOW_US)


# Kept pictures.


def test_the_whole_scene() -> None:
    golden.check("cluster.json", dumps(whole_scene()))


@pytest.mark.parametrize(
    ("nodes", "pods"), [(12, 90), (20, 310), (60, 2100)], ids=["medium", "small", "heat"]
)
def test_crowds(nodes: int, pods: int) -> None:
    scene = compose(Graph(crowd(nodes, pods)), facts())
    golden.check(f"crowd-{pods}.json", dumps(scene))
    shown = [item for item in scene.items.values() if item.kind == "Pod"]
    assert len(shown) == (0 if pods > 2000 else pods)


def test_the_scene_is_the_same_again() -> None:
    assert whole_scene() == whole_scene()


def test_everything_has_a_place_and_a_name() -> None:
    items = whole_scene().items
    for obj in objects():
        kind, name = obj["kind"], obj["metadata"]["name"]
        if kind in ("Node", "Pod", "PersistentVolumeClaim"):
            namespace = obj["metadata"].get("namespace")
            item = items[f"{kind}/{namespace}/{name}" if namespace else f"{kind}/{name}"]
            assert item.label == name
            assert item.detail


@pytest.mark.parametrize("kind", sorted(portrayals()))
def test_each_kind_is_drawn_by_its_own_module(kind: str) -> None:
    from importlib import import_module

    portrayal = portrayals()[kind]
    assert import_module(f"k8slab.scene.portrayals.{kind.lower()}").PORTRAYAL is portrayal


def test_nothing_overlaps() -> None:
    """Pods, volumes and workloads each keep clear of their like."""
    items = [item for item in whole_scene().items.values() if item.kind and item.kind != "Node"]
    for one, other in itertools.combinations(items, 2):
        apart = (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        )
        assert apart, (one.id, other.id)


@pytest.mark.parametrize("width", [640, 1180])
@pytest.mark.parametrize(
    ("nodes", "volumes"), [(3, 11), (20, 40), (60, 400)], ids=["large", "medium", "small"]
)
def test_volumes_of_no_node_have_room_of_their_own(nodes: int, volumes: int, width: float) -> None:
    """However many there are: the next band begins beneath the last of them."""
    made = [node(f"node-{number + 1}", "a") for number in range(nodes)]
    claims = [volume(f"data-{number:03d}", "")[:2] for number in range(volumes)]
    view = MemoryView([*made, *itertools.chain.from_iterable(claims)], now_us=NOW_US)
    items = compose(Graph(view), facts(), width=width).items
    loose = [one for one in items.values() if one.kind == "PersistentVolumeClaim"]
    assert len(loose) == volumes
    assert len({(one.x, one.y) for one in loose}) == volumes
    assert all(one.y + one.height <= items["note"].y for one in loose)
    assert all(one.x + one.width <= width for one in loose)


def marks_of(item: Item, shape: str) -> list[Any]:
    return [mark for mark in item.marks if mark[0] == shape]


def test_a_phase_has_a_shape_of_its_own() -> None:
    shapes = {tone: tuple(mark[:1] + mark[3:] for mark in ICONS[tone]) for tone in PHASES}
    assert len(set(shapes.values())) == len(PHASES)
    assert {f"small-{tone}" for tone in PHASES} <= set(ICONS)
    assert set(SPINNING) <= set(ICONS)


def test_what_is_held_by_a_lost_node_is_dashed() -> None:
    items = whole_scene().items
    held = marks_of(items["line/Pod/default/db-1/data-db-1"], "path")[0]
    free = marks_of(items["line/Pod/default/db-0/data-db-0"], "path")[0]
    assert held[5]
    assert not free[5]
    assert items["PersistentVolumeClaim/default/data-db-1"].state == "held"


def test_the_picture_explains_the_worst_of_itself() -> None:
    note = whole_scene().items["note"]
    assert note.label == "Why is there no new db-1?"
    assert "never runs one identity twice" in note.detail


def test_a_given_note_stands_in_its_place() -> None:
    scene = compose(Graph(cluster()), facts(note=("Why?", "Because.")))
    assert (scene.items["note"].label, scene.items["note"].detail) == ("Why?", "Because.")


# Following.


def follow(view: MemoryView, graph: Graph, composer: Composer, seen: int, now_us: int = NOW_US) -> Scene:
    changes = view.store.history[seen:]
    return composer.update(graph.update(changes), changes, facts(now_us))


def test_a_pod_keeps_its_place_while_others_come_and_go() -> None:
    view = cluster()
    graph = Graph(view)
    composer = Composer(graph, facts())
    before = {one.id: (one.x, one.y) for one in composer.scene.items.values() if one.kind == "Pod"}
    seen = len(view.store.history)
    view.remove("Pod", ("default", "web-6f9-7lsvx"))
    view.add(pod("web-6f9-new01", owned("ReplicaSet", "web-6f9", "u"), "node-3"))
    scene = follow(view, graph, composer, seen)
    for identity, place in before.items():
        if identity != "Pod/default/web-6f9-7lsvx":
            item = scene.items[identity]
            assert (item.x, item.y) == place, identity
    seen = len(view.store.history)
    view.add(pod("web-6f9-new02", owned("ReplicaSet", "web-6f9", "u"), "node-2"))
    item = follow(view, graph, composer, seen).items["Pod/default/web-6f9-new02"]
    assert (item.x, item.y) == before["Pod/default/web-6f9-7lsvx"]


def test_time_alone_changes_almost_nothing() -> None:
    view = cluster()
    graph = Graph(view)
    composer = Composer(graph, facts())
    before = composer.scene
    after = composer.update([], [], facts(NOW_US + SECOND))
    patch = diff(before, after)
    assert not patch.put
    assert not patch.removed
    assert not patch.moved
    assert {one[0] for one in patch.marks} <= {"CronJob/default/hello"}


def test_one_pod_changes_few_items() -> None:
    view = cluster()
    graph = Graph(view)
    composer = Composer(graph, facts())
    before = composer.scene
    seen = len(view.store.history)
    view.change("Pod", ("default", "db-2"), "status", pod_status("running"))
    after = follow(view, graph, composer, seen)
    assert {one for one in after.items if after.items[one] != before.items.get(one)} == {
        "Pod/default/db-2",
        "StatefulSet/default/db",
        "row/StatefulSet/default/db/002",
    }
    assert len(json.dumps(patch_to_json(diff(before, after)))) < 2500


ROOMY = 3200
"""So wide that every waiting Pod is shown, whichever came first."""

STEPS = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(["add", "remove", "run", "fail", "lose", "bind"])),
    max_size=12,
)


def perform(view: MemoryView, number: int, what: str) -> None:
    everything = objects()
    obj = everything[number % len(everything)]
    key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
    stored = view.get(obj["kind"], key)
    if what == "lose":
        name = f"node-{number % 3 + 1}"
        view.add(node(name, "a", "Unknown" if number % 2 else "True", 1400))
    elif what == "add" or stored is None:
        view.add(obj)
    elif what == "remove":
        view.remove(obj["kind"], key)
    elif obj["kind"] == "Pod":
        if what == "bind":
            view.change("Pod", key, "spec", {**stored["spec"], "nodeName": f"node-{number % 3 + 1}"})
        else:
            view.change("Pod", key, "status", pod_status("running" if what == "run" else "backoff"))


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_patches_compose_and_changed_is_enough(steps: list[tuple[int, str]]) -> None:
    """apply(diff(a, b), a) == b; and a diff among the ids that the composer names is the whole diff."""
    view = cluster()
    graph = Graph(view)
    composer = Composer(graph, facts())
    now_us = NOW_US
    for number, what in steps:
        before, seen = composer.scene, len(view.store.history)
        now_us += number * SECOND
        perform(view, number, what)
        after = follow(view, graph, composer, seen, now_us)
        assert apply(diff(before, after), before) == after
        assert apply(diff(before, after, composer.changed), before) == after
        assert diff(after, after) == diff(after, after, [])


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_following_draws_what_drawing_anew_does(steps: list[tuple[int, str]]) -> None:
    """But for places, colours and the timeline, which remember, the picture is a function of the objects."""
    view = cluster()
    graph = Graph(view)
    composer = Composer(graph, facts(), width=ROOMY)
    for number, what in steps:
        seen = len(view.store.history)
        perform(view, number, what)
        follow(view, graph, composer, seen)
    fresh = compose(Graph(view), facts(), width=ROOMY)

    def said(scene: Scene) -> dict[str, tuple[str, str, str]]:
        return {one.id: (one.label, one.detail, one.state) for one in scene.items.values() if one.kind}

    assert said(composer.scene) == said(fresh)


def test_patches_are_json() -> None:
    scene = whole_scene()
    again = json.loads(json.dumps(to_json(scene)))
    assert len(again["items"]) == len(scene.items)
    empty = Scene(1, 1, 0, scene.header, scene.axis, "", {})
    assert len(json.loads(json.dumps(patch_to_json(diff(empty, scene))))["put"]) == len(scene.items)


# Parts.


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0:00"),
        (48, "0:48"),
        (1488, "24:48"),
        (3600, "1:00:00"),
        (11109, "3:05:09"),
        (183900, "2d 3:05"),
        (-5, "0:00"),
    ],
)
def test_clock_text(seconds: int, words: str) -> None:
    assert clock_text(seconds * SECOND) == words


def test_places() -> None:
    places = Places()
    assert [places.take(one) for one in "abc"] == [0, 1, 2]
    places.leave("b")
    assert (places.take("d"), places.take("e"), places.take("a")) == (1, 3, 0)
    assert places.take("f", prefer=9) == 9
    assert places.top() == 10
    places.leave("f")
    assert places.top() == 4
    places.leave("nobody")
    assert places.take("g", prefer=1) == 4, "a preferred place that is held is not taken"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(-1, 12)), max_size=60))
def test_places_are_never_shared(steps: list[tuple[bool, int, int]]) -> None:
    places = Places()
    for takes, number, prefer in steps:
        former = dict(places.at)
        if takes:
            places.take(str(number), prefer)
        else:
            places.leave(str(number))
        assert len(set(places.at.values())) == len(places.at)
        assert places.top() == max(places.at.values(), default=-1) + 1
        for identity, place in former.items():
            assert places.at.get(identity, place) == place


@pytest.mark.parametrize(
    ("nodes", "pods", "current", "size"),
    [
        (3, 30, None, "large"),
        (20, 200, None, "medium"),
        (100, 1000, None, "small"),
        (500, 5000, None, "heat"),
        (3, 55, "medium", "medium"),
        (3, 40, "medium", "large"),
        (3, 61, "large", "medium"),
    ],
)
def test_sizes(nodes: int, pods: int, current: Any, size: str) -> None:
    assert size_for(nodes, pods, current) == size


def test_shortened_keeps_both_ends() -> None:
    name = "web-64948f6b69-nlzqg"
    short = shortened(name, "name", 90, 5)
    assert short.startswith("web-")
    assert short.endswith("nlzqg")
    assert text_width(short, "name") <= 90
    assert shortened("db-0", "name", 90, 5) == "db-0"


def test_wrapped() -> None:
    lines = wrapped("one two three four five six", "small", 60, 2)
    assert len(lines) == 2
    assert lines[1].endswith("…")


def test_an_axis_ends_at_a_round_instant() -> None:
    axis, step = axis_for(120, 1030, START_US, NOW_US)
    assert (axis.end_us - axis.start_us, step) == (1680 * SECOND, 240 * SECOND)
    assert axis.at(START_US) == 120
    assert axis.at(axis.end_us + SECOND) == 1150


def test_a_row_joins_what_is_the_same() -> None:
    row = Row("web")
    assert row.note("a", "creating", 10)
    assert not row.note("a", "creating", 11)
    row.note("b", "creating", 12)
    row.note("a", "running", 20)
    row.note("a", "", 30)
    row.note("b", "running", 40)
    assert [tuple(one) for one in row.lanes[0]] == [("creating", 10, 20), ("running", 20, 30)]
    assert [tuple(one) for one in row.summary] == [("creating", 10, 40), ("running", 40, 0)]
    assert row.counts["running"] == 1


def test_a_long_row_is_thinned_without_gaps() -> None:
    row = Row("job")
    for at in range(2000):
        row.note("p", "running" if at % 2 else "creating", at * 10)
    kept = row.summary
    assert len(kept) <= 400
    assert all(one.to_us == other.from_us for one, other in itertools.pairwise(kept))
    assert len(thinned(list(kept))) < len(kept)


# Colours.


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(colour: str) -> tuple[float, ...]:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


TEXTS = [
    *(("text", ground) for ground in ("surface", "raised", "card", "card-lost", "card-held", "chip", "note")),
    *(("text", ground) for ground in ("chip-unknown", "chip-going")),
    *(("muted", ground) for ground in ("surface", "raised", "card", "card-lost", "card-held", "chip")),
    *(("muted", ground) for ground in ("chip-unknown", "chip-going")),
    *(("alert", ground) for ground in ("surface", "card-lost", "alert-soft")),
    ("held", "surface"),
    ("held", "card-held"),
    ("console-text", "console"),
    ("console-prompt", "console"),
    *(("on-mark", ground) for ground in ("succeeded", "failed", "heat-4")),
    *(
        ("on-bright", ground)
        for ground in ("running", "creating", "starting", "waiting", "terminating", "unknown")
    ),
    *(("on-bright", ground) for ground in ("heat-0", "heat-1", "heat-2", "heat-3")),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXTS)
def test_texts_can_be_read(theme: Any, ink: str, ground: str) -> None:
    table = colours(theme)
    assert contrast(table[ink], table[ground]) >= 4.5, (table[ink], table[ground])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_stand_out(theme: Any) -> None:
    table = colours(theme)
    for name in (
        *(f"owner-{number}" for number in range(8)),
        "owner-none",
        "mark-waiting",
        "mark-unknown",
        "accent",
    ):
        assert contrast(table[name], table["chip"]) >= 3, name


VISION = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red cones": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "no green cones": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "no blue cones": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}
"""How colours are seen with each kind of colour blindness (Machado, Oliveira and Fernandes, 2009)."""


def seen(colour: str, vision: Any) -> tuple[float, ...]:
    """A colour in Oklab, in which distances are as the eye feels them."""
    r, g, b = (
        min(1.0, max(0.0, sum(factor * part for factor, part in zip(row, linear(colour))))) for row in vision
    )
    long = (0.4122 * r + 0.5363 * g + 0.0514 * b) ** (1 / 3)
    middle = (0.2119 * r + 0.6807 * g + 0.1074 * b) ** (1 / 3)
    short = (0.0883 * r + 0.2817 * g + 0.6300 * b) ** (1 / 3)
    return (
        0.2105 * long + 0.7936 * middle - 0.0041 * short,
        1.9780 * long - 2.4286 * middle + 0.4506 * short,
        0.0259 * long + 0.7828 * middle - 0.8087 * short,
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("family", ["owners", "phases"])
def test_colours_differ_for_every_eye(theme: Any, vision: str, family: str) -> None:
    table = colours(theme)
    names = [f"owner-{number}" for number in range(8)] if family == "owners" else PHASES
    for one, other in itertools.combinations(names, 2):
        first, second = seen(table[one], VISION[vision]), seen(table[other], VISION[vision])
        distance = sum((a - b) ** 2 for a, b in zip(first, second)) ** 0.5
        assert distance >= 0.06, (one, other, round(distance, 3))


def test_every_token_that_a_picture_names_is_there() -> None:
    def named(mark: Any) -> list[str]:
        at = {"rect": (6, 7), "circle": (4, 5), "path": (2, 3), "text": (5,), "bar": (3,)}.get(mark[0], ())
        return [mark[index] for index in at if mark[index]]

    scenes = [
        whole_scene(),
        compose(Graph(crowd(20, 310)), facts()),
        compose(Graph(crowd(60, 2100)), facts()),
    ]
    marks = [mark for scene in scenes for item in scene.items.values() for mark in item.marks]
    marks += [mark for icon in ICONS.values() for mark in icon]
    assert {token for mark in marks for token in named(mark)} <= set(TOKENS)
    assert {mark[3] for mark in marks if mark[0] == "icon"} <= set(ICONS)


def test_another_width_is_laid_out_as_if_it_had_always_been_so() -> None:
    composer = Composer(Graph(cluster()), facts(inputs=INPUTS), history=history())
    resized = composer.resize(900, facts(inputs=INPUTS))
    fresh = compose(Graph(cluster()), facts(inputs=INPUTS), width=900, history=history())
    assert dict(resized.items) == dict(fresh.items)
    assert resized[:-1] == fresh[:-1]


def test_a_heat_map_keeps_no_timeline_of_before() -> None:
    view = crowd(60, 1900)
    graph = Graph(view)
    composer = Composer(graph, facts(), history=view.store.history)
    assert "timeline" in composer.items
    seen = len(view.store.history)
    for number in range(200):
        view.add(pod(f"more-{number:05d}", None, f"node-{number % 60 + 1}"))
    changes = view.store.history[seen:]
    scene = composer.update(graph.update(changes), changes, facts())
    assert not [one for one in scene.items if one.startswith(("row/", "timeline", "now"))]


def governing() -> MemoryView:
    """An Ingress to a Service and to one that isn't there, a budget, an autoscaler, a controller."""
    view = cluster()

    def put(kind: str, name: str, spec: Any, status: Any = None) -> None:
        view.add(
            {
                "kind": kind,
                "metadata": {"name": name, "namespace": "default"},
                "spec": spec,
                "status": status or {},
            }
        )

    def path(service: str) -> dict[str, Any]:
        return {"backend": {"service": {"name": service}}}

    rules = [{"host": "a.example", "http": {"paths": [path("db"), path("lost")]}}]
    put("Ingress", "gate", {"rules": rules})
    budget = {"expectedPods": 4, "currentHealthy": 4, "desiredHealthy": 3, "disruptionsAllowed": 1}
    put(
        "PodDisruptionBudget",
        "guard",
        {"minAvailable": 3, "selector": {"matchLabels": {"app": "web"}}},
        budget,
    )
    target = {"kind": "Deployment", "name": "web"}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 50}}}]
    current = [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 80}}}]
    put(
        "HorizontalPodAutoscaler",
        "grow",
        {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 10, "metrics": metrics},
        {"currentReplicas": 4, "desiredReplicas": 7, "currentMetrics": current},
    )
    put("ReplicationController", "old", {"replicas": 2}, {"readyReplicas": 1})
    return view


GOVERNING = {
    "Ingress/default/gate": ("a.example, to db, lost", "Service/default/db"),
    "PodDisruptionBudget/default/guard": ("min 3, 4 healthy of 4, 3 needed, 1 may be disrupted", ""),
    "HorizontalPodAutoscaler/default/grow": (
        "scales web between 2 and 10, 4 now, 7 wanted, cpu 80 of 50 %",
        "Deployment/default/web",
    ),
    "ReplicationController/default/old": ("1 of 2 ready", ""),
}


@pytest.mark.parametrize("identity", GOVERNING)
def test_what_governs_others_has_a_chip_of_its_own(identity: str) -> None:
    scene = compose(Graph(governing()), facts())
    words, link = GOVERNING[identity]
    assert scene.items[identity].detail == words
    assert not link or link in scene.items[identity].links
    others = [one.marks for one in scene.items.values() if one.id in GOVERNING and one.id != identity]
    assert scene.items[identity].marks not in others


def test_a_heat_map_is_looked_at_more_closely() -> None:
    view = crowd(60, 2100)
    composer = Composer(Graph(view), facts())
    assert not [one for one in composer.items.values() if one.kind == "Pod"]
    near = composer.update([], [], facts(selected="Node/node-7"))
    pods = {one.id for one in near.items.values() if one.kind == "Pod"}
    on_node = {f"Pod/default/{one['metadata']['name']}" for one in view.list("Pod", node="node-7")}
    assert pods == on_node
    lens = near.items["lens"]
    inside = [one for one in near.items.values() if one.kind == "Pod"]
    assert all(lens.y < one.y and one.y + one.height < lens.y + lens.height for one in inside)
    pod = sorted(pods)[3]
    nearer = composer.update([], [], facts(selected=pod))
    assert nearer.items["selection"].x == nearer.items[pod].x
    other = composer.update([], [], facts(selected="Node/node-8"))
    assert {one.id for one in other.items.values() if one.kind == "Pod"}.isdisjoint(pods)
    assert dict(composer.update([], [], facts()).items) == dict(compose(Graph(view), facts()).items)


def test_an_empty_cluster_says_how_to_begin() -> None:
    scene = compose(Graph(crowd(2, 0)), facts())
    assert scene.items["note"].label == "Nothing runs here yet."
    assert "note" not in compose(Graph(crowd(2, 1)), facts()).items


def test_an_evicted_pod_has_failed_though_its_containers_ended_well() -> None:
    ended = {"name": "c", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
    status = {"phase": "Failed", "reason": "Evicted", "containerStatuses": [ended]}
    seen = look(
        {
            "metadata": {"name": "x"},
            "spec": {"nodeName": "n", "containers": [{"name": "c"}]},
            "status": status,
        },
        False,
        False,
    )
    assert (seen.tone, seen.word) == ("failed", "Evicted")


@pytest.mark.parametrize(
    ("width", "schedule", "shown"),
    [(300, "0 3 * * *", "next in {}"), (165, "0 3 * * *", "{}"), (165, "* * * * *", "{}")],
    ids=["room for all", "a long clock", "a long name"],
)
def test_the_clock_of_a_cron_job_leaves_its_name_room(width: float, schedule: str, shown: str) -> None:
    view = crowd(1, 0)
    name = "nightly-report-of-accounting"
    view.add(
        {
            "kind": "CronJob",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"schedule": schedule},
        }
    )
    graph = Graph(view)
    identity = f"CronJob/default/{name}"
    obj = graph.get(identity)
    subject = Subject(identity, obj, width, 60, "large", "owner-1")
    composer = Composer(graph, facts())
    marks = portrayals()["CronJob"].draw(subject, composer).marks
    texts = [mark for mark in marks if mark[0] == "text"]
    value, title = texts[-1], texts[-2]
    assert value[6] == shown
    left = value[1] - text_width(text_at(value, composer.now_us), "value")
    assert title[1] + text_width(title[6], "strong") <= left


def test_a_job_that_came_and_went_between_two_looks_has_its_cron_jobs_row() -> None:
    """Its Pods belong to the CronJob although nothing of the Job is left in the graph."""
    view = cluster()
    graph = Graph(view)
    composer = Composer(graph, facts())
    rows, seen = set(composer.rows), len(view.store.history)
    metadata = {"name": "hello-9", "namespace": "default", "uid": "uid-Job-hello-9"}
    job = {
        "kind": "Job",
        "metadata": {**metadata, "ownerReferences": owned("CronJob", "hello", "u")},
        "spec": {},
    }
    view.add(job)
    view.add(pod("hello-9-abcde", owned("Job", "hello-9", "uid-Job-hello-9"), "node-2", "succeeded"))
    view.remove("Pod", ("default", "hello-9-abcde"))
    view.remove("Job", ("default", "hello-9"))
    follow(view, graph, composer, seen)
    assert set(composer.rows) == rows | {"CronJob/default/hello"}
    assert not composer._former_owners, "nothing is kept of what is gone"


@pytest.mark.parametrize("size", ["large", "medium", "small"])
def test_the_pods_that_a_rollout_replaces_are_told_apart(size: str) -> None:
    """From the instant at which another revision is wanted, not only when they change themselves."""
    nodes = {"large": 3, "medium": 10, "small": 60}[size]
    view = crowd(nodes, 2 * nodes)
    revision = {"deployment.kubernetes.io/revision": "1"}
    metadata = {"name": "web", "namespace": "default", "uid": "u-web", "annotations": revision}
    view.add({"kind": "Deployment", "metadata": metadata, "spec": {}, "status": {}})
    replicas = {"name": "web-6f9", "namespace": "default", "uid": "u-rs", "annotations": revision}
    replicas = {**replicas, "ownerReferences": owned("Deployment", "web", "u-web")}
    view.add({"kind": "ReplicaSet", "metadata": replicas, "spec": {}, "status": {}})
    graph = Graph(view)
    composer = Composer(graph, facts())
    pods = [one for one in composer.scene.items.values() if one.kind == "Pod"]
    assert composer.size == size
    assert not any("of the former revision" in one.detail for one in pods)
    seen = len(view.store.history)
    view.change("Deployment", ("default", "web"), "metadata", "annotations", {next(iter(revision)): "2"})
    after = follow(view, graph, composer, seen)
    for one in pods:
        assert "of the former revision" in after.items[one.id].detail
        assert len(marks_of(after.items[one.id], "path")) == len(marks_of(one, "path")) + 1
    assert after == compose(graph, facts())


def test_a_node_that_joins_is_no_lost_one() -> None:
    view = cluster()
    joining = node("node-9", "a", "False", 1480)
    ready = joining["status"]["conditions"][0]
    joining["metadata"]["creationTimestamp"] = ready["lastTransitionTime"]
    view.add(joining)
    item = compose(Graph(view), facts()).items["Node/node-9"]
    assert (item.state, item.detail) == ("joining", "zone a, joining, 0 pods")
    assert "card-lost" not in str(item.marks)
    ill = {**joining, "status": node("node-9", "a", "False", 1486)["status"]}
    view.add(ill)
    assert compose(Graph(view), facts()).items["Node/node-9"].state == "not-ready"
