"""The panel without a browser: what clicks become, how frames are sent, and how time is played."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import ipywidgets
import pytest

from k8slab.graph import Graph
from k8slab.kubelet.shortage import DISK
from k8slab.panel import Panel, Player, Stage, actions
from k8slab.panel.actions import Deed
from k8slab.panel.controls import TYPED
from k8slab.panel.inspector import html
from k8slab.panel.showing import Showing
from k8slab.panel.stage import PATIENCE_S
from k8slab.scene import compose
from k8slab.scene.summary import facts_of
from tests.panel.lab import FakeLab
from tests.scene.cluster import NOW_US, cluster, pod_status
from tests.scene.test_scene import facts

POD, NODE, SET = "Pod/default/db-0", "Node/node-2", "StatefulSet/default/db"


class Clock:
    """Wall time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def sent_by(stage: Stage) -> list[dict[str, Any]]:
    """Record what a stage sends to the browser."""
    sent: list[dict[str, Any]] = []
    stage.send = lambda message, buffers=None: sent.append(message)
    return sent


# What a control does.


def press(name: str) -> Any:
    return lambda panel: getattr(panel.controls, name).click()


def act(name: str) -> Any:
    """Press the button of an action."""

    def pressed(panel: Panel) -> None:
        found = [one for one in panel._actions.children if f"k8slab-{name}" in one._dom_classes]
        assert len(found) == 1, [one._dom_classes for one in panel._actions.children]
        found[0].click()

    return pressed


def set_value(name: str, value: Any) -> Any:
    return lambda panel: setattr(getattr(panel.controls, name), "value", value)


def printed(panel: Panel) -> str:
    return "\n".join(text for _, text in panel.console.lines)


EVICTION = "/api/v1/namespaces/default/pods/db-0/eviction"

CLICKS = {
    "delete a Pod": (POD, act("delete-pod"), "kubectl delete pod/db-0 --wait=false"),
    "evict a Pod": (POD, act("evict"), f"kubectl create --raw {EVICTION} -f -"),
    "cordon a node": (NODE, act("cordon"), "kubectl cordon node-2"),
    "cordon a Pod's node": (POD, act("cordon"), "kubectl cordon node-2"),
    "crash a node": (NODE, act("crash"), "lab.crash('node-2')"),
    "scale a set": (SET, set_value("replicas", 5), "kubectl scale statefulset/db --replicas=5"),
    "scale a Pod's set": (POD, set_value("replicas", 2), "kubectl scale statefulset/db --replicas=2"),
    "scale a Deployment by its Pod": (
        "Pod/default/web-6f9-7lsvx",
        set_value("replicas", 9),
        "kubectl scale deployment/web --replicas=9",
    ),
}


@pytest.mark.parametrize("case", CLICKS)
def test_a_click_is_an_input(case: str) -> None:
    selected, pressed, expected = CLICKS[case]
    lab = FakeLab()
    panel = Panel(lab)
    panel.select(selected)
    pressed(panel)
    assert [one.text for one in lab.inputs] == [expected]
    assert expected in printed(panel), "the line that does the same is shown"


def test_what_is_done_can_be_undone() -> None:
    lab = FakeLab()
    panel = Panel(lab)
    panel.select(NODE)
    for name in ("cordon", "uncordon", "crash", "recover", "cordon"):
        act(name)(panel)
    assert [one.text.split("'")[0].split(" node")[0] for one in lab.inputs] == [
        "kubectl cordon",
        "kubectl uncordon",
        "lab.crash(",
        "lab.recover(",
        "kubectl cordon",
    ]


def test_what_the_lab_refuses_is_said() -> None:
    panel = Panel(FakeLab())
    sent = sent_by(panel.stage)
    panel.do(Deed("no_such_verb", ("node-1",)))
    assert "lab.no_such_verb('node-1')" in printed(panel)
    assert "error: " in printed(panel)
    assert [one for one in sent if one["type"] == "say" and one["text"].startswith("error: ")]


# Going back.


def test_undo_takes_the_last_change_back() -> None:
    lab = FakeLab()
    panel = Panel(lab)
    panel.select("Node/node-1")
    act("cordon")(panel)
    before = dict(panel.showing.scene.items)
    panel.select(NODE)
    lab.now_us += 1_000_000
    act("cordon")(panel)
    panel.player.play = lambda: setattr(panel.player, "playing", True)  # type: ignore[method-assign]
    panel.controls.play.value = True
    press("undo")(panel)
    assert [one.text for one in lab.inputs] == ["kubectl cordon node-1"]
    assert not panel.player.playing, "undo pauses"
    assert not lab.view.get("Node", ("", "node-2"))["spec"].get("unschedulable")
    assert panel.showing.scene.items[NODE] == before[NODE]
    assert panel.showing.scene.items["Node/node-1"] == before["Node/node-1"]
    assert "⟲ undo\ntaken back: kubectl cordon node-2" in printed(panel)


def test_nothing_to_undo_is_said() -> None:
    panel = Panel(FakeLab())
    sent = sent_by(panel.stage)
    press("undo")(panel)
    assert "error: nothing has been done that could be undone" in printed(panel)
    assert {"type": "say", "text": "error: nothing has been done that could be undone"} in sent


def held_panel() -> tuple[FakeLab, Panel]:
    """A panel whose node-2 was cordoned, a second ago."""
    lab = FakeLab()
    panel = Panel(lab)
    panel.select(NODE)
    act("cordon")(panel)
    lab.now_us += 1_000_000
    panel.refresh()
    return lab, panel


def test_a_seek_pauses_and_shows_that_instant_and_loses_nothing() -> None:
    lab, panel = held_panel()
    panel.player.play = lambda: setattr(panel.player, "playing", True)  # type: ignore[method-assign]
    panel.controls.play.value = True
    sent = sent_by(panel.stage)
    panel.stage._receive(None, {"type": "seek", "at_us": NOW_US - 500_000}, None)
    assert (panel.player.playing, panel.controls.play.value) == (False, False)
    shown = panel.showing.scene
    assert (shown.now_us, shown.header.until_us) == (NOW_US - 500_000, lab.now_us)
    assert not shown.items[NODE].detail.startswith("cordoned")
    assert next(one for one in sent if "scene" in one)["scene"]["now_us"] == NOW_US - 500_000
    assert panel.inspector.lab is not lab, "the inspector reads the past"
    rows = [one for one in shown.items if one.startswith("row/")]
    assert rows == [one for one in panel.present.scene.items if one.startswith("row/")]
    assert (len(lab.inputs), lab.now_us) == (1, NOW_US + 1_000_000)
    press("now")(panel)
    assert panel.showing.scene.now_us == lab.now_us
    assert panel.inspector.lab is lab


def test_the_past_can_be_asked_but_not_changed() -> None:
    lab, panel = held_panel()
    panel.seek(NOW_US - 500_000)
    panel.do(Deed("kubectl", ("cordon node-3",)))
    assert "error: this is the past" in printed(panel)
    panel.run_command("get pods")
    assert "db-0   <1/1>" in printed(panel)
    assert len(lab.inputs) == 1
    assert not panel._actions.children, "nothing is offered"


def test_going_on_from_the_past_is_a_rewind() -> None:
    lab, panel = held_panel()
    panel.seek(NOW_US - 500_000)
    press("rewind")(panel)
    assert (lab.now_us, lab.inputs) == (NOW_US - 500_000, [])
    words = "rewound to t = 1487.5 s; what was done since has not happened"
    assert f"⟲ rewind\n{words}" in printed(panel)
    assert panel.past is None


def test_a_fork_of_the_past_stands_beside_the_present() -> None:
    lab, panel = held_panel()
    panel.seek(NOW_US - 500_000)
    press("branch")(panel)
    assert panel.past is None
    assert panel.forks[0].lab.now_us < lab.now_us
    assert "Node node-2" in panel.comparisons[0].words.value
    marked = [one for one in panel.comparisons[0].showings[0].scene.items if one.startswith("differs/")]
    assert f"differs/{NODE}" in marked


def test_now_is_where_a_seek_beyond_it_leads() -> None:
    lab, panel = held_panel()
    panel.seek(NOW_US - 500_000)
    panel.seek(lab.now_us + 5)
    assert panel.past is None
    panel.seek(lab.start_us - 5_000_000)
    assert "error: the lab had not begun yet" in printed(panel)


CLUSTER = ("add-node", "stop-api-server", "slow-api-server", "refuse-writes", "break-registry")


@pytest.mark.parametrize(
    ("selected", "offered"),
    [
        ("", {*CLUSTER}),
        (
            POD,
            {
                "replicas",
                "delete-pod",
                "evict",
                "kill",
                "hang",
                "oom",
                "fill-storage",
                "cordon",
                "crash",
                "exec",
            },
        ),
        (
            NODE,
            {
                *("cordon", "drain", "crash", "disconnect", "stop-kubelet", "remove-node"),
                *("slow-node", "skew-clock", "fill-disk", "fill-memory", "use-up-pids", "crash-zone"),
            },
        ),
        (SET, {"replicas", "restart", "rollback", "delete"}),
        ("PersistentVolumeClaim/default/data-db-0", {"delete"}),
        ("Pod/default/nobody", {*CLUSTER}),
    ],
)
def test_only_what_can_be_done_is_offered(selected: str, offered: set[str]) -> None:
    panel = Panel(FakeLab())
    panel.select(selected)
    classes = [one._dom_classes for one in panel._actions.children]
    assert {one.removeprefix("k8slab-") for names in classes for one in names} == offered


def test_a_button_is_the_same_for_each_thing_that_it_is_offered_for() -> None:
    lab = FakeLab()
    panel = Panel(lab)
    panel.select("Node/node-1")
    drain = next(one for one in panel._actions.children if "k8slab-drain" in one._dom_classes)
    act("cordon")(panel)
    assert drain in panel._actions.children, "the others keep their places and the focus"
    panel.select(NODE)
    assert drain in panel._actions.children
    assert drain.tooltip.startswith("kubectl drain node-2 ")
    act("cordon")(panel)
    assert lab.inputs[-1].text == "kubectl cordon node-2"


@pytest.mark.parametrize("selected", [NODE, POD])
def test_what_takes_an_action_back_has_its_button(selected: str) -> None:
    lab = FakeLab()
    panel = Panel(lab)
    panel.select(selected)
    before = panel._actions.children
    cordon = next(one for one in before if "k8slab-cordon" in one._dom_classes)
    act("cordon")(panel)
    assert panel._actions.children == before, "whoever pressed it by a key can press again"
    assert cordon._dom_classes == ("k8slab-uncordon",)
    assert cordon.description.startswith("uncordon")
    assert cordon.tooltip == "kubectl uncordon node-2"
    act("uncordon")(panel)
    assert cordon._dom_classes == ("k8slab-cordon",)
    assert [one.text for one in lab.inputs] == ["kubectl cordon node-2", "kubectl uncordon node-2"]


MACHINES: dict[str, tuple[Any, str, Any]] = {
    "crash": ({}, "crash", {"power": "Off"}),
    "crash a node that is cut off": ({"network": "Down"}, "crash", {"power": "Off", "network": "Down"}),
    "crash its zone": ({}, "crash-zone", {"power": "Off"}),
    "cut off": ({}, "disconnect", {"network": "Down"}),
    "cut off without a kubelet": (
        {"kubelet": "Stopped"},
        "disconnect",
        {"network": "Down", "kubelet": "Stopped"},
    ),
    "stop the kubelet": ({}, "stop-kubelet", {"kubelet": "Stopped"}),
    "stop the kubelet of a full node": ({DISK: 9}, "stop-kubelet", {"kubelet": "Stopped", DISK: 9}),
    "fill the disk": ({}, "fill-disk", {DISK: 9}),
}


@pytest.mark.parametrize("case", MACHINES)
def test_what_mends_a_node_stands_in_the_place_of_what_broke_it(case: str) -> None:
    """The page keeps the focus where nothing before it changes: so nothing does."""
    before, broke, after = MACHINES[case]
    node = cluster().get("Node", ("", "node-2"))
    assert node is not None

    def offered(machine: Any) -> list[tuple[str, str]]:
        found = actions.actions_on(NODE, node, machine)
        return [(actions.place_of(one.name, machine), one.name) for one in found]

    then, now = offered(before), offered(after)
    places = [place for place, _ in then]
    at = [name for _, name in then].index(broke)
    assert [place for place, _ in now][: at + 1] == places[: at + 1]
    assert now[at] == (broke, "recover-zone" if broke == "crash-zone" else "recover")
    for shown in (then, now):
        assert len({place for place, _ in shown}) == len(shown), "one button for each place"


@pytest.mark.parametrize(
    ("part", "breaks", "mends"),
    [("apiserver", "stop-api-server", "start-api-server"), ("registry", "break-registry", "mend-registry")],
)
def test_what_stops_a_part_of_the_cluster_starts_it_again(part: str, breaks: str, mends: str) -> None:
    """Nothing is selected: each of the two pairs is one button, whose command says what it does next."""
    lab = FakeLab()
    panel = Panel(lab)
    before = panel._actions.children
    toggle = next(one for one in before if f"k8slab-{breaks}" in one._dom_classes)
    lab.view.add({"kind": "Outage", "metadata": {"name": part}})
    panel.refresh()
    assert panel._actions.children == before
    assert (toggle._dom_classes, toggle.button_style) == ((f"k8slab-{mends}",), "")
    assert toggle.tooltip == f"lab.{mends.replace('-', '_')}()"
    lab.view.remove("Outage", ("", part))
    panel.refresh()
    assert (toggle._dom_classes, toggle.button_style) == ((f"k8slab-{breaks}",), "warning")


def test_showing_replicas_is_no_input() -> None:
    lab = FakeLab()
    panel = Panel(lab)
    panel.select(SET)
    assert panel.controls.replicas.value == 3
    panel.select("Deployment/default/web")
    assert panel.controls.replicas.value == 4
    assert not lab.inputs


def test_a_selection_is_explained() -> None:
    panel = Panel(FakeLab())
    panel.select(POD)
    note = panel.showing.scene.items["note"]
    words = "It waits."
    assert (note.label, note.detail) == ("Why is Pod db-0 as it is?", words)
    assert "selection" in panel.showing.scene.items
    panel.select("")
    assert "selection" not in panel.showing.scene.items


def test_the_explanation_follows_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = FakeLab()
    panel = Panel(lab)
    panel.select(POD)
    monkeypatch.setattr(FakeLab, "why", lambda lab, reference, *, namespace: "It goes.\nIt came.")
    lab.view.change("Pod", ("default", "web-6f9-7lsvx"), "status", pod_status("backoff"))
    panel.refresh()
    assert panel.showing.scene.items["note"].detail == "It waits.", "what concerns others is not asked again"
    lab.crash("node-2")
    panel.refresh()
    assert panel.showing.scene.items["note"].detail == "It goes."


def test_what_waits_for_nothing_is_explained_by_the_ends_of_its_chain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain = "It came.\n  because of this\n  because of that"
    monkeypatch.setattr(FakeLab, "why", lambda lab, reference, *, namespace: chain)
    panel = Panel(FakeLab())
    panel.select(SET)
    assert panel.showing.scene.items["note"].detail == "It came. Because of that"
    panel.select("")
    assert "selection" not in panel.showing.scene.items


def test_the_console_prints_what_kubectl_does() -> None:
    panel = Panel(FakeLab())
    panel.run_command("kubectl get pods")
    panel.run_command("frobnicate")
    assert "$ kubectl get pods\nNAME   READY\ndb-0   <1/1>" in printed(panel)
    assert "unknown command" in printed(panel)


def test_step_shows_what_changed() -> None:
    panel = Panel(FakeLab())
    panel.controls.step_by.value = "kubelet"
    press("step")(panel)
    assert panel.lab.steps == ["kubelet"]  # type: ignore[attr-defined]
    assert panel.showing.scene.items["Pod/default/db-2"].state == "running"


def test_something_is_always_chosen_as_the_step() -> None:
    # To ipywidgets the value None is no choice: the page would show an empty drop-down.
    panel = Panel(FakeLab())
    chosen = panel.controls.step_by
    assert None not in [value for _, value in chosen.options]
    for label, value in (*chosen.options, chosen.options[0]):
        chosen.value = value
        assert (chosen.label, chosen.options[chosen.index]) == (label, (label, value))
    press("step")(panel)
    assert panel.lab.steps == [None]  # type: ignore[attr-defined]


def test_a_fork_is_another_panel() -> None:
    lab = FakeLab()
    panel = Panel(lab)
    press("fork")(panel)
    assert panel.forks[0].lab is not lab
    assert panel.children[-2:] == (panel.comparisons[0], panel.forks[0])
    assert panel.comparisons[0].words.value == "<p>Both show the same.</p>"


def test_representations_are_the_same_in_every_run() -> None:
    first, second = Panel(FakeLab())._repr_mimebundle_(), Panel(FakeLab())._repr_mimebundle_()
    data, other = (one[0] if isinstance(one, tuple) else one for one in (first, second))
    assert data["text/plain"] == other["text/plain"] == "<Panel: 3 nodes, 16 pods, t=1488s>"
    assert data["image/svg+xml"] == other["image/svg+xml"]
    assert "application/vnd.jupyter.widget-view+json" in data


# Keeping up with a lab.


def test_showing_builds_anew_after_a_rewind() -> None:
    lab = FakeLab()
    showing = Showing(lab)
    lab.step()
    assert showing.follow() is not None
    rewound = FakeLab()
    lab.view, lab.now_us = rewound.view, NOW_US - 1
    assert showing.follow() is None
    assert showing.scene.items["Pod/default/db-2"].state == "creating"


def test_another_width_is_another_layout() -> None:
    panel = Panel(FakeLab())
    sent = sent_by(panel.stage)
    panel.stage._receive(None, {"type": "width", "width": 900}, None)
    assert panel.showing.scene.width == 900
    assert sent[-1]["scene"]["width"] == 900
    panel.stage._receive(None, {"type": "width", "width": 10}, None)
    assert panel.showing.scene.width == 640


# The stage.


def stage_of(clock: Clock) -> tuple[Stage, list[dict[str, Any]], Showing, FakeLab]:
    lab = FakeLab()
    showing = Showing(lab)
    stage = Stage(showing.scene, clock=clock)
    return stage, sent_by(stage), showing, lab


def show_next(stage: Stage, showing: Showing, lab: FakeLab) -> bool:
    """Let a second pass and show it."""
    lab.now_us += 1_000_000
    changed = showing.follow()
    return stage.show(showing.scene, changed)


def test_one_frame_is_under_way_and_the_rest_is_merged() -> None:
    stage, sent, showing, lab = stage_of(Clock())
    assert show_next(stage, showing, lab)
    lab.step()
    assert not show_next(stage, showing, lab)
    assert not show_next(stage, showing, lab)
    assert len(sent) == 1
    stage._receive(None, {"type": "ack", "seq": 1}, None)
    assert len(sent) == 2
    assert sent[1]["patch"]["now_us"] == lab.now_us
    changed = {one[0] for one in sent[1]["patch"].get("marks", ())}
    changed |= {one.id for one in sent[1]["patch"].get("put", ())}
    assert "Pod/default/db-2" in changed
    stage._receive(None, {"type": "ack", "seq": 2}, None)
    assert len(sent) == 2, "nothing new, nothing sent"


def test_a_hidden_tab_does_not_stop_the_frames() -> None:
    clock = Clock()
    stage, sent, showing, lab = stage_of(clock)
    show_next(stage, showing, lab)
    assert not stage.is_free
    clock.now += PATIENCE_S + 0.01
    assert stage.is_free
    assert show_next(stage, showing, lab)
    assert len(sent) == 2


def test_a_tab_that_sleeps_for_a_night_wakes_to_a_handful_of_frames() -> None:
    clock = Clock()
    stage, sent, showing, lab = stage_of(clock)
    for _ in range(8 * 3600):
        show_next(stage, showing, lab)
        clock.now += 1
    assert 2 < len(sent) < 70
    stage._receive(None, {"type": "ack", "seq": len(sent)}, None)
    assert sent[-1]["patch"]["now_us"] == lab.now_us, "it has the truth at once"
    clock.now += PATIENCE_S + 0.01
    assert stage.is_free, "and frames as before"


def test_the_last_frame_is_shown_however_busy_the_page_is() -> None:
    panel = Panel(FakeLab())
    sent = sent_by(panel.stage)
    panel.do(Deed("kubectl", ("cordon node-1",)))
    assert not panel.stage.is_free
    panel._settle()
    panel._frame()
    panel.stage._receive(None, {"type": "ack", "seq": panel.stage._seq}, None)
    frames = [one for one in sent if one["type"] == "frame"]
    assert frames[-1]["patch"]["now_us"] == panel.lab.now_us


def test_what_another_found_changed_is_shown_too() -> None:
    """A comparison, or another thread, may bring the scene up to date between two frames."""
    panel = Panel(FakeLab())
    sent = sent_by(panel.stage)
    panel.lab.view.remove("Pod", ("default", "db-0"))
    assert "Pod/default/db-0" in (panel.present.follow() or [])
    panel._frame()
    assert "Pod/default/db-0" in sent[-1]["patch"]["removed"]


def test_two_threads_show_in_the_order_in_which_they_looked() -> None:
    """The later scene has to come last: whoever shows one holds the lab's lock since it was made."""
    lab = FakeLab()
    panel = Panel(lab)
    shown: list[bool] = []
    inner = panel.stage.show

    def show(scene: Any, changed: Any, **more: Any) -> bool:
        shown.append(lab.lock._is_owned())  # type: ignore[attr-defined]
        return inner(scene, changed, **more)

    panel.stage.show = show
    panel._frame()
    panel.refresh()
    panel.select("Pod/default/db-0")
    panel.do(Deed("kubectl", ("cordon node-1",)))
    panel._resize(900)
    panel.seek(lab.now_us - 60_000_000)
    panel.return_to_now()
    panel.undo()
    assert len(shown) == 8
    assert all(shown)


def test_a_new_page_gets_the_whole_scene() -> None:
    stage, sent, showing, lab = stage_of(Clock())
    show_next(stage, showing, lab)
    stage._receive(None, {"type": "hello"}, None)
    assert sent[-1]["scene"]["now_us"] == lab.now_us
    assert len(sent[-1]["scene"]["items"]) == len(showing.scene.items)


def test_a_page_that_has_the_first_scene_is_sent_nothing_more() -> None:
    stage, sent, showing, _ = stage_of(Clock())
    stage.show(showing.scene, showing.follow(), at_once=True)
    stage._receive(None, {"type": "hello"}, None)
    assert not sent


def test_what_nobody_sees_is_not_yet_in_the_page() -> None:
    panel = Panel(FakeLab())
    panel.select(POD)
    assert not panel._shelf.children
    panel.controls.edit.value = True
    assert panel._shelf.children == (panel.editor,)
    panel.controls.edit.value = False
    assert panel._shelf.layout.display == "none"
    sent: list[dict[str, Any]] = []
    panel.condition.send = lambda message, buffers=None: sent.append(message)
    panel.controls.until.value = TYPED
    assert panel._condition_row.children == (panel.condition,)
    told = [one for one in sent if one["type"] == "prefill"]
    panel.condition._receive(None, {"type": "ready"}, None)
    assert [one for one in sent if one["type"] == "prefill"] == 2 * told, (
        "a line that comes late is told again"
    )
    panel.condition._receive(None, {"type": "ready"}, None)
    assert len(sent) == 2 * len(told)


def test_what_is_selected_in_the_browser_is_told() -> None:
    stage, _, _, _ = stage_of(Clock())
    told: list[Any] = []
    stage.listen(told.append, told.append, told.append, lambda *scaled: told.append(scaled))
    stage._receive(None, {"type": "select", "id": POD}, None)
    stage._receive(None, {"type": "width", "width": 800}, None)
    stage._receive(None, {"type": "seek", "at_us": NOW_US - 5}, None)
    stage._receive(None, {"type": "scale", "id": SET, "replicas": 4}, None)
    assert told == [POD, 800, NOW_US - 5, (SET, 4)]


# The player.


class Beat:
    """A clock that a run of the lab moves on: each takes `cost_s` of computing."""

    def __init__(self, lab: FakeLab, cost_s: float = 0.0005) -> None:
        self.now = 0.0
        run = lab.run

        def counted(duration: Any = None) -> bool:
            self.now += cost_s
            return run(duration)

        lab.run = counted  # type: ignore[method-assign]

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("speed", [0.1, 1.0, 4.0, 10_000.0])
def test_lab_time_passes_at_the_speed(speed: float) -> None:
    lab = FakeLab()
    player = Player(lab, lambda: None, clock=Beat(lab))
    player.playing, player.speed = True, speed
    player.advance(0.04)
    assert lab.now_us - NOW_US == pytest.approx(0.04 * speed * 1e6, rel=1e-3)


def test_a_busy_lab_gets_less_time_and_clicks_get_through() -> None:
    lab = FakeLab()
    clock = Beat(lab, cost_s=0.01)
    player = Player(lab, lambda: None, clock=clock)
    player.playing, player.speed = True, 10_000.0
    for _ in range(10):
        before = clock.now
        player.advance(0.04)
        assert clock.now - before <= 0.03, "a slice does not hold the lab for long"
    assert lab.ran[-1] < lab.ran[0] / 8


def test_the_end_of_all_events_stops_the_player() -> None:
    lab = FakeLab(pending=1)
    stopped: list[bool] = []
    player = Player(lab, lambda: None, lambda: stopped.append(True), clock=Beat(lab))
    player.playing = True
    player.advance(0.04)
    assert (player.playing, stopped) == (False, [True])


def test_playing_that_ends_by_itself_says_why() -> None:
    panel = Panel(FakeLab(pending=1))
    panel.controls.play.unobserve_all("value")
    panel.controls.play.value = panel.player.playing = True
    panel.player.advance(0.04)
    assert not panel.controls.play.value
    assert "nothing is pending" in printed(panel)


def test_a_pause_holds_the_lab() -> None:
    lab = FakeLab()
    frames: list[int] = []
    player = Player(lab, lambda: frames.append(1), clock=Beat(lab))
    assert not player.turn(0.0)
    player.playing = True
    player.turn(-0.04)
    player.pause()
    now_us = lab.now_us
    assert not player.turn(-0.04)
    assert (lab.now_us, len(frames)) == (now_us, 1)


def test_a_pause_comes_before_whoever_waits_to_go_on() -> None:
    """The player's thread waits for the lab while the notebook's pauses: then it lets the lab be."""
    lab = FakeLab()
    player = Player(lab, lambda: None, clock=Beat(lab))
    player.playing = True

    class Pausing:
        def __enter__(self) -> None:
            player.pause()

        def __exit__(self, *_: object) -> None:
            """Nothing is held."""

    lab.lock = Pausing()  # type: ignore[assignment]
    player.advance(0.04)
    assert lab.now_us == NOW_US


def test_long_jobs_run_beside_the_notebook() -> None:
    lab = FakeLab()
    shown = threading.Event()
    player = Player(lab, shown.set)
    threads: list[str] = []
    player.do(lambda: threads.append(threading.current_thread().name))
    assert shown.wait(10)
    assert threads == ["k8slab-player"]


def test_playing_goes_on_in_a_thread() -> None:
    lab = FakeLab()
    frames = threading.Semaphore(0)
    player = Player(lab, frames.release)
    player.play()
    assert all(frames.acquire(timeout=60) for _ in range(3))
    player.pause()
    assert lab.now_us > NOW_US


def test_without_threads_there_is_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    lab = FakeLab(pending=3)
    player = Player(lab, lambda: None)

    async def play() -> None:
        player.play()
        assert isinstance(player._runner, asyncio.Task)
        await player._runner

    asyncio.run(play())
    assert lab.pending <= 0
    assert not player.playing


def test_settling_is_a_job() -> None:
    lab = FakeLab()
    panel = Panel(lab)
    done = threading.Event()
    inner = panel.player._on_frame
    panel.player._on_frame = lambda: (inner(), done.set())  # type: ignore[assignment,func-returns-value]
    press("run")(panel)
    assert done.wait(10)
    assert lab.settled == 1


def test_the_play_button_plays_and_pauses() -> None:
    lab = FakeLab()
    panel = Panel(lab)
    frames = threading.Semaphore(0)
    inner = panel.player._on_frame
    panel.player._on_frame = lambda: (inner(), frames.release())  # type: ignore[assignment,func-returns-value]
    panel.controls.speed.value = 60.0
    panel.controls.play.value = True
    assert frames.acquire(timeout=60)
    panel.controls.play.value = False
    assert (panel.player.playing, panel.player.speed, panel.controls.play.icon) == (False, 60.0, "play")
    assert lab.now_us > NOW_US


# The inspector.


def test_inspector() -> None:
    graph = Graph(cluster())
    rows = dict(facts_of("Pod/default/pi-2-x7n9b", graph))
    assert rows["Pod"] == "pi-2-x7n9b"
    assert rows["Container main"] == "waiting (CrashLoopBackOff), 3 restarts"
    assert "scheduling: Node node-3" in rows["Related"]
    assert '<th scope="row">Phase</th><td>Running</td>' in html("Pod/default/db-0", graph)
    assert "Select a Pod" in html("", graph)
    assert "Select a Pod" in html("Pod/default/nobody", graph)


def test_the_scene_of_a_showing_is_that_of_its_lab() -> None:
    lab = FakeLab()
    shown = Showing(lab).scene
    fresh = compose(Graph(lab.view), facts(), history=lab.history)
    assert shown.items.keys() == fresh.items.keys()


def test_what_is_selected_stays_so_over_a_past_without_it() -> None:
    lab, panel = held_panel()
    panel.select(POD)
    then = FakeLab()
    then.view.remove("Pod", ("default", "db-0"))
    lab.at = lambda seconds: then  # type: ignore[method-assign]
    panel.seek(NOW_US - 500_000)
    assert panel.showing.selected == ""
    panel.seek(NOW_US - 400_000)
    panel.return_to_now()
    assert panel.showing.selected == POD
    panel.seek(NOW_US - 500_000)
    panel.select("")
    panel.return_to_now()
    assert panel.showing.selected == ""


def test_what_hangs_can_go_on() -> None:
    lab = FakeLab()
    lab.view.add({"kind": "Sandbox", "metadata": {"name": "db-0", "namespace": "default"}, "hung": ["db"]})
    panel = Panel(lab)
    panel.select(POD)
    names = {one.removeprefix("k8slab-") for button in panel._actions.children for one in button._dom_classes}
    assert "go-on" in names
    assert "hang" not in names


def test_parts_with_a_module_are_announced_last() -> None:
    """From then on the page has two seconds to load each, whatever else it has to do."""
    panel = Panel(FakeLab())
    made = list(ipywidgets.widgets.widget._instances.values())
    before = made[: made.index(panel.console)]
    assert {panel, panel.inspector, panel.controls.play, *panel._buttons.values()} <= set(before)
    after = [one for one in made[len(before) :] if not isinstance(one, ipywidgets.Layout)]
    assert after == [panel.console, panel._console, panel.stage]
