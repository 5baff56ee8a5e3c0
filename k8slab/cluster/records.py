"""Recording Events: what components say about objects, counted up where it repeats.

An Event is written past validation, because it is made here and nowhere
else. Two manners exist, as upstream: most components write core/v1 Events
with a count; the scheduler writes events.k8s.io Events with a series.

Models staging/src/k8s.io/client-go/tools/record/{event,events_cache}.go and
tools/events/event_recorder.go, v1.36, without the spam filter: a lesson should
not lose what happened.
"""

from __future__ import annotations

from functools import lru_cache

from k8slab.api.meta import Key, Obj
from k8slab.clock import HOUR_US, MINUTE_US, micro_timestamp, parse_timestamp, timestamp
from k8slab.cluster.api import Actor
from k8slab.cluster.queue import notify
from k8slab.cluster.world import Trail, World
from k8slab.components import Record
from k8slab.store.recorded import About, RecordedEvent, Saying

EVENT_LIFETIME_US = HOUR_US
"""How long the API server keeps an Event (`--event-ttl`)."""

_SERIES_LIFETIME_US = 6 * MINUTE_US
_EXPIRED_AT_ONCE = 2
_MOST_PASSED_OVER = 256
"""Old Events that are still being said and so may stand before one whose hour is over."""
"""How many expired Events each new one sweeps out: more than one, so that none pile up."""


def record(world: World, actor: Actor, action: Record, cause: int) -> None:
    """Store an Event about an object, or count up the one that already says it."""
    component = action.component or actor.user.rpartition(":")[2]
    metadata = action.obj["metadata"]
    about = _about(
        action.obj["kind"],
        metadata.get("namespace") or "",
        metadata.get("name") or "",
        metadata.get("uid") or "",
        action.field_path,
    )
    saying = Saying(about, component, action.host, action.type, action.reason, action.message)
    known = world.store.event_that_says(saying)
    if known is not None:
        old = world.store.event(known)
        if old is not None and not _expired(world, old):
            _repeat(world, actor, known, old, cause)
            return
    _expire(world, cause)
    key = _free_key(world, about)
    store = world.store
    event = RecordedEvent(
        store.revision + 1,
        world.now_us,
        cause,
        key,
        saying,
        action.obj["apiVersion"],
        metadata.get("resourceVersion") or "",
        action.action,
        action.related,
        actor.manager,
        world.seed,
        1,
        None,
    )
    store.record(event)
    _tell(world)


@lru_cache(maxsize=8192)
def _about(kind: str, namespace: str, name: str, uid: str, field_path: str) -> About:
    """What an Event is about; Events of one object share it."""
    return About(kind, namespace, name, uid, field_path)


def _tell(world: World) -> None:
    """Tell whoever watches Events of the last change, which was one."""
    if "Event" in world.wakers or world.is_observed("Event"):
        notify(world, world.store.history[-1])


def _free_key(world: World, about: About) -> Key:
    """`<object>.<hex of the time in nanoseconds>` in the object's namespace."""
    namespace = about.namespace or "default"
    store = world.store
    # The clock counts microseconds; the revision tells Events of one instant apart.
    nanoseconds = world.now_us * 1000 + store.revision % 1000
    while True:
        key = (namespace, f"{about.name}.{nanoseconds:x}")
        if not store.has_known_event(key) or store.event(key) is None:
            return key
        nanoseconds += 1


def _repeat(world: World, actor: Actor, key: Key, old: RecordedEvent | Obj, cause: int) -> None:
    """Count an Event up."""
    if isinstance(old, RecordedEvent):
        first = old if old.first is None else old.first
        revision = world.store.revision + 1
        again = old._replace(
            revision=revision, at_us=world.now_us, cause=cause, times=old.times + 1, first=first
        )
        world.store.record(again)
        _tell(world)
        return
    change = world.store.write("Event", key, _repeated(world, old), world.now_us, cause)
    stored = change.new
    assert stored is not None, "an Event is stored"
    slot = ("Event", key)
    world.trails[slot] = Trail(
        world.trails.get(slot), actor.manager, "Update", "", "v1", world.now_us, stored
    )
    notify(world, change)


def _repeated(world: World, old: Obj) -> Obj:
    if old.get("eventTime"):
        count = (old.get("series") or {}).get("count", 1) + 1
        return {**old, "series": {"count": count, "lastObservedTime": micro_timestamp(world.now_us)}}
    return {**old, "count": old.get("count", 1) + 1, "lastTimestamp": timestamp(world.now_us)}


def last_seen_us(event: RecordedEvent | Obj) -> int:
    """The instant at which an Event was last seen."""
    if isinstance(event, RecordedEvent):
        return event.last_seen_us
    series = event.get("series") or {}
    text = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return parse_timestamp(text or event["metadata"]["creationTimestamp"])


def _expired(world: World, event: RecordedEvent | Obj) -> bool:
    in_new_manner = event.action if isinstance(event, RecordedEvent) else event.get("eventTime")
    lifetime = _SERIES_LIFETIME_US if in_new_manner else EVENT_LIFETIME_US
    return world.now_us - last_seen_us(event) > lifetime


def _due(world: World) -> list[RecordedEvent | Obj]:
    """The oldest Events whose hour is over. One that was said again has had another hour since."""
    found: list[RecordedEvent | Obj] = []
    oldest = world.store.oldest_event()
    if oldest is None:
        return found
    if _is_young(world, oldest) and not _was_repeated(oldest):
        world.store.keep_events_until(last_seen_us(oldest) + EVENT_LIFETIME_US)
        return found
    for event in world.store.oldest_events(_MOST_PASSED_OVER):
        if not _is_young(world, event):
            found.append(event)
            if len(found) == _EXPIRED_AT_ONCE:
                break
        elif not _was_repeated(event):
            break
    return found


def _is_young(world: World, event: RecordedEvent | Obj) -> bool:
    return world.now_us - last_seen_us(event) <= EVENT_LIFETIME_US


def _was_repeated(event: RecordedEvent | Obj) -> bool:
    if isinstance(event, RecordedEvent):
        return event.times > 1
    return bool(event.get("series")) or event.get("count", 1) > 1


def _expire(world: World, cause: int) -> None:
    """Remove the oldest Events whose hour is over; a few at a time, so that no write is slow."""
    if world.now_us <= world.store.no_event_expires_until_us:
        return
    for event in _due(world):
        if isinstance(event, RecordedEvent):
            world.store.expire(event, world.now_us, cause)
            _tell(world)
            continue
        metadata = event["metadata"]
        key = (metadata["namespace"], metadata["name"])
        notify(world, world.store.write("Event", key, None, world.now_us, cause))
        world.trails.pop(("Event", key), None)
