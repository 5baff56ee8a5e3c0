"""Events, which are asked much more when they come by the newer API.

Objects are in the stored form, with the names of `v1`, in both cases: `RULES`
is for requests to `v1`, `NEW_API_RULES` for those to `events.k8s.io/v1`.

Models pkg/apis/core/validation/events.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.kind import Rules
from k8slab.api.meta import Obj
from k8slab.api.validation._field import IMMUTABLE, all_invalid, invalid, required
from k8slab.api.validation._metadata import (
    generic_create,
    generic_update,
    own_update,
    validate_metadata,
)
from k8slab.api.validation._names import byte_length, dns_subdomain, label_key


def _validate_both(event: Obj, reporting_path: str) -> list[Cause]:
    """What both APIs ask."""
    namespace = event["metadata"].get("namespace") or ""
    involved = (event.get("involvedObject") or {}).get("namespace") or ""
    causes: list[Cause] = []
    if not event.get("eventTime"):
        fits = namespace == involved if involved else namespace in ("", "default")
    else:
        fits = bool(involved) or namespace in ("default", "kube-system")
    if not fits:
        causes.append(invalid("involvedObject.namespace", involved, "does not match event.namespace"))
    if event.get("eventTime"):
        causes += _validate_reporting(event, reporting_path)
    return causes + all_invalid("namespace", namespace, dns_subdomain(namespace))


def _validate_reporting(event: Obj, path: str) -> list[Cause]:
    controller = event.get("reportingComponent") or ""
    causes = [] if controller else [required(path)]
    causes += all_invalid(path, controller, label_key(controller))
    for name in ("reportingInstance", "action", "reason"):
        value = event.get(name) or ""
        if not value:
            causes.append(required(name))
        if byte_length(value) > 128:
            causes.append(invalid(name, "", "can have at most 128 characters"))
    if byte_length(event.get("message") or "") > 1024:
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


def _create(event: Obj) -> list[Cause]:
    return _validate_both(event, "reportingComponent") or generic_create(event["metadata"], True)


def _update(new: Obj, old: Obj) -> list[Cause]:
    causes = generic_update(new["metadata"], old["metadata"])
    return causes + _validate_both(new, "reportingComponent")


def _create_new_api(event: Obj) -> list[Cause]:
    causes = _validate_both(event, "reportingController")
    causes += validate_metadata(event["metadata"], True, dns_subdomain)
    causes += _validate_series(event)
    if not event.get("eventTime"):
        causes.append(required("eventTime"))
    kind = event.get("type") or ""
    if kind not in ("Normal", "Warning"):
        causes.append(invalid("type", "", f"has invalid value: {kind}"))
    source = event.get("source") or {}
    for name in ("firstTimestamp", "lastTimestamp", "count"):
        if event.get(name):
            causes.append(invalid(name, "", "needs to be unset"))
    if source.get("component") or source.get("host"):
        causes.append(invalid("source", "", "needs to be unset"))
    return causes


# What stays, in upstream's order; the reason is asked twice.
_KEPT = (
    "involvedObject",
    "reason",
    "message",
    "source",
    "firstTimestamp",
    "lastTimestamp",
    "count",
    "reason",
    "type",
    "eventTime",
    "action",
    "related",
    "reportingComponent",
    "reportingInstance",
)


def _shown(name: str, value: Any) -> Any:
    """A field as a message quotes it: references with Go's names, absent texts as empty ones."""
    if name == "involvedObject" or (name == "related" and value is not None):
        return {go_name: (value or {}).get(json_name) or "" for go_name, json_name in _REFERENCE}
    if name == "source":
        return {"Component": (value or {}).get("component", ""), "Host": (value or {}).get("host", "")}
    if value is None and name in ("firstTimestamp", "lastTimestamp", "eventTime", "related"):
        return None
    if name == "count":
        return value or 0
    return value or ""


_REFERENCE = (
    ("Kind", "kind"),
    ("Namespace", "namespace"),
    ("Name", "name"),
    ("UID", "uid"),
    ("APIVersion", "apiVersion"),
    ("ResourceVersion", "resourceVersion"),
    ("FieldPath", "fieldPath"),
)


def _update_new_api(new: Obj, old: Obj) -> list[Cause]:
    after, before = new["metadata"], old["metadata"]
    causes = generic_update(after, before)
    causes += _validate_both(new, "reportingController")
    causes += own_update(after, before)
    if new.get("series") != old.get("series"):
        causes += _validate_series(new)
    for name in _KEPT:
        value = new.get(name)
        if value != old.get(name) and (value or old.get(name)):
            path = "reportingController" if name == "reportingComponent" else name
            causes.append(invalid(path, _shown(name, value), IMMUTABLE))
    return causes


RULES = Rules(create=_create, update=_update, status=_update)
NEW_API_RULES = Rules(create=_create_new_api, update=_update_new_api, status=_update_new_api)
"""The rules for events that come by `events.k8s.io/v1`."""
