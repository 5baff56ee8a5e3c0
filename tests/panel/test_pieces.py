"""The pieces of the panel: in step with each other and with the lab, and to be linked to other widgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import ipywidgets as widgets
import pytest
import traitlets

from k8slab.graph import Graph
from k8slab.lab import Lab
from k8slab.panel.pieces import View
from k8slab.scene import compose
from k8slab.scene.parts import stage_of, timeline_of
from tests.browser import chromium
from tests.jupyter import outputs, run_all, serving, visit, write
from tests.renderers.labs import workload
from tests.scene.cluster import cluster, history
from tests.scene.test_scene import crowd, facts

POD = "Pod/default/db-0"


def lab_with() -> Lab:
    lab = Lab(nodes=2)
    lab.apply([workload("StatefulSet", "db", replicas=2, serviceName="db")])
    lab.settle()
    return lab


@pytest.fixture
def lab() -> Lab:
    return lab_with()


# Cutting the picture.


def test_the_parts_are_the_whole() -> None:
    whole = compose(Graph(cluster()), facts(), history=history())
    stage, timeline = stage_of(whole), timeline_of(whole)
    assert sorted([*stage.items, *timeline.items]) == sorted(whole.items)
    assert timeline.items["now"].y < 100
    assert stage.height + timeline.height < whole.height + 80


def test_a_heat_map_has_no_timeline() -> None:
    whole = compose(Graph(crowd(60, 2100)), facts())
    assert stage_of(whole) is whole
    assert not timeline_of(whole).items


# In step.


def names(view: View) -> set[str]:
    return {item.label for item in view._shown.items.values() if item.kind == "Pod"}


def test_there_is_one_of_each(lab: Lab) -> None:
    for make in (lab.stage, lab.timeline, lab.controls, lab.inspector, lab.console):
        assert make() is make()
    assert lab.fork().stage() is not lab.stage()


def test_what_is_selected_in_one_is_selected_in_all(lab: Lab) -> None:
    stage, timeline, inspector = lab.stage(), lab.timeline(), lab.inspector()
    stage._receive(None, {"type": "select", "id": POD}, None)
    assert (stage.selected, timeline.selected, inspector.identity) == (POD, POD, POD)
    timeline.selected = "Node/node-1"
    assert (stage.selected, inspector.identity) == ("Node/node-1", "Node/node-1")
    stage.selected = ""
    assert inspector.identity == ""


def test_what_code_does_is_shown(lab: Lab) -> None:
    stage = lab.stage()
    lab.scale("statefulset/db", 3)
    lab.settle()
    lab._piece_panel().refresh()
    assert names(stage) == {"db-0", "db-1", "db-2"}
    assert stage.now == lab.now


def test_to_set_now_looks_back_and_nothing_is_lost(lab: Lab) -> None:
    stage, timeline = lab.stage(), lab.timeline()
    digest, before = lab.digest(), lab.now
    timeline.now = 7.0
    assert (stage.now, timeline.now) == (7.0, 7.0)
    assert stage._shown.now_us == lab.start_us + 7_000_000
    stage.now = before
    assert (stage.now, lab.digest()) == (before, digest)


def test_an_instant_that_has_not_come_is_now(lab: Lab) -> None:
    stage = lab.stage()
    stage.now = 5.0
    stage.now = 10_000.0
    assert stage.now == lab.now


def test_pieces_are_linked_to_other_widgets(lab: Lab) -> None:
    stage, controls = lab.stage(), lab.controls()
    picker = widgets.Dropdown(options=["", POD, "Pod/default/db-1"])
    speed = widgets.FloatText()
    traitlets.link((stage, "selected"), (picker, "value"))
    traitlets.link((controls, "speed"), (speed, "value"))
    picker.value = POD
    assert lab.inspector().identity == POD
    speed.value = 60.0
    assert controls.named.speed.value == 60.0
    assert lab._piece_panel().player.speed == 60.0


def test_the_controls_act_on_what_is_selected(lab: Lab) -> None:
    stage, console = lab.stage(), lab.console()
    stage.selected = "StatefulSet/default/db"
    lab.controls().named.replicas.value = 4
    assert lab.get("sts/db")["spec"]["replicas"] == 4
    assert any("kubectl scale" in words for _, words in console.lines)


def test_a_frame_waits_for_the_slowest_view(lab: Lab) -> None:
    stage, timeline = lab.stage(), lab.timeline()
    fan = lab._piece_panel().stage
    sent: list[str] = []
    for name, view in (("stage", stage), ("timeline", timeline)):
        view.send = lambda message, name=name: sent.append(f"{name} {message['type']}")
    lab._piece_panel().refresh()
    assert not sent, "nothing new, nothing sent"
    lab.cordon("node-1")
    lab._piece_panel().refresh()
    assert sent == ["stage frame", "timeline frame"]
    stage._receive(None, {"type": "ack", "seq": stage._seq}, None)
    assert not fan.is_free
    timeline._receive(None, {"type": "ack", "seq": timeline._seq}, None)
    assert fan.is_free
    fan.say("words")
    assert sent[-1] == "stage say"


def test_the_width_is_the_stages(lab: Lab) -> None:
    timeline = lab.timeline()
    timeline._receive(None, {"type": "width", "width": 900}, None)
    assert timeline._shown.width == 900
    stage = lab.stage()
    timeline._receive(None, {"type": "width", "width": 700}, None)
    assert stage._shown.width == 900
    stage._receive(None, {"type": "width", "width": 1000}, None)
    assert timeline._shown.width == 1000


# What a notebook's checker compares.


REPRS = {
    "stage": "<Stage: 2 nodes, 2 pods, t=12.6829s>",
    "timeline": "<Timeline: 2 nodes, 2 pods, t=12.6829s>",
    "controls": "<Controls: paused, 4×>",
    "inspector": "<Inspector: nothing>",
    "console": "<Console: 0 lines>",
}


@pytest.mark.parametrize("piece", REPRS)
def test_representations_are_the_same_in_every_run(piece: str) -> None:
    one, other = (getattr(lab_with(), piece)() for _ in range(2))
    assert repr(one) == repr(other) == REPRS[piece].replace("12.6829", f"{lab_with().now:g}")
    bundles = []
    for made in (one, other):
        bundle: Any = made._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert data["text/plain"] == repr(one)
        bundles.append({name: value for name, value in data.items() if "widget" not in name})
    assert bundles[0] == bundles[1]
    if piece in ("stage", "timeline"):
        shown = ElementTree.fromstring(bundles[0]["image/svg+xml"])
        words = {node.text for node in shown.iter() if node.tag.endswith("}text")}
        assert ("node-1" in words) == (piece == "stage")
        assert ("Timeline" in words) == (piece == "timeline")


# In JupyterLab.


CELLS = [
    """
from k8slab import Lab
import ipywidgets as widgets
lab = Lab(nodes=3)
lab.apply([
    {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
     "spec": {"replicas": 3, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
              "template": {"metadata": {"labels": {"app": "db"}},
                           "spec": {"containers": [{"name": "main", "image": "nginx"}]}}}}])
lab.settle()
picker = widgets.Dropdown(options=["", "Pod/default/db-0", "Node/node-1"])
widgets.link((picker, "value"), (lab.stage(), "selected"))
left = widgets.VBox([lab.controls(), picker, lab.inspector()], layout={"width": "45%"})
right = widgets.VBox([lab.stage(), lab.timeline()], layout={"width": "55%"})
widgets.VBox([widgets.HBox([left, right]), lab.console()])
"""
]


def test_pieces_laid_out_in_jupyterlab(tmp_path: Path) -> None:
    errors: list[str] = []
    with serving("lab", tmp_path) as server, chromium() as browser:
        write(server, "pieces", CELLS)
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.on("pageerror", lambda error: errors.append(str(error)))
        visit(page, server, "pieces")
        run_all(page, server)
        page.wait_for_selector('.k8-object[data-id="Pod/default/db-0"]', timeout=60_000)
        assert page.locator(".k8-picture").count() == 2, outputs(page)
        assert page.locator(".k8-header:visible").count() == 1, "the timeline has no header of its own"
        page.click('.k8-object[data-id="Pod/default/db-0"]')
        page.wait_for_function(
            "document.querySelector('.k8slab-inspector')?.innerText.includes('Container main')"
        )
        assert (
            page.locator("select").evaluate_all("all => all.map(one => one.value)").count("Pod/default/db-0")
        )
    assert not errors
