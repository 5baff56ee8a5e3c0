"""Counting Pods by owner as they change, so that a look at an owner needn't visit each Pod.

An owner of a thousand Pods is woken by each of them. What it then asks (how
many are active, ready, terminating, and whether all have the same labels) is
kept up to date here, one Pod at a time.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, controller_of, labels_of
from k8slab.controllers._pods import is_ready, is_terminal
from k8slab.store.aspects import CREATED, DELETION, ENDED, LABELS, OWNERS, READINESS, REMOVED
from k8slab.store.view import Change, View

TOPOLOGY_LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
"""Labels that a Pod takes over from its node, so that Pods of one owner differ in them."""


class Tally:
    """What is counted of one owner's Pods. `labels` are those that all of them share, if they do.

    Finished Pods are left out. Pods may differ in their topology labels and still count as uniform.
    """

    __slots__ = ("active", "labels", "ready", "terminating", "uniform")

    def __init__(self) -> None:
        self.active = 0
        self.ready = 0
        self.terminating = 0
        self.labels: dict[str, str] | None = None
        self.uniform = True

    def copy(self) -> Tally:
        """An independent copy."""
        twin = Tally()
        twin.active, twin.ready, twin.terminating = self.active, self.ready, self.terminating
        twin.labels, twin.uniform = self.labels, self.uniform
        return twin


NOTHING = Tally()


OF_TALLIES = CREATED | REMOVED | LABELS | OWNERS | DELETION | ENDED | READINESS
"""What of a Pod a tally can change by."""


class Tallies:
    """A derived cache: the tally of every owner of Pods, by uid."""

    def __init__(self, view: View) -> None:
        self._by_owner: dict[str, Tally] = {}
        for pod in view.list("Pod"):
            self._count(pod, 1)

    def of(self, uid: str) -> Tally:
        """The tally of an owner; nothing is counted for one without Pods."""
        return self._by_owner.get(uid, NOTHING)

    def observe(self, change: Change) -> None:
        """Take in one change of a Pod."""
        old, new = change.old, change.new
        if old is not None and new is not None and _is_counted_alike(old, new):
            owner = controller_of(new)
            if owner is not None:
                self._by_owner[owner["uid"]].ready += is_ready(new) - is_ready(old)
            return
        if old is not None:
            self._count(old, -1)
        if new is not None:
            self._count(new, 1)

    def copy(self) -> Tallies:
        """An independent copy."""
        twin = Tallies.__new__(Tallies)
        twin._by_owner = {uid: tally.copy() for uid, tally in self._by_owner.items()}
        return twin

    def _count(self, pod: Obj, sign: int) -> None:
        owner = controller_of(pod)
        if owner is None:
            return
        tally = self._by_owner.get(owner["uid"])
        if tally is None:
            tally = self._by_owner[owner["uid"]] = Tally()
        if not is_terminal(pod):
            if "deletionTimestamp" in pod["metadata"]:
                tally.terminating += sign
            else:
                tally.active += sign
                tally.ready += sign * is_ready(pod)
            labels = labels_of(pod)
            if tally.labels is None:
                tally.labels = labels
            elif sign > 0 and labels is not tally.labels and not _are_alike(labels, tally.labels):
                tally.uniform = False
        if not tally.active and not tally.terminating:
            del self._by_owner[owner["uid"]]


def _is_counted_alike(old: Obj, new: Obj) -> bool:
    """Whether a change leaves a Pod counted as it was, but for its readiness."""
    before, after = old["metadata"], new["metadata"]
    if "deletionTimestamp" in before or "deletionTimestamp" in after:
        return False
    if before.get("labels") is not after.get("labels"):
        return False
    if before.get("ownerReferences") is not after.get("ownerReferences"):
        return False
    return not is_terminal(old) and not is_terminal(new)


def _are_alike(left: dict[str, str], right: dict[str, str]) -> bool:
    """Whether two Pods' labels differ in nothing but where the Pods run."""
    if left == right:
        return True
    return _without_topology(left) == _without_topology(right)


def _without_topology(labels: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in TOPOLOGY_LABELS}
