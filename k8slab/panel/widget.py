"""The panel: stage, controls, inspector and console around one lab.

Every control becomes an input of the lab, the same that a line of code or of
kubectl would make, so what was clicked can be saved and played again. Nothing
here decides anything about the cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from k8slab.clock import SECOND_US
from k8slab.graph import key_of_id, kind_of, name_of
from k8slab.panel import inspector
from k8slab.panel.handle import LabHandle
from k8slab.panel.player import Player
from k8slab.panel.showing import Showing
from k8slab.panel.stage import Stage, with_picture
from k8slab.renderers import text

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 30.0, 60.0, 300.0, 1000.0, 3600.0, 10000.0)
_CONSOLE_LINES = 400
_NARROWEST, _WIDEST = 640, 1900


class Controls:
    """The widgets that the reader acts by, each of them named."""

    def __init__(self) -> None:
        self.play = widgets.ToggleButton(icon="play", tooltip="Play or pause", layout=_wide("42px"))
        self.step = _button("", "step-forward", "Until the next change")
        self.speed = widgets.SelectionSlider(
            options=[(_speed_words(one), one) for one in SPEEDS],
            value=4.0,
            description="speed",
            layout=_wide("250px"),
            style={"description_width": "40px"},
        )
        self.settle = _button("run until settled", "", "Until nothing changes any more")
        self.undo = _button("⟲", "", "Undo: take back the last change")
        self.fork = _button("fork here", "", "Another cluster that goes on from this instant")
        self.delete = _button("delete Pod", "", "kubectl delete pod")
        self.cordon = _button("cordon", "", "kubectl cordon, or uncordon")
        self.cordon.add_class("k8slab-cordon")
        self.crash = _button("crash", "", "Cut the node's power, or give it back")
        self.replicas = widgets.BoundedIntText(
            min=0,
            max=1000,
            description="replicas",
            layout=_wide("130px"),
            style={"description_width": "52px"},
        )
        self.command = widgets.Text(
            description="$ kubectl",
            placeholder="get pods -o wide",
            continuous_update=False,
            layout=widgets.Layout(width="100%"),
            style={"description_width": "74px"},
        )

    def bar(self) -> widgets.HBox:
        """All but the console's, in a row."""
        row = widgets.HBox(
            [
                self.play,
                self.step,
                self.speed,
                self.settle,
                self.undo,
                self.fork,
                widgets.HTML("", layout=_wide("12px")),
                self.replicas,
                self.delete,
                self.cordon,
                self.crash,
            ]
        )
        row.add_class("k8slab-bar")
        return row


def _wide(width: str) -> widgets.Layout:
    return widgets.Layout(width=width)


def _button(words: str, icon: str, tooltip: str) -> widgets.Button:
    return widgets.Button(description=words, icon=icon, tooltip=tooltip, layout=widgets.Layout(width="auto"))


def _speed_words(speed: float) -> str:
    return f"{speed:g}×" if speed < 1000 else f"{speed:,.0f}×"


class Panel(widgets.VBox):  # type: ignore[misc]
    """A lab that is seen and driven. `stage`, `controls` and `player` may be used from code as well."""

    def __init__(self, lab: LabHandle, *, theme: str = "auto", width: float = 1180) -> None:
        self.lab = lab
        self.showing = Showing(lab, width)
        self.stage = Stage(self.showing.scene, theme)
        self.controls = Controls()
        self.player = Player(lab, self._frame, self._stopped)
        self.forks: list[Panel] = []
        self._lines: list[str] = []
        self._quiet = False
        self._inspector = widgets.HTML(inspector.html("", self.showing.graph))
        self._inspector.add_class("k8slab-inspector")
        self._output = widgets.HTML()
        self._bar = self.controls.bar()
        self._console = widgets.VBox([self._output, self.controls.command])
        self._console.add_class("k8slab-console")
        super().__init__([self._bar, self.stage, self._inspector, self._console])
        self.add_class("k8slab-panel")
        self._wire()
        self._offer()

    def _wire(self) -> None:
        """Bind each control to what it does."""
        controls = self.controls
        self.stage.listen(self.select, self._resize, self.seek)
        controls.play.observe(lambda change: self._play(change["new"]), "value")
        controls.speed.observe(lambda change: self._set_speed(change["new"]), "value")
        self.player.speed = controls.speed.value
        controls.step.on_click(lambda _: self._act(self.lab.step))
        controls.settle.on_click(lambda _: self.player.do(self._settle))
        controls.undo.on_click(lambda _: self.undo())
        controls.fork.on_click(lambda _: self.fork())
        controls.delete.on_click(lambda _: self._delete())
        controls.cordon.on_click(lambda _: self._cordon())
        controls.crash.on_click(lambda _: self._crash())
        controls.replicas.observe(lambda change: self._scale(change["new"]), "value")
        controls.command.observe(lambda change: self._command(change["new"]), "value")

    # Showing.

    def refresh(self) -> None:
        """Show the lab as it is now, whoever changed it."""
        with self.lab.lock:
            changed = self.showing.follow()
        self.stage.show(self.showing.scene, changed, at_once=True)
        self._offer()

    def _frame(self) -> None:
        """Show a frame of a lab in motion, unless the former one is still under way."""
        if self.stage.is_free:
            with self.lab.lock:
                changed = self.showing.follow()
            self.stage.show(self.showing.scene, changed)
            if self.showing.selected:
                self._offer()

    def _stopped(self) -> None:
        self.controls.play.value = False

    def _resize(self, width: int) -> None:
        width = max(_NARROWEST, min(_WIDEST, width))
        if abs(width - self.showing.width) >= 1:
            with self.lab.lock:
                self.showing.resize(width)
            self.stage.show(self.showing.scene, None, at_once=True)

    def select(self, identity: str) -> None:
        """Select an object by its id, e.g. `Pod/default/db-0`; the empty text selects nothing."""
        with self.lab.lock:
            self.showing.select(identity)
        self.refresh()

    def _offer(self) -> None:
        """Bring inspector and controls in line with what is selected."""
        showing, controls = self.showing, self.controls
        words = inspector.html(showing.selected, showing.graph)
        if words != self._inspector.value:
            self._inspector.value = words
        pod, node = showing.pod_of(showing.selected), showing.node_of(showing.selected)
        workload = showing.workload_of(showing.selected)
        controls.delete.disabled = not pod
        controls.cordon.disabled = controls.crash.disabled = not node
        controls.replicas.disabled = not workload
        if node:
            held = (showing.graph.get(node) or {}).get("spec", {}).get("unschedulable", False)
            controls.cordon.description = "uncordon" if held else "cordon"
            controls.crash.description = "crash" if showing.is_powered(node) else "recover"
        if workload:
            self._quiet = True
            controls.replicas.value = (showing.graph.get(workload) or {})["spec"].get("replicas", 1)
            self._quiet = False

    # Acting.

    def _act(self, action: Callable[[], Any]) -> None:
        """Do something to the lab and show it at once."""
        with self.lab.lock:
            action()
        self.refresh()

    def _play(self, playing: bool) -> None:
        self.controls.play.icon = "pause" if playing else "play"
        if playing:
            self.player.play()
        else:
            self.player.pause()
            self.refresh()

    def _set_speed(self, speed: float) -> None:
        self.player.speed = speed

    def _settle(self) -> None:
        with self.lab.lock:
            self.lab.settle()

    def _delete(self) -> None:
        pod = self.showing.pod_of(self.showing.selected)
        if pod:
            namespace, name = key_of_id(pod)
            self._act(lambda: self.lab.delete(f"pod/{name}", namespace=namespace))

    def _cordon(self) -> None:
        node = self.showing.node_of(self.showing.selected)
        if node:
            held = self.controls.cordon.description == "uncordon"
            self._act(lambda: (self.lab.uncordon if held else self.lab.cordon)(name_of(node)))

    def _crash(self) -> None:
        node = self.showing.node_of(self.showing.selected)
        if node:
            powered = self.showing.is_powered(node)
            self._act(lambda: (self.lab.crash if powered else self.lab.recover)(name_of(node)))

    def _scale(self, replicas: int) -> None:
        workload = self.showing.workload_of(self.showing.selected)
        if workload and not self._quiet:
            namespace, name = key_of_id(workload)
            kind = kind_of(workload).lower()
            self._act(lambda: self.lab.scale(f"{kind}/{name}", replicas, namespace=namespace))

    # Going back.

    def undo(self) -> None:
        """Take back the last change that was asked for, and say what it was."""
        self._travel("undo", lambda: f"taken back: {self.lab.undo()}")

    def seek(self, at_us: int) -> None:
        """Pause, and rewind the lab to an instant of its past, on its own clock."""
        self.controls.play.value = False
        seconds = (at_us - self.lab.start_us) / SECOND_US

        def journey() -> str:
            if at_us == self.lab.now_us:
                return "that is now"
            self.lab.rewind(to=seconds)
            return f"rewound to t = {seconds:g} s; what was done since has not happened"

        self._travel("rewind", journey)

    def _travel(self, name: str, journey: Callable[[], str]) -> None:
        """Go to another instant and say where that led; what the lab refuses is said in its words."""
        with self.lab.lock:
            try:
                words = journey()
            except Exception as error:  # noqa: BLE001
                # The lab's own error lies in a layer above. Raised from a click, it would be seen by nobody.
                words = f"error: {error}"
            self.showing.select(self.showing.selected)
        self._print(f"⟲ {name}", words)
        self.stage.say(words)
        self.refresh()

    def fork(self) -> Panel:
        """Another panel, beneath this one, on a lab that goes on from this instant."""
        with self.lab.lock:
            twin = Panel(self.lab.fork(), theme=self.stage.theme, width=self.showing.width)
        self.forks.append(twin)
        self.children = [self._bar, self.stage, self._inspector, self._console, *self.forks]
        return twin

    # The console.

    def _command(self, command: str) -> None:
        if command.strip():
            self.controls.command.value = ""
            self.player.do(lambda: self.run_command(command))

    def run_command(self, command: str) -> None:
        """Run a kubectl command and print it with its output in the console."""
        words = command.strip().removeprefix("kubectl ")
        with self.lab.lock:
            result = self.lab.kubectl(words)
        self._print(f"$ kubectl {words}", result.stdout + result.stderr)
        self.refresh()

    def _print(self, command: str, output: str) -> None:
        """Put what was done, and what it said, at the end of the console."""
        self._lines.append(f"<b>{escape(command)}</b>")
        self._lines += escape(output).rstrip("\n").split("\n")
        self._lines = self._lines[-_CONSOLE_LINES:]
        self._output.value = "<pre>" + "\n".join(self._lines) + "</pre>"

    # Representations.

    def as_text(self) -> str:
        """The picture in words."""
        return text.render(self.showing.scene)

    def __repr__(self) -> str:
        """A line that is the same in every run."""
        seconds = (self.showing.scene.now_us - self.lab.start_us) / 1_000_000
        return f"<Panel: {self.showing.scene.header.summary}, t={seconds:g}s>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and for readers without a kernel the picture as SVG and as text."""
        return with_picture(super()._repr_mimebundle_(**options), self.showing.scene, repr(self))


def panel(lab: LabHandle, *, theme: str = "auto", width: float = 1180) -> Panel:
    """The panel of a lab. In a notebook it is brought up to date after every cell.

    `theme` is `auto` (the notebook's), `light` or `dark`; `width` is that of
    the picture until the browser says how wide it is.
    """
    made = Panel(lab, theme=theme, width=width)
    _follow_cells(made)
    return made


def _follow_cells(made: Panel) -> None:
    """Refresh a panel after each cell: the lab may have been changed by code."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", lambda _: made.refresh())
