"""What `kubectl describe` says of a NetworkPolicy.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import Obj
from k8slab.api.printers._format import selector_text
from k8slab.kubectl.describe._parts import labels_and_annotations, name_and_namespace
from k8slab.kubectl.describe._text import Context, Describer, Page

_INDENT = "    "


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec = obj.get("spec") or {}
    name_and_namespace(page, obj)
    page.write(0, f"Created on:\t{_created(obj)}\n")
    labels_and_annotations(page, obj)
    page.write(0, "Spec:\n")
    page.write(1, "PodSelector: ")
    selector = selector_text(spec.get("podSelector"))
    page.write(2, f"{selector or '<none> (Allowing the specific traffic to all pods in this namespace)'}\n")
    types = spec.get("policyTypes") or ()
    for direction, rules, peers, title in (
        ("Ingress", "ingress", "from", "From"),
        ("Egress", "egress", "to", "To"),
    ):
        if direction in types:
            page.write(1, f"Allowing {rules} traffic:\n")
            _rules(page, spec.get(rules) or (), rules, peers, title)
        else:
            page.write(1, f"Not affecting {rules} traffic\n")
    page.write(1, f"Policy Types: {', '.join(types) or '<none>'}\n")


def _created(obj: Obj) -> str:
    created = obj["metadata"].get("creationTimestamp") or "0001-01-01T00:00:00Z"
    return f"{created[:10]} {created[11:19]} +0000 UTC"


def _rules(page: Page, rules: Sequence[Obj], direction: str, peers: str, title: str) -> None:
    if not rules:
        page.write(0, f"{_INDENT}<none> (Selected pods are isolated for {direction} connectivity)\n")
    for position, rule in enumerate(rules):
        if position:
            page.write(0, f"{_INDENT}----------\n")
        if not rule.get("ports"):
            page.write(0, f"{_INDENT}To Port: <any> (traffic allowed to all ports)\n")
        for port in rule.get("ports") or ():
            page.write(0, f"{_INDENT}{_port(port)}\n")
        if not rule.get(peers):
            origin = "source" if peers == "from" else "destination"
            page.write(0, f"{_INDENT}{title}: <any> (traffic not restricted by {origin})\n")
        for peer in rule.get(peers) or ():
            page.write(0, f"{_INDENT}{title}:\n")
            _peer(page, peer)


def _port(port: Obj) -> str:
    number, protocol, end = port.get("port", "<nil>"), port.get("protocol") or "TCP", port.get("endPort")
    return f"To Port: {number}/{protocol}" if end is None else f"To Port Range: {number}-{end}/{protocol}"


def _peer(page: Page, peer: Obj) -> None:
    has_selector = False
    for title, name in (("NamespaceSelector", "namespaceSelector"), ("PodSelector", "podSelector")):
        if peer.get(name) is not None:
            has_selector = True
            page.write(1, f"{_INDENT}{title}: {selector_text(peer[name]) or '<none>'}\n")
    block = peer.get("ipBlock")
    if not has_selector and block is not None:
        page.write(1, f"{_INDENT}IPBlock:\n")
        page.write(2, f"{_INDENT}CIDR: {block.get('cidr', '')}\n")
        page.write(2, f"{_INDENT}Except: {', '.join(block.get('except') or ())}\n")


DESCRIBER = Describer("networking.k8s.io", _describe)
