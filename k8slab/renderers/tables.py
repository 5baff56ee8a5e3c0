"""The tables that the browser draws from: tokens, text styles, icons. Every renderer has the same ones."""

from __future__ import annotations

from typing import Any

from k8slab.scene.icons import ICONS, SPINNING
from k8slab.scene.marks import STYLES
from k8slab.scene.tokens import MONO, SANS, colours


def browser_tables() -> dict[str, Any]:
    """The tables as JSON data."""
    return {
        "tokens": {
            "light": {name: value for name, value in colours("light").items() if name},
            "dark": {name: value for name, value in colours("dark").items() if name},
        },
        "styles": STYLES,
        "fonts": {"sans": SANS, "mono": MONO},
        "icons": ICONS,
        "spinning": SPINNING,
    }
