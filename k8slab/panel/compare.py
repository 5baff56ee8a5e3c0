"""Two labs side by side: the same picture of each, with what differs marked in both."""

from __future__ import annotations

from html import escape

import ipywidgets as widgets

from k8slab.graph import kind_of, name_of
from k8slab.panel.showing import Showing, differences
from k8slab.panel.stage import Stage
from k8slab.texts import Words

_MOST_WORDS = 12
WIDTH = 760.0


class Comparison(widgets.VBox):  # type: ignore[misc]
    """The pictures of two labs. `refresh` brings both up to date."""

    def __init__(self, one: Showing, other: Showing, theme: str = "auto") -> None:
        self._labs = (one.lab, other.lab)
        self.showings = [Showing(one.lab, WIDTH), Showing(other.lab, WIDTH)]
        self.stages = [Stage(showing.scene, theme) for showing in self.showings]
        self.words = widgets.HTML()
        said = self._said = Words(one.lab.language, "panel")
        pictures = widgets.HBox(
            [_titled(said("here"), self.stages[0]), _titled(said("forked"), self.stages[1])]
        )
        pictures.add_class("k8slab-pair")
        super().__init__([self.words, pictures])
        self.add_class("k8slab-comparison")
        self.refresh()

    def refresh(self) -> None:
        """Show both as they are, and mark what differs."""
        scenes = []
        for showing in self.showings:
            with showing.lab.lock:
                showing.follow()
            scenes.append(showing.scene)
        found = differences(scenes[0], scenes[1], self._said)
        for showing, stage in zip(self.showings, self.stages):
            showing.marked = frozenset(found)
            with showing.lab.lock:
                showing.follow()
            stage.show(showing.scene, None)
        self.words.value = words_of(found, self._said)


def _titled(title: str, stage: Stage) -> widgets.VBox:
    return widgets.VBox([widgets.HTML(f"<h4>{title}</h4>"), stage])


def words_of(found: dict[str, str], said: Words) -> str:
    """The differences as a list; a sentence where there is none."""
    if not found:
        return f"<p>{said('same')}</p>"
    items = [
        f"<li>{escape(f'{kind_of(one)} {name_of(one)}')}: {escape(words)}</li>"
        for one, words in list(found.items())[:_MOST_WORDS]
    ]
    more = f"<p>{said('more', count=len(found) - _MOST_WORDS)}</p>" if len(found) > _MOST_WORDS else ""
    count = said("difference") if len(found) == 1 else said("differences", count=len(found))
    return f"<p><b>{count}</b></p><ul>{''.join(items)}</ul>{more}"
