"""What `kubectl describe` says of a Secret, without its values.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import base64

from k8slab.api.meta import Obj
from k8slab.kubectl.describe._parts import labels_and_annotations, name_and_namespace
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    name_and_namespace(page, obj)
    labels_and_annotations(page, obj)
    page.write(0, f"\nType:\t{obj.get('type', '')}\n")
    page.write(0, "\nData\n====\n")
    is_token = obj.get("type") == "kubernetes.io/service-account-token"
    for name, encoded in sorted((obj.get("data") or {}).items()):
        value = base64.b64decode(encoded or "")
        shown = value.decode("utf-8", "replace") if is_token and name == "token" else f"{len(value)} bytes"
        page.write(0, f"{name}:\t{shown}\n")


DESCRIBER = Describer("", _describe)
