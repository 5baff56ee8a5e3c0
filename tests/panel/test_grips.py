"""Scaling by hand: a workload's grip in a real browser, in either painter, and what the panel makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from k8slab.panel import actions
from k8slab.panel.widget import Panel
from k8slab.scene import to_json
from tests.browser import mount, mount_canvas
from tests.panel.lab import FakeLab
from tests.panel.test_live import as_json, scene_of, sent

SET = "StatefulSet/default/db"


@pytest.fixture(params=[mount, mount_canvas], ids=["svg", "canvas"])
def grip(request: pytest.FixtureRequest, page: Page) -> Locator:
    """The grip of a StatefulSet of 3 in a mounted picture."""
    show: Callable[..., None] = request.param
    show(page, as_json(to_json(scene_of())), can_act=True)
    return page.locator(f'.k8-grip[data-of="{SET}"]')


def grasp(page: Page, grip: Locator, by: float) -> None:
    """Press the pointer on a grip and move it, without letting go."""
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by / 2, y)
    page.mouse.move(x + by, y)


def scaled(page: Page) -> list[tuple[str, int]]:
    return [(one["id"], one["replicas"]) for one in sent(page, "scale")]


def test_a_drag_shows_what_it_will_do_and_does_it_when_it_ends(page: Page, grip: Locator) -> None:
    grasp(page, grip, 28)
    expect(grip).to_have_attribute("aria-valuenow", "5")
    expect(grip).to_have_text("5")
    lines = page.inner_text(".k8-tip").split("\n")
    assert lines[:2] == ["3 → 5 replicas", actions.scale(SET, 5).text]
    assert not scaled(page)
    page.mouse.up()
    assert scaled(page) == [(SET, 5)]
    expect(page.locator(".k8-tip")).to_be_hidden()


def test_escape_lets_it_be(page: Page, grip: Locator) -> None:
    grasp(page, grip, -28)
    expect(grip).to_have_text("1")
    page.keyboard.press("Escape")
    expect(grip).to_have_attribute("aria-valuenow", "3")
    page.mouse.up()
    assert not scaled(page)


def test_a_click_scales_nothing(page: Page, grip: Locator) -> None:
    grip.click()
    assert not scaled(page)
    assert not sent(page, "select")


def test_there_is_no_less_than_none_and_an_end(page: Page, grip: Locator) -> None:
    grasp(page, grip, -400)
    expect(grip).to_have_attribute("aria-valuenow", "0")
    page.mouse.up()
    grasp(page, grip, 400)
    expect(grip).to_have_attribute("aria-valuenow", "10")
    page.mouse.up()
    assert scaled(page) == [(SET, 0), (SET, 10)]


KEYS = {
    "one more": (["ArrowRight", "Enter"], [4]),
    "two less": (["ArrowDown", "ArrowLeft", "Enter"], [1]),
    "none": (["Home", "Enter"], [0]),
    "the most": (["End", "Enter"], [10]),
    "there and back": (["ArrowUp", "ArrowLeft", "Enter"], []),
    "given up": (["PageUp", "Escape", "Enter"], []),
    "gone away from": (["ArrowRight", "Tab"], []),
}


@pytest.mark.parametrize("case", KEYS)
def test_it_goes_by_keys(page: Page, grip: Locator, case: str) -> None:
    keys, wanted = KEYS[case]
    grip.focus()
    for key in keys:
        page.keyboard.press(key)
    assert [replicas for _, replicas in scaled(page)] == wanted


def test_the_tab_key_leads_from_a_workload_to_its_grip(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())), can_act=True)
    page.focus(f'[data-id="{SET}"]')
    page.keyboard.press("Tab")
    grip = page.locator(f'.k8-grip[data-of="{SET}"]')
    expect(grip).to_be_focused()
    expect(grip).to_have_role("slider")
    expect(grip).to_have_accessible_name("Replicas of StatefulSet db")
    expect(grip).to_have_attribute("aria-valuetext", "3 replicas")


def test_what_has_no_replicas_has_no_grip(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())), can_act=True)
    gripped = page.eval_on_selector_all(".k8-grip", "all => all.map(one => one.dataset.of)")
    assert sorted(gripped) == ["Deployment/default/web", SET]


def test_where_nothing_can_be_done_there_are_no_grips(page: Page) -> None:
    mount(page, as_json(to_json(scene_of())))
    assert page.locator(".k8-grip").count() == 0
    page.evaluate("() => { window.model.state.can_act = true; window.model.tell('change:can_act'); }")
    assert page.locator(".k8-grip").count() == 2


# What the panel makes of it.


def scale_message(identity: str, replicas: Any) -> dict[str, Any]:
    return {"type": "scale", "id": identity, "replicas": replicas}


def test_it_is_the_input_that_kubectl_makes() -> None:
    lab = FakeLab()
    panel = Panel(lab)
    panel.stage._receive(panel.stage, scale_message(SET, 5), [])
    assert [one.text for one in lab.inputs] == ["kubectl scale statefulset/db --replicas=5"]
    assert ["command", "$ kubectl scale statefulset/db --replicas=5"] in [
        list(one) for one in panel.console.lines
    ]
    assert panel.stage._shown.items[SET].marks[0][-1] == 5


def test_what_has_no_replicas_is_not_scaled() -> None:
    lab = FakeLab()
    Panel(lab).stage._receive(None, scale_message("Pod/default/db-0", 5), [])
    assert not lab.inputs


def test_the_past_has_no_grips() -> None:
    lab = FakeLab()
    panel = Panel(lab)
    assert panel.stage.can_act
    panel.seek(lab.now_us - 60_000_000)
    assert not panel.stage.can_act
    panel.return_to_now()
    assert panel.stage.can_act
