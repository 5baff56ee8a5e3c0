"""The World: everything that the simulation is, as one value that forks cheaply.

Event queue, store, component memories, causes and seed. `copy` shares all that
it can, so that snapshot, rewind, fork, replay and search are the same
operation. Nothing here is a callable or a live generator: queued events are
data, and which code they reach is looked up by name when they fall due.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple, overload

from k8slab.api.meta import Key, Obj
from k8slab.chance import chance
from k8slab.clock import START_US
from k8slab.cluster.request import Request
from k8slab.components import Cache, Component, Memory, Watch
from k8slab.store.aspects import ANY
from k8slab.store.recorded import RecordedEvent, event_object
from k8slab.store.store import Store
from k8slab.store.view import Change
from k8slab.timing import IN_ORDER, REALISTIC, Timing, duration_us


class Event(NamedTuple):
    """Something that falls due: `target` looks at `key`. `cause` is the change that woke it."""

    at_us: int
    seq: int
    target: str
    key: Key
    cause: int


_BUCKET_BITS = 8
"""Events whose instants agree but for so many bits, a quarter of a millisecond, stand in one bucket."""


class EventQueue:
    """The events to come, the earliest first.

    A hundred thousand may wait at a time. One heap of all of them would compare each event with
    others all over the memory; so only those of the next millisecond are kept in order, and
    the later ones lie in buckets.
    """

    __slots__ = ("_buckets", "_next_buckets", "_reached", "_soon")

    def __init__(self) -> None:
        self._soon: list[Event] = []
        """A heap of the events up to the bucket that has been reached."""
        self._reached = -1
        self._buckets: dict[int, list[Event]] = {}
        self._next_buckets: list[int] = []
        """A heap of the buckets' numbers."""

    def copy(self) -> EventQueue:
        """An independent queue with the same events."""
        twin = EventQueue()
        twin._soon, twin._reached = self._soon.copy(), self._reached
        twin._buckets = {number: events.copy() for number, events in self._buckets.items()}
        twin._next_buckets = self._next_buckets.copy()
        return twin

    def __len__(self) -> int:
        """How many events there are, void ones included."""
        return len(self._soon) + sum([len(events) for events in self._buckets.values()])

    def push(self, event: Event) -> None:
        """Enter an event."""
        number = event.at_us >> _BUCKET_BITS
        if number <= self._reached:
            heappush(self._soon, event)
            return
        events = self._buckets.get(number)
        if events is None:
            self._buckets[number] = [event]
            heappush(self._next_buckets, number)
        else:
            events.append(event)

    def first(self) -> Event | None:
        """The earliest event, of several at one instant the one that was entered first."""
        while not self._soon:
            if not self._next_buckets:
                return None
            self._reached = heappop(self._next_buckets)
            self._soon = self._buckets.pop(self._reached)
            heapify(self._soon)
        return self._soon[0]

    def pop(self) -> None:
        """Take out what `first` has just given."""
        heappop(self._soon)


class Cause(NamedTuple):
    """Who acted and why: `component` looked at `key`, woken by the change of revision `woken_by`.

    `woken_by` is 0 where nothing but the user or the passing of time did.
    """

    at_us: int
    component: str
    key: Key
    woken_by: int
    text: str = ""


_FORGOTTEN = Cause(START_US, "", ("", ""), 0, "something too long ago to be remembered")


class Causes(Sequence[Cause]):
    """The causes by their numbers, of which the oldest may have been forgotten."""

    __slots__ = ("_known", "_start")

    def __init__(self, known: list[Cause], start: int = 0) -> None:
        self._known = known
        self._start = start

    def append(self, cause: Cause) -> None:
        """Note a cause; its number is how many there were before."""
        self._known.append(cause)

    def __len__(self) -> int:
        """How many there have been, the forgotten ones included."""
        return self._start + len(self._known)

    @overload
    def __getitem__(self, number: int) -> Cause: ...

    @overload
    def __getitem__(self, number: slice) -> list[Cause]: ...

    def __getitem__(self, number: int | slice) -> Cause | list[Cause]:
        """The cause of a number."""
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if number < 0:
            number += len(self)
        return self._known[number - self._start] if number >= self._start else _FORGOTTEN

    def first(self, count: int) -> Causes:
        """The oldest few, as far as they are known."""
        if count < self._start:
            return Causes([], count)
        return Causes(self._known[: count - self._start], self._start)

    def copy(self) -> Causes:
        """An independent copy."""
        return Causes(self._known.copy(), self._start)

    def forget_before(self, number: int) -> None:
        """Forget those with smaller numbers."""
        if number > self._start:
            del self._known[: number - self._start]
            self._start = number


class Trail(NamedTuple):
    """One write of an object, for field ownership, with the writes before it.

    `managed` is None until somebody asks for the object's managedFields.
    """

    before: Trail | None
    manager: str
    operation: str
    subresource: str
    api_version: str
    at_us: int
    new: Obj
    managed: list[Obj] | None = None
    sent: Obj | None = None
    """The object before admission, as its writer sent it; None where that is `new` itself."""


FOUNDED_VERSION = "1"
"""The resourceVersion of the objects that are there before history begins."""

_FOUNDERS = dict.fromkeys(
    ("FlowSchema", "PriorityLevelConfiguration"), "api-priority-and-fairness-config-producer-v1"
)
"""The managers of those objects, where that is not the API server as such."""

_MOST_GRAVES = 256
"""Of how many removed objects the trails are kept, for those who watch their removal."""


class World:
    """The state of one cluster and of its clock."""

    __slots__ = (
        "_cache_states",
        "_observers",
        "addons",
        "busy",
        "causes",
        "components",
        "dependents",
        "failures",
        "fault",
        "gates",
        "get",
        "graves",
        "kubeconfig",
        "latency_us",
        "likenesses",
        "list",
        "memories",
        "now_us",
        "pending",
        "queue",
        "seed",
        "sequence",
        "start_us",
        "steps",
        "store",
        "timing",
        "trails",
        "wakers",
    )

    def __init__(
        self,
        components: Sequence[Component],
        *,
        seed: int = 7,
        timing: Timing = REALISTIC,
        gates: frozenset[str] = frozenset(),
        addons: frozenset[str] = frozenset(),
        start_us: int = START_US,
    ) -> None:
        self.seed = seed
        self.timing = timing
        self.gates, self.addons = gates, addons
        self.start_us = self.now_us = start_us
        self._open(Store())
        self.queue = EventQueue()
        self.pending: dict[tuple[str, Key], Event] = {}
        """The one event that counts for a component and key; others in `queue` are void."""
        self.sequence = 0
        self.steps = 0
        """How many events have happened."""
        self.memories: dict[tuple[str, Key], Memory] = {}
        self.failures: dict[tuple[str, Key], int] = {}
        self.busy: dict[tuple[str, Key], int] = {}
        """Until when a component that has just written lets wakes of a key wait."""
        self.causes = Causes([Cause(start_us, "", ("", ""), 0, "the beginning")])
        self.trails: dict[tuple[str, Key], Trail] = {}
        self.graves: dict[tuple[str, Key], Trail] = {}
        """The trails of the objects that were removed last."""
        self.kubeconfig: Obj | None = None
        """What whoever works on the cluster has put into the kubeconfig (see `k8slab.kubectl.kubeconfig`)."""
        self.fault: Any = None
        """A fault plan (see `dispatch.execute`): data that says which actions the API refuses."""
        self.latency_us = 0
        """How much longer than usual a request takes (see `outage.slow_down`)."""
        self.likenesses: dict[int, Any] = {}
        """The last Pods that were made of templates, by their specs' identities (see `likenesses`)."""
        self.components = {component.name: component for component in components}
        self.wakers = Wakers(components)
        self._cache_states: dict[str, Cache] = {}
        self._observers: dict[str, list[Observer]] = {}
        """The caches that exist, by the kinds whose changes they are shown."""

    def copy(self, *, past: bool = True) -> World:
        """An independent World that goes on from here exactly as this one would.

        Without `past` it doesn't know what happened before, which is what costs most to copy.
        """
        twin = World.__new__(World)
        twin.seed, twin.timing, twin.gates, twin.fault = self.seed, self.timing, self.gates, self.fault
        twin.addons, twin.start_us = self.addons, self.start_us
        twin.kubeconfig, twin.latency_us = self.kubeconfig, self.latency_us
        twin.now_us, twin.sequence, twin.steps = self.now_us, self.sequence, self.steps
        twin.components, twin.wakers = self.components, self.wakers
        twin._open(self.store.copy(history=past))
        twin.queue = self.queue.copy()
        twin.pending = self.pending.copy()
        twin.memories = self.memories.copy()
        twin.failures = self.failures.copy()
        # Who is busy no longer may be forgotten: a CronJob leaves another one behind every minute.
        self.busy = {slot: until_us for slot, until_us in self.busy.items() if until_us > self.now_us}
        twin.busy = self.busy.copy()
        twin.causes = self.causes.copy() if past else Causes([])
        twin.trails = self.trails.copy()
        twin.graves = self.graves.copy()
        # A cache is derived from the store: the fork builds its own when it is first needed.
        twin.likenesses = {}
        twin._cache_states = {}
        twin._observers = {}
        return twin

    # The View protocol: what components may see.

    def _open(self, store: Store) -> None:
        """Keep the objects in this store; what a View says of them is what the store says."""
        self.store = store
        self.get, self.list, self.dependents = store.get, store.list, store.dependents

    def duration_us(self, name: str, *parts: object) -> int:
        """A named, seeded duration of the Timing profile."""
        return duration_us(self.timing, self.seed, name, *parts)

    def chance(self, *parts: object) -> float:
        """A number in [0, 1) fixed by the seed and the parts."""
        return chance(self.seed, *parts)

    def cache(self, name: str) -> Cache:
        """The current value of a component's derived cache, built when it is first needed."""
        state = self._cache_states.get(name)
        if state is None:
            component = self.components[name]
            if component.cache is None:
                raise KeyError(f"component {name} keeps no cache")
            state = component.cache(self)
            for other in self.components.values():
                if other.cache is component.cache:
                    self._cache_states[other.name] = state
            for kind in dict.fromkeys(component.cache_kinds):
                aspects = component.cache_aspects if kind == "Pod" else ANY
                self._observers.setdefault(kind, []).append(Observer(state.observe, aspects))
        return state

    def note_request(self, request: Request) -> int:
        """The number of a new cause: a request of a client."""
        if request.method in ("GET", "HEAD"):
            return 0
        text = request.deed or f"{request.method} {request.path}"
        self.causes.append(Cause(self.now_us, "user", ("", ""), 0, text))
        return len(self.causes) - 1

    def weight(self) -> int:
        """About how many entries of tables a copy has."""
        tables = (self.pending, self.memories, self.busy, self.trails)
        return self.store.weight() + len(self.queue) + sum([len(table) for table in tables])

    def forget_waits(self) -> None:
        """Forget how long keys had to wait, where that is over: nobody asks for it any more."""
        over = [slot for slot, until_us in self.busy.items() if until_us <= self.now_us]
        for slot in over:
            del self.busy[slot]

    def forget_causes(self) -> None:
        """Forget the causes of the changes that history no longer keeps."""
        rows = self.store.history.rows
        if rows:
            self.causes.forget_before(rows[0].cause)

    def trail(self, slot: tuple[str, Key]) -> Trail | None:
        """Who wrote a stored object.

        That of a recorded Event is as good as what was recorded, and that of an object
        which was there from the beginning, as it was then, is known without being kept.
        """
        trail = self.trails.get(slot)
        if trail is not None:
            return trail
        kind, key = slot
        if kind == "Event":
            event = self.store.event(key)
            return _trail_of(event) if isinstance(event, RecordedEvent) else None
        if kind in self.store.founded:
            obj = self.store.get(kind, key)
            if obj is not None and obj["metadata"]["resourceVersion"] == FOUNDED_VERSION:
                manager = _FOUNDERS.get(kind, "kube-apiserver")
                return Trail(None, manager, "Update", "", obj["apiVersion"], self.start_us, obj)
        return None

    def bury(self, slot: tuple[str, Key], trail: Trail | None) -> None:
        """Take the trail of a removed object away, to be read for a while yet."""
        self.trails.pop(slot, None)
        if trail is None:
            return
        self.graves.pop(slot, None)
        self.graves[slot] = trail
        if len(self.graves) > _MOST_GRAVES:
            del self.graves[next(iter(self.graves))]

    def is_observed(self, kind: str) -> bool:
        """Whether a cache wants to be shown the changes of a kind."""
        return bool(self._observers.get(kind))

    def observe(self, change: Change, aspects: int) -> None:
        """Show a change to the caches that exist and want its kind and aspects."""
        for observe, wanted in self._observers.get(change.kind, ()):
            if aspects & wanted:
                observe(change)


def _trail_of(event: RecordedEvent) -> Trail:
    """The writes of a recorded Event: the first one, and the last one if there were more."""
    before = None if event.first is event else _trail_of(event.first)
    return Trail(before, event.voice.manager, "Update", "", "v1", event.at_us, event_object(event))


class Observer(NamedTuple):
    """A cache that is shown changes with one of these aspects."""

    observe: Callable[[Change], None]
    aspects: int


class Waker(NamedTuple):
    """One watch of one component, with the spread of the delay until it notices."""

    component: str
    keys: Any
    delay: str
    salt: int
    in_order: bool


class Wakers:
    """Whom to wake after a change of a kind, in the components' order."""

    __slots__ = ("_by_kind", "_chosen", "choosy", "kinds")

    def __init__(self, components: Sequence[Component]) -> None:
        self._by_kind: dict[str, list[tuple[Watch, Waker]]] = {}
        self._chosen: dict[tuple[str, int, str, frozenset[str]], tuple[Waker, ...]] = {}
        for component in components:
            # By its name, not its place: another controller must not change what the others do.
            salt = zlib.crc32(component.name.encode())
            for watch in component.watches:
                in_order = watch.delay in IN_ORDER
                waker = Waker(component.name, watch.keys, watch.delay, salt, in_order)
                self._by_kind.setdefault(watch.kind, []).append((watch, waker))
        self.choosy = frozenset(
            kind
            for kind, entries in self._by_kind.items()
            if any(watch.owner or watch.aspects != ANY or watch.only != ANY for watch, _ in entries)
        )
        """The kinds of which the aspects of a change make a difference."""
        self.kinds = frozenset(self._by_kind)
        """The kinds that anyone watches."""

    def concerned(
        self, kind: str, aspects: int, owner_kind: str, present: frozenset[str]
    ) -> tuple[Waker, ...]:
        """Those that a change with these aspects may concern, while there are objects of these kinds."""
        slot = (kind, aspects, owner_kind, present)
        chosen = self._chosen.get(slot)
        if chosen is None:
            chosen = self._chosen[slot] = tuple(
                waker
                for watch, waker in self._by_kind.get(kind, ())
                if watch.aspects & aspects
                and watch.only & aspects
                and (not owner_kind or watch.owner in ("", owner_kind))
                and (not watch.needs or watch.needs in present)
            )
        return chosen
