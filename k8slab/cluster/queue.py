"""The work queue: one pending event per component and key, in a total order.

A wake that comes before the agreed event replaces it, a later one is absorbed.

Models staging/src/k8s.io/client-go/util/workqueue (delaying, de-duplication), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from k8slab.api.meta import Key
from k8slab.cluster.likenesses import LOOKED_AT
from k8slab.cluster.world import Event, Waker, World
from k8slab.components import CUSTOM
from k8slab.store.aspects import ANY, aspects_of, owner_kind_of
from k8slab.store.view import Change


def schedule(world: World, target: str, key: Key, at_us: int, cause: int = 0) -> None:
    """Let `target` look at `key` at an instant, or earlier if that is already agreed."""
    slot = (target, key)
    agreed = world.pending.get(slot)
    if agreed is not None and agreed.at_us <= at_us:
        return
    world.sequence += 1
    event = Event(at_us, world.sequence, target, key, cause)
    world.pending[slot] = event
    world.queue.push(event)


def notify(world: World, change: Change) -> None:
    """Show a change to the caches and wake every component that watches its kind."""
    kind = change.kind
    if kind in LOOKED_AT:
        world.likenesses.clear()
    wakers = world.wakers
    if kind not in wakers.kinds and _is_of_the_api(change):
        kind = CUSTOM
    aspects, owner_kind = ANY, ""
    if kind in wakers.choosy:
        aspects, owner_kind = aspects_of(change), owner_kind_of(change)
    world.observe(change, aspects)
    revision = change.revision
    late_us = world.latency_us if world.latency_us and _is_of_the_api(change) else 0
    asked: object = None
    found: Iterable[Key] = ()
    for waker in wakers.concerned(kind, aspects, owner_kind, world.store.kinds):
        keys = waker.keys
        if keys is None:
            _wake(world, waker, change.key, revision, late_us)
            continue
        if keys is not asked:
            # Neighbours that ask the same, as both controllers of endpoints do, get the same answer.
            asked, found = keys, tuple(keys(change, world))
        for key in found:
            _wake(world, waker, key, revision, late_us)


def _is_of_the_api(change: Change) -> bool:
    """Whether clients can see the object, as none can see those of internal kinds."""
    obj = change.old if change.new is None else change.new
    return obj is not None and obj["apiVersion"] != "lab"


def _wake(world: World, waker: Waker, key: Key, revision: int, late_us: int) -> None:
    """Wake a component after its informer's delay; a pending event that is near enough absorbs it.

    `late_us` is how much later than usual the API server tells of it.
    """
    shortest, longest = world.timing.spans[waker.delay]
    earliest = world.now_us + shortest + late_us
    slot = (waker.component, key)
    agreed = world.pending.get(slot)
    if agreed is not None and agreed.at_us <= earliest:
        return
    if longest > shortest:
        spread = _in_order if waker.in_order else _apart
        earliest += spread(longest - shortest, waker.salt + world.seed * 97, world.now_us, revision)
    busy_us = world.busy.get(slot)
    if busy_us is not None and busy_us > earliest:
        earliest = busy_us
    if agreed is not None and agreed.at_us <= earliest:
        return
    world.sequence += 1
    event = Event(earliest, world.sequence, waker.component, key, revision)
    world.pending[slot] = event
    world.queue.push(event)


def _apart(span_us: int, salt: int, now_us: int, revision: int) -> int:
    """A delay within a span for each change by itself."""
    return _mixed(revision, salt) % span_us


def _in_order(span_us: int, salt: int, now_us: int, revision: int) -> int:
    """A delay within a span that lets no change overtake an earlier one, as one watch delivers them.

    Between points in time that lie a span apart at least the delay changes steadily, so never
    faster than time passes.
    """
    bits = span_us.bit_length()
    point = now_us >> bits
    here = _hashed(point, salt) % span_us
    return here + ((_hashed(point + 1, salt) % span_us - here) * (now_us - (point << bits)) >> bits)


@lru_cache(maxsize=1024)
def _hashed(point: int, salt: int) -> int:
    """The hash of a point in time: many changes are noticed between two of them."""
    return _mixed(point, salt)


def _mixed(number: int, salt: int) -> int:
    """A cheap hash of small integers: this runs for every watcher of every change."""
    mixed = (number * 2654435761 + salt * 40503) & 0xFFFFFFFF
    return mixed ^ mixed >> 15


def next_event(world: World) -> Event | None:
    """The event that falls due next, or None. Void entries on the way are dropped."""
    queue, pending = world.queue, world.pending
    while (event := queue.first()) is not None:
        if pending.get((event.target, event.key)) is event:
            return event
        queue.pop()
    return None
