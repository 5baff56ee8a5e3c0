"""`kubectl cluster-info`: where the control plane and the cluster's services are.

Models staging/src/k8s.io/kubectl/pkg/cmd/clusterinfo/clusterinfo.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import kinds
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.session import Session

SERVER = "https://127.0.0.1:6443"
_GREEN, _YELLOW, _PLAIN = "\x1b[0;32m", "\x1b[0;33m", "\x1b[0m"


def _run(session: Session) -> None:
    session.write(f"Kubernetes control plane is running at {SERVER}\n")
    query = {"labelSelector": "kubernetes.io/cluster-service=true"}
    for service in session.list(kinds()["Service"], "kube-system", **query):
        metadata = service["metadata"]
        labels = metadata.get("labels") or {}
        name = labels.get("kubernetes.io/name") or metadata["name"]
        ports = service["spec"].get("ports") or [{}]
        port = f":{ports[0]['name']}" if ports[0].get("name") else ""
        link = f"{SERVER}/api/v1/namespaces/kube-system/services/{metadata['name']}{port}/proxy"
        session.write(f"{name} is running at {link}\n")
    session.write("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n")


def _dump(session: Session) -> None:
    raise fail("a lab is seen whole with lab.trace() and lab.panel(); nothing is dumped into files")


VERB = Verb(
    "cluster-info",
    _run,
    subcommands=(Verb("dump", _dump, summary="Dump relevant information for debugging and diagnosis"),),
    summary="Display cluster information",
)
