"""What `kubectl describe` says of a StatefulSet.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.go_text import sprint
from k8slab.api.meta import Obj, annotations_of, dig, labels_of
from k8slab.api.printers._format import selector_text, storage_class_of
from k8slab.kubectl.describe._containers import pod_template
from k8slab.kubectl.describe._parts import (
    date_text,
    labels_and_annotations,
    multiline,
    name_and_namespace,
    pods_status,
    show_events,
)
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    selector = selector_text(spec.get("selector"))
    name_and_namespace(page, obj)
    page.write(0, f"CreationTimestamp:\t{date_text(obj['metadata'].get('creationTimestamp'))}\n")
    page.write(0, f"Selector:\t{selector}\n")
    labels_and_annotations(page, obj)
    page.write(0, f"Replicas:\t{spec.get('replicas', 0)} desired | {status.get('replicas', 0)} total\n")
    page.write(0, f"Update Strategy:\t{dig(spec, 'updateStrategy', 'type', default='')}\n")
    rolling = dig(spec, "updateStrategy", "rollingUpdate", default={})
    if rolling.get("partition") is not None:
        page.write(1, f"Partition:\t{rolling['partition']}\n")
        if rolling.get("maxUnavailable") is not None:
            page.write(1, f"MaxUnavailable:\t{rolling['maxUnavailable']}\n")
    page.write(0, f"Pods Status:\t{pods_status(context, obj, selector)}\n")
    pod_template(page, spec.get("template"))
    _claim_templates(page, spec.get("volumeClaimTemplates") or ())
    show_events(page, context, obj)


def _claim_templates(page: Page, templates: Sequence[Obj]) -> None:
    """The claims that every Pod gets."""
    page.write(0, "Volume Claims:\n" if templates else "Volume Claims:\t<none>\n")
    for template in templates:
        page.write(1, f"Name:\t{template['metadata'].get('name', '')}\n")
        page.write(1, f"StorageClass:\t{storage_class_of(template)}\n")
        multiline(page, "Labels", labels_of(template), "  ")
        multiline(page, "Annotations", annotations_of(template), "  ")
        capacity = dig(template, "spec", "resources", "requests", "storage", default="<default>")
        page.write(1, f"Capacity:\t{capacity}\n")
        page.write(1, f"Access Modes:\t{sprint(template['spec'].get('accessModes') or [])}\n")


DESCRIBER = Describer("apps", _describe)
