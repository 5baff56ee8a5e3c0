"""Leases. Models pkg/apis/coordination/validation/validation.go, v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, forbidden, invalid, nonnegative, not_supported
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import label_key


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    seconds, strategy = spec.get("leaseDurationSeconds"), spec.get("strategy")
    causes: list[Cause] = []
    if seconds is not None and seconds <= 0:
        causes.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    causes += nonnegative(spec.get("leaseTransitions"), "spec.leaseTransitions")
    if strategy is not None:
        causes += validate_strategy(strategy, "spec.strategy")
    if spec.get("preferredHolder") and not strategy:
        detail = "may only be specified if `strategy` is defined"
        causes.append(forbidden("spec.preferredHolder", detail))
    return causes


def validate_strategy(strategy: str, path: str) -> list[Cause]:
    """How the holder is chosen: a known word, or one with a domain."""
    where = f"{path}.strategy"
    if "/" in strategy:
        return all_invalid(where, strategy, label_key(strategy))
    supported = ("OldestEmulationVersion",)
    return [] if strategy in supported else [not_supported(where, strategy, supported)]


def _update(new: Obj, old: Obj) -> list[Cause]:
    return _create(new)


RULES = rules(_create, _update, finalizer_names=False)
