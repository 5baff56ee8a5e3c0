"""FlowSchemas. Models pkg/apis/flowcontrol/validation/validation.go (ValidateFlowSchema), v1.36."""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.flow_control import MANDATORY_SCHEMAS
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, forbidden, invalid, not_supported, required
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import dns_label, dns_subdomain
from k8slab.api.validation._shape import shape
from k8slab.api.validation._status_conditions import validate_typed_conditions

_MOST_PRECEDENCE = 10000
_METHODS = ("ByNamespace", "ByUser")
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
_SUBJECTS = ("Group", "ServiceAccount", "User")
_NAMESPACE = "each member of this list must be '*' or a DNS-1123 label; "


def _create(new: Obj) -> list[Cause]:
    name, spec = new["metadata"].get("name") or "", new.get("spec") or {}
    causes = _validate_precedence(spec.get("matchingPrecedence") or 0, name)
    method = spec.get("distinguisherMethod")
    if method is not None and (method.get("type") or "") not in _METHODS:
        shown = shape("FlowDistinguisherMethod", method)
        causes.append(not_supported("spec.distinguisherMethod.type", shown, _METHODS))
    level, where = (
        (spec.get("priorityLevelConfiguration") or {}).get("name") or "",
        "priorityLevelConfiguration",
    )
    if level:
        causes += all_invalid(f"spec.{where}.name", level, dns_subdomain(level))
    else:
        causes.append(required(f"spec.{where}.name", "must reference a priority level"))
    for index, rule in enumerate(spec.get("rules") or ()):
        causes += _validate_rule(rule, f"spec.rules[{index}]")
    fixed = MANDATORY_SCHEMAS.get(name)
    shown = shape("FlowSchemaSpec", spec)
    if fixed is not None and shown != shape("FlowSchemaSpec", fixed):
        causes.append(invalid("spec", shown, f"spec of '{name}' must equal the fixed value"))
    return causes + validate_typed_conditions(new)


def _validate_precedence(precedence: int, name: str) -> list[Cause]:
    path = "spec.matchingPrecedence"
    causes: list[Cause] = []
    if precedence <= 0:
        causes.append(invalid(path, precedence, "must be a positive value"))
    if precedence > _MOST_PRECEDENCE:
        causes.append(invalid(path, precedence, f"must not be greater than {_MOST_PRECEDENCE}"))
    if precedence == 1 and name != "exempt":
        detail = "only the schema named 'exempt' may have matchingPrecedence 1"
        causes.append(invalid(path, precedence, detail))
    return causes


def _validate_rule(rule: Obj, path: str) -> list[Cause]:
    subjects = rule.get("subjects") or ()
    causes: list[Cause] = []
    for index, subject in enumerate(subjects):
        causes += _validate_subject(subject, f"{path}.subjects[{index}]")
    if not subjects:
        causes.append(required(f"{path}.subjects", "subjects must contain at least one value"))
    resources, others = rule.get("resourceRules") or (), rule.get("nonResourceRules") or ()
    if not resources and not others:
        detail = "at least one of resourceRules and nonResourceRules has to be non-empty"
        causes.append(required(path, detail))
    for index, one in enumerate(resources):
        causes += _validate_resource_rule(one, f"{path}.resourceRules[{index}]")
    for index, one in enumerate(others):
        causes += _validate_path_rule(one, f"{path}.nonResourceRules[{index}]")
    return causes


def _validate_subject(subject: Obj, path: str) -> list[Cause]:
    kind = subject.get("kind") or ""
    if kind not in _SUBJECTS:
        return [not_supported(f"{path}.kind", kind, _SUBJECTS)]
    own = kind[0].lower() + kind[1:]
    causes = _validate_named(subject.get(own), own, kind, f"{path}.{own}")
    for field in ("serviceAccount", "user", "group"):
        if field != own and subject.get(field) is not None:
            other = field[0].upper() + field[1:]
            detail = f"{field} is forbidden when subject kind is not '{other}'"
            causes.append(forbidden(f"{path}.{field}", detail))
    return causes


def _validate_named(value: Obj | None, field: str, kind: str, path: str) -> list[Cause]:
    """Whom a subject names; a ServiceAccount has a namespace too."""
    if value is None:
        return [required(path, f"{field} is required when subject kind is '{kind}'")]
    name, namespace = value.get("name") or "", value.get("namespace") or ""
    causes = [] if name else [required(f"{path}.name")]
    if kind != "ServiceAccount":
        return causes
    if name and name != "*":
        causes += all_invalid(f"{path}.name", name, dns_subdomain(name))
    if namespace:
        return causes + all_invalid(f"{path}.namespace", namespace, dns_label(namespace))
    return [*causes, required(f"{path}.namespace", "must specify namespace for service account")]


def _validate_verbs(verbs: list[str], path: str) -> list[Cause]:
    if not verbs:
        return [required(path, "verbs must contain at least one value")]
    if "*" in verbs:
        return _alone(verbs, path, "verbs")
    return [] if all(verb in _VERBS for verb in verbs) else [not_supported(path, verbs, _VERBS)]


def _alone(values: Sequence[str], path: str, what: str) -> list[Cause]:
    """`*` stands for everything, so nothing may stand beside it."""
    if len(values) < 2 or "*" not in values:
        return []
    return [invalid(path, list(values), f"if '*' is present, must not specify other {what}")]


def _validate_resource_rule(rule: Obj, path: str) -> list[Cause]:
    causes = _validate_verbs(list(rule.get("verbs") or ()), f"{path}.verbs")
    for field, one, many in (
        ("apiGroups", "api group", "api groups"),
        ("resources", "resource", "resources"),
    ):
        values = list(rule.get(field) or ())
        if not values:
            detail = f"resource rules must supply at least one {one}"
            causes.append(required(f"{path}.{field}", detail))
        causes += _alone(values, f"{path}.{field}", many)
    namespaces = list(rule.get("namespaces") or ())
    where = f"{path}.namespaces"
    if not namespaces and not rule.get("clusterScope"):
        detail = "resource rules that are not cluster scoped must supply at least one namespace"
        return [*causes, required(where, detail)]
    if "*" in namespaces:
        return causes + _alone(namespaces, where, "namespaces")
    for index, namespace in enumerate(namespaces):
        messages = [f"{_NAMESPACE}{message}" for message in dns_label(namespace)]
        causes += all_invalid(f"{where}[{index}]", namespace, messages)
    return causes


def _validate_path_rule(rule: Obj, path: str) -> list[Cause]:
    causes = _validate_verbs(list(rule.get("verbs") or ()), f"{path}.verbs")
    urls, where = list(rule.get("nonResourceURLs") or ()), f"{path}.nonResourceURLs"
    if not urls:
        return [*causes, required(where, "nonResourceURLs must contain at least one value")]
    if "*" in urls:
        return causes + _alone(urls, where, "non-resource URLs")
    for index, url in enumerate(urls):
        message = _fault_of_path(url)
        if message:
            causes.append(invalid(f"{where}[{index}]", url, message))
    return causes


def _fault_of_path(url: str) -> str:
    if not url:
        return "must not be empty"
    if url == "/":
        return ""
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    stars = url.count("*")
    return "wildcard can only do suffix matching" if stars > 1 or (stars and url[-2:] != "/*") else ""


def _status(new: Obj, old: Obj) -> list[Cause]:
    return validate_typed_conditions(new)


RULES = rules(_create, status=_status, namespaced=False, recheck="before", own_metadata=False)
