"""What `kubectl describe` says of a ResourceQuota.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, dig
from k8slab.kubectl.describe._parts import name_and_namespace
from k8slab.kubectl.describe._quotas import scopes, used_text
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    name_and_namespace(page, obj)
    scopes(page, obj, 0, " * ")
    page.write(0, "Resource\tUsed\tHard\n")
    page.write(0, "--------\t----\t----\n")
    used = dig(obj, "status", "used", default={})
    for resource, hard in sorted(dig(obj, "status", "hard", default={}).items()):
        page.write(0, f"{resource}\t{used_text(str(used.get(resource, '0')), str(hard))}\t{hard}\n")


DESCRIBER = Describer("", _describe)
