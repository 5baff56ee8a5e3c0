"""A film as an animated GIF, with one palette for all of its frames.

A scene is drawn from a table of colours, so the palette is made from that table
and the shades between its colours, once, and every pixel that changed is looked up in it.
From the second frame on only what differs is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy
from PIL import Image

from k8slab.renderers.raster import Raster, whole
from k8slab.scene.scene import Scene
from k8slab.scene.tokens import Theme, colours

_COLOURS = 255
_UNCHANGED = 255
"""The number that stands for no colour: what the former frame shows stays."""
_BITS = 5
"""Bits of each of red, green and blue by which a pixel is looked up."""
_GROUNDS = ("surface", "card", "chip", "raised", "card-lost", "note", "lane")
_INKS = ("text", "muted", "alert", "accent", "running", "line", "on-mark")
_LEAST_HUNDREDTHS = 2
"""Browsers slow a GIF down whose frames are shorter."""


@lru_cache(maxsize=2)
def palette(theme: Theme) -> Any:
    """255 colours: the table's own, then the shades of what is written on what."""
    table = {name: _rgb(value) for name, value in colours(theme).items() if name}
    found = dict.fromkeys(table.values())
    for share in (1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8):
        for ink in _INKS:
            for ground in _GROUNDS:
                pair = zip(table[ink], table[ground])
                found.setdefault(tuple(round(one * share + other * (1 - share)) for one, other in pair))
    chosen = list(found)[:_COLOURS]
    return numpy.array(chosen, dtype=numpy.uint8)


def _rgb(value: str) -> tuple[int, ...]:
    return tuple(int(value[at : at + 2], 16) for at in (1, 3, 5))


@lru_cache(maxsize=2)
def _nearest(theme: Theme) -> Any:
    """For each colour of `_BITS` bits a part, the number of the nearest one in the palette."""
    steps = numpy.arange(1 << _BITS) * 255 / ((1 << _BITS) - 1)
    parts: Any = numpy.meshgrid(steps, steps, steps, indexing="ij")
    wanted = numpy.stack([one.ravel() for one in parts], axis=1)
    offered = palette(theme).astype(float)
    distance = (wanted**2).sum(axis=1)[:, None] - 2 * wanted @ offered.T + (offered**2).sum(axis=1)[None, :]
    return distance.argmin(axis=1).astype(numpy.uint8)


@lru_cache(maxsize=2)
def _exact(theme: Theme) -> tuple[Any, Any]:
    """The palette's colours as rising numbers, and which one each is."""
    packed = _packed(palette(theme))
    values, numbers = numpy.unique(packed, return_index=True)
    return values, numbers.astype(numpy.uint8)


def _packed(pixels: Any) -> Any:
    parts = pixels.astype(numpy.uint32)
    return (parts[..., 0] << 16) | (parts[..., 1] << 8) | parts[..., 2]


def indexed(pixels: Any, theme: Theme) -> Any:
    """Pixels of RGBA, in rows of any kind, as numbers of the palette.

    A colour of the table is itself; a shade at an edge is the nearest one.
    """
    half, last = 1 << (7 - _BITS), 255 >> (8 - _BITS)
    parts = numpy.minimum((pixels[..., :3].astype(numpy.uint16) + half) >> (8 - _BITS), last)
    near = _nearest(theme)[(parts[..., 0] << 2 * _BITS) | (parts[..., 1] << _BITS) | parts[..., 2]]
    values, numbers = _exact(theme)
    packed = _packed(pixels)
    at = numpy.minimum(numpy.searchsorted(values, packed), len(values) - 1)
    return numpy.where(values[at] == packed, numbers[at], near)


def gif_bytes(
    scenes: Iterable[Scene], height: float, theme: Theme = "light", *, scale: float = 1.0, fps: float = 10
) -> bytes:
    """The scenes as a GIF that runs for ever; `height` is that of the highest one. ValueError for none."""
    target = BytesIO()
    hundredths = max(_LEAST_HUNDREDTHS, round(100 / fps))
    raster: Raster | None = None
    former: Any = None
    for scene in scenes:
        if raster is None:
            raster = Raster(scene.width, height, theme, scale)
            target.write(_opening(raster.size, theme))
        pixels = raster.draw(scene)
        target.write(_frame(pixels, former, theme, hundredths))
        former = whole(pixels).copy()
    if raster is None:
        raise ValueError("a film needs a scene")
    target.write(b";")
    return target.getvalue()


def _opening(size: Sequence[int], theme: Theme) -> bytes:
    """The header, the shared palette, and the wish to run for ever."""
    width, height = size
    table: bytes = palette(theme).tobytes().ljust(3 * 256, b"\0")
    screen = width.to_bytes(2, "little") + height.to_bytes(2, "little") + bytes([0xF7, 0, 0])
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    return b"GIF89a" + screen + table + loop


def _frame(pixels: Any, former: Any, theme: Theme, hundredths: int) -> bytes:
    """One frame: the box that differs from the former one, and in it nothing but what differs."""
    if former is None:
        left, top = 0, 0
        numbers = indexed(pixels, theme)
    else:
        differs = whole(pixels) != former
        top, bottom, left, right = _box(differs)
        inside = differs[top:bottom, left:right]
        numbers = numpy.full(inside.shape, _UNCHANGED, dtype=numpy.uint8)
        numbers[inside] = indexed(pixels[top:bottom, left:right][inside], theme)
    image = Image.fromarray(numbers)
    control = b"\x21\xf9\x04\x05" + hundredths.to_bytes(2, "little") + bytes([_UNCHANGED, 0])
    box = b"".join(one.to_bytes(2, "little") for one in (left, top, image.width, image.height))
    return control + b"," + box + b"\x00" + _compressed(image)


def _box(differs: Any) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what differs; a single pixel where nothing does."""
    rows, columns = numpy.flatnonzero(differs.any(axis=1)), numpy.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return 0, 1, 0, 1
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _compressed(image: Image.Image) -> bytes:
    """The compressed numbers of an image's pixels, taken out of the GIF that Pillow makes of it alone."""
    target = BytesIO()
    image.save(target, format="GIF", optimize=False, interlace=0)
    data = target.getvalue()
    at = 13 + _table_bytes(data[10])
    while data[at : at + 1] == b"!":
        at = _after_blocks(data, at + 2)
    start = at + 10 + _table_bytes(data[at + 9])
    return data[start : _after_blocks(data, start + 1)]


def _table_bytes(flags: int) -> int:
    """The size of the colour table that the flags of a screen or an image announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    """Where a chain of blocks, each with its length before it, ends."""
    while data[at]:
        at += data[at] + 1
    return at + 1
