"""The endpoints behind a Service, in a line.

Models formatEndpointSlices of staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import Obj, dig
from k8slab.kubectl.describe._text import Context

_SHOWN = 3


def service_slices(context: Context, namespace: str, name: str) -> Sequence[Obj]:
    """The EndpointSlices of a Service."""
    return context.lookup.list(
        "EndpointSlice", namespace, label_selector=f"kubernetes.io/service-name={name}"
    )


def endpoints_text(slices: Sequence[Obj], port_name: str) -> str:
    """The first ready addresses with a port of this name, and how many there are more."""
    if not slices:
        return "<none>"
    texts: list[str] = []
    more = False
    count = 0
    for one in slices:
        ports = one.get("ports") or ()
        numbers = [port.get("port", 0) for port in ports if port.get("name", "") == port_name]
        for number in numbers if ports else [None]:
            for endpoint in one.get("endpoints") or ():
                more = more or len(texts) == _SHOWN
                if dig(endpoint, "conditions", "ready") is False:
                    continue
                if not more:
                    texts.append(_address(endpoint["addresses"][0], number))
                count += 1
    text = ",".join(texts)
    return f"{text} + {count - _SHOWN} more..." if more else text


def _address(address: str, port: int | None) -> str:
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
