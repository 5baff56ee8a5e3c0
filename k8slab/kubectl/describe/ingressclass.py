"""What `kubectl describe` says of an IngressClass.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.kubectl.describe._parts import labels_and_annotations, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec = obj.get("spec") or {}
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    labels_and_annotations(page, obj)
    page.write(0, f"Controller:\t{spec.get('controller', '')}\n")
    parameters = spec.get("parameters")
    if parameters is not None:
        page.write(0, "Parameters:\n")
        if parameters.get("apiGroup") is not None:
            page.write(1, f"APIGroup:\t{parameters['apiGroup']}\n")
        page.write(1, f"Kind:\t{parameters.get('kind', '')}\n")
        page.write(1, f"Name:\t{parameters.get('name', '')}\n")
    show_events(page, context, obj)


DESCRIBER = Describer("networking.k8s.io", _describe)
