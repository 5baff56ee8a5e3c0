"""LimitRanges. Models pkg/apis/core/validation/validation.go (ValidateLimitRange), v1.36."""

from __future__ import annotations

from typing import Any

from k8slab.api import quantities
from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, duplicate, forbidden, invalid, required
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import label_key
from k8slab.api.validation._resources import (
    nano,
    overcommit_allowed,
    text_of,
    validate_container_resource_name,
    validate_resource_name,
)

_TYPES = ("Pod", "Container", "PersistentVolumeClaim")


def _create(new: Obj) -> list[Cause]:
    causes: list[Cause] = []
    seen: list[str] = []
    for index, limit in enumerate((new.get("spec") or {}).get("limits") or ()):
        path, kind = f"spec.limits[{index}]", limit.get("type") or ""
        found = all_invalid(f"{path}.type", kind, label_key(kind))
        if not found and "/" not in kind and kind not in _TYPES:
            detail = "must be a standard limit type or fully qualified"
            found.append(invalid(f"{path}.type", kind, detail))
        causes += found
        if kind in seen:
            causes.append(duplicate(f"{path}.type", kind))
        seen.append(kind)
        causes += _validate_limit(limit, kind, path)
    return causes


def _validate_limit(limit: Obj, kind: str, path: str) -> list[Cause]:
    rule = validate_container_resource_name if kind in ("Pod", "Container") else validate_resource_name
    names: list[str] = []
    causes: list[Cause] = []
    lists = {name: limit.get(name) or {} for name in ("max", "min", "default", "defaultRequest")}
    lists["maxLimitRequestRatio"] = limit.get("maxLimitRequestRatio") or {}
    for field, amounts in lists.items():
        if field == "maxLimitRequestRatio" and kind == "PersistentVolumeClaim":
            if "storage" not in lists["min"] and "storage" not in lists["max"]:
                detail = "either minimum or maximum storage value is required, but neither was provided"
                causes.append(required(f"{path}.limits", detail))
        if kind == "Pod" and field.startswith("default"):
            if amounts:
                detail = "may not be specified when `type` is 'Pod'"
                causes.append(forbidden(f"{path}.{field}", detail))
                lists[field] = {}
            continue
        for name in sorted(amounts):
            causes += rule(name, f"{path}.{field}[{name}]")
            names.append(name)
    for name in sorted(set(names)):
        causes += _validate_relations(name, {field: lists[field].get(name) for field in lists}, path)
    return causes


# Which amount may not be above which other, in upstream's order; where and with what value a fault is
# reported; and both words.
_RELATIONS = (
    ("min", "max", "min", "min", "min value", "max value"),
    ("min", "defaultRequest", "defaultRequest", "defaultRequest", "min value", "default request value"),
    ("defaultRequest", "max", "defaultRequest", "defaultRequest", "default request value", "max value"),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "defaultRequest",
        "default request value",
        "default limit value",
    ),
    ("min", "default", "default", "min", "min value", "default value"),
    ("default", "max", "default", "max", "default value", "max value"),
)


def _validate_relations(name: str, amounts: dict[str, Any], path: str) -> list[Cause]:
    causes: list[Cause] = []
    for low, high, where, shown, low_word, high_word in _RELATIONS:
        one, other = amounts[low], amounts[high]
        if one is not None and other is not None and nano(one) > nano(other):
            detail = f"{low_word} {text_of(one)} is greater than {high_word} {text_of(other)}"
            causes.append(invalid(f"{path}.{where}[{name}]", text_of(amounts[shown]), detail))
    causes += _validate_ratio(name, amounts, path)
    default, request = amounts["default"], amounts["defaultRequest"]
    if default is not None and request is not None and not overcommit_allowed(name):
        if nano(default) != nano(request):
            detail = (
                f"default value {text_of(default)} must equal to defaultRequest value {text_of(request)} "
                f"in {name}"
            )
            causes.append(invalid(f"{path}.defaultRequest[{name}]", text_of(request), detail))
    return causes


def _validate_ratio(name: str, amounts: dict[str, Any], path: str) -> list[Cause]:
    ratio, least, most = amounts["maxLimitRequestRatio"], amounts["min"], amounts["max"]
    where = f"{path}.maxLimitRequestRatio[{name}]"
    if ratio is None:
        return []
    causes: list[Cause] = []
    text = text_of(ratio)
    if nano(ratio) < quantities.NANO_PER_UNIT:
        causes.append(invalid(where, text, f"ratio {text} is less than 1"))
    if least is not None and most is not None and nano(least) > 0:
        limit = quantities.milli(str(most)) / quantities.milli(str(least))
        if quantities.milli(str(ratio)) / 1000 > limit:
            detail = f"ratio {text} is greater than max/min = {limit:.6f}"
            causes.append(invalid(where, text, detail))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    return []


RULES = rules(_create, _update, recheck="after", own_metadata=False)
