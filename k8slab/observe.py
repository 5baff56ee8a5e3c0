"""Who wants to be told of changes: `lab.on("pod/*", callback)`.

Callbacks stand outside the simulation: they are no part of the World, are not
copied to forks and are not called again when a lab is replayed. What they do
to the lab is an input like any other, so a run with callbacks can be saved and
played again without them. They are called between two events, never within
one, so that what they do has a place in the order of things.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from k8slab.api.kind import kinds
from k8slab.api.meta import Obj, dig
from k8slab.store.store import Store
from k8slab.store.view import Change


class Sighting(NamedTuple):
    """A change that somebody waited for. `old` is None for what was created, `new` for what was removed.

    `before` and `after` are the values of the field that was asked for, else None.
    """

    at_us: int
    verb: str
    kind: str
    namespace: str
    name: str
    old: Obj | None
    new: Obj | None
    before: Any = None
    after: Any = None

    @property
    def obj(self) -> Obj:
        """The object: as it is now, or as it was before it was removed."""
        found = self.new if self.new is not None else self.old
        assert found is not None
        return found

    @property
    def reference(self) -> str:
        """What the lab's other methods call it: `pod/db-0`."""
        return f"{self.kind.lower()}/{self.name}"

    def __str__(self) -> str:
        """A line such as `pod/db-0 changed`."""
        return f"{self.reference} {self.verb}"


Callback = Callable[[Sighting], Any]


class Watching:
    """One wish to be told. `stop` ends it."""

    __slots__ = ("_callback", "_field", "_kind", "_name", "_namespace", "_observers", "pattern")

    def __init__(
        self,
        observers: Observers,
        pattern: str,
        kind: str,
        name: str,
        namespace: str | None,
        field: str,
        callback: Callback,
    ) -> None:
        self.pattern = pattern
        self._observers = observers
        self._kind, self._name, self._namespace = kind, name, namespace
        self._field = tuple(field.split(".")) if field else ()
        self._callback = callback

    def stop(self) -> None:
        """Be told no more. To stop twice does no harm."""
        if self in self._observers.watchings:
            self._observers.watchings.remove(self)

    @property
    def is_active(self) -> bool:
        """Whether it was not stopped."""
        return self in self._observers.watchings

    def sighting(self, change: Change) -> Sighting | None:
        """What a change is to this one; None where it was not waited for."""
        if self._kind != change.kind if self._kind else change.kind not in kinds():
            return None
        namespace, name = change.key
        if not fnmatchcase(name, self._name):
            return None
        if self._namespace is not None and not fnmatchcase(namespace, self._namespace):
            return None
        old, new = change.old, change.new
        before, after = dig(old, *self._field), dig(new, *self._field)
        if self._field and before == after:
            return None
        verb = "removed" if new is None else "created" if old is None else "changed"
        if not self._field:
            before = after = None
        return Sighting(change.at_us, verb, change.kind, namespace, name, old, new, before, after)

    def tell(self, change: Change) -> None:
        """Call back if the change was waited for."""
        found = self.sighting(change)
        if found is not None:
            self._callback(found)

    def __repr__(self) -> str:
        """A line that is the same in every run."""
        return f"<Watching: {self.pattern}{'' if self.is_active else ', stopped'}>"


class Observers:
    """Everyone who wants to be told of one lab's changes, in the order in which they came."""

    def __init__(self) -> None:
        self.watchings: list[Watching] = []
        self.is_telling = False
        self._seen = 0

    def add(
        self,
        store: Store,
        pattern: str,
        callback: Callback,
        *,
        kind: str,
        name: str,
        namespace: str | None,
        field: str,
    ) -> Watching:
        """Tell of changes from now on."""
        if not self.watchings:
            self._seen = store.revision
        made = Watching(self, pattern, kind, name, namespace, field, callback)
        self.watchings.append(made)
        return made

    def forget(self, store: Store) -> None:
        """Go on from another present, without telling how it came about."""
        self._seen = store.revision

    def tell(self, store: Store) -> None:
        """Tell of everything that is new; of what a callback brings about, after what came before it.

        What a callback raises goes to whoever let time pass; the rest is told next time.
        """
        if self.is_telling:
            return
        self.is_telling = True
        try:
            while self._seen < store.revision:
                news: Sequence[Change] = store.changes_since(self._seen)
                for change in news:
                    self._seen = change.revision
                    for watching in list(self.watchings):
                        if watching.is_active:
                            watching.tell(change)
        finally:
            self.is_telling = False
