"""A film as one HTML page that plays without a kernel and without a network.

The page holds the first scene whole and of each later one what differs, what can
be asked of each object (see `record`), and the drawing code of the live view, so that a
recorded cluster looks and is inspected as a live one. All that was recorded is compressed,
as every browser since 2023 can read it.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from k8slab.renderers import film
from k8slab.renderers.record import Record
from k8slab.renderers.tables import browser_tables
from k8slab.scene import diff, patch_to_json, to_json
from k8slab.texts import Language, say, texts_of

_FOLDER = Path(__file__).parent
_EXPORT = re.compile(r"^export default .*$", re.MULTILINE)
_ICONS = {
    "start": "M1 2h2v10H1zM8 2v10L3 7zM13 2v10L8 7z",
    "back": "M12 2v10L5 7zM2 2h2v10H2z",
    "play": "M3 1.5v11L12.5 7z",
    "pause": "M3 2h3v10H3zM8 2h3v10H8z",
    "forward": "M2 2v10l7-5zM10 2h2v10h-2z",
    "theme": "M7 1a6 6 0 1 0 0 12A6 6 0 1 0 7 1zM7 2.5v9a4.5 4.5 0 1 0 0-9z",
}

_PAGES = ("summary", "why", "yaml", "logs")
"""What can be asked of an object, in the order of the buttons."""


def page(
    lab: Any, stretch: film.Stretch, *, theme: str = "auto", language: Language = "en", width: float = 1180
) -> str:
    """A stretch of a lab's past as a page. `theme` is that of the beginning; `auto` is the reader's."""
    data = {
        **_recorded(lab, film.moments(lab, stretch), width, language),
        "done": [
            [one.at_us, one.text] for one in lab.inputs if stretch.from_us <= one.at_us <= stretch.to_us
        ],
        "config": browser_tables(language),
        "texts": texts_of("player", language),
        "theme": theme,
    }
    return _PAGE.format(
        language=language,
        title=escape(say(language, "player.title")),
        css=_text("live.css") + _text("player.css"),
        body=_body(language),
        data=_packed(data),
        script=_script(),
    )


def _recorded(lab: Any, instants: Sequence[int], width: float, language: Language) -> dict[str, Any]:
    """The first scene, the patches, and what can be asked of each object at each of them."""
    frames: list[dict[str, Any]] = []
    record = Record(lab, instants[0], language)
    first = former = None
    for number, shot in enumerate(film.shoot(lab, instants, width=width)):
        if former is None:
            first = to_json(shot.scene)
        else:
            frames.append(patch_to_json(diff(former, shot.scene, shot.changed)))
        former = shot.scene
        record.note(number, shot)
    return {
        "scene": first,
        "frames": frames,
        "facts": record.facts,
        "yaml": record.yaml,
        "why": record.why,
        "sentences": record.sentences,
        "logs": record.logs,
    }


def _packed(data: Any) -> str:
    """JSON, compressed, in letters that mean nothing to HTML."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


@cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    """The live view and, in the same module, the player. RuntimeError where they don't fit each other."""
    live, count = _EXPORT.subn("", _text("live.js"))
    script = live + _text("player.js")
    if count != 1 or "</script" in script.lower():
        raise RuntimeError("live.js must have one default export in a line, and no closing script tag")
    return script


def _body(language: Language) -> str:
    def button(act: str, inner: str = "") -> str:
        words = escape(say(language, f"player.{act}"))
        shape = inner or _icon(act)
        return f'<button type="button" data-act="{act}" title="{words}" aria-label="{words}">{shape}</button>'

    both = _icon("play", "k8-when-paused") + _icon("pause", "k8-when-playing")
    words = {key: escape(text) for key, text in texts_of("player", language).items()}
    return (
        f'<div class="k8-controls" role="toolbar" aria-label="{words["controls"]}">'
        f"{button('start')}{button('back')}{button('play', both)}{button('forward')}"
        f'<input class="k8-scrub" type="range" step="1" value="0" aria-label="{words["scrub"]}">'
        f'<span class="k8-instant"></span><select class="k8-speeds" aria-label="{words["speed"]}"></select>'
        f"{button('theme')}</div>"
        '<div class="k8-place"></div><div class="k8-lower">'
        f'<section class="k8-done"><h2>{words["done"]}</h2><ol></ol></section>'
        f'<section class="k8-details" aria-label="{words["details"]}" hidden><header><h2></h2>'
        f"{button('close', '✕')}</header>"
        f'<div class="k8-pages" role="group" aria-label="{words["pages"]}">{_page_buttons(words)}</div>'
        f'<div data-page="summary"><p></p><dl></dl><h3>{words["lives"]}</h3><ol class="k8-life"></ol></div>'
        '<ol data-page="why"></ol><pre data-page="yaml" tabindex="0"></pre><div data-page="logs"></div>'
        "</section></div>"
        f'<p class="k8-old" hidden>{words["old"]}</p><p class="k8-keys">{words["hint"]} {words["keys"]}</p>'
    )


def _page_buttons(words: dict[str, str]) -> str:
    return "".join(
        f'<button type="button" data-open="{name}" aria-pressed="false">{words[name]}</button>'
        for name in _PAGES
    )


def _icon(name: str, css_class: str = "") -> str:
    shape = f'<path fill-rule="evenodd" d="{_ICONS[name]}"/>'
    return f'<svg class="{css_class}" viewBox="0 0 14 14" aria-hidden="true">{shape}</svg>'


_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{css}</style>
</head>
<body>
<main class="k8-player k8slab-panel">{body}</main>
<script type="application/octet-stream" id="k8-film">{data}</script>
<script type="module">
{script}</script>
</body>
</html>
"""
