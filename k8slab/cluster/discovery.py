"""Discovery: which groups, versions and resources the server offers, its version and its health.

Models staging/src/k8s.io/apiserver/pkg/endpoints/discovery, v1.36.
"""

from __future__ import annotations

from k8slab.cluster.request import Request, Response
from k8slab.cluster.world import World

VERSION = {"major": "1", "minor": "36", "gitVersion": "v1.36.2", "platform": "linux/amd64"}


def answer(world: World, request: Request) -> Response | None:
    """The answer to a request that names no object; None for any other."""
    if request.method == "GET" and request.path in ("/healthz", "/livez", "/readyz"):
        return Response(200, "ok", "text/plain; charset=utf-8")
    if request.method == "GET" and request.path == "/version":
        return Response(200, VERSION)
    return None
