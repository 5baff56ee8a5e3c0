"""Conditions of the common form: a type each once, a status, a reason and a time.

Models ValidateConditions of
staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import duplicate, invalid, not_supported, required, too_long
from k8slab.api.validation._metadata import validate_label_name
from k8slab.api.validation._names import byte_length, regex_message

_REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_NOT_A_REASON = regex_message(
    "a condition reason must start with alphabetic character, optionally followed by a string of "
    "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
    _REASON,
    "my_name",
    "MY_NAME",
    "MyName",
    "ReasonA,ReasonB",
    "ReasonA:ReasonB",
)
_LONGEST_REASON_BYTES = 1024
_LONGEST_MESSAGE_BYTES = 32 * 1024


def validate_conditions(conditions: Sequence[Obj], path: str) -> list[Cause]:
    """Every fault of these conditions."""
    causes: list[Cause] = []
    seen: list[str] = []
    for index, given in enumerate(conditions):
        condition, where = given or {}, f"{path}[{index}]"
        kind = condition.get("type") or ""
        if kind in seen:
            causes.append(duplicate(f"{where}.type", kind))
        seen.append(kind)
        causes += _validate_condition(condition, where)
    return causes


def _validate_condition(condition: Obj, path: str) -> list[Cause]:
    causes = validate_label_name(condition.get("type") or "", f"{path}.type")
    status, reason = condition.get("status") or "", condition.get("reason") or ""
    if status not in ("False", "True", "Unknown"):
        causes.append(not_supported(f"{path}.status", status, ("False", "True", "Unknown")))
    generation = condition.get("observedGeneration") or 0
    if generation < 0:
        detail = "must be greater than or equal to zero"
        causes.append(invalid(f"{path}.observedGeneration", generation, detail))
    if not condition.get("lastTransitionTime"):
        causes.append(required(f"{path}.lastTransitionTime"))
    if not reason:
        causes.append(required(f"{path}.reason"))
    elif not re.fullmatch(_REASON, reason):
        causes.append(invalid(f"{path}.reason", reason, _NOT_A_REASON))
    if byte_length(reason) > _LONGEST_REASON_BYTES:
        causes.append(too_long(f"{path}.reason", _LONGEST_REASON_BYTES))
    if byte_length(condition.get("message") or "") > _LONGEST_MESSAGE_BYTES:
        causes.append(too_long(f"{path}.message", _LONGEST_MESSAGE_BYTES))
    return causes
