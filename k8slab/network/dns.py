"""The cluster's DNS: what names in a Pod resolve to.

Models the Kubernetes DNS specification (kubernetes/dns, docs/specification.md,
1.1.0) as CoreDNS implements it, and the search list that the kubelet writes
(pkg/kubelet/network/dns/dns.go), v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.containers.etc import ZONE, Resolver
from k8slab.network.routing import service_by_address
from k8slab.store.view import View


class Found(NamedTuple):
    """An answer: the full name that matched, its addresses, and where an alias points."""

    name: str
    addresses: tuple[str, ...]
    alias: str = ""


class Service(NamedTuple):
    """One SRV record: its target and port."""

    target: str
    port: int
    address: str


def search_names(name: str, resolver: Resolver) -> list[str]:
    """The full names that a resolver tries for a name, in order."""
    if name.endswith("."):
        return [name[:-1]]
    searched = [f"{name}.{domain}" for domain in resolver.searches]
    return [name, *searched] if name.count(".") >= resolver.dots else [*searched, name]


def resolve(view: View, name: str, resolver: Resolver) -> Found | None:
    """The first of the tried names that exists. None for NXDOMAIN."""
    if is_address(name):
        return Found(name, (name,))
    if not resolver.knows_the_cluster:
        return None
    for full in search_names(name, resolver):
        found = lookup(view, full)
        if found is not None:
            return found
    return None


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 address."""
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)


def lookup(view: View, full: str) -> Found | None:
    """What one full name (without the final dot) resolves to; None where it does not exist."""
    name = full.lower()
    if not name.endswith(f".{ZONE}"):
        return None
    labels = name[: -len(ZONE) - 1].split(".")
    if labels[-1] == "svc" and len(labels) >= 3:
        return _service_name(view, name, labels[:-1])
    if labels[-1] == "pod" and len(labels) == 3:
        address = labels[0].replace("-", ".")
        return Found(name, (address,)) if is_address(address) else None
    return None


def _service_name(view: View, name: str, labels: list[str]) -> Found | None:
    namespace, service_name = labels[-1], labels[-2]
    service = view.get("Service", (namespace, service_name))
    if service is None:
        return None
    rest = labels[:-2]
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return None if rest else Found(name, (), spec.get("externalName", ""))
    headless = spec.get("clusterIP") == "None"
    if not rest:
        if not headless:
            address = spec.get("clusterIP")
            return Found(name, (address,)) if address else None
        addresses = tuple([one.address for one in _members(view, service)])
        return Found(name, tuple(dict.fromkeys(addresses))) if addresses else None
    if len(rest) == 1 and headless:
        found = [one.address for one in _members(view, service) if one.label == rest[0]]
        return Found(name, tuple(dict.fromkeys(found))) if found else None
    return None


class _Member(NamedTuple):
    """A Pod (or other backend) of a Service as DNS names it."""

    label: str
    address: str
    ports: tuple[tuple[str, str, int], ...]


def _members(view: View, service: Obj) -> list[_Member]:
    """The ready backends; all of them where the Service publishes those that are not."""
    namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
    every = bool(service["spec"].get("publishNotReadyAddresses"))
    found: list[_Member] = []
    for slice_ in view.list("EndpointSlice", namespace=namespace):
        if (slice_["metadata"].get("labels") or {}).get("kubernetes.io/service-name") != name:
            continue
        ports = tuple(
            [
                (one.get("name") or "", one.get("protocol", "TCP").lower(), one["port"])
                for one in slice_.get("ports") or ()
                if one.get("port") is not None
            ]
        )
        for endpoint in slice_.get("endpoints") or ():
            if not every and (endpoint.get("conditions") or {}).get("ready") is False:
                continue
            for address in endpoint.get("addresses") or ():
                label = endpoint.get("hostname") or address.replace(".", "-")
                found.append(_Member(label, address, ports))
    return sorted(found, key=lambda member: tuple(int(part) for part in member.address.split(".")))


def services(view: View, name: str, resolver: Resolver) -> list[Service]:
    """The SRV records of a name: `_port._protocol.service…`, or a headless Service for all its ports."""
    for full in search_names(name, resolver) if resolver.knows_the_cluster else ():
        found = _srv(view, full.lower())
        if found:
            return found
    return []


def _srv(view: View, name: str) -> list[Service]:
    if not name.endswith(f".svc.{ZONE}"):
        return []
    labels = name[: -len(f".svc.{ZONE}")].split(".")
    wanted_port = wanted_protocol = ""
    if len(labels) == 4 and labels[0].startswith("_") and labels[1].startswith("_"):
        wanted_port, wanted_protocol = labels[0][1:], labels[1][1:]
        labels = labels[2:]
    if len(labels) != 2:
        return []
    service = view.get("Service", (labels[1], labels[0]))
    if service is None:
        return []
    suffix = f"{labels[0]}.{labels[1]}.svc.{ZONE}"

    def fits(port: str, protocol: str) -> bool:
        return not wanted_port or (port == wanted_port and protocol == wanted_protocol)

    if service["spec"].get("clusterIP") != "None":
        return [
            Service(suffix, one["port"], service["spec"].get("clusterIP", ""))
            for one in service["spec"].get("ports") or ()
            if fits(one.get("name") or "", one.get("protocol", "TCP").lower())
        ]
    return [
        Service(f"{member.label}.{suffix}", number, member.address)
        for member in _members(view, service)
        for port, protocol, number in member.ports
        if fits(port, protocol)
    ]


def reverse(view: View, address: str) -> str:
    """The name of an address (a PTR record), or the empty string."""
    service = service_by_address(view, address)
    if service is not None:
        metadata = service["metadata"]
        return f"{metadata['name']}.{metadata['namespace']}.svc.{ZONE}"
    for headless in view.list("Service"):
        if headless["spec"].get("clusterIP") != "None":
            continue
        for member in _members(view, headless):
            if member.address == address:
                metadata = headless["metadata"]
                return f"{member.label}.{metadata['name']}.{metadata['namespace']}.svc.{ZONE}"
    return ""
