"""What `kubectl describe` says of a ReplicationController.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import format_labels
from k8slab.kubectl.describe._containers import pod_template
from k8slab.kubectl.describe._parts import (
    conditions,
    labels_and_annotations,
    name_and_namespace,
    pods_status,
    show_events,
)
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    name_and_namespace(page, obj)
    page.write(0, f"Selector:\t{format_labels(spec.get('selector'))}\n")
    labels_and_annotations(page, obj)
    page.write(0, f"Replicas:\t{status.get('replicas', 0)} current / {spec.get('replicas', 0)} desired\n")
    selector = ",".join(f"{name}={value}" for name, value in sorted((spec.get("selector") or {}).items()))
    page.write(0, f"Pods Status:\t{pods_status(context, obj, selector)}\n")
    pod_template(page, spec.get("template"))
    conditions(page, obj)
    show_events(page, context, obj)


DESCRIBER = Describer("", _describe)
