"""How much of a device's capacity one request may take, where several share the device.

Models pkg/apis/resource/validation/validation.go (validateRequestPolicy), v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.quantities import add, canonical, compare, units
from k8slab.api.validation._devices import validate_set
from k8slab.api.validation._field import forbidden, invalid, required

_MOST_VALUES = 10
_BOTH = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'


def validate_capacity(capacity: Obj, path: str, *, several: bool) -> list[Cause]:
    """One capacity; only a device that may be allocated `several` times has a policy for it."""
    policy, where = capacity.get("requestPolicy"), f"{path}.requestPolicy"
    if policy is None:
        return []
    if not several:
        return [forbidden(where, "allowMultipleAllocations must be true")]
    whole = str(capacity.get("value") or "0")
    values, bounds, default = policy.get("validValues") or (), policy.get("validRange"), policy.get("default")
    if values and bounds is not None:
        return [forbidden(where, _BOTH)]
    name = "validValues" if values else "validRange" if bounds is not None else ""
    if not name:
        return []
    if default is None:
        return [required(f"{where}.default", f"required when {name} is defined")]
    if values:
        return _validate_values([str(one) for one in values], str(default), whole, f"{where}.{name}")
    return _validate_range(bounds or {}, str(default), whole, f"{where}.{name}")


def _validate_values(values: list[str], default: str, whole: str, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for index in range(1, len(values)):
        if compare(values[index - 1], values[index]) > 0:
            detail = "values must be sorted in ascending order"
            causes.append(invalid(f"{path}[{index}]", canonical(values[index]), detail))

    def check(value: str, at: str) -> list[Cause]:
        detail = f"option is larger than capacity value: {canonical(whole)}"
        return [invalid(at, canonical(value), detail)] if compare(value, whole) > 0 else []

    causes += validate_set(values, _MOST_VALUES, check, path, lambda value: str(units(value)))
    if len(values) <= _MOST_VALUES and not any(compare(one, default) == 0 for one in values):
        detail = "default value is not valid according to the requestPolicy"
        causes.append(invalid(path, canonical(default), detail))
    return causes


def _validate_range(bounds: Obj, default: str, whole: str, path: str) -> list[Cause]:
    if bounds.get("min") is None:
        return [required(f"{path}.min", "required when validRange is defined")]
    least, most, step = str(bounds["min"]), bounds.get("max"), bounds.get("step")
    causes: list[Cause] = []

    def beyond(field: str, value: str, limit: str, words: str) -> None:
        """Say that a value lies beyond a limit, where it does."""
        if compare(value, limit) > 0:
            causes.append(invalid(f"{path}.{field}", canonical(value), f"{words}: {canonical(limit)}"))

    beyond("min", least, whole, "min is larger than capacity value")
    if compare(default, least) < 0:
        detail = f"default is less than min: {canonical(least)}"
        causes.append(invalid(f"{path}.min", canonical(default), detail))
    if most is not None:
        beyond("max", least, str(most), "min is larger than max")
        beyond("max", str(most), whole, "max is larger than capacity value")
        beyond("max", default, str(most), "default is more than max")
    if step is not None:
        first = add(least, str(step))
        if compare(first, whole) > 0:
            detail = f"one step {canonical(first)} is larger than capacity value: {canonical(whole)}"
            causes.append(invalid(f"{path}.step", canonical(str(step)), detail))
        for value in (default, *((str(most),) if most is not None else ())):
            causes += _validate_step(value, least, str(step), f"{path}.step")
    return causes


def _validate_step(value: str, least: str, step: str, path: str) -> list[Cause]:
    if not units(step) or (units(value) - units(least)) % units(step) == 0:
        return []
    detail = f"value is not a multiple of a given step ({canonical(step)}) from ({canonical(least)})"
    return [invalid(path, canonical(value), detail)]
