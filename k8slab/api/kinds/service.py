"""Service. Models pkg/apis/core/v1/defaults.go, pkg/registry/core/service/strategy.go
and pkg/registry/core/service/storage/storage.go (normalizeClusterIPs), v1.36.

Addresses and ports are given out by `k8slab.api.kinds._service_allocation`.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._strategy import on_create, on_status, with_field_of
from k8slab.api.meta import Obj, assoc, dig

TYPES_WITH_CLUSTER_IP = ("ClusterIP", "NodePort", "LoadBalancer")
CLIENT_IP_SECONDS = 10800


def _session_affinity(spec: Obj) -> Obj:
    affinity = spec.get("sessionAffinity") or "None"
    new = spec
    if spec.get("sessionAffinity") != affinity:
        new = {**new, "sessionAffinity": affinity}
    if affinity == "None" and new.get("sessionAffinityConfig") is not None:
        new = {name: value for name, value in new.items() if name != "sessionAffinityConfig"}
    if affinity == "ClientIP":
        config = (new.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        if config.get("timeoutSeconds") is None:
            new = {**new, "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": CLIENT_IP_SECONDS}}}
    return new


def _externally_accessible(spec: Obj) -> bool:
    return spec["type"] in ("LoadBalancer", "NodePort") or (
        spec["type"] == "ClusterIP" and bool(spec.get("externalIPs"))
    )


def _default_spec(spec: Obj) -> Obj:
    """SetDefaults_Service, as far as it concerns the spec without its ports."""
    new = _session_affinity(spec)
    missing: Obj = {}
    if not new.get("type"):
        new = {**new, "type": "ClusterIP"}
    if _externally_accessible(new) and not new.get("externalTrafficPolicy"):
        missing["externalTrafficPolicy"] = "Cluster"
    if new["type"] in TYPES_WITH_CLUSTER_IP and new.get("internalTrafficPolicy") is None:
        missing["internalTrafficPolicy"] = "Cluster"
    if new["type"] == "LoadBalancer" and new.get("allocateLoadBalancerNodePorts") is None:
        missing["allocateLoadBalancerNodePorts"] = True
    return {**new, **missing} if missing else new


def _target_port(port: Obj) -> Obj:
    """A port without a target goes to the same number."""
    number = port.get("port") or 0
    if port.get("targetPort") or (not number and "targetPort" in port):
        return port
    return {**port, "targetPort": number}


def _ip_mode(obj: Obj) -> Obj:
    """A load balancer's address is a virtual one unless it says otherwise."""
    ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    if not ingress or (obj.get("spec") or {}).get("type") != "LoadBalancer":
        return obj
    if all(not one.get("ip") or one.get("ipMode") is not None for one in ingress):
        return obj
    filled = [
        {**one, "ipMode": "VIP"} if one.get("ip") and one.get("ipMode") is None else one for one in ingress
    ]
    status = obj["status"]
    return {**obj, "status": {**status, "loadBalancer": {**status["loadBalancer"], "ingress": filled}}}


_TABLE = Table(
    hooks={
        "api.core.v1.Service": _ip_mode,
        "api.core.v1.ServiceSpec": _default_spec,
        "api.core.v1.ServicePort": _target_port,
    }
)
_fill = defaulter("api.core.v1.Service", _TABLE)


def needs_cluster_ip(spec: Obj) -> bool:
    """Whether the type calls for a cluster IP ("None" counts as one)."""
    return spec.get("type") != "ExternalName"


def needs_node_port(spec: Obj) -> bool:
    """Whether the type is one that has node ports."""
    return spec.get("type") in ("NodePort", "LoadBalancer")


def allocates_node_ports(spec: Obj) -> bool:
    """Whether ports without a node port are given one: a load balancer may do without."""
    return spec.get("type") == "NodePort" or (
        spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    )


def needs_health_check_port(spec: Obj) -> bool:
    """Whether load balancers must ask each node if it has local endpoints."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _with_allocated(new: Obj, old: Obj) -> Obj:
    """Take over the addresses and ports that a replacement leaves out, so that it asks for no others."""
    spec, before = new["spec"], old["spec"]
    kept: Obj = {}
    if needs_cluster_ip(before) and needs_cluster_ip(spec):
        kept = {
            name: before[name]
            for name in ("clusterIP", "clusterIPs")
            if not spec.get(name) and before.get(name)
        }
    if allocates_node_ports(before) and allocates_node_ports(spec):
        ports = _with_node_ports(spec.get("ports") or [], before.get("ports") or [])
        if ports != (spec.get("ports") or []):
            kept["ports"] = ports
    number = before.get("healthCheckNodePort")
    if (
        needs_health_check_port(before)
        and needs_health_check_port(spec)
        and not spec.get("healthCheckNodePort")
    ):
        if number:
            kept["healthCheckNodePort"] = number
    return {**new, "spec": {**spec, **kept}} if kept else new


def _with_node_ports(ports: list[Obj], before: list[Obj]) -> list[Obj]:
    """The ports; one without a node port has that of its namesake before, unless another took it."""
    named = {port.get("name", ""): port.get("nodePort", 0) for port in before}
    stated = [port["nodePort"] for port in ports if port.get("nodePort")]
    known = list(named.values())
    result = []
    for port in ports:
        number = named.get(port.get("name", ""), 0)
        if port.get("nodePort") or not number or (number in stated and number in known):
            result.append(port)
        else:
            result.append({**port, "nodePort": number})
    return result


def _normalized(new: Obj, old: Obj | None) -> Obj:
    """Keep clusterIP and clusterIPs telling the same, for clients that know only the first."""
    spec = new["spec"]
    address, addresses = spec.get("clusterIP", ""), spec.get("clusterIPs") or []
    if old is None:
        if address and not addresses:
            return {**new, "spec": {**spec, "clusterIPs": [address]}}
        return new
    before = old["spec"]
    old_address, old_addresses = before.get("clusterIP", ""), before.get("clusterIPs") or []
    if address == old_address:
        forgotten = old_addresses and not addresses
        return {**new, "spec": {**spec, "clusterIPs": old_addresses}} if forgotten else new
    if addresses == old_addresses:
        spec = {name: value for name, value in spec.items() if name != "clusterIPs"}
        return {**new, "spec": {**spec, "clusterIPs": [address]} if address else spec}
    return new


def _dropped_by_type(new: Obj, old: Obj) -> Obj:
    """Forget what the new type doesn't need, unless the request changed it (then validation speaks)."""
    after, before = new["spec"], old["spec"]
    gone: list[str] = []

    def same(name: str) -> bool:
        return bool(after.get(name) == before.get(name))

    if needs_cluster_ip(before) and not needs_cluster_ip(after):
        if same("clusterIP") and same("clusterIPs"):
            gone += ["clusterIP", "clusterIPs"]
        gone += [name for name in ("ipFamilies", "ipFamilyPolicy") if same(name)]
    if needs_health_check_port(before) and not needs_health_check_port(after) and same("healthCheckNodePort"):
        gone.append("healthCheckNodePort")
    was_balancer, is_balancer = before.get("type") == "LoadBalancer", after.get("type") == "LoadBalancer"
    if was_balancer and not is_balancer:
        gone += [name for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass") if same(name)]
    if _externally_accessible(before) and not _externally_accessible(after) and same("externalTrafficPolicy"):
        gone.append("externalTrafficPolicy")
    if after.get("type") == "ExternalName" != before.get("type") and same("internalTrafficPolicy"):
        gone.append("internalTrafficPolicy")
    if needs_node_port(before) and not needs_node_port(after) and _node_ports(before) == _node_ports(after):
        after = {**after, "ports": [_without_node_port(port) for port in after.get("ports") or []]}
    if gone:
        after = {name: value for name, value in after.items() if name not in gone}
    if after is not new["spec"]:
        new = {**new, "spec": after}
    if not is_balancer and dig(new, "status", "loadBalancer"):
        new = assoc(new, "status", "loadBalancer", {})
    return new


def _node_ports(spec: Obj) -> list[int]:
    return [port.get("nodePort", 0) for port in spec.get("ports") or ()]


def _without_node_port(port: Obj) -> Obj:
    return {name: value for name, value in port.items() if name != "nodePort"}


_fresh = on_create(status=zero_of("api.core.v1.ServiceStatus"))


def _prepare_create(obj: Obj) -> Obj:
    return _normalized(_fresh(obj), None)


def _prepare_update(new: Obj, old: Obj) -> Obj:
    new = with_field_of(new, old, "status")
    return new if new["spec"] is old["spec"] else _dropped_by_type(new, old)


def begin_update(new: Obj, old: Obj) -> Obj:
    """What an update asks the allocators for: what it leaves out stays (storage.go: beginUpdate)."""
    return _normalized(_with_allocated(new, old), old)


KIND = Kind(
    kind="Service",
    group="",
    version="v1",
    plural="services",
    singular="service",
    namespaced=True,
    short_names=("svc",),
    categories=("all",),
    subresources=("proxy", "status"),
    default=_fill,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    prepare_status=on_status(),
    create_on_update=True,
    fields=("spec.clusterIP", "spec.type"),
)
