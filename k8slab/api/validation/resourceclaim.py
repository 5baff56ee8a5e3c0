"""ResourceClaims. Models pkg/apis/resource/validation/validation.go (ValidateResourceClaim), v1.36."""

from __future__ import annotations

import re

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._affinity import validate_node_selector
from k8slab.api.validation._conditions import validate_conditions
from k8slab.api.validation._devices import (
    MOST_CONFIGURATIONS,
    MOST_RESULTS,
    Names,
    names_of_requests,
    validate_bindings,
    validate_claim_of_devices,
    validate_configuration_for,
    validate_driver,
    validate_each,
    validate_label,
    validate_pool_name,
    validate_raw,
    validate_reference,
    validate_set,
)
from k8slab.api.validation._field import (
    IMMUTABLE,
    all_invalid,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
)
from k8slab.api.validation._ip import parse_cidr
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import byte_length
from k8slab.api.validation._shape import shape

_MOST_CONSUMERS = 256
_MOST_CONDITIONS = 8
_LONGEST_DATA = 10 * 1024
_MOST_ADDRESSES = 16
_IDENTITY = (("Driver", "driver"), ("Pool", "pool"), ("Device", "device"), ("ShareID", "shareID"))
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BAD_UID = (
    "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` "
    "with lowercase hexadecimal characters"
)
_ADDRESS = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"


def _create(new: Obj) -> list[Cause]:
    return validate_claim_of_devices(new.get("spec") or {}, "spec")


def _update(new: Obj, old: Obj) -> list[Cause]:
    after, before = (shape("ResourceClaimSpec", one.get("spec") or {}) for one in (new, old))
    return [] if after == before else [invalid("spec", after, IMMUTABLE)]


def _status(new: Obj, old: Obj) -> list[Cause]:
    names = names_of_requests(new.get("spec") or {})
    status, stored = new.get("status") or {}, old.get("status") or {}
    path, reserved = "status.reservedFor", status.get("reservedFor") or ()
    allocation = status.get("allocation")
    causes = validate_set(
        reserved, _MOST_CONSUMERS, _validate_consumer, path, lambda one: one.get("uid") or ""
    )
    allocated = [_identity(one) for one in ((allocation or {}).get("devices") or {}).get("results") or ()]
    causes += validate_set(
        status.get("devices") or (),
        -1,
        lambda one, at: _validate_device(one, at, allocated),
        "status.devices",
        _identity,
    )
    if reserved and allocation is None:
        causes.append(forbidden(path, "may not be specified when `allocated` is not set"))
    elif new["metadata"].get("deletionTimestamp") and any(
        one not in (stored.get("reservedFor") or ()) for one in reserved
    ):
        detail = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
        causes.append(forbidden(path, detail))
    return causes + _validate_allocation(allocation, stored.get("allocation"), names)


def _validate_consumer(reference: Obj, path: str) -> list[Cause]:
    return [required(f"{path}.{name}") for name in ("resource", "name", "uid") if not reference.get(name)]


def _identity(device: Obj) -> Obj:
    """How a device is told: its driver, its pool and its name, and which share of it."""
    return {field: device.get(name) or "" for field, name in _IDENTITY}


def _validate_allocation(allocation: Obj | None, stored: Obj | None, names: Names) -> list[Cause]:
    if allocation is None:
        return []
    path = "status.allocation"
    if stored is not None:
        after, before = shape("AllocationResult", allocation), shape("AllocationResult", stored)
        return [] if after == before else [invalid(path, after, IMMUTABLE)]
    devices = allocation.get("devices") or {}
    causes = validate_each(
        devices.get("results") or (),
        MOST_RESULTS,
        lambda one, at: _validate_result(one, at, names),
        f"{path}.devices.results",
    )
    causes += validate_each(
        devices.get("config") or (),
        2 * MOST_CONFIGURATIONS,
        lambda one, at: _validate_source(one, at) + validate_configuration_for(one, at, names),
        f"{path}.devices.config",
    )
    if allocation.get("nodeSelector") is not None:
        causes += validate_node_selector(allocation["nodeSelector"], f"{path}.nodeSelector")
    return causes


def _validate_source(configuration: Obj, path: str) -> list[Cause]:
    source = configuration.get("source") or ""
    if source in ("FromClaim", "FromClass"):
        return []
    if not source:
        return [required(f"{path}.source")]
    return [not_supported(f"{path}.source", source, ("FromClaim", "FromClass"))]


def _validate_result(result: Obj, path: str, names: Names) -> list[Cause]:
    causes = validate_reference(result.get("request") or "", f"{path}.request", names)
    causes += _validate_place(result, path)
    causes += validate_bindings(result, path)
    return causes + _validate_share(result, path)


def _validate_place(device: Obj, path: str) -> list[Cause]:
    causes = validate_driver(device.get("driver") or "", f"{path}.driver")
    causes += validate_pool_name(device.get("pool") or "", f"{path}.pool")
    return causes + validate_label(device.get("device") or "", f"{path}.device")


def _validate_share(device: Obj, path: str) -> list[Cause]:
    uid = device.get("shareID")
    if uid is None or _UID.fullmatch(uid):
        return []
    if not _UID.fullmatch(uid.lower()):
        detail = f"error validating uid: invalid UUID length: {len(uid)}"
        return [invalid(f"{path}.shareID", uid, detail if len(uid) != 36 else _malformed())]
    return [invalid(f"{path}.shareID", uid, _BAD_UID)]


def _malformed() -> str:
    return "error validating uid: invalid UUID format"


def _validate_device(device: Obj, path: str, allocated: list[Obj]) -> list[Cause]:
    causes = _validate_place(device, path) + _validate_share(device, path)
    if _identity(device) not in allocated:
        causes.append(invalid(path, _identity(device), "must be an allocated device in the claim"))
    conditions = device.get("conditions") or ()
    if len(conditions) > _MOST_CONDITIONS:
        causes.append(too_many(f"{path}.conditions", len(conditions), _MOST_CONDITIONS))
    causes += validate_conditions(conditions, f"{path}.conditions")
    if device.get("data") is not None:
        causes += validate_raw(device["data"], f"{path}.data", _LONGEST_DATA)
    return causes + _validate_network(device.get("networkData") or {}, f"{path}.networkData")


def _validate_network(data: Obj, path: str) -> list[Cause]:
    causes = [
        too_long(f"{path}.{name}", longest)
        for name, longest in (("interfaceName", 256), ("hardwareAddress", 128))
        if byte_length(data.get(name) or "") > longest
    ]
    return causes + validate_set(data.get("ips") or (), _MOST_ADDRESSES, _validate_address, f"{path}.ips")


def _validate_address(text: str, path: str) -> list[Cause]:
    found = parse_cidr(text)
    if found is None:
        return [invalid(path, text, _ADDRESS)]
    canonical = f"{found[0]}/{found[1].prefixlen}"
    return all_invalid(
        path, text, () if text == canonical else (f'must be in canonical form ("{canonical}")',)
    )


_BUILT = rules(_create, _update, status=_status)


def _on_update(new: Obj, old: Obj) -> list[Cause]:
    """An update: the metadata as on creation, and the spec as it was, which is not looked at again."""
    unchanged = {**new, "spec": {}}
    return [*_BUILT.create(unchanged), *_BUILT.update(new, old)]


RULES = _BUILT._replace(update=_on_update)
