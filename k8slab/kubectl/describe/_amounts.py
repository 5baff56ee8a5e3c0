"""What a Pod asks for and may use, summed over its containers.

Models staging/src/k8s.io/component-helpers/resource/helpers.go as
kubectl's describe uses it, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8slab.api import quantities
from k8slab.api.meta import Obj, condition_of

Amounts = dict[str, str]
"""Quantities by resource."""

_NO_NUMBER = -(2**63)
"""What Go makes of a division by zero as a whole number."""


def pod_amounts(pod: Obj, part: str, *, use_status: bool) -> Amounts:
    """The `requests` or `limits` of a Pod.

    `use_status` takes in what the kubelet has granted while a resize is under way.
    """
    spec = pod["spec"]
    total = _containers_amounts(pod, part, use_status)
    for name, amount in ((spec.get("resources") or {}).get(part) or {}).items():
        if name in ("cpu", "memory") or name.startswith("hugepages-"):
            total[name] = str(amount)
    overhead = {name: str(amount) for name, amount in (spec.get("overhead") or {}).items()}
    if part == "limits":
        overhead = {
            name: amount for name, amount in overhead.items() if quantities.nano(total.get(name, "0"))
        }
    return added(total, overhead)


def _containers_amounts(pod: Obj, part: str, use_status: bool) -> Amounts:
    """Containers and sidecars run together; an init container runs beside the sidecars before it."""
    spec, status = pod["spec"], pod.get("status") or {}
    statuses = {
        one["name"]: one
        for name in ("containerStatuses", "initContainerStatuses")
        for one in status.get(name) or ()
    }
    total: Amounts = {}
    for container in spec.get("containers") or ():
        granted = statuses.get(container["name"]) if use_status else None
        total = added(total, _effective(pod, container, granted, part))
    sidecars: Amounts = {}
    initial: Amounts = {}
    for container in spec.get("initContainers") or ():
        is_sidecar = container.get("restartPolicy") == "Always"
        granted = statuses.get(container["name"]) if use_status and is_sidecar else None
        amounts = _effective(pod, container, granted, part)
        if is_sidecar:
            total = added(total, amounts)
            sidecars = amounts = added(sidecars, amounts)
        else:
            amounts = added(amounts, sidecars)
        initial = _largest(initial, amounts)
    return _largest(total, initial)


def _effective(pod: Obj, container: Obj, status: Obj | None, part: str) -> Amounts:
    wanted = _amounts((container.get("resources") or {}).get(part))
    if status is None or status.get("resources") is None:
        return wanted
    actual = _amounts(status["resources"].get(part))
    if part == "requests":
        actual = _largest(actual, _amounts(status.get("allocatedResources")))
    resize = condition_of(pod, "PodResizePending")
    if resize is not None and resize.get("reason") == "Infeasible":
        return actual
    return _largest(wanted, actual)


def _amounts(values: Mapping[str, Any] | None) -> Amounts:
    return {name: str(amount) for name, amount in (values or {}).items()}


def added(left: Amounts, right: Amounts) -> Amounts:
    """The sums of two sets of amounts."""
    total = dict(left)
    for name, amount in right.items():
        total[name] = quantities.add(total[name], amount) if name in total else amount
    return total


def _largest(left: Amounts, right: Amounts) -> Amounts:
    total = dict(left)
    for name, amount in right.items():
        if name not in total or quantities.compare(amount, total[name]) > 0:
            total[name] = amount
    return total


def amount_text(amounts: Amounts, resource: str, allocatable: Obj, *, guarded: bool = False) -> str:
    """An amount and its share of what a node has, e.g. `250m (6%)`.

    Where the node has none of it, a `guarded` share is zero.
    """
    amount = amounts.get(resource, "0")
    measure = quantities.milli if resource == "cpu" else quantities.units
    available = measure(str(allocatable.get(resource, "0")))
    if available:
        percent = int(measure(amount) / available * 100)
    else:
        percent = 0 if guarded else _NO_NUMBER
    return f"{amount} ({percent}%)"
