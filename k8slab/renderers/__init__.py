"""From a scene to pixels, SVG or text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slab.graph import Graph, drawn
from k8slab.renderers import svg, text
from k8slab.scene import Facts, Header, Scene, compose, gantt
from k8slab.scene.tokens import Theme
from k8slab.texts import Language


class Drawing:
    """A picture that a notebook shows as SVG, and a terminal as text."""

    __slots__ = ("scene", "theme")

    def __init__(self, scene: Scene, theme: Theme) -> None:
        self.scene = scene
        self.theme = theme

    @property
    def svg(self) -> str:
        """The picture as a standalone SVG text."""
        return svg.render(self.scene, self.theme)

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        """The picture as text."""
        return text.render(self.scene)


def scene_of(
    lab: Any,
    *,
    width: float = 1180,
    selected: str = "",
    history: bool = True,
    language: Language | None = None,
) -> Scene:
    """The scene of a lab as it is, in its language or in another.

    `history` False leaves the timeline without its past.
    """
    inputs = tuple((one.at_us, one.text) for one in lab.inputs)
    facts = Facts(
        lab.now_us,
        lab.start_us,
        lab.seed,
        len(lab.history),
        inputs,
        selected,
        language=language or lab.language,
    )
    return compose(Graph(lab.view), facts, width=width, history=drawn(lab.history) if history else ())


def gantt_of(lab: Any, *, width: float = 1180, language: Language | None = None) -> Scene:
    """The phases of a lab's Pods as a Gantt chart."""
    inputs = tuple((one.at_us, one.text) for one in lab.inputs)
    spoken = language or lab.language
    header = Header("k8slab", lab.start_us, lab.seed, len(lab.history), language=spoken)
    return gantt.compose(lab.history, inputs, header, lab.now_us, width=width, language=spoken)


SUBJECTS: dict[str, Callable[..., Scene]] = {"cluster": scene_of, "gantt": gantt_of}
"""What can be drawn."""


def subject(what: str) -> Callable[..., Scene]:
    """What makes the scene of a subject. ValueError for one that there is not."""
    if what not in SUBJECTS:
        raise ValueError(f'nothing is called "{what}": there are {", ".join(SUBJECTS)}')
    return SUBJECTS[what]


def draw(
    lab: Any, *, what: str = "cluster", format: str = "svg", theme: Theme = "light", **options: Any
) -> Any:
    """A lab as it is: a `Drawing` for `svg`, a str for `text`, a matplotlib Figure for `figure`.

    `what` is the `cluster`, or a `gantt` chart of its Pods' phases. ValueError for
    another subject or format.
    """
    scene = subject(what)(lab, **options)
    if format == "svg":
        return Drawing(scene, theme)
    if format == "text":
        return text.render(scene)
    if format == "figure":
        from k8slab.renderers.matplotlib import figure
        from k8slab.renderers.shapes import writable

        spoken = writable(scene.header.language)
        if spoken != scene.header.language:
            scene = subject(what)(lab, language=spoken, **options)
        return figure(scene, theme)
    raise ValueError(f'unknown format "{format}": there are svg, text and figure')
