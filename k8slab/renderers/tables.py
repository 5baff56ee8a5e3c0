"""The tables that the browser draws from: tokens, text styles, icons and texts."""

from __future__ import annotations

from typing import Any

from k8slab.scene.icons import ICONS, SPINNING
from k8slab.scene.marks import STYLES
from k8slab.scene.tokens import MONO, SANS, colours
from k8slab.texts import Language, texts_of


def browser_tables(language: Language = "en") -> dict[str, Any]:
    """The tables as JSON data, with the texts of a language."""
    return {
        "tokens": {
            "light": {name: value for name, value in colours("light").items() if name},
            "dark": {name: value for name, value in colours("dark").items() if name},
        },
        "styles": STYLES,
        "fonts": {"sans": SANS, "mono": MONO},
        "icons": ICONS,
        "spinning": SPINNING,
        "texts": browser_texts(language),
    }


def browser_texts(language: Language = "en") -> dict[str, str]:
    """The texts that the browser says of its own accord, by their keys."""
    relations = {
        key: text for key, text in texts_of("summary", language).items() if key.startswith("relation.")
    }
    return {**texts_of("stage", language), **relations}
