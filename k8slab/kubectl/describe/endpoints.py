"""What `kubectl describe` says of Endpoints.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.kubectl.describe._parts import labels_and_annotations, name_and_namespace, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    name_and_namespace(page, obj)
    labels_and_annotations(page, obj)
    page.write(0, "Subsets:\n")
    for subset in obj.get("subsets") or ():
        for title, name in (("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")):
            addresses = ",".join(address["ip"] for address in subset.get(name) or ())
            page.write(1, f"{title}:\t{addresses or '<none>'}\n")
        if subset.get("ports"):
            page.write(1, "Ports:\n")
            page.write(2, "Name\tPort\tProtocol\n")
            page.write(2, "----\t----\t--------\n")
        for port in subset.get("ports") or ():
            page.write(2, f"{port.get('name') or '<unset>'}\t{port['port']}\t{port.get('protocol', '')}\n")
        page.write(0, "\n")
    show_events(page, context, obj)


DESCRIBER = Describer("", _describe)
