"""The panel: stage, controls, inspector, editor and console around one lab.

Every control becomes an input of the lab, the same that a line of code or of
kubectl would make, so what was clicked can be saved and played again. Nothing
here decides anything about the cluster.

The picture may be one of the past: then all that is read is of that instant,
and nothing can be done until the reader is back, goes on from there, or
branches off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from html import escape
from typing import Any, NamedTuple

import ipywidgets as widgets

from k8slab.clock import SECOND_US
from k8slab.graph import kind_of
from k8slab.panel import actions, completion
from k8slab.panel.actions import Action, Deed
from k8slab.panel.compare import Comparison
from k8slab.panel.console import Console
from k8slab.panel.controls import ONE_CHANGE, SETTLED, TYPED, Controls, button, hidden, row
from k8slab.panel.editor import Editor
from k8slab.panel.handle import LabHandle
from k8slab.panel.inspector import Inspector
from k8slab.panel.player import Player
from k8slab.panel.showing import Showing
from k8slab.panel.stage import Stage, with_picture
from k8slab.renderers import text
from k8slab.texts import Words

_NARROWEST, _WIDEST = 640, 1900
_SLOW = ("drain", "wait")
"""kubectl's commands in which time passes; they are run beside the notebook."""
_OF_A_PODS_NODE = ("cordon", "uncordon", "crash", "recover")
"""What is offered for a node when one of its Pods is selected."""
_WAIT = "kubectl wait --for="
_CONDITIONS = {
    "Pod": (("Ready", "Ready"), ("gone", "delete")),
    "Node": (("Ready", "Ready"),),
    "Deployment": (("Available", "Available"),),
    "Job": (("Complete", "Complete"), ("Failed", "Failed")),
}


class _Looks(NamedTuple):
    """How a button of an action looks. Its name is its class in the page."""

    name: str
    label: str
    icon: str
    tooltip: str
    tone: str


class Panel(widgets.VBox):  # type: ignore[misc]
    """A lab that is seen and driven. Its parts may be used from code as well: `stage`, `controls` …"""

    stage_class: type[Stage] = Stage

    def __init__(self, lab: LabHandle, *, theme: str = "auto", width: float = 1180) -> None:
        self.lab = lab
        self.present = Showing(lab, width)
        self.past: Showing | None = None
        self.words = Words(lab.language, "panel")
        self.controls = Controls(lab.components, self.words)
        self.player = Player(lab, self._frame, self._stopped)
        self.inspector = Inspector(lab)
        self.forks: list[Panel] = []
        self.comparisons: list[Comparison] = []
        self._compared: list[Comparison] = []
        self._quiet = False
        self._offered: tuple[Any, ...] = ()
        self._buttons: dict[tuple[str, bool], widgets.Button] = {}
        self._acts: dict[tuple[str, bool], Callable[[], None]] = {}
        super().__init__((), _dom_classes=("k8slab-panel",))
        self._parts()
        self._offer()
        self._modules(theme)
        self.children = self._children()
        self._wire()

    def _modules(self, theme: str) -> None:
        """The parts with a module of their own in the page.

        They come last: from when one is announced its front end has two seconds to load it, and on a slow
        machine all other widgets of the panel take that long.
        """
        self.console = Console(
            self._command,
            lambda text: completion.of_command(text, self.showing.lab.completions),
            self.lab.language,
        )
        self._console = widgets.VBox([self.console], _dom_classes=("k8slab-console",))
        self.stage = self.stage_class(self.present.scene, theme)

    def _parts(self) -> None:
        """The rows between the parts."""
        self._bar = self.controls.bar()
        self._banner_words = widgets.HTML()
        controls = self.controls
        self._banner = row(
            "k8slab-banner",
            [self._banner_words, controls.now, controls.rewind, controls.branch],
            layout=widgets.Layout(display="none"),
        )
        self._actions = row("k8slab-actions", [])
        # A widget is a message to the page, and so are its layout and its style. These are for all buttons.
        self._button_looks = {"layout": widgets.Layout(width="auto"), "style": widgets.ButtonStyle()}
        self._shelf, self._condition_row = hidden("k8slab-shelf"), hidden("k8slab-condition")

    @cached_property
    def editor(self) -> Editor:
        """The editor of manifests."""
        return Editor(self.lab, lambda text: self.do(actions.apply(text)))

    @cached_property
    def condition(self) -> Console:
        """The line for a condition to run until."""
        return Console(
            self.run_until,
            lambda text: completion.of_condition(text, self.showing.lab.completions),
            self.lab.language,
            is_line=True,
            prompt=_WAIT,
            hint=self.words("until.hint"),
        )

    def _children(self) -> list[widgets.Widget]:
        parts = [
            self._bar,
            self._condition_row,
            self._shelf,
            self._banner,
            self.stage,
            self._actions,
            self.inspector,
            self._console,
        ]
        return [*parts, *self.comparisons, *self.forks]

    def _wire(self) -> None:
        """Bind each control to what it does."""
        controls = self.controls
        self.stage.listen(self.select, self._resize, self.seek, self.scale)
        controls.play.observe(lambda change: self._play(change["new"]), "value")
        controls.speed.observe(lambda change: self._set_speed(change["new"]), "value")
        self.player.speed = controls.speed.value
        controls.step.on_click(lambda _: self._step())
        controls.run.on_click(lambda _: self._run())
        controls.until.observe(lambda change: self._ask_condition(change["new"] == TYPED), "value")
        controls.undo.on_click(lambda _: self.undo())
        controls.fork.on_click(lambda _: self.fork())
        controls.branch.on_click(lambda _: self.fork())
        controls.now.on_click(lambda _: self.return_to_now())
        controls.rewind.on_click(lambda _: self.rewind())
        controls.edit.observe(lambda change: self._open_editor(change["new"]), "value")
        controls.replicas.observe(lambda change: self._scale(change["new"]), "value")

    # Showing.

    @property
    def showing(self) -> Showing:
        """What is shown: the present, or the instant of the past that was gone to."""
        return self.past or self.present

    def refresh(self) -> None:
        """Show the lab as it is now, whoever changed it."""
        with self.lab.lock:
            changed = self.present.follow()
            if self.past is None:
                self._show_present(changed, at_once=True)
        self._after()

    def _show_present(self, changed: Iterable[str] | None, *, at_once: bool) -> None:
        """Show the present, of which the lab's lock is held since it was brought up to date.

        The player's thread and the notebook's both show, and the later scene has to come last.
        """
        self.stage.show(self.present.scene, changed, at_once=at_once)
        self.stage.show_calls(self.present.calls)

    def _after(self) -> None:
        """Bring everything around the picture in line with it."""
        self._offer()
        for comparison in (*self.comparisons, *self._compared):
            comparison.refresh()

    def _frame(self) -> None:
        """Show a frame, unless the former one is under way and others will follow. The last is shown."""
        if self.past is None and (self.stage.is_free or not self.player.playing):
            with self.lab.lock:
                self._show_present(self.present.follow(), at_once=False)
            if self.present.selected:
                self._offer()

    def _stopped(self) -> None:
        """Playing ended by itself: say why, or the button would seem not to work."""
        self.controls.play.value = False
        self._tell(self.words("travel.pause"), self.words("paused"))

    def _resize(self, width: int) -> None:
        width = max(_NARROWEST, min(_WIDEST, width))
        if abs(width - self.showing.width) >= 1:
            with self.lab.lock:
                self.present.resize(width)
                if self.past is not None:
                    self.past.resize(width)
                self.stage.show(self.showing.scene, None, at_once=True)

    def select(self, identity: str) -> None:
        """Select an object by its id, e.g. `Pod/default/db-0`; the empty text selects nothing."""
        with self.lab.lock:
            if not identity:
                self.present.select(identity)
            self.showing.select(identity)
            changed = self.showing.follow()
            self.stage.show(self.showing.scene, changed, at_once=True)
        self._offer()

    # What is offered for what is selected.

    def _offer(self) -> None:
        """Bring inspector, actions and controls in line with what is selected."""
        showing, controls = self.showing, self.controls
        self.inspector.lab = showing.lab
        self.inspector.show(showing.selected, showing.graph)
        offered = self._actions_now()
        if offered != self._offered:
            self._offered = offered
            self._actions.children = self._action_buttons(offered)
        self._offer_conditions(showing.selected)
        workload = showing.workload_of(showing.selected)
        if workload:
            wanted = (showing.graph.get(workload) or {})["spec"].get("replicas", 1)
            self._quiet = True
            controls.replicas.max = max(10, controls.replicas.max, 2 * wanted)
            controls.replicas.value = wanted
            self._quiet = False

    def _actions_now(self) -> tuple[Any, ...]:
        """What to offer: the names of actions by object, first of the selected one, then of a Pod's node."""
        showing = self.showing
        if self.past is not None:
            return ()
        found: list[tuple[str, str]] = []
        objects = dict.fromkeys((showing.selected, showing.node_of(showing.selected)))
        for identity in objects:
            obj = showing.graph.get(identity) if identity else None
            if obj is not None:
                here = actions.actions_on(identity, obj, showing.beneath(identity))
                own = identity == showing.selected
                found += [(identity, one.name) for one in here if own or one.name in _OF_A_PODS_NODE]
        found = found or [("", one.name) for one in actions.on_cluster(showing.outages())]
        return (showing.workload_of(showing.selected), *found)

    def _action_buttons(self, offered: Sequence[Any]) -> list[widgets.Widget]:
        if not offered:
            return []
        workload, pairs = offered[0], offered[1:]
        made: list[widgets.Widget] = [self.controls.replicas] if workload else []
        for identity, name in pairs:
            made.append(self._action_button(identity, name))
        if kind_of(self.showing.selected or "/") == "Pod":
            made.append(self._console_button("exec", "exec {} -- sh -c 'ls /'"))
        return made

    def _action_button(self, identity: str, name: str) -> widgets.Button:
        showing = self.showing
        obj = showing.graph.get(identity) or {}
        beneath = showing.beneath(identity) if identity else showing.outages()
        found = actions.actions_on(identity, obj, beneath) if identity else actions.on_cluster(beneath)
        action: Action = next(one for one in found if one.name == name)

        def deed() -> Deed:
            return action.deed(identity, self.showing.graph.get(identity) or obj)

        of_node = kind_of(identity or "/") == "Node" and kind_of(showing.selected) != "Node"
        label = self.words(f"action.{name}")
        if of_node:
            label = self.words("of_node", action=label)
        place = (actions.place_of(name, beneath), of_node)
        looks = _Looks(name, label, "", deed().text, "warning" if action.grave else "")
        return self._kept(place, looks, lambda: self.do(deed()))

    def _kept(self, place: tuple[str, bool], looks: _Looks, act: Callable[[], None]) -> widgets.Button:
        """A button that does this. It is the same one for each thing that it is offered for.

        So it keeps its place and the focus when something else is offered beside it, or the opposite in its
        stead: whoever works by keys stays where they are. And where the focus is lost JupyterLab moves it
        twice on the next click, each time with a new style for every element, before it passes that on.
        """
        self._acts[place] = act
        if place not in self._buttons:
            more = {**self._button_looks, "_dom_classes": (f"k8slab-{looks.name}",)}
            made = self._buttons[place] = button(looks.label, looks.icon, looks.tooltip, looks.tone, **more)
            made.on_click(lambda _: self._acts[place]())
        kept = self._buttons[place]
        with kept.hold_sync():
            kept.description, kept.tooltip, kept.button_style = looks.label, looks.tooltip, looks.tone
            kept._dom_classes = (f"k8slab-{looks.name}",)
        return kept

    def _console_button(self, label: str, template: str) -> widgets.Button:
        words = template.format(actions.reference(self.showing.selected).removeprefix("pod/"))
        tooltip = f"kubectl {words}"
        looks = _Looks(label, label, "terminal", tooltip, "")
        return self._kept((label, False), looks, lambda: self.console.prefill(words))

    def _offer_conditions(self, selected: str) -> None:
        """What can be run until: always until nothing changes, and what the selected object can come to."""
        names = [SETTLED, *(name for name, _ in _CONDITIONS.get(kind_of(selected or "/"), ())), TYPED]
        options = [(self._condition(name), name) for name in names]
        if options != list(self.controls.until.options):
            kept = self.controls.until.value
            self._quiet = True
            self.controls.until.options = options
            self.controls.until.value = kept if kept in names else SETTLED
            self._quiet = False

    def _condition(self, name: str) -> str:
        """A condition as it is offered: Kubernetes' own have their own names."""
        return self.words(f"until.{name}") if name in (SETTLED, TYPED, "gone") else name

    def _ask_condition(self, asked: bool) -> None:
        """Show the line that a condition is typed into, or hide it; what is selected is proposed."""
        if self._quiet:
            return
        if asked:
            self._condition_row.children = [self.condition]
        self._condition_row.layout.display = "" if asked else "none"
        selected = self.showing.selected
        known = _CONDITIONS.get(kind_of(selected or "/"))
        if asked and known:
            self.condition.prefill(actions.condition(selected, known[0][1]))

    # Acting.

    def do(self, deed: Deed) -> None:
        """Do something to the lab, and print the line that does the same with what came of it."""
        deed = actions.in_context(deed, self.lab.namespace)
        if self.past is not None:
            self._tell(deed.text, self.words("past.refused"))
            return
        if deed.verb == "kubectl" and deed.arguments[0].partition(" ")[0] in _SLOW:
            self.player.do(lambda: self._carry_out(deed))
        else:
            self._carry_out(deed)

    def _carry_out(self, deed: Deed) -> None:
        with self.lab.lock:
            try:
                if deed.verb == "kubectl":
                    result = self.lab.kubectl(deed.arguments[0], stdin=deed.stdin)
                    words = result.stdout + result.stderr
                else:
                    getattr(self.lab, deed.verb)(*deed.arguments, **dict(deed.options))
                    words = ""
            except Exception as error:  # noqa: BLE001
                # The lab's own error lies in a layer above. Raised from a click, it would be seen by nobody.
                words = self.words("error", words=error)
            if self.past is None:
                self._show_present(self.present.follow(), at_once=True)
        self._tell(f"$ {deed.text}" if deed.verb == "kubectl" else deed.text, words)
        self._after()

    def _tell(self, command: str, words: str) -> None:
        """Print a command and its outcome, and let a screen reader say the outcome's first line."""
        self.console.print(command, words)
        first = words.strip().split("\n", 1)[0]
        if first:
            self.stage.say(first)
            if command.startswith("$ kubectl wait "):
                self.condition.answer(first)

    def _play(self, playing: bool) -> None:
        self.controls.play.icon = "pause" if playing else "play"
        if playing:
            if self.past is not None:
                self.return_to_now()
            self.player.play()
        else:
            self.player.pause()
            self.refresh()

    def _set_speed(self, speed: float) -> None:
        self.player.speed = speed

    def _step(self) -> None:
        if self.past is not None:
            self.return_to_now()
        with self.lab.lock:
            before = self.lab.history[-1].revision if len(self.lab.history) else 0
            by = self.controls.step_by.value
            happened = self.lab.step(by=None if by == ONE_CHANGE else by)
            changes = [one for one in self.lab.history[-20:] if one.revision > before]
        words = ", ".join(f"{one.kind} {one.key[1]}" for one in changes) or self.words("nothing_changed")
        self.stage.say(words if happened else self.words("nothing_pending"))
        self.refresh()

    def _run(self) -> None:
        """Run until the chosen condition holds, beside the notebook."""
        wanted, selected = self.controls.until.value, self.showing.selected
        if wanted == TYPED:
            self.condition.enter()
            return
        if wanted != SETTLED:
            wanted = actions.condition(selected, dict(_CONDITIONS[kind_of(selected)])[wanted])
        self.run_until(wanted)

    def run_until(self, wanted: str) -> None:
        """Run until `settled`, or until what `kubectl wait --for=` takes: `condition=Ready pod/web-0`."""
        if self.past is not None:
            self.return_to_now()
        if wanted.strip() == SETTLED:
            self.player.do(self._settle)
            return
        self.condition.print(f"{_WAIT} {wanted}", "")
        self.do(actions.wait_for(wanted))

    def _settle(self) -> None:
        with self.lab.lock:
            settled = self.lab.settle()
        self.stage.say(self.words("settled" if settled else "busy"))

    def scale(self, identity: str, replicas: int) -> None:
        """Set how many replicas a workload has, by its id: `StatefulSet/default/db`."""
        if kind_of(identity or "/") in actions.SCALABLE:
            self.do(actions.scale(identity, replicas))

    def _scale(self, replicas: int) -> None:
        if not self._quiet:
            self.scale(self.showing.workload_of(self.showing.selected), replicas)

    def _open_editor(self, opened: bool) -> None:
        if opened:
            self._shelf.children = [self.editor]
        self._shelf.layout.display = "" if opened else "none"

    # The past.

    def undo(self) -> None:
        """Pause, take back the last change that was asked for, and say what it was."""
        self.controls.play.value = False
        self._leave_past()
        self._travel("undo", lambda: self.words("taken_back", words=self.lab.undo()))

    def seek(self, at_us: int) -> None:
        """Pause, and show the lab as it was at an instant, on its own clock. Nothing is lost by that."""
        self.controls.play.value = False
        if at_us >= self.lab.now_us:
            self.return_to_now()
            return
        selected = self._wanted
        with self.lab.lock:
            try:
                then = self.lab.at((at_us - self.lab.start_us) / SECOND_US)
            except Exception as error:  # noqa: BLE001
                self._tell(self.words("look_back"), self.words("error", words=error))
                return
            self.past = Showing(then, self.present.width, self.present)
            self.past.select(selected)
            self.past.follow()
            self.stage.can_act = False
            self.stage.show(self.past.scene, None, at_once=True)
        seconds = (at_us - self.lab.start_us) / SECOND_US
        words = self.words("past", seconds=f"{seconds:g}")
        self._banner_words.value = f"<b>{escape(words)}</b>"
        self._banner.layout.display = ""
        self.stage.say(words)
        self._offer()

    @property
    def _wanted(self) -> str:
        """What is selected; what the shown past doesn't have yet stays so for when there is it again."""
        return self.showing.selected or self.present.selected

    def return_to_now(self) -> None:
        """Show the present again."""
        if self.past is None:
            return
        selected = self._wanted
        self._leave_past()
        with self.lab.lock:
            self.present.select(selected)
            self.present.follow()
            self.stage.show(self.present.scene, None, at_once=True)
        self.stage.say(self.words("back"))
        self._after()

    def _leave_past(self) -> None:
        self.past = None
        self._banner.layout.display = "none"
        self.stage.can_act = True

    def rewind(self) -> None:
        """Make the past that is shown the present: what came after it has not happened."""
        if self.past is None:
            return
        seconds = (self.past.lab.now_us - self.lab.start_us) / SECOND_US
        self._leave_past()

        def journey() -> str:
            self.lab.rewind(to=seconds)
            return self.words("rewound", seconds=f"{seconds:g}")

        self._travel("rewind", journey)

    def _travel(self, name: str, journey: Callable[[], str]) -> None:
        """Go to another instant and say where that led; what the lab refuses is said in its words."""
        with self.lab.lock:
            try:
                words = journey()
            except Exception as error:  # noqa: BLE001
                # The lab's own error lies in a layer above. Raised from a click, it would be seen by nobody.
                words = self.words("error", words=error)
            self.present.select(self.present.selected)
            self.present.follow()
            self.stage.show(self.present.scene, None, at_once=True)
        self._tell(self.words(f"travel.{name}"), words)
        self._after()

    def fork(self) -> Panel:
        """Another panel, beneath this one, on a lab that goes on from the instant that is shown.

        Between the two stands their comparison: both pictures side by side, with what differs marked.
        """
        with self.lab.lock:
            twin = Panel(self.showing.lab.fork(), theme=self.stage.theme, width=self.showing.width)
        comparison = Comparison(self.present, twin.present, self.stage.theme)
        self.forks.append(twin)
        self.comparisons.append(comparison)
        twin._compared.append(comparison)
        self.children = self._children()
        self.return_to_now()
        return twin

    # The console.

    def _command(self, command: str) -> None:
        self.player.do(lambda: self.run_command(command))

    def run_command(self, command: str) -> None:
        """Run a kubectl command and print it with its output in the console."""
        if self.past is None:
            self._carry_out(actions.kubectl(command.strip().removeprefix("kubectl ")))
            return
        # The past answers questions; what would change it changes a copy that is thrown away.
        words = command.strip().removeprefix("kubectl ")
        with self.lab.lock:
            result = self.past.lab.fork().kubectl(words)
        self._tell(f"$ kubectl {words}", result.stdout + result.stderr)

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
    follow_cells(made)
    return made


def follow_cells(made: Panel) -> None:
    """Refresh a panel after each cell: the lab may have been changed by code."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", lambda _: made.refresh())
