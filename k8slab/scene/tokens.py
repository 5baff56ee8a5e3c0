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
    "held": ("#b26a00", "#f2b03d"),
    "on-mark": ("#ffffff", "#10141a"),
    # The console keeps its dark surface in both themes.
    "console": ("#1e2530", "#0d1117"),
    "console-text": ("#e9ecef", "#e9ecef"),
    "console-prompt": ("#a5d8ff", "#a5d8ff"),
    # Phases of Pods
    "waiting": ("#d3dce4", "#566273"),
    "creating": ("#f5c72c", "#f5c72c"),
    "starting": ("#7cbcf0", "#86c7f4"),
    "running": ("#2b9a72", "#38b088"),
    "succeeded": ("#56636f", "#98a4b1"),
    "failed": ("#b0440c", "#e2602a"),
    "terminating": ("#ee8245", "#f49a66"),
    "unknown": ("#a9a0b8", "#7d748e"),
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
    "heat-0": ("#2b9a72", "#38b088"),
    "heat-1": ("#8cc6a8", "#4f8f78"),
    "heat-2": ("#f5c72c", "#f5c72c"),
    "heat-3": ("#ee8245", "#f49a66"),
    "heat-4": ("#b0440c", "#e2602a"),
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
