"""Ingresses.

Models pkg/apis/networking/validation/validation.go (ValidateIngressCreate) and
pkg/registry/networking/ingress/strategy.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, invalid, not_supported, required
from k8slab.api.validation._ip import legacy_ip, parse_sloppy
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import (
    dns_label,
    dns_subdomain,
    path_segment,
    port_name,
    port_number,
    wildcard_subdomain,
)

_CLASS = "kubernetes.io/ingress.class"
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_PARTS = ("//", "/./", "/../", "%2f", "%2F")
_NOT_AN_IP = "must be a DNS name, not an IP address"


def _validate_spec(spec: Obj) -> list[Cause]:
    rules_given, backend = spec.get("rules") or (), spec.get("defaultBackend")
    causes: list[Cause] = []
    if not rules_given and backend is None:
        causes.append(
            invalid("spec", spec.get("rules"), "either `defaultBackend` or `rules` must be specified")
        )
    if backend is not None:
        causes += _validate_backend(backend, "spec.defaultBackend")
    for index, rule in enumerate(rules_given):
        causes += _validate_rule(rule or {}, f"spec.rules[{index}]")
    for index, tls in enumerate(spec.get("tls") or ()):
        path, name = f"spec.tls[{index}]", tls.get("secretName")
        for number, host in enumerate(tls.get("hosts") or ()):
            causes += _validate_host(host, f"{path}.hosts[{number}]")
        if name:
            causes += all_invalid(f"{path}.secretName", name, dns_subdomain(name))
    name = spec.get("ingressClassName")
    if name is not None:
        causes += all_invalid("spec.ingressClassName", name, dns_subdomain(name))
    return causes


def _validate_host(host: str, path: str) -> list[Cause]:
    return all_invalid(path, host, wildcard_subdomain(host) if "*" in host else dns_subdomain(host))


def _validate_rule(rule: Obj, path: str) -> list[Cause]:
    host, http = rule.get("host"), rule.get("http")
    causes: list[Cause] = []
    if host:
        if parse_sloppy(host) is not None:
            causes.append(invalid(f"{path}.host", host, _NOT_AN_IP))
        causes += _validate_host(host, f"{path}.host")
    if http is None:
        return causes
    paths = http.get("paths") or ()
    if not paths:
        causes.append(required(f"{path}.http.paths"))
    for index, one in enumerate(paths):
        causes += _validate_path(one or {}, f"{path}.http.paths[{index}]")
    return causes


def _validate_path(entry: Obj, path: str) -> list[Cause]:
    kind, text, where = entry.get("pathType"), entry.get("path") or "", f"{path}.path"
    if kind is None:
        return [required(f"{path}.pathType", "pathType must be specified")]
    causes: list[Cause] = []
    if kind in ("Exact", "Prefix"):
        if not text.startswith("/"):
            causes.append(invalid(where, text, "must be an absolute path"))
        for part in _BAD_PARTS:
            if part in text:
                causes.append(invalid(where, text, f"must not contain '{part}'"))
        for end in ("/..", "/."):
            if text.endswith(end):
                causes.append(invalid(where, text, f"cannot end with '{end}'"))
    elif kind == "ImplementationSpecific":
        if text and not text.startswith("/"):
            causes.append(invalid(where, text, "must be an absolute path"))
    else:
        causes.append(not_supported(f"{path}.pathType", kind, _PATH_TYPES))
    return causes + _validate_backend(entry.get("backend") or {}, f"{path}.backend")


def _validate_backend(backend: Obj, path: str) -> list[Cause]:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return validate_object_reference(resource, f"{path}.resource")
    if service is None:
        return [invalid(path, "", "resource or service backend is required")]
    name = service.get("name") or ""
    where = f"{path}.service"
    causes = all_invalid(f"{where}.name", name, dns_label(name)) if name else [required(f"{where}.name")]
    port = service.get("port") or {}
    label, number = port.get("name") or "", port.get("number") or 0
    if label and number:
        causes.append(invalid(path, "", "cannot set both port name & port number"))
    elif label:
        causes += all_invalid(f"{where}.port.name", label, port_name(label))
    elif number:
        causes += all_invalid(f"{where}.port.number", number, port_number(number))
    else:
        causes.append(required(path, "port name or number is required"))
    return causes


def validate_object_reference(reference: Obj, path: str) -> list[Cause]:
    """A reference by API group, kind and name."""
    group = reference.get("apiGroup")
    causes = [] if group is None else all_invalid(f"{path}.apiGroup", group, dns_subdomain(group))
    for name in ("kind", "name"):
        value, where = reference.get(name) or "", f"{path}.{name}"
        causes += all_invalid(where, value, path_segment(value)) if value else [required(where)]
    return causes


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    causes = _validate_spec(spec)
    annotation = (new["metadata"].get("annotations") or {}).get(_CLASS)
    name = spec.get("ingressClassName")
    if annotation is not None and name is not None and annotation != name:
        detail = "must match `ingressClassName` when both are specified"
        causes.append(invalid(f"annotations.{_CLASS}", annotation, detail))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    return [] if new.get("spec") is old.get("spec") else _validate_spec(new.get("spec") or {})


def _ingresses(obj: Obj) -> Sequence[Obj]:
    return ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()


def _status(new: Obj, old: Obj) -> list[Cause]:
    accepted = [one["ip"] for one in _ingresses(old) if one.get("ip")]
    causes: list[Cause] = []
    for index, ingress in enumerate(_ingresses(new)):
        path = f"status.loadBalancer.ingress[{index}]"
        address, host = ingress.get("ip"), ingress.get("hostname")
        if address:
            causes += legacy_ip(f"{path}.ip", address, accepted)
        if host:
            causes += all_invalid(f"{path}.hostname", host, dns_subdomain(host))
            if parse_sloppy(host) is not None:
                causes.append(invalid(f"{path}.hostname", host, _NOT_AN_IP))
    return causes


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    annotated = _CLASS in (new["metadata"].get("annotations") or {})
    if old is not None or not annotated or (new.get("spec") or {}).get("ingressClassName") is not None:
        return ()
    return (f"annotation \"{_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead",)


RULES = rules(_create, _update, status=_status, warnings=_warnings)
