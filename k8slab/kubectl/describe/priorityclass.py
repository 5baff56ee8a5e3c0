"""What `kubectl describe` says of a PriorityClass.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.go_text import sprint
from k8slab.api.meta import Obj, annotations_of
from k8slab.api.printers._format import format_labels
from k8slab.kubectl.describe._parts import show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    page.write(0, f"Value:\t{obj.get('value', 0)}\n")
    page.write(0, f"GlobalDefault:\t{sprint(bool(obj.get('globalDefault')))}\n")
    page.write(0, f"PreemptionPolicy:\t{obj.get('preemptionPolicy', '')}\n")
    page.write(0, f"Description:\t{obj.get('description', '')}\n")
    page.write(0, f"Annotations:\t{format_labels(annotations_of(obj))}\n")
    show_events(page, context, obj)


DESCRIBER = Describer("scheduling.k8s.io", _describe)
