"""Nodes: taints, resources, and the addresses that are given once.

Models pkg/apis/core/validation/validation.go (ValidateNode, ValidateNodeUpdate) and
pkg/registry/core/node/strategy.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._affinity import validate_taint_effect
from k8slab.api.validation._field import duplicate, forbidden, invalid, positive, quote
from k8slab.api.validation._ip import cidr_warnings, is_dual_stack_cidrs, legacy_cidr
from k8slab.api.validation._metadata import rules, validate_label_name
from k8slab.api.validation._names import label_value
from k8slab.api.validation._resources import validate_amount
from k8slab.api.validation._shape import shape

_FEATURE = r"[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*"


def _validate_taints(taints: Sequence[Obj], path: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: list[tuple[str, str]] = []
    for index, taint in enumerate(taints):
        where = f"{path}[{index}]"
        key, value, effect = (taint.get(name) or "" for name in ("key", "value", "effect"))
        causes += validate_label_name(key, f"{where}.key")
        messages = label_value(value)
        if messages:
            causes.append(invalid(f"{where}.value", value, ";".join(messages)))
        causes += validate_taint_effect(effect, f"{where}.effect")
        if (effect, key) in seen:
            detail = "taints must be unique by key and effect pair"
            causes.append(duplicate(where, shape("Taint", taint), detail))
        seen.append((effect, key))
    return causes


def _validate_resources(status: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for name in ("capacity", "allocatable"):
        amounts = status.get(name) or {}
        for resource in sorted(amounts):
            causes += validate_amount(resource, amounts[resource], f"status.{name}.{resource}")
    return causes


def _validate_features(features: Sequence[str]) -> list[Cause]:
    path = "status.declaredFeatures"
    causes: list[Cause] = []
    for index, feature in enumerate(features):
        where, begin = f"{path}[{index}]", f"invalid feature name {quote(feature)}:"
        if len(feature) > 253:
            causes.append(invalid(where, feature, f"{begin} must be no more than 253 characters"))
        elif not re.fullmatch(_FEATURE, feature):
            detail = (
                f"{begin} must start with an UpperCamelCase segment, with subsequent segments separated by "
                "'/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters "
                "and slashes"
            )
            causes.append(invalid(where, feature, detail))
        if index + 1 < len(features):
            where, following = f"{path}[{index + 1}]", features[index + 1]
            if feature == following:
                causes.append(duplicate(where, following))
            elif feature > following:
                causes.append(invalid(where, following, "list must be sorted alphabetically"))
    return causes


def _create(node: Obj) -> list[Cause]:
    spec, status = node.get("spec") or {}, node.get("status") or {}
    causes = _validate_taints(spec.get("taints") or (), "metadata.taints")
    causes += _validate_resources(status)
    swap = ((status.get("nodeInfo") or {}).get("swap") or {}).get("capacity")
    if swap is not None:
        causes += positive(swap, "metadata.nodeSwapStatus.capacity")
    causes += _validate_features(status.get("declaredFeatures") or ())
    ranges = list(spec.get("podCIDRs") or ())
    for index, text in enumerate(ranges):
        causes += legacy_cidr(f"spec.podCIDRs[{index}]", text)
    if len(ranges) > 1 and (len(ranges) > 2 or not is_dual_stack_cidrs(ranges)):
        detail = "may specify no more than one CIDR for each IP family"
        causes.append(invalid("spec.podCIDRs", ranges, detail))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    spec, before, status = new.get("spec") or {}, old.get("spec") or {}, new.get("status") or {}
    causes: list[Cause] = []
    if status is not old.get("status"):
        causes += _validate_resources(status)
        causes += _validate_features(status.get("declaredFeatures") or ())
        causes += _validate_addresses(status.get("addresses") or ())
    if spec is before:
        return causes
    causes += _validate_ranges(spec.get("podCIDRs") or (), before.get("podCIDRs") or ())
    provider = before.get("providerID")
    if provider and provider != spec.get("providerID"):
        detail = 'node updates may not change providerID except from "" to valid'
        causes.append(forbidden("spec.providerID", detail))
    causes += _validate_taints(spec.get("taints") or (), "metadata.taints")
    if (spec.get("externalID") or "") != (before.get("externalID") or ""):
        causes.append(forbidden("spec.externalID", "may not be updated"))
    return causes


def _validate_addresses(addresses: Sequence[Obj]) -> list[Cause]:
    return [
        duplicate(f"status.addresses[{index}]", shape("NodeAddress", address))
        for index, address in enumerate(addresses)
        if address in addresses[:index]
    ]


def _validate_ranges(new: Sequence[str], old: Sequence[str]) -> list[Cause]:
    cause = forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid')
    if not old:
        return []
    if len(old) != len(new):
        return [cause]
    return [cause for one, other in zip(old, new) if one != other]


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    spec = new.get("spec") or {}
    found: list[str] = []
    if spec.get("configSource") is not None:
        found.append("spec.configSource: the feature is removed")
    if spec.get("externalID"):
        found.append("spec.externalID: this field is deprecated, and is unused by Kubernetes")
    for index, text in enumerate(spec.get("podCIDRs") or ()):
        found += cidr_warnings(f"spec.podCIDRs[{index}]", text)
    return tuple(found)


RULES = rules(_create, _update, namespaced=False, status=_update, recheck="before", warnings=_warnings)
