"""The few primitives that a picture is made of, as plain tuples that JSON can carry.

Every renderer draws these and nothing else, so a new portrayal needs no change
in any renderer. Colours are names of tokens (see `tokens`), never values, so
the same scene is drawn in every theme. Coordinates are local to the item that
holds the mark. The first element says which primitive it is:

- `("rect", x, y, width, height, radius, fill, stroke, stroke_width, dash)`
- `("circle", x, y, radius, fill, stroke, stroke_width)`
- `("path", d, fill, stroke, stroke_width, dash)`: `d` uses absolute M, L, C and Z only
- `("text", x, y, style, anchor, fill, string, clock, at_us)`
- `("icon", x, y, name)`: a mark of the table `icons`, centred
- `("bar", y, height, fill, from_us, to_us)`: on the time axis; `to_us` 0 is the scene's now
- `("now", y, height)`: the time axis's cursor
- `("grip", x, y, amount)`: what a count is set by, where the picture can be acted on; elsewhere nothing.
  It is the first mark of its item

A text with a `clock` contains `{}`, in whose place the renderer puts the time
`since` or `until` the instant `at_us`. So a running clock is no change of the
scene but of its `now_us` alone.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any, Literal

from k8slab.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US

Mark = tuple[Any, ...]
"""One primitive; see the module's table."""

Anchor = Literal["start", "middle", "end"]
Clock = Literal["", "since", "until"]

STYLES: dict[str, tuple[float, int, str]] = {
    "brand": (15, 800, "sans"),
    "title": (13.5, 700, "sans"),
    "name": (12.5, 600, "sans"),
    "strong": (12.5, 700, "sans"),
    "value": (11.5, 500, "sans"),
    "heading": (11, 600, "sans"),
    "label": (11, 500, "sans"),
    "alert": (11, 600, "sans"),
    "small": (10.5, 400, "sans"),
    "smaller": (10, 400, "sans"),
    "tiny": (9, 600, "sans"),
    "clock": (13, 600, "mono"),
    "prompt": (12, 400, "mono"),
    "output": (11.5, 400, "mono"),
}
"""Text styles: size in world units, weight, family."""


def rect(
    x: float,
    y: float,
    width: float,
    height: float,
    radius: float = 0,
    fill: str = "",
    stroke: str = "",
    stroke_width: float = 0,
    dash: str = "",
) -> Mark:
    """A rectangle with rounded corners; an empty fill or stroke is none."""
    return ("rect", x, y, width, height, radius, fill, stroke, stroke_width, dash)


def circle(
    x: float, y: float, radius: float, fill: str = "", stroke: str = "", stroke_width: float = 0
) -> Mark:
    """A circle around (x, y)."""
    return ("circle", x, y, radius, fill, stroke, stroke_width)


def path(d: str, fill: str = "", stroke: str = "", stroke_width: float = 0, dash: str = "") -> Mark:
    """A path of absolute M, L, C and Z commands."""
    return ("path", d, fill, stroke, stroke_width, dash)


def text(
    x: float,
    y: float,
    style: str,
    string: str,
    fill: str = "text",
    anchor: Anchor = "start",
    clock: Clock = "",
    at_us: int = 0,
) -> Mark:
    """A line of text on the baseline y, in a style of `STYLES`."""
    return ("text", x, y, style, anchor, fill, string, clock, at_us)


def icon(x: float, y: float, name: str) -> Mark:
    """A mark of the table `icons`, centred on (x, y)."""
    return ("icon", x, y, name)


def bar(y: float, height: float, fill: str, from_us: int, to_us: int) -> Mark:
    """A stretch of the time axis; `to_us` 0 lets it end at the scene's now."""
    return ("bar", y, height, fill, from_us, to_us)


def grip(x: float, y: float, amount: int) -> Mark:
    """A handle, centred on (x, y), that sets a count which is `amount` now."""
    return ("grip", x, y, amount)


@lru_cache(maxsize=4096)
def arc_d(x: float, y: float, radius: float, start: float, share: float) -> str:
    """The `d` of a circular arc: clockwise from `start` (a share of the turn, 0 at the top)."""
    from math import cos, pi, sin, tan

    pieces = max(1, round(share * 4 + 0.49))
    step = share * 2 * pi / pieces
    reach = 4 / 3 * tan(step / 4) * radius
    angle = start * 2 * pi - pi / 2
    parts = [f"M{_short(x + radius * cos(angle))} {_short(y + radius * sin(angle))}"]
    for _ in range(pieces):
        end = angle + step
        points = (
            (x + radius * cos(angle) - reach * sin(angle), y + radius * sin(angle) + reach * cos(angle)),
            (x + radius * cos(end) + reach * sin(end), y + radius * sin(end) - reach * cos(end)),
            (x + radius * cos(end), y + radius * sin(end)),
        )
        parts.append("C" + " ".join(f"{_short(px)} {_short(py)}" for px, py in points))
        angle = end
    return "".join(parts)


@lru_cache(maxsize=256)
def lower_stripe_d(width: float, height: float, radius: float) -> str:
    """The lower half of `stripe_d`."""
    r, k = radius, radius * 0.45
    return (
        f"M{width} {height / 2}L0 {height / 2}L0 {height - r}"
        f"C0 {_short(height - k)} {_short(k)} {height} {r} {height}L{width} {height}Z"
    )


def stripe_d(width: float, height: float, radius: float) -> str:
    """The `d` of a chip's coloured left edge, rounded on the left only."""
    r, k = radius, radius * 0.45
    return (
        f"M{width} 0L{r} 0C{_short(k)} 0 0 {_short(k)} 0 {r}L0 {height - r}"
        f"C0 {_short(height - k)} {_short(k)} {height} {r} {height}L{width} {height}Z"
    )


@lru_cache(maxsize=256)
def cylinder_d(width: float, height: float, depth: float) -> tuple[str, str]:
    """The `d` of a cylinder's body and of its lid; `depth` is half the lid's height."""
    half, k, m = width / 2, depth * 0.55, width / 2 * 0.55
    rim = f"C{width} {_short(depth + k)} {_short(half + m)} {2 * depth} {half} {2 * depth}"
    foot = height - depth
    body = (
        f"M0 {depth}L0 {foot}C0 {_short(foot + k)} {_short(half - m)} {height} {half} {height}"
        f"C{_short(half + m)} {height} {width} {_short(foot + k)} {width} {foot}L{width} {depth}"
    )
    lid = (
        f"M0 {depth}C0 {_short(depth - k)} {_short(half - m)} 0 {half} 0"
        f"C{_short(half + m)} 0 {width} {_short(depth - k)} {width} {depth}{rim}"
        f"C{_short(half - m)} {2 * depth} 0 {_short(depth + k)} 0 {depth}Z"
    )
    return body, lid


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def clock_text(duration_us: int) -> str:
    """A duration as a running clock shows it: `0:48`, `24:48`, `3:05:09`, `2d 3:05`."""
    duration_us = max(0, duration_us)
    days, rest = divmod(duration_us, DAY_US)
    hours, rest = divmod(rest, HOUR_US)
    minutes, rest = divmod(rest, MINUTE_US)
    if days:
        return f"{days}d {hours}:{minutes:02d}"
    seconds = rest // SECOND_US
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def instant_text(at_us: int, now_us: int) -> str:
    """An instant on the lab's clock, for words that don't follow it: with its date where that is another."""
    at, now = (time.gmtime(us // SECOND_US) for us in (at_us, now_us))
    return time.strftime("%H:%M:%S" if at[:3] == now[:3] else "%Y-%m-%d %H:%M:%S", at)


def text_at(mark: Mark, now_us: int) -> str:
    """What a text mark says at an instant."""
    string, clock, at_us = mark[6], mark[7], mark[8]
    if not clock:
        return str(string)
    elapsed = now_us - at_us if clock == "since" else at_us - now_us
    return str(string.replace("{}", clock_text(elapsed)))
