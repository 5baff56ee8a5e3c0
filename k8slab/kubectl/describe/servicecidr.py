"""What `kubectl describe` says of a ServiceCIDR.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, dig
from k8slab.kubectl.describe._parts import labels_and_annotations, show_events, timed_conditions
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    labels_and_annotations(page, obj)
    page.write(0, f"CIDRs:\t{', '.join(dig(obj, 'spec', 'cidrs', default=()))}\n")
    conditions = dig(obj, "status", "conditions", default=())
    if conditions:
        page.write(0, "Status:\n")
        timed_conditions(page, conditions)
    show_events(page, context, obj)


DESCRIBER = Describer("networking.k8s.io", _describe)
