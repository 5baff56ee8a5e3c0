"""`kubectl proxy`: not done in a notebook; it says what to do instead.

Models staging/src/k8s.io/kubectl/pkg/cmd/proxy/proxy.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.flags import Flag

_INSTEAD = (
    "no port of this machine is opened here: read paths of the API with 'kubectl get --raw PATH', or "
    "start the lab's HTTP server"
)

VERB = Verb(
    "proxy",
    flags=(
        Flag("www", "w"),
        Flag("www-prefix", "P", default="/static/"),
        Flag("api-prefix", default="/"),
        Flag("accept-paths", default="^.*"),
        Flag("reject-paths", default="^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach"),
        Flag("accept-hosts", default=r"^localhost$,^127\.0\.0\.1$,^\[::1\]$"),
        Flag("reject-methods", default="^$"),
        Flag("port", "p", "int", default=8001),
        Flag("address", default="127.0.0.1"),
        Flag("disable-filter", type="bool"),
        Flag("unix-socket", "u"),
        Flag("keepalive", type="duration"),
        Flag("append-server-path", type="bool"),
    ),
    refused=_INSTEAD,
    summary="Run a proxy to the Kubernetes API server",
)
