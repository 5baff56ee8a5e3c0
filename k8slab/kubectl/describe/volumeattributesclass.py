"""What `kubectl describe` says of a VolumeAttributesClass.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of
from k8slab.api.printers._format import format_labels
from k8slab.kubectl.describe._parts import show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    page.write(0, f"Annotations:\t{format_labels(annotations_of(obj))}\n")
    page.write(0, f"DriverName:\t{obj.get('driverName', '')}\n")
    page.write(0, f"Parameters:\t{format_labels(obj.get('parameters'))}\n")
    show_events(page, context, obj)


DESCRIBER = Describer("storage.k8s.io", _describe)
