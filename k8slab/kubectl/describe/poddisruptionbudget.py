"""What `kubectl describe` says of a PodDisruptionBudget.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import format_selector
from k8slab.kubectl.describe._parts import name_and_namespace, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    name_and_namespace(page, obj)
    if spec.get("minAvailable") is not None:
        page.write(0, f"Min available:\t{spec['minAvailable']}\n")
    elif spec.get("maxUnavailable") is not None:
        page.write(0, f"Max unavailable:\t{spec['maxUnavailable']}\n")
    selector = spec.get("selector")
    page.write(0, f"Selector:\t{'<unset>' if selector is None else format_selector(selector)}\n")
    page.write(0, "Status:\n")
    for title, name in (
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ):
        page.write(2, f"{title}:\t{status.get(name, 0)}\n")
    show_events(page, context, obj)


DESCRIBER = Describer("policy", _describe)
