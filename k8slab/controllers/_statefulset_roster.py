"""What a StatefulSet's Pods add up to, kept up to date one Pod at a time.

A set of a thousand Pods is woken by each of them, and nearly every time there
is nothing to do but to count. The roster knows those numbers, and whether each
Pod is plainly a member: with the name and label of its ordinal, neither going
nor finished. Where one is not, a look visits every Pod instead.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from k8slab.api.meta import Obj, controller_of
from k8slab.api.selectors import Selector, matches
from k8slab.controllers._pods import TERMINAL_PHASES, is_ready
from k8slab.controllers._statefulset_pods import (
    POD_INDEX_LABEL,
    POD_NAME_LABEL,
    REVISION_LABEL,
    parent_and_ordinal,
)
from k8slab.store.view import Change, View

_OWN_LABELS = (POD_NAME_LABEL, POD_INDEX_LABEL)
Labels = tuple[tuple[str, str], ...]


@lru_cache(maxsize=1024)
def _fits(selector: Selector, labels: Labels) -> bool:
    return matches(selector, dict(labels))


class Entry(NamedTuple):
    """A plain member: its ordinal, its labels but for those of the ordinal, and whether it is ready."""

    ordinal: int
    labels: Labels
    ready: bool


class Roster:
    """The Pods of one set. `ready` maps each plain member's ordinal to whether it runs and is ready;
    `odd` counts the other Pods; `labels` counts the plain members by what labels they share.
    """

    __slots__ = ("labels", "odd", "ready", "ready_count")

    def __init__(self) -> None:
        self.odd = 0
        self.ready: dict[int, bool] = {}
        self.ready_count = 0
        self.labels: dict[Labels, int] = {}

    def copy(self) -> Roster:
        """An independent copy."""
        twin = Roster()
        twin.odd, twin.ready_count = self.odd, self.ready_count
        twin.ready, twin.labels = self.ready.copy(), self.labels.copy()
        return twin

    def enter(self, entry: Entry | None) -> None:
        """Take a Pod in; None stands for one that is not plainly a member."""
        if entry is None:
            self.odd += 1
            return
        self.ready[entry.ordinal] = entry.ready
        self.ready_count += entry.ready
        self.labels[entry.labels] = self.labels.get(entry.labels, 0) + 1

    def strike(self, entry: Entry | None) -> None:
        """Take a Pod out again."""
        if entry is None:
            self.odd -= 1
            return
        del self.ready[entry.ordinal]
        self.ready_count -= entry.ready
        left = self.labels[entry.labels] - 1
        if left:
            self.labels[entry.labels] = left
        else:
            del self.labels[entry.labels]

    def fits(self, selector: Selector) -> bool:
        """Whether the selector fits every plain member."""
        if any(requirement.label in _OWN_LABELS for requirement in selector):
            return False
        return all(_fits(selector, labels) for labels in self.labels)

    def at_revision(self, revision: str) -> int:
        """How many plain members are of a revision."""
        return sum(count for labels, count in self.labels.items() if _revision(labels) == revision)

    def revisions(self) -> list[str]:
        """The revisions that there are members of."""
        return [_revision(labels) for labels in self.labels]

    def has_all(self, start: int, count: int) -> bool:
        """Whether there are members at each of so many ordinals, from the first on."""
        return all(ordinal in self.ready for ordinal in range(start, start + count))


@lru_cache(maxsize=1024)
def _revision(labels: Labels) -> str:
    return dict(labels).get(REVISION_LABEL, "")


NOBODY = Roster()


class Rosters:
    """A derived cache: the roster of every StatefulSet that has Pods, by namespace and uid."""

    def __init__(self, view: View) -> None:
        self._by_owner: dict[tuple[str, str], Roster] = {}
        for pod in view.list("Pod"):
            self._take_in(pod)

    def of(self, stateful_set: Obj) -> Roster:
        """The roster of a set; an empty one where it has no Pods."""
        metadata = stateful_set["metadata"]
        return self._by_owner.get((metadata.get("namespace", ""), metadata["uid"]), NOBODY)

    def observe(self, change: Change) -> None:
        """Take in one change of a Pod."""
        if change.old is not None:
            self._take_out(change.old)
        if change.new is not None:
            self._take_in(change.new)

    def copy(self) -> Rosters:
        """An independent copy."""
        twin = Rosters.__new__(Rosters)
        twin._by_owner = {slot: roster.copy() for slot, roster in self._by_owner.items()}
        return twin

    def _take_in(self, pod: Obj) -> None:
        owner = controller_of(pod)
        if owner is not None and owner["kind"] == "StatefulSet":
            slot = (pod["metadata"].get("namespace", ""), owner["uid"])
            roster = self._by_owner.get(slot)
            if roster is None:
                roster = self._by_owner[slot] = Roster()
            roster.enter(_entry(pod, owner["name"]))

    def _take_out(self, pod: Obj) -> None:
        owner = controller_of(pod)
        if owner is not None and owner["kind"] == "StatefulSet":
            slot = (pod["metadata"].get("namespace", ""), owner["uid"])
            roster = self._by_owner[slot]
            roster.strike(_entry(pod, owner["name"]))
            if not roster.ready and not roster.odd:
                del self._by_owner[slot]


def _entry(pod: Obj, owner_name: str) -> Entry | None:
    """What the roster keeps of a Pod; None where it is not plainly a member."""
    metadata = pod["metadata"]
    if "deletionTimestamp" in metadata:
        return None
    phase = (pod.get("status") or {}).get("phase")
    if not phase or phase in TERMINAL_PHASES:
        return None
    name = metadata["name"]
    parent, ordinal = parent_and_ordinal(name)
    labels = metadata.get("labels")
    if parent != owner_name or not labels or labels.get(POD_NAME_LABEL) != name:
        return None
    if ordinal < 0 or name != f"{parent}-{ordinal}":
        return None
    shared = tuple([item for item in labels.items() if item[0] not in _OWN_LABELS])
    return Entry(ordinal, shared, phase == "Running" and is_ready(pod))
