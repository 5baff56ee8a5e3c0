"""Resource names and amounts: containers' requests and limits, quotas, claims on devices.

Models pkg/apis/core/validation/validation.go (validateResourceRequirements and
round it) and pkg/apis/core/helper/helpers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from k8slab.api import quantities
from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    NOT_NEGATIVE,
    NOT_POSITIVE,
    all_invalid,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)
from k8slab.api.validation._names import dns_label, label_key

NOT_INTEGER = "must be an integer"
HUGE_PAGES = "hugepages-"
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_COUNTED = (
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
)
_REQUESTED = ("requests.cpu", "requests.memory", "requests.ephemeral-storage", "requests.storage")
_LIMITED = ("limits.cpu", "limits.memory", "limits.ephemeral-storage")
QUOTA_RESOURCES = frozenset((*_COMPUTE, *_REQUESTED, *_LIMITED, *_COUNTED))
STANDARD_RESOURCES = QUOTA_RESOURCES | {"storage"}
_INTEGER_RESOURCES = frozenset(_COUNTED)


def nano(quantity: Any) -> int:
    """The exact amount of a quantity in nano-units; an absent one is 0."""
    return quantities.nano(str(quantity)) if quantity is not None else 0


def text_of(quantity: Any) -> str:
    """The canonical text of a quantity; an absent one is 0."""
    return quantities.canonical(str(quantity)) if quantity is not None else "0"


def is_huge_page(name: str) -> bool:
    """Whether a resource is pages of one size."""
    return name.startswith(HUGE_PAGES)


def is_native(name: str) -> bool:
    """Whether a resource is Kubernetes' own."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Whether a resource is one that a vendor offers on nodes, such as `example.com/gpu`."""
    return not is_native(name) and not name.startswith("requests.") and not label_key(f"requests.{name}")


def overcommit_allowed(name: str) -> bool:
    """Whether a limit may be above the request."""
    return is_native(name) and not is_huge_page(name)


def is_quota_resource(name: str) -> bool:
    """Whether a quota can count this resource by itself."""
    return name in QUOTA_RESOURCES or name.startswith((HUGE_PAGES, f"requests.{HUGE_PAGES}"))


def validate_resource_name(name: str, path: str) -> list[Cause]:
    """A qualified name, which without a domain must be a standard one."""
    causes = all_invalid(path, name, label_key(name))
    standard = name in STANDARD_RESOURCES or name.startswith((HUGE_PAGES, f"requests.{HUGE_PAGES}"))
    if not causes and "/" not in name and not standard:
        causes.append(invalid(path, name, "must be a standard resource type or fully qualified"))
    return causes


def validate_container_resource_name(name: str, path: str) -> list[Cause]:
    """A resource that a container can ask for."""
    causes = validate_resource_name(name, path)
    if "/" not in name:
        if name not in _COMPUTE and not is_huge_page(name):
            causes.append(invalid(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        causes.append(invalid(path, name, "doesn't follow extended resource name standard"))
    return causes


def validate_pod_resource_name(name: str, path: str) -> list[Cause]:
    """A resource that a Pod as a whole can ask for."""
    causes = validate_resource_name(name, path)
    if not causes and name not in ("cpu", "memory") and not is_huge_page(name):
        causes.append(not_supported(path, name, ("cpu", HUGE_PAGES, "memory")))
    return causes


def validate_quota_resource_name(name: str, path: str) -> list[Cause]:
    """A resource that a quota can count."""
    causes = validate_resource_name(name, path)
    if "/" not in name and not is_quota_resource(name):
        causes.append(invalid(path, name, "must be a standard resource for quota"))
    return causes


def validate_amount(name: str, quantity: Any, path: str) -> list[Cause]:
    """An amount of a resource: not negative, and whole for those that are counted."""
    causes = validate_nonnegative_quantity(quantity, path)
    if (name in _INTEGER_RESOURCES or is_extended(name)) and not quantities.is_whole(str(quantity)):
        causes.append(invalid(path, text_of(quantity), NOT_INTEGER))
    return causes


def validate_nonnegative_quantity(quantity: Any, path: str) -> list[Cause]:
    """A quantity of 0 or more."""
    return [invalid(path, text_of(quantity), NOT_NEGATIVE)] if nano(quantity) < 0 else []


def validate_positive_quantity(quantity: Any, path: str) -> list[Cause]:
    """A quantity above 0."""
    return [invalid(path, text_of(quantity), NOT_POSITIVE)] if nano(quantity) <= 0 else []


def validate_resource_list(
    resources: Obj | None, path: str, name_rule: Callable[[str, str], list[Cause]]
) -> list[Cause]:
    """Names and amounts of a list of resources, in sorted order."""
    causes: list[Cause] = []
    for name in sorted(resources or ()):
        where = f"{path}[{name}]"
        causes += name_rule(name, where)
        causes += validate_amount(name, (resources or {})[name], where)
    return causes


def _huge_page_amount(name: str, quantity: Any, path: str) -> list[Cause]:
    try:
        size = quantities.parse(name.removeprefix(HUGE_PAGES)).nano
    except quantities.QuantityError:
        size = 0
    if size > 0 and size % quantities.NANO_PER_UNIT == 0 and nano(quantity) % size == 0:
        return []
    text = text_of(quantity)
    return [invalid(path, text, f"{text} is not positive integer multiple of {name}")]


def validate_requirements(
    resources: Obj | None,
    claim_names: Sequence[str],
    path: str,
    name_rule: Callable[[str, str], list[Cause]] = validate_container_resource_name,
) -> list[Cause]:
    """Requests and limits of a container or Pod, and the device claims that it uses."""
    if not resources:
        return []
    causes: list[Cause] = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name in sorted(limits):
        where = f"{path}.limits[{name}]"
        causes += name_rule(name, where) + validate_amount(name, limits[name], where)
        if is_huge_page(name):
            causes += _huge_page_amount(name, limits[name], where)
    for name in sorted(requests):
        where = f"{path}.requests[{name}]"
        causes += name_rule(name, where) + validate_amount(name, requests[name], where)
        causes += _request_within_limit(name, requests[name], limits, path)
        if is_huge_page(name):
            causes += _huge_page_amount(name, requests[name], where)
    asked = (*limits, *requests)
    if any(is_huge_page(name) for name in asked) and "cpu" not in asked and "memory" not in asked:
        causes.append(forbidden(path, "HugePages require cpu or memory"))
    return causes + _validate_claims(resources.get("claims") or (), claim_names, f"{path}.claims")


def _request_within_limit(name: str, quantity: Any, limits: Obj, path: str) -> list[Cause]:
    if name not in limits:
        if overcommit_allowed(name):
            return []
        return [required(f"{path}.limits", "Limit must be set for non overcommitable resources")]
    request, limit = nano(quantity), nano(limits[name])
    if request != limit and not overcommit_allowed(name):
        relation = "equal to"
    elif request > limit:
        relation = "less than or equal to"
    else:
        return []
    detail = f"must be {relation} {name} limit of {text_of(limits[name])}"
    return [invalid(f"{path}.requests", text_of(quantity), detail)]


def _validate_claims(claims: Sequence[Obj], claim_names: Sequence[str], path: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: list[str] = []
    for index, claim in enumerate(claims):
        name, request, where = claim.get("name") or "", claim.get("request") or "", f"{path}[{index}]"
        if not name:
            causes.append(required(where))
            continue
        if name in seen:
            causes.append(duplicate(where, name))
        else:
            key = f"{name}/{request}" if request else name
            if request:
                causes += all_invalid(f"{where}.request", request, dns_label(request))
            if key in seen:
                causes.append(duplicate(where, key))
            elif not request:
                causes += [duplicate(where, name) for one in seen if one.startswith(f"{name}/")]
            seen.append(key)
        if name not in claim_names:
            known = f": {', '.join(sorted(claim_names))}" if claim_names else " which is empty"
            causes.append(
                not_found(where, name, f"must be one of the names in pod.spec.resourceClaims{known}")
            )
    return causes
