"""What `kubectl describe` says of a ServiceAccount.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.kubectl.describe._parts import labels_and_annotations, name_and_namespace, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    name_and_namespace(page, obj)
    labels_and_annotations(page, obj)
    header = "Image pull secrets:"
    names = [secret.get("name", "") for secret in obj.get("imagePullSecrets") or ()]
    for position, name in enumerate(names or ["<none>"]):
        page.write(0, f"{' ' * len(header) if position else header}\t{name}\n")
    show_events(page, context, obj)


DESCRIBER = Describer("", _describe)
