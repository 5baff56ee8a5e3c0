"""What `kubectl describe` says of an IPAddress.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, dig
from k8slab.kubectl.describe._parts import labels_and_annotations, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    labels_and_annotations(page, obj)
    parent = dig(obj, "spec", "parentRef")
    if parent is not None:
        page.write(0, "Parent Reference:\n")
        for title in ("Group", "Resource", "Namespace", "Name"):
            page.write(1, f"{title}:\t{parent.get(title.lower(), '')}\n")
    show_events(page, context, obj)


DESCRIBER = Describer("networking.k8s.io", _describe)
