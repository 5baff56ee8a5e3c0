"""How wide a text is, so that it can be shortened without a browser.

The widths are those of Helvetica, to which Arial and Liberation Sans are
metrically equal: these come first in every renderer's font list, so what fits
here fits everywhere.
"""

from __future__ import annotations

import re
from functools import lru_cache

from k8slab.scene.marks import STYLES

_REGULAR = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 "
    "556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 "
    "778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 "
    "556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 "
    "556 556 333 333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 "
    "667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 "
    "611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389 280 389 584"
)
_WIDTHS = {
    weight: {chr(32 + index): int(width) / 1000 for index, width in enumerate(table.split())}
    for weight, table in (("regular", _REGULAR), ("bold", _BOLD))
}
_SIGNS = {"…": 1.0, "→": 1.0, "·": 0.333, "×": 0.584, "–": 0.556, "≠": 0.549}
_OTHER = 0.6
_MONO = 0.602
ELLIPSIS = "…"


@lru_cache(maxsize=8192)
def text_width(string: str, style: str) -> float:
    """The width of a line in world units."""
    size, weight, family = STYLES[style]
    if family == "mono":
        return len(string) * _MONO * size
    table = _WIDTHS["bold" if weight >= 600 else "regular"]
    return sum(table.get(character) or _other(character) for character in string) * size


def _other(character: str) -> float:
    """Chinese characters and their punctuation are as wide as they are high."""
    return 1.0 if character >= "\u2e80" else _SIGNS.get(character, _OTHER)


@lru_cache(maxsize=8192)
def shortened(string: str, style: str, width: float, tail: int = 0) -> str:
    """The text, cut with an ellipsis to fit a width; its last `tail` characters are kept.

    A Pod's name says most at its two ends: whose it is, and which one it is.
    """
    if text_width(string, style) <= width:
        return string
    end = string[-tail:] if tail and tail < len(string) else ""
    for length in range(len(string) - tail - 1, 0, -1):
        candidate = string[:length].rstrip("-.") + ELLIPSIS + end
        if text_width(candidate, style) <= width:
            return candidate
    return ELLIPSIS + end


_PIECE = re.compile(r" ?(?:[\u2e80-\uffff][，。；：、）！？”]*|[^ \u2e80-\uffff]+)")
"""What stays together at the end of a line: a word, or a Chinese character with the marks behind it."""


def wrapped(string: str, style: str, width: float, lines: int) -> tuple[str, ...]:
    """The text broken at spaces into at most `lines` lines; the last one is cut where it must be.

    Chinese has no spaces: it may be broken after each character.
    """
    result: list[str] = []
    line = ""
    pieces = _PIECE.findall(" ".join(string.split()))
    for position, piece in enumerate(pieces):
        candidate = line + piece if line else piece.lstrip()
        if text_width(candidate, style) <= width or not line:
            line = candidate
            continue
        if len(result) == lines - 1:
            return (*result, shortened(line + "".join(pieces[position:]), style, width))
        result.append(line)
        line = piece.lstrip()
    return (*result, shortened(line, style, width)) if line else tuple(result)
