"""Admission webhooks: where they are, for which requests they are asked.

CEL expressions of match conditions are compiled without types.

Models pkg/apis/admissionregistration/validation/validation.go and
staging/src/k8s.io/apiserver/pkg/util/webhook/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from k8slab.api.cel import CelError, compile_expression
from k8slab.api.cel.checking import BOOL, BYTES, DOUBLE, DYN, INT, NULL, STRING, UINT, Type, type_of
from k8slab.api.cel.syntax import Call, Index, Name, Node, Select
from k8slab.api.errors import Cause
from k8slab.api.go_url import url_fault
from k8slab.api.kind import Rules
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    all_invalid,
    duplicate,
    invalid,
    not_supported,
    required,
    too_many,
)
from k8slab.api.validation._metadata import rules, validate_label_selector
from k8slab.api.validation._names import (
    dns_1035_label,
    dns_subdomain,
    fully_qualified_name,
    label_key,
    port_number,
)

_SCOPES = ("*", "Cluster", "Namespaced")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_REVIEW_VERSIONS = ("v1", "v1beta1")
_FORM = "; desired format: https://host[/path]"


def validate_client_config(config: Obj, path: str) -> list[Cause]:
    """A URL or a Service."""
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return [required(path, "exactly one of url or service is required")]
    if url is not None:
        return _validate_url(url, f"{path}.url")
    return _validate_service(service or {}, f"{path}.service")


def _validate_url(url: str, path: str) -> list[Cause]:
    fault = url_fault(url)
    if fault:
        return [required(path, f"url must be a valid URL: {fault}{_FORM}")]
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    causes: list[Cause] = []
    if parts.scheme != "https":
        detail = f"'https' is the only allowed URL scheme{_FORM}"
        causes.append(invalid(path, parts.scheme, detail))
    if not host:
        causes.append(invalid(path, "", f"host must be specified{_FORM}"))
    if "@" in parts.netloc:
        user = parts.netloc.rpartition("@")[0]
        causes.append(invalid(path, user, "user information is not permitted in the URL"))
    if parts.fragment:
        causes.append(invalid(path, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        causes.append(invalid(path, parts.query, "query parameters are not permitted in the URL"))
    return causes


def _validate_service(service: Obj, path: str) -> list[Cause]:
    # Upstream passes name and namespace in the wrong order, so each is reported as the other.
    causes = [] if service.get("namespace") else [required(f"{path}.name")]
    causes += [] if service.get("name") else [required(f"{path}.namespace")]
    port, target = service.get("port") or 0, service.get("path") or ""
    if port_number(port):
        detail = f"port is not valid: {', '.join(port_number(port))}"
        causes.append(invalid(f"{path}.port", port, detail))
    return causes + _validate_path(target, f"{path}.path")


def _validate_path(target: str, path: str) -> list[Cause]:
    if target in ("", "/"):
        return []
    if target == "//":
        return [invalid(path, target, "segment[0] may not be empty")]
    causes = [] if target.startswith("/") else [invalid(path, target, "must start with a '/'")]
    for index, step in enumerate(target[1:].removesuffix("/").split("/")):
        if not step:
            causes.append(invalid(path, target, f"segment[{index}] may not be empty"))
            continue
        causes += [invalid(path, target, f"segment[{index}]: {message}") for message in dns_subdomain(step)]
    return causes


def _validate_webhook(hook: Obj, path: str, *, mutating: bool) -> list[Cause]:
    causes = fully_qualified_name(f"{path}.name", hook.get("name") or "")
    for index, rule in enumerate(hook.get("rules") or ()):
        causes += validate_rule(rule, f"{path}.rules[{index}]")
    for name, supported in (("failurePolicy", ("Fail", "Ignore")), ("matchPolicy", ("Equivalent", "Exact"))):
        value = hook.get(name)
        if value is not None and value not in supported:
            causes.append(not_supported(f"{path}.{name}", value, supported))
    effects, allowed = hook.get("sideEffects"), ("None", "NoneOnDryRun")
    if effects is None:
        causes.append(required(f"{path}.sideEffects", f"must specify one of {', '.join(allowed)}"))
    elif effects not in allowed:
        causes.append(not_supported(f"{path}.sideEffects", effects, allowed))
    seconds = hook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        detail = "the timeout value must be between 1 and 30 seconds"
        causes.append(invalid(f"{path}.timeoutSeconds", seconds, detail))
    for name in ("namespaceSelector", "objectSelector"):
        causes += validate_label_selector(hook.get(name), f"{path}.{name}")
    again = hook.get("reinvocationPolicy")
    if mutating and again is not None and again not in ("IfNeeded", "Never"):
        causes.append(not_supported(f"{path}.reinvocationPolicy", again, ("IfNeeded", "Never")))
    causes += validate_client_config(hook.get("clientConfig") or {}, f"{path}.clientConfig")
    causes += validate_match_conditions(hook.get("matchConditions") or (), f"{path}.matchConditions")
    versions = hook.get("admissionReviewVersions") or []
    return causes + _validate_versions(versions, f"{path}.admissionReviewVersions")


def _validate_versions(versions: list[str], path: str) -> list[Cause]:
    accepted = ", ".join(_REVIEW_VERSIONS)
    if not versions:
        return [required(path, f"must specify one of {accepted}")]
    causes: list[Cause] = []
    for index, version in enumerate(versions):
        if version in versions[:index]:
            causes.append(invalid(f"{path}[{index}]", version, "duplicate version"))
        else:
            causes += all_invalid(f"{path}[{index}]", version, dns_1035_label(version))
    if not any(version in _REVIEW_VERSIONS for version in versions):
        causes.append(invalid(path, versions, f"must include at least one of {accepted}"))
    return causes


_OF_CONDITIONS = dict.fromkeys(("authorizer", "namespaceObject", "object", "oldObject", "request"), DYN)
"""The variables of a webhook's conditions."""


def validate_expression(
    text: str, variables: Mapping[str, Type], path: str, gives: tuple[Type, ...] = (), makes: str = ""
) -> list[Cause]:
    """An expression that compiles with these variables, and gives a value of one of these types.

    One that `makes` something of a type that isn't modelled may not give a scalar. Of which
    type a value is isn't always known here; what can't be told is let pass.
    """
    try:
        program = compile_expression(text, tuple(variables))
        found = type_of(text, program.tree, variables)
    except CelError as error:
        return [invalid(path, text, f"compilation failed: {error}")]
    is_known = found != DYN or _is_read(program.tree)
    if makes and (found in _SCALARS or (found == DYN and is_known)):
        return [invalid(path, text, f"must evaluate to {makes} but got {_type_text(found)}")]
    if not gives or found in gives or not is_known:
        return []
    wanted = " ".join(map(_type_text, gives))
    if len(gives) > 1:
        wanted = f"one of [{wanted}]"
    return [invalid(path, text, f"must evaluate to {wanted} but got {_type_text(found)}")]


_SCALARS = (BOOL, BYTES, DOUBLE, INT, NULL, STRING, UINT)


def _is_read(node: Node) -> bool:
    """Whether an expression is what an object has somewhere, which is of no known type, or says so."""
    if isinstance(node, Call):
        return node.function == "dyn" and node.target is None
    while isinstance(node, Select | Index):
        node = node.operand
    return isinstance(node, Name) and node.name in ("object", "oldObject", "params")


def _type_text(kind: Type) -> str:
    return "null_type" if kind == NULL else str(kind)


def validate_match_conditions(
    conditions: Sequence[Obj], path: str, variables: Mapping[str, Type] = _OF_CONDITIONS
) -> list[Cause]:
    """Named conditions, at most 64."""
    causes = [too_many(path, len(conditions), 64)] if len(conditions) > 64 else []
    seen: list[str] = []
    for index, condition in enumerate(conditions):
        where, name = f"{path}[{index}]", condition.get("name") or ""
        if not (condition.get("expression") or "").strip():
            causes.append(required(f"{where}.expression"))
        else:
            causes += validate_expression(condition["expression"], variables, f"{where}.expression", (BOOL,))
        if not name:
            causes.append(required(f"{where}.name"))
        else:
            causes += all_invalid(f"{where}.name", name, label_key(name))
            if name in seen:
                causes.append(duplicate(f"{where}.name", name))
            seen.append(name)
    return causes


def validate_rule(rule: Obj, path: str) -> list[Cause]:
    """Operations and resources."""
    operations = list(rule.get("operations") or ())
    where = f"{path}.operations"
    causes = [] if operations else [required(where)]
    if len(operations) > 1 and "*" in operations:
        detail = "if '*' is present, must not specify other operations"
        causes.append(invalid(where, operations, detail))
    for index, operation in enumerate(operations):
        if operation not in _OPERATIONS:
            causes.append(not_supported(f"{where}[{index}]", operation, _OPERATIONS))
    for name, words in (("apiGroups", "API groups"), ("apiVersions", "API versions")):
        values, where = list(rule.get(name) or ()), f"{path}.{name}"
        if not values:
            causes.append(required(where))
        if len(values) > 1 and "*" in values:
            detail = f"if '*' is present, must not specify other {words}"
            causes.append(invalid(where, values, detail))
        if name == "apiVersions":
            causes += [required(f"{where}[{index}]") for index, one in enumerate(values) if not one]
    causes += _validate_resources(list(rule.get("resources") or ()), f"{path}.resources")
    scope = rule.get("scope")
    if scope is not None and scope not in _SCOPES:
        causes.append(not_supported(f"{path}.scope", scope, _SCOPES))
    return causes


def _validate_resources(resources: list[str], path: str) -> list[Cause]:
    causes = [] if resources else [required(path)]
    every_sub: list[str] = []
    of_every: list[str] = []
    without_sub = False
    for index, resource in enumerate(resources):
        where = f"{path}[{index}]"
        if not resource:
            causes.append(required(where))
            continue
        name, slash, sub = resource.partition("/")
        if not slash:
            without_sub = resource != "*"
            continue
        if name in every_sub:
            detail = f"if '{name}/*' is present, must not specify {resource}"
            causes.append(invalid(where, resource, detail))
        if sub in of_every:
            detail = f"if '*/{sub}' is present, must not specify {resource}"
            causes.append(invalid(where, resource, detail))
        if sub == "*":
            every_sub.append(name)
        if name == "*":
            of_every.append(sub)
    if len(resources) > 1 and "*/*" in resources:
        causes.append(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
    if "*" in resources and without_sub:
        detail = "if '*' is present, must not specify other resources without subresources"
        causes.append(invalid(path, resources, detail))
    return causes


def webhook_rules(*, mutating: bool) -> Rules:
    """The rules of a webhook configuration."""

    def create(new: Obj) -> list[Cause]:
        causes: list[Cause] = []
        names: list[str] = []
        for index, hook in enumerate(new.get("webhooks") or ()):
            path, name = f"webhooks[{index}]", hook.get("name") or ""
            causes += _validate_webhook(hook, path, mutating=mutating)
            if name and name in names:
                causes.append(duplicate(f"{path}.name", name))
            names.append(name)
        return causes

    return rules(create, namespaced=False, recheck="before", own_metadata=False, finalizer_names=False)
