"""Services: ports, cluster IPs, traffic policies, and what may change once it is set.

Models pkg/apis/core/validation/validation.go (ValidateServiceCreate,
ValidateServiceUpdate) and pkg/api/service/warnings.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._containers import PROTOCOLS
from k8slab.api.validation._field import (
    all_invalid,
    duplicate,
    enumerated,
    forbidden,
    invalid,
    not_supported,
    required,
)
from k8slab.api.validation._ip import (
    cidr_warnings,
    endpoint_ip,
    ip_warnings,
    is_dual_stack,
    is_ipv6,
    legacy_cidr,
    legacy_ip,
    parse_sloppy,
)
from k8slab.api.validation._metadata import rules, validate_labels
from k8slab.api.validation._names import dns_label, dns_subdomain, label_key, port_number
from k8slab.api.validation._probes import validate_port
from k8slab.api.validation._shape import shape

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_OLD_HINTS = "service.kubernetes.io/topology-aware-hints"
_HINTS = "service.kubernetes.io/topology-mode"
_SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'"
_SET_ONCE = "may not change once set"
_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_MAX_AFFINITY_SECONDS = 86400


def _annotations(service: Obj) -> dict[str, str]:
    return service["metadata"].get("annotations") or {}


def is_headless(spec: Obj) -> bool:
    """Whether a Service has no IP of its own."""
    return (spec.get("clusterIPs") or ()) == ["None"]


def _validate(service: Obj, old: Obj | None) -> list[Cause]:
    """What holds for a Service at any time; values of `old` are accepted again."""
    spec, annotations = service.get("spec") or {}, _annotations(service)
    kind = spec.get("type") or ""
    causes: list[Cause] = []
    if _HINTS in annotations and annotations.get(_OLD_HINTS, annotations[_HINTS]) != annotations[_HINTS]:
        detail = f"must match annotations[{_OLD_HINTS}] when both are specified"
        causes.append(invalid(f"metadata.annotations[{_HINTS}]", annotations[_HINTS], detail))
    ports = spec.get("ports") or ()
    if not ports and not is_headless(spec) and kind != "ExternalName":
        causes.append(required("spec.ports"))
    causes += _validate_type(spec, kind)
    names: list[str] = []
    for index, port in enumerate(ports):
        causes += _validate_port(port, len(ports) > 1, names, f"spec.ports[{index}]")
    causes += validate_labels(spec.get("selector"), "spec.selector")
    causes += _validate_affinity(spec)
    causes += validate_cluster_ips(spec, (old or {}).get("spec") or {})
    accepted = ((old or {}).get("spec") or {}).get("externalIPs") or ()
    for index, address in enumerate(spec.get("externalIPs") or ()):
        where = f"spec.externalIPs[{index}]"
        causes += legacy_ip(where, address, accepted) or endpoint_ip(address, where)
    causes += enumerated(kind, "spec.type", TYPES)
    causes += _validate_uniqueness(ports, kind)
    causes += _validate_source_ranges(service, old, kind)
    causes += _validate_load_balancer(spec, kind)
    causes += _validate_traffic(spec, kind)
    return causes


def _validate_type(spec: Obj, kind: str) -> list[Cause]:
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        return [invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")]
    if kind != "ExternalName":
        return []
    causes = [
        forbidden(f"spec.{name}", "may not be set for ExternalName services")
        for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
        if spec.get(name)
    ]
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        return [*causes, required("spec.externalName")]
    return causes + all_invalid("spec.externalName", name, dns_subdomain(name))


def _validate_port(port: Obj, name_needed: bool, names: list[str], path: str) -> list[Cause]:
    causes: list[Cause] = []
    name, number = port.get("name") or "", port.get("port") or 0
    if name_needed and not name:
        causes.append(required(f"{path}.name"))
    elif name:
        causes += all_invalid(f"{path}.name", name, dns_label(name))
        if name in names:
            causes.append(duplicate(f"{path}.name", name))
        names.append(name)
    causes += all_invalid(f"{path}.port", number, port_number(number))
    causes += enumerated(port.get("protocol"), f"{path}.protocol", PROTOCOLS)
    causes += validate_port(port.get("targetPort"), f"{path}.targetPort")
    protocol = port.get("appProtocol")
    if protocol is not None:
        causes += all_invalid(f"{path}.appProtocol", protocol, label_key(protocol))
    return causes


def _validate_affinity(spec: Obj) -> list[Cause]:
    affinity, config = spec.get("sessionAffinity") or "", spec.get("sessionAffinityConfig")
    path = "spec.sessionAffinityConfig"
    causes = enumerated(affinity, "spec.sessionAffinity", ("ClientIP", "None"))
    if affinity == "None" and config is not None:
        causes.append(forbidden(path, "must not be set when session affinity is None"))
    if affinity != "ClientIP":
        return causes
    detail = "when session affinity type is ClientIP"
    if config is None:
        return [*causes, required(path, detail)]
    if config.get("clientIP") is None:
        return [*causes, required(f"{path}.clientIP", detail)]
    seconds = config["clientIP"].get("timeoutSeconds")
    where = f"{path}.clientIP.timeoutSeconds"
    if seconds is None:
        return [*causes, required(where, detail)]
    if not 0 < seconds <= _MAX_AFFINITY_SECONDS:
        detail = f"must be greater than 0 and less than {_MAX_AFFINITY_SECONDS}"
        causes.append(invalid(where, seconds, detail))
    return causes


def validate_cluster_ips(spec: Obj, old: Obj) -> list[Cause]:
    """Addresses, families and their policy; asked before the allocator looks at them, and again after it."""
    if spec.get("type") == "ExternalName":
        return []
    first, addresses = spec.get("clusterIP") or "", list(spec.get("clusterIPs") or ())
    families = list(spec.get("ipFamilies") or ())
    path = "spec.clusterIPs"
    causes: list[Cause] = []
    if first and not addresses:
        causes.append(required(path))
    elif first and addresses[0] != first:
        causes.append(invalid(path, addresses, "first value must match `clusterIP`"))
    elif addresses and not first:
        causes.append(invalid(path, addresses, "must be empty when `clusterIP` is not specified"))
    for index, family in enumerate(families):
        where = f"spec.ipFamilies[{index}]"
        if family not in ("IPv4", "IPv6"):
            causes.append(not_supported(where, family, ("IPv4", "IPv6")))
        if family in families[:index]:
            causes.append(duplicate(where, family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None:
        policies = ("PreferDualStack", "RequireDualStack", "SingleStack")
        causes += enumerated(policy, "spec.ipFamilyPolicy", policies, is_required=False)
    found, broken = _validate_each_ip(addresses, old.get("clusterIPs") or (), path)
    causes += found
    if broken:
        return causes
    if len(addresses) > 1 and not is_dual_stack(addresses):
        causes.append(invalid(path, addresses, "may specify no more than one IP for each IP family"))
    if not is_headless(spec):
        for index, (address, family) in enumerate(zip(addresses, families)):
            if family in ("IPv4", "IPv6") and is_ipv6(address) != (family == "IPv6"):
                detail = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
                causes.append(invalid(f"{path}[{index}]", address, detail))
    return causes


def _validate_each_ip(addresses: list[str], old: Sequence[str], path: str) -> tuple[list[Cause], bool]:
    """The faults, and whether one of them makes further checks senseless."""
    causes: list[Cause] = []
    for index, address in enumerate(addresses):
        if index == 0 and address == "None":
            if len(addresses) > 1:
                causes.append(invalid(path, addresses, "'None' must be the first and only value"))
            continue
        causes += legacy_ip(f"{path}[{index}]", address, old)
    broken = bool(causes)
    if len(addresses) > 2:
        causes.append(invalid(path, addresses, "may only hold up to 2 values"))
    return causes, broken


def _validate_uniqueness(ports: Sequence[Obj], kind: str) -> list[Cause]:
    """Node ports, where they are allowed, and ports, each once by protocol."""
    causes: list[Cause] = []
    if kind == "ClusterIP":
        causes += [
            forbidden(f"spec.ports[{index}].nodePort", "may not be used when `type` is 'ClusterIP'")
            for index, port in enumerate(ports)
            if port.get("nodePort")
        ]
    for field in ("nodePort", "port"):
        seen: list[tuple[str, int]] = []
        for index, port in enumerate(ports):
            key = (port.get("protocol") or "", port.get(field) or 0)
            if field == "nodePort" and not key[1]:
                continue
            if key in seen and field == "nodePort":
                causes.append(duplicate(f"spec.ports[{index}].nodePort", key[1]))
            elif key in seen:
                shown = shape("ServicePort", {"protocol": key[0], "port": key[1]})
                causes.append(duplicate(f"spec.ports[{index}]", shown))
            seen.append(key)
    return causes


def _validate_source_ranges(service: Obj, old: Obj | None, kind: str) -> list[Cause]:
    ranges = (service.get("spec") or {}).get("loadBalancerSourceRanges") or ()
    annotation = _annotations(service).get(_SOURCE_RANGES)
    causes: list[Cause] = []
    if ranges:
        path = "spec.LoadBalancerSourceRanges"
        if kind != "LoadBalancer":
            causes.append(forbidden(path, _ONLY_LOAD_BALANCER))
        before = ((old or {}).get("spec") or {}).get("loadBalancerSourceRanges") or ()
        accepted = [text.strip() for text in before]
        for index, text in enumerate(ranges):
            causes += legacy_cidr(f"{path}[{index}]", text.strip(), accepted)
    elif annotation is not None:
        path = f"metadata.annotations[{_SOURCE_RANGES}]"
        if kind != "LoadBalancer":
            causes.append(forbidden(path, _ONLY_LOAD_BALANCER))
        changed = old is None or _annotations(old).get(_SOURCE_RANGES) != annotation
        if changed and annotation.strip():
            for text in annotation.strip().split(","):
                causes += legacy_cidr(path, text.strip())
    return causes


def _validate_load_balancer(spec: Obj, kind: str) -> list[Cause]:
    allocate = spec.get("allocateLoadBalancerNodePorts")
    causes: list[Cause] = []
    if allocate is not None and kind != "LoadBalancer":
        causes.append(forbidden("spec.allocateLoadBalancerNodePorts", _ONLY_LOAD_BALANCER))
    if allocate is None and kind == "LoadBalancer":
        causes.append(required("allocateLoadBalancerNodePorts"))
    return causes + _validate_class(spec)


def _validate_class(spec: Obj) -> list[Cause]:
    name, path = spec.get("loadBalancerClass"), "spec.loadBalancerClass"
    if name is None:
        return []
    if spec.get("type") != "LoadBalancer":
        return [forbidden(path, _ONLY_LOAD_BALANCER)]
    return all_invalid(path, name, label_key(name))


def _needs_health_check(spec: Obj) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _validate_traffic(spec: Obj, kind: str) -> list[Cause]:
    causes: list[Cause] = []
    external = kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and spec.get("externalIPs"))
    policy, path = spec.get("externalTrafficPolicy") or "", "spec.externalTrafficPolicy"
    if external:
        causes += enumerated(policy, path, ("Cluster", "Local"))
    elif policy:
        causes.append(invalid(path, policy, "may only be set for externally-accessible services"))
    port, path = spec.get("healthCheckNodePort") or 0, "spec.healthCheckNodePort"
    if not _needs_health_check(spec):
        if port:
            detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
            causes.append(invalid(path, port, detail))
    elif not port:
        causes.append(required(path))
    else:
        causes += all_invalid(path, port, port_number(port))
    internal = spec.get("internalTrafficPolicy")
    if internal is None and kind in ("ClusterIP", "LoadBalancer", "NodePort"):
        causes.append(required("spec.internalTrafficPolicy"))
    if internal is not None and internal not in ("Cluster", "Local"):
        causes.append(not_supported("spec.internalTrafficPolicy", internal, ("Cluster", "Local")))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        causes.append(not_supported("spec.trafficDistribution", distribution, _DISTRIBUTIONS))
    return causes


def _create(service: Obj) -> list[Cause]:
    return _validate(service, None)


def _update(new: Obj, old: Obj) -> list[Cause]:
    after, before = new.get("spec") or {}, old.get("spec") or {}
    causes: list[Cause] = []
    if "ExternalName" not in (after.get("type"), before.get("type")):
        causes += _changed_ips(after, before)
        causes += _changed_families(after, before)
    if after.get("type") == before.get("type") == "LoadBalancer":
        name = after.get("loadBalancerClass")
        if name != before.get("loadBalancerClass"):
            causes.append(invalid("spec.loadBalancerClass", name, _SET_ONCE))
    causes += _validate_class(after)
    if _needs_health_check(after) and _needs_health_check(before):
        if after.get("healthCheckNodePort") != before.get("healthCheckNodePort"):
            causes.append(forbidden("spec.healthCheckNodePort", "field is immutable"))
    return causes + _validate(new, old)


def _changed_ips(after: Obj, before: Obj) -> list[Cause]:
    """The first IP stays; the second may come and go with the policy."""
    if is_headless(after) and is_headless(before):
        return []
    new, old = list(after.get("clusterIPs") or ()), list(before.get("clusterIPs") or ())
    path, shown = "spec.clusterIPs", new or None
    if len(old) == len(new):
        return [
            invalid(f"{path}[{index}]", shown, _SET_ONCE)
            for index, address in enumerate(old)
            if address != new[index]
        ]
    causes: list[Cause] = []
    if not new:
        causes.append(invalid(f"{path}[0]", shown, "primary clusterIP can not be unset"))
    if old and new and new[0] != old[0]:
        causes.append(invalid(f"{path}[0]", shown, _SET_ONCE))
    if len(new) < len(old) and len(new) == 1 and after.get("ipFamilyPolicy") != "SingleStack":
        detail = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        causes.append(invalid("spec.ipFamilyPolicy", after.get("ipFamilyPolicy"), detail))
    return causes


def _changed_families(after: Obj, before: Obj) -> list[Cause]:
    """The first family stays, as the first IP does."""
    if is_headless(after) or is_headless(before):
        return []
    new, old = list(after.get("ipFamilies") or ()), list(before.get("ipFamilies") or ())
    addresses = list(after.get("clusterIPs") or ()) or None
    path = "spec.ipFamilies[0]"
    if len(old) == len(new):
        return [invalid(path, new or None, _SET_ONCE) for one, other in zip(old, new) if one != other]
    causes: list[Cause] = []
    if len(old) > len(new) and not addresses:
        causes.append(invalid(path, new or None, "primary ipFamily can not be unset"))
    if old and new and new[0] != old[0]:
        causes.append(invalid(path, addresses, _SET_ONCE))
    if len(new) < len(old) and len(new) == 1 and after.get("ipFamilyPolicy") != "SingleStack":
        detail = "must be set to 'SingleStack' when releasing the secondary ipFamily"
        causes.append(invalid("spec.ipFamilyPolicy", after.get("ipFamilyPolicy"), detail))
    return causes


def _status(new: Obj, old: Obj) -> list[Cause]:
    after = ((new.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    before = ((old.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return validate_load_balancer_status(after, before, (new.get("spec") or {}).get("type"))


def validate_load_balancer_status(
    after: Sequence[Obj], before: Sequence[Obj], kind: str | None
) -> list[Cause]:
    """Where a load balancer is reached."""
    path = "status.loadBalancer.ingress"
    if after and kind != "LoadBalancer":
        return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
    causes: list[Cause] = []
    accepted = [one["ip"] for one in before if one.get("ip")]
    for index, ingress in enumerate(after):
        where, address, mode = f"{path}[{index}]", ingress.get("ip") or "", ingress.get("ipMode")
        if address:
            causes += legacy_ip(f"{where}.ip", address, accepted)
        if mode is None and address:
            causes.append(required(f"{where}.ipMode", "must be specified when `ip` is set"))
        elif mode is not None and not address:
            causes.append(forbidden(f"{where}.ipMode", "may not be specified when `ip` is not set"))
        elif mode is not None and mode not in ("Proxy", "VIP"):
            causes.append(not_supported(f"{where}.ipMode", mode, ("Proxy", "VIP")))
        host = ingress.get("hostname")
        if host:
            causes += all_invalid(f"{where}.hostname", host, dns_subdomain(host))
            if parse_sloppy(host) is not None:
                detail = "must be a DNS name, not an IP address"
                causes.append(invalid(f"{where}.hostname", host, detail))
    return causes


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    spec = new.get("spec") or {}
    kind, first = spec.get("type"), spec.get("clusterIP") or ""
    headless = kind == "ClusterIP" and first == "None"
    found: list[str] = []
    if _OLD_HINTS in _annotations(new):
        found.append(f"annotation {_OLD_HINTS} is deprecated, please use {_HINTS} instead")
    if first not in ("", "None"):
        for index, address in enumerate(spec.get("clusterIPs") or ()):
            found += ip_warnings(f"spec.clusterIPs[{index}]", address)
    if headless:
        checks = (
            ("loadBalancerIP", spec.get("loadBalancerIP")),
            ("externalIPs", spec.get("externalIPs")),
            ("SessionAffinity", spec.get("sessionAffinity") != "None"),
        )
        found += [f"spec.{name} is ignored for headless services" for name, is_set in checks if is_set]
    external = spec.get("externalIPs") or ()
    for index, address in enumerate(external):
        found += ip_warnings(f"spec.externalIPs[{index}]", address)
    if external and not headless and kind != "ExternalName":
        found.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
    if spec.get("loadBalancerIP"):
        found += ip_warnings("spec.loadBalancerIP", spec["loadBalancerIP"])
    for index, text in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        found += cidr_warnings(f"spec.loadBalancerSourceRanges[{index}]", text)
    if kind == "ExternalName" and external:
        found.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if kind != "ExternalName" and spec.get("externalName"):
        found.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.get("trafficDistribution") == "PreferClose":
        found.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return tuple(found)


RULES = rules(_create, _update, name_rule=dns_label, status=_status, warnings=_warnings)
