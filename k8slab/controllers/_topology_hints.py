"""Topology Aware Routing: endpoints shared out among zones by the CPUs that the zones' nodes have.

A Service that is annotated `service.kubernetes.io/topology-mode: Auto` gets a
zone hint for each ready endpoint, its own zone's where that suits the shares,
another's where a zone has too many. Where the shares can't be kept within a
fifth of what they should be, no endpoint has a hint.

Models staging/src/k8s.io/endpointslice/topologycache, v1.36. Where that walks
over a map, in no order, zones are taken by name here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.meta import Obj, condition_is, dig, labels_of

ANNOTATION, OLD_ANNOTATION = (
    "service.kubernetes.io/topology-mode",
    "service.kubernetes.io/topology-aware-hints",
)
ZONE = "topology.kubernetes.io/zone"
_EXCLUDED = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_LEAST_SHARE = 1 / (1 + 0.2)
"""How much of its share a zone must be given: no endpoint may bear a fifth more than it should."""

ENABLED, DISABLED = "Topology Aware Hints has been enabled", "Topology Aware Hints has been disabled"
NO_NODES = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
NO_ZONE = "One or more endpoints do not have a zone specified"
NO_HINTS = "No hints allocated for zones"
TOO_FEW = "Insufficient number of endpoints ({} endpoints, {} zones)"
TOO_UNEVEN = (
    "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold "
    "({} endpoints, {} zones)"
)

Zones = dict[str, int]
"""How many endpoints are meant for each zone."""


class Allocation(NamedTuple):
    """How many endpoints a zone should have, at least and at most."""

    minimum: int
    maximum: int
    desired: float


class Hinted(NamedTuple):
    """The slices to create and to update, the endpoints by zone, and why there are none, if so."""

    create: list[Obj]
    update: list[Obj]
    zones: Zones
    why_not: str = ""


def is_wanted(service: Obj) -> bool:
    """Whether a Service is annotated for hints; the older annotation counts where both are there."""
    annotations = service["metadata"].get("annotations") or {}
    return annotations.get(OLD_ANNOTATION, annotations.get(ANNOTATION)) in ("Auto", "auto")


# The shares.


def cpu_ratios(nodes: Iterable[Obj]) -> dict[str, float]:
    """Each zone's share of all CPUs of ready nodes; none where a node tells too little (`SetNodes`)."""
    millis: dict[str, int] = {}
    for node in nodes:
        labels = labels_of(node)
        if any(name in labels for name in _EXCLUDED) or not condition_is(node, "Ready"):
            continue
        cpu = quantities.milli(dig(node, "status", "allocatable", "cpu", default="0"))
        zone = labels.get(ZONE)
        if not zone or not cpu:
            return {}
        millis[zone] = millis.get(zone, 0) + cpu
    if len(millis) < 2:
        return {}
    total = sum(millis.values())
    return {zone: millis[zone] / total for zone in sorted(millis)}


def allocations(ratios: Mapping[str, float], endpoints: int) -> tuple[dict[str, Allocation], str]:
    """What each zone should be given of so many endpoints, and why that can't be, if so."""
    if not ratios:
        return {}, NO_NODES
    if len(ratios) > endpoints:
        return {}, TOO_FEW.format(endpoints, len(ratios))
    desired = {zone: ratio * endpoints for zone, ratio in ratios.items()}
    least = {zone: math.ceil(number * _LEAST_SHARE) for zone, number in desired.items()}
    spare = endpoints - sum(least.values())
    if spare < 0:
        return {}, TOO_UNEVEN.format(endpoints, len(ratios))
    return {
        zone: Allocation(least[zone], least[zone] + spare, max(desired[zone], float(least[zone])))
        for zone in ratios
    }, ""


def is_overloaded(zones: Zones, ratios: Mapping[str, float]) -> bool:
    """Whether some zone has too few of a Service's endpoints, now that the shares are these."""
    if not zones:
        return False
    if not ratios:
        return True
    total = sum(zones.values())
    return any(
        zones.get(zone, 0) < math.ceil(total * ratio * _LEAST_SHARE) or zone not in zones
        for zone, ratio in ratios.items()
    )


# The hints.


def is_ready(endpoint: Obj) -> bool:
    """Whether an endpoint says that it is ready."""
    return (endpoint.get("conditions") or {}).get("ready") is True


def _endpoints(endpoint_slice: Obj) -> Sequence[Obj]:
    return endpoint_slice.get("endpoints") or ()


def zones_of(slices: Iterable[Obj]) -> Zones:
    """For which zones the ready endpoints of slices are meant, by their hints."""
    zones: Zones = {}
    for endpoint in (one for each in slices for one in _endpoints(each) if is_ready(one)):
        for hint in dig(endpoint, "hints", "forZones", default=()):
            zones[hint["name"]] = zones.get(hint["name"], 0) + 1
    return zones


def without_hints(
    create: Sequence[Obj], update: Sequence[Obj], unchanged: Sequence[Obj], why_not: str = ""
) -> Hinted:
    """The slices without any hints; unchanged ones that have some are changed (`RemoveHintsFromSlices`)."""
    stale = [one for one in unchanged if any(endpoint.get("hints") for endpoint in _endpoints(one))]
    bare = [[_with(one, {}) for one in slices] for slices in (create, [*update, *stale])]
    return Hinted(bare[0], bare[1], {}, why_not)


def _with(endpoint_slice: Obj, zones: Mapping[int, str], *, others: bool = False) -> Obj:
    """A slice whose endpoints have these hints, by their places; `others` keep what they have, or lose it."""
    if not _endpoints(endpoint_slice):
        return endpoint_slice
    endpoints = []
    for place, endpoint in enumerate(_endpoints(endpoint_slice)):
        if place in zones:
            endpoint = {**endpoint, "hints": {"forZones": [{"name": zones[place]}]}}
        elif not others and "hints" in endpoint:
            endpoint = {name: value for name, value in endpoint.items() if name != "hints"}
        endpoints.append(endpoint)
    return {**endpoint_slice, "endpoints": endpoints}


def with_hints(
    create: Sequence[Obj], update: Sequence[Obj], unchanged: Sequence[Obj], ratios: Mapping[str, float]
) -> Hinted:
    """The slices with a zone for each ready endpoint (`AddHints`)."""
    every = (*create, *update, *unchanged)
    count = sum(is_ready(endpoint) for one in every for endpoint in _endpoints(one))
    shares, why_not = allocations(ratios, count)
    if why_not:
        return without_hints(create, update, unchanged, why_not)
    zones: Zones = {}
    update = list(update)
    kept = []
    for one in unchanged:
        found = hints_by_zone(one, zones, shares)
        if found is None:
            update.append(one)
            continue
        kept.append(one)
        for zone, number in found.items():
            zones[zone] = zones.get(zone, 0) + number
    places: dict[tuple[int, int], str] = {}
    slices = [*create, *update]
    for index, one in enumerate(slices):
        for place, endpoint in enumerate(_endpoints(one)):
            if not is_ready(endpoint):
                continue
            own_zone = endpoint.get("zone")
            if not own_zone:
                return without_hints(create, update, kept, NO_ZONE)
            zones[own_zone] = zones.get(own_zone, 0) + 1
            places[(index, place)] = own_zone
    for zone, change in _redistribute(places, *givers_and_takers(shares, zones)).items():
        zones[zone] = zones.get(zone, 0) + change
    if not zones:
        return without_hints(create, update, kept, NO_HINTS)
    hinted = []
    for index, one in enumerate(slices):
        own = {place: zone for (at, place), zone in places.items() if at == index}
        hinted.append(_with(one, own, others=True))
    return Hinted(hinted[: len(create)], hinted[len(create) :], zones)


def hints_by_zone(endpoint_slice: Obj, given: Zones, shares: Mapping[str, Allocation]) -> Zones | None:
    """The hints of a slice by zone; None where the slice can't stay as it is."""
    zones: Zones = {}
    for endpoint in _endpoints(endpoint_slice):
        if not is_ready(endpoint):
            continue
        hints = dig(endpoint, "hints", "forZones", default=())
        if not hints:
            return None
        for hint in hints:
            if hint["name"] not in shares:
                return None
            zones[hint["name"]] = zones.get(hint["name"], 0) + 1
    for zone, number in zones.items():
        if number + given.get(zone, 0) > shares[zone].maximum:
            return None
    return zones


def givers_and_takers(shares: Mapping[str, Allocation], zones: Mapping[str, int]) -> tuple[Zones, Zones]:
    """How many endpoints each zone gives to others, and how many each takes."""
    too_many = {zone: zones.get(zone, 0) - share.desired for zone, share in shares.items()}
    surplus = {zone: number for zone, number in too_many.items() if number > 0}
    need = {zone: -number for zone, number in too_many.items() if number < 0}
    giving: Zones = {}
    taking: Zones = {}
    while True:
        giver, gives = _most(surplus)
        taker, takes = _most(need)
        if not giver or not taker or max(gives, takes) < 1.0 or min(gives, takes) < 0.5:
            return giving, taking
        giving[giver] = giving.get(giver, 0) + 1
        taking[taker] = taking.get(taker, 0) + 1
        surplus[giver] -= 1
        need[taker] -= 1


def _most(zones: Mapping[str, float]) -> tuple[str, float]:
    positive = {zone: number for zone, number in zones.items() if number > 0}
    if not positive:
        return "", 0.0
    zone = min(positive, key=lambda name: (-positive[name], name))
    return zone, positive[zone]


def _redistribute(places: dict[tuple[int, int], str], giving: Zones, taking: Zones) -> Zones:
    """Give endpoints of zones that have too many to those that need some. How the numbers change."""
    changes: Zones = {}
    for place, zone in list(places.items()):
        if not giving or not taking:
            break
        if not giving.get(zone):
            continue
        taker = min(taking)
        places[place] = taker
        for table, name in ((giving, zone), (taking, taker)):
            table[name] -= 1
            if not table[name]:
                del table[name]
        changes[taker] = changes.get(taker, 0) + 1
        changes[zone] = changes.get(zone, 0) - 1
    return changes
