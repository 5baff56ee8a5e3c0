"""Where a request goes: from a name or an address to a Pod, as kube-proxy would send it.

Models pkg/proxy/iptables (Service to endpoints), the ClusterIP's session
affinity, and NodePorts, v1.36.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import NamedTuple

from k8slab.api.meta import Key, Obj, key_of
from k8slab.clock import SECOND_US
from k8slab.store.view import View

REFUSED = "connect: connection refused"
NO_ROUTE = "connect: no route to host"
TIMEOUT = "i/o timeout"


class Target(NamedTuple):
    """A Pod and the port on which it is reached; `error` where there is none.

    `affinity` names the Service's port that leads a client to one backend, and
    `affinity_us` is how long it remembers a client that doesn't call. `source` is the
    address that the backend sees where a proxy puts one in the caller's place.
    """

    pod: Obj | None
    port: int
    error: str = ""
    affinity: str = ""
    affinity_us: int = 0
    source: str = ""


AFFINITY = "Affinity"
"""The internal kind by which a client is remembered: when it called last, and how often it was forgotten."""
_AFFINITY_SECONDS = 10800


def affinity_key(affinity: str, client: str) -> Key:
    """Where a client of a Service's port is remembered."""
    return ("", f"{affinity}/{client}")


def port_number(container: Obj, port: int | str | None) -> int:
    """A port by number, or by the name that the container gives it; -1 where it has none such."""
    if isinstance(port, int):
        return port
    for one in container.get("ports") or ():
        if one.get("name") == port:
            return int(one["containerPort"])
    return int(port) if port is not None and str(port).isdigit() else -1


def pod_by_ip(view: View, address: str) -> Obj | None:
    """The Pod with an address that is not finished; Pods on the host's network don't count."""
    for pod in _candidates(view, address):
        status = pod.get("status") or {}
        if status.get("podIP") == address and status.get("phase") not in ("Succeeded", "Failed"):
            if not pod["spec"].get("hostNetwork"):
                return pod
    return None


def _candidates(view: View, address: str) -> list[Obj]:
    """The Pods of the node whose range the address is in; the range says the node."""
    base = address.rpartition(".")[0] + ".0/24"
    for node in view.list("Node"):
        if (node["spec"] or {}).get("podCIDR") == base:
            return list(view.list("Pod", node=node["metadata"]["name"]))
    return []


_NOT_OURS = ("service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless")


def is_proxied(obj: Obj) -> bool:
    """Whether kube-proxy looks at a Service or slice: a label leaves it to another proxy, or to none."""
    labels = obj["metadata"].get("labels") or {}
    return not any(name in labels for name in _NOT_OURS)


def service_by_address(view: View, address: str) -> Obj | None:
    """The Service with that cluster IP, or external address."""
    for service in view.list("Service"):
        if not is_proxied(service):
            continue
        spec = service["spec"]
        if address in (spec.get("clusterIP"), *(spec.get("externalIPs") or ())):
            return service
        for ingress in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            if ingress.get("ip") == address:
                return service
    return None


class Endpoint(NamedTuple):
    """One backend of a Service: its address and port, and the Pod's key where it is a Pod.

    `last` says that it still answers while it ends: it counts where nobody else does.
    `for_nodes` and `for_zones` are its hints: for whose callers it is meant.
    """

    address: str
    port: int
    pod: tuple[str, str] | None
    ready: bool
    last: bool = False
    node: str = ""
    for_nodes: tuple[str, ...] = ()
    for_zones: tuple[str, ...] = ()


def endpoints_of(view: View, service: Obj, port: Obj) -> list[Endpoint]:
    """The backends behind one port of a Service, from its EndpointSlices, in a fixed order."""
    namespace, name = key_of(service)
    found: list[Endpoint] = []
    for slice_ in view.list("EndpointSlice", namespace=namespace):
        if (slice_["metadata"].get("labels") or {}).get("kubernetes.io/service-name") != name:
            continue
        if not is_proxied(slice_):
            continue
        number = _slice_port(slice_, port)
        if number is None:
            continue
        for endpoint in slice_.get("endpoints") or ():
            reference = endpoint.get("targetRef") or {}
            pod = (
                (reference.get("namespace", namespace), reference["name"]) if reference.get("name") else None
            )
            conditions = endpoint.get("conditions") or {}
            ready = conditions.get("ready", True) is not False
            last = bool(conditions.get("serving") and conditions.get("terminating"))
            hints = endpoint.get("hints") or {}
            nodes, zones = (_hinted(hints.get(name)) for name in ("forNodes", "forZones"))
            for address in endpoint.get("addresses") or ():
                node = endpoint.get("nodeName") or ""
                found.append(Endpoint(address, number, pod, ready, last, node, nodes, zones))
    return sorted(found, key=lambda one: _address_order(one.address))


def _hinted(hints: list[Obj] | None) -> tuple[str, ...]:
    return tuple(one["name"] for one in hints or ())


def _address_order(address: str) -> tuple[int, ...]:
    return tuple([int(part) if part.isdigit() else 0 for part in address.split(".")])


def _slice_port(slice_: Obj, port: Obj) -> int | None:
    for one in slice_.get("ports") or ():
        if (one.get("name") or "") == (port.get("name") or ""):
            number = one.get("port")
            return int(number) if number is not None else int(port["port"])
    return None


def transport_of(protocol: str) -> str:
    """The transport, as Services and ports name it, that a protocol uses."""
    return protocol.upper() if protocol in ("udp", "sctp") else "TCP"


def route(view: View, address: str, port: int, client: str, salt: int, transport: str = "TCP") -> Target:
    """The Pod that a connection to an address and port reaches.

    `client` is the caller's address (for session affinity); `salt` is a number
    that differs from connection to connection, by which a backend is chosen.
    """
    pod = pod_by_ip(view, address)
    if pod is not None:
        return Target(pod, port)
    service = service_by_address(view, address)
    if service is not None:
        for one in service["spec"].get("ports") or ():
            if one["port"] == port and one.get("protocol", "TCP") == transport:
                is_local = service["spec"].get("internalTrafficPolicy") == "Local"
                return _to_backend(view, service, one, client, salt, is_local=is_local)
        return Target(None, port, REFUSED)
    node = node_by_address(view, address)
    if node is not None:
        return _by_node_port(view, node, address, port, client, salt, transport)
    return Target(None, port, NO_ROUTE if address.startswith("10.") else TIMEOUT)


def _node_of(view: View, client: str) -> str:
    """The node from which an address calls; empty for those outside the cluster."""
    pod = pod_by_ip(view, client)
    if pod is not None:
        return str(pod["spec"]["nodeName"])
    node = node_by_address(view, client)
    return node["metadata"]["name"] if node is not None else ""


def _to_backend(
    view: View, service: Obj, port: Obj, client: str, salt: int, *, is_local: bool, at: str | None = None
) -> Target:
    """A backend of a Service, as the proxy of a node chooses it: `at`, or the caller's own.

    Where the policy is local it is one on that node, or nothing answers.

    Models pkg/proxy/topology.go (CategorizeEndpoints), v1.36.
    """
    endpoints = endpoints_of(view, service, port)
    if is_local:
        node_name = _node_of(view, client) if at is None else at
        if node_name:
            endpoints = [one for one in endpoints if one.node == node_name]
        is_local = bool(node_name)
    ready = [one for one in endpoints if one.ready]
    if not is_local and any(one.for_nodes or one.for_zones for one in ready):
        ready = _meant_for(view, ready, _node_of(view, client) if at is None else at)
    ready = ready or [one for one in endpoints if one.last]
    if not ready:
        return Target(None, port["port"], TIMEOUT if is_local else REFUSED)
    sticky = service["spec"].get("sessionAffinity") == "ClientIP"
    name = f"{service['metadata']['uid']}/{port['port']}"
    if not sticky:
        share = view.chance("route", name, client, salt)
    else:
        known = view.get(AFFINITY, affinity_key(name, client))
        forgotten = (known["forgotten"],) if known is not None and known["forgotten"] else ()
        share = view.chance("affinity", name, client, *forgotten)
    chosen = ready[int(share * len(ready))]
    pod = view.get("Pod", chosen.pod) if chosen.pod else pod_by_ip(view, chosen.address)
    if pod is None:
        return Target(None, chosen.port, NO_ROUTE)
    if not sticky:
        return Target(pod, chosen.port)
    config = (service["spec"].get("sessionAffinityConfig") or {}).get("clientIP") or {}
    remembered_us = (config.get("timeoutSeconds") or _AFFINITY_SECONDS) * SECOND_US
    return Target(pod, chosen.port, affinity=name, affinity_us=remembered_us)


_ZONE_LABEL = "topology.kubernetes.io/zone"


def _meant_for(view: View, ready: list[Endpoint], node_name: str) -> list[Endpoint]:
    """Those that hints give to a node or else to its zone; all, where one has no hint or none is for it."""
    node = view.get("Node", ("", node_name))
    zone = (node["metadata"].get("labels") or {}).get(_ZONE_LABEL, "") if node is not None else ""
    for field, name in (("for_nodes", node_name), ("for_zones", zone)):
        if all(getattr(one, field) for one in ready):
            found = [one for one in ready if name in getattr(one, field)]
            if found:
                return found
    return ready


def node_by_address(view: View, address: str) -> Obj | None:
    """The node with an address, or that name."""
    for node in view.list("Node"):
        for one in (node.get("status") or {}).get("addresses") or ():
            if one["address"] == address:
                return node
    return None


def _by_node_port(
    view: View, node: Obj, address: str, port: int, client: str, salt: int, transport: str
) -> Target:
    """A node's port: a Service's NodePort, or a Pod's."""
    for service in view.list("Service"):
        for one in service["spec"].get("ports") or () if is_proxied(service) else ():
            if one.get("nodePort") == port and one.get("protocol", "TCP") == transport:
                is_local = service["spec"].get("externalTrafficPolicy") == "Local"
                name = node["metadata"]["name"]
                found = _to_backend(view, service, one, client, salt, is_local=is_local, at=name)
                return found if is_local else found._replace(source=_masqueraded(node, address, found.pod))
    return on_host(view, node["metadata"]["name"], address, port, transport)


def _masqueraded(node: Obj, address: str, backend: Obj | None) -> str:
    """Who asks at a node's port, as the backend sees it: the node, by its bridge where the backend is on it.

    Models the jump to KUBE-MARK-MASQ in pkg/proxy/iptables/proxier.go, v1.36.
    """
    spec = backend["spec"] if backend is not None else {}
    cidr = (node.get("spec") or {}).get("podCIDR")
    if spec.get("nodeName") != node["metadata"]["name"] or spec.get("hostNetwork") or not cidr:
        return address
    return str(ip_network(cidr)[1])


def on_host(view: View, node: str, address: str, port: int, transport: str) -> Target:
    """The Pod that has a port of its node at this address: a hostPort, or on the host's network."""
    for pod in view.list("Pod", node=node):
        if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            continue
        for container in pod["spec"]["containers"]:
            for declared in container.get("ports") or ():
                if _is_exposed(pod, declared, address, port, transport):
                    return Target(pod, int(declared["containerPort"]))
    return Target(None, port, REFUSED)


def _is_exposed(pod: Obj, declared: Obj, address: str, port: int, transport: str) -> bool:
    if declared.get("protocol", "TCP") != transport:
        return False
    if declared.get("hostIP", "") not in ("", "0.0.0.0", address):
        return False
    on_network = pod["spec"].get("hostNetwork") and declared.get("containerPort") == port
    return declared.get("hostPort") == port or bool(on_network)
