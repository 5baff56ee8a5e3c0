"""`kubectl port-forward`: not done in a notebook; it says what to do instead.

Models staging/src/k8s.io/kubectl/pkg/cmd/portforward/portforward.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.verbs._elsewhere import elsewhere

_INSTEAD = (
    "no port of this machine is opened here: start the lab's HTTP server and forward with the "
    "kubectl binary, or ask a Service with 'kubectl exec POD -- wget'"
)

VERB = Verb("port-forward", elsewhere(_INSTEAD), summary="Forward one or more local ports to a pod")
