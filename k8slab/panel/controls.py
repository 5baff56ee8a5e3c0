"""The widgets that the reader acts by, each of them named, and their rows.

They hold values and nothing else; the panel binds them to what they do, and a
notebook's author may link them to widgets of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from k8slab.texts import Words

_ENGLISH = Words("en", "panel")
SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 30.0, 60.0, 300.0, 1000.0, 3600.0, 10000.0)
ONE_CHANGE = "a change"
"""The step until something changes. It has a value, for to a drop-down None is that nothing is chosen."""
STEPS: tuple[tuple[str, str], ...] = (("step.change", ONE_CHANGE), ("step.reconcile", ""))
SETTLED = "settled"
"""What can always be run until."""
TYPED = "typed"
"""Until what the reader types."""


class Controls:
    """Playing, stepping, running until, going back, branching; and the replicas of what is selected."""

    def __init__(self, components: Sequence[str] = (), words: Words = _ENGLISH) -> None:
        self.play = widgets.ToggleButton(icon="play", tooltip=words("play"), layout=_wide("42px"))
        self.step = button("", "step-forward", words("step"))
        self.step_by = widgets.Dropdown(
            options=[
                *((words(key), value) for key, value in STEPS),
                *((f"{name}", name) for name in components),
            ],
            tooltip=words("step_by"),
            value=ONE_CHANGE,
            description=words("by"),
            layout=_wide("170px"),
            style={"description_width": "18px"},
        )
        self.speed = widgets.SelectionSlider(
            options=[(speed_words(one), one) for one in SPEEDS],
            value=4.0,
            description=words("speed"),
            layout=_wide("220px"),
            style={"description_width": "40px"},
        )
        self.until = widgets.Dropdown(
            options=[(words("until.settled"), SETTLED), (words("until.typed"), TYPED)],
            description=words("until"),
            layout=_wide("175px"),
            style={"description_width": "30px"},
        )
        self.run = button(words("run"), "", words("run.tip"))
        self.undo = button(words("undo"), "undo", words("undo.tip"))
        self.fork = button(words("fork"), "code-fork", words("fork.tip"))
        self.edit = widgets.ToggleButton(
            description="YAML", icon="pencil", tooltip=words("edit.tip"), layout=_wide("auto")
        )
        self.replicas = widgets.IntSlider(
            min=0,
            max=10,
            description=words("replicas"),
            continuous_update=False,
            layout=_wide("240px"),
            style={"description_width": "52px"},
            _dom_classes=("k8slab-replicas",),
        )
        self.now = button(words("now"), "", words("now.tip"))
        self.rewind = button(words("rewind"), "", words("rewind.tip"))
        self.branch = button(words("fork"), "code-fork", words("branch.tip"))

    def bar(self) -> widgets.HBox:
        """The row of the time."""
        return row(
            "k8slab-bar",
            [
                self.play,
                self.step,
                self.step_by,
                self.speed,
                self.until,
                self.run,
                self.undo,
                self.fork,
                self.edit,
            ],
        )


def row(name: str, children: Sequence[widgets.Widget], **more: Any) -> widgets.HBox:
    """Some widgets beside each other; `more` are traits of the row."""
    return widgets.HBox(list(children), _dom_classes=(name,), **more)


def _wide(width: str) -> widgets.Layout:
    return widgets.Layout(width=width)


def button(words: str, icon: str, tooltip: str, tone: str = "", **more: Any) -> widgets.Button:
    """A button. Its tooltip is also its name for those who see none; `more` are traits of it."""
    layout = more.pop("layout", None) or widgets.Layout(width="auto")
    return widgets.Button(
        description=words, icon=icon, tooltip=tooltip, button_style=tone, layout=layout, **more
    )


def hidden(name: str) -> widgets.VBox:
    """A row that is filled when it is first shown: what nobody sees is not built in the page either."""
    return widgets.VBox([], layout=widgets.Layout(display="none"), _dom_classes=(name,))


def speed_words(speed: float) -> str:
    """A speed as the slider shows it: `4×`."""
    return f"{speed:g}×" if speed < 1000 else f"{speed:,.0f}×"
