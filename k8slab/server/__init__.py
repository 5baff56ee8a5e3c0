"""The lab over HTTP: what kubectl and every Kubernetes client talk to.

The server adds nothing to what the cluster is: each HTTP request becomes a
`Request` value and `k8slab.cluster.rest.handle` answers it. What is here is
the wire: connections, credentials, protobuf, streams, and real time.
"""

from __future__ import annotations

from k8slab.server.serving import Serving, serve

__all__ = ["Serving", "serve"]
