"""What `kubectl describe` says of a DaemonSet.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, dig
from k8slab.api.printers._format import format_labels, selector_text
from k8slab.kubectl.describe._containers import pod_template
from k8slab.kubectl.describe._parts import (
    labels_and_annotations,
    name_and_namespace,
    pods_status,
    show_events,
)
from k8slab.kubectl.describe._text import Context, Describer, Page

_COUNTS = (
    ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
    ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
    ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
    ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
    ("Number of Nodes Misscheduled", "numberMisscheduled"),
)


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    selector = selector_text(spec.get("selector"))
    name_and_namespace(page, obj)
    page.write(0, f"Selector:\t{selector}\n")
    page.write(0, f"Node-Selector:\t{format_labels(dig(spec, 'template', 'spec', 'nodeSelector'))}\n")
    labels_and_annotations(page, obj)
    for title, name in _COUNTS:
        page.write(0, f"{title}: {status.get(name, 0)}\n")
    page.write(0, f"Pods Status:\t{pods_status(context, obj, selector)}\n")
    pod_template(page, spec.get("template"))
    show_events(page, context, obj)


DESCRIBER = Describer("apps", _describe)
