"""A scene as a matplotlib figure: for papers, for charts beside it, for export to PNG and PDF.

Every shape of a layer is one path in one collection, and a `Sheet` keeps these
collections from frame to frame: an update sets arrays and makes no new artists,
which is what makes it quick. Texts are what costs; only those that say
something else, or stand elsewhere, are touched.
"""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any

from matplotlib import rc_context
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

from k8slab.renderers.shapes import FONTS, Shaper, Words, chinese_font, dashes, font_size
from k8slab.scene.marks import STYLES
from k8slab.scene.scene import Scene
from k8slab.scene.tokens import Theme, colours

DOTS_PER_UNIT = 1 / 72
_NO_COLOUR = (0.0, 0.0, 0.0, 0.0)


class Sheet:
    """A figure that shows one scene after another. `figure` is an ordinary matplotlib Figure."""

    def __init__(self, scene: Scene, theme: Theme = "light", *, scale: float = 1.0) -> None:
        self._table = {name: to_rgba(value) if name else _NO_COLOUR for name, value in colours(theme).items()}
        self._scale = scale
        self._shaper = Shaper()
        self._texts: list[Text] = []
        self._said: list[Words | None] = []
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
        found = self._shaper.shapes_of(scene)
        shapes = [shape for one in found for shape in one.shapes]
        table, collection = self._table, self._collection
        collection.set_paths([one.path for one in shapes])
        collection.set_facecolor([table[one.fill] for one in shapes])
        collection.set_edgecolor([table[one.stroke] for one in shapes])
        collection.set_linewidth([one.stroke_width * self._scale for one in shapes])
        collection.set_linestyle([(0, dashes(one.dash)) if one.dash else "solid" for one in shapes])
        self._write([words for one in found for words in one.words])

    def _write(self, words: list[Words]) -> None:
        """Put the words into the texts that there are; make or hide some where the number is another."""
        while len(self._texts) < len(words):
            made = Text(va="baseline", parse_math=False)
            self._axes.add_artist(made)
            self._texts.append(made)
            self._said.append(None)
        chinese = chinese_font().name
        for number, one in enumerate(words):
            if self._said[number] == one:
                continue
            self._said[number], artist = one, self._texts[number]
            _, weight, family = STYLES[one.style]
            artist.set(
                x=one.x,
                y=one.y,
                text=one.string,
                color=self._table[one.fill],
                fontsize=font_size(one.style) * self._scale,
                fontweight="bold" if weight >= 600 else "normal",
                fontfamily=[FONTS[family], chinese] if chinese else FONTS[family],
                ha={"start": "left", "middle": "center", "end": "right"}[one.anchor],
                visible=True,
            )
        for number in range(len(words), len(self._texts)):
            self._texts[number].set(visible=False)
            self._said[number] = None


def figure(scene: Scene, theme: Theme = "light", *, scale: float = 1.0) -> Any:
    """The picture as a matplotlib Figure."""
    return Sheet(scene, theme, scale=scale).figure


def svg_text(scene: Scene, theme: Theme = "light") -> str:
    """matplotlib's own SVG of the picture, the same in every run and with its texts as texts."""
    target = StringIO()
    with rc_context({"svg.hashsalt": "k8slab", "svg.fonttype": "none"}):
        figure(scene, theme).savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()


def pdf_bytes(scene: Scene, theme: Theme = "light", *, scale: float = 1.0) -> bytes:
    """The picture as a PDF file of vectors and texts, for a paper; the same for the same scene."""
    target = BytesIO()
    with rc_context({"pdf.fonttype": 42}):
        figure(scene, theme, scale=scale).savefig(target, format="pdf", metadata={"CreationDate": None})
    return target.getvalue()
