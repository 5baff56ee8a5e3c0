"""Events as they are kept: what was said, by whom and when, and the API object only when someone reads it.

Components record more Events than they write anything else, and hardly any is
ever read. So a recorded Event is kept as a short tuple: the store and history
hold it, and `event_object` builds the dict that every reader sees, the same
one each time. An Event that a client created or changed is a dict like all
other objects.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from k8slab import chance
from k8slab.api.meta import Key, Obj
from k8slab.clock import SECOND_US, micro_timestamp, timestamp
from k8slab.store.view import Change


class About(NamedTuple):
    """Which object an Event is about: all that are said of one share it."""

    kind: str
    namespace: str
    name: str
    uid: str


class Voice(NamedTuple):
    """Who says it and how: what thousands of Events have in common, so that they share it as well."""

    component: str
    host: str
    type: str
    reason: str
    field_path: str
    """Which part of the object it is about."""
    api_version: str
    action: str
    manager: str
    seed: int


@lru_cache(maxsize=65536)
def voice_of(
    component: str,
    host: str,
    type_: str,
    reason: str,
    field_path: str,
    api_version: str,
    action: str,
    manager: str,
    seed: int,
) -> Voice:
    """One voice for all that are equal."""
    return Voice(component, host, type_, reason, field_path, api_version, action, manager, seed)


class More(NamedTuple):
    """What few Events have: an earlier version, a related object, or a name that was moved out of the way."""

    first: RecordedEvent | None = None
    """The first version, for all later ones."""
    related: Obj | None = None
    shift: int = 0
    """By how many nanoseconds its name is off, because a client's Event had that name."""


def moment(at_us: int, revision: int) -> int:
    """The time of a change in nanoseconds, which no other change has.

    The clock counts microseconds, and many things happen at one instant; the revision tells them apart.
    """
    return at_us * 1000 + revision - 1


class RecordedEvent(NamedTuple):
    """One version of an Event. About, voice and message are what two must share to be the same one."""

    revision: int
    at_us: int
    cause: int
    about: About
    voice: Voice
    message: str
    resource_version: str
    times: int
    more: More | None = None

    @property
    def kind(self) -> str:
        """The kind of object, as a `Change` says it."""
        return "Event"

    @property
    def first(self) -> RecordedEvent:
        """The first version: it names the Event."""
        return self if self.more is None or self.more.first is None else self.more.first

    @property
    def number(self) -> int:
        """The revision at which it was first said, by which the Event is known for as long as it is there."""
        more = self.more
        return self.revision if more is None or more.first is None else more.first.revision

    @property
    def nanoseconds(self) -> int:
        """The time in its name."""
        first = self.first
        return moment(first.at_us, first.revision) + (0 if first.more is None else first.more.shift)

    @property
    def key(self) -> Key:
        """`<object>.<hex of the time in nanoseconds>` in the object's namespace."""
        about = self.about
        return (about.namespace or "default", f"{about.name}.{self.nanoseconds:x}")

    @property
    def last_seen_us(self) -> int:
        """The instant at which it was last seen, as far as its object says it."""
        return self.at_us if self.voice.action else self.at_us // SECOND_US * SECOND_US


class Repeat(NamedTuple):
    """In history: an Event that was said again."""

    revision: int
    at_us: int
    cause: int
    before: RecordedEvent
    after: RecordedEvent

    @property
    def kind(self) -> str:
        """The kind of object."""
        return "Event"

    @property
    def key(self) -> Key:
        """The Event's key."""
        return self.before.key


class Expiry(NamedTuple):
    """In history: an Event that was removed."""

    revision: int
    at_us: int
    cause: int
    before: RecordedEvent

    @property
    def kind(self) -> str:
        """The kind of object."""
        return "Event"

    @property
    def key(self) -> Key:
        """The Event's key."""
        return self.before.key


Row = Change | RecordedEvent | Repeat | Expiry
"""What history keeps of a change."""


def change_of(row: Row) -> Change:
    """The change that a row of history stands for."""
    if isinstance(row, Change):
        return row
    old: Obj | None = None
    new: Obj | None = None
    if isinstance(row, RecordedEvent):
        key, new = row.key, event_object(row)
    elif isinstance(row, Repeat):
        key, old, new = row.after.key, event_object(row.before), event_object(row.after)
    else:
        key, old = row.before.key, event_object(row.before)
    return Change(row.revision, row.at_us, "Event", key, old, new, row.cause)


@lru_cache(maxsize=16384)
def _source(component: str, host: str) -> Obj:
    return {"component": component, "host": host} if host else {"component": component}


def reference_object(about: About, voice: Voice, resource_version: str) -> Obj:
    """An ObjectReference."""
    reference: Obj = {"kind": about.kind}
    if about.namespace:
        reference["namespace"] = about.namespace
    if about.name:
        reference["name"] = about.name
    if about.uid:
        reference["uid"] = about.uid
    reference["apiVersion"] = voice.api_version
    if resource_version:
        reference["resourceVersion"] = resource_version
    if voice.field_path:
        reference["fieldPath"] = voice.field_path
    return reference


def event_object(row: RecordedEvent) -> Obj:
    """The Event as a v1 object.

    Two manners exist, as upstream: most components write core/v1 Events with a
    count; one with an `action` is an events.k8s.io Event with a series.
    """
    first_us = row.first.at_us
    when = timestamp(first_us)
    voice, (namespace, name) = row.voice, row.key
    event: Obj = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": chance.uid(voice.seed, "Event", namespace, name),
            "creationTimestamp": when,
            "resourceVersion": str(row.revision),
        },
        "involvedObject": reference_object(row.about, voice, row.resource_version),
        "reason": voice.reason,
        "message": row.message,
        "type": voice.type,
    }
    if voice.action:
        _in_new_manner(event, row, first_us)
        return event
    event["source"] = _source(voice.component, voice.host)
    event["firstTimestamp"] = when
    event["lastTimestamp"] = timestamp(row.at_us)
    event["count"] = row.times
    event["eventTime"] = None
    event["reportingComponent"] = voice.component
    event["reportingInstance"] = voice.host
    return event


def _in_new_manner(event: Obj, row: RecordedEvent, first_us: int) -> None:
    component = row.voice.component
    event["source"] = {}
    event["firstTimestamp"] = None
    event["lastTimestamp"] = None
    event["eventTime"] = micro_timestamp(first_us)
    event["action"] = row.voice.action
    event["reportingComponent"] = component
    event["reportingInstance"] = f"{component}-{row.voice.host or 'control-plane'}"
    if row.more is not None and row.more.related is not None:
        event["related"] = row.more.related
    if row.times > 1:
        event["series"] = {"count": row.times, "lastObservedTime": micro_timestamp(row.at_us)}
