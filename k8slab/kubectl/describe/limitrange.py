"""What `kubectl describe` says of a LimitRange.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.kubectl.describe._parts import name_and_namespace
from k8slab.kubectl.describe._quotas import LIMIT_HEADS, LIMIT_RULES, limit_rows
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    name_and_namespace(page, obj)
    page.write(0, f"{LIMIT_HEADS}\n{LIMIT_RULES}\n")
    limit_rows(page, obj, "")


DESCRIBER = Describer("", _describe)
