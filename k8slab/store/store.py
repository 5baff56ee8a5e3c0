"""The store: what etcd does for a real cluster, in one value that forks cheaply.

Objects by kind and key, one revision counter for all of them, indexes, and the
history of changes that watches, rewinds and explanations read. The store knows
nothing of defaults or validation; it never changes an object, and every
listing is in the order of creation.

Models staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go and
storage/cacher, v1.36, as far as their guarantees go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice

from k8slab.api.meta import Key, Obj, controller_of
from k8slab.api.selectors import Selector, matches
from k8slab.store.events import EventTable, Kept
from k8slab.store.history import History
from k8slab.store.index import Index
from k8slab.store.recorded import About, Expiry, RecordedEvent, Repeat, Row, Voice, event_object
from k8slab.store.view import Change

Latent = Callable[[str], Iterable[tuple[Key, Obj]]]
"""The objects of a kind that are there before history begins, made when somebody looks for one."""


class Store:
    """Objects, revisions, indexes and history. `copy` costs a few dict copies."""

    __slots__ = (
        "_born",
        "_counter",
        "_dependents",
        "_events",
        "_labels",
        "_latent",
        "_namespaces",
        "_nodes",
        "_objects",
        "_owners",
        "compacted",
        "founded",
        "history",
        "kinds",
        "outline",
        "revision",
    )

    def __init__(self) -> None:
        self.revision = 0
        self.compacted = 0
        """Changes up to this revision are no longer in `history`."""
        self.history = History()
        self.outline = blake2b(digest_size=16)
        """A fingerprint of the changes that were compacted: when, what, and by which cause."""
        self.kinds: frozenset[str] = frozenset()
        """The kinds of which there are objects, but for the Events."""
        self.founded: frozenset[str] = frozenset()
        """The kinds of which objects were there before history began."""
        self._latent: dict[str, Latent] = {}
        """What makes those of a kind of which nobody has looked for one. It is replaced, never changed."""
        self._counter = 0
        self._objects: dict[str, dict[Key, Obj]] = {}
        """By kind, but for the Events."""
        self._events = EventTable()
        self._born: dict[str, dict[Key, int]] = {}
        self._namespaces: Index[Key] = Index()
        self._owners: Index[Key] = Index()
        self._nodes: Index[Key] = Index()
        self._labels: Index[Key] = Index()
        self._dependents: Index[tuple[str, Key]] = Index()

    def copy(self, *, history: bool = True) -> Store:
        """An independent store with the same contents; without `history`, its past is left out."""
        twin = Store.__new__(Store)
        twin.revision, twin.compacted, twin._counter = self.revision, self.compacted, self._counter
        twin.history = self.history.copy() if history else History()
        twin.outline, twin.kinds = self.outline.copy(), self.kinds
        twin.founded, twin._latent = self.founded, self._latent
        twin._objects = {kind: table.copy() for kind, table in self._objects.items()}
        twin._events = self._events.copy()
        twin._born = {kind: table.copy() for kind, table in self._born.items()}
        twin._namespaces = self._namespaces.copy()
        twin._owners = self._owners.copy()
        twin._nodes = self._nodes.copy()
        twin._labels = self._labels.copy()
        twin._dependents = self._dependents.copy()
        return twin

    def get(self, kind: str, key: Key) -> Obj | None:
        """The object, or None."""
        table = self._objects.get(kind)
        obj = table.get(key) if table is not None else None
        if obj is None:
            if kind == "Event":
                event = self._events.get(key)
                return None if event is None else _as_object(event)
            if kind in self._latent:
                return self._table(kind).get(key)
        return obj

    def event(self, key: Key) -> Kept | None:
        """An Event as it is kept."""
        return self._events.get(key)

    def has_unusual_event_names(self) -> bool:
        """Whether clients have named some of the Events, or one stood aside for the name of another."""
        return self._events.has_unusual_names()

    def event_that_says(self, about: About, voice: Voice, message: str) -> Kept | None:
        """The stored Event that was recorded last to say something, as it is kept."""
        return self._events.that_says(about, voice, message)

    @property
    def no_event_expires_until_us(self) -> int:
        """Until when there is no Event to be removed, as far as that is known; 0 where it isn't."""
        return self._events.quiet_until_us

    def keep_events_until(self, at_us: int) -> None:
        """Note that no Event is to be removed until an instant, unless one of those of now is changed."""
        self._events.quiet_until_us = at_us

    def oldest_events(self, count: int) -> Iterator[Kept]:
        """The oldest few Events as they are kept. No Event may be written while they are gone through."""
        return islice(self._events.values(), count)

    def count(self, kind: str) -> int:
        """How many objects of a kind there are."""
        if kind == "Event":
            return len(self._events)
        return len(self._objects.get(kind) or self._table(kind))

    def size(self) -> int:
        """How many objects of all kinds there are, without those that nobody has looked for yet."""
        return len(self._events) + sum(len(table) for table in self._objects.values())

    def weight(self) -> int:
        """How many entries the tables have that a copy doesn't share."""
        objects = self.size() - len(self._events)
        return objects + self._events.own_entries() + sum(len(births) for births in self._born.values())

    def dependents(self, uid: str) -> Sequence[tuple[str, Key]]:
        """Kind and key of every object with an owner reference to this uid."""
        return tuple(self._dependents.get(uid))

    def list(
        self,
        kind: str,
        *,
        namespace: str | None = None,
        selector: Selector | None = None,
        owner: str | None = None,
        node: str | None = None,
    ) -> Sequence[Obj]:
        """The objects that fit all arguments, oldest first (see `View.list`)."""
        if kind == "Event":
            return _filtered(
                [_as_object(one) for one in self._events.values()], namespace, selector, owner, node
            )
        table = self._objects.get(kind)
        if not table and kind in self._latent:
            table = self._table(kind)
        if not table:
            return ()
        if namespace is not None and owner is None and node is None and not selector:
            return [table[key] for key in self._namespaces.get((kind, namespace))]
        if owner:
            # The index knows who is whose, and a key begins with the namespace.
            keys = self._owners.get((kind, owner))
            found = [table[key] for key in keys if namespace is None or key[0] == namespace]
            return _filtered(found, None, selector, None, node)
        candidates = self._candidates(kind, namespace, selector, owner, node)
        if candidates is not None and not candidates:
            return ()
        found = list(table.values()) if candidates is None else [table[key] for key in candidates]
        return _filtered(found, namespace, selector, owner, node)

    def _candidates(
        self, kind: str, namespace: str | None, selector: Selector | None, owner: str | None, node: str | None
    ) -> Collection[Key] | None:
        """The smallest index bucket that holds all the answers; None for the whole table."""
        buckets = []
        if owner == "" and namespace is not None:
            unowned = self._owners.get((kind, "", namespace))
            if not unowned:
                return unowned
            buckets.append(unowned)
        if node is not None:
            buckets.append(self._nodes.get((kind, node)))
        if namespace is not None:
            buckets.append(self._namespaces.get((kind, namespace)))
            for label, operator, values in selector or ():
                if operator == "In" and len(values) == 1:
                    buckets.append(self._labels.get((kind, namespace, label, values[0])))
        return min(buckets, key=len) if buckets else None

    def write(self, kind: str, key: Key, new: Obj | None, at_us: int, cause: int) -> Change:
        """Store (or, with None, remove) an object as the next revision. The change that it made."""
        if kind == "Event":
            return self._write_event(key, new, at_us, cause)
        table = self._objects.get(kind) or self._table(kind)
        old = table.get(key)
        self.revision += 1
        if new is None:
            if old is not None:
                self._remove(kind, key, old)
        else:
            metadata = {**new["metadata"], "resourceVersion": str(self.revision)}
            new = {**new, "metadata": metadata}
            if old is None:
                self._counter += 1
                self._born.setdefault(kind, {})[key] = self._counter
                if not table:
                    self._objects[kind] = table
                    self.kinds |= {kind}
            table[key] = new
            if old is None or not _same_places(kind, old, new):
                self._reindex(kind, key, old, new)
        change = Change(self.revision, at_us, kind, key, old, new, cause)
        self.history.rows.append(change)
        return change

    def found(self, kind: str, key: Key, obj: Obj) -> None:
        """Store an object, with its revision, that is there before history begins: it is no change."""
        self.founded |= {kind}
        self._counter += 1
        self._born.setdefault(kind, {})[key] = self._counter
        self._objects.setdefault(kind, {})[key] = obj
        self._reindex(kind, key, None, obj)

    def found_later(self, kinds: Iterable[str], make: Latent) -> None:
        """Found objects of some kinds that are only made when somebody looks for one of their kind."""
        self.founded |= set(kinds)
        self._latent = {**self._latent, **dict.fromkeys(kinds, make)}

    def _table(self, kind: str) -> dict[Key, Obj]:
        """The objects of a kind by their keys, with those that were there from the beginning."""
        make = self._latent.get(kind)
        if make is not None:
            self._latent = {other: one for other, one in self._latent.items() if other != kind}
            for key, obj in make(kind):
                self.found(kind, key, obj)
        return self._objects.get(kind) or {}

    def _write_event(self, key: Key, new: Obj | None, at_us: int, cause: int) -> Change:
        """Store or remove an Event on behalf of a client. Events are in no index."""
        old = self.get("Event", key)
        self.revision += 1
        if new is not None:
            new = {**new, "metadata": {**new["metadata"], "resourceVersion": str(self.revision)}}
            self._events.put(key, new, self.revision, at_us)
        elif old is not None:
            self._events.remove(key)
        change = Change(self.revision, at_us, "Event", key, old, new, cause)
        self.history.rows.append(change)
        return change

    def record(self, event: RecordedEvent) -> None:
        """Store a new Event, whose revision is the next one."""
        self.revision = event.revision
        self._events.record(event)
        self.history.rows.append(event)

    def repeat(self, before: RecordedEvent, event: RecordedEvent) -> None:
        """Store an Event that is said again, whose revision is the next one."""
        self.revision = event.revision
        self._events.record(event)
        self.history.rows.append(Repeat(event.revision, event.at_us, event.cause, before, event))

    def expire(self, event: RecordedEvent, at_us: int, cause: int) -> None:
        """Remove a recorded Event."""
        self._events.expire(event)
        self.revision += 1
        self.history.rows.append(Expiry(self.revision, at_us, cause, event))

    def _remove(self, kind: str, key: Key, old: Obj) -> None:
        self._reindex(kind, key, old, None)
        del self._objects[kind][key]
        del self._born[kind][key]
        if not self._objects[kind]:
            self.kinds -= {kind}

    def _reindex(self, kind: str, key: Key, old: Obj | None, new: Obj | None) -> None:
        born = self._born[kind][key]
        namespace = key[0]
        if old is None:
            self._namespaces.add((kind, namespace), key, born)
        elif new is None:
            self._namespaces.discard((kind, namespace), key)
        before = old["metadata"] if old else _NO_METADATA
        after = new["metadata"] if new else _NO_METADATA
        if before.get("labels") is not after.get("labels"):
            self._reindex_labels(kind, key, born, before.get("labels") or {}, after.get("labels") or {})
        owners_before, owners_after = before.get("ownerReferences"), after.get("ownerReferences")
        if old is None or new is None or owners_before is not owners_after:
            self._reindex_owners(kind, key, born, old, new)
        if kind == "Pod":
            node_before = old["spec"].get("nodeName", "") if old else None
            node_after = new["spec"].get("nodeName", "") if new else None
            if node_before != node_after:
                if node_before is not None:
                    self._nodes.discard((kind, node_before), key)
                if node_after is not None:
                    self._nodes.add((kind, node_after), key, born)

    def _reindex_labels(
        self, kind: str, key: Key, born: int, before: dict[str, str], after: dict[str, str]
    ) -> None:
        for label, value in before.items():
            if after.get(label) != value:
                self._labels.discard((kind, key[0], label, value), key)
        for label, value in after.items():
            if before.get(label) != value:
                self._labels.add((kind, key[0], label, value), key, born)

    def _reindex_owners(self, kind: str, key: Key, born: int, old: Obj | None, new: Obj | None) -> None:
        before = _owner_value(kind, key, old) if old else None
        after = _owner_value(kind, key, new) if new else None
        if before != after:
            if before is not None:
                self._owners.discard(before, key)
            if after is not None:
                self._owners.add(after, key, born)
        owners_before = _owner_uids(old)
        owners_after = _owner_uids(new)
        if owners_before == owners_after:
            return
        for uid in owners_before:
            if uid not in owners_after:
                self._dependents.discard(uid, (kind, key))
        for uid in owners_after:
            if uid not in owners_before:
                self._dependents.add(uid, (kind, key), born)

    def changes_since(self, revision: int) -> Sequence[Change]:
        """The changes after a revision, oldest first. IndexError where they were compacted away."""
        if revision < self.compacted:
            raise IndexError(f"changes up to revision {self.compacted} were compacted")
        return self.history[revision - self.compacted :]

    def rows_since(self, revision: int) -> Sequence[Row]:
        """What history keeps of the changes after a revision that was not compacted away."""
        return self.history.rows[revision - self.compacted :]

    def changed_objects(self, after: int, until: int) -> Sequence[tuple[str, Key]]:
        """Kind and key of each object, Events left out, that changed after a revision and until another."""
        rows = self.history.rows[after - self.compacted : until - self.compacted]
        return tuple(dict.fromkeys([(row.kind, row.key) for row in rows if isinstance(row, Change)]))

    def compact(self, revision: int) -> None:
        """Forget the changes up to a revision, but for their outline; what is stored stays."""
        if revision > self.compacted:
            count = revision - self.compacted
            self.outline.update(outline_of(self.history.rows[:count]))
            del self.history.rows[:count]
            self.compacted = revision

    def every(self) -> Iterator[Obj]:
        """Every object, by kind in sorted order and the oldest first."""
        for kind in sorted({*self._objects, *self._latent, "Event"}):
            yield from self.list(kind)


_NO_METADATA: Obj = {}


def outline_of(rows: Iterable[Row]) -> bytes:
    """When, what, and by which cause: a line for each change."""
    lines = [f"{row.revision}|{row.at_us}|{row.kind}|{row.key}|{row.cause}\n" for row in rows]
    return "".join(lines).encode()


def _as_object(kept: Kept) -> Obj:
    return event_object(kept) if isinstance(kept, RecordedEvent) else kept


def _same_places(kind: str, old: Obj, new: Obj) -> bool:
    """Whether a change leaves all that is indexed alone, as a write of the status does."""
    before, after = old["metadata"], new["metadata"]
    return (
        before.get("labels") is after.get("labels")
        and before.get("ownerReferences") is after.get("ownerReferences")
        and (kind != "Pod" or old["spec"] is new["spec"])
    )


def _owner_uids(obj: Obj | None) -> tuple[str, ...]:
    references = obj["metadata"].get("ownerReferences") if obj is not None else None
    return tuple([reference["uid"] for reference in references]) if references else ()


def _owner_value(kind: str, key: Key, obj: Obj) -> tuple[str, ...]:
    reference = controller_of(obj)
    return (kind, reference["uid"]) if reference else (kind, "", key[0])


def _filtered(
    found: list[Obj], namespace: str | None, selector: Selector | None, owner: str | None, node: str | None
) -> Sequence[Obj]:
    """What of the candidates fits every argument; an index has seen to one of them."""
    if namespace is not None:
        found = [obj for obj in found if obj["metadata"].get("namespace", "") == namespace]
    if owner is not None:
        found = [obj for obj in found if ((controller_of(obj) or {}).get("uid", "")) == owner]
    if node is not None:
        found = [obj for obj in found if (obj.get("spec") or {}).get("nodeName", "") == node]
    if selector:
        found = [obj for obj in found if matches(selector, obj["metadata"].get("labels") or {})]
    return found
