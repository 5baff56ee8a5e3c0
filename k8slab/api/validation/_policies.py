"""Admission policies and their bindings: what they match, with which parameters, and what they say.

CEL expressions are compiled without types; one that names the authorizer, which is not modelled, is refused.

Models pkg/apis/admissionregistration/validation/validation.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from k8slab.api.cel import CelError, compile_expression
from k8slab.api.cel.checking import BOOL, DYN, NULL, STRING, Type, type_of
from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    all_invalid,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from k8slab.api.validation._metadata import validate_label_name, validate_label_selector
from k8slab.api.validation._names import dns_1035_label, dns_subdomain, path_segment
from k8slab.api.validation._webhooks import validate_expression, validate_match_conditions, validate_rule

_FAILURE_POLICIES = ("Fail", "Ignore")
_MATCH_POLICIES = ("Equivalent", "Exact")
_MUTATED = ("*", "CONNECT", "CREATE", "UPDATE")
_ACTIONS = ("Audit", "Deny", "Warn")
_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_IDENTIFIER = re.compile("[_a-zA-Z][_a-zA-Z0-9]*")
_RESERVED_WORDS = (
    "true false null in as break const continue else for function if import let loop package namespace "
    "return var void while"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())
_NAMES = ("namespaceObject", "object", "oldObject", "request")
"""What every expression can speak of."""
_MOST_ANNOTATIONS = 20
_LONGEST_VALUE_BYTES = 5 * 1024


def validate_policy_head(spec: Obj, *, mutating: bool) -> list[Cause]:
    """What policies of both kinds have in common: failures, parameters, matches and variables."""
    causes = _chosen(spec.get("failurePolicy"), "spec.failurePolicy", _FAILURE_POLICIES)
    if spec.get("paramKind") is not None:
        causes += _validate_param_kind(spec["paramKind"], "spec.paramKind")
    constraints, path = spec.get("matchConstraints"), "spec.matchConstraints"
    if constraints is None:
        causes.append(required(path))
    else:
        causes += validate_match_resources(constraints, path)
        if not constraints.get("resourceRules"):
            causes.append(required(f"{path}.resourceRules"))
        if mutating:
            causes += validate_mutated_operations(constraints, path)
    known = _declared(spec)
    causes += validate_match_conditions(spec.get("matchConditions") or (), "spec.matchConditions", known)
    variables = [one or {} for one in spec.get("variables") or ()]
    for index, variable in enumerate(variables):
        before = _with_variables(known, variables[:index])
        causes += _validate_variable(variable, f"spec.variables[{index}]", before)
    return causes


def _declared(spec: Obj) -> dict[str, Type]:
    """What expressions can speak of beside variables: parameters, where the policy has a kind of them."""
    names = (*_NAMES, "params") if spec.get("paramKind") is not None else _NAMES
    return dict.fromkeys(names, DYN)


def _with_variables(known: Mapping[str, Type], variables: Sequence[Obj]) -> dict[str, Type]:
    """The same and `variables`, which has these as its fields."""
    fields: dict[str, Type] = {}
    result = {**known, "variables": Type("kubernetes.variables", fields=fields)}
    for one in variables:
        fields[one.get("name") or ""] = _type_of_variable(one.get("expression") or "", result)
    return result


def _type_of_variable(text: str, known: Mapping[str, Type]) -> Type:
    """The type of a variable's expression; one that has none is reported where it stands."""
    try:
        return type_of(text, compile_expression(text, tuple(known)).tree, known)
    except CelError:
        return DYN


def _of_policy(spec: Obj) -> dict[str, Type]:
    """What validations and annotations can speak of: of variables only where there are some."""
    known, variables = _declared(spec), [one or {} for one in spec.get("variables") or ()]
    return _with_variables(known, variables) if variables else known


def _chosen(value: Any, path: str, supported: Sequence[str]) -> list[Cause]:
    if value is None:
        return [required(path)]
    return [] if value in supported else [not_supported(path, value, supported)]


def _validate_param_kind(kind: Obj, path: str) -> list[Cause]:
    version, name = kind.get("apiVersion") or "", kind.get("kind") or ""
    causes: list[Cause] = []
    if not version:
        causes.append(required(f"{path}.apiVersion"))
    elif version.count("/") > 1:
        detail = f"unexpected GroupVersion string: {version}"
        causes.append(invalid(f"{path}.apiVersion", version, detail))
    else:
        causes += _validate_group_version(version, f"{path}.apiVersion")
    messages = dns_1035_label(name.lower())
    if not name:
        causes.append(required(f"{path}.kind"))
    elif messages:
        detail = f"may have mixed case, but should otherwise match: {','.join(messages)}"
        causes.append(invalid(f"{path}.kind", name, detail))
    return causes


def _validate_group_version(text: str, path: str) -> list[Cause]:
    group, _, version = text.rpartition("/")
    causes: list[Cause] = []
    if group and dns_subdomain(group):
        causes.append(invalid(path, group, ",".join(dns_subdomain(group))))
    if not version:
        causes.append(invalid(path, text, "version must be specified"))
    elif dns_1035_label(version):
        causes.append(invalid(path, version, ",".join(dns_1035_label(version))))
    return causes


def validate_match_resources(match: Obj | None, path: str) -> list[Cause]:
    """Selectors, and rules that include and exclude."""
    if match is None:
        return []
    causes = _chosen(match.get("matchPolicy"), f"{path}.matchPolicy", _MATCH_POLICIES)
    for name in ("namespaceSelector", "objectSelector"):
        if match.get(name) is None:
            causes.append(required(f"{path}.{name}"))
        else:
            causes += validate_label_selector(match[name], f"{path}.{name}")
    for name in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(match.get(name) or ()):
            causes += _validate_named_rule(rule or {}, f"{path}.{name}[{index}]")
    return causes


def _validate_named_rule(rule: Obj, path: str) -> list[Cause]:
    names = rule.get("resourceNames") or ()
    causes: list[Cause] = []
    for index, name in enumerate(names):
        where = f"{path}.resourceNames[{index}]"
        causes += all_invalid(where, name, path_segment(name))
        if name in names[:index]:
            causes.append(duplicate(where, name))
    return causes + validate_rule(rule, path)


def validate_mutated_operations(match: Obj | None, path: str) -> list[Cause]:
    """Nothing is mutated that is being deleted."""
    return [
        not_supported(f"{path}.resourceRules.operations", operation, _MUTATED)
        for rule in (match or {}).get("resourceRules") or ()
        for operation in (rule or {}).get("operations") or ()
        if operation not in _MUTATED
    ]


def _validate_variable(variable: Obj, path: str, known: Mapping[str, Type]) -> list[Cause]:
    name = variable.get("name") or ""
    causes: list[Cause] = []
    if not name.strip():
        causes.append(required(f"{path}.name", "name is not specified"))
    elif not _IDENTIFIER.fullmatch(name) or name in _RESERVED:
        causes.append(invalid(f"{path}.name", name, "must be a valid CEL identifier"))
    if not (variable.get("expression") or "").strip():
        causes.append(required(f"{path}.expression", "expression is not specified"))
    else:
        causes += validate_expression(variable["expression"], known, f"{path}.expression")
    return causes


# What a validating policy says.


def validate_validations(name: str, spec: Obj) -> list[Cause]:
    """At least one validation or annotation, each with its expression; `name` is the policy's."""
    validations, annotations = spec.get("validations") or (), spec.get("auditAnnotations") or ()
    if not validations and not annotations:
        detail = "validations or auditAnnotations must contain at least one item"
        return [required("spec.validations", detail), required("spec.auditAnnotations", detail)]
    causes: list[Cause] = []
    for index, validation in enumerate(validations):
        causes += _validate_validation(validation or {}, f"spec.validations[{index}]", _of_policy(spec))
    if len(annotations) > _MOST_ANNOTATIONS:
        detail = f"must not have more than {_MOST_ANNOTATIONS} auditAnnotations"
        causes.append(invalid("spec.auditAnnotations", list(annotations), detail))
    keys: list[str] = []
    for index, annotation in enumerate(annotations):
        path, key = f"spec.auditAnnotations[{index}]", (annotation or {}).get("key") or ""
        causes += _validate_annotation(name, key, annotation or {}, path, _of_policy(spec))
        if key in keys:
            causes.append(duplicate(f"{path}.key", key))
        keys.append(key)
    return causes


def _validate_validation(validation: Obj, path: str, known: Mapping[str, Type]) -> list[Cause]:
    causes: list[Cause] = []
    if not (validation.get("expression") or "").strip():
        causes.append(required(f"{path}.expression", "expression is not specified"))
    else:
        causes += validate_expression(validation["expression"], known, f"{path}.expression", (BOOL,))
    for field in ("messageExpression", "message"):
        text = validation.get(field) or ""
        if text and not text.strip():
            causes.append(invalid(f"{path}.{field}", text, "must be non-empty if specified"))
        elif field == "message" and re.search(r"[\n\r]", text.strip()):
            causes.append(invalid(f"{path}.message", text, "must not contain line breaks"))
        elif field == "messageExpression" and text:
            causes += validate_expression(text, known, f"{path}.{field}", (STRING,))
    reason = validation.get("reason")
    if reason is not None and reason not in _REASONS:
        causes.append(not_supported(f"{path}.reason", reason, _REASONS))
    return causes


def _validate_annotation(
    name: str, key: str, annotation: Obj, path: str, known: Mapping[str, Type]
) -> list[Cause]:
    if name:
        causes = validate_label_name(f"{name}/{key}", f"{path}.key")
    else:
        causes = [invalid(f"{path}.key", key, "requires metadata.name be non-empty")]
    value = (annotation.get("valueExpression") or "").strip()
    if not value:
        causes.append(required(f"{path}.valueExpression", "valueExpression is not specified"))
    elif len(value.encode()) > _LONGEST_VALUE_BYTES:
        detail = f"must not exceed {_LONGEST_VALUE_BYTES} bytes in length"
        causes.append(required(f"{path}.valueExpression", detail))
    else:
        causes += validate_expression(value, known, f"{path}.valueExpression", (STRING, NULL))
    return causes


# What a mutating policy does.


def validate_mutations(spec: Obj) -> list[Cause]:
    """At least one mutation of a known kind, and whether it is done again."""
    mutations = spec.get("mutations") or ()
    causes = [] if mutations else [required("spec.mutations", "mutations must contain at least one item")]
    known = _with_variables(_declared(spec), [one or {} for one in spec.get("variables") or ()])
    for index, mutation in enumerate(mutations):
        causes += _validate_mutation(mutation or {}, f"spec.mutations[{index}]", known)
    policy, path = spec.get("reinvocationPolicy") or "", "spec.reinvocationPolicy"
    if not policy:
        causes.append(required(path))
    elif policy not in ("IfNeeded", "Never"):
        causes.append(not_supported(path, policy, ("IfNeeded", "Never")))
    return causes


_FIELD_OF_PATCH = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
_MADE_BY_PATCH = {"ApplyConfiguration": "Object", "JSONPatch": "list(JSONPatch)"}


def _validate_mutation(mutation: Obj, path: str, known: Mapping[str, Type]) -> list[Cause]:
    kind = mutation.get("patchType") or ""
    if not kind:
        return [required(f"{path}.patchType")]
    if kind not in _FIELD_OF_PATCH:
        return [not_supported(f"{path}.patchType", kind, tuple(_FIELD_OF_PATCH))]
    own = _FIELD_OF_PATCH[kind]
    other = next(field for field in _FIELD_OF_PATCH.values() if field != own)
    causes: list[Cause] = []
    if mutation.get(own) is None:
        causes.append(required(f"{path}.{own}", f"must be specified when patchType is {kind}"))
    elif not (mutation[own].get("expression") or "").strip():
        causes.append(required(f"{path}.{own}.expression"))
    else:
        causes += validate_expression(
            mutation[own]["expression"], known, f"{path}.{own}.expression", makes=_MADE_BY_PATCH[kind]
        )
    if mutation.get(other) is not None:
        detail = f"must not be specified when patchType is {kind}"
        causes.append(invalid(f"{path}.{other}", f"{{{other}}}", detail))
    return causes


# Bindings.


def validate_binding(spec: Obj) -> list[Cause]:
    """Which policy is bound, with which parameters, for which requests."""
    policy = spec.get("policyName") or ""
    causes = all_invalid("spec.policyName", policy, dns_subdomain(policy)) if policy else []
    if not policy:
        causes.append(required("spec.policyName"))
    causes += _validate_param_ref(spec.get("paramRef"), "spec.paramRef")
    return causes + validate_match_resources(spec.get("matchResources"), "spec.matchResources")


def _validate_param_ref(reference: Obj | None, path: str) -> list[Cause]:
    if reference is None:
        return []
    name, selector = reference.get("name") or "", reference.get("selector")
    exclusive = "name and selector are mutually exclusive"
    causes: list[Cause] = []
    if name:
        causes += all_invalid(f"{path}.name", name, path_segment(name))
        if selector is not None:
            causes.append(forbidden(f"{path}.name", exclusive))
    if selector is not None:
        causes += validate_label_selector(selector, f"{path}.selector")
        if name:
            causes.append(forbidden(f"{path}.selector", exclusive))
    if not name and selector is None:
        causes.append(required(path, "one of name or selector must be specified"))
    action = reference.get("parameterNotFoundAction")
    if not action:
        causes.append(required(f"{path}.parameterNotFoundAction"))
    elif action not in ("Deny", "Allow"):
        causes.append(not_supported(f"{path}.parameterNotFoundAction", action, ("Deny", "Allow")))
    return causes


def validate_actions(actions: Sequence[str], path: str) -> list[Cause]:
    """What is done about a violation: once each, and not said twice."""
    causes: list[Cause] = []
    for index, action in enumerate(actions):
        if action not in _ACTIONS:
            causes.append(not_supported(f"{path}[{index}]", action, _ACTIONS))
        if action in actions[:index]:
            causes.append(duplicate(f"{path}[{index}]", action))
    if "Deny" in actions and "Warn" in actions:
        detail = (
            "must not contain both Deny and Warn (repeating the same validation failure information in the "
            "API response and headers serves no purpose)"
        )
        causes.append(invalid(path, list(actions), detail))
    if not actions:
        causes.append(required(path, "at least one validation action is required"))
    return causes
