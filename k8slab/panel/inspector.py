"""The inspector: what an object is, says, holds and owes its being to, a page for each kind of question.

A page is a function from the lab and an object's id to HTML; which pages an
object has depends on its kind. Nothing here changes the lab, and nothing is
recorded: reading is no input.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple

import ipywidgets as widgets

from k8slab.api.meta import Obj, dig
from k8slab.api.yaml_emitter import dump
from k8slab.clock import parse_timestamp
from k8slab.cluster.request import Request
from k8slab.graph import Graph, key_of_id, kind_of, name_of
from k8slab.panel.handle import LabHandle
from k8slab.panel.stage import with_words
from k8slab.scene.summary import facts_of
from k8slab.scheduler.survey import survey
from k8slab.texts import Language, Words, say

_MOST_ROWS = 200
_LOG_TAIL = 200
_ENGLISH = Words("en", "panel")


def _said(lab: LabHandle) -> Words:
    return Words(lab.language, "panel")


def html(identity: str, graph: Graph, language: Language = "en") -> str:
    """The table for an object; a hint where nothing is selected."""
    rows = facts_of(identity, graph, language) if identity else []
    if not rows:
        return f"<p>{say(language, 'panel.select')}</p>"
    cells = "".join(
        f'<tr><th scope="row">{escape(what)}</th><td>{escape(words)}</td></tr>' for what, words in rows
    )
    return f"<table>{cells}</table>"


# The other pages.


def table(head: Sequence[str], rows: Sequence[Sequence[str]], nothing: str, said: Words) -> str:
    """Rows beneath a head; the words `nothing` where there are none."""
    if not rows:
        return f"<p>{escape(nothing)}</p>"
    titles = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    cells = ("".join(f"<td>{escape(one)}</td>" for one in row) for row in rows[:_MOST_ROWS])
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    more = f"<p>{said('more', count=len(rows) - _MOST_ROWS)}</p>" if len(rows) > _MOST_ROWS else ""
    return f"<table><thead><tr>{titles}</tr></thead>{body}</table>{more}"


def listing(name: str, text: str) -> str:
    """Preformatted text that can be scrolled, also by keys. `text` is HTML."""
    return f'<pre tabindex="0" role="region" aria-label="{escape(name)}">{text}</pre>'


def versions(lab: LabHandle, identity: str) -> tuple[Obj | None, Obj | None]:
    """An object as it is, and as it was before its last change (None where that is not known)."""
    kind, key = kind_of(identity), key_of_id(identity)
    history = lab.history
    for at in range(len(history) - 1, -1, -1):
        change = history[at]
        if change.kind == kind and change.key == key:
            return change.new, change.old
    return next((one for one in lab.view.list(kind) if _key(one) == key), None), None


def _key(obj: Obj) -> tuple[str, str]:
    return (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def marked_diff(new: Obj, old: Obj, said: Words = _ENGLISH) -> str:
    """What a change put in and took out, with a few lines around it."""
    marked = []
    for line in list(difflib.unified_diff(dump(old).splitlines(), dump(new).splitlines(), lineterm=""))[2:]:
        words = escape(line)
        if line.startswith("+"):
            marked.append(f"<ins>{words}</ins>")
        elif line.startswith("-"):
            marked.append(f"<del>{words}</del>")
        else:
            marked.append("…" if line.startswith("@@") else words)
    return listing(said("changed"), "\n".join(marked))


def _yaml(lab: LabHandle, graph: Graph, identity: str) -> str:
    said = _said(lab)
    new, old = versions(lab, identity)
    if new is None:
        return f"<p>{said('gone')}</p>"
    whole = listing("YAML", escape(dump(new)))
    if old is None:
        return whole
    since = said("changed_since", revision=old["metadata"].get("resourceVersion", ""))
    changed = f"<h4>{escape(since)}</h4>{marked_diff(new, old, said)}"
    return f"{changed}<h4>{said('as_it_is')}</h4>{whole}"


def _events(lab: LabHandle, graph: Graph, identity: str) -> str:
    kind, (namespace, name) = kind_of(identity), key_of_id(identity)
    found = [
        one
        for one in lab.view.list("Event")
        if dig(one, "involvedObject", "kind") == kind
        and dig(one, "involvedObject", "name") == name
        and dig(one, "involvedObject", "namespace", default="") in (namespace, "")
    ]
    found.sort(key=_event_time, reverse=True)
    rows = [
        (
            lab_time(lab, _event_time(one)),
            one.get("type", ""),
            one.get("reason", ""),
            f"{one.get('message', '')}" + (f" (×{one['count']})" if one.get("count", 1) > 1 else ""),
            dig(one, "source", "component", default="") or one.get("reportingComponent", ""),
        )
        for one in found
    ]
    said = _said(lab)
    head = ("t", said("events.type"), said("events.reason"), said("events.message"), said("events.from"))
    return table(head, rows, said("no_events"), said)


def _event_time(event: Obj) -> int:
    for name in ("lastTimestamp", "eventTime", "firstTimestamp"):
        if event.get(name):
            return parse_timestamp(event[name])
    return parse_timestamp(event["metadata"]["creationTimestamp"])


def lab_time(lab: LabHandle, at_us: int) -> str:
    """An instant as the lab's own clock has it: `12.5 s`."""
    return f"{max(0, at_us - lab.start_us) / 1_000_000:g} s"


def _logs(lab: LabHandle, graph: Graph, identity: str) -> str:
    words = _said(lab)
    namespace, name = key_of_id(identity)
    parts = []
    for container in dig(graph.get(identity), "spec", "containers", default=()):
        query = {"container": container["name"], "tailLines": str(_LOG_TAIL)}
        answer = lab.request(Request("GET", f"/api/v1/namespaces/{namespace}/pods/{name}/log", query=query))
        said = answer.body if isinstance(answer.body, str) else dig(answer.body, "message", default="")
        shown = listing(words("log", name=container["name"]), escape(said or words("no_log")))
        parts.append(f"<h4>{escape(container['name'])}</h4>{shown}")
    return "".join(parts)


def _files(lab: LabHandle, graph: Graph, identity: str) -> str:
    said = _said(lab)
    head = (said("files.file"), said("files.bytes"), said("files.begin"))
    disks = {one["metadata"]["name"]: one for one in lab.view.list("Disk")}
    parts = []
    for claim in _claims_of(graph, identity):
        for volume in graph.targets(claim, "volume"):
            files = dig(disks.get(name_of(volume)), "spec", "files", default={})
            rows = [(path, str(len(content)), _excerpt(content)) for path, content in sorted(files.items())]
            parts.append(f"<h4>{escape(name_of(claim))}</h4>")
            parts.append(table(head, rows, said("files.empty"), said))
    return "".join(parts) or f"<p>{said('files.none')}</p>"


def _excerpt(content: object) -> str:
    text = content if isinstance(content, str) else str(content)
    first = text.split("\n", 1)[0]
    return first[:80] + ("…" if len(first) > 80 or "\n" in text.rstrip("\n") else "")


def _claims_of(graph: Graph, identity: str) -> list[str]:
    if kind_of(identity) == "PersistentVolumeClaim":
        return [identity]
    return [one for one in graph.targets(identity, "volume") if one.startswith("PersistentVolumeClaim/")]


def _owners(lab: LabHandle, graph: Graph, identity: str) -> str:
    above: list[str] = []
    here = identity
    while (owner := graph.controller(here)) and len(above) < 8:
        above.append(owner)
        here = owner
    said = _said(lab)
    lines = [_tree_line(one, depth, graph, said) for depth, one in enumerate(reversed(above))]
    lines.append(f"<b>{_tree_line(identity, len(above), graph, said)}</b>")
    _descend(graph, identity, len(above) + 1, lines, said)
    return listing(said("owners"), "\n".join(lines))


def _descend(graph: Graph, identity: str, depth: int, lines: list[str], said: Words) -> None:
    for one in graph.sources(identity, "owner"):
        if len(lines) >= _MOST_ROWS:
            return
        lines.append(_tree_line(one, depth, graph, said))
        _descend(graph, one, depth + 1, lines, said)


def _tree_line(identity: str, depth: int, graph: Graph, said: Words) -> str:
    missing = "" if identity in graph else f"  {said('missing')}"
    return escape(f"{'  ' * depth}{kind_of(identity)} {name_of(identity)}{missing}")


def _scheduling(lab: LabHandle, graph: Graph, identity: str) -> str:
    words = _said(lab)
    node = dig(graph.get(identity), "spec", "nodeName", default="")
    rows = [
        (
            row.node + (" ←" if row.node == node else ""),
            words("fits") if row.score is not None else words("fits_not"),
            row.plugin,
            "; ".join(row.reasons),
            "" if row.score is None else str(row.score),
        )
        for row in survey(lab.view, key_of_id(identity), lab.now_us)
    ]
    said = f"<p>{escape(words('placed', node=node))}</p>" if node else ""
    head = ("Node", "", words("refused_by"), words("because"), words("score"))
    return said + table(head, rows, words("not_placed"), words)


def _why(lab: LabHandle, graph: Graph, identity: str) -> str:
    namespace, name = key_of_id(identity)
    said = lab.why(f"{kind_of(identity).lower()}/{name}", namespace=namespace or "default")
    lines = [line for line in said.split("\n") if line.strip()]
    items = "".join(
        f'<li class="{"k8slab-cause" if line.startswith(" ") else ""}">{escape(line.strip())}</li>'
        for line in lines
    )
    return f"<ol>{items}</ol>" if items else f"<p>{_said(lab)('unknown')}</p>"


class Page(NamedTuple):
    """One kind of question: its name, the kinds that it makes sense for (none: all), and its answer."""

    name: str
    on: tuple[str, ...]
    answer: Callable[[LabHandle, Graph, str], str]


PAGES = (
    Page("Summary", (), lambda lab, graph, identity: html(identity, graph, lab.language)),
    Page("Why", (), _why),
    Page("YAML", (), _yaml),
    Page("Events", (), _events),
    Page("Logs", ("Pod",), _logs),
    Page("Files", ("Pod", "PersistentVolumeClaim"), _files),
    Page("Owners", (), _owners),
    Page("Scheduling", ("Pod",), _scheduling),
)


def pages_of(identity: str) -> list[Page]:
    """The pages that an object has."""
    return [page for page in PAGES if not page.on or kind_of(identity or "/") in page.on]


class Inspector(widgets.VBox):  # type: ignore[misc]
    """The pages of one object at a time. `show(identity, graph)` brings the open page up to date."""

    def __init__(self, lab: LabHandle) -> None:
        self.lab = lab
        self.identity = ""
        self._graph: Graph | None = None
        self._setting = False
        self.pages = widgets.ToggleButtons(
            options=self._labelled([page.name for page in PAGES]),
            value="Summary",
            tooltips=(),
            style={"button_width": "auto"},
            _dom_classes=("k8slab-pages",),
        )
        self.title = widgets.HTML(_dom_classes=("k8slab-title",))
        self.content = widgets.HTML(html("", Graph(), lab.language))
        self._head = widgets.HBox([self.title, self.pages], layout=widgets.Layout(display="none"))
        super().__init__([self._head, self.content], _dom_classes=("k8slab-inspector",))
        self.pages.observe(lambda _: self._turn(), "value")

    def _labelled(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Pages with what they are called in the lab's language."""
        said = _said(self.lab)
        return [(said(f"page.{name}"), name) for name in names]

    @property
    def page(self) -> str:
        """The name of the open page."""
        return str(self.pages.value)

    def show(self, identity: str, graph: Graph) -> None:
        """Show an object; the empty id shows what to do first."""
        if identity not in graph:
            identity = ""
        if identity != self.identity:
            names = [page.name for page in pages_of(identity)]
            self._setting = True
            if self._labelled(names) != list(self.pages.options):
                kept = self.page if self.page in names else "Summary"
                self.pages.options = self._labelled(names)
                self.pages.value = kept
            self._setting = False
            self.title.value = (
                f"<b>{escape(f'{kind_of(identity)} {name_of(identity)}')}</b>" if identity else ""
            )
            self._head.layout.display = "" if identity else "none"
        self.identity, self._graph = identity, graph
        self._fill()

    def __repr__(self) -> str:
        """A line that is the same in every run."""
        what = (
            f"{kind_of(self.identity)} {name_of(self.identity)}, {self.page}" if self.identity else "nothing"
        )
        return f"<Inspector: {what}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and for readers without a kernel what it says."""
        return with_words(super()._repr_mimebundle_(**options), repr(self), str(self.content.value))

    def _turn(self) -> None:
        if not self._setting:
            self._fill()

    def _fill(self) -> None:
        page = next((one for one in PAGES if one.name == self.page), PAGES[0])
        graph = self._graph or Graph()
        with self.lab.lock:
            words = (
                page.answer(self.lab, graph, self.identity)
                if self.identity
                else html("", graph, self.lab.language)
            )
        if words != self.content.value:
            self.content.value = words
