"""A scene as one SVG text: for notebooks that are only read, for documents and for tests.

It stands alone (no stylesheet, no script) and is the same for the same scene,
byte for byte. What looks the same in several places is drawn once and used
again; such a drawing's id is made from what it draws, so that two pictures on
one page can't mean different things by one id. Each item carries its full name
as a title, so that nothing that was shortened is lost.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2s
from xml.sax.saxutils import escape

from k8slab.scene.header import header_marks
from k8slab.scene.icons import ICONS
from k8slab.scene.marks import STYLES, Mark, text_at
from k8slab.scene.scene import Axis, Item, Scene, ordered
from k8slab.scene.tokens import MONO, SANS, Theme, colours

Colours = dict[str, str]


def render(scene: Scene, theme: Theme = "light") -> str:
    """The picture as a standalone SVG text."""
    table = colours(theme)
    width, height = _number(scene.width), _number(scene.height)
    now_us, axis = scene.now_us, scene.axis
    items = ordered(scene)
    drawn = [
        "".join(_MARKS[mark[0]](mark, table, now_us, axis, item.x) for mark in item.marks) for item in items
    ]
    often = _often(drawn, table)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-family="{SANS}" font-size="10.5" fill="{table["text"]}">'
        f"<title>{escape(_title(scene))}</title>"
        f"<defs>{''.join(often.values())}</defs>"
        f'<rect width="{width}" height="{height}" fill="{table["surface"]}"/>'
    ]
    header = (_MARKS[mark[0]](mark, table, now_us, axis, 0.0) for mark in header_marks(scene))
    parts.append(_with_icons("".join(header), table, often))
    for item, marks in zip(items, drawn):
        parts.append(_group(item, marks, table, often))
    parts.append("</svg>\n")
    return "".join(parts)


def _often(drawn: list[str], table: Colours) -> dict[str, str]:
    """The definitions of what is drawn more than once, by what it draws: whole items, and icons."""
    counts = Counter(drawn)
    found: dict[str, str] = {}
    ids: set[str] = set()
    whole = [marks for marks, count in counts.items() if count > 1 and marks]
    for name, count in Counter(name for marks in counts for name in _ICON.findall(marks)).items():
        if count > 1:
            found[name] = f'<g id="{_id(_icon_text(name, table["surface"]), ids)}">'
            found[name] += _icon_text(name, table["surface"]) + "</g>"
    for marks in whole:
        body = _with_icons(marks, table, found)
        found[marks] = f'<g id="{_id(body, ids)}">{body}</g>'
    return found


def _id(body: str, taken: set[str]) -> str:
    """An id that is made from what it stands for."""
    digest = blake2s(body.encode()).hexdigest()
    identity = next(one for length in range(8, len(digest)) if (one := f"k8-{digest[:length]}") not in taken)
    taken.add(identity)
    return identity


def _reference(definition: str) -> str:
    return definition[len('<g id="') : definition.index('"', len('<g id="'))]


def _with_icons(marks: str, table: Colours, often: dict[str, str]) -> str:
    """Marks with each icon drawn, or used where it is drawn elsewhere."""

    def icon(found: re.Match[str]) -> str:
        name, x, y = found.group(1), found.group(2), found.group(3)
        if name in often:
            return f'<use href="#{_reference(often[name])}" x="{x}" y="{y}"/>'
        return f'<g transform="translate({x} {y})">{_icon_text(name, table["surface"])}</g>'

    return _ICON_AT.sub(icon, marks)


def _group(item: Item, marks: str, table: Colours, often: dict[str, str]) -> str:
    """An item at its place, with its title."""
    x, y = _number(item.x), _number(item.y)
    name = f"{item.kind} {item.label}" if item.kind else item.label
    said = f"{name}: {item.detail}" if item.detail else name
    title = f"<title>{escape(said)}</title>" if name else ""
    if marks in often:
        return f'<use href="#{_reference(often[marks])}" x="{x}" y="{y}">{title}</use>\n'
    place = f' transform="translate({x} {y})"' if item.x or item.y else ""
    return f"<g{place}>{title}{_with_icons(marks, table, often)}</g>\n"


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
    """The style's attributes, but for those that the whole picture has."""
    size, weight, family = STYLES[style]
    font = f' font-family="{MONO}" xml:space="preserve"' if family == "mono" else ""
    large = f' font-size="{_number(size)}"' if size != 10.5 else ""
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    return f"{large}{bold}{font}"


def _text(mark: Mark, table: Colours, now_us: int, axis: Axis, left: float) -> str:
    _, x, y, style, anchor, fill, string, clock, _ = mark
    words = text_at(mark, now_us) if clock else string
    where = f'x="{_number(x)}" y="{_number(y)}"{_ANCHORS[anchor]}'
    colour = f' fill="{table[fill]}"' if fill != "text" else ""
    return f"<text {where}{_text_style(style)}{colour}>{escape(words)}</text>"


_ICON_AT = re.compile(r'<icon name="([^"]+)" x="([^"]+)" y="([^"]+)"/>')
_ICON = re.compile(r'<icon name="([^"]+)"')


def _icon(mark: Mark, table: Colours, now_us: int, axis: Axis, left: float) -> str:
    """A place to draw an icon at: whether it is drawn there is known when all are."""
    _, x, y, name = mark
    return f'<icon name="{name}" x="{_number(x)}" y="{_number(y)}"/>'


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
