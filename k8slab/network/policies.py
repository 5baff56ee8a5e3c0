"""Whether NetworkPolicies let a Pod's connection pass, as a network plug-in that heeds them decides.

Kubernetes keeps NetworkPolicies, and the cluster's network plug-in enforces
them. This one drops what no policy allows, so that a caller waits in vain: a
connection passes where the caller's egress and the callee's ingress both let it.
A Pod that no policy selects for a direction is open in it. What a Pod sends to
itself always passes, and so does what comes from its own node (a kubelet's
probes); Pods on the host's network are nodes here, as for most plug-ins.

Models the semantics that staging/src/k8s.io/api/networking/v1/types.go states, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

from k8slab.api.meta import Obj
from k8slab.api.selectors import from_label_selector, matches
from k8slab.network.routing import port_number
from k8slab.store.view import View

DNS_PORT = 53
_DNS_LABELS = {"k8s-app": "kube-dns"}
_DNS_NAMESPACE = "kube-system"
"""Whom rules mean that let Pods ask the cluster's DNS, which is no Pod here."""


def passes(view: View, caller: Obj, callee: Obj, port: int, transport: str) -> bool:
    """Whether a connection from one Pod to a port of another passes."""
    if _identity(caller) == _identity(callee):
        return True
    rules = _rules(view, caller, "Egress")
    if rules is not None and not any(_leads_to(view, rule, callee, port, transport) for rule in rules):
        return False
    rules = _rules(view, callee, "Ingress")
    if rules is None or _is_own_node(caller, callee):
        return True
    return any(
        _has_port(rule, callee, port, transport) and _comes_from(view, *rule, caller) for rule in rules
    )


def leaves(view: View, caller: Obj, address: str, port: int, transport: str) -> bool:
    """Whether a connection from a Pod to an address that is no Pod's may leave."""
    rules = _rules(view, caller, "Egress")
    if rules is None:
        return True
    return any(
        _has_port(rule, None, port, transport)
        and (not rule[1].get("to") or any(_in_block(peer, address) for peer in rule[1]["to"]))
        for rule in rules
    )


def may_resolve(view: View, caller: Obj) -> bool:
    """Whether a Pod's questions reach the cluster's DNS."""
    rules = _rules(view, caller, "Egress")
    if rules is None:
        return True
    return any(
        _has_port(rule, None, DNS_PORT, "UDP")
        and (
            not rule[1].get("to")
            or any(_means(view, rule[0], peer, _DNS_NAMESPACE, _DNS_LABELS) for peer in rule[1]["to"])
        )
        for rule in rules
    )


_Rule = tuple[str, Obj]
"""A rule with the namespace of its policy."""


def _rules(view: View, pod: Obj, direction: str) -> Sequence[_Rule] | None:
    """The rules of all policies that select a Pod for a direction; None where none does."""
    if pod["spec"].get("hostNetwork"):
        return None
    namespace = pod["metadata"]["namespace"]
    selecting = [
        policy["spec"]
        for policy in view.list("NetworkPolicy", namespace=namespace)
        if direction in (policy["spec"].get("policyTypes") or ())
        and matches(from_label_selector(policy["spec"].get("podSelector") or {}), _labels(pod))
    ]
    if not selecting:
        return None
    return [(namespace, rule) for spec in selecting for rule in spec.get(direction.lower()) or ()]


def _leads_to(view: View, rule: _Rule, callee: Obj, port: int, transport: str) -> bool:
    if not _has_port(rule, callee, port, transport):
        return False
    return not rule[1].get("to") or any(_is_peer(view, rule[0], peer, callee) for peer in rule[1]["to"])


def _comes_from(view: View, namespace: str, rule: Obj, caller: Obj) -> bool:
    return not rule.get("from") or any(_is_peer(view, namespace, peer, caller) for peer in rule["from"])


def _is_peer(view: View, namespace: str, peer: Obj, pod: Obj) -> bool:
    if "ipBlock" in peer:
        return _in_block(peer, (pod.get("status") or {}).get("podIP", ""))
    if pod["spec"].get("hostNetwork"):
        return False
    return _means(view, namespace, peer, pod["metadata"]["namespace"], _labels(pod))


def _means(view: View, own: str, peer: Obj, namespace: str, labels: dict[str, str]) -> bool:
    """Whether a peer's selectors fit a Pod's namespace and labels; `own` is the policy's namespace."""
    if "ipBlock" in peer:
        return False
    if peer.get("namespaceSelector") is None:
        if namespace != own:
            return False
    else:
        there = view.get("Namespace", ("", namespace))
        if there is None or not matches(from_label_selector(peer["namespaceSelector"]), _labels(there)):
            return False
    return peer.get("podSelector") is None or matches(from_label_selector(peer["podSelector"]), labels)


def _in_block(peer: Obj, address: str) -> bool:
    block = peer.get("ipBlock")
    if block is None or not address:
        return False
    there = ip_address(address)
    if there not in ip_network(block["cidr"], strict=False):
        return False
    return not any(there in ip_network(part, strict=False) for part in block.get("except") or ())


def _has_port(rule: _Rule, callee: Obj | None, port: int, transport: str) -> bool:
    """Whether a rule is about a port; one that is named is looked up in the Pod that is called."""
    ports = rule[1].get("ports")
    if not ports:
        return True
    for one in ports:
        if one.get("protocol", "TCP") != transport:
            continue
        first = one.get("port")
        if first is None or port in _numbers(first, one.get("endPort"), callee):
            return True
    return False


def _numbers(first: int | str, last: int | None, callee: Obj | None) -> Iterator[int] | range:
    if isinstance(first, int):
        return range(first, (last or first) + 1)
    containers = callee["spec"]["containers"] if callee is not None else ()
    return (port_number(container, first) for container in containers)


def _is_own_node(caller: Obj, callee: Obj) -> bool:
    is_node = bool(caller["spec"].get("hostNetwork"))
    return is_node and caller["spec"].get("nodeName") == callee["spec"].get("nodeName")


def _identity(pod: Obj) -> str:
    return str(pod["metadata"]["uid"])


def _labels(obj: Obj) -> dict[str, str]:
    labels: dict[str, str] = obj["metadata"].get("labels") or {}
    return labels
