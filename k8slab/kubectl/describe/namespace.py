"""What `kubectl describe` says of a Namespace with its quotas and limits.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, dig
from k8slab.kubectl.describe._parts import labels_and_annotations, timed_conditions
from k8slab.kubectl.describe._quotas import limits_table, quotas_table
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    name = obj["metadata"]["name"]
    page.write(0, f"Name:\t{name}\n")
    labels_and_annotations(page, obj)
    page.write(0, f"Status:\t{dig(obj, 'status', 'phase', default='')}\n")
    conditions = dig(obj, "status", "conditions", default=())
    if conditions:
        timed_conditions(page, conditions)
    page.write(0, "\n")
    quotas_table(page, context.lookup.list("ResourceQuota", name))
    page.write(0, "\n")
    limits_table(page, context.lookup.list("LimitRange", name))


DESCRIBER = Describer("", _describe)
