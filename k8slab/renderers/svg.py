"""A scene as one SVG text: for notebooks that are only read, for documents and for tests.

It stands alone (no stylesheet, no script, no ids that could clash with another
picture on the same page) and is the same for the same scene, byte for byte.
Each item carries its full name as a title, so that nothing that was shortened
is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from xml.sax.saxutils import escape

from k8slab.scene.header import header_marks
from k8slab.scene.icons import ICONS
from k8slab.scene.marks import STYLES, Mark, text_at
from k8slab.scene.scene import Axis, Scene, ordered
from k8slab.scene.tokens import MONO, SANS, Theme, colours

Colours = dict[str, str]


def render(scene: Scene, theme: Theme = "light") -> str:
    """The picture as a standalone SVG text."""
    table = colours(theme)
    width, height = _number(scene.width), _number(scene.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" font-family="{SANS}">'
        f"<title>{escape(_title(scene))}</title>"
        f'<rect width="{width}" height="{height}" fill="{table["surface"]}"/>'
    ]
    now_us, axis = scene.now_us, scene.axis
    for mark in header_marks(scene):
        parts.append(_MARKS[mark[0]](mark, table, now_us, axis, 0.0))
    for item in ordered(scene):
        x, y = _number(item.x), _number(item.y)
        name = f"{item.kind} {item.label}" if item.kind else item.label
        parts.append(f'<g transform="translate({x} {y})">' if item.x or item.y else "<g>")
        if name:
            parts.append(f"<title>{escape(f'{name}: {item.detail}' if item.detail else name)}</title>")
        for mark in item.marks:
            parts.append(_MARKS[mark[0]](mark, table, now_us, axis, item.x))
        parts.append("</g>\n")
    parts.append("</svg>\n")
    return "".join(parts)


def _title(scene: Scene) -> str:
    seconds = (scene.now_us - scene.header.start_us) / 1_000_000
    return f"k8slab: {scene.header.summary} at {seconds:g} s"


def _number(value: float) -> str:
    """A coordinate with at most two decimals."""
    return str(int(value)) if value == int(value) else f"{value:.2f}".rstrip("0")


def _stroke(colour: str, width: float, dash: str) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f' stroke="{colour}" stroke-width="{_number(width)}"{dashes}'


def _rect(mark: Mark, table: Colours, now_us: int, axis: Axis, left: float) -> str:
    return _rect_text(mark, table[mark[6]], table[mark[7]])


@lru_cache(maxsize=16384)
def _rect_text(mark: Mark, fill: str, stroke: str) -> str:
    _, x, y, width, height, radius, _, _, stroke_width, dash = mark
    corner = f' rx="{_number(radius)}"' if radius else ""
    edge = _stroke(stroke, stroke_width, dash) if stroke != "none" else ""
    box = f'x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}"'
    return f'<rect {box}{corner} fill="{fill}"{edge}/>'


def _circle(mark: Mark, table: Colours, now_us: int, axis: Axis, left: float) -> str:
    _, x, y, radius, fill, stroke, stroke_width = mark
    edge = _stroke(table[stroke], stroke_width, "") if stroke else ""
    return f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}" fill="{table[fill]}"{edge}/>'


def _path(mark: Mark, table: Colours, now_us: int, axis: Axis, left: float) -> str:
    _, d, fill, stroke, stroke_width, dash = mark
    edge = _stroke(table[stroke], stroke_width, dash) if stroke else ""
    caps = ' stroke-linecap="round" stroke-linejoin="round"' if stroke and not dash else ""
    return f'<path d="{d}" fill="{table[fill]}"{edge}{caps}/>'


_ANCHORS = {"start": "", "middle": ' text-anchor="middle"', "end": ' text-anchor="end"'}


@lru_cache(maxsize=64)
def _text_style(style: str) -> str:
    size, weight, family = STYLES[style]
    font = f' font-family="{MONO}" xml:space="preserve"' if family == "mono" else ""
    return f' font-size="{_number(size)}" font-weight="{weight}"{font}'


def _text(mark: Mark, table: Colours, now_us: int, axis: Axis, left: float) -> str:
    _, x, y, style, anchor, fill, string, clock, _ = mark
    words = text_at(mark, now_us) if clock else string
    where = f'x="{_number(x)}" y="{_number(y)}"{_ANCHORS[anchor]}'
    return f'<text {where}{_text_style(style)} fill="{table[fill]}">{escape(words)}</text>'


def _icon(mark: Mark, table: Colours, now_us: int, axis: Axis, left: float) -> str:
    _, x, y, name = mark
    return f'<g transform="translate({_number(x)} {_number(y)})">{_icon_text(name, table["surface"])}</g>'


@lru_cache(maxsize=256)
def _icon_text(name: str, surface: str) -> str:
    """An icon's marks; the surface's colour tells the themes apart."""
    table = next(found for theme in ("light", "dark") if (found := colours(theme))["surface"] == surface)
    return "".join(_MARKS[mark[0]](mark, table, 0, Axis(), 0.0) for mark in ICONS[name])


def _bar(mark: Mark, table: Colours, now_us: int, axis: Axis, left: float) -> str:
    _, y, height, fill, from_us, to_us = mark
    x = axis.at(from_us)
    width = max(0.6, axis.at(to_us or now_us) - x)
    box = f'x="{_number(x - left)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}"'
    return f'<rect {box} rx="2" fill="{table[fill]}"/>'


def _now(mark: Mark, table: Colours, now_us: int, axis: Axis, left: float) -> str:
    _, y, height = mark
    x, colour = _number(axis.at(now_us) - left), table["accent"]
    top, bottom = _number(y), _number(y + height)
    return (
        f'<path d="M{x} {top}L{x} {bottom}" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{x}" cy="{top}" r="5" fill="{colour}"/>'
    )


def _grip(mark: Mark, table: Colours, now_us: int, axis: Axis, left: float) -> str:
    """Nothing: a picture can't be acted on."""
    return ""


_MARKS: dict[str, Callable[[Mark, Colours, int, Axis, float], str]] = {
    "rect": _rect,
    "circle": _circle,
    "path": _path,
    "text": _text,
    "icon": _icon,
    "bar": _bar,
    "now": _now,
    "grip": _grip,
}
