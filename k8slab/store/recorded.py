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
    """Which object, and which part of it, an Event is about."""

    kind: str
    namespace: str
    name: str
    uid: str
    field_path: str


class Saying(NamedTuple):
    """What two Events must share to be the same one, said again."""

    about: About
    component: str
    host: str
    type: str
    reason: str
    message: str


class RecordedEvent(NamedTuple):
    """One version of an Event. `first` is None for the first one, and is the first one for all later ones."""

    revision: int
    at_us: int
    cause: int
    key: Key
    saying: Saying
    api_version: str
    resource_version: str
    action: str
    related: Obj | None
    manager: str
    seed: int
    times: int
    first: RecordedEvent | None

    @property
    def kind(self) -> str:
        """The kind of object, as a `Change` says it."""
        return "Event"

    @property
    def last_seen_us(self) -> int:
        """The instant at which it was last seen, as far as its object says it."""
        return self.at_us if self.action else self.at_us // SECOND_US * SECOND_US


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


def reference_object(about: About, api_version: str, resource_version: str) -> Obj:
    """An ObjectReference."""
    reference: Obj = {"kind": about.kind}
    if about.namespace:
        reference["namespace"] = about.namespace
    if about.name:
        reference["name"] = about.name
    if about.uid:
        reference["uid"] = about.uid
    reference["apiVersion"] = api_version
    if resource_version:
        reference["resourceVersion"] = resource_version
    if about.field_path:
        reference["fieldPath"] = about.field_path
    return reference


def event_object(row: RecordedEvent) -> Obj:
    """The Event as a v1 object.

    Two manners exist, as upstream: most components write core/v1 Events with a
    count; one with an `action` is an events.k8s.io Event with a series.
    """
    first_us = row.at_us if row.first is None else row.first.at_us
    when = timestamp(first_us)
    saying = row.saying
    component, host = saying.component, saying.host
    event: Obj = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": row.key[1],
            "namespace": row.key[0],
            "uid": chance.uid(row.seed, "Event", *row.key),
            "creationTimestamp": when,
            "resourceVersion": str(row.revision),
        },
        "involvedObject": reference_object(saying.about, row.api_version, row.resource_version),
        "reason": saying.reason,
        "message": saying.message,
        "type": saying.type,
    }
    if row.action:
        _in_new_manner(event, row, first_us)
        return event
    event["source"] = _source(component, host)
    event["firstTimestamp"] = when
    event["lastTimestamp"] = timestamp(row.at_us)
    event["count"] = row.times
    event["eventTime"] = None
    event["reportingComponent"] = component
    event["reportingInstance"] = host
    return event


def _in_new_manner(event: Obj, row: RecordedEvent, first_us: int) -> None:
    component = row.saying.component
    event["source"] = {}
    event["firstTimestamp"] = None
    event["lastTimestamp"] = None
    event["eventTime"] = micro_timestamp(first_us)
    event["action"] = row.action
    event["reportingComponent"] = component
    event["reportingInstance"] = f"{component}-{row.saying.host or 'control-plane'}"
    if row.related is not None:
        event["related"] = row.related
    if row.times > 1:
        event["series"] = {"count": row.times, "lastObservedTime": micro_timestamp(row.at_us)}
