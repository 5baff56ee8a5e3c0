"""What `kubectl describe` says of a ConfigMap.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import base64

from k8slab.api.meta import Obj
from k8slab.kubectl.describe._parts import labels_and_annotations, name_and_namespace, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    name_and_namespace(page, obj)
    labels_and_annotations(page, obj)
    page.write(0, "\nData\n====\n")
    for name, value in sorted((obj.get("data") or {}).items()):
        page.write(0, f"{name}:\n----\n")
        page.write(0, f"{value}\n")
        page.write(0, "\n")
    page.write(0, "\nBinaryData\n====\n")
    for name, encoded in sorted((obj.get("binaryData") or {}).items()):
        page.write(0, f"{name}: {len(base64.b64decode(encoded or ''))} bytes\n")
    page.write(0, "\n")
    show_events(page, context, obj)


DESCRIBER = Describer("", _describe)
