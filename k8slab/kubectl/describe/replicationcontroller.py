"""What `kubectl describe` says of a ReplicationController: as of a ReplicaSet, with the older selector.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import format_labels
from k8slab.kubectl.describe._text import Context, Describer, Page
from k8slab.kubectl.describe.replicaset import describe_replicas


def _describe(page: Page, obj: Obj, context: Context) -> None:
    labels = obj["spec"].get("selector") or {}
    selector = ",".join(f"{name}={labels[name]}" for name in sorted(labels))
    describe_replicas(page, obj, context, format_labels(labels), selector, owned=False)


DESCRIBER = Describer("", _describe)
