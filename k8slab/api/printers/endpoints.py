"""How Endpoints are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import Obj
from k8slab.api.printers._format import shortened
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    return (obj["metadata"]["name"], _addresses(obj.get("subsets") or ()), age_of(obj, now_us))


def _addresses(subsets: Sequence[Obj]) -> str:
    """Every address with every port; addresses alone where there are no ports."""
    if not subsets:
        return "<none>"
    texts: list[str] = []
    for subset in subsets:
        addresses = [address["ip"] for address in subset.get("addresses") or ()]
        if not subset.get("ports"):
            texts.extend(addresses)
        for port in subset.get("ports") or ():
            texts.extend(f"{_host(address)}:{port['port']}" for address in addresses)
    return shortened(texts) if texts else ""


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


TABLE = Table(
    (
        NAME,
        Column(
            "Endpoints",
            description=(
                "The set of all endpoints is the union of all subsets. Addresses are placed into "
                "subsets according to the IPs they share. A single address with multiple ports, some "
                "of which are ready and some of which are not (because they come from different "
                "containers) will result in the address being displayed in different subsets for the "
                "different ports. No address will appear in both Addresses and NotReadyAddresses in "
                "the same subset. Sets of addresses and ports that comprise a service."
            ),
        ),
        AGE,
    ),
    _row,
)
