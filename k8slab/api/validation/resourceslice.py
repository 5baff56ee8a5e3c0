"""ResourceSlices. Models pkg/apis/resource/validation/validation.go (ValidateResourceSlice), v1.36."""

from __future__ import annotations

import re

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._affinity import validate_node_selector
from k8slab.api.validation._device_capacity import validate_capacity
from k8slab.api.validation._devices import (
    name_of,
    validate_bindings,
    validate_driver,
    validate_each,
    validate_label,
    validate_pool_name,
    validate_qualified_name,
    validate_set,
    validate_taint,
)
from k8slab.api.validation._field import IMMUTABLE, all_invalid, invalid, required, too_long, too_many
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import byte_length, dns_subdomain
from k8slab.api.validation._shape import shape

_MOST_DEVICES, _MOST_ADVANCED_DEVICES = 128, 64
_MOST_COUNTER_SETS, _MOST_COUNTERS, _MOST_CONSUMPTIONS = 8, 32, 2
_MOST_ATTRIBUTES, _MOST_VALUES, _MOST_TAINTS = 32, 48, 16
_LONGEST_VALUE = 64
_PLACES = "`nodeName`, `nodeSelector`, `allNodes`"
_IN_SLICE = f"exactly one of {_PLACES}, `perDeviceNodeSelection` is required"
_IN_DEVICE = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` "
    "is set to true in the ResourceSlice spec"
)
_NOT_IN_DEVICE = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true "
    "in the ResourceSlice spec"
)
_NUMBER, _PART = r"(0|[1-9]\d*)", r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PART}(\.{_PART})*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?", re.ASCII
)
_LISTS = ("bools", "ints", "strings", "versions")


def _create(new: Obj) -> list[Cause]:
    return _validate_spec(new.get("spec") or {}, None)


def _update(new: Obj, old: Obj) -> list[Cause]:
    return _validate_spec(new.get("spec") or {}, old.get("spec") or {})


def _validate_spec(spec: Obj, old: Obj | None) -> list[Cause]:
    pool = spec.get("pool") or {}
    causes = validate_driver(spec.get("driver") or "", "spec.driver") + _validate_pool(pool)
    if old is not None:
        causes += _changed(spec, old)
    causes += _validate_place(spec)
    if spec.get("sharedCounters") is not None and spec.get("devices") is not None:
        causes.append(invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed"))
    devices = spec.get("devices") or ()
    stored = {name_of(one): one for one in (old or {}).get("devices") or ()}
    by_device = bool(spec.get("perDeviceNodeSelection"))
    causes += validate_set(
        devices,
        _MOST_ADVANCED_DEVICES if any(map(_is_advanced, devices)) else _MOST_DEVICES,
        lambda one, at: _validate_device(one, at, stored.get(name_of(one)), by_device),
        "spec.devices",
        name_of,
    )
    counters = spec.get("sharedCounters") or ()
    return causes + validate_set(
        counters, _MOST_COUNTER_SETS, _validate_counter_set, "spec.sharedCounters", name_of
    )


def _changed(spec: Obj, old: Obj) -> list[Cause]:
    causes: list[Cause] = []
    after, before = ((one.get("pool") or {}).get("name") or "" for one in (spec, old))
    if after != before:
        causes.append(invalid("spec.pool.name", after, IMMUTABLE))
    if (spec.get("driver") or "") != (old.get("driver") or ""):
        causes.append(invalid("spec.driver", spec.get("driver") or "", IMMUTABLE))
    if spec.get("nodeName") != old.get("nodeName"):
        causes.append(invalid("spec.nodeName", spec.get("nodeName"), IMMUTABLE))
    return causes


def _validate_pool(pool: Obj) -> list[Cause]:
    count, generation = pool.get("resourceSliceCount") or 0, pool.get("generation") or 0
    causes = validate_pool_name(pool.get("name") or "", "spec.pool.name")
    if count <= 0:
        causes.append(invalid("spec.pool.resourceSliceCount", count, "must be greater than zero"))
    if generation < 0:
        detail = "must be greater than or equal to zero"
        causes.append(invalid("spec.pool.generation", generation, detail))
    return causes


def _is_advanced(device: Obj) -> bool:
    """Whether a device has what makes a slice heavy, so that it may have fewer of them."""
    if device.get("taints") or device.get("consumesCounters"):
        return True
    attributes = (device.get("attributes") or {}).values()
    return any(one.get(name) is not None for one in attributes for name in _LISTS)


# Where devices are.


def _validate_place(spec: Obj) -> list[Cause]:
    """Exactly one way to say from which nodes the devices can be reached."""
    given, causes = _places_of(spec, "spec", "must be either unset or set to a non-empty string")
    selector = spec.get("nodeSelector")
    if selector is not None and len(selector.get("nodeSelectorTerms") or ()) != 1:
        given_terms = selector.get("nodeSelectorTerms")
        terms = given_terms and [shape("NodeSelectorTerm", one) for one in given_terms]
        path = "spec.nodeSelector.nodeSelectorTerms"
        causes.append(invalid(path, terms, "must have exactly one node selector term"))
    by_device = spec.get("perDeviceNodeSelection")
    if by_device:
        given.append("`perDeviceNodeSelection`")
    elif by_device is not None:
        detail = "must be either unset or set to true"
        causes.append(invalid("spec.perDeviceNodeSelection", by_device, detail))
    if not given:
        causes.append(required("spec", _IN_SLICE))
    elif len(given) > 1:
        shown = f"{{{', '.join(given)}}}"
        causes.append(invalid("spec", shown, f"{_IN_SLICE}, but multiple fields are set"))
    return causes


def _places_of(obj: Obj, path: str, empty: str) -> tuple[list[str], list[Cause]]:
    """Which of the three ways are given, and what is wrong with them."""
    given: list[str] = []
    causes: list[Cause] = []
    name, selector, everywhere = (obj.get(field) for field in ("nodeName", "nodeSelector", "allNodes"))
    if name:
        given.append("`nodeName`")
        causes += all_invalid(f"{path}.nodeName", name, dns_subdomain(name))
    elif name is not None:
        causes.append(invalid(f"{path}.nodeName", name, empty))
    if selector is not None:
        given.append("`nodeSelector`")
        causes += validate_node_selector(selector, f"{path}.nodeSelector")
    if everywhere:
        given.append("`allNodes`")
    elif everywhere is not None:
        detail = "must be either unset or set to true"
        causes.append(invalid(f"{path}.allNodes", everywhere, detail))
    return given, causes


def _validate_place_of_device(device: Obj, path: str, by_device: bool) -> list[Cause]:
    if not by_device:
        named = any(device.get(field) is not None for field in ("nodeName", "nodeSelector", "allNodes"))
        return [invalid(path, None, _NOT_IN_DEVICE)] if named else []
    given, causes = _places_of(device, path, "must not be empty")
    if not given:
        causes.append(required(path, _IN_DEVICE))
    elif len(given) > 1:
        causes.append(invalid(path, f"{{{', '.join(given)}}}", _IN_DEVICE))
    return causes


# What they are.


def _validate_device(device: Obj, path: str, stored: Obj | None, by_device: bool) -> list[Cause]:
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    causes = validate_label(name_of(device), f"{path}.name")
    count = len(attributes) + len(capacity)
    if count > _MOST_ATTRIBUTES:
        detail = f"the total number of attributes and capacities must not exceed {_MOST_ATTRIBUTES}"
        causes.append(invalid(path, count, detail))
    values = sum(max(1, sum(len(one.get(name) or ()) for name in _LISTS)) for one in attributes.values())
    if values > _MOST_VALUES:
        detail = f"the total number of attribute values must not exceed {_MOST_VALUES}"
        causes.append(invalid(path, values, detail))
    for name in sorted(attributes):
        causes += validate_qualified_name(name, f"{path}.attributes")
        causes += _validate_attribute(attributes[name], f"{path}.attributes[{name}]")
    for name in sorted(capacity):
        causes += validate_qualified_name(name, f"{path}.capacity")
        several = bool(device.get("allowMultipleAllocations"))
        causes += validate_capacity(capacity[name], f"{path}.capacity[{name}]", several=several)
    taints = device.get("taints") or []
    if stored is None or (stored.get("taints") or []) != taints:
        causes += validate_each(taints, _MOST_TAINTS, validate_taint, f"{path}.taints")
    causes += validate_set(
        device.get("consumesCounters") or (),
        _MOST_CONSUMPTIONS,
        lambda one, at: _validate_counters(one, at, "counterSet"),
        f"{path}.consumesCounters",
        lambda one: one.get("counterSet") or "",
    )
    causes += _validate_place_of_device(device, path, by_device)
    return causes + validate_bindings(device, path)


def _validate_attribute(attribute: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    text, version = attribute.get("string"), attribute.get("version")
    if text is not None:
        causes += _validate_text(text, f"{path}.string")
    if version is not None:
        causes += _validate_version(version, f"{path}.version")
    given = sum(attribute.get(name) is not None for name in ("int", "bool", "string", "version", *_LISTS))
    if given != 1:
        shown = shape("DeviceAttribute", attribute) if given else ""
        causes.append(invalid(path, shown, "exactly one value must be specified"))
    return causes


def _validate_text(text: str, path: str) -> list[Cause]:
    return [too_long(path, _LONGEST_VALUE)] if byte_length(text) > _LONGEST_VALUE else []


def _validate_version(text: str, path: str) -> list[Cause]:
    detail = "must be a string compatible with semver.org spec 2.0.0"
    causes = [] if _VERSION.fullmatch(text) else [invalid(path, text, detail)]
    return causes + _validate_text(text, path)


def _validate_counter_set(counter_set: Obj, path: str) -> list[Cause]:
    return _validate_counters(counter_set, path, "name")


def _validate_counters(counter_set: Obj, path: str, field: str) -> list[Cause]:
    """Counters by name, of a set or of what a device takes from one."""
    name, counters = counter_set.get(field) or "", counter_set.get("counters") or {}
    causes = validate_label(name, f"{path}.{field}") if name else [required(f"{path}.{field}")]
    if not counters:
        return [*causes, required(f"{path}.counters")]
    if len(counters) > _MOST_COUNTERS:
        return [*causes, too_many(f"{path}.counters", len(counters), _MOST_COUNTERS)]
    return causes + [cause for one in sorted(counters) for cause in validate_label(one, f"{path}.counters")]


RULES = rules(_create, _update, namespaced=False)
