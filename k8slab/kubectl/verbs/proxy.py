"""`kubectl proxy`: not done in a notebook; it says what to do instead.

Models staging/src/k8s.io/kubectl/pkg/cmd/proxy/proxy.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.verbs._elsewhere import elsewhere

_INSTEAD = (
    "no port of this machine is opened here: read paths of the API with 'kubectl get --raw PATH', or "
    "start the lab's HTTP server"
)

VERB = Verb("proxy", elsewhere(_INSTEAD), summary="Run a proxy to the Kubernetes API server")
