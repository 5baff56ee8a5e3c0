"""The panel under hard conditions, in a real JupyterLab: nobody looks, the kernel goes, the browser is slow.

What the page shows is compared with what the lab says of itself in the kernel. Nothing waits for a time:
each test waits for what it looks at, and where it needs a clock it takes the lab's or counts frames.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

from k8slab.panel.player import FRAME_S
from k8slab.texts import say
from tests import jupyter
from tests.browser import findings

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

BUSY = """
from k8slab import Lab
lab = Lab(nodes=3)
lab.kubectl("create deployment web --image=nginx --replicas=3")
lab.kubectl("create deployment broken --image=busybox -- sh -c 'exit 1'")
lab.kubectl("create cronjob tick --image=busybox --schedule='* * * * *' -- sh -c 'sleep 5'")
lab.run("20s")
panel = lab.panel()
"""
TRUTH = """
import json
import re
print(json.dumps({
    "now": panel.showing.scene.now_us,
    "lab": lab.now_us,
    "items": {
        one.id: f"{one.kind} {one.label}" + (f", {one.detail}" if one.detail else "")
        for one in panel.showing.scene.items.values() if one.kind
    },
}))
"""
ASK = """
async (code) => {
  const { kernel } = window.jupyterapp.shell.currentWidget.context.sessionContext.session;
  let said = "";
  // A cell that is silent is none to the panel, which is brought up to date after every other.
  const asked = kernel.requestExecute({ code, silent: true, store_history: false });
  asked.onIOPub = ({ header, content }) => {
    if (header.msg_type === "stream") said += content.text;
    if (header.msg_type === "error") said += content.traceback.join("\\n");
  };
  await asked.done;
  return said;
}
"""
SHOWN = """
(stage) => Object.fromEntries([...stage.querySelectorAll(".k8-object:not(.k8-gone)")].map(
  (one) => [one.dataset.id, one.getAttribute("aria-label")]))
"""
SAME = f"""
(wanted) => [...document.querySelectorAll(".k8-stage")].every((stage) => {{
  const shown = ({SHOWN})(stage);
  const ids = Object.keys(wanted);
  return ids.length === Object.keys(shown).length && ids.every((id) => shown[id] === wanted[id]);
}})
"""
WATCH = """
() => {
  const { kernel } = window.jupyterapp.shell.currentWidget.context.sessionContext.session;
  window.seen = { frames: 0, acks: 0, flying: 0, most: 0 };
  const count = (message) => message.content?.data?.content?.type;
  kernel.iopubMessage.connect((_, message) => {
    if (message.header.msg_type !== "comm_msg" || count(message) !== "frame") return;
    window.seen.frames += 1;
    window.seen.flying += 1;
    window.seen.most = Math.max(window.seen.most, window.seen.flying);
  });
  kernel.anyMessage.connect((_, { msg, direction }) => {
    if (direction !== "send" || msg.header.msg_type !== "comm_msg" || count(msg) !== "ack") return;
    window.seen.acks += 1;
    window.seen.flying = 0;
  });
}
"""


JUPYTERS_OWN = ("Could not restore the debugger state", "Canceled future for ")
"""What JupyterLab's debugger says of a kernel that went while it asked it something."""
FRAMES_A_SECOND = 1 / FRAME_S


class Visit(NamedTuple):
    """A notebook whose panel is shown, and what its console said."""

    page: Page
    server: jupyter.Server
    errors: list[str]

    def ask(self, code: str) -> str:
        """Run a line in the kernel beside the notebook; what it printed."""
        return str(self.page.evaluate(ASK, code)).strip()

    def truth(self) -> Any:
        return json.loads(self.ask(TRUTH))

    def expect_truth(self) -> Any:
        """Wait until every view of the panel shows what the kernel has."""
        truth = self.truth()
        # What a page sends may be handled in a thread beside the one that answers here.
        while truth["now"] != truth["lab"]:
            truth = self.truth()
        self.page.wait_for_function(SAME, arg=truth["items"])
        return truth

    def play(self) -> None:
        """Press the first button, which plays and pauses."""
        was = self.ask("print(panel.player.playing)")
        self.page.locator(".k8slab-bar button").first.click()
        while self.ask("print(panel.player.playing)") == was:
            pass

    def set_speed(self, speed: float) -> None:
        assert self.ask(f"panel.controls.speed.value = {speed}; print(panel.player.speed)") == f"{speed}"

    def wait_for_lab(self, seconds: float) -> None:
        """Wait until so much more of the lab's time has passed."""
        wanted = float(self.ask("print(lab.now)")) + seconds
        while float(self.ask("print(lab.now)")) < wanted:
            pass


def select(where: Page | Locator, identity: str) -> None:
    """Click on an object's upper edge, which nothing lies over."""
    where.locator(f'[data-id="{identity}"]').click(position={"x": 60, "y": 8})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jupyter.Server]:
    with jupyter.serving("lab", tmp_path_factory.mktemp("conditions") / "home") as found:
        yield found


@pytest.fixture
def visit(browser: Browser, server: jupyter.Server, request: pytest.FixtureRequest) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1400, "height": 1300})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    jupyter.write(server, name, [BUSY, "panel"])
    jupyter.visit(page, server, name)
    jupyter.run_all(page, server)
    page.wait_for_selector(".k8-object")
    yield Visit(page, server, errors)
    page.evaluate("window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")
    page.close()
    assert [one for one in errors if not any(own in one for own in JUPYTERS_OWN)] == []


# Nobody looks.

HIDE = """
(timers) => {
  const { requestAnimationFrame, setTimeout } = window;
  const kept = [];
  const hidden = (value) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
    const state = value ? "hidden" : "visible";
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
    document.dispatchEvent(new Event("visibilitychange"));
  };
  window.requestAnimationFrame = (act) => kept.push(() => requestAnimationFrame(act));
  window.setTimeout = (act, ms = 0, ...rest) =>
    timers ? setTimeout(act, Math.max(1000, ms), ...rest) : kept.push(() => setTimeout(act, ms, ...rest));
  window.look = () => {
    Object.assign(window, { requestAnimationFrame, setTimeout });
    hidden(false);
    for (const act of kept) act();
  };
  hidden(true);
}
"""


@pytest.mark.parametrize("timers", [True, False], ids=["hidden", "frozen"])
def test_a_tab_that_nobody_looks_at_is_not_fed(visit: Visit, timers: bool) -> None:
    """A hidden tab never paints, and its timers go once a second; the timers of a frozen one not at all."""
    page = visit.page
    visit.set_speed(60.0)
    page.evaluate(WATCH)
    page.evaluate(HIDE, timers)
    page.evaluate("document.querySelector('.k8slab-bar button').click()")
    before = page.inner_text(".k8-time")
    visit.wait_for_lab(240)
    assert visit.ask("print(panel.stage._seq - panel.stage._acknowledged)") in "0123456789"
    assert page.evaluate("window.seen.most") < 10
    if not timers:
        assert page.inner_text(".k8-time") == before
    page.evaluate("window.look()")
    page.wait_for_function("before => document.querySelector('.k8-time').textContent > before", arg=before)
    visit.play()
    visit.expect_truth()


# The kernel goes.

RESTART = "window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()"
KILL = """
() => window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()
"""
REVIVE = """
() => window.jupyterapp.shell.currentWidget.context.sessionContext.changeKernel({ name: "python3" })
"""
PRESSABLE = """
() => [...document.querySelectorAll(".k8slab-panel :is(button, input, select, textarea)")]
  .filter((one) => !one.disabled && !one.closest(".k8-stage")).map((one) => one.outerHTML)
"""


@pytest.mark.parametrize("end", [RESTART, KILL], ids=["restarted", "shut down"])
def test_a_panel_without_its_kernel_says_so_and_lets_nothing_be_pressed(visit: Visit, end: str) -> None:
    page = visit.page
    select(page, "Node/node-1")
    expect(page.locator(".k8slab-title")).to_contain_text("node-1")
    visit.play()
    page.evaluate(end)
    expect(page.locator(".k8-cut")).to_have_text(say("en", "stage.cut.gone"))
    assert page.evaluate(PRESSABLE) == []
    assert page.locator(".k8-timeline").evaluate("one => one.inert")
    assert not findings(page)
    select(page, "Node/node-2")
    expect(page.locator(".k8-said")).to_have_text(re.compile("^Node node-2, "))
    expect(page.locator(".k8slab-title")).to_contain_text("node-1")
    page.set_viewport_size({"width": 1200, "height": 1300})
    page.evaluate(REVIVE)
    jupyter.run_all(page, visit.server)
    expect(page.locator(".k8-cut")).to_be_empty()
    expect(page.locator(".k8-stage")).to_have_count(1)
    visit.play()
    before = page.inner_text(".k8-time")
    page.wait_for_function("before => document.querySelector('.k8-time').textContent > before", arg=before)
    visit.play()
    visit.expect_truth()


# More than one looks.


def test_all_views_of_a_panel_show_the_same(visit: Visit) -> None:
    """The same panel under another cell, and a view of its output in a tab beside the notebook."""
    page = visit.page
    commands = "window.jupyterapp.commands.execute"
    page.evaluate(f"void {commands}('notebook:insert-cell-below')")
    page.evaluate(
        """() => {
          const notebook = window.jupyterapp.shell.currentWidget.content;
          notebook.activeCell.model.sharedModel.setSource('panel');
        }"""
    )
    page.evaluate(f"void {commands}('notebook:run-cell')")
    page.evaluate("void (window.notebook = window.jupyterapp.shell.currentWidget)")
    page.evaluate(f"void {commands}('notebook:create-output-view')")
    expect(page.locator(".k8-stage")).to_have_count(3)
    page.evaluate("window.jupyterapp.shell.activateById(window.notebook.id)")
    visit.expect_truth()
    first, second = page.locator(".jp-Notebook .k8slab-panel").all()
    select(first, "Node/node-2")
    expect(second.locator(".k8slab-title")).to_contain_text("node-2")
    second.locator(".k8slab-cordon").click()
    for panel in page.locator(".k8slab-panel").all():
        expect(panel.locator(".k8slab-uncordon")).to_have_count(1)
        expect(panel.locator(".k8slab-console .k8-printed")).to_contain_text("kubectl cordon node-2")
    visit.play()
    visit.wait_for_lab(10)
    second.locator(".k8slab-bar button").first.click()
    expect(first.locator(".k8slab-bar .fa-play")).to_have_count(1)
    visit.expect_truth()
    assert len(set(page.locator(".k8-time").all_text_contents())) == 1


# The browser or the lab is hard pressed.


@pytest.mark.parametrize(("speed", "slower"), [(60.0, 6), (10_000.0, 1)], ids=["slow browser", "fast lab"])
def test_frames_are_dropped_and_cells_are_answered(visit: Visit, speed: float, slower: int) -> None:
    page = visit.page
    cdp = page.context.new_cdp_session(page)
    visit.set_speed(speed)
    visit.ask("turns = []; inner = panel.player._on_frame")
    visit.ask("panel.player._on_frame = lambda: (turns.append(lab.now), inner())")
    page.evaluate(WATCH)
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    visit.play()
    for number in range(6):
        before = page.evaluate("window.seen.acks")
        page.wait_for_function("before => window.seen.acks > before", arg=before)
        frames = page.evaluate("window.seen.frames")
        assert visit.ask(f"print({number} + 1)") == str(number + 1)
        passed = page.evaluate("window.seen.frames") - frames
        assert passed <= FRAMES_A_SECOND, "no answer stands behind frames"
    visit.play()
    seen = page.evaluate("window.seen")
    assert seen["most"] <= 3, "no more than the one under way, and what a click shows"
    assert seen["frames"] < int(visit.ask("print(len(turns))"))
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    visit.expect_truth()


# Long.


KEPT = """
import functools, gc
from k8slab.kubelet import outlines, traits
for table in (outlines._known, traits._known):
    table.clear()
for cached in [one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper)]:
    cached.cache_clear()
gc.collect()
print(len(gc.get_objects()), len(lab.history), lab.world.weight(), len(lab._marks._marks))
"""


class Weight(NamedTuple):
    """What is kept: bytes and elements in the page; in Python objects, changes, what a copy has, and marks.

    Caches are left out: each is bounded by itself.
    """

    heap_bytes: int
    elements: int
    objects: int
    changes: int
    copied: int
    marks: int


def weigh(visit: Visit, cdp: CDPSession) -> Weight:
    """What is kept while the lab pauses."""
    visit.play()
    visit.expect_truth()
    cdp.send("HeapProfiler.collectGarbage")
    heap_bytes = cdp.send("Runtime.getHeapUsage")["usedSize"]
    elements = visit.page.evaluate("document.querySelectorAll('*').length")
    weight = Weight(heap_bytes, elements, *(int(one) for one in visit.ask(KEPT).split()))
    visit.play()
    return weight


def test_long_play_takes_no_more_memory(visit: Visit) -> None:
    """Four hours of a lab that keeps less history than it would, until Events expire, and four more."""
    page = visit.page
    cdp = page.context.new_cdp_session(page)
    cdp.send("HeapProfiler.enable")
    visit.ask("import k8slab.replay as replay; replay.CHANGES_KEPT, replay._MOST_HELD = 100, 2_000")
    visit.set_speed(10_000.0)
    page.evaluate(WATCH)
    visit.play()
    visit.wait_for_lab(4 * 3600)
    early = weigh(visit, cdp)
    frames = page.evaluate("window.seen.frames")
    visit.wait_for_lab(4 * 3600)
    late = weigh(visit, cdp)
    visit.play()
    print(early, late)
    assert page.evaluate("window.seen.frames") > 1.5 * frames
    assert late.heap_bytes < 1.1 * early.heap_bytes
    assert late.elements < 1.25 * early.elements, "the timeline has a few stretches more"
    assert late.objects < 1.2 * early.objects, "the trails of 256 removed objects, and a few stretches"
    # History is looked through when a mark is due, which is the more seldom the more a copy would have.
    assert all(one.changes <= 1.5 * 100 + 100 + one.copied / 5 for one in (early, late))
    assert late.marks <= early.marks
