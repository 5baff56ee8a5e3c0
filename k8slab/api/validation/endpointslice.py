"""EndpointSlices.

Models pkg/apis/discovery/validation/validation.go and
pkg/registry/discovery/endpointslice/strategy.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._containers import PROTOCOLS
from k8slab.api.validation._field import (
    IMMUTABLE,
    all_invalid,
    duplicate,
    enumerated,
    invalid,
    not_supported,
    required,
    too_many,
)
from k8slab.api.validation._ip import canonical_ip, endpoint_ip, ip_warnings, is_ipv6, legacy_ip
from k8slab.api.validation._metadata import rules, validate_labels
from k8slab.api.validation._names import (
    Messages,
    dns_label,
    dns_subdomain,
    label_key,
    label_value,
)


def _validate_endpoints(endpoints: Sequence[Obj], family: str) -> list[Cause]:
    if len(endpoints) > 1000:
        return [too_many("endpoints", len(endpoints), 1000)]
    causes: list[Cause] = []
    for index, endpoint in enumerate(endpoints):
        path = f"endpoints[{index}]"
        causes += _validate_addresses(endpoint.get("addresses") or (), family, f"{path}.addresses")
        node, host = endpoint.get("nodeName"), endpoint.get("hostname")
        if node is not None:
            causes += all_invalid(f"{path}.nodeName", node, dns_subdomain(node))
        topology = endpoint.get("deprecatedTopology") or {}
        if len(topology) > 16:
            causes.append(too_many(f"{path}.deprecatedTopology", len(topology), 16))
        causes += validate_labels(topology, f"{path}.deprecatedTopology")
        if host is not None:
            causes += all_invalid(f"{path}.hostname", host, dns_label(host))
        if endpoint.get("hints") is not None:
            causes += _validate_hints(endpoint["hints"], f"{path}.hints")
    return causes


def _validate_addresses(addresses: Sequence[str], family: str, path: str) -> list[Cause]:
    causes: list[Cause] = []
    if not addresses:
        causes.append(required(path, "must contain at least 1 address"))
    elif len(addresses) > 100:
        causes.append(too_many(path, len(addresses), 100))
    for index, address in enumerate(addresses):
        where = f"{path}[{index}]"
        if family == "FQDN":
            causes += fully_qualified_domain_name(where, address)
            continue
        if family not in ("IPv4", "IPv6"):
            continue
        found = legacy_ip(where, address) if family == "IPv4" else canonical_ip(where, address)
        if not found:
            if is_ipv6(address) != (family == "IPv6"):
                found.append(invalid(path, address, f"must be an {family} address"))
            found += endpoint_ip(address, where)
        causes += found
    return causes


def fully_qualified_domain_name(path: str, name: str) -> list[Cause]:
    """A domain of two labels or more, perhaps with a dot behind it."""
    if not name:
        return [required(path)]
    name = name.removesuffix(".")
    messages = dns_subdomain(name)
    if messages:
        return [invalid(path, name, ",".join(messages))]
    labels = name.split(".")
    if len(labels) < 2:
        detail = "should be a domain with at least two segments separated by dots"
        return [invalid(path, name, detail)]
    for label in labels:
        if dns_label(label):
            return [invalid(path, label, ",".join(dns_label(label)))]
    return []


def _validate_hints(hints: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    checks: tuple[tuple[str, Callable[[str], Messages]], ...] = (
        ("forZones", label_value),
        ("forNodes", dns_subdomain),
    )
    for name, rule in checks:
        items = hints.get(name) or ()
        if len(items) > 8:
            return [*causes, too_many(f"{path}.{name}", len(items), 8)]
        seen: list[str] = []
        for index, item in enumerate(items):
            where, value = f"{path}.{name}[{index}].name", item.get("name") or ""
            if value in seen:
                causes.append(duplicate(where, value))
            seen.append(value)
            causes += all_invalid(where, value, rule(value))
    return causes


def _validate_ports(ports: Sequence[Obj]) -> list[Cause]:
    if len(ports) > 20000:
        return [too_many("ports", len(ports), 20000)]
    causes: list[Cause] = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"ports[{index}]", port.get("name") or ""
        if name:
            causes += all_invalid(f"{path}.name", name, dns_label(name))
        if name in names:
            causes.append(duplicate(f"{path}.name", name))
        names.add(name)
        protocol = port.get("protocol")
        if protocol not in PROTOCOLS:
            # Defaulting looks for a missing protocol: an empty one is there, and is none of these.
            wrong = not_supported(f"{path}.protocol", protocol, PROTOCOLS)
            causes.append(required(f"{path}.protocol") if protocol is None else wrong)
        protocol = port.get("appProtocol")
        if protocol is not None:
            causes += all_invalid(f"{path}.appProtocol", protocol, label_key(protocol))
    return causes


def _create(new: Obj) -> list[Cause]:
    family = new.get("addressType") or ""
    causes = enumerated(family, "addressType", ("FQDN", "IPv4", "IPv6"))
    causes += _validate_ports(new.get("ports") or ())
    return causes + _validate_endpoints(new.get("endpoints") or (), family)


def _update(new: Obj, old: Obj) -> list[Cause]:
    if new.get("addressType") == old.get("addressType"):
        return []
    return [invalid("addressType", new.get("addressType") or "", IMMUTABLE)]


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    found: list[str] = []
    family = new.get("addressType")
    if old is None and family == "FQDN":
        found.append("spec.addressType: FQDN endpoints are deprecated")
    if family != "FQDN":
        for index, endpoint in enumerate(new.get("endpoints") or ()):
            for number, address in enumerate(endpoint.get("addresses") or ()):
                found += ip_warnings(f"endpoints[{index}].addresses[{number}]", address)
    return tuple(found)


RULES = rules(_create, _update, recheck="before", own_metadata=False, warnings=_warnings)
