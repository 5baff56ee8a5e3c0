"""Running until what the reader types: the lab, the line in the panel, and what it offers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import k8slab.renderers as renderers
from k8slab import Lab
from k8slab.lab import LabError
from k8slab.panel import completion
from k8slab.panel.controls import SETTLED, TYPED
from k8slab.panel.widget import Panel
from k8slab.texts import texts_of
from tests.browser import MOUNT
from tests.panel.lab import FakeLab


@pytest.fixture(scope="module")
def ready() -> Lab:
    """A lab whose Pod is about to start."""
    lab = Lab(nodes=1)
    lab.kubectl("run web --image=nginx")
    return lab


HOLDS = {
    "a condition": "condition=Ready pod/web",
    "with its flag": "--for=condition=Ready pod/web",
    "as the whole command": "kubectl wait --for=condition=Ready pod/web",
    "a value": "jsonpath='{.status.phase}'=Running pod/web",
    "a field that is there": "jsonpath={.status.podIP} pod/web",
    "what is there": "create pod/web",
    "several": "condition=Ready pod --all",
}


@pytest.mark.parametrize("case", HOLDS)
def test_a_lab_runs_until_it_holds(ready: Lab, case: str) -> None:
    lab = ready.fork()
    assert lab.run(until=HOLDS[case])
    is_running = lab.get("pod/web")["status"]["phase"] == "Running"
    assert is_running != (case in ("a field that is there", "what is there"))


def test_a_lab_runs_until_something_is_gone(ready: Lab) -> None:
    lab = ready.fork()
    lab.run(until="condition=Ready pod/web")
    lab.delete("pod/web")
    assert lab.run(until="delete pod/web")
    with pytest.raises(LabError):
        lab.get("pod/web")


def test_what_does_not_come_is_late(ready: Lab) -> None:
    lab = ready.fork()
    before = lab.now
    assert not lab.run(until="jsonpath='{.status.phase}'=Failed pod/web", timeout="90s")
    assert lab.now == before + 90
    assert not lab.run("30s", until="jsonpath='{.status.phase}'=Failed pod/web")
    assert lab.now == before + 120


def test_waiting_is_no_input_and_is_played_again(ready: Lab) -> None:
    lab = ready.fork()
    inputs = len(lab.inputs)
    lab.run(until="condition=Ready pod/web")
    assert len(lab.inputs) == inputs
    assert Lab.load(lab.save()).digest() == lab.digest()


REFUSED = {
    "sometime pod/web": 'error: unrecognized condition: "sometime"',
    "condition=Ready": "error: You must provide one or more resources by argument or filename.",
    "condition=Ready pod/nobody": 'Error from server (NotFound): pods "nobody" not found',
    "condition=Ready thing/web": 'error: the server doesn\'t have a resource type "thing"',
    "jsonpath='{.status.phase pod/web": "error: No closing quotation",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_kubectl_refuses_is_refused_in_its_words(ready: Lab, text: str) -> None:
    with pytest.raises(LabError) as refused:
        ready.fork().run(until=text)
    assert str(refused.value).startswith(REFUSED[text])


# The panel.


def panel_of(lab: FakeLab | None = None) -> tuple[FakeLab, Panel, list[dict[str, Any]]]:
    """A panel whose jobs are done at once, and what is sent to the line for a condition."""
    lab = lab or FakeLab()
    panel = Panel(lab)
    panel.player.do = lambda job: job()  # type: ignore[method-assign]
    sent: list[dict[str, Any]] = []
    panel.condition.send = lambda message, buffers=None: sent.append(message)
    return lab, panel, sent


def test_the_line_is_there_when_it_is_asked_for() -> None:
    _, panel, sent = panel_of()
    assert panel._condition_row.layout.display == "none"
    panel.controls.until.value = TYPED
    assert panel._condition_row.layout.display == ""
    assert not sent
    panel.controls.until.value = SETTLED
    assert panel._condition_row.layout.display == "none"


def test_what_is_selected_is_proposed_and_what_is_typed_stays() -> None:
    _, panel, sent = panel_of()
    panel.select("Pod/default/db-0")
    panel.controls.until.value = TYPED
    assert sent == [{"type": "prefill", "text": "condition=Ready pod/db-0"}]
    panel.select("Node/node-2")
    assert panel.controls.until.value == TYPED
    assert len(sent) == 1


def test_what_is_typed_is_the_command_that_waits() -> None:
    lab, panel, sent = panel_of()
    panel.condition._receive(None, {"type": "run", "command": "condition=Ready pod/db-0"}, [])
    assert [one.text for one in lab.inputs] == ["kubectl wait --for=condition=Ready pod/db-0 --timeout=1h"]
    assert sent[-1] == {"type": "answer", "text": "wait done"}


def test_the_run_button_runs_the_line() -> None:
    _, panel, sent = panel_of()
    panel.controls.until.value = TYPED
    panel.controls.run.click()
    assert sent == [{"type": "enter"}]


def test_settled_can_be_typed_too() -> None:
    lab, panel, _ = panel_of()
    panel.run_until("settled")
    assert lab.settled == 1


OFFERED = {
    "set": (0, ("settled",)),
    "condition=Av": (0, ("condition=Available",)),
    "cr": (0, ("create",)),
    "delete pod/db-": (7, ("pod/db-0", "pod/db-1", "pod/db-2")),
    "condition=Ready no": (16, ("nodes", "nodes.metrics.k8s.io")),
    "condition=Ready pod/db-0 --time": (25, ("--timeout",)),
}


@pytest.fixture(scope="module")
def offering() -> Lab:
    lab = Lab(nodes=1, timing="instant")
    for number in range(3):
        lab.kubectl(f"run db-{number} --image=nginx")
    return lab


@pytest.mark.parametrize("text", OFFERED)
def test_the_line_is_completed(text: str, offering: Lab) -> None:
    start, words = OFFERED[text]
    found = completion.of_condition(text, offering.completions)
    assert (found.start, tuple(one for one in found.words if one != text[start:])) == (
        start,
        tuple(one for one in words if one != text[start:]),
    )


# The browser.


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_page()
    folder = Path(renderers.__file__).parent
    state = {
        "lines": [["command", "kubectl wait --for= condition=Ready pod/web-0"]],
        "prompt": "kubectl wait --for=",
        "is_line": True,
        "hint": "",
        "texts": texts_of("stage", "en"),
    }
    made.goto("about:blank")
    made.evaluate(
        MOUNT, {"source": (folder / "console.js").read_text(encoding="utf-8"), "css": "", "state": state}
    )
    yield made
    made.close()


def tell(page: Page, **message: Any) -> None:
    page.evaluate("message => window.model.tell('msg:custom', message)", message)


def test_the_line_in_a_browser(page: Page) -> None:
    field = page.get_by_label("kubectl wait --for=")
    tell(page, type="enter")
    expect(field).to_be_focused()
    assert page.evaluate("window.model.sent.map(({ type }) => type)") == ["ready"]
    assert page.locator("[role=log]").count() == 0
    field.press("ArrowUp")
    expect(field).to_have_value("condition=Ready pod/web-0")
    field.press("ArrowDown")
    tell(page, type="prefill", text="condition=Ready pod/db-0")
    tell(page, type="enter")
    expect(field).to_have_value("")
    sent = page.evaluate("window.model.sent.map(({ at, ...rest }) => rest)")
    assert sent == [{"type": "ready"}, {"type": "run", "command": "condition=Ready pod/db-0"}]
    tell(page, type="answer", text='error: unrecognized condition: "x"')
    expect(page.get_by_role("status")).to_have_text('error: unrecognized condition: "x"')
    tell(page, type="completions", text="", start=0, words=[])
    expect(page.get_by_role("status")).to_have_text("nothing to complete")
