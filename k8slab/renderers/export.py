"""A lab, or a stretch of its past, as a file: the ending of its name says what kind of file.

A picture shows one instant, a film a stretch. Nothing here asks the lab to do
anything, so an export is no input and leaves no trace in the lab.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from k8slab.clock import SECOND_US
from k8slab.renderers import film, svg, text
from k8slab.scene import Scene
from k8slab.scene.tokens import Theme
from k8slab.texts import Language

FRAMES, FPS = 100, 10.0


class Wishes(NamedTuple):
    """How an export is to be: everything but what it shows. Instants are seconds since the beginning."""

    what: str = "cluster"
    theme: str = ""
    width: float = 1180
    scale: float = 0.0
    at: float | None = None
    start: float | None = None
    end: float | None = None
    frames: int = FRAMES
    fps: float = FPS


def write(lab: Any, path: str | Path, **options: Any) -> Path:
    """Write a file; the path. ValueError for an ending or an option that there is not."""
    target = Path(path)
    writer = _WRITERS.get(target.suffix.lower())
    if writer is None:
        raise ValueError(f'unknown ending "{target.suffix}": there are {", ".join(sorted(_WRITERS))}')
    known = _OPTIONS[target.suffix.lower()]
    for name in options:
        if name not in known:
            raise ValueError(f'"{target.suffix}" has no option {name}: there are {", ".join(known)}')
    wishes = Wishes(**options)
    themes = ("light", "dark", "auto") if writer is _html else ("light", "dark")
    if wishes.theme and wishes.theme not in themes:
        raise ValueError(f'unknown theme "{wishes.theme}": there are {", ".join(themes)}')
    if wishes.frames < 2 or wishes.fps <= 0 or wishes.scale < 0 or wishes.width <= 0:
        raise ValueError("an export needs frames > 1, fps > 0, scale > 0 and width > 0")
    with lab.lock:
        writer(lab, target, wishes)
    return target


def scene_at(lab: Any, wishes: Wishes, language: Language | None = None) -> Scene:
    """The scene of now, or of an instant of the past. ValueError for one that lies outside it."""
    from k8slab.renderers import subject

    if wishes.at is None:
        return subject(wishes.what)(lab, width=wishes.width, language=language)
    if wishes.what != "cluster":
        raise ValueError("only the cluster can be drawn as it was: a chart shows all of the past")
    at_us = lab.start_us + round(wishes.at * SECOND_US)
    if not lab.start_us <= at_us <= lab.now_us:
        past_s = (lab.now_us - lab.start_us) / SECOND_US
        raise ValueError(f"the lab's past is 0 to {past_s:g} s")
    return next(film.shoot(lab, [at_us], width=wishes.width, language=language)).scene


def _in_pixels(lab: Any) -> Language:
    """The language of what is drawn with fonts of this machine: the lab's, if there is a font for it."""
    from k8slab.renderers.shapes import writable

    return writable(lab.language)


def _theme(wishes: Wishes) -> Theme:
    return "dark" if wishes.theme == "dark" else "light"


def _frames(lab: Any, wishes: Wishes) -> list[Scene]:
    instants = film.even_instants(film.stretch_of(lab, wishes.start, wishes.end), wishes.frames)
    language = _in_pixels(lab)
    return [shot.scene for shot in film.shoot(lab, instants, width=wishes.width, language=language)]


def _svg(lab: Any, target: Path, wishes: Wishes) -> None:
    target.write_text(svg.render(scene_at(lab, wishes), _theme(wishes)), encoding="utf-8")


def _txt(lab: Any, target: Path, wishes: Wishes) -> None:
    target.write_text(text.render(scene_at(lab, wishes)), encoding="utf-8")


def _png(lab: Any, target: Path, wishes: Wishes) -> None:
    from k8slab.renderers.raster import png_bytes

    target.write_bytes(
        png_bytes(scene_at(lab, wishes, _in_pixels(lab)), _theme(wishes), scale=wishes.scale or 2.0)
    )


def _pdf(lab: Any, target: Path, wishes: Wishes) -> None:
    from k8slab.renderers.matplotlib import pdf_bytes

    target.write_bytes(
        pdf_bytes(scene_at(lab, wishes, _in_pixels(lab)), _theme(wishes), scale=wishes.scale or 1.0)
    )


def _gif(lab: Any, target: Path, wishes: Wishes) -> None:
    from k8slab.renderers.gif import gif_bytes

    scenes = _frames(lab, wishes)
    height = max(scene.height for scene in scenes)
    data = gif_bytes(scenes, height, _theme(wishes), scale=wishes.scale or 1.0, fps=wishes.fps)
    target.write_bytes(data)


def _mp4(lab: Any, target: Path, wishes: Wishes) -> None:
    from k8slab.renderers import mp4

    scenes = _frames(lab, wishes)
    size = (scenes[0].width, max(scene.height for scene in scenes))
    mp4.write(target, scenes, size, _theme(wishes), scale=wishes.scale or 1.0, fps=wishes.fps)


def _html(lab: Any, target: Path, wishes: Wishes) -> None:
    from k8slab.renderers.player import page

    stretch = film.stretch_of(lab, wishes.start, wishes.end)
    text_of_page = page(lab, stretch, theme=wishes.theme or "auto", language=lab.language, width=wishes.width)
    target.write_text(text_of_page, encoding="utf-8")


_WRITERS: dict[str, Callable[[Any, Path, Wishes], None]] = {
    ".gif": _gif,
    ".html": _html,
    ".mp4": _mp4,
    ".pdf": _pdf,
    ".png": _png,
    ".svg": _svg,
    ".txt": _txt,
}
_PICTURE = ("what", "theme", "width", "scale", "at")
_FRAMES = ("theme", "width", "scale", "start", "end", "frames", "fps")
_OPTIONS = {
    ".gif": _FRAMES,
    ".html": ("theme", "width", "start", "end"),
    ".mp4": _FRAMES,
    ".pdf": _PICTURE,
    ".png": _PICTURE,
    ".svg": ("what", "theme", "width", "at"),
    ".txt": ("what", "width", "at"),
}
"""The options of each ending."""
