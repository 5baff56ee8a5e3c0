"""Environment variables and where their values come from.

Models pkg/apis/core/validation/validation.go (ValidateEnv, ValidateEnvFrom) and
pkg/apis/core/pods/helpers.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from k8slab.api import quantities
from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, invalid, not_supported, required
from k8slab.api.validation._names import config_key, dns_label, dns_subdomain, env_name, label_key, masked
from k8slab.api.validation._paths import no_backsteps

ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
VOLUME_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_CONVERTIBLE_FIELDS = frozenset(
    (*ENV_FIELDS, *VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase")
)
_RESOURCE_FIELDS = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_HUGE_PAGE_FIELDS = ("limits.hugepages-", "requests.hugepages-")
_BYTE_DIVISORS = ("1", *(f"1{unit}" for unit in "kMGTPE"), *(f"1{unit}i" for unit in "KMGTPE"))
_BYTE_DIVISORS_TEXT = ", ".join(_BYTE_DIVISORS)
_SUBSCRIPT = re.compile(r"(.*)\['([^']*)'\]")


def validate_env(variables: Sequence[Obj], path: str) -> list[Cause]:
    """Names, and values that come from elsewhere."""
    causes: list[Cause] = []
    for index, variable in enumerate(variables):
        where = f"{path}[{index}]"
        name = variable.get("name") or ""
        if not name:
            causes.append(required(f"{where}.name"))
        else:
            causes += all_invalid(f"{where}.name", name, env_name(name))
        if variable.get("valueFrom") is not None:
            causes += _validate_value_from(variable, f"{where}.valueFrom")
    return causes


def _validate_value_from(variable: Obj, path: str) -> list[Cause]:
    source = variable["valueFrom"]
    causes: list[Cause] = []
    count = 0
    for name, check in _SOURCES:
        if source.get(name) is not None:
            count += 1
            causes += check(source[name], f"{path}.{name}")
    if count == 0:
        detail = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
            "`secretKeyRef` or `fileKeyRef`"
        )
        causes.append(invalid(path, "", detail))
    elif variable.get("value"):
        causes.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif count > 1:
        causes.append(invalid(path, "", "may not have more than one field specified at a time"))
    return causes


def validate_field_selector(selector: Obj, path: str, fields: Sequence[str]) -> list[Cause]:
    """A field of the Pod that a variable or file may show."""
    version, field = selector.get("apiVersion") or "", selector.get("fieldPath") or ""
    if not version:
        return [required(f"{path}.apiVersion")]
    if not field:
        return [required(f"{path}.fieldPath")]
    subscript = _SUBSCRIPT.fullmatch(field)
    problem = ""
    if version != "v1":
        problem = f"unsupported pod version: {version}"
    elif subscript and subscript[1] not in ("metadata.annotations", "metadata.labels"):
        problem = f"field label does not support subscript: {field}"
    elif not subscript and field not in _CONVERTIBLE_FIELDS and field != "spec.host":
        problem = f"field label not supported: {field}"
    if problem:
        return [invalid(f"{path}.fieldPath", field, f"error converting fieldPath: {problem}")]
    if subscript:
        key = subscript[2].lower() if subscript[1] == "metadata.annotations" else subscript[2]
        return all_invalid(path, key, label_key(key))
    field = "spec.nodeName" if field == "spec.host" else field
    return [] if field in fields else [not_supported(f"{path}.fieldPath", field, sorted(fields))]


def validate_resource_selector(selector: Obj, path: str, *, in_volume: bool) -> list[Cause]:
    """A container's limit or request that a variable or file may show."""
    causes: list[Cause] = []
    resource = selector.get("resource") or ""
    if in_volume and not selector.get("containerName"):
        causes.append(required(f"{path}.containerName"))
    elif not resource:
        causes.append(required(f"{path}.resource"))
    elif resource not in _RESOURCE_FIELDS and not resource.startswith(_HUGE_PAGE_FIELDS):
        causes.append(not_supported(f"{path}.resource", resource, _RESOURCE_FIELDS))
    return causes + _validate_divisor(resource, selector.get("divisor"), f"{path}.divisor")


def _validate_divisor(resource: str, divisor: str | None, path: str) -> list[Cause]:
    if divisor is None or quantities.nano(str(divisor)) == 0:
        return []
    text = quantities.canonical(str(divisor))
    name = resource.partition(".")[2]
    supported: Sequence[str] = _BYTE_DIVISORS
    if name == "cpu":
        values, label, supported = "1m and 1", "cpu", ("1m", "1")
    elif name == "memory":
        values, label = _BYTE_DIVISORS_TEXT, "memory"
    elif name == "ephemeral-storage":
        values, label = _BYTE_DIVISORS_TEXT, "local ephemeral storage"
    elif name.startswith("hugepages-"):
        values, label = _BYTE_DIVISORS_TEXT, "hugepages"
    else:
        return []
    if text in supported:
        return []
    return [
        invalid(path, resource, f"only divisor's values {values} are supported with the {label} resource")
    ]


def _validate_key_selector(selector: Obj, path: str) -> list[Cause]:
    """A key of a ConfigMap or Secret."""
    name, key = selector.get("name") or "", selector.get("key") or ""
    causes = all_invalid(f"{path}.name", name, dns_subdomain(name))
    if not key:
        causes.append(required(f"{path}.key"))
    else:
        causes += all_invalid(f"{path}.key", key, config_key(key))
    return causes


def _validate_file_key_selector(selector: Obj, path: str) -> list[Cause]:
    """A variable in a file of a volume."""
    causes: list[Cause] = []
    key, volume, file = (selector.get(name) or "" for name in ("key", "volumeName", "path"))
    causes += all_invalid(f"{path}.key", key, env_name(key)) if key else [required(f"{path}.key")]
    if not volume:
        causes.append(required(f"{path}.volumeName"))
    else:
        causes += all_invalid(f"{path}.volumeName", volume, dns_label(volume))
    causes += no_backsteps(file, f"{path}.path") if file else [required(f"{path}.path")]
    return causes


_SOURCES: tuple[tuple[str, Callable[[Obj, str], list[Cause]]], ...] = (
    ("fieldRef", lambda source, path: validate_field_selector(source, path, ENV_FIELDS)),
    ("resourceFieldRef", lambda source, path: validate_resource_selector(source, path, in_volume=False)),
    ("configMapKeyRef", _validate_key_selector),
    ("secretKeyRef", _validate_key_selector),
    ("fileKeyRef", _validate_file_key_selector),
)


def validate_env_from(sources: Sequence[Obj], path: str) -> list[Cause]:
    """Whole ConfigMaps and Secrets as variables."""
    causes: list[Cause] = []
    for index, source in enumerate(sources):
        where = f"{path}[{index}]"
        prefix = source.get("prefix")
        if prefix:
            causes += all_invalid(f"{where}.prefix", prefix, env_name(prefix))
        count = 0
        for kind in ("configMapRef", "secretRef"):
            if source.get(kind) is None:
                continue
            count += 1
            name = source[kind].get("name") or ""
            if not name:
                causes.append(required(f"{where}.{kind}.name"))
            else:
                causes += all_invalid(f"{where}.{kind}.name", name, masked(dns_subdomain)(name))
        if count == 0:
            causes.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif count > 1:
            causes.append(invalid(path, "", "may not have more than one field specified at a time"))
    return causes
