"""The work queue: one pending event per component and key, in a total order.

A wake that comes before the agreed event replaces it, a later one is absorbed.

Models staging/src/k8s.io/client-go/util/workqueue (delaying, de-duplication), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.api.meta import Key
from k8slab.cluster.likenesses import LOOKED_AT
from k8slab.cluster.world import Event, Waker, World
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
    aspects, owner_kind = ANY, ""
    if kind in wakers.choosy:
        aspects, owner_kind = aspects_of(change), owner_kind_of(change)
    world.observe(change, aspects)
    revision = change.revision
    asked: object = None
    found: Iterable[Key] = ()
    for waker in wakers.concerned(kind, aspects, owner_kind, world.store.kinds):
        keys = waker.keys
        if keys is None:
            _wake(world, waker, change.key, revision)
            continue
        if keys is not asked:
            # Neighbours that ask the same, as both controllers of endpoints do, get the same answer.
            asked, found = keys, tuple(keys(change, world))
        for key in found:
            _wake(world, waker, key, revision)


def _wake(world: World, waker: Waker, key: Key, revision: int) -> None:
    """Wake a component after its informer's delay; a pending event that is near enough absorbs it."""
    shortest, longest = world.timing.spans[waker.delay]
    earliest = world.now_us + shortest
    slot = (waker.component, key)
    agreed = world.pending.get(slot)
    if agreed is not None and agreed.at_us <= earliest:
        return
    if longest > shortest:
        # A cheap integer hash spreads the delays: this runs for every watcher of every change.
        mixed = (revision * 2654435761 + waker.salt * 40503 + world.seed * 97) & 0xFFFFFFFF
        earliest += (mixed ^ mixed >> 15) % (longest - shortest)
    busy_us = world.busy.get(slot)
    if busy_us is not None and busy_us > earliest:
        earliest = busy_us
    if agreed is not None and agreed.at_us <= earliest:
        return
    world.sequence += 1
    event = Event(earliest, world.sequence, waker.component, key, revision)
    world.pending[slot] = event
    world.queue.push(event)


def next_event(world: World) -> Event | None:
    """The event that falls due next, or None. Void entries on the way are dropped."""
    queue, pending = world.queue, world.pending
    while (event := queue.first()) is not None:
        if pending.get((event.target, event.key)) is event:
            return event
        queue.pop()
    return None
