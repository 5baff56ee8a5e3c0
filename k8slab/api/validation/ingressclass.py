"""IngressClasses. Models pkg/apis/networking/validation/validation.go, v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    IMMUTABLE,
    all_invalid,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import byte_length, dns_label, domain_prefixed_path
from k8slab.api.validation.ingress import validate_object_reference


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    controller, parameters = spec.get("controller") or "", spec.get("parameters")
    causes = [too_long("spec.controller", 250)] if byte_length(controller) > 250 else []
    causes += domain_prefixed_path("spec.controller", controller)
    if parameters is None:
        return causes
    path, scope = "spec.parameters", parameters.get("scope")
    causes += validate_object_reference(parameters, path)
    if scope is None:
        return [*causes, required(f"{path}.scope")]
    namespace, where = parameters.get("namespace"), f"{path}.namespace"
    if scope not in ("Cluster", "Namespace"):
        causes.append(not_supported(f"{path}.scope", scope, ("Cluster", "Namespace")))
    elif scope == "Cluster" and namespace is not None:
        causes.append(forbidden(where, "`parameters.scope` is set to 'Cluster'"))
    elif scope == "Namespace" and namespace is None:
        causes.append(required(where, "`parameters.scope` is set to 'Namespace'"))
    elif scope == "Namespace":
        causes += all_invalid(where, namespace, dns_label(namespace or ""))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    controller = (new.get("spec") or {}).get("controller") or ""
    if controller == ((old.get("spec") or {}).get("controller") or ""):
        return []
    return [invalid("spec.controller", controller, IMMUTABLE)]


RULES = rules(_create, _update, namespaced=False, recheck="after")
