"""PriorityLevelConfigurations.

Models pkg/apis/flowcontrol/validation/validation.go (ValidatePriorityLevelConfiguration), v1.36.
"""

from __future__ import annotations

import math

from k8slab.api.errors import Cause
from k8slab.api.flow_control import MANDATORY_LEVELS
from k8slab.api.meta import Obj
from k8slab.api.validation._field import forbidden, invalid, not_supported, required
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._shape import shape
from k8slab.api.validation._status_conditions import validate_typed_conditions

_PRESERVED = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"
"""What an older version of the API used to tell no shares from no answer."""
_MOST_QUEUES = 10_000_000
_MOST_HASH_BITS = 60
_NOT_NEGATIVE = "must be a non-negative integer"


def _create(new: Obj) -> list[Cause]:
    name, spec = new["metadata"].get("name") or "", new.get("spec") or {}
    causes: list[Cause] = []
    if _PRESERVED in (new["metadata"].get("annotations") or {}):
        causes.append(forbidden("metadata.annotations", f"annotation '{_PRESERVED}' is forbidden"))
    kind = spec.get("type") or ""
    if (name == "exempt") != (kind == "Exempt"):
        causes.append(invalid("spec.type", kind, "must be 'Exempt' if and only if `name` is 'exempt'"))
    causes += _validate_kind(kind, spec)
    return causes + _validate_fixed(name, spec) + validate_typed_conditions(new)


def _validate_kind(kind: str, spec: Obj) -> list[Cause]:
    limited, exempt = spec.get("limited"), spec.get("exempt")
    if kind == "Exempt":
        causes = []
        if limited is not None:
            causes.append(forbidden("spec.limited", "must be nil if the type is not Limited"))
        return causes + (_validate_exempt(exempt) if exempt is not None else [])
    if kind == "Limited":
        causes = []
        if exempt is not None:
            causes.append(forbidden("spec.exempt", "must be nil if the type is Limited"))
        if limited is None:
            return [*causes, required("spec.limited", "must not be empty when type is Limited")]
        return causes + _validate_limited(limited)
    return [not_supported("spec.type", kind, ("Exempt", "Limited"))]


def _validate_fixed(name: str, spec: Obj) -> list[Cause]:
    """The mandatory levels are as they are; of the exempt one what is exempt may be changed."""
    fixed = MANDATORY_LEVELS.get(name)
    if fixed is None:
        return []
    shown, compared, detail = shape("PriorityLevelConfigurationSpec", spec), spec, ""
    if name == "exempt":
        compared, detail = {**spec, "exempt": fixed["exempt"]}, " except the 'spec.exempt' field"
    if shape("PriorityLevelConfigurationSpec", compared) == shape("PriorityLevelConfigurationSpec", fixed):
        return []
    return [invalid("spec", shown, f"spec of '{name}'{detail} must equal the fixed value")]


def _validate_exempt(exempt: Obj) -> list[Cause]:
    shares = exempt.get("nominalConcurrencyShares")
    causes: list[Cause] = []
    if shares is not None and shares < 0:
        causes.append(invalid("spec.exempt.nominalConcurrencyShares", shares, _NOT_NEGATIVE))
    return causes + _validate_lendable(exempt, "spec.exempt")


def _validate_lendable(level: Obj, path: str) -> list[Cause]:
    percent = level.get("lendablePercent")
    if percent is None or 0 <= percent <= 100:
        return []
    return [invalid(f"{path}.lendablePercent", percent, "must be between 0 and 100, inclusive")]


def _validate_limited(limited: Obj) -> list[Cause]:
    path = "spec.limited"
    shares, borrowed = limited.get("nominalConcurrencyShares") or 0, limited.get("borrowingLimitPercent")
    causes: list[Cause] = []
    if shares < 0:
        causes.append(invalid(f"{path}.nominalConcurrencyShares", shares, _NOT_NEGATIVE))
    causes += _validate_response(limited.get("limitResponse") or {}, f"{path}.limitResponse")
    causes += _validate_lendable(limited, path)
    if borrowed is not None and borrowed < 0:
        detail = f"if specified, {_NOT_NEGATIVE}"
        causes.append(invalid(f"{path}.borrowingLimitPercent", borrowed, detail))
    return causes


def _validate_response(response: Obj, path: str) -> list[Cause]:
    kind, queuing = response.get("type") or "", response.get("queuing")
    if kind == "Reject":
        detail = "must be nil if limited.limitResponse.type is not Limited"
        return [] if queuing is None else [forbidden(f"{path}.queuing", detail)]
    if kind == "Queue":
        if queuing is None:
            detail = "must not be empty if limited.limitResponse.type is Limited"
            return [required(f"{path}.queuing", detail)]
        return _validate_queuing(queuing, f"{path}.queuing")
    return [not_supported(f"{path}.type", kind, ("Queue", "Reject"))]


def _validate_queuing(queuing: Obj, path: str) -> list[Cause]:
    queues, hand, length = (queuing.get(name) or 0 for name in ("queues", "handSize", "queueLengthLimit"))
    causes: list[Cause] = []
    if length <= 0:
        causes.append(invalid(f"{path}.queueLengthLimit", length, "must be positive"))
    if queues <= 0:
        causes.append(invalid(f"{path}.queues", queues, "must be positive"))
    elif queues > _MOST_QUEUES:
        causes.append(invalid(f"{path}.queues", queues, f"must not be greater than {_MOST_QUEUES}"))
    where = f"{path}.handSize"
    if hand <= 0:
        return [*causes, invalid(where, hand, "must be positive")]
    if hand > queues:
        return [*causes, invalid(where, hand, f"should not be greater than queues ({queues})")]
    if math.ceil(math.log2(queues) * hand) > _MOST_HASH_BITS:
        sizes = f"deckSize {queues} and handSize {hand}"
        detail = f"required entropy bits of {sizes} should not be greater than {_MOST_HASH_BITS}"
        causes.append(invalid(where, hand, detail))
    return causes


def _status(new: Obj, old: Obj) -> list[Cause]:
    return validate_typed_conditions(new)


RULES = rules(_create, status=_status, namespaced=False, recheck="before", own_metadata=False)
