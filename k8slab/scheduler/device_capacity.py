"""Devices that several claims share: what each takes of a device's capacity, and whether that is still there.

A device that may be given more than once (`allowMultipleAllocations`) is given in amounts. What a request
doesn't ask for it takes whole, or as much as the capacity's policy says; what it asks for is rounded up to
what the policy allows. Of any other device a request can ask no more than there is.

Models staging/src/k8s.io/dynamic-resource-allocation/structured/internal/incubating/consumable_capacity.go,
v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.api.quantities import BINARY_SI, Quantity, parse, to_text
from k8slab.scheduler.device_pools import Device, DeviceId

Taken = Mapping[tuple[DeviceId, str], int]
"""How much of each capacity of a shared device is taken, in billionths."""

_BILLION = 10**9


class Usage(NamedTuple):
    """What all claims together have been given: whole devices, and parts of shared ones."""

    devices: frozenset[DeviceId]
    capacity: Taken
    shared: frozenset[DeviceId]


NO_USAGE = Usage(frozenset(), {}, frozenset())


def usage_of(claims: Iterable[Obj]) -> Usage:
    """What claims have been given, but for devices to be looked at only (`GatherAllocatedState`)."""
    devices: set[DeviceId] = set()
    shared: set[DeviceId] = set()
    capacity: dict[tuple[DeviceId, str], int] = {}
    for one in _results(claims):
        device = (one["driver"], one["pool"], one["device"])
        if not one.get("shareID"):
            devices.add(device)
            continue
        shared.add(device)
        for name, amount in (one.get("consumedCapacity") or {}).items():
            slot = (device, name)
            capacity[slot] = capacity.get(slot, 0) + parse(str(amount)).nano
    return Usage(frozenset(devices), capacity, frozenset(shared))


def _results(claims: Iterable[Obj]) -> Iterator[Obj]:
    for claim in claims:
        allocation = (claim.get("status") or {}).get("allocation") or {}
        for one in (allocation.get("devices") or {}).get("results") or ():
            if not one.get("adminAccess"):
                yield one


def is_shared(device: Device) -> bool:
    """Whether a device may be given to several claims."""
    return bool(device.obj.get("allowMultipleAllocations"))


def consumption(device: Device, request: Obj) -> dict[str, Quantity]:
    """What a request takes of each of a device's capacities (`GetConsumedCapacityFromRequest`)."""
    asked = _asked(request)
    return {
        name: _consumed(asked.get(name), capacity)
        for name, capacity in (device.obj.get("capacity") or {}).items()
    }


def has_room(device: Device, request: Obj, taken: Taken) -> bool:
    """Whether there is as much of each capacity as a request takes (`CmpRequestOverCapacity`)."""
    capacities = device.obj.get("capacity") or {}
    if any(name not in capacities for name in _asked(request)):
        return False
    return all(
        _allowed(amount, capacities[name].get("requestPolicy"))
        and taken.get((device.id, name), 0) + amount.nano <= parse(str(capacities[name]["value"])).nano
        for name, amount in consumption(device, request).items()
    )


def _asked(request: Obj) -> Mapping[str, str]:
    return (request.get("capacity") or {}).get("requests") or {}


def _consumed(asked: str | None, capacity: Obj) -> Quantity:
    policy = capacity.get("requestPolicy") or {}
    if asked is None:
        return parse(str(policy.get("default", capacity["value"])))
    wanted = parse(str(asked))
    span = policy.get("validRange") or {}
    if span.get("min") is not None:
        return _rounded_up(wanted, span)
    values = (parse(str(value)) for value in policy.get("validValues") or ())
    return next((value for value in values if wanted.nano <= value.nano), wanted)


def _rounded_up(wanted: Quantity, span: Obj) -> Quantity:
    least = parse(str(span["min"]))
    if wanted.nano < least.nano:
        return least
    if span.get("step") is None:
        return wanted
    step, start = _units(parse(str(span["step"]))), _units(least)
    count = -(-(_units(wanted) - start) // step)
    return Quantity((start + step * count) * _BILLION, BINARY_SI)


def _units(quantity: Quantity) -> int:
    """A quantity in whole units, rounded up."""
    return -(-quantity.nano // _BILLION)


def _allowed(amount: Quantity, policy: Obj | None) -> bool:
    """Whether a policy lets this much be taken."""
    if not policy or (
        policy.get("default") is not None and parse(str(policy["default"])).nano == amount.nano
    ):
        return True
    span = policy.get("validRange")
    if span:
        if span.get("max") is not None and amount.nano > parse(str(span["max"])).nano:
            return False
        step = span.get("step")
        start = _units(parse(str(span.get("min", "0"))))
        return step is None or (_units(amount) - start) % _units(parse(str(step))) == 0
    values = policy.get("validValues") or ()
    return not values or any(parse(str(value)).nano == amount.nano for value in values)


def written(amounts: Mapping[str, Quantity]) -> dict[str, str]:
    """Amounts as a claim's status holds them."""
    return {name: to_text(amount) for name, amount in sorted(amounts.items())}
