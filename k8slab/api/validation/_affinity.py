"""Affinity, node selectors, tolerations, topology spread.

Models pkg/apis/core/validation/validation.go (validateAffinity,
ValidateNodeSelector, ValidateTolerations, validateTopologySpreadConstraints), v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    all_invalid,
    duplicate,
    enumerated,
    forbidden,
    invalid,
    not_supported,
    positive,
    required,
)
from k8slab.api.validation._metadata import validate_label_name, validate_label_selector
from k8slab.api.validation._names import dns_label, dns_subdomain, label_value

TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_BAD_OPERATOR = "not a valid selector operator"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_BAD_WEIGHT = "must be in the range 1-100"


def validate_node_requirement(requirement: Obj, path: str, *, lax_values: bool = False) -> list[Cause]:
    """One expression over the labels of a node."""
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    causes: list[Cause] = []
    where = f"{path}.values"
    if operator in ("In", "NotIn"):
        if not values:
            causes.append(required(where, "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            causes.append(forbidden(where, detail))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            causes.append(required(where, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    else:
        causes.append(invalid(f"{path}.operator", operator, _BAD_OPERATOR))
    causes += validate_label_name(requirement.get("key") or "", f"{path}.key")
    if not lax_values:
        for index, value in enumerate(values):
            causes += all_invalid(f"{where}[{index}]", value, label_value(value))
    return causes


def _validate_node_field(requirement: Obj, path: str) -> list[Cause]:
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    causes: list[Cause] = []
    if operator not in ("In", "NotIn"):
        causes.append(invalid(f"{path}.operator", operator, _BAD_OPERATOR))
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        causes.append(required(f"{path}.values", detail))
    key = requirement.get("key") or ""
    if key != "metadata.name":
        return [*causes, invalid(f"{path}.key", key, "not a valid field selector key")]
    for index, value in enumerate(values):
        causes += all_invalid(f"{path}.values[{index}]", value, dns_subdomain(value))
    return causes


def validate_node_selector_term(term: Obj, path: str, *, lax_values: bool = False) -> list[Cause]:
    """Expressions over labels and fields that must all hold."""
    causes: list[Cause] = []
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        where = f"{path}.matchExpressions[{index}]"
        causes += validate_node_requirement(requirement, where, lax_values=lax_values)
    for index, requirement in enumerate(term.get("matchFields") or ()):
        causes += _validate_node_field(requirement, f"{path}.matchFields[{index}]")
    return causes


def validate_node_selector(selector: Obj, path: str) -> list[Cause]:
    """Terms of which one must hold."""
    terms = selector.get("nodeSelectorTerms") or ()
    if not terms:
        return [required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")]
    causes: list[Cause] = []
    for index, term in enumerate(terms):
        causes += validate_node_selector_term(term, f"{path}.nodeSelectorTerms[{index}]")
    return causes


def validate_affinity(affinity: Obj | None, path: str) -> list[Cause]:
    """Towards which nodes and Pods a Pod wants to go, or away from which."""
    if affinity is None:
        return []
    causes: list[Cause] = []
    node = affinity.get("nodeAffinity")
    if node is not None:
        where = f"{path}.nodeAffinity"
        if node.get(_REQUIRED) is not None:
            causes += validate_node_selector(node[_REQUIRED], f"{where}.{_REQUIRED}")
        for index, term in enumerate(node.get(_PREFERRED) or ()):
            here = f"{where}.{_PREFERRED}[{index}]"
            causes += _validate_weight(term, here)
            preference = term.get("preference") or {}
            causes += validate_node_selector_term(preference, f"{here}.preference", lax_values=True)
    for name in ("podAffinity", "podAntiAffinity"):
        if affinity.get(name) is not None:
            causes += _validate_pod_affinity(affinity[name], f"{path}.{name}")
    return causes


def _validate_weight(term: Obj, path: str) -> list[Cause]:
    weight = term.get("weight") or 0
    return [] if 1 <= weight <= 100 else [invalid(f"{path}.weight", weight, _BAD_WEIGHT)]


def _validate_pod_affinity(affinity: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        causes += _validate_pod_affinity_term(term, f"{path}.{_REQUIRED}[{index}]")
    for index, weighted in enumerate(affinity.get(_PREFERRED) or ()):
        where = f"{path}.{_PREFERRED}[{index}]"
        causes += _validate_weight(weighted, where)
        term = weighted.get("podAffinityTerm") or {}
        causes += _validate_pod_affinity_term(term, f"{where}.podAffinityTerm")
    return causes


def _validate_pod_affinity_term(term: Obj, path: str) -> list[Cause]:
    causes = validate_label_selector(term.get("labelSelector"), f"{path}.labelSelector")
    causes += validate_label_selector(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for name in term.get("namespaces") or ():
        causes += all_invalid(f"{path}.namespace", name, dns_label(name))
    causes += _validate_label_keys(
        path,
        term.get("matchLabelKeys") or (),
        term.get("mismatchLabelKeys") or (),
        term.get("labelSelector"),
    )
    key = term.get("topologyKey") or ""
    if not key:
        causes.append(required(f"{path}.topologyKey", "can not be empty"))
    return causes + validate_label_name(key, f"{path}.topologyKey")


def _validate_label_keys(
    path: str, matching: Sequence[str], mismatching: Sequence[str], selector: Any
) -> list[Cause]:
    """Label keys whose values are taken from the Pod itself."""
    causes: list[Cause] = []
    for name, keys in (("matchLabelKeys", matching), ("mismatchLabelKeys", mismatching)):
        where = f"{path}.{name}"
        if keys and selector is None:
            causes.append(forbidden(where, "must not be specified when labelSelector is not set"))
        elif keys:
            for index, key in enumerate(keys):
                causes += validate_label_name(key, f"{where}[{index}]")
    if selector is not None:
        positions = {key: index for index, key in enumerate(matching)}
        seen = list(selector.get("matchLabels") or ())
        for expression in selector.get("matchExpressions") or ():
            key = expression.get("key") or ""
            if key in positions and key in seen:
                detail = "exists in both matchLabelKeys and labelSelector"
                causes.append(invalid(f"{path}[{positions[key]}]", key, detail))
            seen.append(key)
    for index, key in enumerate(matching):
        if key in mismatching:
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            causes.append(invalid(f"{path}.matchLabelKeys[{index}]", key, detail))
    return causes


def validate_tolerations(tolerations: Sequence[Obj], path: str) -> list[Cause]:
    """Which taints a Pod bears."""
    causes: list[Cause] = []
    for index, toleration in enumerate(tolerations):
        where = f"{path}[{index}]"
        key, operator = toleration.get("key") or "", toleration.get("operator") or ""
        value, effect = toleration.get("value") or "", toleration.get("effect") or ""
        if key:
            causes += validate_label_name(key, f"{where}.key")
        elif operator != "Exists":
            detail = (
                'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            )
            causes.append(invalid(f"{where}.operator", operator, detail))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            causes.append(invalid(f"{where}.effect", effect, detail))
        causes += _validate_toleration_operator(operator, value, f"{where}.operator")
        if effect:
            causes += validate_taint_effect(effect, f"{where}.effect")
    return causes


def _validate_toleration_operator(operator: str, value: str, path: str) -> list[Cause]:
    if operator in ("Equal", ""):
        messages = label_value(value)
        return [invalid(path, value, ";".join(messages))] if messages else []
    if operator == "Exists":
        return [invalid(path, value, "value must be empty when `operator` is 'Exists'")] if value else []
    supported = ("Equal", "Exists", "Lt", "Gt") if operator in ("Lt", "Gt") else ("Equal", "Exists")
    return [not_supported(path, operator, supported)]


def validate_taint_effect(effect: str, path: str) -> list[Cause]:
    """What a taint does."""
    return enumerated(effect, path, TAINT_EFFECTS)


def validate_topology_spread(constraints: Sequence[Obj], path: str) -> list[Cause]:
    """How evenly Pods are to spread."""
    causes: list[Cause] = []
    for index, constraint in enumerate(constraints):
        where = f"{path}[{index}]"
        key, action = constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""
        causes += positive(constraint.get("maxSkew") or 0, f"{where}.maxSkew")
        if not key:
            causes.append(required(f"{where}.topologyKey", "can not be empty"))
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            supported = ("DoNotSchedule", "ScheduleAnyway")
            causes.append(not_supported(f"{where}.whenUnsatisfiable", action, supported))
        for other in constraints[index + 1 :]:
            if (other.get("topologyKey") or "", other.get("whenUnsatisfiable") or "") == (key, action):
                text = f"{{{key}, {action}}}"
                causes.append(duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", text))
                break
        causes += _validate_min_domains(constraint.get("minDomains"), action, f"{where}.minDomains")
        for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            policy = constraint.get(name)
            if policy is not None and policy not in ("Honor", "Ignore"):
                causes.append(not_supported(f"{where}.{name}", policy, ("Honor", "Ignore")))
        selector = constraint.get("labelSelector")
        causes += _validate_label_keys(where, constraint.get("matchLabelKeys") or (), (), selector)
        causes += validate_label_selector(selector, f"{where}.labelSelector")
    return causes


def _validate_min_domains(count: int | None, action: str, path: str) -> list[Cause]:
    if count is None:
        return []
    causes = positive(count, path)
    if action != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        causes.append(invalid(path, count, detail))
    return causes
