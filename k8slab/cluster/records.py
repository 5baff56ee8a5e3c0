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

from k8slab import chance
from k8slab.api.memo import remember_with
from k8slab.api.meta import Key, Obj
from k8slab.clock import HOUR_US, MINUTE_US, micro_timestamp, parse_timestamp, timestamp
from k8slab.cluster.api import Actor
from k8slab.cluster.queue import notify
from k8slab.cluster.world import Trail, World
from k8slab.components import Record

EVENT_LIFETIME_US = HOUR_US
"""How long the API server keeps an Event (`--event-ttl`)."""

_SERIES_LIFETIME_US = 6 * MINUTE_US
_EXPIRED_AT_ONCE = 2
"""How many expired Events each new one sweeps out: more than one, so that none pile up."""


def record(world: World, actor: Actor, action: Record, cause: int) -> None:
    """Store an Event about an object, or count up the one that already says it."""
    component = action.component or actor.user.rpartition(":")[2]
    reference = _reference(action.obj, action.field_path)
    identity = _identity(component, action.host, reference, action.type, action.reason, action.message)
    known = world.event_keys.get(identity)
    old = world.store.get("Event", known) if known is not None else None
    if known is not None and old is not None and not _expired(world, old):
        _write(world, actor, known, _repeated(world, old), cause)
        return
    _expire(world, cause)
    key = _free_key(world, reference)
    event = _new_event(world, action, component, reference, key)
    world.event_keys[identity] = key
    _write(world, actor, key, event, cause)


def _identity(
    component: str, host: str, reference: Obj, event_type: str, reason: str, message: str
) -> tuple[str, ...]:
    """What two Events must share to be the same one, said again."""
    return (
        component,
        host,
        reference["kind"],
        reference.get("namespace", ""),
        reference["name"],
        reference.get("uid", ""),
        reference.get("fieldPath", ""),
        event_type,
        reason,
        message,
    )


def _identity_of(event: Obj) -> tuple[str, ...]:
    """The identity of a stored Event."""
    host = (event.get("source") or {}).get("host", "")
    if event.get("action"):
        instance = event["reportingInstance"].removeprefix(f"{event['reportingComponent']}-")
        host = "" if instance == "control-plane" else instance
    return _identity(
        event["reportingComponent"],
        host,
        event["involvedObject"],
        event["type"],
        event["reason"],
        event["message"],
    )


def _reference_to(obj: Obj, field_path: str) -> Obj:
    metadata = obj["metadata"]
    reference: Obj = {"kind": obj["kind"]}
    for name in ("namespace", "name", "uid"):
        if metadata.get(name):
            reference[name] = metadata[name]
    reference["apiVersion"] = obj["apiVersion"]
    if metadata.get("resourceVersion"):
        reference["resourceVersion"] = metadata["resourceVersion"]
    if field_path:
        reference["fieldPath"] = field_path
    return reference


_reference = remember_with(_reference_to, 256)
"""What an Event says it is about; Events of one look at an object share it."""


@lru_cache(maxsize=16384)
def _source(component: str, host: str) -> Obj:
    return {"component": component, "host": host} if host else {"component": component}


def _free_key(world: World, reference: Obj) -> Key:
    """`<object>.<hex of the time in nanoseconds>` in the object's namespace."""
    namespace = reference.get("namespace") or "default"
    # The clock counts microseconds; the revision tells Events of one instant apart.
    nanoseconds = world.now_us * 1000 + world.store.revision % 1000
    while True:
        key = (namespace, f"{reference['name']}.{nanoseconds:x}")
        if world.store.get("Event", key) is None:
            return key
        nanoseconds += 1


def _new_event(world: World, action: Record, component: str, reference: Obj, key: Key) -> Obj:
    when = timestamp(world.now_us)
    metadata = {
        "name": key[1],
        "namespace": key[0],
        "uid": chance.uid(world.seed, "Event", *key),
        "creationTimestamp": when,
    }
    event: Obj = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": metadata,
        "involvedObject": reference,
        "reason": action.reason,
        "message": action.message,
        "type": action.type,
    }
    if action.action:
        event["source"] = {}
        event["firstTimestamp"] = None
        event["lastTimestamp"] = None
        event["eventTime"] = micro_timestamp(world.now_us)
        event["action"] = action.action
        event["reportingComponent"] = component
        event["reportingInstance"] = f"{component}-{action.host or 'control-plane'}"
        if action.related is not None:
            event["related"] = action.related
        return event
    event["source"] = _source(component, action.host)
    event["firstTimestamp"] = when
    event["lastTimestamp"] = when
    event["count"] = 1
    event["eventTime"] = None
    event["reportingComponent"] = component
    event["reportingInstance"] = action.host
    return event


def _repeated(world: World, old: Obj) -> Obj:
    if old.get("eventTime"):
        count = (old.get("series") or {}).get("count", 1) + 1
        return {**old, "series": {"count": count, "lastObservedTime": micro_timestamp(world.now_us)}}
    return {**old, "count": old.get("count", 1) + 1, "lastTimestamp": timestamp(world.now_us)}


def last_seen_us(event: Obj) -> int:
    """The instant at which an Event was last seen."""
    series = event.get("series") or {}
    text = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return parse_timestamp(text or event["metadata"]["creationTimestamp"])


def _expired(world: World, event: Obj) -> bool:
    lifetime = _SERIES_LIFETIME_US if event.get("eventTime") else EVENT_LIFETIME_US
    return world.now_us - last_seen_us(event) > lifetime


def _expire(world: World, cause: int) -> None:
    """Remove the oldest Events whose hour is over; a few at a time, so that no write is slow."""
    for event in world.store.first("Event", _EXPIRED_AT_ONCE):
        if world.now_us - last_seen_us(event) <= EVENT_LIFETIME_US:
            return
        metadata = event["metadata"]
        key = (metadata["namespace"], metadata["name"])
        notify(world, world.store.write("Event", key, None, world.now_us, cause))
        world.trails.pop(("Event", key), None)
        if event.get("reportingComponent"):
            world.event_keys.pop(_identity_of(event), None)


def _write(world: World, actor: Actor, key: Key, event: Obj, cause: int) -> None:
    change = world.store.write("Event", key, event, world.now_us, cause)
    stored = change.new
    assert stored is not None, "an Event is stored"
    slot = ("Event", key)
    world.trails[slot] = Trail(
        world.trails.get(slot), actor.manager, "Update", "", "v1", world.now_us, stored
    )
    notify(world, change)
