"""What an SVG text draws, with everything that is used again in each of its places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

_NAMESPACE = "{http://www.w3.org/2000/svg}"


class Drawn(NamedTuple):
    """One shape or text: its element, and where its coordinates begin."""

    tag: str
    attributes: dict[str, str]
    words: str
    x: float
    y: float


def _shift(element: ElementTree.Element) -> tuple[float, float]:
    move = element.get("transform", "")
    x, y = (float(one) for one in move.removeprefix("translate(").rstrip(")").split()) if move else (0.0, 0.0)
    return x, y


def drawn(picture: str) -> Iterator[Drawn]:
    """The shapes and texts of a picture, back to front. KeyError for a reference that leads nowhere."""
    root = ElementTree.fromstring(picture)
    known = {one.attrib["id"]: one for one in root.iter() if "id" in one.attrib}

    def walk(element: ElementTree.Element, x: float, y: float) -> Iterator[Drawn]:
        tag = element.tag.removeprefix(_NAMESPACE)
        if tag in ("svg", "g"):
            dx, dy = _shift(element)
            for child in element:
                yield from walk(child, x + dx, y + dy)
        elif tag == "use":
            dx, dy = (float(element.get(name, "0")) for name in ("x", "y"))
            yield from walk(known[element.attrib["href"].removeprefix("#")], x + dx, y + dy)
        elif tag not in ("title", "defs"):
            yield Drawn(tag, element.attrib, element.text or "", x, y)

    yield from walk(root, 0, 0)


def texts(picture: str) -> set[str]:
    """Every text that is written in a picture."""
    return {one.words for one in drawn(picture) if one.tag == "text"}
