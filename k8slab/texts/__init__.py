"""What the lab says in its own words, in every language, in one catalogue.

A module of this package holds a group of texts, `TEXTS`, which maps a key to its
text in English and in Chinese; the two stand side by side, so that neither is
changed alone. Placeholders are those of `str.format`. What Kubernetes says
(kubectl's output, API errors, events, kinds, phases) is not in here: it is the
same in every language.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any, Literal, NamedTuple

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


class Text(NamedTuple):
    """One text in every language; the fields are named as the languages are."""

    en: str
    zh: str


@cache
def catalogue() -> dict[str, Text]:
    """Every text by its key, which is its module's name and its own: `player.play`."""
    found: dict[str, Text] = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        texts = importlib.import_module(f"{__name__}.{name}").TEXTS
        found.update((f"{name}.{key}", Text(*pair)) for key, pair in texts.items())
    return found


def say(language: Language, key: str, /, **values: Any) -> str:
    """A text in a language, with its placeholders filled in. KeyError for a key that there is not."""
    text: str = getattr(catalogue()[key], language)
    return text.format(**values) if values else text


class Words(NamedTuple):
    """A group's texts in one language: `words("ready", ready=1, wanted=3)`."""

    language: Language = "en"
    group: str = "scene"

    def __call__(self, key: str, /, **values: Any) -> str:
        """A text with its placeholders filled in. KeyError for a key that there is not."""
        return say(self.language, f"{self.group}.{key}", **values)


def texts_of(group: str, language: Language) -> dict[str, str]:
    """All texts of a group by their keys within it, as the browser is given them."""
    prefix = f"{group}."
    return {
        key.removeprefix(prefix): getattr(text, language)
        for key, text in catalogue().items()
        if key.startswith(prefix)
    }


def checked(language: str) -> Language:
    """The language itself. ValueError for one that there is not."""
    for known in LANGUAGES:
        if known == language:
            return known
    raise ValueError(f'unknown language "{language}": there are {" and ".join(LANGUAGES)}')
