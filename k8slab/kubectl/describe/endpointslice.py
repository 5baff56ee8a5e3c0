"""What `kubectl describe` says of an EndpointSlice.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.go_text import sprint
from k8slab.api.meta import Obj, dig
from k8slab.kubectl.describe._parts import labels_and_annotations, name_and_namespace, optional, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    name_and_namespace(page, obj)
    labels_and_annotations(page, obj)
    page.write(0, f"AddressType:\t{obj.get('addressType', '')}\n")
    ports = obj.get("ports") or ()
    if ports:
        page.write(0, "Ports:\n")
        page.write(1, "Name\tPort\tProtocol\n")
        page.write(1, "----\t----\t--------\n")
    else:
        page.write(0, "Ports: <unset>\n")
    for port in ports:
        number = optional(port.get("port"))
        page.write(1, f"{port.get('name') or '<unset>'}\t{number}\t{port.get('protocol', '')}\n")
    endpoints = obj.get("endpoints") or ()
    page.write(0, "Endpoints:\n" if endpoints else "Endpoints: <none>\n")
    for endpoint in endpoints:
        _endpoint(page, endpoint)
    show_events(page, context, obj)


def _endpoint(page: Page, endpoint: Obj) -> None:
    page.write(1, f"- Addresses:\t{', '.join(endpoint.get('addresses') or ()) or '<none>'}\n")
    page.write(2, "Conditions:\n")
    ready = dig(endpoint, "conditions", "ready")
    page.write(3, f"Ready:\t{'<unset>' if ready is None else sprint(ready)}\n")
    page.write(2, f"Hostname:\t{optional(endpoint.get('hostname'))}\n")
    target = endpoint.get("targetRef")
    if target is not None:
        page.write(2, f"TargetRef:\t{target.get('kind', '')}/{target.get('name', '')}\n")
    page.write(2, f"NodeName:\t{optional(endpoint.get('nodeName'))}\n")
    page.write(2, f"Zone:\t{optional(endpoint.get('zone'))}\n")


DESCRIBER = Describer("discovery.k8s.io", _describe)
