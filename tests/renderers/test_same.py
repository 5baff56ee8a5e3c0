"""One scene, four renderers: SVG, Canvas, matplotlib and text show the same things."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest
from playwright.sync_api import Browser

from k8slab.graph import Graph
from k8slab.renderers import svg, text
from k8slab.renderers.matplotlib import Sheet
from k8slab.renderers.shapes import path_of
from k8slab.scene import Header, Scene, compose, gantt, to_json
from k8slab.scene.header import header_marks
from k8slab.scene.icons import ICONS
from k8slab.scene.marks import Mark, text_at
from k8slab.scene.scene import Item
from k8slab.scene.tokens import PHASES, colours
from tests.browser import mount_canvas
from tests.renderers import svgs
from tests.renderers.rich import rich
from tests.scene.cluster import INPUTS, NOW_US, START_US, cluster, history
from tests.scene.test_outages import troubled
from tests.scene.test_scene import crowd, facts

SCENES: dict[str, Callable[[], Scene]] = {
    "everything": lambda: compose(Graph(cluster()), facts(inputs=INPUTS), history=history()),
    "rich": lambda: compose(Graph(rich()), facts(inputs=INPUTS, selected="Pod/default/db-1")),
    "crowd": lambda: compose(Graph(crowd(12, 90)), facts()),
    "gantt": lambda: gantt.compose(
        history(), INPUTS, Header("k8slab", START_US, 7, 214), NOW_US, language="zh"
    ),
    "outages": lambda: compose(Graph(troubled()), facts()),
    "heat": lambda: compose(Graph(crowd(60, 2100)), facts()),
}


def expected(scene: Scene) -> set[str]:
    """Every text of the scene beneath its header, as it reads at the scene's now."""
    marks = [mark for item in scene.items.values() for mark in item.marks]
    marks += [inner for mark in marks if mark[0] == "icon" for inner in ICONS[mark[3]]]
    return {text_at(mark, scene.now_us) for mark in marks if mark[0] == "text"}


def header(scene: Scene) -> set[str]:
    return {text_at(mark, scene.now_us) for mark in header_marks(scene) if mark[0] == "text"}


def in_svg(scene: Scene) -> set[str]:
    return svgs.texts(svg.render(scene))


def in_matplotlib(scene: Scene) -> set[str]:
    return {one.get_text() for one in Sheet(scene).figure.axes[0].texts if one.get_visible()}


CALLS = """
() => {
  for (const name of ["written", "traced", "boxed", "rounded", "painted"]) window[name] = [];
  const Inner = window.Path2D;
  window.Path2D = function (d) {
    window.traced.push(d);
    return new Inner(d);
  };
  for (const { prototype } of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
    const watch = (name, note) => {
      const inner = prototype[name];
      prototype[name] = function (...values) {
        note(this, ...values);
        return inner.apply(this, values);
      };
    };
    watch("fillText", (context, words) => {
      window.written.push(words);
      window.painted.push(context.fillStyle);
    });
    const box = (_, x, y, width, height) => window.boxed.push(`${Math.round(width)} ${Math.round(height)}`);
    watch("rect", box);
    watch("roundRect", box);
    watch("arc", (_, x, y, radius) => window.rounded.push(String(radius)));
    watch("fill", (context) => window.painted.push(context.fillStyle));
    watch("fillRect", (context) => window.painted.push(context.fillStyle));
    watch("stroke", (context) => window.painted.push(context.strokeStyle));
  }
}
"""


def in_canvas(scene: Scene, browser: Browser) -> dict[str, set[str]]:
    """What is written on the canvas, and what is drawn in which colours."""
    page = browser.new_page(viewport={"width": 2400, "height": 900})
    page.add_init_script(f"({CALLS})()")
    mount_canvas(page, json.loads(json.dumps(to_json(scene))))
    page.wait_for_function("document.querySelector('canvas') && window.written.length > 0")
    names = ("written", "traced", "boxed", "rounded", "painted")
    found = {name: set(page.evaluate(f"window.{name}")) for name in names}
    page.close()
    return found


@pytest.mark.parametrize("name", SCENES)
def test_svg_and_matplotlib_write_every_text_of_the_scene(name: str) -> None:
    scene = SCENES[name]()
    assert in_svg(scene) == expected(scene) | header(scene)
    assert in_matplotlib(scene) == expected(scene) | header(scene)


Shape = tuple[str, float, float, float, float]
"""What is drawn, and the box around it in world units: left, top, right, bottom."""


def _boxed(kind: str, points: Iterable[tuple[float, float]], x: float = 0, y: float = 0) -> Shape:
    found = [(px + x, py + y) for px, py in points]
    edges = (min, 0), (min, 1), (max, 0), (max, 1)
    left, top, right, bottom = (round(float(of(one[axis] for one in found)), 1) for of, axis in edges)
    return (kind, left, top, right, bottom)


def _shapes(mark: Mark, item: Item, scene: Scene, x: float, y: float) -> Iterator[Shape]:
    match mark[0]:
        case "rect":
            left, top, width, height = mark[1:5]
            yield _boxed("shape", [(left, top), (left + width, top + height)], x, y)
        case "circle":
            middle, centre, radius = mark[1:4]
            yield _boxed(
                "shape", [(middle - radius, centre - radius), (middle + radius, centre + radius)], x, y
            )
        case "path":
            yield _boxed("shape", path_of(mark[1]).vertices.tolist(), x, y)
        case "icon":
            for one in ICONS[mark[3]]:
                yield from _shapes(one, item, scene, x + mark[1], y + mark[2])
        case "bar":
            left = scene.axis.at(mark[4])
            width = max(0.6, scene.axis.at(mark[5] or scene.now_us) - left)
            yield _boxed("shape", [(left, mark[1] + y), (left + width, mark[1] + mark[2] + y)])
        case "now":
            at = scene.axis.at(scene.now_us)
            yield _boxed("shape", [(at, mark[1] + y), (at, mark[1] + mark[2] + y)])
            yield _boxed("shape", [(at - 5, mark[1] + y - 5), (at + 5, mark[1] + y + 5)])


def shapes(scene: Scene) -> Counter[Shape]:
    """Every shape of the scene beneath its header, each as often as it is drawn."""
    return Counter(
        shape
        for item in scene.items.values()
        for mark in item.marks
        for shape in _shapes(mark, item, scene, item.x, item.y)
    )


def _of_header(scene: Scene) -> Counter[Shape]:
    item = Item("header", 0, "", 0, 0, 0, 0)
    return Counter(shape for mark in header_marks(scene) for shape in _shapes(mark, item, scene, 0, 0))


def shapes_in_svg(scene: Scene) -> Counter[Shape]:
    found: Counter[Shape] = Counter()
    for one in svgs.drawn(svg.render(scene)):
        number = {name: float(one.attributes.get(name, 0)) for name in _NUMBERS}
        if one.tag == "rect":
            x, y, width, height = (number[name] for name in ("x", "y", "width", "height"))
            box = _boxed("shape", [(x, y), (x + width, y + height)], one.x, one.y)
        elif one.tag == "circle":
            x, y, r = (number[name] for name in ("cx", "cy", "r"))
            box = _boxed("shape", [(x - r, y - r), (x + r, y + r)], one.x, one.y)
        elif one.tag == "path":
            box = _boxed("shape", path_of(one.attributes["d"]).vertices.tolist(), one.x, one.y)
        else:
            continue
        found[box] += 1
    # The ground on which all stands.
    found[("shape", 0.0, 0.0, round(scene.width, 1), round(scene.height, 1))] -= 1
    return +found


_NUMBERS = ("x", "y", "width", "height", "cx", "cy", "r")


def shapes_in_matplotlib(scene: Scene) -> Counter[Shape]:
    paths = Sheet(scene)._collection.get_paths()
    return Counter(_boxed("shape", path.vertices.tolist()) for path in paths)


def _near(one: Counter[Shape], other: Counter[Shape]) -> bool:
    """The same shapes, where a tenth of a unit is rounding."""
    here, there = (sorted(counter.elements()) for counter in (one, other))
    return len(here) == len(there) and all(
        all(abs(a - b) <= 0.21 for a, b in zip(first[1:], second[1:])) for first, second in zip(here, there)
    )


@pytest.mark.parametrize("name", SCENES)
def test_svg_and_matplotlib_draw_every_shape_of_the_scene(name: str) -> None:
    scene = SCENES[name]()
    wanted = shapes(scene) + _of_header(scene)
    assert _near(shapes_in_svg(scene), wanted)
    assert _near(shapes_in_matplotlib(scene), wanted)


def sizes(scene: Scene) -> dict[str, set[str]]:
    """What a canvas is told to draw, wherever: paths, boxes and circles; and in which colours."""
    marks = [mark for item in scene.items.values() for mark in item.marks]
    marks += [inner for mark in marks if mark[0] == "icon" for inner in ICONS[mark[3]]]
    table = colours("light")
    painted = {"rect": (6, 7), "circle": (4, 5), "path": (2, 3), "text": (5,), "bar": (3,)}
    return {
        "traced": {mark[1] for mark in marks if mark[0] == "path"},
        "boxed": {f"{int(mark[3] + 0.5)} {int(mark[4] + 0.5)}" for mark in marks if mark[0] == "rect"},
        "rounded": {f"{mark[3]:g}" for mark in marks if mark[0] == "circle"},
        "painted": {table[mark[at]] for mark in marks for at in painted.get(mark[0], ()) if mark[at]},
    }


@pytest.mark.parametrize("name", SCENES)
def test_the_canvas_writes_every_text_and_draws_every_shape_of_the_scene(name: str, browser: Browser) -> None:
    scene = SCENES[name]()
    found = in_canvas(scene, browser)
    assert found["written"] == expected(scene)
    for how, wanted in sizes(scene).items():
        assert wanted <= found[how], how


# In words.

SAME = (
    (r"(\d+)/(\d+)", r"\1 of \2"),
    (r"(\d+)/(\d+)", r"\1 succeeded"),
    (r"r(\d+)", r"revision \1"),
    (r"revision (\d+)", r"of revision \1"),
    (r"↻ (\d+)/\d+", r"\1 of the new revision"),
    (r"cpu (\d+) %", r"\1 % of cpu"),
    (r"(\d+) → (\d+)", r"\1 now, \2 wanted"),
    (r"(\d+) may go", r"\1 may be disrupted"),
    (r"next in .*", "next at "),
    (r"\+(\d+)", r"and \1 more"),
    (r"Autoscaler|Budget", r"\g<0>"),
    (r"crash node-1", "lab.crash('node-1')"),
    (r"no endpoints", "0 of 0 endpoints ready"),
    (r"NotReady \d.*", "NotReady since "),
)
"""What stands in a picture in few words, and how the lines say it."""


def _is_told(string: str, said: str, label: str) -> bool:
    """Whether a text of the picture is in the lines: as it is, in other words, or whole where it was cut."""
    if string in said:
        return True
    head, cut, tail = string.partition("…")
    if cut and head and head in label and label.endswith(tail):
        return True
    if any(re.fullmatch(short, string) and re.sub(short, long, string) in said for short, long in SAME):
        return True
    parts = re.split(r" · |  ", string)
    return len(parts) > 1 and all(_is_told(part, said, label) for part in parts)


@pytest.mark.parametrize("name", SCENES)
def test_the_words_tell_every_text_of_the_scene(name: str) -> None:
    scene = SCENES[name]()
    said = text.render(scene)
    untold = [
        (item.id, text_at(mark, scene.now_us))
        for item in scene.items.values()
        for mark in item.marks
        if mark[0] == "text"
        # The ticks of the axis measure, and say nothing; the legend explains the picture's own signs.
        and item.id not in ("timeline", "gantt", "legend")
        and not _is_told(text_at(mark, scene.now_us), said, item.label)
    ]
    assert not untold


SIGNS = {
    ("Node", "cordon"): "cordoned",
    ("Node", "node-lost"): "NotReady",
    ("Node", "node-off"): "power off",
}
"""What a sign of a picture means, in words."""

FILLS = {
    "StatefulSet": {tone: tone for tone in PHASES},
    "DaemonSet": {tone: tone for tone in PHASES},
    "CronJob": {"succeeded": "succeeded", "failed": "failed", "starting": "running"},
    "Service": {"running": "ready: "},
    "PodDisruptionBudget": {"running": " healthy of "},
    "HorizontalPodAutoscaler": {"starting": " wanted"},
    "Job": {**{tone: tone for tone in PHASES}, "starting": "active", "succeeded": "succeeded| done"},
}
"""What a colour in a workload's strip means, by its kind."""


@pytest.mark.parametrize("name", SCENES)
def test_the_words_tell_every_sign_and_colour_of_the_scene(name: str) -> None:
    scene = SCENES[name]()
    lines = {f"{line.strip()}\n" for line in text.render(scene).splitlines()}
    for item in scene.items.values():
        owner = item.label if item.kind in ("Node", "PersistentVolumeClaim") else f"{item.kind} {item.label}"
        line = next((one for one in lines if one.startswith(f"{owner}: ")), "")
        for mark in item.marks:
            if mark[0] == "icon" and (item.kind, mark[3]) in SIGNS:
                assert SIGNS[item.kind, mark[3]] in line, item.id
            meant = FILLS.get(item.kind, {})
            filled = {"rect": 6, "circle": 4}.get(mark[0])
            if filled is not None and mark[filled] in meant:
                assert re.search(meant[mark[filled]], line), (item.id, mark)


def test_the_words_tell_which_pod_uses_which_volume_and_who_owns_it() -> None:
    """Each line from a Pod to a volume, and each Pod in its owner's colour."""
    scene = SCENES["everything"]()
    said = text.render(scene)
    attachments = [item for item in scene.items.values() if item.id.startswith("line/")]
    assert attachments
    for one in attachments:
        pod, claim = (scene.items[end].label for end in one.links)
        assert re.search(rf" {pod}  .*, volume {claim}\n", said)
        assert re.search(rf" {claim}: .*, used by {pod}\n", said)
    assert re.search(r" db-1  Terminating 3:12, of StatefulSet db, volume data-db-1\n", said)


def test_the_words_tell_the_timeline() -> None:
    said = text.render(SCENES["everything"]())
    told = "db-0 (1 running): waiting from 0:00, creating from 0:06, running from 0:30"
    assert f"\nTimeline:\n  {told}\n" in said
    assert "\nWhat was done:\n  0:05  kubectl apply -f db.yaml\n  16:00  lab.crash('node-1')\n" in said


@pytest.mark.parametrize("name", SCENES)
def test_the_words_name_every_object_and_its_state(name: str) -> None:
    scene = SCENES[name]()
    said = text.render(scene)
    lines = said.splitlines()
    for item in scene.items.values():
        if item.kind == "Pod":
            assert [one for one in lines if one.startswith(f"  {text.SIGNS[item.state]} {item.label}  ")], (
                item.id
            )
        elif item.kind:
            name = (
                item.label if item.kind in ("Node", "PersistentVolumeClaim") else f"{item.kind} {item.label}"
            )
            assert [one for one in lines if one.strip().startswith(f"{name}: {item.detail}")], item.id
