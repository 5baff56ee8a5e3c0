"""Giving devices to claims: the first way to fill every request that breaks no constraint.

One claim after the other, in it one request after the other, and of each as many devices as it wants are
tried in the order of pools and slices; where that leads nowhere the last device is given back.

Models staging/src/k8s.io/dynamic-resource-allocation/structured/internal/incubating/
{allocator_incubating,constraint}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from k8slab.api.cel import CelError
from k8slab.api.meta import Obj, key_of
from k8slab.api.placement import tolerates
from k8slab.chance import uid
from k8slab.scheduler.device_capacity import Usage, consumption, has_room, is_shared, written
from k8slab.scheduler.device_pools import (
    INVALID,
    Counters,
    Device,
    DeviceId,
    Pool,
    attribute_of,
    fits,
    node_selector,
    pools_of,
    used_counters,
)
from k8slab.scheduler.framework import NodeInfo
from k8slab.store.view import View

MOST_DEVICES = 32
"""How many devices a claim may be given (`AllocationResultsMaxSize`)."""


class AllocationError(Exception):
    """What is wrong with a claim or a class, so that no node can do."""


class PoolError(Exception):
    """Why a node can't fill claims, beyond that it lacks devices."""


class Wish(NamedTuple):
    """One request of a claim, or one of its alternatives.

    `base` is the name of the request; `name` that by which a result goes, with the alternative's.
    """

    base: str
    name: str
    request: Obj
    device_class: Obj
    number: int
    everything: tuple[Device, ...] | None = None
    """All devices that fit, where all are wanted."""


class Given(NamedTuple):
    """A device that was given for a wish."""

    wish: Wish
    device: Device


class Attempt:
    """One search: what is wanted, and what was given so far."""

    __slots__ = ("capacity", "claims", "fitting", "given", "in_use", "pools", "shared", "spent", "wishes")

    def __init__(self, claims: Sequence[Obj], pools: Sequence[Pool], usage: Usage) -> None:
        self.claims = claims
        self.pools = pools
        self.in_use = set(usage.devices)
        self.shared = list(usage.shared)
        """The shared devices in use, once for each use."""
        self.capacity = dict(usage.capacity)
        self.given: list[list[Given]] = [[] for _ in claims]
        self.wishes: list[list[list[Wish]]] = []
        self.fitting: dict[tuple[str, str, int, DeviceId], bool] = {}
        used = {*usage.devices, *usage.shared}
        self.spent: dict[str, Counters] = {pool.name: _spent(pool, used) for pool in pools}


def _spent(pool: Pool, in_use: set[DeviceId]) -> Counters:
    total: Counters = {}
    for device in (*pool.devices, *pool.elsewhere):
        if device.id in in_use:
            for slot, amount in used_counters(device.obj).items():
                total[slot] = total.get(slot, 0) + amount
    return total


def allocate(view: View, node: NodeInfo, claims: Sequence[Obj], usage: Usage) -> list[Obj] | None:
    """What each claim would be given on a node; None where that node can't fill all of them.

    Raises AllocationError where a claim or a class is at fault, PoolError where a pool may be.
    """
    pools = pools_of(view.list("ResourceSlice"), node)
    attempt = Attempt(claims, pools, usage)
    for number, claim in enumerate(claims):
        requests = claim["spec"].get("devices", {}).get("requests") or ()
        attempt.wishes.append([_wishes(view, attempt, number, one) for one in requests])
        least = sum(min(wish.number for wish in wishes) for wishes in attempt.wishes[-1])
        if least > MOST_DEVICES:
            raise AllocationError(
                f"claim {'/'.join(key_of(claim))}: number of requested devices {least} exceeds the claim "
                f"limit of {MOST_DEVICES}"
            )
    if not _fill_request(attempt, 0, 0):
        if any(pool.fault == INVALID for pool in pools):
            raise PoolError("invalid resource pools were encountered")
        return None
    return [_allocation(view.seed, claim, given) for claim, given in zip(claims, attempt.given, strict=True)]


def _wishes(view: View, attempt: Attempt, number: int, request: Obj) -> list[Wish]:
    """The ways in which a request can be filled, the best first."""
    base = request["name"]
    if request.get("exactly"):
        return [_wish(view, attempt, number, base, base, request["exactly"])]
    alternatives = request.get("firstAvailable") or ()
    return [_wish(view, attempt, number, base, f"{base}/{one['name']}", one) for one in alternatives]


def _wish(view: View, attempt: Attempt, number: int, base: str, name: str, request: Obj) -> Wish:
    found = view.get("DeviceClass", ("", request["deviceClassName"]))
    claim = "/".join(key_of(attempt.claims[number]))
    if found is None:
        raise AllocationError(
            f"claim {claim}, request {name}: could not retrieve device class {request['deviceClassName']}"
        )
    wish = Wish(base, name, request, found, request.get("count", 1))
    if request.get("allocationMode") != "All":
        return wish
    for pool in attempt.pools:
        if pool.fault:
            why = f"asks for all devices, but resource pool {pool.name} is {pool.fault}"
            raise AllocationError(f"claim {claim}, request {name}: {why}")
    every = tuple(
        device
        for pool in attempt.pools
        for device in pool.devices
        if _is_fit(attempt, number, wish, device) and has_room(device, wish.request, attempt.capacity)
    )
    return wish._replace(number=len(every), everything=every)


def _fill_request(attempt: Attempt, number: int, place: int) -> bool:
    """Fill a claim's request and all that come after it."""
    if number == len(attempt.claims):
        return True
    requests = attempt.wishes[number]
    if place == len(requests):
        return _fill_request(attempt, number + 1, 0)
    return any(_fill(attempt, number, place, wish, 0) for wish in requests[place])


def _fill(attempt: Attempt, number: int, place: int, wish: Wish, have: int, start: int = 0) -> bool:
    """Find the devices that a wish still lacks, and fill all that come after it.

    `start` is the place of the first device to try: a wish gets no device twice, be it shared.
    """
    if wish.everything is not None and not wish.everything:
        return False
    if have >= wish.number:
        return _fill_request(attempt, number, place + 1)
    if len(attempt.given[number]) + wish.number - have > MOST_DEVICES:
        return False
    for next_one, (pool, device) in _candidates(attempt, wish, have, start):
        if _is_in_use(attempt, number, wish, device) or not _is_fit(attempt, number, wish, device):
            continue
        if not _is_usable(attempt, wish, pool, device):
            continue
        if not _constraints_hold(attempt, number, wish, device):
            if wish.everything is not None:
                claim = "/".join(key_of(attempt.claims[number]))
                raise AllocationError(
                    f"claim {claim}, request {wish.name}: cannot add device {'/'.join(device.id)} because a "
                    "claim constraint would not be satisfied"
                )
            continue
        _give(attempt, number, wish, pool, device, 1)
        if _fill(attempt, number, place, wish, have + 1, next_one):
            return True
        _give(attempt, number, wish, pool, device, -1)
    return False


def _candidates(
    attempt: Attempt, wish: Wish, have: int, start: int
) -> Iterable[tuple[int, tuple[Pool, Device]]]:
    """The devices that are tried next, each with the place behind it: any, or where all are wanted one."""
    wanted = None if wish.everything is None else wish.everything[have].id
    every = ((pool, device) for pool in attempt.pools for device in pool.devices)
    for behind, (pool, device) in enumerate(every, 1):
        if device.id == wanted if wanted is not None else behind > start:
            yield behind, (pool, device)


def _is_in_use(attempt: Attempt, number: int, wish: Wish, device: Device) -> bool:
    """Whether somebody has a device already; who only looks at it is in nobody's way."""
    if wish.request.get("adminAccess"):
        return any(one.device.id == device.id for one in attempt.given[number]) and not is_shared(device)
    return device.id in attempt.in_use


def _is_usable(attempt: Attempt, wish: Wish, pool: Pool, device: Device) -> bool:
    """Whether a device may be used, and there is enough left of it and of what it shares with others."""
    if device.obj.get("bindingConditions") or not has_room(device, wish.request, attempt.capacity):
        return False
    spent = attempt.spent[pool.name]
    # What a shared device uses up it uses up once.
    counters = {} if is_shared(device) and device.id in attempt.shared else used_counters(device.obj)
    if any(spent.get(slot, 0) + more > pool.counters[slot] for slot, more in counters.items()):
        return False
    tolerations = wish.request.get("tolerations") or ()
    taints = device.obj.get("taints") or ()
    return all(one.get("effect") == "None" or tolerates(tolerations, one) for one in taints)


def _is_fit(attempt: Attempt, number: int, wish: Wish, device: Device) -> bool:
    """Whether the selectors of a wish and of its class fit a device."""
    slot = (wish.base, wish.name, number, device.id)
    known = attempt.fitting.get(slot)
    if known is not None:
        return known
    of_class = wish.device_class["spec"].get("selectors") or ()
    whose = f"class {wish.device_class['metadata']['name']}"
    answer = True
    for selectors in (of_class, wish.request.get("selectors") or ()):
        for place, selector in enumerate(selectors):
            try:
                answer = answer and fits(device, (selector,))
            except CelError as error:
                text = f"{whose}: selector #{place}: CEL runtime error: {error}"
                raise AllocationError(text) from None
        whose = f"claim {'/'.join(key_of(attempt.claims[number]))}"
    attempt.fitting[slot] = answer
    return answer


def _constraints_hold(attempt: Attempt, number: int, wish: Wish, device: Device) -> bool:
    """Whether a device goes with those that the claim has been given already."""
    for constraint in attempt.claims[number]["spec"]["devices"].get("constraints") or ():
        names = constraint.get("requests") or ()
        if names and wish.base not in names and wish.name not in names:
            continue
        attribute = constraint.get("matchAttribute") or constraint.get("distinctAttribute")
        value = attribute_of(device, attribute)
        if value is None:
            return False
        for one in attempt.given[number]:
            if names and one.wish.base not in names and one.wish.name not in names:
                continue
            same = attribute_of(one.device, attribute) == value
            if same != bool(constraint.get("matchAttribute")):
                return False
    return True


def _give(attempt: Attempt, number: int, wish: Wish, pool: Pool, device: Device, sign: int) -> None:
    """Give a device (1) or take it back (-1)."""
    if sign > 0:
        attempt.given[number].append(Given(wish, device))
    else:
        attempt.given[number].pop()
    if is_shared(device):
        _give_part(attempt, wish, pool, device, sign)
        return
    if not wish.request.get("adminAccess"):
        (attempt.in_use.add if sign > 0 else attempt.in_use.discard)(device.id)
    _spend(attempt, pool, device, sign)


def _spend(attempt: Attempt, pool: Pool, device: Device, sign: int) -> None:
    spent = attempt.spent[pool.name]
    for slot, amount in used_counters(device.obj).items():
        spent[slot] = spent.get(slot, 0) + sign * amount


def _give_part(attempt: Attempt, wish: Wish, pool: Pool, device: Device, sign: int) -> None:
    """Give a part of a shared device (1) or take it back (-1)."""
    if sign < 0:
        attempt.shared.remove(device.id)
    if device.id not in attempt.shared:
        _spend(attempt, pool, device, sign)
    if sign > 0:
        attempt.shared.append(device.id)
    for name, amount in consumption(device, wish.request).items():
        slot = (device.id, name)
        attempt.capacity[slot] = attempt.capacity.get(slot, 0) + sign * amount.nano


# What is written into a claim.


def _allocation(seed: int, claim: Obj, given: Sequence[Given]) -> Obj:
    whose = claim["metadata"]["uid"]
    results = [_result(one, share_id=uid(seed, whose, place)) for place, one in enumerate(given)]
    devices: Obj = {"results": results}
    config = _config(claim, given)
    if config:
        devices["config"] = config
    allocation: Obj = {"devices": devices}
    selector = node_selector([one.device for one in given])
    return allocation if selector is None else {**allocation, "nodeSelector": selector}


def _result(given: Given, *, share_id: str) -> Obj:
    driver, pool, device = given.device.id
    result: Obj = {"request": given.wish.name, "driver": driver, "pool": pool, "device": device}
    for field in ("adminAccess", "tolerations"):
        if given.wish.request.get(field):
            result[field] = given.wish.request[field]
    if is_shared(given.device):
        result["shareID"] = share_id
        amounts = consumption(given.device, given.wish.request)
        if amounts:
            result["consumedCapacity"] = written(amounts)
    return result


def _config(claim: Obj, given: Sequence[Given]) -> list[Obj]:
    """How the devices are to be set up: as their classes say, then as the claim says."""
    found: list[Obj] = []
    chosen = {one.wish.name: one.wish for one in given}
    by_class: dict[str, list[Wish]] = {}
    for wish in chosen.values():
        by_class.setdefault(wish.device_class["metadata"]["name"], []).append(wish)
    for wishes in by_class.values():
        names = [wish.name for wish in wishes]
        for config in wishes[0].device_class["spec"].get("config") or ():
            found.append({"source": "FromClass", "requests": names, **config})
    for config in claim["spec"]["devices"].get("config") or ():
        names = config.get("requests") or []
        if not names or any(wish.name in names or wish.base in names for wish in chosen.values()):
            found.append({"source": "FromClaim", **config})
    return found
