"""How Ingresses are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import Obj
from k8slab.api.printers._format import load_balancer_addresses
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec = obj.get("spec") or {}
    class_name = spec.get("ingressClassName")
    return (
        obj["metadata"]["name"],
        "<none>" if class_name is None else class_name,
        _hosts(spec.get("rules") or ()),
        load_balancer_addresses(obj.get("status") or {}),
        "80, 443" if spec.get("tls") else "80",
        age_of(obj, now_us),
    )


_SHOWN_HOSTS = 3


def _hosts(rules: Sequence[Obj]) -> str:
    """The first hosts; how many more is counted in rules, those without a host among them."""
    hosts: list[str] = []
    more = False
    for rule in rules:
        more = more or len(hosts) == _SHOWN_HOSTS
        if not more and rule.get("host"):
            hosts.append(rule["host"])
    text = ",".join(hosts) or "*"
    return f"{text} + {len(rules) - _SHOWN_HOSTS} more..." if more else text


TABLE = Table(
    (
        NAME,
        Column(
            "Class",
            description=(
                "The name of the IngressClass resource that should be used for additional configuration"
            ),
        ),
        Column(
            "Hosts", description="Hosts that incoming requests are matched against before the ingress rule"
        ),
        Column("Address", description="Address is a list containing ingress points for the load-balancer"),
        Column("Ports", description="Ports of TLS configurations that open"),
        AGE,
    ),
    _row,
)
