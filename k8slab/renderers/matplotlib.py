"""A scene as a matplotlib figure: for papers, for charts beside it, for export to PNG and PDF.

Every shape of a layer is one path in one collection, and a `Sheet` keeps these
collections from frame to frame: an update sets arrays and makes no new artists,
which is what makes it quick. Texts are what costs; only those that say
something else, or stand elsewhere, are touched.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from matplotlib import rc_context
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

from k8slab.scene.header import header_marks
from k8slab.scene.icons import ICONS
from k8slab.scene.marks import STYLES, Mark, text_at
from k8slab.scene.scene import Item, Scene, ordered
from k8slab.scene.tokens import Theme, colours

DOTS_PER_UNIT = 1 / 72
_FONTS = {"sans": "DejaVu Sans", "mono": "DejaVu Sans Mono"}
"""The fonts that come with matplotlib, so that a figure is the same on every machine."""
_NARROWING = {"sans": 0.87, "mono": 1.0}
"""DejaVu Sans is wider than Helvetica, for which the scene is laid out."""
_NO_COLOUR = (0.0, 0.0, 0.0, 0.0)
_KAPPA = 0.5523
_COMMAND = re.compile(r"([MLCZ])([^MLCZ]*)")


class _Shape:
    """One path of a collection: where it goes and how it looks."""

    __slots__ = ("dash", "edge", "face", "path", "width")

    def __init__(self, path: Path, face: Any, edge: Any, width: float, dash: str) -> None:
        self.path, self.face, self.edge, self.width, self.dash = path, face, edge, width, dash


@lru_cache(maxsize=4096)
def path_of(d: str) -> Path:
    """The path of an SVG `d` of absolute M, L, C and Z commands."""
    vertices: list[tuple[float, float]] = []
    codes: list[int] = []
    for command, rest in _COMMAND.findall(d):
        numbers = [float(one) for one in rest.replace(",", " ").split()]
        points = list(zip(numbers[::2], numbers[1::2]))
        if command == "Z":
            vertices.append(vertices[-1])
            codes.append(int(Path.CLOSEPOLY))
            continue
        vertices += points
        code = {"M": Path.MOVETO, "L": Path.LINETO, "C": Path.CURVE4}[command]
        codes += [int(code)] * len(points)
    return Path(vertices, codes)


@lru_cache(maxsize=4096)
def rounded_path(width: float, height: float, radius: float) -> Path:
    """A rectangle at the origin with rounded corners."""
    r = min(radius, width / 2, height / 2)
    if r <= 0:
        return Path([(0, 0), (width, 0), (width, height), (0, height), (0, 0)], closed=True)
    k = r * (1 - _KAPPA)
    w, h = width, height
    d = (
        f"M{r} 0L{w - r} 0C{w - k} 0 {w} {k} {w} {r}L{w} {h - r}C{w} {h - k} {w - k} {h} {w - r} {h}"
        f"L{r} {h}C{k} {h} 0 {h - k} 0 {h - r}L0 {r}C0 {k} {k} 0 {r} 0Z"
    )
    return path_of(d)


@lru_cache(maxsize=512)
def circle_path(radius: float) -> Path:
    """A circle around the origin."""
    return Path.circle((0, 0), radius)


def _moved(path: Path, x: float, y: float) -> Path:
    vertices: Any = path.vertices
    offset = (x, y)
    return Path(vertices + offset, path.codes)


class Sheet:
    """A figure that shows one scene after another. `figure` is an ordinary matplotlib Figure."""

    def __init__(self, scene: Scene, theme: Theme = "light", *, scale: float = 1.0) -> None:
        self._table = {name: to_rgba(value) if name else _NO_COLOUR for name, value in colours(theme).items()}
        self._scale = scale
        self._texts: list[Text] = []
        self._said: list[Any] = []
        size = (scene.width * DOTS_PER_UNIT * scale, scene.height * DOTS_PER_UNIT * scale)
        self.figure = Figure(figsize=size, dpi=72 * 1.5, facecolor=self._table["surface"])
        self._axes = self.figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._collection = PathCollection([], offset_transform=IdentityTransform())
        self._collection.set_transform(self._axes.transData)
        self._axes.add_collection(self._collection, autolim=False)
        self.update(scene)

    def update(self, scene: Scene) -> None:
        """Show another scene in the same figure."""
        self._axes.set_xlim(0, scene.width)
        self._axes.set_ylim(scene.height, 0)
        shapes: list[_Shape] = []
        words: list[tuple[float, float, Mark, str]] = []
        for mark in header_marks(scene):
            self._add(mark, 0, 0, scene, shapes, words)
        for item in ordered(scene):
            self._add_item(item, scene, shapes, words)
        collection = self._collection
        collection.set_paths([one.path for one in shapes])
        collection.set_facecolor([one.face for one in shapes])
        collection.set_edgecolor([one.edge for one in shapes])
        collection.set_linewidth([one.width * self._scale for one in shapes])
        collection.set_linestyle([_dashes(one.dash) for one in shapes])
        self._write(words)

    def _add_item(self, item: Item, scene: Scene, shapes: list[_Shape], words: list[Any]) -> None:
        for mark in item.marks:
            self._add(mark, item.x, item.y, scene, shapes, words)

    def _add(
        self, mark: Mark, dx: float, dy: float, scene: Scene, shapes: list[_Shape], words: list[Any]
    ) -> None:
        """Turn one mark into shapes or words at its place in the scene."""
        table = self._table
        match mark[0]:
            case "rect":
                _, x, y, width, height, radius, fill, stroke, stroke_width, dash = mark
                path = _moved(rounded_path(width, height, radius), x + dx, y + dy)
                shapes.append(_Shape(path, table[fill], table[stroke], stroke_width if stroke else 0, dash))
            case "circle":
                _, x, y, radius, fill, stroke, stroke_width = mark
                path = _moved(circle_path(radius), x + dx, y + dy)
                shapes.append(_Shape(path, table[fill], table[stroke], stroke_width if stroke else 0, ""))
            case "path":
                _, d, fill, stroke, stroke_width, dash = mark
                path = _moved(path_of(d), dx, dy)
                shapes.append(_Shape(path, table[fill], table[stroke], stroke_width if stroke else 0, dash))
            case "text":
                words.append((mark[1] + dx, mark[2] + dy, mark, text_at(mark, scene.now_us)))
            case "icon":
                _, x, y, name = mark
                for one in ICONS[name]:
                    self._add(one, x + dx, y + dy, scene, shapes, words)
            case "bar":
                _, y, height, fill, from_us, to_us = mark
                left = scene.axis.at(from_us)
                width = max(0.6, scene.axis.at(to_us or scene.now_us) - left)
                path = _moved(rounded_path(round(width, 2), height, 2), left, y + dy)
                shapes.append(_Shape(path, table[fill], _NO_COLOUR, 0, ""))
            case _:
                _, y, height = mark
                at = scene.axis.at(scene.now_us)
                line = Path([(at, y + dy), (at, y + dy + height)])
                shapes.append(_Shape(line, _NO_COLOUR, table["accent"], 2, ""))
                shapes.append(_Shape(_moved(circle_path(5), at, y + dy), table["accent"], _NO_COLOUR, 0, ""))

    def _write(self, words: list[tuple[float, float, Mark, str]]) -> None:
        """Put the words into the texts that there are; make or hide some where the number is another."""
        while len(self._texts) < len(words):
            made = Text(va="baseline", parse_math=False)
            self._axes.add_artist(made)
            self._texts.append(made)
            self._said.append(None)
        for number, (x, y, mark, string) in enumerate(words):
            key = (x, y, mark[3:6], string)
            if self._said[number] == key:
                continue
            self._said[number], artist = key, self._texts[number]
            size, weight, family = STYLES[mark[3]]
            artist.set(
                x=x,
                y=y,
                text=string,
                color=self._table[mark[5]],
                fontsize=size * self._scale * _NARROWING[family],
                fontweight="bold" if weight >= 600 else "normal",
                fontfamily=_FONTS[family],
                ha={"start": "left", "middle": "center", "end": "right"}[mark[4]],
                visible=True,
            )
        for number in range(len(words), len(self._texts)):
            self._texts[number].set(visible=False)
            self._said[number] = None


@lru_cache(maxsize=64)
def _dashes(dash: str) -> Any:
    return (0, tuple(float(one) for one in dash.split())) if dash else "solid"


def figure(scene: Scene, theme: Theme = "light", *, scale: float = 1.0) -> Any:
    """The picture as a matplotlib Figure."""
    return Sheet(scene, theme, scale=scale).figure


def svg_text(scene: Scene, theme: Theme = "light") -> str:
    """matplotlib's own SVG of the picture, the same in every run and with its texts as texts."""
    from io import StringIO

    target = StringIO()
    with rc_context({"svg.hashsalt": "k8slab", "svg.fonttype": "none"}):
        figure(scene, theme).savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()
