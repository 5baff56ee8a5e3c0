"""Keeping a scene in step with a lab: from its history to the graph, from the graph to the scene."""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.api.meta import Obj
from k8slab.graph import Graph, changes_after, drawn, key_of_id, kind_of, name_of, object_id
from k8slab.panel.actions import SCALABLE
from k8slab.panel.handle import LabHandle
from k8slab.panel.traffic import Call, calls_in
from k8slab.scene import Composer, Facts, Item, Scene
from k8slab.scene.timeline import Row
from k8slab.store.view import Change
from k8slab.texts import Words, say

_MOST_REPLAYED = 50_000
"""A longer history is not replayed for the timeline, which then begins now."""


class Showing:
    """The scene of a lab. `follow` brings it up to date and says what changed.

    With `present` it is a picture of that one's past, with the timeline of the present.
    """

    def __init__(self, lab: LabHandle, width: float = 1180, present: Showing | None = None) -> None:
        self.lab = lab
        self._present = present
        self.marked: frozenset[str] = frozenset()
        self.calls: list[Call] = []
        """The requests that came to light when the scene was last brought up to date."""
        self.width = width
        self.selected = ""
        self.note: tuple[str, str] | None = None
        self._last: Change | None = None
        self._composer: Composer
        self._rebuild()

    def _rebuild(self) -> None:
        lab = self.lab
        history = lab.history
        self.graph = Graph(lab.view)
        replayed = drawn(history) if len(history) <= _MOST_REPLAYED else ()
        rows = self._present._composer.rows if self._present is not None else None
        self._composer = Composer(
            self.graph,
            self._facts(),
            width=self.width,
            history=() if rows is not None else replayed,
            rows=rows,
        )
        self._last = history[-1] if len(history) else None

    def _facts(self) -> Facts:
        lab = self.lab
        present = self._present.lab if self._present is not None else lab
        inputs = tuple((one.at_us, one.text) for one in present.inputs)
        events = lab.history[-1].revision if len(lab.history) else 0
        return Facts(
            lab.now_us,
            lab.start_us,
            lab.seed,
            events,
            inputs,
            self.selected,
            self.note,
            until_us=present.now_us if self._present is not None else 0,
            marked=self.marked,
            language=lab.language,
        )

    @property
    def rows(self) -> dict[str, Row]:
        """The rows of the timeline, by their keys."""
        return self._composer.rows

    @property
    def scene(self) -> Scene:
        """The scene as it was last brought up to date."""
        return self._composer.scene

    def follow(self) -> list[str] | None:
        """Bring the scene up to the lab's now. The ids of the items that changed; None for all of them."""
        history = self.lab.history
        changes = changes_after(history, self._last)
        if changes is None or (self._last is not None and self.lab.now_us < self.scene.now_us):
            self._rebuild()
            return None
        if len(history):
            self._last = history[-1]
        touched = self.graph.update(changes)
        if self.selected and self._concerns(changes):
            self.note = self._why(self.selected)
        self.calls = calls_in(changes, self.graph)
        self._composer.update(touched, changes, self._facts())
        return self._composer.changed

    def resize(self, width: float) -> None:
        """Lay the picture out for another width."""
        if width != self.width:
            self.width = width
            self.follow()
            self._composer.resize(width, self._facts())

    def select(self, identity: str) -> None:
        """Select an object, and ask the lab why it is as it is; the empty id selects nothing."""
        if identity and identity not in self.graph:
            identity = ""
        self.selected = identity
        self.note = self._why(identity) if identity else None

    def _concerns(self, changes: Iterable[Change]) -> bool:
        """Whether the answer to why what is selected is as it is may be another one now."""
        near = {self.selected, *(other for _, _, other in self.graph.neighbours(self.selected))}
        here = near | {one.replace("Node/", "Machine/", 1) for one in near if one.startswith("Node/")}
        return any(one.kind == "Outage" or object_id(one.kind, one.key) in here for one in changes)

    def _why(self, identity: str) -> tuple[str, str] | None:
        namespace, name = key_of_id(identity)
        answer = self.lab.why(f"{kind_of(identity).lower()}/{name}", namespace=namespace or "default")
        if not answer:
            return None
        # What it waits for, or what is wrong with it, is worth more than how it came to be. Of the chain of
        # causes the two ends are enough here: the inspector has the rest.
        lines = [line for line in answer.split("\n") if line.strip()]
        *now, came = [line for line in lines if not line.startswith(" ")]
        root = [line.strip()[:1].upper() + line.strip()[1:] for line in lines[-1:] if line != came]
        words = " ".join(" ".join(now or [came, *root]).split()).replace("。 ", "。")
        return (say(self.lab.language, "scene.note.why", what=f"{kind_of(identity)} {name}"), words)

    def pod_of(self, identity: str) -> str:
        """The id itself if it is a Pod that is there, else the empty text."""
        return identity if kind_of(identity or "/") == "Pod" and identity in self.graph else ""

    def workload_of(self, identity: str) -> str:
        """The workload with replicas that a selection stands for: itself, or a Pod's owner's."""
        if not identity or identity not in self.graph:
            return ""
        root = self.graph.root(identity)
        return root if kind_of(root) in SCALABLE else ""

    def node_of(self, identity: str) -> str:
        """The node that a selection stands for: itself, or a Pod's."""
        if kind_of(identity or "/") == "Node" and identity in self.graph:
            return identity
        targets = self.graph.targets(identity, "scheduling") if self.pod_of(identity) else []
        return next((one for one in targets if one in self.graph), "")

    def beneath(self, identity: str) -> Obj:
        """What the API does not tell of an object: a node's machine, what hangs in a Pod."""
        if kind_of(identity) != "Pod":
            return self.machine_of(identity)
        return {"hung": (self.lab.view.get("Sandbox", key_of_id(identity)) or {}).get("hung")}

    def outages(self) -> Obj:
        """The parts of the cluster that answer nobody, by name: `apiserver`, `registry`."""
        return {one["metadata"]["name"]: one for one in self.lab.view.list("Outage")}

    def machine_of(self, node: str) -> Obj:
        """The state of a node's machine; empty where none is recorded."""
        machine = self.graph.get(object_id("Machine", ("", name_of(node or "/"))))
        return machine["spec"] if machine is not None else {}


def differences(one: Scene, other: Scene, said: Words) -> dict[str, str]:
    """What two scenes show differently, by id: what stands in the one and in the other."""
    found: dict[str, str] = {}
    for identity in dict.fromkeys((*one.items, *other.items)):
        here, there = one.items.get(identity), other.items.get(identity)
        item = here or there
        if item is None or not item.kind:
            continue
        first, second = (_gist(side, said) for side in (here, there))
        if first != second:
            found[identity] = f"{first} ≠ {second}"
    return found


def _gist(item: Item | None, said: Words) -> str:
    """What is said of an object, and where it is."""
    if item is None:
        return said("not_there")
    where = next((name_of(link) for link in item.links if link.startswith("Node/")), "")
    words = item.detail or item.state
    return said("where", words=words, node=where) if item.kind == "Pod" and where else words
