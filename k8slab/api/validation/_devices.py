"""What claims, classes and slices of devices have in common: names, sets, selectors, configuration.

Whether an administrator's access is allowed in a namespace is not asked here.

Models pkg/apis/resource/validation/validation.go, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._device_selectors import validate_selectors
from k8slab.api.validation._field import (
    all_invalid,
    duplicate,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
)
from k8slab.api.validation._names import (
    byte_length,
    c_identifier,
    dns_label,
    dns_subdomain,
    label_key,
    label_value,
)
from k8slab.api.validation._volume_sources import validate_csi_driver_name

MOST_REQUESTS = MOST_CONSTRAINTS = MOST_CONFIGURATIONS = MOST_RESULTS = 32
LONGEST_PARAMETERS = 10 * 1024
_LONGEST_POOL_NAME, _LONGEST_IDENTIFIER = 253, 32
_MOST_BINDING_CONDITIONS = 4
_EFFECTS = ("NoExecute", "NoSchedule", "None")
_OPERATORS = ("Equal", "Exists")
Check = Callable[[Any, str], list[Cause]]


def validate_each(items: Sequence[Any], most: int, check: Check, path: str) -> list[Cause]:
    """Every item of a list, which is not looked at if there are too many of them."""
    if 0 <= most < len(items):
        return [too_many(path, len(items), most)]
    return [cause for index, item in enumerate(items) for cause in check(item, f"{path}[{index}]")]


def validate_set(
    items: Sequence[Any], most: int, check: Check, path: str, key: Callable[[Any], Any] = lambda item: item
) -> list[Cause]:
    """The same for a list in which no two items may have the same key."""
    causes = validate_each(items, most, check, path)
    if 0 <= most < len(items):
        return causes
    seen: list[Any] = []
    for index, item in enumerate(items):
        found = key(item)
        if found in seen:
            causes.append(duplicate(f"{path}[{index}]", found))
        seen.append(found)
    return causes


def name_of(item: Obj) -> str:
    """The name by which an item of a set is known."""
    return str(item.get("name") or "")


def validate_label(text: str, path: str) -> list[Cause]:
    """The name of a request, a device or a counter."""
    return all_invalid(path, text, dns_label(text))


def validate_driver(text: str, path: str) -> list[Cause]:
    """The name of a driver."""
    return validate_csi_driver_name(text, path)


def validate_pool_name(text: str, path: str) -> list[Cause]:
    """The name of a pool: subdomains with slashes between them."""
    if not text:
        return [required(path)]
    causes = [too_long(path, _LONGEST_POOL_NAME)] if byte_length(text) > _LONGEST_POOL_NAME else []
    return causes + [
        cause for part in text.split("/") for cause in all_invalid(path, part, dns_subdomain(part))
    ]


def validate_qualified_name(text: str, path: str) -> list[Cause]:
    """An identifier, perhaps behind a domain; more than one slash is let pass, as upstream does."""
    parts = text.split("/")
    if len(parts) == 1:
        return _validate_identifier(text, path)
    if len(parts) > 2:
        return []
    domain, name = parts
    causes = validate_driver(domain, path) if domain else [invalid(path, "", "the domain must not be empty")]
    return causes + (
        _validate_identifier(name, path) if name else [invalid(path, "", "the name must not be empty")]
    )


def _validate_identifier(text: str, path: str) -> list[Cause]:
    causes = [too_long(path, _LONGEST_IDENTIFIER)] if byte_length(text) > _LONGEST_IDENTIFIER else []
    return causes + all_invalid(path, text, c_identifier(text))


def validate_full_name(text: str, path: str) -> list[Cause]:
    """A qualified name that has a domain."""
    causes = validate_qualified_name(text, path)
    if "/" not in text:
        detail = "a fully qualified name must be a domain and a name separated by a slash"
        causes.append(invalid(path, text, detail))
    return causes


# Which devices are meant.


def validate_tolerations(tolerations: Sequence[Obj], path: str) -> list[Cause]:
    """Which taints of devices are put up with."""
    return validate_each(tolerations, -1, _validate_toleration, path)


def _validate_toleration(toleration: Obj, path: str) -> list[Cause]:
    key, operator, value, effect = (
        toleration.get(name) or "" for name in ("key", "operator", "value", "effect")
    )
    causes = all_invalid(f"{path}.key", key, label_key(key)) if key else []
    if operator == "Exists":
        if value:
            causes.append(invalid(f"{path}.value", value, "must be empty for operator `Exists`"))
    elif operator == "Equal":
        causes += all_invalid(f"{path}.value", value, label_value(value))
    elif not operator:
        causes.append(required(f"{path}.operator"))
    else:
        causes.append(not_supported(f"{path}.operator", operator, _OPERATORS))
    if effect and effect not in _EFFECTS:
        causes.append(not_supported(f"{path}.effect", effect, _EFFECTS))
    return causes


def validate_taint(taint: Obj, path: str) -> list[Cause]:
    """One taint of a device."""
    key, value, effect = (taint.get(name) or "" for name in ("key", "value", "effect"))
    causes = all_invalid(f"{path}.key", key, label_key(key))
    if value:
        causes += all_invalid(f"{path}.value", value, label_value(value))
    if not effect:
        causes.append(required(f"{path}.effect"))
    elif effect not in _EFFECTS:
        causes.append(not_supported(f"{path}.effect", effect, _EFFECTS))
    return causes


# How they are set up.


def validate_configuration(configuration: Obj, path: str) -> list[Cause]:
    """Parameters for a driver."""
    opaque = configuration.get("opaque")
    if opaque is None:
        return [required(f"{path}.opaque")]
    causes = validate_driver(opaque.get("driver") or "", f"{path}.opaque.driver")
    return causes + validate_raw(opaque.get("parameters"), f"{path}.opaque.parameters", LONGEST_PARAMETERS)


def validate_raw(value: Any, path: str, longest: int) -> list[Cause]:
    """Any JSON object, up to a length."""
    if value is None:
        return [required(path)]
    if byte_length(json.dumps(value, separators=(",", ":"), ensure_ascii=False)) > longest:
        return [too_long(path, longest)]
    return (
        [] if isinstance(value, dict) else [invalid(path, "<value omitted>", "must be a valid JSON object")]
    )


def validate_bindings(device: Obj, path: str) -> list[Cause]:
    """Conditions for which a binding waits, and those by which it fails: both or none, and none twice."""
    waits = list(device.get("bindingConditions") or ())
    fails = list(device.get("bindingFailureConditions") or ())
    good, bad = f"{path}.bindingConditions", f"{path}.bindingFailureConditions"

    def check(text: str, where: str) -> list[Cause]:
        return all_invalid(where, text, label_key(text))

    causes = validate_each(waits, _MOST_BINDING_CONDITIONS, check, good)
    causes += validate_each(fails, _MOST_BINDING_CONDITIONS, check, bad)
    causes += [duplicate(f"{good}[{at}]", one) for at, one in enumerate(waits) if one in waits[:at]]
    for at, one in enumerate(fails):
        if one in fails[:at]:
            causes.append(duplicate(f"{bad}[{at}]", one))
        if one in waits:
            detail = "bindingFailureConditions must not overlap with bindingConditions"
            causes.append(invalid(f"{bad}[{at}]", one, detail))
    if fails and not waits:
        detail = "bindingConditions are required to use bindingFailureConditions"
        causes.append(invalid(good, device.get("bindingConditions"), detail))
    if waits and not fails:
        detail = "bindingFailureConditions are required to use bindingConditions"
        causes.append(invalid(bad, device.get("bindingFailureConditions"), detail))
    return causes


# What is asked for in a claim.

Names = Mapping[str, tuple[str, ...]]
"""The names of a claim's requests, each with those of its alternatives."""
_UNKNOWN = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)
_EXACTLY_ONE = "exactly one of `exactly` or `firstAvailable` is required"
_MOST_ALTERNATIVES = 8


def names_of_requests(spec: Obj) -> Names:
    """The names by which the rest of a claim speaks of its requests."""
    requests = (spec.get("devices") or {}).get("requests") or ()
    return {name_of(one): tuple(map(name_of, one.get("firstAvailable") or ())) for one in requests}


def validate_reference(text: str, path: str, names: Names) -> list[Cause]:
    """The name of a request, perhaps with that of one of its alternatives."""
    parts = text.split("/")
    if len(parts) > 2:
        return [invalid(path, text, _UNKNOWN)]
    causes = [cause for part in parts for cause in validate_label(part, path)]
    known = parts[0] in names and (len(parts) == 1 or parts[1] in names[parts[0]])
    return causes if known else [*causes, invalid(path, text, _UNKNOWN)]


def validate_references(texts: Sequence[str], path: str, names: Names) -> list[Cause]:
    """A set of such names."""
    return validate_set(texts, MOST_REQUESTS, lambda text, at: validate_reference(text, at, names), path)


def validate_claim_of_devices(spec: Obj, path: str) -> list[Cause]:
    """The spec of a claim."""
    devices, where = spec.get("devices") or {}, f"{path}.devices"
    names = names_of_requests(spec)
    causes = validate_set(
        devices.get("requests") or (), MOST_REQUESTS, _validate_request, f"{where}.requests", name_of
    )
    causes += validate_each(
        devices.get("constraints") or (),
        MOST_CONSTRAINTS,
        lambda one, at: _validate_constraint(one, at, names),
        f"{where}.constraints",
    )
    return causes + validate_each(
        devices.get("config") or (),
        MOST_CONFIGURATIONS,
        lambda one, at: validate_configuration_for(one, at, names),
        f"{where}.config",
    )


def validate_configuration_for(configuration: Obj, path: str, names: Names) -> list[Cause]:
    """Parameters for the devices of some requests."""
    causes = validate_references(configuration.get("requests") or (), f"{path}.requests", names)
    return causes + validate_configuration(configuration, path)


def _validate_constraint(constraint: Obj, path: str, names: Names) -> list[Cause]:
    causes = validate_references(constraint.get("requests") or (), f"{path}.requests", names)
    for name in ("matchAttribute", "distinctAttribute"):
        if constraint.get(name) is not None:
            return causes + validate_full_name(constraint[name], f"{path}.{name}")
    detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    return [*causes, required(path, detail)]


def _validate_request(request: Obj, path: str) -> list[Cause]:
    causes = validate_label(name_of(request), f"{path}.name")
    exactly, alternatives = request.get("exactly"), request.get("firstAvailable") or ()
    if exactly is not None and alternatives:
        return [*causes, invalid(path, None, f"{_EXACTLY_ONE}, but multiple fields are set")]
    if exactly is not None:
        return causes + _validate_devices(exactly, f"{path}.exactly")
    if not alternatives:
        return [*causes, required(path, _EXACTLY_ONE)]
    where = f"{path}.firstAvailable"
    return causes + validate_set(alternatives, _MOST_ALTERNATIVES, _validate_alternative, where, name_of)


def _validate_alternative(request: Obj, path: str) -> list[Cause]:
    return validate_label(name_of(request), f"{path}.name") + _validate_devices(request, path)


def _validate_devices(request: Obj, path: str) -> list[Cause]:
    name = request.get("deviceClassName") or ""
    where = f"{path}.deviceClassName"
    causes = all_invalid(where, name, dns_subdomain(name)) if name else [required(where)]
    causes += validate_selectors(request.get("selectors") or (), f"{path}.selectors")
    mode, count = request.get("allocationMode") or "", request.get("count") or 0
    if mode == "All":
        if count:
            detail = "must not be specified when allocationMode is 'All'"
            causes.append(invalid(f"{path}.count", count, detail))
    elif mode != "ExactCount":
        causes.append(not_supported(f"{path}.allocationMode", mode, ("All", "ExactCount")))
    elif count <= 0:
        causes.append(invalid(f"{path}.count", count, "must be greater than zero"))
    return causes + validate_tolerations(request.get("tolerations") or (), f"{path}.tolerations")
