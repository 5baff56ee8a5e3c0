"""What can be asked of each object of a film at any of its instants: its state, its YAML, why, and its logs.

Each answer is noted when it becomes another one, not for each scene. Answers of
one object differ little: YAML is kept by its top-level fields, of which
those that stayed the same object are not even looked at (API objects are never changed in
place), a log is kept as what was added to it, and sentences are kept once.

Why an object is as it is can depend on others that changed; so it is asked
again where the object, one of its neighbours or its node's machine changed, and where it
waited for something.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj, dig
from k8slab.api.yaml_emitter import dump
from k8slab.clock import SECOND_US
from k8slab.graph import Graph, key_of_id, kind_of, name_of, object_id
from k8slab.kubelet.streams import log_lines
from k8slab.renderers.film import Shot
from k8slab.scene.portrayal import portrayals
from k8slab.scene.summary import facts_of
from k8slab.store.view import Change
from k8slab.texts import Language
from k8slab.why import departure, explain, origin, present

_LONGEST_LOG = 400
"""Lines of a log that are kept of what was written before the film began, or by an earlier run."""


class Record:
    """The answers so far. `note(number, shot)` takes in scene after scene, in rising order.

    `facts`, `yaml`, `why` and `logs` hold by id what was noted, each entry with
    the number of the scene from which on it holds. `why` names sentences by their numbers in `sentences`.
    """

    def __init__(self, lab: Any, from_us: int, language: Language = "en") -> None:
        self.facts: dict[str, list[Any]] = {}
        self.yaml: dict[str, list[Any]] = {}
        self.why: dict[str, list[Any]] = {}
        self.logs: dict[str, dict[str, list[Any]]] = {}
        self._language = language
        self._history: Sequence[Change] = lab.history
        self._world = lab.at((from_us - lab.start_us) / SECOND_US).world
        self._world.causes = lab.world.causes
        self._sentences: dict[str, int] = {}
        self._former: dict[str, Obj] = {}
        self._origins: dict[str, list[str]] = {}
        self._waiting: dict[str, None] = {}
        self._written: dict[tuple[str, str], list[str]] = {}

    @property
    def sentences(self) -> list[str]:
        """Every sentence, by its number."""
        return list(self._sentences)

    def note(self, number: int, shot: Shot) -> None:
        """Take in a scene, with what led to it."""
        changes = self._follow(shot.scene.now_us)
        graph = shot.graph
        for identity in shot.touched:
            if kind_of(identity) in portrayals():
                _keep(self.facts, identity, number, facts_of(identity, graph, self._language))
                self._note_yaml(number, identity, graph.get(identity))
        for identity in _concerned(shot.touched, graph, self._waiting):
            self._note_why(number, identity, graph.get(identity))
        wrote = (
            object_id("Pod", (one.key[0], one.key[1].split("/")[0])) for one in changes if one.kind == "Log"
        )
        for identity in dict.fromkeys((*shot.touched, *wrote)):
            pod = graph.get(identity) if kind_of(identity) == "Pod" else None
            if pod is not None:
                self._note_logs(number, identity, pod)

    def _follow(self, now_us: int) -> list[Change]:
        """Bring the world of then up to an instant. What changed."""
        store = self._world.store
        oldest = self._history[0].revision if self._history else 1
        taken: list[Change] = []
        for at in range(max(0, store.revision + 1 - oldest), len(self._history)):
            change = self._history[at]
            if change.at_us > now_us:
                break
            store.write(change.kind, change.key, change.new, change.at_us, change.cause)
            taken.append(change)
        self._world.now_us = now_us
        return taken

    def _note_yaml(self, number: int, identity: str, obj: Obj | None) -> None:
        """Keep the fields that became others; a field that went is None."""
        if obj is None:
            return
        former = self._former.get(identity, {})
        parts = {name: dump({name: obj[name]}) for name in obj if obj[name] is not former.get(name)}
        gone = {name: None for name in former if name not in obj}
        if parts or gone:
            self.yaml.setdefault(identity, []).append([number, {**parts, **gone}])
        self._former[identity] = obj

    def _note_why(self, number: int, identity: str, obj: Obj | None) -> None:
        self._waiting.pop(identity, None)
        if obj is None:
            said = explain(self._world, kind_of(identity), key_of_id(identity), self._language).split("\n")
        else:
            waits = present(self._world, obj, self._language)
            if waits:
                self._waiting[identity] = None
            said = [*waits, *departure(self._world, obj, self._language), *self._origin(obj)]
        numbers = [self._sentences.setdefault(one, len(self._sentences)) for one in said]
        _keep(self.why, identity, number, numbers)

    def _origin(self, obj: Obj) -> list[str]:
        uid = obj["metadata"].get("uid", "")
        if uid not in self._origins:
            self._origins[uid] = origin(self._world, obj, self._language)
        return self._origins[uid]

    def _note_logs(self, number: int, identity: str, pod: Obj) -> None:
        """Keep of each container's log how much of the former one stands and what follows."""
        for container in dig(pod, "spec", "containers", default=()):
            name = container["name"]
            try:
                lines = [line.text for line in log_lines(self._world, pod, name)]
            except ApiError as error:
                lines = [error.message]
            former = self._written.get((identity, name))
            if lines == former:
                continue
            stands = len(former) if former and lines[: len(former)] == former else 0
            added = lines[stands:][-_LONGEST_LOG:]
            self.logs.setdefault(identity, {}).setdefault(name, []).append([number, stands, added])
            self._written[identity, name] = lines


def _keep(table: dict[str, list[Any]], identity: str, number: int, answer: Any) -> None:
    """Note an answer where it is another one than before."""
    known = table.setdefault(identity, [])
    if not known or known[-1][1] != answer:
        known.append([number, answer])


def _concerned(touched: Iterable[str], graph: Graph, waiting: Iterable[str]) -> list[str]:
    """The objects that can be clicked whose answer to why may be another one now."""
    found = dict.fromkeys(waiting)
    for identity in touched:
        here = object_id("Node", ("", name_of(identity))) if kind_of(identity) == "Machine" else identity
        found[here] = None
        found.update(dict.fromkeys(other for _, _, other in graph.neighbours(here)))
    return [one for one in found if kind_of(one) in portrayals()]
