"""The panel in pieces: stage, timeline, controls, inspector and console, for an author to lay out.

All pieces of one lab are parts of one panel that is itself never shown, so that
they stay in step with each other and with the lab by what keeps a panel in
step, and do what the panel's parts do. What an author may link to widgets of
his own are traits: `selected` and `now` of stage and timeline, `playing` and
`speed` of the controls.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ipywidgets as widgets
import traitlets

from k8slab.clock import SECOND_US
from k8slab.panel.controls import Controls, speed_words
from k8slab.panel.handle import LabHandle
from k8slab.panel.stage import Stage, with_words
from k8slab.panel.widget import Panel, follow_cells
from k8slab.scene import Scene
from k8slab.scene.parts import PARTS, Part


class View(Stage):
    """A part of the picture. To set `selected` selects; to set `now` (seconds) looks back to that instant."""

    selected = traitlets.Unicode("")
    now = traitlets.Float(0.0)

    def __init__(self, panel: PiecesPanel, part: Part) -> None:
        self._panel, self.part = panel, part
        self._is_following = True
        self._height = panel.showing.scene.height
        scene = panel.showing.scene
        super().__init__(PARTS[part](scene), panel.stage.theme)
        self.listen(panel.select, panel.resize_for(part), panel.seek, panel.scale)
        traitlets.dlink((panel.stage, "can_act"), (self, "can_act"))
        if part == "timeline":
            self.add_class("k8slab-bare")
        self._tell(scene)
        self._is_following = False
        self.observe(self._select, "selected")
        self.observe(self._look_back, "now")

    def follow(self, scene: Scene, changed: Iterable[str] | None, *, at_once: bool) -> None:
        """Show what the panel shows."""
        cut = PARTS[self.part](scene)
        # Where the timeline stands in the whole picture says nothing here, but all of it moves with that.
        if self.part == "timeline" and scene.height != self._height:
            changed = None
        self._height = scene.height
        self.show(cut, changed, at_once=at_once)
        self._is_following = True
        try:
            self._tell(scene)
        finally:
            self._is_following = False

    def _tell(self, scene: Scene) -> None:
        self.now = (scene.now_us - self._panel.lab.start_us) / SECOND_US
        self.selected = self._panel.showing.selected

    def _select(self, change: Any) -> None:
        if not self._is_following:
            self._panel.select(change["new"])

    def _look_back(self, change: Any) -> None:
        if not self._is_following:
            self._panel.seek(self._panel.lab.start_us + round(change["new"] * SECOND_US))

    def __repr__(self) -> str:
        """A line that is the same in every run."""
        return f"<{self.part.capitalize()}: {self._shown.header.summary}, t={self.now:g}s>"


class _Fan(Stage):
    """The stage of a panel that is not shown: it hands everything on to the views."""

    def __init__(self, scene: Scene, theme: str = "auto") -> None:
        self.views: list[View] = []
        super().__init__(scene, theme)

    @property
    def is_free(self) -> bool:
        """Whether every view can take a frame."""
        return all(view.is_free for view in self.views)

    def show(self, scene: Scene, changed: Iterable[str] | None, *, at_once: bool = False) -> bool:
        """Let every view follow."""
        self._shown = scene
        known = None if changed is None else list(changed)
        for view in self.views:
            view.follow(scene, known, at_once=at_once)
        return True

    def say(self, words: str) -> None:
        """Let one view say something, so that it is heard once."""
        for view in self.views[:1]:
            view.say(words)


class ControlRow(widgets.VBox):  # type: ignore[misc]
    """The rows of the controls. `named` holds each of them; `playing` and `speed` are traits to be linked."""

    playing = traitlets.Bool(False)
    speed = traitlets.Float(1.0)

    def __init__(self, named: Controls, rows: list[widgets.Widget]) -> None:
        self.named = named
        super().__init__(rows, speed=named.speed.value)
        self.add_class("k8slab-controls")
        traitlets.link((named.play, "value"), (self, "playing"))
        traitlets.link((named.speed, "value"), (self, "speed"))

    def __repr__(self) -> str:
        """A line that is the same in every run."""
        return f"<Controls: {'playing' if self.playing else 'paused'}, {speed_words(self.speed)}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return with_words(super()._repr_mimebundle_(**options), repr(self))


class PiecesPanel(Panel):
    """The panel behind the pieces of one lab."""

    stage_class = _Fan

    def __init__(self, lab: LabHandle, *, theme: str = "auto", width: float = 1180) -> None:
        super().__init__(lab, theme=theme, width=width)
        self._views: dict[Part, View] = {}
        self._row: ControlRow | None = None

    def view(self, part: Part) -> View:
        """The stage or the timeline."""
        if part not in self._views:
            self._views[part] = View(self, part)
            self.stage.views.append(self._views[part])
        return self._views[part]

    def resize_for(self, part: Part) -> Any:
        """The width is the stage's, or the timeline's where it stands alone."""

        def resize(width: int) -> None:
            if part == "stage" or "stage" not in self._views:
                self._resize(width)

        return resize

    def control_row(self) -> ControlRow:
        """All controls, with what can be done to what is selected."""
        if self._row is None:
            self._row = ControlRow(
                self.controls, [self._bar, self._condition_row, self._shelf, self._banner, self._actions]
            )
        return self._row


def pieces(lab: LabHandle, *, theme: str = "auto", width: float = 1180) -> PiecesPanel:
    """The panel behind a lab's pieces. In a notebook it is brought up to date after every cell."""
    made = PiecesPanel(lab, theme=theme, width=width)
    follow_cells(made)
    return made
