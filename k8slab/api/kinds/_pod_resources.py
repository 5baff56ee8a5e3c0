"""What a Pod's containers ask for together, and the quality of service that follows from it.

Models staging/src/k8s.io/component-helpers/resource/helpers.go and
pkg/apis/core/v1/helper/qos/qos.go, v1.36. Amounts are texts outside and
integers of nano-units inside, so that sums are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from k8slab.api import quantities
from k8slab.api.memo import remember
from k8slab.api.meta import Obj

Amounts = dict[str, quantities.Quantity]

HUGE_PAGES = "hugepages-"
_POD_LEVEL = ("cpu", "memory")


def supported_at_pod_level(resource: str) -> bool:
    """Whether a resource can be asked for by the Pod as a whole."""
    return resource in _POD_LEVEL or resource.startswith(HUGE_PAGES)


def amounts_of(texts: Mapping[str, str] | None) -> Amounts:
    """The amounts of a resource list; texts that are no quantities count as absent."""
    amounts: Amounts = {}
    for name, text in (texts or {}).items():
        try:
            amounts[name] = quantities.parse(text)
        except quantities.QuantityError:
            continue
    return amounts


def _added(total: Amounts, more: Amounts) -> Amounts:
    result = dict(total)
    for name, amount in more.items():
        before = result.get(name)
        result[name] = (
            amount
            if before is None
            else quantities.Quantity(
                before.nano + amount.nano, before.format if before.nano else amount.format
            )
        )
    return result


def _at_least(total: Amounts, other: Amounts) -> Amounts:
    result = dict(total)
    for name, amount in other.items():
        if name not in result or result[name].nano < amount.nano:
            result[name] = amount
    return result


def container_total(spec: Obj, which: str) -> Amounts:
    """What all containers ask for together: `which` is `requests` or `limits`.

    Init containers run one after another, before the others, so the largest
    counts; those that keep running (sidecars) are added to all that follow.
    """
    total: Amounts = {}
    for container in spec.get("containers") or ():
        total = _added(total, amounts_of((container.get("resources") or {}).get(which)))
    beside: Amounts = {}
    largest: Amounts = {}
    for container in spec.get("initContainers") or ():
        amounts = amounts_of((container.get("resources") or {}).get(which))
        if container.get("restartPolicy") == "Always":
            total = _added(total, amounts)
            beside = _added(beside, amounts)
            amounts = beside
        else:
            amounts = _added(amounts, beside)
        largest = _at_least(largest, amounts)
    return _at_least(total, largest)


def pod_requests(spec: Obj) -> Amounts:
    """What the Pod asks for: of its containers, or of the Pod as a whole where it says so; with overhead."""
    return _with_overhead(spec, _pod_level(spec, container_total(spec, "requests"), "requests"))


def pod_limits(spec: Obj) -> Amounts:
    """The Pod's limits, in the same way; overhead counts only for resources that are limited."""
    limits = _pod_level(spec, container_total(spec, "limits"), "limits")
    overhead = amounts_of(spec.get("overhead"))
    limited = (name for name, amount in limits.items() if amount.nano)
    return _added(limits, {name: overhead[name] for name in limited if name in overhead})


def effective_spec(pod: Obj) -> Obj:
    """The spec with what containers may use while a resize of them is under way (`UseStatusResources`).

    That is the most of what is asked for, what is allocated and what is in
    force; of a resize that can never be, what is asked for doesn't count.
    """
    spec, status = pod["spec"], pod.get("status") or {}
    statuses = {
        one["name"]: one
        for name in ("containerStatuses", "initContainerStatuses")
        for one in status.get(name) or ()
        if one.get("resources") is not None
    }
    if not statuses:
        return spec  # type: ignore[no-any-return]
    conditions = (one for one in status.get("conditions") or () if one["type"] == "PodResizePending")
    infeasible = next((one.get("reason") == "Infeasible" for one in conditions), False)
    new: Obj = dict(spec)
    for field in ("containers", "initContainers"):
        if field in spec:
            new[field] = [_in_force(one, statuses, infeasible=infeasible) for one in spec[field]]
    return new


def _in_force(container: Obj, statuses: Mapping[str, Obj], *, infeasible: bool) -> Obj:
    status = statuses.get(container["name"])
    if status is None:
        return container
    asked = {} if infeasible else container.get("resources") or {}
    actual = status["resources"]
    requests = (asked.get("requests"), actual.get("requests"), status.get("allocatedResources"))
    limits = (asked.get("limits"), actual.get("limits"))
    return {**container, "resources": {"requests": _most(*requests), "limits": _most(*limits)}}


def _most(*lists: Mapping[str, str] | None) -> dict[str, str]:
    """Of each resource the largest amount in any of the lists."""
    result: dict[str, str] = {}
    for one in lists:
        for name, text in (one or {}).items():
            if name not in result or quantities.compare(text, result[name]) > 0:
                result[name] = text
    return result


def _pod_level(spec: Obj, total: Amounts, which: str) -> Amounts:
    own = amounts_of((spec.get("resources") or {}).get(which))
    return {**total, **{name: amount for name, amount in own.items() if supported_at_pod_level(name)}}


def _with_overhead(spec: Obj, total: Amounts) -> Amounts:
    return _added(total, amounts_of(spec.get("overhead")))


def _quality_of_service(spec: Obj) -> str:
    whole = spec.get("resources")
    sources: Iterable[Obj]
    if whole is not None:
        sources = (whole,)
    else:
        containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
        sources = [container.get("resources") or {} for container in containers]
    requests: dict[str, int] = {}
    limits: dict[str, int] = {}
    guaranteed = True
    for source in sources:
        for name, amount in _counted(source.get("requests")):
            requests[name] = requests.get(name, 0) + amount
        found = _counted(source.get("limits"))
        for name, amount in found:
            limits[name] = limits.get(name, 0) + amount
        guaranteed = guaranteed and len(found) == len(_POD_LEVEL)
    if not requests and not limits:
        return "BestEffort"
    if guaranteed and requests == limits:
        return "Guaranteed"
    return "Burstable"


def _counted(texts: Mapping[str, str] | None) -> list[tuple[str, int]]:
    """CPU and memory above zero, in nano-units."""
    amounts = amounts_of(texts)
    return [(name, amounts[name].nano) for name in _POD_LEVEL if name in amounts and amounts[name].nano > 0]


quality_of_service = remember(_quality_of_service, nameless=True)
"""`Guaranteed`, `Burstable` or `BestEffort` for a Pod's spec."""
