"""`kubectl debug`: not done in a notebook; it says what to do instead.

Models staging/src/k8s.io/kubectl/pkg/cmd/debug/debug.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.verbs._elsewhere import elsewhere

_INSTEAD = (
    "debugging sessions need a terminal: look into the container with 'kubectl exec', 'kubectl logs' "
    "and 'kubectl describe'"
)

VERB = Verb(
    "debug", elsewhere(_INSTEAD), summary="Create debugging sessions for troubleshooting workloads and nodes"
)
