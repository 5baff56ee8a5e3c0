"""Events, which are asked much more when they come by the newer API.

Which API was used is read off the object's own apiVersion.

Models pkg/apis/core/validation/events.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.kind import Rules
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, invalid, required
from k8slab.api.validation._metadata import (
    generic_create,
    immutable,
    validate_metadata,
    validate_metadata_update,
)
from k8slab.api.validation._names import byte_length, dns_subdomain, label_key

_NEW_API = "events.k8s.io/v1"


def _is_new_api(event: Obj) -> bool:
    return bool(event.get("apiVersion") == _NEW_API)


def _read(event: Obj, core: str, new: str) -> str:
    """A text by its name in the older API, or in the newer one."""
    return event.get(core) or event.get(new) or ""


def _legacy(event: Obj) -> list[Cause]:
    """What both APIs ask."""
    namespace = event["metadata"].get("namespace") or ""
    involved = event.get("involvedObject") or event.get("regarding") or {}
    of_object = involved.get("namespace") or ""
    causes: list[Cause] = []
    if not event.get("eventTime"):
        fits = namespace == of_object if of_object else namespace in ("", "default")
    else:
        fits = bool(of_object) or namespace in ("default", "kube-system")
    if not fits:
        detail = "does not match event.namespace"
        causes.append(invalid("involvedObject.namespace", of_object, detail))
    if event.get("eventTime"):
        causes += _validate_reporting(event)
    return causes + all_invalid("namespace", namespace, dns_subdomain(namespace))


def _validate_reporting(event: Obj) -> list[Cause]:
    path = "reportingController" if _is_new_api(event) else "reportingComponent"
    controller = _read(event, "reportingComponent", "reportingController")
    causes = [] if controller else [required(path)]
    causes += all_invalid(path, controller, label_key(controller))
    for name in ("reportingInstance", "action", "reason"):
        value = event.get(name) or ""
        if not value:
            causes.append(required(name))
        if byte_length(value) > 128:
            causes.append(invalid(name, "", "can have at most 128 characters"))
    if byte_length(_read(event, "message", "note")) > 1024:
        causes.append(invalid("message", "", "can have at most 1024 characters"))
    return causes


def _validate_series(event: Obj) -> list[Cause]:
    series = event.get("series")
    if series is None:
        return []
    causes: list[Cause] = []
    if (series.get("count") or 0) < 2:
        causes.append(invalid("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        causes.append(required("series.lastObservedTime"))
    return causes


_UNSET = (
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("source", "deprecatedSource"),
)


def _create(event: Obj) -> list[Cause]:
    causes = _legacy(event)
    if not _is_new_api(event):
        return causes or generic_create(event["metadata"], True)
    causes += validate_metadata(event["metadata"], True, dns_subdomain)
    causes += _validate_series(event)
    if not event.get("eventTime"):
        causes.append(required("eventTime"))
    kind = event.get("type") or ""
    if kind not in ("Normal", "Warning"):
        causes.append(invalid("type", "", f"has invalid value: {kind}"))
    for core, new in _UNSET:
        value = event.get(core) or event.get(new)
        if value and (core != "source" or value.get("component") or value.get("host")):
            causes.append(invalid(core, "", "needs to be unset"))
    return causes


_KEPT = (
    ("reason", "reason"),
    ("message", "note"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("type", "type"),
    ("eventTime", "eventTime"),
    ("action", "action"),
    ("reportingComponent", "reportingController"),
    ("reportingInstance", "reportingInstance"),
)


def _update(new: Obj, old: Obj) -> list[Cause]:
    again = _is_new_api(new)
    causes = validate_metadata_update(new["metadata"], old["metadata"], times=1, finalizer_names=False)
    causes += _legacy(new)
    if not again:
        return causes
    causes += validate_metadata_update(new["metadata"], old["metadata"], times=1)
    if new.get("series") != old.get("series"):
        causes += _validate_series(new)
    for core, name in _KEPT:
        value = new.get(core) or new.get(name)
        path = "reportingController" if core == "reportingComponent" else core
        causes += immutable(value, old.get(core) or old.get(name), path)
    return causes


RULES = Rules(create=_create, update=_update, status=_update)
