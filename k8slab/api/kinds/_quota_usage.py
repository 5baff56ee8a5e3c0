"""What an object counts for in a ResourceQuota, and which quotas it falls under.

Admission charges by these functions before an object is stored, and the quota
controller adds up by them what there is.

Models pkg/quota/v1/evaluator/core and staging/src/k8s.io/apiserver/pkg/quota/v1/generic, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from k8slab import clock
from k8slab.api import quantities
from k8slab.api.errors import qualified
from k8slab.api.kind import Kind
from k8slab.api.kinds._pod_resources import (
    Amounts,
    effective_spec,
    pod_limits,
    pod_requests,
    quality_of_service,
)
from k8slab.api.meta import Obj, annotations_of, dig
from k8slab.api.quantities import Quantity
from k8slab.api.selectors import Requirement, requirement_matches

ONE = Quantity(quantities.NANO_PER_UNIT)
_NONE = Quantity(0)

IGNORED = ("Event",)
"""Kinds that no quota counts."""

_LEGACY_NAMES = {
    "ConfigMap": "configmaps",
    "ResourceQuota": "resourcequotas",
    "ReplicationController": "replicationcontrollers",
    "Secret": "secrets",
}
_POD_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_POD_NAMES = (
    "count/pods",
    "pods",
    *_POD_COMPUTE,
    *(f"requests.{name}" for name in _POD_COMPUTE),
    *(f"limits.{name}" for name in _POD_COMPUTE),
)
_HUGE_PAGES = ("hugepages-", "requests.hugepages-")
_SERVICE_NAMES = ("count/services", "services", "services.nodeports", "services.loadbalancers")
_CLAIM_NAMES = ("persistentvolumeclaims", "requests.storage")
_BY_CLASS = ".storageclass.storage.k8s.io/"
_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_IMPLICIT_CLASS = "deviceclass.resource.kubernetes.io/"
_DEVICES = ".deviceclass.resource.k8s.io/devices"
_MOST_DEVICES = 32
"""How many devices a claim may be given at most (`AllocationResultsMaxSize`)."""
_REQUIRED_OF_CONTAINERS = (
    "cpu",
    "limits.cpu",
    "limits.memory",
    "memory",
    "requests.cpu",
    "requests.memory",
)
_PRIORITY_CLASS = "PriorityClass"
_VOLUME_ATTRIBUTES_CLASS = "VolumeAttributesClass"


def count_name(kind: Kind) -> str:
    """The name under which objects of a kind are counted: `count/deployments.apps`."""
    return f"count/{qualified(kind.plural, kind.group)}"


def _is_extended(name: str) -> bool:
    """Whether a resource is a node's own kind, or a class of devices under the name of one."""
    if name.startswith(_IMPLICIT_CLASS):
        return True
    return "/" in name and "kubernetes.io/" not in name and not name.startswith("requests.")


# What an object uses.


def usage(kind: Kind, obj: Obj, now_us: int) -> Amounts:
    """Everything that an object counts for, by the names that a quota uses."""
    if kind.kind == "Pod":
        return _pod_usage(obj, now_us)
    if kind.kind == "Service":
        return _service_usage(obj)
    if kind.kind == "PersistentVolumeClaim":
        return _claim_usage(obj)
    if kind.kind == "ResourceClaim":
        return {count_name(kind): ONE, **_device_usage(obj)}
    counted: Amounts = {count_name(kind): ONE}
    if kind.kind in _LEGACY_NAMES:
        counted[_LEGACY_NAMES[kind.kind]] = ONE
    return counted


def _is_charged(pod: Obj, now_us: int) -> bool:
    """Whether a Pod still counts: not one that has ended, nor one that should long be gone."""
    if dig(pod, "status", "phase") in ("Succeeded", "Failed"):
        return False
    deleted, grace = (pod["metadata"].get(f"deletion{name}") for name in ("Timestamp", "GracePeriodSeconds"))
    if deleted is None or grace is None:
        return True
    return bool(now_us <= clock.parse_timestamp(deleted) + grace * clock.SECOND_US)


def _pod_usage(pod: Obj, now_us: int) -> Amounts:
    if not _is_charged(pod, now_us):
        return {"count/pods": ONE}
    spec = effective_spec(pod)
    return {"count/pods": ONE, **_compute_usage(pod_requests(spec), pod_limits(spec))}


def _compute_usage(requests: Amounts, limits: Amounts) -> Amounts:
    result: Amounts = {"pods": ONE}
    for name in _POD_COMPUTE:
        if name in requests:
            result[name] = result[f"requests.{name}"] = requests[name]
        if name in limits:
            result[f"limits.{name}"] = limits[name]
    for name, amount in requests.items():
        if name.startswith("hugepages-"):
            result[name] = amount
        if name.startswith("hugepages-") or _is_extended(name):
            result[f"requests.{name}"] = amount
    return result


def _count(number: int) -> Quantity:
    return Quantity(number * quantities.NANO_PER_UNIT)


def _service_usage(service: Obj) -> Amounts:
    spec = service.get("spec") or {}
    ports = spec.get("ports") or []
    kind = spec.get("type")
    node_ports = len(ports) if kind in ("NodePort", "LoadBalancer") else 0
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        node_ports = sum(1 for port in ports if port.get("nodePort"))
    return {
        "count/services": ONE,
        "services": ONE,
        "services.nodeports": _count(node_ports),
        "services.loadbalancers": ONE if kind == "LoadBalancer" else _NONE,
    }


def _claim_usage(claim: Obj) -> Amounts:
    result: Amounts = {"persistentvolumeclaims": ONE, "count/persistentvolumeclaims": ONE}
    name = annotations_of(claim).get(_BETA_CLASS, dig(claim, "spec", "storageClassName", default=""))
    if name:
        result[f"{name}{_BY_CLASS}persistentvolumeclaims"] = ONE
    text = dig(claim, "spec", "resources", "requests", "storage")
    if text is not None:
        storage = _whole(text)
        allocated = dig(claim, "status", "allocatedResources", "storage")
        if allocated is not None and quantities.compare(allocated, text) > 0:
            storage = _whole(allocated)
        result["requests.storage"] = storage
        if name:
            result[f"{name}{_BY_CLASS}requests.storage"] = storage
    return result


def _device_usage(claim: Obj) -> Amounts:
    """By class the devices that a claim may be given: of alternatives, the most of each class.

    They count as what Pods may ask for by the name of the class, too.
    """
    total: dict[str, int] = {}
    for request in dig(claim, "spec", "devices", "requests", default=[]):
        most: dict[str, int] = {}
        exactly = request.get("exactly")
        for one in request.get("firstAvailable") or ([exactly] if exactly else ()):
            name = f"{one['deviceClassName']}{_DEVICES}"
            most[name] = max(_devices(one), most.get(name, 0))
        for name, number in most.items():
            total[name] = total.get(name, 0) + number
    counted = {name: _count(number) for name, number in total.items()}
    for name, number in total.items():
        if number:
            counted[f"requests.{_IMPLICIT_CLASS}{name.removesuffix(_DEVICES)}"] = _count(number)
    return counted


def _devices(request: Obj) -> int:
    if request.get("allocationMode") == "ExactCount":
        return int(request.get("count", 0))
    return _MOST_DEVICES if request.get("allocationMode") == "All" else 0


def _whole(text: str) -> Quantity:
    """An amount in whole bytes, rounded up."""
    quantity = quantities.parse(text)
    if quantity.nano % quantities.NANO_PER_UNIT == 0:
        return quantity
    return Quantity(_count(quantities.units(text)).nano, quantity.format)


# Which quotas an object falls under.


def matching_names(kind: Kind, names: Iterable[str]) -> list[str]:
    """Those of a quota's resource names that objects of a kind can use, sorted."""
    return sorted(name for name in names if _concerns(kind, name))


def _concerns(kind: Kind, name: str) -> bool:
    if kind.kind == "Pod":
        if name.startswith("requests.") and _is_extended(name.removeprefix("requests.")):
            return True
        return name in _POD_NAMES or name.startswith(_HUGE_PAGES)
    if kind.kind == "Service":
        return name in _SERVICE_NAMES
    if kind.kind == "PersistentVolumeClaim":
        if name == count_name(kind) or name in _CLAIM_NAMES:
            return True
        return any(name.endswith(_BY_CLASS + one) for one in _CLAIM_NAMES)
    if kind.kind == "ResourceClaim" and name.endswith(_DEVICES):
        return True
    return name in (count_name(kind), _LEGACY_NAMES.get(kind.kind))


def scope_selectors(quota: Obj) -> list[Obj]:
    """A quota's scopes and its scope selector as one list of requirements."""
    spec = quota.get("spec") or {}
    scopes = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    return [*scopes, *(dig(spec, "scopeSelector", "matchExpressions", default=[]))]


def falls_under(kind: Kind, obj: Obj, quota: Obj, hard: Iterable[str]) -> bool:
    """Whether an object counts in a quota: it uses one of the resources, and is within every scope."""
    if not matching_names(kind, hard):
        return False
    return all(in_scope(kind, obj, selector) for selector in scope_selectors(quota))


def in_scope(kind: Kind, obj: Obj, selector: Obj) -> bool:
    """Whether an object is within one scope."""
    name: str = selector.get("scopeName") or ""
    if kind.kind == "PersistentVolumeClaim" and name == _VOLUME_ATTRIBUTES_CLASS:
        return _named_in(_attributes_classes(obj), selector, name)
    if kind.kind != "Pod":
        return False
    spec = obj["spec"]
    if name in ("Terminating", "NotTerminating"):
        deadline = spec.get("activeDeadlineSeconds")
        ends: bool = deadline is not None and deadline >= 0
        return ends == (name == "Terminating")
    if name in ("BestEffort", "NotBestEffort"):
        best_effort = quality_of_service(spec) == "BestEffort"
        return best_effort == (name == "BestEffort")
    if name == _PRIORITY_CLASS:
        chosen = spec.get("priorityClassName")
        return _named_in([chosen] if chosen else [], selector, _PRIORITY_CLASS)
    return name == "CrossNamespacePodAffinity" and _crosses_namespaces(spec)


def _named_in(names: Sequence[str], selector: Obj, label: str) -> bool:
    requirement = Requirement(label, selector["operator"], tuple(selector.get("values") or ()))
    if not names:
        return requirement_matches(requirement, {})
    return any(requirement_matches(requirement, {label: name}) for name in names)


def _attributes_classes(claim: Obj) -> list[str]:
    names = [
        dig(claim, "spec", "volumeAttributesClassName"),
        dig(claim, "status", "currentVolumeAttributesClassName"),
        dig(claim, "status", "modifyVolumeStatus", "targetVolumeAttributesClassName"),
    ]
    return [name for name in names if name]


def _crosses_namespaces(spec: Obj) -> bool:
    for part in ("podAffinity", "podAntiAffinity"):
        affinity = dig(spec, "affinity", part, default={})
        terms: list[Any] = list(affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ())
        for one in affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            terms.append(one.get("podAffinityTerm") or {})
        if any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms):
            return True
    return False


def unmet_constraints(kind: Kind, obj: Obj, required: Iterable[str]) -> str:
    """What a Pod's containers must state because a quota counts it; empty where nothing is missing."""
    spec = obj.get("spec") or {}
    whole = spec.get("resources") or {}
    if kind.kind != "Pod" or whole.get("limits") or whole.get("requests"):
        return ""
    wanted = [name for name in _REQUIRED_OF_CONTAINERS if name in tuple(required)]
    missing: dict[str, list[str]] = {}
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = container.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        for name in wanted:
            bare = name.removeprefix("limits.").removeprefix("requests.")
            if bare not in (limits if name.startswith("limits.") else requests):
                missing.setdefault(name, []).append(container.get("name", ""))
    texts = [f"{name} for: {','.join(sorted(set(names)))}" for name, names in sorted(missing.items())]
    return f"must specify {'; '.join(texts)}" if texts else ""
