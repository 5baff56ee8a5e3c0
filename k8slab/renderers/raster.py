"""A scene as pixels, quickly: matplotlib's Agg without its figure, for frames of a film and for PNG.

A figure lays out each of its texts anew when it is drawn, which is most of its
cost. Here the grey values of a text are kept by what it says, and shapes of
items that are as they were are kept in pixels, so that a frame costs little
more than filling its paths.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import matplotlib
import numpy
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.transforms import Affine2D
from PIL import Image, ImageDraw, ImageFont

from k8slab.renderers.shapes import Font, Shape, Shaper, Words, chinese_font, dashes, font_size, is_chinese
from k8slab.scene.marks import STYLES
from k8slab.scene.scene import Scene
from k8slab.scene.tokens import Theme, colours

_FILES = {
    ("sans", False): "DejaVuSans.ttf",
    ("sans", True): "DejaVuSans-Bold.ttf",
    ("mono", False): "DejaVuSansMono.ttf",
    ("mono", True): "DejaVuSansMono-Bold.ttf",
}
_POINTS_AN_INCH = 72
"""At this resolution a point is a pixel, so line widths are given in pixels."""


class Grey(NamedTuple):
    """How much of each pixel a text covers, and where its corner is as seen from its anchor."""

    cover: Any
    left: int
    top: int


@lru_cache(maxsize=64)
def _font(file: str, index: int, size: float) -> ImageFont.FreeTypeFont:
    folder = FilePath(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / file), size, index=index)


@lru_cache(maxsize=4096)
def grey_of(string: str, style: str, anchor: str, scale: float) -> Grey | None:
    """A line of text in grey; None where nothing is to be seen."""
    _, weight, family = STYLES[style]
    chinese = chinese_font() if is_chinese(string) else Font()
    font = _font(chinese.file or _FILES[family, weight >= 600], chinese.face, font_size(style) * scale)
    spot = {"start": "ls", "middle": "ms", "end": "rs"}[anchor]
    left, top, right, bottom = (int(edge) for edge in font.getbbox(string, anchor=spot))
    if right <= left or bottom <= top:
        return None
    image = Image.new("L", (right - left + 2, bottom - top + 2))
    ImageDraw.Draw(image).text((1 - left, 1 - top), string, fill=255, font=font, anchor=spot)
    return Grey(numpy.asarray(image, dtype=numpy.uint16)[:, :, None], left - 1, top - 1)


def whole(pixels: Any) -> Any:
    """Pixels as one number each, which are compared and set four times as fast as their parts."""
    return pixels.view(numpy.uint32)[:, :, 0]


class Raster:
    """Draws one scene after another into the same pixels: `width` times `height` world units."""

    def __init__(self, width: float, height: float, theme: Theme = "light", scale: float = 1.0) -> None:
        self.size = (max(1, round(width * scale)), max(1, round(height * scale)))
        self._scale = scale
        self._colours = {name: to_rgba(value) for name, value in colours(theme).items() if name}
        self._ink = {
            name: numpy.array([round(255 * part) for part in rgba[:3]], dtype=numpy.uint16)
            for name, rgba in self._colours.items()
        }
        ground = numpy.array([[[*self._ink["surface"], 255]]], dtype=numpy.uint8)
        self._ground = whole(ground)[0, 0]
        self._shaper = Shaper()
        self._agg = RendererAgg(*self.size, _POINTS_AN_INCH)
        # Agg counts from the bottom, a scene from the top.
        self._place = Affine2D().scale(scale, -scale).translate(0, self.size[1])
        self._pen = self._agg.new_gc()

    def draw(self, scene: Scene) -> Any:
        """The pixels of a scene: an array of rows of RGBA, which the next scene overwrites."""
        pixels = numpy.asarray(self._agg.buffer_rgba())
        whole(pixels)[:] = self._ground
        for one in self._shaper.shapes_of(scene):
            for shape in one.shapes:
                self._draw_shape(shape)
            for words in one.words:
                self._write(pixels, words)
        return pixels

    def _draw_shape(self, shape: Shape) -> None:
        pen = self._pen
        fill = self._colours[shape.fill] if shape.fill else None
        width = shape.stroke_width * self._scale if shape.stroke else 0.0
        pen.set_linewidth(width)
        if shape.stroke:
            pen.set_foreground(self._colours[shape.stroke], isRGBA=True)
        lengths = dashes(shape.dash)
        pen.set_dashes(0, [one * self._scale for one in lengths] if lengths else None)
        pen.set_capstyle("butt" if lengths else "round")
        self._agg.draw_path(pen, shape.path, self._place, fill)

    def _write(self, pixels: Any, words: Words) -> None:
        """Blend a text into the pixels, as far as it lies within them."""
        grey = grey_of(words.string, words.style, words.anchor, self._scale)
        if grey is None:
            return
        left = round(words.x * self._scale) + grey.left
        top = round(words.y * self._scale) + grey.top
        height, width = grey.cover.shape[:2]
        above, before = max(0, -top), max(0, -left)
        beneath, behind = min(height, self.size[1] - top), min(width, self.size[0] - left)
        if beneath <= above or behind <= before:
            return
        cover = grey.cover[above:beneath, before:behind]
        spot = pixels[top + above : top + beneath, left + before : left + behind, :3]
        spot[:] = (spot * (255 - cover) + self._ink[words.fill] * cover + 127) // 255


def png_bytes(scene: Scene, theme: Theme = "light", *, scale: float = 2.0) -> bytes:
    """The picture as a PNG file, the same for the same scene."""
    from io import BytesIO

    target = BytesIO()
    pixels = Raster(scene.width, scene.height, theme, scale).draw(scene)
    Image.fromarray(pixels[:, :, :3].copy()).save(target, format="PNG", optimize=False)
    return target.getvalue()
