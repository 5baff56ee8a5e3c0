"""What `kubectl describe` says of a CSINode.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.go_text import sprint
from k8slab.api.meta import Obj, dig
from k8slab.kubectl.describe._parts import date_text, labels_and_annotations, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    labels_and_annotations(page, obj)
    page.write(0, f"CreationTimestamp:\t{date_text(obj['metadata'].get('creationTimestamp'))}\n")
    page.write(0, "Spec:\n")
    drivers = dig(obj, "spec", "drivers")
    if drivers is not None:
        page.write(1, "Drivers:\n")
    for driver in drivers or ():
        page.write(2, f"{driver['name']}:\n")
        page.write(3, f"Node ID:\t{driver.get('nodeID', '')}\n")
        count = dig(driver, "allocatable", "count")
        if count is not None:
            page.write(3, "Allocatables:\n")
            page.write(4, f"Count:\t{count}\n")
        if driver.get("topologyKeys") is not None:
            page.write(3, f"Topology Keys:\t{sprint(driver['topologyKeys'])}\n")
    show_events(page, context, obj)


DESCRIBER = Describer("storage.k8s.io", _describe)
