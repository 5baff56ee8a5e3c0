"""Giving a Service its cluster IP, its IP families and its node ports: a pure function of what is taken.

The cluster is a single-stack IPv4 one. As upstream does, addresses and ports
that nobody asked for are taken from the upper part of their range, so that
those which somebody writes down by hand are seldom taken already.

Models pkg/registry/core/service/storage/{alloc,storage}.go and
pkg/registry/core/service/{ipallocator,portallocator}, v1.36.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Container, Iterator

from k8slab.api.errors import ApiError, Cause, invalid
from k8slab.api.kinds.service import allocates_node_ports, needs_cluster_ip, needs_health_check_port
from k8slab.api.meta import Obj
from k8slab.api.validation.service import validate_cluster_ips

SERVICE_RANGE = ipaddress.IPv4Network("10.96.0.0/12")
NODE_PORTS = range(30000, 32768)
_ADDRESSES_BY_HAND = 256
_PORTS_BY_HAND = 86

Chance = Callable[..., float]


def allocate(
    service: Obj,
    used_ips: Container[str],
    used_ports: Container[int],
    chance: Chance,
    old: Obj | None = None,
    *,
    dry_run: bool = False,
) -> Obj:
    """The Service with everything that its type calls for.

    `used_ips` and `used_ports` are those of other Services. `chance(*name)`
    gives a number in [0, 1). Raises ApiError 422 for an address or port that
    can't be had, and 500 where none is left. A dry run gets node ports that
    nobody could have, and is not asked whether its own are in the range.
    """
    spec = _with_families(service, (old or {}).get("spec"))
    metadata = service.get("metadata") or {}
    name = (metadata.get("namespace", ""), metadata.get("name", ""))
    had_none = old is None or not needs_cluster_ip(old["spec"])
    if had_none and needs_cluster_ip(spec) and (spec.get("clusterIPs") or [""])[0] != "None":
        spec = _with_cluster_ip(service, spec, used_ips, lambda: chance("cluster-ip", *name))
    taken = _Ports(service, used_ports, chance, name, old, dry_run)
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        spec = _with_node_ports(spec, taken) if old is None else _with_changed_node_ports(spec, taken)
    if needs_health_check_port(spec) and not (old is not None and needs_health_check_port(old["spec"])):
        spec = _with_health_check_port(spec, taken)
    return service if spec is service["spec"] else {**service, "spec": spec}


def _refuse(service: Obj, *faults: tuple[str, str]) -> ApiError:
    causes = [Cause("FieldValueInvalid", message, field) for field, message in faults]
    return invalid("Service", "", service["metadata"].get("name", ""), causes)


def _quoted(texts: list[str]) -> str:
    return json.dumps(texts, separators=(",", ":"))


# IP families.


def _with_families(service: Obj, before: Obj | None) -> Obj:
    """The spec with its family policy and its families."""
    spec: Obj = service["spec"]
    if spec.get("type") == "ExternalName":
        return spec
    headless = spec.get("clusterIP") == "None"
    policy = spec.get("ipFamilyPolicy")
    if policy is None:
        policy = (before or {}).get("ipFamilyPolicy")
    if policy is None:
        policy = "RequireDualStack" if headless and not spec.get("selector") else "SingleStack"
    if spec.get("ipFamilyPolicy") != policy:
        spec = {**spec, "ipFamilyPolicy": policy}
    causes = validate_cluster_ips(spec, before or {})
    if causes:
        raise invalid("Service", "", service["metadata"].get("name", ""), causes)
    spec = _narrowed(spec, before)
    families = list(spec.get("ipFamilies") or [])
    addresses = spec.get("clusterIPs") or []
    faults = _family_faults(policy, families, addresses, before)
    for index, address in enumerate(addresses):
        if address == "None":
            break
        if index >= len(families):
            if _family_of(address) == "IPv4":
                families.append("IPv4")
            else:
                why = f"Invalid value: {_quoted(addresses)}: IPv6 is not configured on this cluster"
                faults.append((f"spec.clusterIPs[{index}]", why))
    if faults:
        raise _refuse(service, *faults)
    if headless and not spec.get("selector"):
        families = families or ["IPv4"]
        if len(families) < 2 and policy != "SingleStack":
            families.append("IPv6" if families[0] == "IPv4" else "IPv4")
    else:
        _check_configured(service, policy, families)
        families = families or ["IPv4"]
    return spec if families == spec.get("ipFamilies") else {**spec, "ipFamilies": families}


def _narrowed(spec: Obj, before: Obj | None) -> Obj:
    """Turning to a single stack gives up the second address and family, unless the request names them."""
    if before is None or spec.get("ipFamilyPolicy") != "SingleStack":
        return spec
    for name in ("clusterIPs", "ipFamilies"):
        values = spec.get(name) or []
        if len(values) > 1 and values == before.get(name):
            spec = {**spec, name: values[:1]}
    return spec


def _family_of(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"


def _family_faults(
    policy: str, families: list[str], addresses: list[str], before: Obj | None
) -> list[tuple[str, str]]:
    """What the policy can't mean together with the addresses and families."""
    field = "spec.ipFamilyPolicy"
    value = f'Invalid value: "{policy}"'
    faults: list[tuple[str, str]] = []
    if policy == "SingleStack":
        multiple = f"{value}: must be 'RequireDualStack' or 'PreferDualStack' when multiple"
        if len(addresses) == 2:
            faults.append((field, f"{multiple} cluster IPs are specified"))
        if len(families) == 2:
            faults.append((field, f"{multiple} IP families are specified"))
    elif before is not None:
        release = f"{value}: must be 'SingleStack' to release the secondary"
        if addresses and len(addresses) < len(before.get("clusterIPs") or []):
            faults.append((field, f"{release} cluster IP"))
        if families and len(families) < len(before.get("ipFamilies") or []):
            faults.append((field, f"{release} IP family"))
    return faults


def _check_configured(service: Obj, policy: str, families: list[str]) -> None:
    """Refuse what only a dual-stack cluster could give."""
    faults: list[tuple[str, str]] = []
    if policy == "RequireDualStack":
        why = f'Invalid value: "{policy}": this cluster is not configured for dual-stack services'
        faults.append(("spec.ipFamilyPolicy", why))
    for index, family in enumerate(families):
        if family != "IPv4":
            why = f'Invalid value: "{family}": not configured on this cluster'
            faults.append((f"spec.ipFamilies[{index}]", why))
    if faults:
        raise _refuse(service, *faults)


# Cluster IPs.


def _with_cluster_ip(service: Obj, spec: Obj, used: Container[str], draw: Callable[[], float]) -> Obj:
    addresses = spec.get("clusterIPs") or []
    wanted = addresses[0] if addresses else spec.get("clusterIP", "")
    if wanted:
        why = _why_not(wanted, used)
        if why:
            text = f"Invalid value: {_quoted(addresses)}: failed to allocate IP {wanted}: {why}"
            raise _refuse(service, ("spec.clusterIPs", text))
        return spec if addresses else {**spec, "clusterIPs": [wanted]}
    name = service["metadata"].get("name", "")
    for address in _addresses(draw()):
        if address not in used:
            return {**spec, "clusterIP": address, "clusterIPs": [address]}
    message = f'failed to allocate a serviceIP for Service "{name}": range is full'
    raise ApiError(500, "InternalError", f"Internal error occurred: {message}")


def _why_not(address: str, used: Container[str]) -> str:
    """Why an address can't be had, or nothing."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # What is no address at all is left to the validation that follows.
        return ""
    if not isinstance(parsed, ipaddress.IPv4Address) or parsed not in SERVICE_RANGE:
        return "the provided network does not match the current range"
    if parsed in (SERVICE_RANGE.network_address, SERVICE_RANGE.broadcast_address):
        return (
            f"the provided IP ({address}) is not in the valid range. "
            f"The range of valid IPs is {SERVICE_RANGE}"
        )
    return "provided IP is already allocated" if address in used else ""


def _addresses(start: float) -> Iterator[str]:
    """Every address once: the upper part of the range from a point of chance on, then the lower part."""
    first = int(SERVICE_RANGE.network_address)
    upper = SERVICE_RANGE.num_addresses - 1 - _ADDRESSES_BY_HAND
    offset = int(start * upper)
    for step in range(upper):
        yield str(ipaddress.IPv4Address(first + _ADDRESSES_BY_HAND + (offset + step) % upper))
    for number in range(1, _ADDRESSES_BY_HAND):
        yield str(ipaddress.IPv4Address(first + number))


# Node ports.


class _Ports:
    """Which node ports are free while one Service is given its own."""

    def __init__(
        self,
        service: Obj,
        used: Container[int],
        chance: Chance,
        name: tuple[str, str],
        old: Obj | None,
        dry_run: bool,
    ) -> None:
        self.dry_run = dry_run
        self.service = service
        self.used = used
        self.chance = chance
        self.name = name
        self.old_spec: Obj = (old or {}).get("spec") or {}
        self.kept = [port.get("nodePort", 0) for port in self.old_spec.get("ports") or ()]
        self.kept.append(self.old_spec.get("healthCheckNodePort", 0))
        self.own: list[int] = []

    def why_not(self, number: int) -> str:
        """Why a port can't be had, or nothing; then it is this Service's."""
        if number in self.kept:
            self.own.append(number)
            return ""
        if number not in NODE_PORTS and not self.dry_run:
            return "provided port is not in the valid range. The range of valid ports is 30000-32767"
        if number in self.used or number in self.own:
            return "provided port is already allocated"
        self.own.append(number)
        return ""

    def next(self) -> int:
        """A free port; ApiError 500 where there is none."""
        if self.dry_run:
            self.own.append(max(self.own, default=NODE_PORTS.stop) + 1)
            return self.own[-1]
        upper = len(NODE_PORTS) - _PORTS_BY_HAND
        offset = int(self.chance("node-port", *self.name, len(self.own)) * upper)
        candidates = [NODE_PORTS[_PORTS_BY_HAND + (offset + step) % upper] for step in range(upper)]
        number: int
        for number in (*candidates, *NODE_PORTS[:_PORTS_BY_HAND]):
            if number not in self.used and number not in self.own and number not in self.kept:
                self.own.append(number)
                return number
        message = "failed to allocate a nodePort: range is full"
        raise ApiError(500, "InternalError", f"Internal error occurred: {message}")


def _with_node_ports(spec: Obj, taken: _Ports) -> Obj:
    """Ports of one number and different protocols share a node port."""
    ports = list(spec.get("ports") or ())
    wants = allocates_node_ports(spec)
    chosen: dict[int, int] = {}
    for index, port in enumerate(ports):
        number: int = port.get("port", 0)
        node_port: int = port.get("nodePort", 0)
        if not node_port and not wants:
            continue
        if number in chosen and node_port in (0, chosen[number]):
            ports[index] = {**port, "nodePort": chosen[number]}
            continue
        if not node_port and number not in chosen:
            node_port = next((one["nodePort"] for one in ports if _asks(one, number)), 0)
        if node_port:
            why = taken.why_not(node_port)
            if why:
                text = f"Invalid value: {node_port}: {why}"
                raise _refuse(taken.service, (f"spec.ports[{index}].nodePort", text))
        else:
            node_port = taken.next()
        chosen.setdefault(number, node_port)
        ports[index] = {**port, "nodePort": node_port}
    return spec if ports == spec.get("ports") else {**spec, "ports": ports}


def _with_changed_node_ports(spec: Obj, taken: _Ports) -> Obj:
    """The ports of an update: those that are new are taken, each without one gets its own."""
    ports = list(spec.get("ports") or ())
    wants = allocates_node_ports(spec)
    seen: list[tuple[str, int]] = []
    for index, port in enumerate(ports):
        number: int = port.get("nodePort", 0)
        if not number and not wants:
            continue
        if not number:
            number = taken.next()
            ports[index] = {**port, "nodePort": number}
        elif number not in taken.kept and number not in taken.own:
            why = taken.why_not(number)
            if why:
                text = f"Invalid value: {number}: {why}"
                raise _refuse(taken.service, (f"spec.ports[{index}].nodePort", text))
        key = (port.get("protocol", ""), number)
        if key in seen:
            raise ApiError(500, "", f"duplicate nodePort: {{{key[0]} {key[1]}}}")
        seen.append(key)
    return spec if ports == spec.get("ports") else {**spec, "ports": ports}


def _asks(port: Obj, number: int) -> bool:
    return port.get("port") == number and bool(port.get("nodePort"))


def _with_health_check_port(spec: Obj, taken: _Ports) -> Obj:
    number = spec.get("healthCheckNodePort", 0)
    if not number:
        return {**spec, "healthCheckNodePort": taken.next()}
    why = taken.why_not(number)
    if why:
        message = f"failed to allocate requested HealthCheck NodePort {number}: {why}"
        raise ApiError(500, "InternalError", f"Internal error occurred: {message}")
    return spec
