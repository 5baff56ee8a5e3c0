"""What `kubectl describe` says of a ClusterRoleBinding.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.kubectl.describe._rbac import binding
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    binding(page, obj)


DESCRIBER = Describer("rbac.authorization.k8s.io", _describe)
