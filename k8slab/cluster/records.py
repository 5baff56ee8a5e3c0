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

from k8slab.api.meta import Obj
from k8slab.clock import HOUR_US, MINUTE_US, micro_timestamp, parse_timestamp, timestamp
from k8slab.cluster.api import Actor
from k8slab.cluster.queue import notify
from k8slab.cluster.world import Trail, World
from k8slab.components import Record
from k8slab.store.recorded import About, More, RecordedEvent, voice_of

EVENT_LIFETIME_US = HOUR_US
"""How long the API server keeps an Event (`--event-ttl`)."""

_SERIES_LIFETIME_US = 6 * MINUTE_US
_EXPIRED_AT_ONCE = 2
"""How many expired Events each new one sweeps out: more than one, so that none pile up."""
_MOST_PASSED_OVER = 256
"""Old Events that are still being said and so may stand before one whose hour is over."""


def record(world: World, actor: Actor, action: Record, cause: int) -> None:
    """Store an Event about an object, or count up the one that already says it."""
    obj = action.obj
    metadata = obj["metadata"]
    about = _about(
        obj["kind"],
        metadata.get("namespace") or "",
        metadata.get("name") or "",
        metadata.get("uid") or "",
    )
    voice = voice_of(
        action.component or actor.user.rpartition(":")[2],
        action.host,
        action.type,
        action.reason,
        action.field_path,
        obj["apiVersion"],
        action.action,
        actor.manager,
        world.seed,
    )
    store = world.store
    old = store.event_that_says(about, voice, action.message)
    if old is not None and not _expired(world, old):
        _repeat(world, actor, old, cause)
        return
    is_heard = _is_heard(world)
    _expire(world, cause, is_heard=is_heard)
    resource_version = metadata.get("resourceVersion") or ""
    more = None if action.related is None else More(related=action.related)
    event = RecordedEvent(
        store.revision + 1, world.now_us, cause, about, voice, action.message, resource_version, 1, more
    )
    if store.has_unusual_event_names():
        event = _with_free_name(world, event)
    store.record(event)
    if is_heard:
        _tell(world)


@lru_cache(maxsize=8192)
def _about(kind: str, namespace: str, name: str, uid: str) -> About:
    """What an Event is about; Events of one object share it."""
    return About(kind, namespace, name, uid)


def _is_heard(world: World) -> bool:
    """Whether anyone watches Events."""
    return "Event" in world.wakers.kinds or world.is_observed("Event")


def _tell(world: World) -> None:
    """Tell whoever watches Events of the last change, which was one."""
    notify(world, world.store.history[-1])


def _with_free_name(world: World, event: RecordedEvent) -> RecordedEvent:
    """An Event whose name no other has: only a client may have chosen the same."""
    while world.store.event(event.key) is not None:
        more = event.more or More()
        event = event._replace(more=more._replace(shift=more.shift + 1))
    return event


def _repeat(world: World, actor: Actor, old: RecordedEvent | Obj, cause: int) -> None:
    """Count an Event up."""
    if isinstance(old, RecordedEvent):
        more = (old.more or More())._replace(first=old.first)
        revision = world.store.revision + 1
        again = old._replace(
            revision=revision, at_us=world.now_us, cause=cause, times=old.times + 1, more=more
        )
        world.store.repeat(old, again)
        if _is_heard(world):
            _tell(world)
        return
    metadata = old["metadata"]
    key = (metadata["namespace"], metadata["name"])
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
    in_new_manner = event.voice.action if isinstance(event, RecordedEvent) else event.get("eventTime")
    lifetime = _SERIES_LIFETIME_US if in_new_manner else EVENT_LIFETIME_US
    return world.now_us - last_seen_us(event) > lifetime


def _due(world: World) -> tuple[list[RecordedEvent | Obj], int]:
    """The oldest Events whose hour is over, and until when none of the others is to be removed.

    One that was said again has had another hour since. 0 where no such instant is known.
    """
    found: list[RecordedEvent | Obj] = []
    are_passed_over = False
    over_us = world.now_us - EVENT_LIFETIME_US
    for event in world.store.oldest_events(_MOST_PASSED_OVER):
        seen_us = last_seen_us(event)
        if seen_us < over_us:
            found.append(event)
            if len(found) == _EXPIRED_AT_ONCE:
                break
        elif _was_repeated(event):
            are_passed_over = True
        else:
            return found, 0 if are_passed_over else seen_us + EVENT_LIFETIME_US
    return found, 0


def _was_repeated(event: RecordedEvent | Obj) -> bool:
    if isinstance(event, RecordedEvent):
        return event.times > 1
    return bool(event.get("series")) or event.get("count", 1) > 1


def _expire(world: World, cause: int, *, is_heard: bool) -> None:
    """Remove the oldest Events whose hour is over; a few at a time, so that no write is slow."""
    if world.now_us <= world.store.no_event_expires_until_us:
        return
    due, quiet_until_us = _due(world)
    for event in due:
        if isinstance(event, RecordedEvent):
            world.store.expire(event, world.now_us, cause)
            if is_heard:
                _tell(world)
            continue
        metadata = event["metadata"]
        key = (metadata["namespace"], metadata["name"])
        notify(world, world.store.write("Event", key, None, world.now_us, cause))
        world.trails.pop(("Event", key), None)
    if quiet_until_us:
        world.store.keep_events_until(quiet_until_us)
