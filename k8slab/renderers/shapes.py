"""From the marks of a scene to matplotlib's paths: what a figure and a raster have in common.

A shape still names its colours by token, so that one list serves both themes.
Items that say nothing of the clock are turned into shapes once and kept.
"""

from __future__ import annotations

import re
import warnings
from functools import cache, lru_cache
from typing import Any, NamedTuple

from matplotlib.path import Path

from k8slab.scene.header import header_marks
from k8slab.scene.icons import ICONS
from k8slab.scene.marks import STYLES, Mark, text_at
from k8slab.scene.scene import Item, Scene, ordered
from k8slab.texts import Language, say

FONTS = {"sans": "DejaVu Sans", "mono": "DejaVu Sans Mono"}
"""The fonts that come with matplotlib, so that a picture is the same on every machine."""

_CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK TC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "Microsoft YaHei",
    "SimHei",
    "Droid Sans Fallback",
)
"""Fonts with Chinese characters, of which a machine may have one; matplotlib brings none.

Of a file with several fonts some versions of matplotlib know the first one only, so Noto's Japanese stands
here too: it has the characters, some of them in another manner.
"""
_FILES = (
    "cjk",
    "sourcehan",
    "notosanssc",
    "wqy",
    "pingfang",
    "hiragino",
    "heiti",
    "msyh",
    "simhei",
    "fallback",
)
"""What the names of such fonts' files have in them."""
_KAPPA = 0.5523
_COMMAND = re.compile(r"([MLCZ])([^MLCZ]*)")


class Font(NamedTuple):
    """A font: its name, its file, and which of the file's fonts it is. Without a name there is none."""

    name: str = ""
    file: str = ""
    face: int = 0


@cache
def chinese_font() -> Font:
    """A font with Chinese characters, if this machine has one."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    found = _known_font()
    if not found.name:
        # matplotlib looks for fonts once and remembers them: this one may have been installed since.
        for file in sorted(findSystemFonts()):
            if any(part in file.rpartition("/")[2].lower() for part in _FILES):
                fontManager.addfont(file)
        found = _known_font()
    return found


def _known_font() -> Font:
    from matplotlib.font_manager import fontManager

    known = {
        one.name: one for one in reversed(fontManager.ttflist) if one.weight in (400, "normal", "regular")
    }
    one = next((known[name] for name in _CHINESE if name in known), None)
    return Font(one.name, one.fname, getattr(one, "index", 0)) if one is not None else Font()


def writable(language: Language) -> Language:
    """The language itself, or English where this machine has no font for it, which is then said."""
    if language == "en" or chinese_font().name:
        return language
    warnings.warn(say(language, "scene.no_font"), UserWarning, stacklevel=2)
    return "en"


def is_chinese(string: str) -> bool:
    """Whether a text has Chinese characters."""
    return any(character >= "\u2e80" for character in string)


def font_size(style: str) -> float:
    """The size of a text style in DejaVu, which is wider than the Helvetica that a scene is laid out for."""
    size, weight, family = STYLES[style]
    narrowing = 1.0 if family == "mono" else 0.81 if weight >= 600 else 0.87
    return size * narrowing


class Shape(NamedTuple):
    """A path in world coordinates and the tokens of its colours."""

    path: Path
    fill: str
    stroke: str
    stroke_width: float
    dash: str


class Words(NamedTuple):
    """A line of text on its baseline."""

    x: float
    y: float
    style: str
    anchor: str
    fill: str
    string: str


class Shapes(NamedTuple):
    """Everything to draw, back to front; texts stand before all else."""

    shapes: tuple[Shape, ...]
    words: tuple[Words, ...]


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


def moved(path: Path, x: float, y: float) -> Path:
    """The path, elsewhere."""
    vertices: Any = path.vertices
    offset = (x, y)
    return Path(vertices + offset, path.codes)


class Shaper:
    """Turns scenes into shapes, one after another. It keeps the shapes of items that are as they were."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Item, Shapes]] = {}

    def shapes_of(self, scene: Scene) -> list[Shapes]:
        """The shapes of the header and of each item, back to front."""
        found = [_shapes(header_marks(scene), 0, 0, scene)]
        known: dict[str, tuple[Item, Shapes]] = {}
        for item in ordered(scene):
            former = self._known.get(item.id)
            if former is not None and former[0] is item:
                known[item.id] = former
                found.append(former[1])
                continue
            shapes = _shapes(item.marks, item.x, item.y, scene)
            if not any(_follows_the_clock(mark) for mark in item.marks):
                known[item.id] = (item, shapes)
            found.append(shapes)
        self._known = known
        return found


def _follows_the_clock(mark: Mark) -> bool:
    return mark[0] in ("bar", "now") or (mark[0] == "text" and bool(mark[7]))


def _shapes(marks: tuple[Mark, ...], dx: float, dy: float, scene: Scene) -> Shapes:
    shapes: list[Shape] = []
    words: list[Words] = []
    for mark in marks:
        _add(mark, dx, dy, scene, shapes, words)
    return Shapes(tuple(shapes), tuple(words))


def _add(mark: Mark, dx: float, dy: float, scene: Scene, shapes: list[Shape], words: list[Words]) -> None:
    """Turn one mark into shapes or words at its place in the scene."""
    match mark[0]:
        case "rect":
            _, x, y, width, height, radius, fill, stroke, stroke_width, dash = mark
            path = moved(rounded_path(width, height, radius), x + dx, y + dy)
            shapes.append(Shape(path, fill, stroke, stroke_width if stroke else 0, dash))
        case "circle":
            _, x, y, radius, fill, stroke, stroke_width = mark
            path = moved(circle_path(radius), x + dx, y + dy)
            shapes.append(Shape(path, fill, stroke, stroke_width if stroke else 0, ""))
        case "path":
            _, d, fill, stroke, stroke_width, dash = mark
            path = moved(path_of(d), dx, dy)
            shapes.append(Shape(path, fill, stroke, stroke_width if stroke else 0, dash))
        case "text":
            _, x, y, style, anchor, fill, *_ = mark
            words.append(Words(x + dx, y + dy, style, anchor, fill, text_at(mark, scene.now_us)))
        case "icon":
            _, x, y, name = mark
            for one in ICONS[name]:
                _add(one, x + dx, y + dy, scene, shapes, words)
        case "bar":
            _, y, height, fill, from_us, to_us = mark
            left = scene.axis.at(from_us)
            width = max(0.6, scene.axis.at(to_us or scene.now_us) - left)
            path = moved(rounded_path(round(width, 2), height, 2), left, y + dy)
            shapes.append(Shape(path, fill, "", 0, ""))
        case "grip":
            # A picture can't be acted on.
            return
        case _:
            _, y, height = mark
            at = scene.axis.at(scene.now_us)
            line = Path([(at, y + dy), (at, y + dy + height)])
            shapes.append(Shape(line, "", "accent", 2, ""))
            shapes.append(Shape(moved(circle_path(5), at, y + dy), "accent", "", 0, ""))


@lru_cache(maxsize=64)
def dashes(dash: str) -> tuple[float, ...]:
    """The lengths of an SVG dash pattern; empty for a solid line."""
    return tuple(float(one) for one in dash.split())
