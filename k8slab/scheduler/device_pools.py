"""Which devices a node reaches: pools of ResourceSlices, and whether a selector fits a device.

A pool counts only when all slices of its newest generation are there. What a device uses up of its pool's
shared counters limits which devices can be in use together.

Models staging/src/k8s.io/dynamic-resource-allocation/structured/internal/incubating/pools_incubating.go and
staging/src/k8s.io/dynamic-resource-allocation/cel/compile.go, v1.36. Taken out are devices that must be
bound first (`bindingConditions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from k8slab.api import quantities
from k8slab.api.cel import CelError
from k8slab.api.cel.evaluation import compile_expression
from k8slab.api.cel.library import quantity_value, version_value
from k8slab.api.cel.values import MapWithDefault
from k8slab.api.meta import Obj
from k8slab.api.placement import labels_match_selector
from k8slab.scheduler.framework import NodeInfo

DeviceId = tuple[str, str, str]
"""A device's driver, pool and name."""

Counters = dict[tuple[str, str], int]
"""Amounts by the names of a set and of a counter in it, in billionths."""


INVALID = "currently invalid"
"""The fault of a pool whose slices contradict each other."""


class Device(NamedTuple):
    """A device that a node reaches, with the slice that offers it."""

    id: DeviceId
    obj: Obj
    slice: Obj


class Pool(NamedTuple):
    """The devices of a pool that a node reaches, and the counters that all of its devices share."""

    name: str
    devices: tuple[Device, ...]
    counters: Counters
    elsewhere: tuple[Device, ...]
    """The devices that other nodes reach: they use the counters, too."""
    fault: str = ""
    """Why nothing of it is given: `currently being updated` or `currently invalid`."""


def pools_of(slices: Iterable[Obj], node: NodeInfo) -> tuple[Pool, ...]:
    """The pools of which a node reaches something, in the order of their names (`GatherPools`)."""
    by_pool: dict[tuple[str, str], list[Obj]] = {}
    for one in slices:
        spec = one["spec"]
        by_pool.setdefault((spec["driver"], spec["pool"]["name"]), []).append(one)
    found = (_pool(every, node) for _, every in sorted(by_pool.items()))
    return tuple(pool for pool in found if pool is not None)


def _pool(slices: Sequence[Obj], node: NodeInfo) -> Pool | None:
    newest = max(one["spec"]["pool"].get("generation", 0) for one in slices)
    current = [one for one in slices if one["spec"]["pool"].get("generation", 0) == newest]
    spec = current[0]["spec"]
    name = f"{spec['driver']}/{spec['pool']['name']}"
    here, elsewhere = _devices(current, node)
    if not here:
        return None
    if len(current) != spec["pool"]["resourceSliceCount"]:
        return Pool(name, (), {}, (), "currently being updated")
    counters: Counters = {}
    for one in current:
        for counter_set in one["spec"].get("sharedCounters") or ():
            for counter, amount in counter_set["counters"].items():
                counters[(counter_set["name"], counter)] = quantities.parse(str(amount["value"])).nano
    names = [device.id for device in (*here, *elsewhere)]
    unknown = any(slot not in counters for one in (*here, *elsewhere) for slot in used_counters(one.obj))
    if len(set(names)) != len(names) or unknown:
        return Pool(name, (), {}, (), INVALID)
    return Pool(name, tuple(here), counters, tuple(elsewhere))


def _devices(slices: Sequence[Obj], node: NodeInfo) -> tuple[list[Device], list[Device]]:
    """The devices of a pool that a node reaches, and the others."""
    here: list[Device] = []
    elsewhere: list[Device] = []
    for one in slices:
        spec = one["spec"]
        each = bool(spec.get("perDeviceNodeSelection"))
        for device in spec.get("devices") or ():
            found = Device((spec["driver"], spec["pool"]["name"], device["name"]), device, one)
            (here if _reaches(device if each else spec, node) else elsewhere).append(found)
    return here, elsewhere


def _reaches(where: Obj, node: NodeInfo) -> bool:
    """Whether a slice or a device says that a node reaches it."""
    if where.get("nodeName"):
        return bool(where["nodeName"] == node.name)
    if where.get("allNodes"):
        return True
    selector = where.get("nodeSelector")
    return selector is not None and labels_match_selector(selector, node.labels, node.name)


def used_counters(device: Obj) -> Counters:
    """What a device uses up of its pool's counters."""
    used: Counters = {}
    for consumption in device.get("consumesCounters") or ():
        for counter, amount in consumption["counters"].items():
            slot = (consumption["counterSet"], counter)
            used[slot] = used.get(slot, 0) + quantities.parse(str(amount["value"])).nano
    return used


def node_selector(devices: Sequence[Device]) -> Obj | None:
    """From where all of these devices can be reached; None for everywhere (`createNodeSelector`)."""
    fields: list[Obj] = []
    expressions: list[Obj] = []
    for device in devices:
        spec = device.slice["spec"]
        where = device.obj if spec.get("perDeviceNodeSelection") else spec
        if where.get("nodeName"):
            only = {"key": "metadata.name", "operator": "In", "values": [where["nodeName"]]}
            return {"nodeSelectorTerms": [{"matchFields": [only]}]}
        for term in (where.get("nodeSelector") or {}).get("nodeSelectorTerms") or ():
            for mine, more in ((fields, "matchFields"), (expressions, "matchExpressions")):
                mine += [one for one in term.get(more) or () if one not in mine]
    term = {name: some for name, some in (("matchFields", fields), ("matchExpressions", expressions)) if some}
    return {"nodeSelectorTerms": [term]} if term else None


# Selectors and attributes.


def fits(device: Device, selectors: Iterable[Obj]) -> bool:
    """Whether all selectors fit a device. CelError where one fails."""
    seen: Mapping[str, Any] | None = None
    for selector in selectors:
        program = compile_expression(selector["cel"]["expression"], ("device",))
        seen = seen if seen is not None else _seen(device)
        if program.evaluate({"device": seen}) is not True:
            return False
    return True


def _seen(device: Device) -> Mapping[str, Any]:
    """A device as an expression sees it: by domain, the names without one in the driver's."""
    driver = device.id[0]
    nothing: dict[str, Any] = {}
    attributes: dict[str, Any] = MapWithDefault(nothing)
    capacity: dict[str, Any] = MapWithDefault(nothing)
    for name, value in (device.obj.get("attributes") or {}).items():
        domain, short = _qualified(name, driver)
        attributes.setdefault(domain, {})[short] = _attribute(value)
    for name, value in (device.obj.get("capacity") or {}).items():
        domain, short = _qualified(name, driver)
        capacity.setdefault(domain, {})[short] = quantity_value(str(value["value"]))
    return {
        "driver": driver,
        "allowMultipleAllocations": bool(device.obj.get("allowMultipleAllocations")),
        "attributes": attributes,
        "capacity": capacity,
    }


def _qualified(name: str, driver: str) -> tuple[str, str]:
    domain, slash, short = name.partition("/")
    return (domain, short) if slash else (driver, name)


def _attribute(value: Obj) -> Any:
    for kind in ("bool", "int", "string"):
        if kind in value:
            return value[kind]
    if "version" in value:
        return version_value(value["version"])
    raise CelError("unsupported attribute value")


def attribute_of(device: Device, name: str) -> Obj | None:
    """A device's attribute by its full name; the driver's own may be there without their domain."""
    attributes: Mapping[str, Obj] = device.obj.get("attributes") or {}
    domain, _, short = name.partition("/")
    return attributes.get(name, attributes.get(short) if domain == device.id[0] else None)
