"""NetworkPolicies.

Models pkg/apis/networking/validation/validation.go (ValidateNetworkPolicy) and
pkg/registry/networking/networkpolicy/strategy.go, v1.36.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, forbidden, invalid, not_supported, required
from k8slab.api.validation._ip import cidr_warnings, legacy_cidr, parse_cidr
from k8slab.api.validation._metadata import rules, validate_label_selector
from k8slab.api.validation._names import port_name, port_number

_DIRECTIONS = (("ingress", "from"), ("egress", "to"))


def _validate_spec(spec: Obj, accepted: Sequence[str]) -> list[Cause]:
    causes = validate_label_selector(spec.get("podSelector"), "spec.podSelector")
    for direction, peers in _DIRECTIONS:
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for number, port in enumerate((rule or {}).get("ports") or ()):
                causes += _validate_port(port or {}, f"{path}.ports[{number}]")
            for number, peer in enumerate((rule or {}).get(peers) or ()):
                causes += _validate_peer(peer or {}, f"{path}.{peers}[{number}]", accepted)
    types = list(spec.get("policyTypes") or ())
    if len(types) > 2:
        detail = "may not specify more than two policyTypes"
        return [*causes, invalid("spec.policyTypes", types, detail)]
    for index, kind in enumerate(types):
        if kind not in ("Ingress", "Egress"):
            causes.append(not_supported(f"spec.policyTypes[{index}]", kind, ("Ingress", "Egress")))
    return causes


def _validate_port(port: Obj, path: str) -> list[Cause]:
    protocol, number, end = port.get("protocol"), port.get("port"), port.get("endPort")
    causes: list[Cause] = []
    if protocol is not None and protocol not in ("TCP", "UDP", "SCTP"):
        causes.append(not_supported(f"{path}.protocol", protocol, ("TCP", "UDP", "SCTP")))
    where = f"{path}.endPort"
    if number is None:
        if end is not None:
            causes.append(invalid(where, end, "may not be specified when `port` is not specified"))
    elif isinstance(number, str):
        if end is not None:
            causes.append(invalid(where, end, "may not be specified when `port` is non-numeric"))
        causes += all_invalid(f"{path}.port", number, port_name(number))
    else:
        causes += all_invalid(f"{path}.port", number, port_number(number))
        if end is not None:
            if end < number:
                causes.append(invalid(where, number, "must be greater than or equal to `port`"))
            causes += all_invalid(where, end, port_number(end))
    return causes


def _validate_peer(peer: Obj, path: str, accepted: Sequence[str]) -> list[Cause]:
    causes: list[Cause] = []
    count = 0
    for name in ("podSelector", "namespaceSelector"):
        if peer.get(name) is not None:
            count += 1
            causes += validate_label_selector(peer[name], f"{path}.{name}")
    block = peer.get("ipBlock")
    if block is not None:
        causes += _validate_block(block, f"{path}.ipBlock", accepted)
        if count:
            causes.append(forbidden(path, "may not specify both ipBlock and another peer"))
    elif not count:
        causes.append(required(path, "must specify a peer"))
    return causes


def _validate_block(block: Obj, path: str, accepted: Sequence[str]) -> list[Cause]:
    text = block.get("cidr") or ""
    if not text:
        return [required(f"{path}.cidr")]
    causes = legacy_cidr(f"{path}.cidr", text, accepted)
    parsed = parse_cidr(text)
    if parsed is None:
        return causes
    for index, part in enumerate(block.get("except") or ()):
        where = f"{path}.except[{index}]"
        causes += legacy_cidr(where, part, accepted)
        inner = parse_cidr(part)
        if inner is not None and not _is_strictly_within(inner[1], parsed[1]):
            causes.append(invalid(where, part, "must be a strict subset of `cidr`"))
    return causes


def _is_strictly_within(
    inner: ipaddress.IPv4Network | ipaddress.IPv6Network,
    outer: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> bool:
    same_family = inner.version == outer.version
    return same_family and inner.network_address in outer and outer.prefixlen < inner.prefixlen


def _blocks(policy: Obj) -> Iterator[tuple[str, Obj]]:
    """Every IP block with its path."""
    for direction, peers in _DIRECTIONS:
        for index, rule in enumerate((policy.get("spec") or {}).get(direction) or ()):
            for number, peer in enumerate((rule or {}).get(peers) or ()):
                block = (peer or {}).get("ipBlock")
                if block is not None:
                    yield f"spec.{direction}[{index}].{peers}[{number}].ipBlock", block


def _texts(policy: Obj) -> list[str]:
    return [
        text
        for _, block in _blocks(policy)
        for text in (block.get("cidr") or "", *(block.get("except") or ()))
    ]


def _create(new: Obj) -> list[Cause]:
    return _validate_spec(new.get("spec") or {}, ())


def _update(new: Obj, old: Obj) -> list[Cause]:
    if new.get("spec") is old.get("spec"):
        return []
    return _validate_spec(new.get("spec") or {}, _texts(old))


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    found: list[str] = []
    for path, block in _blocks(new):
        found += cidr_warnings(f"{path}.cidr", block.get("cidr") or "")
        for index, text in enumerate(block.get("except") or ()):
            found += cidr_warnings(f"{path}.except[{index}]", text)
    return tuple(found)


RULES = rules(_create, _update, warnings=_warnings)
