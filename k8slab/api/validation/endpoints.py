"""Endpoints.

Models pkg/apis/core/validation/validation.go (ValidateEndpoints) and
pkg/registry/core/endpoint/strategy.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._containers import PROTOCOLS
from k8slab.api.validation._field import all_invalid, enumerated, required
from k8slab.api.validation._ip import endpoint_ip, ip_warnings, legacy_ip
from k8slab.api.validation._metadata import rules, validate_metadata
from k8slab.api.validation._names import dns_label, dns_subdomain, label_key, port_number


def _validate_subsets(subsets: Sequence[Obj]) -> list[Cause]:
    causes: list[Cause] = []
    for index, subset in enumerate(subsets):
        path = f"subsets[{index}]"
        ports = subset.get("ports") or ()
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            causes.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
        for name in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(subset.get(name) or ()):
                causes += _validate_address(address, f"{path}.{name}[{number}]")
        for number, port in enumerate(ports):
            causes += _validate_port(port, len(ports) > 1, f"{path}.ports[{number}]")
    return causes


def _validate_address(address: Obj, path: str) -> list[Cause]:
    text, host, node = address.get("ip") or "", address.get("hostname"), address.get("nodeName")
    causes = legacy_ip(f"{path}.ip", text)
    if host:
        causes += all_invalid(f"{path}.hostname", host, dns_label(host))
    if node is not None:
        causes += all_invalid(f"{path}.nodeName", node, dns_subdomain(node))
    return causes + endpoint_ip(text, f"{path}.ip")


def _validate_port(port: Obj, name_needed: bool, path: str) -> list[Cause]:
    name, number, protocol = port.get("name") or "", port.get("port") or 0, port.get("appProtocol")
    causes: list[Cause] = []
    if name:
        causes += all_invalid(f"{path}.name", name, dns_label(name))
    elif name_needed:
        causes.append(required(f"{path}.name"))
    causes += all_invalid(f"{path}.port", number, port_number(number))
    causes += enumerated(port.get("protocol"), f"{path}.protocol", PROTOCOLS)
    if protocol is not None:
        causes += all_invalid(f"{path}.appProtocol", protocol, label_key(protocol))
    return causes


def _create(new: Obj) -> list[Cause]:
    return _validate_subsets(new.get("subsets") or ())


def _update(new: Obj, old: Obj) -> list[Cause]:
    causes: list[Cause] = []
    if new["metadata"] is not old["metadata"]:
        causes += validate_metadata(new["metadata"], True, dns_subdomain)
    subsets, before = new.get("subsets") or (), old.get("subsets") or ()
    if subsets is not before and subsets != before:
        causes += _validate_subsets(subsets)
    return causes


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    found = ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]
    for index, subset in enumerate(new.get("subsets") or ()):
        for name in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(subset.get(name) or ()):
                where = f"subsets[{index}].{name}[{number}].ip"
                found += ip_warnings(where, address.get("ip") or "")
    return tuple(found)


RULES = rules(_create, _update, warnings=_warnings)
