"""What `kubectl describe` says of a ReplicaSet.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import format_selector, selector_text
from k8slab.kubectl.describe._containers import pod_template
from k8slab.kubectl.describe._parts import (
    conditions,
    controlled_by,
    labels_and_annotations,
    name_and_namespace,
    pods_status,
    show_events,
)
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    selector = obj["spec"].get("selector")
    describe_replicas(page, obj, context, format_selector(selector), selector_text(selector))


def describe_replicas(
    page: Page, obj: Obj, context: Context, shown: str, selector: str, *, owned: bool = True
) -> None:
    """What is said of copies of a Pod: `shown` is their selector as it is told, `selector` as it is asked.

    `owned` says that the owner is told of, if there is one.
    """
    spec, status = obj["spec"], obj.get("status") or {}
    name_and_namespace(page, obj)
    page.write(0, f"Selector:\t{shown}\n")
    labels_and_annotations(page, obj)
    if owned:
        controlled_by(page, obj)
    page.write(0, f"Replicas:\t{status.get('replicas', 0)} current / {spec.get('replicas', 0)} desired\n")
    page.write(0, f"Pods Status:\t{pods_status(context, obj, selector)}\n")
    pod_template(page, spec.get("template"))
    conditions(page, obj)
    show_events(page, context, obj)


DESCRIBER = Describer("apps", _describe)
