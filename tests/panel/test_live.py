"""live.js in a plain page of a real browser, with a model that records what is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from k8slab.graph import Graph
from k8slab.scene import Composer, Scene, compose, diff, patch_to_json, to_json
from k8slab.scene.marks import clock_text
from tests.browser import mount, push
from tests.scene.cluster import INPUTS, NOW_US, cluster, history, owned, pod, pod_status
from tests.scene.test_outages import troubled
from tests.scene.test_renderers import names
from tests.scene.test_scene import crowd, facts

SECOND = 1_000_000


def as_json(data: Any) -> Any:
    return json.loads(json.dumps(data))


def scene_of() -> Scene:
    return compose(Graph(cluster()), facts(inputs=INPUTS), history=history())


def sent(page: Page, kind: str) -> list[dict[str, Any]]:
    return [one for one in page.evaluate("window.model.sent") if one["type"] == kind]


def item(identity: str) -> str:
    return f'[data-id="{identity}"]'


POD = "Pod/default/db-0"

PICTURE = """
() => {
  const order = (a, b) => (a[0] < b[0] ? -1 : 1);
  return [...document.querySelectorAll('.k8-item:not(.k8-gone)')].map((group) => {
    const copy = group.cloneNode(true);
    for (const name of ['class', 'tabindex']) copy.removeAttribute(name);
    return [group.dataset.id, copy.outerHTML];
  }).sort(order);
}
"""


def picture(page: Page) -> dict[str, str]:
    return dict(page.evaluate(PICTURE))


def test_everything_is_there_with_its_name(page: Page) -> None:
    scene = scene_of()
    mount(page, as_json(to_json(scene)))
    labels = page.eval_on_selector_all(".k8-object", "all => all.map(one => one.getAttribute('aria-label'))")
    said = " ".join(labels)
    assert all(name in said for name in names(scene))
    assert page.inner_text(".k8-time") == "day 1 · 09:24:48"
    assert page.inner_text(".k8-seed") == "t = 1488 s · seed 7 · 214 events"
    assert page.text_content(item("Pod/default/db-1")).count("Terminating 3:12") == 1
    assert len(sent(page, "hello")) == 1


def test_patches_make_the_same_page_as_the_whole_scene(page: Page) -> None:
    view = cluster()
    graph = Graph(view)
    composer = Composer(graph, facts(inputs=INPUTS), history=history())
    mount(page, as_json(to_json(composer.scene)))
    seen = len(view.store.history)
    view.change("Pod", ("default", "db-2"), "status", pod_status("running"))
    view.remove("Pod", ("default", "web-6f9-7lsvx"))
    view.add(pod("web-6f9-new01", owned("ReplicaSet", "web-6f9", "u"), "node-1"))
    view.change("Pod", ("default", "db-0"), "spec", "nodeName", "node-3")
    before = composer.scene
    changes = view.store.history[seen:]
    after = composer.update(graph.update(changes), changes, facts(NOW_US + 90 * SECOND, inputs=INPUTS))
    patch = patch_to_json(diff(before, after, composer.changed))
    push(page, as_json({"type": "frame", "seq": 1, "patch": patch}))
    page.wait_for_function("window.model.sent.some(one => one.type === 'ack' && one.seq === 1)")
    patched = picture(page)
    mount(page, as_json(to_json(after)))
    assert patched == picture(page)


def test_frames_are_merged_and_acknowledged_once_after_painting(page: Page) -> None:
    composer = Composer(Graph(cluster()), facts())
    mount(page, as_json(to_json(composer.scene)))
    page.wait_for_function("window.model.sent.some(one => one.type === 'width')")
    frames = []
    for seq in (1, 2, 3):
        before = composer.scene
        after = composer.update([], [], facts(NOW_US + seq * SECOND))
        frames.append({"type": "frame", "seq": seq, "patch": patch_to_json(diff(before, after))})
    page.evaluate(
        """frames => {
          window.painted = [];
          for (const frame of frames) window.model.tell('msg:custom', frame);
          requestAnimationFrame(() => window.painted.push(performance.now()));
        }""",
        as_json(frames),
    )
    page.wait_for_function("window.model.sent.some(one => one.type === 'ack')")
    acks = sent(page, "ack")
    assert [one["seq"] for one in acks] == [3]
    assert acks[0]["at"] >= page.evaluate("window.painted[0]")
    assert page.inner_text(".k8-time") == "day 1 · 09:24:51"


def test_a_page_that_never_paints_still_acknowledges(page: Page) -> None:
    composer = Composer(Graph(cluster()), facts())
    mount(page, as_json(to_json(composer.scene)))
    page.evaluate("() => { window.requestAnimationFrame = () => 1; }")
    after = composer.update([], [], facts(NOW_US + SECOND))
    push(page, as_json({"type": "frame", "seq": 1, "patch": {"now_us": after.now_us}}))
    page.wait_for_function("window.model.sent.some(one => one.type === 'ack')", polling=20)


def test_a_click_selects(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())))
    page.click(item(POD))
    assert [one["id"] for one in sent(page, "select")] == [POD]
    assert page.inner_text(".k8-said") == "Pod db-0, Running 1/1"
    assert page.locator(item("selection")).count() == 1
    page.mouse.click(5, 300)
    assert page.evaluate("window.model.sent.at(-1).id") == ""


def test_hovering_lights_up_what_belongs_together(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())))
    page.hover(item(POD))
    lit = page.eval_on_selector_all(".k8-lit", "all => all.map(one => one.dataset.id).sort()")
    assert lit == [
        "Node/node-2",
        "PersistentVolumeClaim/default/data-db-0",
        "Pod/default/db-0",
        "Service/default/db",
        "StatefulSet/default/db",
        "line/Pod/default/db-0/data-db-0",
    ]
    page.mouse.move(5, 890)
    assert page.locator(".k8-dimmed").count() == 0


def test_the_keyboard_reaches_everything(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())))
    page.focus(item("Node/node-1"))
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.id") == "Node/node-2"
    page.keyboard.press("ArrowDown")
    here = page.evaluate("document.activeElement.dataset.id")
    assert here == "Pod/default/filebeat-9kd2p"
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.id") == "Node/node-2"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.tabIndex") == 0
    page.keyboard.press("Enter")
    assert page.evaluate("window.model.sent.at(-1)")["id"] == here
    page.keyboard.press("Escape")
    assert page.evaluate("window.model.sent.at(-1)")["id"] == ""
    assert page.locator('.k8-object[tabindex="0"]').count() == 1, "one stop for the Tab key"


SLIDER = '[role="slider"]'


def timeline_point(scene: Scene, at_us: int) -> tuple[float, float]:
    """Where an instant of the timeline is on the page, whose width is the picture's."""
    return scene.axis.at(at_us), scene.items["now"].y + 20


def test_a_click_on_the_timeline_asks_for_its_instant(page: Page) -> None:
    scene = scene_of()
    mount(page, as_json(to_json(scene)))
    wanted = NOW_US - 600 * SECOND
    page.mouse.click(*timeline_point(scene, wanted))
    asked = [one["at_us"] for one in sent(page, "seek")]
    pixel_us = (scene.axis.end_us - scene.axis.start_us) / scene.axis.width
    assert asked == [pytest.approx(wanted, abs=1.5 * pixel_us)]
    assert not sent(page, "select")


def test_a_drag_asks_for_instants_one_at_a_time_and_for_the_last_one(page: Page) -> None:
    scene = scene_of()
    mount(page, as_json(to_json(scene)))
    page.wait_for_function("window.model.sent.some(one => one.type === 'width')")
    # However slow the machine is, no patience ends while nobody says so.
    page.evaluate("() => { window.clock = 0; performance.now = () => window.clock; }")
    page.mouse.move(*timeline_point(scene, NOW_US - 100 * SECOND))
    page.mouse.down()
    for seconds in (200, 300, 400):
        page.mouse.move(*timeline_point(scene, NOW_US - seconds * SECOND))
        shown = float(page.get_attribute(SLIDER, "aria-valuenow") or "")
        assert shown == pytest.approx(1488 - seconds, abs=3)
    assert len(sent(page, "seek")) == 1, "while no frame answers, no other is asked for"
    push(page, {"type": "frame", "seq": 1, "patch": {"now_us": NOW_US - 200 * SECOND}})
    page.mouse.move(*timeline_point(scene, NOW_US - 500 * SECOND))
    page.mouse.up()
    wanted = [pytest.approx(NOW_US - seconds * SECOND, abs=3 * SECOND) for seconds in (200, 500, 500)]
    assert [one["at_us"] for one in sent(page, "seek")] == wanted


def test_a_drag_goes_on_where_no_frame_answers(page: Page) -> None:
    scene = scene_of()
    mount(page, as_json(to_json(scene)))
    page.wait_for_function("window.model.sent.some(one => one.type === 'width')")
    page.evaluate("() => { window.clock = 0; performance.now = () => window.clock; }")
    page.mouse.move(*timeline_point(scene, NOW_US - 100 * SECOND))
    page.mouse.down()
    for clock, seconds, asked in ((0, 200, 1), (999, 300, 1), (1001, 400, 2)):
        page.evaluate("clock => { window.clock = clock; }", clock)
        page.mouse.move(*timeline_point(scene, NOW_US - seconds * SECOND))
        assert len(sent(page, "seek")) == asked


def test_in_the_past_the_playhead_leads_forward_too(page: Page) -> None:
    scene = scene_of()
    now = scene.now_us - 600 * SECOND
    past = scene._replace(now_us=now, header=scene.header._replace(until_us=scene.now_us))
    mount(page, as_json(to_json(past)))
    assert page.get_attribute(SLIDER, "aria-valuenow") == "888"
    assert page.get_attribute(SLIDER, "aria-valuemax") == "1488"
    assert page.get_attribute(SLIDER, "aria-valuetext") == "t = 888 s"
    page.focus(SLIDER)
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert [one["at_us"] for one in sent(page, "seek")] == [scene.now_us]


def tip(page: Page) -> list[str]:
    return page.locator(".k8-tip div").all_inner_texts()


def test_the_timeline_says_what_stands_under_the_pointer(page: Page) -> None:
    scene = scene_of()
    mount(page, as_json(to_json(scene)))
    row = scene.items["row/StatefulSet/default/db/001"]
    x, _ = timeline_point(scene, NOW_US - 60 * SECOND)
    page.mouse.move(x, row.y + row.height / 2)
    assert tip(page)[0] == "db-1: terminating"
    crash = next(one for one in scene.items.values() if one.id.startswith("input/") and "crash" in one.label)
    page.mouse.move(crash.x, row.y + row.height / 2)
    assert "lab.crash('node-1')" in tip(page)
    page.mouse.move(5, 60)
    assert page.locator(".k8-tip").is_hidden()


def test_a_thing_says_what_it_is_beside_the_pointer(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())))
    page.hover(item("Service/default/db"))
    said = tip(page)
    assert said[0] == "Service db"
    assert "db.default.svc.cluster.local" in said


def lines(page: Page, relation: str) -> str:
    return page.get_attribute(f".k8-relation.k8-of-{relation}", "d") or ""


@pytest.mark.parametrize("relation", ["owner", "network", "scheduling"])
def test_a_relation_can_be_drawn(page: Page, relation: str) -> None:
    mount(page, as_json(to_json(scene_of())))
    toggle = page.locator(f".k8-toggle.k8-of-{relation}")
    assert (toggle.get_attribute("aria-pressed"), lines(page, relation)) == ("false", "")
    toggle.click()
    assert toggle.get_attribute("aria-pressed") == "true"
    assert lines(page, relation).count("M") > 1
    toggle.click()
    assert lines(page, relation) == ""


def test_attachments_can_be_hidden(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())))
    line = page.locator('.k8-item[data-id^="line/"]').first
    assert line.evaluate("one => getComputedStyle(one).display") != "none"
    page.click(".k8-toggle.k8-of-volume")
    assert line.evaluate("one => getComputedStyle(one).display") == "none"


def test_hovering_draws_the_lines_of_one_thing(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())))
    page.hover(item(POD))
    assert lines(page, "owner").count("M") == 1
    assert lines(page, "scheduling").count("M") == 1
    page.mouse.move(5, 890)
    assert lines(page, "owner") == ""


def test_what_has_not_come_yet_is_not_asked_for(page: Page) -> None:
    scene = scene_of()
    mount(page, as_json(to_json(scene)))
    page.mouse.click(*timeline_point(scene, scene.axis.end_us - SECOND))
    assert not sent(page, "seek")
    assert page.get_attribute(SLIDER, "aria-valuenow") == "1488"


def test_the_playhead_goes_by_keys(page: Page) -> None:
    scene = scene_of()
    mount(page, as_json(to_json(scene)))
    page.focus(SLIDER)
    values = {name: page.get_attribute(SLIDER, f"aria-value{name}") for name in ("min", "max", "now", "text")}
    assert values == {"min": "0", "max": "1488", "now": "1488", "text": "t = 1488 s, now"}
    for key, seconds in (
        ("ArrowLeft", 1440),
        ("ArrowLeft", 1200),
        ("ArrowRight", 1440),
        ("ArrowRight", 1488),
        ("Home", 0),
        ("End", 1488),
        ("ArrowLeft", 1440),
        ("Escape", 1488),
        ("ArrowLeft", 1440),
    ):
        page.keyboard.press(key)
        assert page.get_attribute(SLIDER, "aria-valuenow") == str(seconds), key
    assert page.get_attribute(SLIDER, "aria-valuetext") == "t = 1440 s"
    assert not sent(page, "seek")
    page.keyboard.press("Enter")
    assert [one["at_us"] for one in sent(page, "seek")] == [scene.axis.start_us + 1440 * SECOND]


def test_a_canvas_has_the_playhead_too(page: Page) -> None:
    scene = compose(Graph(crowd(20, 310)), facts())
    mount(page, as_json(to_json(scene)))
    page.focus(SLIDER)
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert [one["at_us"] for one in sent(page, "seek")] == [scene.axis.start_us]


def test_roles(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())))
    assert page.locator('[role="button"][aria-label]').count() == page.locator(".k8-object").count()
    assert page.get_attribute(".k8-said", "aria-live") == "polite"
    assert page.locator('.k8-picture[role="group"]').count() == 1


def test_the_tab_key_enters_the_picture(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())))
    for relation in ("owner", "volume", "network", "scheduling"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == relation
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.classList.contains('k8-object')")


@pytest.mark.parametrize(("theme", "colour"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 24, 31)")])
def test_themes(page: Page, theme: str, colour: str) -> None:
    mount(page, as_json(to_json(scene_of())), theme)
    shown = page.evaluate("getComputedStyle(document.querySelector('.k8-stage')).backgroundColor")
    assert shown == colour


def test_auto_follows_jupyterlab(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())), "auto")
    page.evaluate("() => { document.body.dataset.jpThemeLight = 'false'; }")
    page.wait_for_function("document.querySelector('.k8-stage').dataset.theme === 'dark'")


def test_requests_fly_from_pod_to_pod(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())))
    calls = [[POD, "Pod/default/db-2", True], ["", POD, False], ["", "Pod/default/nobody", True]]
    push(page, {"type": "calls", "calls": calls})
    dots = page.locator(".k8-dots circle")
    assert dots.count() == 2
    assert dots.evaluate_all("all => all.map(one => one.getAttribute('fill') === 'none')") == [False, True]
    page.wait_for_function("!document.querySelector('.k8-dots circle')")


def test_reduced_motion(browser: Browser) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    mount(page, as_json(to_json(scene_of())))
    style = "getComputedStyle(document.querySelector('.k8-object'))"
    assert page.evaluate(f"{style}.transitionDuration") == "0s"
    assert page.evaluate("getComputedStyle(document.querySelector('.k8-spin')).animationName") == "none"
    push(page, {"type": "calls", "calls": [[POD, "Pod/default/db-2", True]]})
    assert page.locator(".k8-dots circle").count() == 0
    assert page.locator(".k8-dots path").count() == 1
    context.close()


def test_moves_are_tweened(page: Page) -> None:
    scene = scene_of()
    mount(page, as_json(to_json(scene)))
    moved = [[POD, 20, 200]]
    message = {"type": "frame", "seq": 1, "patch": {"now_us": scene.now_us, "moved": moved}}
    running = page.evaluate(
        """async ([message, selector]) => {
          window.model.tell('msg:custom', message);
          // The scene paints in the next frame; the one after it begins the transition.
          for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
          return document.querySelector(selector).getAnimations().map((one) => one.transitionProperty);
        }""",
        [message, item(POD)],
    )
    assert "transform" in running


def test_what_befalls_the_whole_cluster_is_told(page: Page) -> None:
    """Once when it comes and once when it is over, for it stands on nothing that one could go to."""
    well = scene_of()
    ill = compose(Graph(troubled()), facts(inputs=INPUTS), history=history())
    mount(page, as_json(to_json(well)))
    push(page, as_json({"type": "frame", "seq": 1, "patch": patch_to_json(diff(well, ill))}))
    said = page.inner_text(".k8-said")
    assert "API server down, What runs goes on running" in said
    assert "Image registry down, No image can be pulled" in said
    push(page, as_json({"type": "frame", "seq": 2, "patch": patch_to_json(diff(ill, well))}))
    assert "no more: Image registry down" in page.inner_text(".k8-said")


@pytest.mark.parametrize(
    ("nodes", "pods", "tag"),
    [(12, 290, "svg"), (20, 310, "canvas"), (60, 2100, "svg")],
    ids=["svg", "canvas", "heat"],
)
def test_painters(page: Page, nodes: int, pods: int, tag: str) -> None:
    scene = compose(Graph(crowd(nodes, pods)), facts())
    mount(page, as_json(to_json(scene)))
    assert page.evaluate("document.querySelector('.k8-picture').tagName.toLowerCase()") == tag


def test_a_canvas_is_painted_hit_and_walked(page: Page) -> None:
    scene = compose(Graph(crowd(20, 310)), facts())
    mount(page, as_json(to_json(scene)))
    page.wait_for_function("window.model.sent.some(one => one.type === 'width')")
    target = scene.items["Pod/default/web-6f9-00005"]
    page.mouse.click(target.x + target.width / 2, target.y + target.height / 2)
    assert [one["id"] for one in sent(page, "select")] == [target.id]
    colours = page.evaluate(
        """() => {
          const canvas = document.querySelector('canvas');
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          const found = new Set();
          for (let at = 0; at < data.length; at += 4) found.add(data.slice(at, at + 3).join());
          return found.size;
        }"""
    )
    assert colours > 20
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".k8-said").startswith("Pod web-6f9-")


def test_growing_beyond_svg_changes_the_painter(page: Page) -> None:
    few, many = (compose(Graph(crowd(20, pods)), facts()) for pods in (290, 310))
    mount(page, as_json(to_json(few)))
    push(page, as_json({"type": "frame", "seq": 1, "patch": patch_to_json(diff(few, many))}))
    page.wait_for_selector("canvas.k8-picture")
    assert page.locator("svg.k8-picture").count() == 0
    push(page, as_json({"type": "frame", "seq": 2, "patch": patch_to_json(diff(many, few))}))
    page.wait_for_selector("svg.k8-picture")


@pytest.mark.parametrize("seconds", [0, 48, 1488, 3600, 11109, 183900])
def test_clocks_agree_with_python(page: Page, seconds: int) -> None:
    mount(page, as_json(to_json(scene_of())))
    assert page.evaluate(f"window.module.clockText({seconds * SECOND})") == clock_text(seconds * SECOND)


def test_unmounting_leaves_nothing(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())))
    page.evaluate("window.unmount()")
    assert page.locator(".k8-stage").count() == 0
