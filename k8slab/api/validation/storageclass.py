"""StorageClasses.

Models pkg/apis/storage/validation/validation.go and pkg/api/storage/util.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    IMMUTABLE,
    all_invalid,
    duplicate,
    invalid,
    not_supported,
    required,
    sorted_map,
    too_long,
)
from k8slab.api.validation._metadata import rules, validate_label_name
from k8slab.api.validation._names import byte_length, label_key
from k8slab.api.validation._pod_warnings import DEPRECATED_LABELS

_MAX_PARAMETERS = 512
_MAX_PARAMETER_BYTES = 256 * 1024
_BINDING_MODES = ("Immediate", "WaitForFirstConsumer")
_POLICIES = ("Delete", "Retain")


def validate_provisioner(name: str, path: str) -> list[Cause]:
    """The driver that makes volumes."""
    return all_invalid(path, name.lower(), label_key(name.lower())) if name else [required(path)]


def validate_parameters(parameters: Obj, path: str, *, may_be_empty: bool) -> list[Cause]:
    """What the driver is told."""
    if len(parameters) > _MAX_PARAMETERS:
        return [too_long(path, _MAX_PARAMETERS)]
    causes = [invalid(path, "", "field can not be empty.")] if "" in parameters else []
    size = sum(byte_length(key) + byte_length(value) for key, value in parameters.items())
    if size > _MAX_PARAMETER_BYTES:
        causes.append(too_long(path, _MAX_PARAMETER_BYTES))
    if not may_be_empty and not parameters:
        causes.append(required(path, "must contain at least one key/value pair"))
    return causes


def _validate_topologies(topologies: Sequence[Obj]) -> list[Cause]:
    causes: list[Cause] = []
    # Upstream begins with as many empty terms as there are terms, and compares with those too.
    before: list[dict[str, list[str]]] = [{} for _ in topologies]
    for index, term in enumerate(topologies):
        path = f"allowedTopologies[{index}].matchLabelExpressions"
        known: dict[str, list[str]] = {}
        for number, expression in enumerate(term.get("matchLabelExpressions") or ()):
            where, key = f"{path}[{number}]", expression.get("key") or ""
            values = expression.get("values") or ()
            if not values:
                causes.append(required(f"{where}.values"))
            for position, value in enumerate(values):
                if value in values[:position]:
                    causes.append(duplicate(f"{where}.values[{position}]", value))
            causes += validate_label_name(key, f"{where}.key")
            if key in known:
                causes.append(duplicate(f"{where}.key", key))
            known[key] = sorted(set(values))
        causes += [duplicate(path, "") for other in before if other == known]
        before.append(known)
    return causes


def _create(new: Obj) -> list[Cause]:
    causes = validate_provisioner(new.get("provisioner") or "", "provisioner")
    causes += validate_parameters(new.get("parameters") or {}, "parameters", may_be_empty=True)
    policy, mode = new.get("reclaimPolicy"), new.get("volumeBindingMode")
    if policy and policy not in _POLICIES:
        causes.append(not_supported("reclaimPolicy", policy, _POLICIES))
    if mode is None:
        causes.append(required("volumeBindingMode"))
    elif mode not in _BINDING_MODES:
        causes.append(not_supported("volumeBindingMode", mode, _BINDING_MODES))
    return causes + _validate_topologies(new.get("allowedTopologies") or ())


def _update(new: Obj, old: Obj) -> list[Cause]:
    causes: list[Cause] = []
    if (new.get("parameters") or {}) != (old.get("parameters") or {}):
        causes.append(invalid("parameters", sorted_map(new.get("parameters")), IMMUTABLE))
    for name in ("provisioner", "reclaimPolicy", "volumeBindingMode"):
        if new.get(name) != old.get(name):
            causes.append(invalid(name, new.get(name), IMMUTABLE))
    return causes


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    found: list[str] = []
    for index, term in enumerate(new.get("allowedTopologies") or ()):
        for number, expression in enumerate(term.get("matchLabelExpressions") or ()):
            key = expression.get("key")
            if key in DEPRECATED_LABELS:
                where = f"allowedTopologies[{index}].matchLabelExpressions[{number}].key"
                found.append(f"{where}: {key} is {DEPRECATED_LABELS[key]}")
    return tuple(found)


RULES = rules(_create, _update, namespaced=False, recheck="before", warnings=_warnings)
