"""Event, served as `v1` and as `events.k8s.io/v1`; stored in the first form.

Models pkg/apis/events/v1/conversion.go and pkg/registry/core/event/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind, Version
from k8slab.api.kinds._defaulting import defaulter
from k8slab.api.meta import Obj

_NEW_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_OLD_NAMES = {new: old for old, new in _NEW_NAMES.items()}
_OMITTED_WHEN_EMPTY = ("reportingController", "reportingInstance", "note", "reason", "action", "type")

_fill_new = defaulter("api.events.v1.Event")


def _to_storage(event: Obj) -> Obj:
    renamed = {_OLD_NAMES.get(name, name): value for name, value in event.items()}
    return {**renamed, "apiVersion": "v1"}


def _from_storage(event: Obj) -> Obj:
    renamed = {_NEW_NAMES.get(name, name): value for name, value in event.items()}
    shown = {name: value for name, value in renamed.items() if value or name not in _OMITTED_WHEN_EMPTY}
    return _fill_new({**shown, "apiVersion": "events.k8s.io/v1"})


KIND = Kind(
    kind="Event",
    group="",
    version="v1",
    plural="events",
    singular="event",
    namespaced=True,
    short_names=("ev",),
    default=defaulter("api.core.v1.Event"),
    create_on_update=True,
    fields=(
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    other_versions=(Version("events.k8s.io", "v1", _to_storage, _from_storage),),
)
