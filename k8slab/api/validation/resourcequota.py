"""ResourceQuotas. Models pkg/apis/core/validation/validation.go (ValidateResourceQuota), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import IMMUTABLE, invalid, required
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._resources import (
    is_quota_resource,
    validate_quota_resource_name,
    validate_resource_list,
)
from k8slab.api.validation._shape import shape

_PODS = ("pods",)
_COMPUTE = ("cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory")
_SCOPES = {
    "Terminating": _PODS + _COMPUTE,
    "NotTerminating": _PODS + _COMPUTE,
    "BestEffort": _PODS,
    "NotBestEffort": _PODS + _COMPUTE,
    "PriorityClass": _PODS + _COMPUTE,
    "CrossNamespacePodAffinity": _PODS + _COMPUTE,
    "VolumeAttributesClass": ("persistentvolumeclaims", "requests.storage"),
}
_ONLY_EXISTS = (
    "BestEffort",
    "NotBestEffort",
    "Terminating",
    "NotTerminating",
    "CrossNamespacePodAffinity",
)
_PAIRS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_EXISTS_DETAIL = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
    "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
    "ResourceQuotaScopeCrossNamespacePodAffinity"
)


def _misfits(scope: str, hard: Obj) -> list[str]:
    """The limited resources to which a scope cannot apply."""
    valid = _SCOPES.get(scope)
    if valid is None:
        return []
    return [name for name in sorted(hard) if is_quota_resource(name) and name not in valid]


def _validate_scopes(spec: Obj) -> list[Cause]:
    scopes, path = list(spec.get("scopes") or ()), "spec.scopes"
    causes: list[Cause] = []
    for scope in scopes:
        if scope not in _SCOPES:
            causes.append(invalid(path, scopes, "unsupported scope"))
        for _ in _misfits(scope, spec.get("hard") or {}):
            causes.append(invalid(path, scopes, "unsupported scope applied to resource"))
    return causes + _conflicts(scopes, scopes, path)


def _conflicts(given: list[str], shown: list[str] | None, path: str) -> list[Cause]:
    return [
        invalid(path, shown, "conflicting scopes") for one, other in _PAIRS if one in given and other in given
    ]


def _validate_selector(spec: Obj) -> list[Cause]:
    selector, path = spec.get("scopeSelector"), "spec.scopeSelector.matchExpressions"
    if selector is None:
        return []
    causes: list[Cause] = []
    scopes: list[str] = []
    for requirement in selector.get("matchExpressions") or ():
        scope, operator = requirement.get("scopeName") or "", requirement.get("operator") or ""
        values = list(requirement.get("values") or ())
        scopes.append(scope)
        if scope not in _SCOPES:
            causes.append(invalid(f"{path}.scopeName", scope, "unsupported scope"))
        for _ in _misfits(scope, spec.get("hard") or {}):
            shown = shape("ScopeSelector", selector)
            causes.append(invalid(path, shown, "unsupported scope applied to resource"))
        if scope in _ONLY_EXISTS and operator != "Exists":
            causes.append(invalid(f"{path}.operator", operator, _EXISTS_DETAIL))
        causes += _validate_operator(operator, values, path)
    return causes + _conflicts(scopes, list(spec.get("scopes") or ()) or None, path)


def _validate_operator(operator: str, values: list[str], path: str) -> list[Cause]:
    if operator in ("In", "NotIn"):
        detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
        return [] if values else [required(f"{path}.values", detail)]
    if operator in ("Exists", "DoesNotExist"):
        detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
        return [invalid(f"{path}.values", values, detail)] if values else []
    return [invalid(f"{path}.operator", operator, "not a valid selector operator")]


def _validate_spec(spec: Obj) -> list[Cause]:
    causes = validate_resource_list(spec.get("hard"), "spec.hard", validate_quota_resource_name)
    return causes + _validate_scopes(spec) + _validate_selector(spec)


def _validate_status(status: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for name in ("hard", "used"):
        causes += validate_resource_list(status.get(name), f"status.{name}", validate_quota_resource_name)
    return causes


def _create(new: Obj) -> list[Cause]:
    return _validate_spec(new.get("spec") or {}) + _validate_status(new.get("status") or {})


def _update(new: Obj, old: Obj) -> list[Cause]:
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if after is before:
        return []
    causes = _validate_spec(after)
    scopes = list(after.get("scopes") or ())
    if sorted(set(scopes)) != sorted(set(before.get("scopes") or ())):
        causes.append(invalid("spec.scopes", scopes or None, IMMUTABLE))
    return causes


def _status(new: Obj, old: Obj) -> list[Cause]:
    causes = [] if new["metadata"].get("resourceVersion") else [required("resourceVersion")]
    return causes + _validate_status(new.get("status") or {})


RULES = rules(_create, _update, status=_status)
