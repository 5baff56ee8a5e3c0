"""The table of colours: every token in a light and a dark theme.

Scenes name tokens only; a renderer looks them up, or hands them to the browser
as CSS variables. Texts have a contrast of at least 4.5 to what they stand on
(WCAG AA), marks and edges that mean something at least 3. The owners' and the
phases' colours are told apart with each of the three kinds of colour
blindness; a test computes both. No meaning rests on colour alone.
"""

from __future__ import annotations

from typing import Literal

Theme = Literal["light", "dark"]

TOKENS: dict[str, tuple[str, str]] = {
    # Surfaces and lines
    "surface": ("#ffffff", "#14181f"),
    "raised": ("#f5f7f9", "#1a1f28"),
    "line": ("#d5dbe1", "#343d4a"),
    "card": ("#f5f7f9", "#1a1f28"),
    "card-line": ("#cdd4db", "#3a4452"),
    "card-lost": ("#fdf3ef", "#2b1d1a"),
    "card-lost-line": ("#e2ab97", "#84462f"),
    "card-held": ("#f3f1f8", "#201f2c"),
    "chip": ("#ffffff", "#222934"),
    "chip-line": ("#b8c1cb", "#4a5565"),
    "chip-unknown": ("#eef0f2", "#2a303b"),
    "chip-going": ("#fbf1ed", "#30231f"),
    "track": ("#e1e6eb", "#333c49"),
    "fill": ("#7d8b99", "#8593a3"),
    "lane": ("#f0f3f5", "#1f2530"),
    # Texts
    "text": ("#1f2933", "#e6eaef"),
    "muted": ("#5b6673", "#a3aebb"),
    "alert": ("#b93a08", "#ff9a6c"),
    "good": ("#1f7a36", "#69db7c"),
    "alert-soft": ("#fff1e3", "#3a2416"),
    "alert-line": ("#f0b27a", "#8a5630"),
    "note": ("#fff9db", "#2a2717"),
    "note-line": ("#f1d95b", "#6b6226"),
    "accent": ("#1971c2", "#4dabf7"),
    "accent-soft": ("#e7f1fb", "#1b2a3a"),
    "held": ("#955800", "#f2b03d"),
    "on-mark": ("#ffffff", "#10141a"),
    "on-bright": ("#10151b", "#10141a"),
    # The console keeps its dark surface in both themes.
    "console": ("#1e2530", "#0d1117"),
    "console-text": ("#e9ecef", "#e9ecef"),
    "console-prompt": ("#a5d8ff", "#a5d8ff"),
    # Phases of Pods
    "waiting": ("#cbdcea", "#7c88a8"),
    "creating": ("#f2c22f", "#f2dc1b"),
    "starting": ("#82bbf8", "#5fc8f5"),
    "running": ("#2b9475", "#33a37a"),
    "succeeded": ("#585878", "#d5dde3"),
    "failed": ("#ab3a02", "#ff5a3b"),
    "terminating": ("#ef8f42", "#ffb172"),
    "unknown": ("#ad9db6", "#b98ad6"),
    "mark-waiting": ("#6b7785", "#8593a3"),
    "mark-unknown": ("#7a7289", "#a89fb9"),
    "ring": ("#d5dbe1", "#3f4957"),
    # Owners, in the order in which they are given out
    "owner-0": ("#2038b2", "#919bff"),
    "owner-1": ("#18a0b7", "#5fd4ea"),
    "owner-2": ("#ae3de3", "#b557e0"),
    "owner-3": ("#228d23", "#ccf4bf"),
    "owner-4": ("#7d0d16", "#d0680f"),
    "owner-5": ("#f75c89", "#f6939f"),
    "owner-6": ("#2c0d48", "#f3cf52"),
    "owner-7": ("#5a6a59", "#6f7e92"),
    "owner-none": ("#868e96", "#868e96"),
    # Shares of a node's Pods that are well, from all to none, for the heat map
    "heat-0": ("#2b9475", "#33a37a"),
    "heat-1": ("#8cc6a8", "#7fbfa3"),
    "heat-2": ("#f2c22f", "#f2dc1b"),
    "heat-3": ("#ef8f42", "#ffb172"),
    "heat-4": ("#ab3a02", "#ff5a3b"),
    "heat-empty": ("#e1e6eb", "#333c49"),
}

PHASES = (
    "waiting",
    "creating",
    "starting",
    "running",
    "succeeded",
    "failed",
    "terminating",
    "unknown",
)
"""The tones of a Pod, each with a colour token and an icon of the same name."""

OWNER_COLOURS = 8

SANS = "'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif"
MONO = "ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono','Liberation Mono',monospace"


def colours(theme: Theme) -> dict[str, str]:
    """The token table of one theme; the empty token is no colour."""
    column = 1 if theme == "dark" else 0
    return {"": "none", **{name: pair[column] for name, pair in TOKENS.items()}}
